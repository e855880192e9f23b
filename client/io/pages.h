/* pages.h - lists as -o, -n, -a, --since, --status and --filter want them, page by page.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PAGES_H
#define EMS_PAGES_H

#include "listing.h"
#include "tool.h"

struct pages;

typedef int pages_fetch (const struct pages *pages, struct ems *ems, int limit, const char *before,
                         struct ems_value **reply, struct ems_error *error);

/* What is fetched. */
struct pages {
    pages_fetch *fetch;
    const char *field;             /* of a reply: the list */
    const struct listing *listing; /* what of it counts */
    uint32_t statuses;             /* of jobs: those that are asked for; 0: all */
    bool tell;                     /* which workers do not answer */
};

/* The options that say what is listed. Returns the exit code, after a message. With -o help, that
 * was printed, and out->help: nothing else is to be done. */
int pages_read (struct tool *tool, enum list_kind kind, struct listing *out);

/* So many are asked for by -n and -a; with --since, all since then. */
int64_t pages_count (const struct tool *tool);

/* Append the newest `most` that count to the list `all`. Returns the exit code, after a message. */
int pages_gather (struct tool *tool, const struct pages *pages, int64_t most, struct value *all);
/* Leave in a list what counts. A new list, or NULL: no memory, after a message. */
struct value *pages_select (struct tool *tool, const struct listing *listing,
                            const struct value *list);
/* Print a list: as a JSON array, an element a line, or as a table. Returns the exit code. */
int pages_put (struct tool *tool, const struct listing *listing, const struct value *list);

/* All of it: reads the options, connects, fetches and prints. Returns the exit code. */
int pages_show (struct tool *tool, enum list_kind kind, const struct pages *pages);

#endif
