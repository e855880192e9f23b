/* column.c - columns by their names.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "column.h"

#include <ctype.h>
#include <string.h>

#include "paramtext.h"
#include "suggest.h"

#define NAME_COLUMN 14

const struct column *columns_of (enum list_kind kind)
{
    static const struct column *const kinds[LIST_KINDS] = {
        [LIST_JOBS] = job_columns,
        [LIST_RUNS] = run_columns,
        [LIST_WORKERS] = worker_columns,
        [LIST_PROFILES] = profile_columns,
    };
    return kinds[kind];
}

/* Headings are in capitals and may have blanks. */
static int plain (char c)
{
    return c == '-' || c == ' ' ? '_' : tolower ((unsigned char)c);
}

/* Words with a dash are as good as those with an underscore, and the case does not matter. */
static bool same_word (const char *name, unsigned flags, const char *word, size_t bytes)
{
    bool plural = flags & (COLUMN_PARTS | COLUMN_LIST);
    for (size_t i = 0; i < bytes; i++)
        if (name[i] == 0 || plain (name[i]) != plain (word[i]))
            return false;
    return name[bytes] == 0 || (plural && name[bytes] == 's' && name[bytes + 1] == 0);
}

const struct column *column_find (enum list_kind kind, const char *word, size_t bytes)
{
    if (bytes == 0)
        return NULL;
    for (const struct column *column = columns_of (kind); column->name; column++)
        if (same_word (column->name, column->flags, word, bytes))
            return column;
    for (const struct column *column = columns_of (kind); column->name; column++)
        if (same_word (column->field, column->flags, word, bytes))
            return column;
    for (const struct column *column = columns_of (kind); column->name; column++)
        if (same_word (column->heading, 0, word, bytes))
            return column;
    return NULL;
}

const char *column_near (enum list_kind kind, const char *word)
{
    struct suggest near;
    suggest_init (&near, word);
    for (const struct column *column = columns_of (kind); column->name; column++)
        suggest_offer (&near, column->name);
    for (const struct column *column = columns_of (kind); column->name; column++)
        suggest_offer (&near, column->field);
    return near.best;
}

void columns_help (enum list_kind kind, struct sbuf *out)
{
    for (const struct column *column = columns_of (kind); column->name; column++)
        sbuf_printf (out, "  %-*s %s\n", NAME_COLUMN, column->name, column->help);
}

const char *column_field (const struct value *map, const char *key)
{
    const char *text = value_string (value_get (map, key));
    return text ? text : "";
}

void column_add_map (const struct value *map, struct sbuf *out)
{
    for (size_t i = 0; i < value_count (map); i++) {
        sbuf_add (out, i ? " " : "");
        sbuf_add_safe (out, value_key_at (map, i));
        sbuf_add (out, "=");
        paramtext_add (value_at (map, i), out);
    }
}

void column_text (const struct column *column, const struct row *row, struct cell *cell)
{
    const struct value *value = value_get (row->item, column->field);
    bool each = column->flags & COLUMN_EACH;
    if (each ? !row->parameter : row->part > 0) {
        sbuf_add (&cell->text, each ? "-" : "");
        return;
    }
    if (column->text)
        column->text (row, cell);
    else if (value_type (value) == VALUE_MAP)
        column_add_map (value, &cell->text);
    else
        paramtext_add (value, &cell->text);
    if (cell->text.size == 0 && !(column->flags & COLUMN_BLANK))
        sbuf_add (&cell->text, "-");
}
