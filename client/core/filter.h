/* filter.h - conditions on the fields of an item, as people type them: "user=ada", "label.site=x*".
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FILTER_H
#define EMS_FILTER_H

#include "column.h"

struct filter {
    const char *field;
    const char *part; /* of a field that is a map, up to part_bytes; NULL: the field itself */
    size_t part_bytes;
    const char *value; /* wanted; * and ? stand for any text and any character; not owned */
};

/* `text` is NAME=VALUE and must outlive *out. 0, or -1 with *err (400). */
int filter_read (enum list_kind kind, const char *command, const char *text, struct filter *out,
                 struct err *err);
/* Of a list one item is enough; nothing is like an empty text. */
bool filter_holds (const struct filter *self, const struct value *item);

/* Is all of `text` like `pattern`? */
bool pattern_fits (const char *pattern, const char *text);

#endif
