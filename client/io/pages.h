/* pages.h - lists that come in pages, with -n N and -a.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PAGES_H
#define EMS_PAGES_H

#include "tool.h"

typedef int pages_fetch (struct ems *ems, int limit, const char *before, struct ems_value **reply,
                         struct ems_error *error);

/* Fetch the newest N (or all) and print them: as a JSON array, an element a line, or by `print`,
 * page by page. `field` holds the list in a reply. Connects. Returns the exit code. */
int pages_show (struct tool *tool, pages_fetch *fetch, const char *field,
                void (*print) (const struct value *, const struct report *, struct sbuf *));

#endif
