/* tableprint.c - tables as text, by libsmartcols.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "tableprint.h"

#include <libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "statusline.h"

#define GAP "  "

/* The library measures by the locale; what we print is UTF-8 whatever that is. */
static locale_t enter_utf8 (locale_t *before)
{
    locale_t utf8 = newlocale (LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    *before = utf8 ? uselocale (utf8) : (locale_t)0;
    return utf8;
}

static void leave_utf8 (locale_t utf8, locale_t before)
{
    if (!utf8)
        return;
    uselocale (before);
    freelocale (utf8);
}

static int add_columns (struct libscols_table *to, const struct table *from, bool colour)
{
    for (size_t i = 0; i < from->column_count; i++) {
        const struct table_column *column = &from->columns[i];
        int flags = column->right ? SCOLS_FL_RIGHT : 0;
        struct libscols_column *new = scols_table_new_column (to, column->heading, 0, flags);
        if (!new || (colour && scols_cell_set_color (scols_column_get_header (new),
                                                     hue_on (HUE_BOLD, true)) < 0))
            return -1;
    }
    return 0;
}

static int add_cells (struct libscols_table *to, const struct table *from, bool colour)
{
    for (size_t row = 0; row < table_rows (from); row++) {
        struct libscols_line *line = scols_table_new_line (to, NULL);
        if (!line)
            return -1;
        for (size_t i = 0; i < from->column_count; i++) {
            const struct table_cell *cell = table_cell (from, row, i);
            if (scols_line_set_data (line, i, cell->text) < 0)
                return -1;
            if (colour && cell->hue != HUE_PLAIN &&
                scols_cell_set_color (scols_line_get_cell (line, i), hue_on (cell->hue, true)) < 0)
                return -1;
        }
    }
    return 0;
}

/* The library draws no headings where there are no rows: one that is left out again afterwards. */
static int add_rows (struct libscols_table *to, const struct table *from, bool colour)
{
    if (table_rows (from) == 0)
        return scols_table_new_line (to, NULL) ? 0 : -1;
    return add_cells (to, from, colour);
}

/* New text, freed by the caller; NULL: no memory. */
static char *draw (const struct table *table, const struct report *how)
{
    char *text = NULL;
    struct libscols_table *lines = scols_new_table ();
    if (!lines)
        return NULL;
    scols_table_enable_noencoding (lines, 1); /* the cells are safe, and say so their own way */
    scols_table_enable_colors (lines, how->colour);
    scols_table_set_termforce (lines, SCOLS_TERMFORCE_NEVER); /* we cut by our own measure */
    if (scols_table_set_column_separator (lines, GAP) < 0 ||
        add_columns (lines, table, how->colour) < 0 || add_rows (lines, table, how->colour) < 0 ||
        scols_print_table_to_string (lines, &text) < 0) {
        free (text);
        text = NULL;
    }
    scols_unref_table (lines);
    return text;
}

/* At most so many columns of a line; a colour that is on where it is cut is turned off. */
static void clip_line (char *line, size_t left, struct sbuf *out)
{
    bool on = false;
    while (*line && left > 0) {
        size_t bytes = strcspn (line, "\033");
        char next = line[bytes];
        line[bytes] = '\0';
        left -= columns_clip (line, left, out);
        line[bytes] = next;
        line += bytes;
        if (next == '\0' || (left == 0 && !on))
            return;
        bytes = strcspn (line, "m"); /* with that all of our sequences end */
        bytes += line[bytes] != '\0';
        sbuf_add_n (out, line, bytes);
        line += bytes;
        on = !on;
    }
}

static void add_line (char *line, size_t width, struct sbuf *out)
{
    if (width > 0)
        clip_line (line, width, out);
    else
        sbuf_add (out, line);
    while (out->size > 0 && out->data[out->size - 1] == ' ')
        out->data[--out->size] = '\0';
    sbuf_add (out, "\n");
}

void table_print (struct table *table, const struct report *how, struct sbuf *out)
{
    locale_t before;
    if (how->width > 0)
        table_fit (table, how->width, strlen (GAP));
    if (table->failed) {
        out->failed = true;
        return;
    }
    if (table->column_count == 0)
        return;
    locale_t utf8 = enter_utf8 (&before);
    char *text = draw (table, how);
    leave_utf8 (utf8, before);
    out->failed = out->failed || !text;
    char *rest = text;
    for (size_t i = 0; rest && i <= table_rows (table); i++)
        add_line (strsep (&rest, "\n"), how->width, out);
    free (text);
}
