/* json_scan.h - the strictness that cJSON lacks, as one pass over the text before it.
 *
 * Private to json.c.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_JSON_SCAN_H
#define EMS_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include "err.h"

/* Refuse what cJSON would let pass or choke on: depth and number of values past the limits,
 * invalid UTF-8, NUL as \u0000, control characters, numbers that JSON's grammar does not have.
 * Not a parser: it does not see whether brackets and commas are where they belong. */
int json_scan (const char *text, size_t bytes, struct err *err);

/* The number tokens of a text that json_scan passed, in order. */
struct json_numbers {
    const char *at;
    const char *end;
};
/* The next one; NULL after the last. *is_integer: it has neither fraction nor exponent. */
const char *json_numbers_next (struct json_numbers *self, bool *is_integer);

#endif
