/* markdown.c - Markdown, line by line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "markdown.h"

#include <ctype.h>
#include <string.h>

#include "palette.h"
#include "text.h"
#include "texttable.h"

#define TABLE_INDENT 2
#define WARNING_SIGN "⚠"

struct line {
    const char *data;
    size_t bytes;
};

struct page {
    const struct markdown_look *look;
    struct sbuf *out;
    const char *at; /* the rest */
    const char *end;
    bool begun;          /* something was written: what follows stands apart */
    struct line title;   /* tables_only: headings that wait for their table */
    struct line header;  /* likewise, below the title */
    struct sbuf block;   /* a paragraph or an item, joined, not yet written */
    struct sbuf caption; /* tables_only: the paragraph that a table may follow */
    size_t hang;         /* of an item: columns before its further lines */
    bool item;           /* the last that was written was one */
};

/* ---- lines ---- */

static struct line cut_line (const char *at, const char *end)
{
    const char *newline = memchr (at, '\n', (size_t)(end - at));
    struct line line = { at, (size_t)((newline ? newline : end) - at) };
    if (line.bytes > 0 && line.data[line.bytes - 1] == '\r')
        line.bytes--;
    return line;
}

static void next_line (struct page *self)
{
    const char *newline = memchr (self->at, '\n', (size_t)(self->end - self->at));
    self->at = newline ? newline + 1 : self->end;
}

static struct line trim (struct line line)
{
    while (line.bytes > 0 && (*line.data == ' ' || *line.data == '\t')) {
        line.data++;
        line.bytes--;
    }
    while (line.bytes > 0 &&
           (line.data[line.bytes - 1] == ' ' || line.data[line.bytes - 1] == '\t'))
        line.bytes--;
    return line;
}

static bool has (struct line line, const char *text)
{
    return memmem (line.data, line.bytes, text, strlen (text)) != NULL;
}

/* ---- text ---- */

/* Without the marks of code and strong type, and safe. */
static void add_inline (struct line line, struct sbuf *out)
{
    struct sbuf plain;
    sbuf_init (&plain);
    for (size_t i = 0; i < line.bytes; i++) {
        const char *at = line.data + i;
        bool pair = i + 1 < line.bytes && at[1] == at[0];
        if (*at == '\\' && i + 1 < line.bytes && ispunct ((unsigned char)at[1]))
            sbuf_add_n (&plain, at + 1, 1), i++;
        else if (*at == '*' && pair)
            i++;
        else if (*at != '`')
            sbuf_add_n (&plain, at, 1);
    }
    sbuf_add_safe_n (out, sbuf_text (&plain), plain.size);
    out->failed = out->failed || plain.failed;
    sbuf_free (&plain);
}

static void stand_apart (struct page *self)
{
    if (self->begun)
        sbuf_add (self->out, "\n");
    self->begun = true;
}

/* Word by word, no line longer than the terminal if a word is not. */
static void fill (struct page *self, const char *text, size_t hang)
{
    size_t used = 0;
    while (*text) {
        size_t bytes = strcspn (text, " ");
        char word[256];
        size_t part = bytes < sizeof word ? bytes : sizeof word - 1;
        while (part > 0 && part < bytes && ((unsigned char)text[part] & 0xc0) == 0x80)
            part--;
        memcpy (word, text, part);
        word[part] = 0;
        size_t columns = text_columns (word);
        if (used > 0 && self->look->width > 0 && used + 1 + columns > self->look->width) {
            sbuf_add (self->out, "\n");
            sbuf_repeat (self->out, " ", hang);
            used = hang;
        } else if (used > 0) {
            sbuf_add (self->out, " ");
            used++;
        }
        sbuf_add_n (self->out, text, bytes);
        used += columns;
        text += bytes;
        text += strspn (text, " ");
    }
}

static void fill_inline (struct page *self, struct line text, size_t hang)
{
    struct sbuf safe;
    sbuf_init (&safe);
    add_inline (text, &safe);
    fill (self, sbuf_text (&safe), hang);
    self->out->failed = self->out->failed || safe.failed;
    sbuf_free (&safe);
}

static void put_heading (struct page *self, struct line line)
{
    if (line.bytes == 0)
        return;
    stand_apart (self);
    sbuf_add (self->out, hue_on (HUE_BOLD, self->look->colour));
    fill_inline (self, line, 0);
    sbuf_add (self->out, hue_off (HUE_BOLD, self->look->colour));
    sbuf_add (self->out, "\n");
    self->item = false;
}

