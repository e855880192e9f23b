/* pslist.c - what `ems ps` shows.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "pslist.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

/* A job that is not over; `at` keeps the order among equals. */
struct row {
    const struct value *job;
    const char *job_id;
    bool queued;
    int64_t position; /* INT64_MAX: none */
    size_t at;
};

static const char *text_of (const struct value *map, const char *key)
{
    const char *text = value_string (value_get (map, key));
    return text ? text : "";
}

static bool is_over (const struct value *job)
{
    enum job_status status;
    return job_status_parse (text_of (job, "status"), &status) < 0 || job_status_terminal (status);
}

/* What holds a slot first, then the line from its head. */
static int by_turn (const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
    if (x->queued != y->queued)
        return x->queued ? 1 : -1;
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int by_id (const void *a, const void *b)
{
    return strcmp (((const struct row *)a)->job_id, ((const struct row *)b)->job_id);
}

static size_t read_rows (const struct value *active, struct row *rows)
{
    size_t count = value_count (active);
    for (size_t i = 0; i < count; i++) {
        const struct value *job = value_at (active, i);
        const struct value *position = value_get (job, "position");
        rows[i] = (struct row){ job, text_of (job, "job_id"),
                                strcmp (text_of (job, "status"), "queued") == 0, INT64_MAX, i };
        if (rows[i].queued && value_type (position) == VALUE_INT)
            rows[i].position = value_int (position);
    }
    return count;
}

static bool add (struct value *list, const struct value *job)
{
    return value_append (list, value_copy (job)) == 0;
}

/* What is over, but for what was not when the others were asked for. */
static bool add_over (struct value *out, const struct row *rows, size_t count,
                      const struct value *recent, int64_t most)
{
    bool good = true;
    for (size_t i = 0; good && most > 0 && i < value_count (recent); i++) {
        const struct value *job = value_at (recent, i);
        struct row key = { .job_id = text_of (job, "job_id") };
        if (!is_over (job) || (count && bsearch (&key, rows, count, sizeof *rows, by_id)))
            continue;
        good = add (out, job);
        most--;
    }
    return good;
}

struct value *pslist_merge (const struct value *active, const struct value *recent, int64_t most,
                            size_t *cut)
{
    struct row *rows = calloc (value_count (active) + 1, sizeof *rows);
    struct value *out = value_new_list ();
    bool good = rows && out;
    *cut = 0;
    if (good) {
        size_t count = read_rows (active, rows);
        size_t shown = (int64_t)count < most ? count : (size_t)(most < 0 ? 0 : most);
        qsort (rows, count, sizeof *rows, by_turn);
        for (size_t i = shown; i < count; i++)
            *cut += rows[i].queued;
        for (size_t i = shown; good && i-- > 0;)
            good = !rows[i].queued || add (out, rows[i].job);
        for (size_t i = 0; good && i < shown; i++)
            good = rows[i].queued || add (out, rows[i].job);
        qsort (rows, count, sizeof *rows, by_id);
        good = good && add_over (out, rows, count, recent, most - (int64_t)shown);
    }
    free (rows);
    if (!good)
        value_destroy (&out);
    return out;
}
