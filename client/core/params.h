/* params.h - the words after `ems run` as parameters of a profile.
 *
 * A profile is the map of PROTOCOL.md ("profiles"): the server knows what can be asked for. Only
 * names and types are looked at here; ranges and patterns are the server's to judge.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PARAMS_H
#define EMS_PARAMS_H

#include "cmdline.h"
#include "value.h"

/* The profile that is meant: named by the first word, else the only one there is, else `lab`.
 * *first is the index of the first word after its name. *out points into `profiles`.
 * 0, or -1 with *err: code 404 (no such profile, with a suggestion) or 400 (which one?). */
int params_choose (const struct value *profiles, const struct cmdline *line,
                   const struct value **out, size_t *first, struct err *err);

/* The words from `first` on as a new map, or NULL with *err: code 400, and the parameter in
 * question in `wrong` ("" if it was none). Dashes and underscores in names are the same. */
struct value *params_build (const struct value *profile, const struct cmdline *line, size_t first,
                            char wrong[LIMIT_NAME_BYTES + 1], struct err *err);

/* The parameter of a profile that a word of `run` names; NULL: none. */
const struct value *params_find (const struct value *profile, const struct run_word *word);

/* The part of `run --help` about one profile. */
void params_help (const struct value *profile, struct sbuf *out);

/* "int, 1 to 1000000", "list of a, b, c or all", "text": what a parameter takes. */
void params_takes (const struct value *parameter, struct sbuf *out);

#endif
