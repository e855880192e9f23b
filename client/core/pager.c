/* pager.c - a window on a long text.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "pager.h"

#include <stdlib.h>
#include <string.h>

#define GAP_MOST_BYTES (4 * PAGER_PIECE_BYTES) /* a follower that is farther behind begins anew */

void pager_init (struct pager *self)
{
    memset (self, 0, sizeof *self);
    self->match = -1;
    self->rows = 1;
}

void pager_free (struct pager *self)
{
    free (self->data);
    free (self->starts);
    pager_let_go (self);
    pager_init (self);
}

void pager_forget (struct pager *self, int64_t begin)
{
    self->size = self->count = 0;
    self->begin = begin;
    self->stale = self->asking;
}

static int64_t end_of (const struct pager *self)
{
    return self->begin + (int64_t)self->size;
}

static int64_t tail_begin (const struct pager *self)
{
    return self->total > PAGER_PIECE_BYTES ? self->total - PAGER_PIECE_BYTES : 0;
}

void pager_open (struct pager *self, int64_t total, bool follow)
{
    int64_t rows = self->rows;
    pager_free (self);
    self->rows = rows;
    self->total = total;
    self->follow = follow;
    pager_forget (self, follow ? tail_begin (self) : 0);
}

/* ---- lines ---- */

static void add_start (struct pager *self, size_t at)
{
    if (self->count == self->starts_room) {
        size_t room = self->starts_room ? 2 * self->starts_room : 1024;
        size_t *more = realloc (self->starts, room * sizeof *more);
        if (!more) {
            self->failed = true;
            return;
        }
        self->starts = more;
        self->starts_room = room;
    }
    self->starts[self->count++] = at;
}

/* Find the lines that start in the bytes from `at` on, which is the start of one. */
static void index_lines (struct pager *self, size_t at)
{
    while (at < self->size) {
        size_t left = self->size - at;
        size_t most = left < PAGER_LINE_BYTES ? left : PAGER_LINE_BYTES;
        const char *newline = memchr (self->data + at, '\n', most);
        add_start (self, at);
        at += newline ? (size_t)(newline - (self->data + at)) + 1 : most;
    }
}

/* The window may begin inside a line, which is then not shown. */
static void index_all (struct pager *self)
{
    size_t at = 0;
    self->count = 0;
    if (self->begin > 0 && self->size > 0) {
        size_t most = self->size < PAGER_LINE_BYTES ? self->size : PAGER_LINE_BYTES;
        const char *newline = memchr (self->data, '\n', most);
        at = newline ? (size_t)(newline - self->data) + 1 : 0;
    }
    index_lines (self, at);
}