/* Those that waited for something to be shown. */
static void put_headings (struct page *self)
{
    put_heading (self, self->title);
    put_heading (self, self->header);
    self->title = self->header = (struct line){ NULL, 0 };
}

/* Items of a list stand together, all else apart. */
static void put_block (struct page *self, const struct sbuf *block, size_t hang)
{
    put_headings (self);
    if (hang == 0 || !self->item)
        stand_apart (self);
    fill_inline (self, (struct line){ sbuf_text (block), block->size }, hang);
    sbuf_add (self->out, "\n");
    self->item = hang > 0;
    self->out->failed = self->out->failed || block->failed;
}

/* What is not about a table is left out where only tables are wanted. */
static void flush (struct page *self)
{
    struct line block = { sbuf_text (&self->block), self->block.size };
    if (block.bytes == 0)
        return;
    if (!self->look->tables_only || has (block, WARNING_SIGN)) {
        put_block (self, &self->block, self->hang);
    } else {
        sbuf_clear (&self->caption);
        if (self->hang == 0)
            sbuf_add_n (&self->caption, block.data, block.bytes);
    }
    sbuf_clear (&self->block);
    self->hang = 0;
}

/* ---- tables ---- */

/* The next cell of a row; false after the last. */
static bool next_cell (struct line *row, struct line *cell)
{
    size_t i = 0;
    if (row->bytes == 0)
        return false;
    while (i < row->bytes && row->data[i] != '|')
        i += row->data[i] == '\\' && i + 1 < row->bytes ? 2 : 1;
    *cell = trim ((struct line){ row->data, i });
    i += i < row->bytes;
    row->data += i;
    row->bytes -= i;
    return true;
}

static struct line row_of (struct line line)
{
    line = trim (line);
    if (line.bytes > 0 && *line.data == '|') {
        line.data++;
        line.bytes--;
    }
    return line;
}

/* "---", ":--", "--:", ":-:": then *align. */
static bool is_delimiter (struct line cell, enum texttable_align *align)
{
    size_t dashes = 0;
    bool left = cell.bytes > 0 && cell.data[0] == ':';
    bool right = cell.bytes > 0 && cell.data[cell.bytes - 1] == ':';
    for (size_t i = 0; i < cell.bytes; i++) {
        bool edge = i == 0 || i + 1 == cell.bytes;
        if (cell.data[i] == '-')
            dashes++;
        else if (cell.data[i] != ':' || !edge)
            return false;
    }
    *align = left ? TEXTTABLE_LEFT : right ? TEXTTABLE_RIGHT : TEXTTABLE_AUTO;
    return dashes > 0;
}

/* How many columns a table has that begins here; 0: there is none. */
static size_t table_columns (const struct page *self, enum texttable_align *align)
{
    struct line cell;
    struct line head = cut_line (self->at, self->end);
    const char *second = head.data + head.bytes;
    while (second < self->end && *second != '\n')
        second++;
    if (!has (head, "|") || second == self->end)
        return 0;
    struct line names = row_of (head);
    struct line rule = row_of (cut_line (second + 1, self->end));
    size_t columns = 0;
    while (next_cell (&rule, &cell)) {
        enum texttable_align one;
        struct line name;
        if (!is_delimiter (cell, &one) || !next_cell (&names, &name))
            return 0;
        if (columns < TEXTTABLE_COLUMNS)
            align[columns++] = one;
    }
    return next_cell (&names, &cell) ? 0 : columns;
}

static void add_row (struct texttable *table, struct line row)
{
    struct line cell;
    struct sbuf text;
    for (size_t column = 0; column < table->columns && next_cell (&row, &cell); column++) {
        sbuf_init (&text);
        add_inline (cell, &text);
        enum hue hue = has (cell, WARNING_SIGN) ? HUE_ORANGE : HUE_PLAIN;
        texttable_add (table, hue, sbuf_text (&text));
        table->failed = table->failed || text.failed;
        sbuf_free (&text);
    }
    texttable_end_row (table);
}

/* Its rows: the lines from here on that have a bar. Returns how many were left out. */
static size_t read_table (struct page *self, struct texttable *table)
{
    size_t rows = 0;
    size_t more = 0;
    add_row (table, row_of (cut_line (self->at, self->end)));
    next_line (self);
    next_line (self);
    while (self->at < self->end && !table->failed) {
        struct line line = cut_line (self->at, self->end);
        if (!has (line, "|"))
            break;
        if (rows++ < MARKDOWN_TABLE_ROWS)
            add_row (table, row_of (line));
        else
            more++;
        next_line (self);
    }
    return more;
}

