/* logmatch.h - which lines are looked for: a POSIX extended regular expression.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LOGMATCH_H
#define EMS_LOGMATCH_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct logmatch {
    regex_t regex;
    bool wanted; /* false: every line will do */
};

/* `pattern` NULL: every line. 0, or -1 with *err (400); clear it in both cases. */
int logmatch_init (struct logmatch *self, const char *pattern, struct err *err);
void logmatch_clear (struct logmatch *self);

/* Is it in this line, from byte `from` on? Then where: *begin to *end, which may be the same. A
 * carriage return at the end of a line does not belong to it. */
bool logmatch_find (const struct logmatch *self, const char *data, size_t bytes, size_t from,
                    size_t *begin, size_t *end);

#endif
