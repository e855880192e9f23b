/* listing.h - what of a list is shown, and how: -o, --since, --status and --filter.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LISTING_H
#define EMS_LISTING_H

#include "cmdline.h"
#include "column.h"
#include "filter.h"
#include "table.h"

struct listing {
    enum list_kind kind;
    bool help;     /* -o help: only the columns are to be listed */
    bool chosen;   /* -o: these columns, in JSON these fields */
    bool standard; /* the standard ones, before the chosen */
    const struct column *columns[TABLE_COLUMNS];
    size_t column_count;
    struct filter filters[LIMIT_FILTERS];
    size_t filter_count;
    uint32_t filter_statuses[LIMIT_FILTERS]; /* of one for statuses: those; 0: it is another */
    uint32_t statuses; /* bit 1 << status (of workers: 1 << state) for those wanted; 0: all */
    int64_t since_ms;  /* older ones are left out; 0: none */
};

/* From the options of the command line, which must outlive *out. 0, or -1 with *err (400). */
int listing_read (enum list_kind kind, const struct cmdline *line, const struct report *how,
                  struct listing *out, struct err *err);

/* Is it older than --since? A list that comes newest first has no others after it. */
bool listing_older (const struct listing *self, const struct value *item);
/* Is it to be shown? */
bool listing_takes (const struct listing *self, const struct value *item);
/* Does anything but the number of items keep some of them out? */
bool listing_selects (const struct listing *self);

/* The items as a table, which must be init'ed. An item that makes no sense is an error; shortage of
 * memory is told by the table. 0, or -1 with *err. */
int listing_table (const struct listing *self, const struct value *list, const struct report *how,
                   struct table *out, struct err *err);
/* The chosen fields of an item; without -o all of it. A new map; NULL with *err. */
struct value *listing_pick (const struct listing *self, const struct value *item,
                            const struct report *how, struct err *err);

#endif
