/* json.h - values as JSON (files and --json), by cJSON, read strictly (pitfall 18).
 *
 * Reading refuses: trailing bytes, duplicate keys (case counts), invalid UTF-8, NUL in strings,
 * numbers that are not finite, depth and item counts past the limits. A number without
 * fraction or exponent within +-2^53 is an integer. Writing: integers past 2^53 and bytes
 * (as base64) become strings.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_JSON_H
#define EMS_JSON_H

#include "value.h"

/* New text, freed by the caller with free (); NULL with *err. `pretty`: indented, for files. */
char *json_encode (const struct value *value, bool pretty, struct err *err);
struct value *json_decode (const char *text, size_t bytes, struct err *err);

#endif
