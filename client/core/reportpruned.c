/* reportpruned.c - what retention removes.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "report.h"

#include <inttypes.h>

#include "amounts.h"
#include "column.h"
#include "table.h"

/* Is there a setting by which anything would go? */
static bool retains_all (const struct value *retention)
{
    for (size_t i = 0; i < value_count (retention); i++)
        if (value_int (value_at (retention, i)) > 0)
            return false;
    return value_count (retention) > 0;
}

static void add_pruned (struct table *table, const struct value *item)
{
    char size[32];
    const char *run_id = column_field (item, "run_id");
    const char *job_id = column_field (item, "job_id");
    size_text (value_int (value_get (item, "bytes")), size, sizeof size);
    table_add (table, HUE_PLAIN, run_id[0] ? run_id : "-");
    table_add (table, HUE_PLAIN, job_id[0] ? job_id : "-");
    table_add (table, HUE_PLAIN, size);
    table_add (table, HUE_PLAIN, column_field (item, "reason"));
}

void report_pruned (const struct value *reply, bool dry, struct table *table, struct sbuf *total)
{
    const struct value *list = value_get (reply, "removed");
    int64_t listed = (int64_t)value_count (list);
    int64_t count = value_int (value_get (reply, "count"));
    char size[32];
    count = count < listed ? listed : count;
    if (count == 0) {
        sbuf_printf (total, "nothing %s removed%s\n", dry ? "would be" : "was",
                     retains_all (value_get (reply, "retention"))
                         ? ": the worker's configuration sets no retention"
                         : "");
        return;
    }
    table_column (table, "RUN", false, 0);
    table_column (table, "JOB ID", false, 0);
    table_column (table, "SIZE", false, 0);
    table_column (table, "REASON", false, 1);
    for (int64_t i = 0; i < listed; i++)
        add_pruned (table, value_at (list, (size_t)i));
    size_text (value_int (value_get (reply, "bytes")), size, sizeof size);
    if (count > listed)
        sbuf_printf (total, "… and %" PRId64 " more\n", count - listed);
    sbuf_printf (total, "%s: %" PRId64 " %s, %s\n", dry ? "would be removed" : "removed", count,
                 count == 1 ? "job" : "jobs", size);
}
