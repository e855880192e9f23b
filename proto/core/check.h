/* check.h - what a value must be to leave this process: the limits that a reader enforces.
 *
 * Private to the codecs. What passes here is accepted by wire_decode and json_decode.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CHECK_H
#define EMS_CHECK_H

#include "value.h"

/* 0, or -1 with *err of that code: too deep, too many items, too long, not UTF-8, not finite.
 * `depth` is the number of maps and lists around it; `*values` counts on from where it is. */
int value_check (const struct value *value, int depth, size_t *values, int code, struct err *err);

/* The same for one string or key. */
int string_check (const char *text, size_t bytes, int code, struct err *err);

#endif