static size_t line_at (const struct pager *self, int64_t offset)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (self->begin + (int64_t)self->starts[middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? low - 1 : 0;
}

static size_t first_row (const struct pager *self)
{
    size_t rows = (size_t)self->rows;
    if (self->follow)
        return self->count > rows ? self->count - rows : 0;
    return line_at (self, self->top);
}

/* ---- a page that stands still ---- */

void pager_let_go (struct pager *self)
{
    free (self->held.data);
    free (self->held.starts);
    memset (&self->held, 0, sizeof self->held);
}

void pager_hold (struct pager *self)
{
    size_t first = first_row (self);
    size_t count = self->count - first;
    struct pager_page *page = &self->held;
    bool elsewhere = !self->follow && (self->top < self->begin || self->top >= end_of (self));
    if (page->count > 0 || first >= self->count || elsewhere)
        return;
    if (count > (size_t)self->rows)
        count = (size_t)self->rows;
    size_t begin = self->starts[first];
    size_t end = first + count < self->count ? self->starts[first + count] : self->size;
    page->data = malloc (end - begin);
    page->starts = malloc (count * sizeof *page->starts);
    if (!page->data || !page->starts) {
        self->failed = true;
        pager_let_go (self);
        return;
    }
    memcpy (page->data, self->data + begin, end - begin);
    for (size_t i = 0; i < count; i++)
        page->starts[i] = self->starts[first + i] - begin;
    page->size = end - begin;
    page->count = count;
    page->begin = self->begin + (int64_t)begin;
}

static bool is_here (const struct pager *self)
{
    bool whole = end_of (self) >= self->total;
    if (self->follow || self->count == 0)
        return whole;
    return self->top >= self->begin + (int64_t)self->starts[0] && self->top < end_of (self) &&
           (whole || first_row (self) + (size_t)self->rows <= self->count);
}

void pager_settle (struct pager *self)
{
    if (self->held.count > 0 && !pager_is_searching (self) && is_here (self))
        pager_let_go (self);
}

/* ---- bytes ---- */

static bool make_room (struct pager *self, size_t bytes)
{
    if (bytes <= self->room)
        return true;
    size_t room = self->room ? self->room : 65536;
    while (room < bytes)
        room *= 2;
    char *more = realloc (self->data, room);
    if (!more) {
        self->failed = true;
        return false;
    }
    self->data = more;
    self->room = room;
    return true;
}

static void drop_front (struct pager *self, size_t bytes)
{
    memmove (self->data, self->data + bytes, self->size - bytes);
    self->size -= bytes;
    self->begin += (int64_t)bytes;
    index_all (self);
}

static void append (struct pager *self, const char *data, size_t bytes)
{
    if (!make_room (self, self->size + bytes))
        return;
    memcpy (self->data + self->size, data, bytes);
    self->size += bytes;
    if (self->count == 0) {
        index_all (self);
    } else {
        size_t last = self->starts[--self->count];
        index_lines (self, last);
    }
}

static void prepend (struct pager *self, int64_t offset, const char *data, size_t bytes)
{
    size_t over = self->size + bytes > PAGER_MOST_BYTES ? self->size + bytes - PAGER_MOST_BYTES : 0;
    self->size -= over < self->size ? over : self->size;
    if (!make_room (self, self->size + bytes))
        return;
    memmove (self->data + bytes, self->data, self->size);
    memcpy (self->data, data, bytes);
    self->size += bytes;
    self->begin = offset;
    index_all (self);
}

/* Make room at the front for what comes at the end, unless that is being read. */
static bool may_append (struct pager *self, size_t bytes)
{
    if (self->size + bytes <= PAGER_MOST_BYTES)
        return true;
    if (self->search == SEARCH_UP)
        return false;
    bool rolls = self->follow || self->search == SEARCH_DOWN;
    int64_t keep = rolls ? end_of (self) - (int64_t)(PAGER_MOST_BYTES / 2) : self->top;
    int64_t spare = keep - self->begin - PAGER_PIECE_BYTES;
    if (spare < (int64_t)bytes)
        return false;
    drop_front (self, (size_t)spare < self->size ? (size_t)spare : self->size);
    return true;
}

void pager_feed (struct pager *self, int64_t offset, const char *data, size_t bytes)
{
    int64_t end = offset + (int64_t)bytes;
    int64_t known = end_of (self);
    if (end > self->total)
        self->total = end;
    if (bytes == 0)
        return;
    self->stuck = false;
    if (self->size == 0 && offset <= self->begin && end > self->begin) {
        append (self, data + (self->begin - offset), (size_t)(end - self->begin));
    } else if (self->size > 0 && offset <= known && end > known) {
        size_t more = (size_t)(end - known);
        if (may_append (self, more))
            append (self, data + (known - offset), more);
    } else if (self->size > 0 && offset < self->begin && end >= self->begin) {
        prepend (self, offset, data, (size_t)(self->begin - offset));
    }
    pager_settle (self);
}

/* ---- what is missing ---- */

static bool ask (struct pager *self, int64_t from, int64_t to, int64_t *offset, int64_t *bytes)
{
    *offset = from > 0 ? from : 0;
    *bytes = to - *offset < PAGER_PIECE_BYTES ? to - *offset : PAGER_PIECE_BYTES;
    self->asking = *bytes > 0;
    return self->asking;
}

static bool needs_before (const struct pager *self)
{
    if (self->begin == 0)
        return false;
    if (pager_is_searching (self))
        return self->search == SEARCH_UP;
    size_t margin = (size_t)self->rows;
    return self->count < margin || (!self->follow && first_row (self) < margin);
}

static bool needs_after (const struct pager *self)
{
    if (end_of (self) >= self->total)
        return false;
    if (pager_is_searching (self))
        return self->search == SEARCH_DOWN;
    return self->follow || first_row (self) + 2 * (size_t)self->rows >= self->count;
}

/* What is to be read is not in the window: it begins anew around that. */
static void go_there (struct pager *self)
{
    if (self->follow && end_of (self) + GAP_MOST_BYTES < self->total)
        pager_forget (self, tail_begin (self));
    else if (!self->follow &&
             (self->top < self->begin || (self->top >= end_of (self) && self->top < self->total)))
        pager_forget (self,
                      self->top > PAGER_PIECE_BYTES / 2 ? self->top - PAGER_PIECE_BYTES / 2 : 0);
}

static bool next_piece (struct pager *self, int64_t *offset, int64_t *bytes)
{
    if (!pager_is_searching (self))
        go_there (self);
    if (self->size == 0)
        return ask (self, self->begin, self->total, offset, bytes);
    if (needs_after (self))
        return ask (self, end_of (self), self->total, offset, bytes);
    if (needs_before (self))
        return ask (self, self->begin - PAGER_PIECE_BYTES, self->begin, offset, bytes);
    return false;
}

bool pager_need (struct pager *self, int64_t *offset, int64_t *bytes)
{
    if (self->asking || self->stuck)
        return false;
    bool need = next_piece (self, offset, bytes);
    /* All that was to be looked through came by itself. */
    if (!need && pager_is_searching (self)) {
        pager_search_on (self);
        need = next_piece (self, offset, bytes);
    }
    return need;
}

void pager_retry (struct pager *self)
{
    self->stuck = false;
}

/* ---- moving ---- */

void pager_rows (struct pager *self, int64_t rows)
{
    self->rows = rows > 0 ? rows : 1;
}

static int64_t offset_of (const struct pager *self, size_t line)
{
    return line < self->count ? self->begin + (int64_t)self->starts[line] : end_of (self);
}

/* Whatever moves, moves on from a search. */
static void leave (struct pager *self)
{
    pager_stop (self);
    self->stuck = false;
    self->match = -1;
}

void pager_move (struct pager *self, int64_t lines)
{
    int64_t row = (int64_t)first_row (self) + lines;
    int64_t last = (int64_t)self->count - self->rows;
    bool at_end = end_of (self) >= self->total;
    leave (self);
    if (self->held.count > 0)
        return; /* what is beside it is on its way back */
    if (lines > 0 && (self->follow || (at_end && row >= last))) {
        self->follow = true;
        return;
    }
    if (last < 0)
        last = 0;
    row = row < 0 ? 0 : row > last ? last : row;
    self->follow = false;
    self->top = offset_of (self, (size_t)row);
}

void pager_home (struct pager *self)
{
    leave (self);
    pager_let_go (self);
    self->follow = false;
    self->top = 0;
}

void pager_end (struct pager *self)
{
    leave (self);
    pager_let_go (self);
    self->follow = true;
}

bool pager_at_end (const struct pager *self)
{
    return self->follow || (self->top > 0 && end_of (self) >= self->total &&
                            first_row (self) + (size_t)self->rows >= self->count);
}

bool pager_line (const struct pager *self, int64_t row, const char **line, size_t *bytes,
                 int64_t *offset)
{
    bool held = self->held.count > 0;
    const size_t *starts = held ? self->held.starts : self->starts;
    size_t count = held ? self->held.count : self->count;
    size_t size = held ? self->held.size : self->size;
    size_t at = (held ? 0 : first_row (self)) + (size_t)row;
    if (at >= count)
        return false;
    size_t end = at + 1 < count ? starts[at + 1] : size;
    *line = (held ? self->held.data : self->data) + starts[at];
    *offset = (held ? self->held.begin : self->begin) + (int64_t)starts[at];
    *bytes = end - starts[at];
    if (*bytes > 0 && (*line)[*bytes - 1] == '\n')
        (*bytes)--;
    if (*bytes > 0 && (*line)[*bytes - 1] == '\r')
        (*bytes)--;
    return true;
}

int pager_percent (const struct pager *self)
{
    size_t last = first_row (self) + (size_t)self->rows;
    int64_t shown =
        self->held.count > 0 ? self->held.begin + (int64_t)self->held.size : offset_of (self, last);
    return self->total > 0 ? (int)(100 * (shown < self->total ? shown : self->total) / self->total)
                           : 100;
}