static bool take_table (struct page *self)
{
    struct texttable table;
    enum texttable_align align[TEXTTABLE_COLUMNS];
    size_t columns = table_columns (self, align);
    if (columns == 0)
        return false;
    flush (self);
    put_headings (self);
    if (self->caption.size > 0)
        put_block (self, &self->caption, 0);
    sbuf_clear (&self->caption);
    texttable_init (&table, columns);
    memcpy (table.align, align, columns * sizeof *align);
    size_t more = read_table (self, &table);
    stand_apart (self);
    struct texttable_look look = { .width = self->look->width,
                                   .indent = TABLE_INDENT,
                                   .colour = self->look->colour,
                                   .utf8 = self->look->utf8 };
    texttable_render (&table, &look, self->out);
    if (more > 0)
        sbuf_printf (self->out, "  %zu more rows\n", more);
    texttable_free (&table);
    self->item = false;
    return true;
}

/* ---- other blocks ---- */

static bool take_heading (struct page *self, struct line line)
{
    size_t level = 0;
    while (level < line.bytes && line.data[level] == '#')
        level++;
    if (level == 0 || level > 6 || (level < line.bytes && line.data[level] != ' '))
        return false;
    flush (self);
    sbuf_clear (&self->caption);
    struct line text = trim ((struct line){ line.data + level, line.bytes - level });
    if (!self->look->tables_only)
        put_heading (self, text);
    else if (level == 1)
        self->title = text;
    else
        self->header = text;
    if (level == 1)
        self->header = (struct line){ NULL, 0 };
    next_line (self);
    return true;
}

/* As it is, safe. */
static bool take_code (struct page *self, struct line line)
{
    bool open = true;
    if (line.bytes < 3 || (memcmp (line.data, "```", 3) != 0 && memcmp (line.data, "~~~", 3) != 0))
        return false;
    const char *fence = line.data;
    flush (self);
    if (!self->look->tables_only)
        stand_apart (self);
    for (next_line (self); open && self->at < self->end; next_line (self)) {
        struct line code = cut_line (self->at, self->end);
        struct line bare = trim (code);
        open = bare.bytes < 3 || memcmp (bare.data, fence, 3) != 0;
        if (!open || self->look->tables_only)
            continue;
        sbuf_add (self->out, "    ");
        sbuf_add_safe_n (self->out, code.data, code.bytes);
        sbuf_add (self->out, "\n");
    }
    self->item = false;
    return true;
}

/* Columns of "- " or "12. " at the beginning; 0: there is none. */
static size_t item_mark (struct line line)
{
    size_t digits = 0;
    while (digits < line.bytes && digits < 9 && isdigit ((unsigned char)line.data[digits]))
        digits++;
    bool number = digits > 0 && digits + 1 < line.bytes &&
                  (line.data[digits] == '.' || line.data[digits] == ')') &&
                  line.data[digits + 1] == ' ';
    bool bullet = line.bytes > 1 && memchr ("-*+", line.data[0], 3) && line.data[1] == ' ';
    return number ? digits + 2 : bullet ? 2 : 0;
}

static void take_text (struct page *self, struct line line)
{
    size_t mark = item_mark (line);
    if (line.bytes == 0 || mark > 0)
        flush (self);
    if (line.bytes > 0) {
        if (self->block.size > 0)
            sbuf_add (&self->block, " ");
        else
            self->hang = mark;
        sbuf_add_n (&self->block, line.data, line.bytes);
    }
    next_line (self);
}

void markdown_render (const char *text, size_t bytes, const struct markdown_look *look,
                      struct sbuf *out)
{
    struct page page = { .look = look, .out = out, .at = text, .end = text + bytes };
    sbuf_init (&page.block);
    sbuf_init (&page.caption);
    while (page.at < page.end && !out->failed && !page.block.failed) {
        struct line line = trim (cut_line (page.at, page.end));
        if (!take_heading (&page, line) && !take_code (&page, line) && !take_table (&page))
            take_text (&page, line);
    }
    flush (&page);
    out->failed = out->failed || page.block.failed || page.caption.failed;
    sbuf_free (&page.block);
    sbuf_free (&page.caption);
}
