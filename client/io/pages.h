/* pages.h - lists that come in pages, with -n N and -a.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PAGES_H
#define EMS_PAGES_H

#include "tool.h"

typedef int pages_fetch (struct ems *ems, int limit, const char *before, struct ems_value **reply,
                         struct ems_error *error);

/* Append the newest `most` to the list `all`, and (`tell`) say which workers do not answer. Returns
 * the exit code, after a message. */
int pages_gather (struct tool *tool, pages_fetch *fetch, const char *field, int64_t most, bool tell,
                  struct value *all);
/* Print a list: as a JSON array, an element a line, or by `print`. Returns the exit code. */
int pages_put (struct tool *tool, const struct value *list,
               void (*print) (const struct value *, const struct report *, struct sbuf *));

/* So many are asked for by -n and -a. */
int64_t pages_count (const struct tool *tool);

/* Fetch the newest N (or all) and print them as pages_put does. `field` holds the list in a reply.
 * Connects. Returns the exit code. */
int pages_show (struct tool *tool, pages_fetch *fetch, const char *field,
                void (*print) (const struct value *, const struct report *, struct sbuf *));

#endif
