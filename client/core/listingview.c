/* listingview.c - items as a table, and as JSON.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "listing.h"

#include <string.h>

/* Standard columns that are there only if they tell something. */
struct worth {
    bool line; /* somebody waits */
    bool many; /* workers */
};

static struct worth look (const struct value *list)
{
    struct worth worth = { false, false };
    const char *first = column_field (value_at (list, 0), "worker");
    for (size_t i = 0; i < value_count (list); i++) {
        const struct value *item = value_at (list, i);
        worth.line = worth.line || strcmp (column_field (item, "status"), "queued") == 0;
        worth.many = worth.many || strcmp (column_field (item, "worker"), first) != 0;
    }
    return worth;
}

static size_t add_column (const struct column *column, const struct column *out[TABLE_COLUMNS],
                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (out[i] == column)
            return count;
    if (count < TABLE_COLUMNS)
        out[count++] = column;
    return count;
}

/* What is shown, from left to right; the number of columns. */
static size_t line_up (const struct listing *self, const struct worth *worth,
                       const struct column *out[TABLE_COLUMNS])
{
    size_t count = 0;
    unsigned wanted =
        COLUMN_STANDARD | (worth->line ? COLUMN_IF_LINE : 0U) | (worth->many ? COLUMN_IF_MANY : 0U);
    const struct column *column = columns_of (self->kind);
    for (; self->standard && column->name; column++)
        if (column->flags & wanted)
            count = add_column (column, out, count);
    for (size_t i = 0; i < self->column_count; i++)
        count = add_column (self->columns[i], out, count);
    return count;
}

static void add_row (const struct row *row, const struct column *const columns[], size_t count,
                     struct table *out)
{
    for (size_t i = 0; i < count; i++) {
        struct cell cell = { .hue = HUE_PLAIN };
        sbuf_init (&cell.text);
        column_text (columns[i], row, &cell);
        table_take (out, cell.hue, &cell.text);
    }
}

/* A profile has a row for each parameter, if columns of that are shown. */
static void add_profile (struct row *row, const struct column *const columns[], size_t count,
                         struct table *out)
{
    const struct value *parameters = value_get (row->item, "parameters");
    bool each = false;
    for (size_t i = 0; i < count; i++)
        each = each || (columns[i]->flags & COLUMN_EACH);
    row->part = 0;
    do {
        row->parameter = value_at (parameters, row->part);
        add_row (row, columns, count, out);
        row->part++;
    } while (each && row->part < value_count (parameters));
}

static int add_job (const struct row *item, const struct column *const columns[], size_t count,
                    struct table *out, struct err *err)
{
    struct record job;
    struct row row = *item;
    record_init (&job);
    int rc = record_from_value (row.item, &job, err);
    row.job = &job;
    if (rc == 0)
        add_row (&row, columns, count, out);
    record_clear (&job);
    return rc;
}

/* 1: as much as the heading takes. */
static size_t least_of (const struct column *column)
{
    if (column->flags & COLUMN_SOME)
        return strlen ("after 0123456789ab,");
    return column->flags & COLUMN_GIVES ? 1 : 0;
}

int listing_table (const struct listing *self, const struct value *list, const struct report *how,
                   struct table *out, struct err *err)
{
    const struct column *columns[TABLE_COLUMNS];
    struct worth worth = look (list);
    size_t count = line_up (self, &worth, columns);
    for (size_t i = 0; i < count; i++)
        table_column (out, columns[i]->heading, columns[i]->flags & COLUMN_RIGHT,
                      least_of (columns[i]));
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < value_count (list); i++) {
        struct row row = { .item = value_at (list, i), .how = how };
        if (self->kind == LIST_JOBS)
            rc = add_job (&row, columns, count, out, err);
        else if (self->kind == LIST_PROFILES)
            add_profile (&row, columns, count, out);
        else
            add_row (&row, columns, count, out);
    }
    return rc;
}

/* 0, or -1: no memory. */
static int put_field (const struct column *column, const struct row *row, struct value *out)
{
    int64_t number;
    const struct value *value = value_get (row->item, column->field);
    if (column->flags & COLUMN_MADE)
        return column->number (row, &number) ? value_put_int (out, column->field, number)
                                             : value_put_nil (out, column->field);
    return value ? value_put (out, column->field, value_copy (value))
                 : value_put_nil (out, column->field);
}

static struct value *pick (const struct listing *self, const struct row *row, struct err *err)
{
    const struct column *columns[TABLE_COLUMNS];
    const struct worth all = { true, true }; /* the form does not depend on what is there */
    size_t count = line_up (self, &all, columns);
    struct value *out = value_new_map ();
    bool good = out != NULL;
    for (size_t i = 0; good && i < count; i++)
        good = put_field (columns[i], row, out) == 0;
    if (good)
        return out;
    value_destroy (&out);
    err_set (err, STATUS_FAILED, "no memory for a list");
    return NULL;
}

struct value *listing_pick (const struct listing *self, const struct value *item,
                            const struct report *how, struct err *err)
{
    struct record job;
    struct value *out = NULL;
    struct row row = { .item = item, .job = &job, .how = how };
    if (!self->chosen) {
        out = value_copy (item);
        if (!out)
            err_set (err, STATUS_FAILED, "no memory for a list");
        return out;
    }
    record_init (&job);
    if (self->kind != LIST_JOBS || record_from_value (item, &job, err) == 0)
        out = pick (self, &row, err);
    record_clear (&job);
    return out;
}
