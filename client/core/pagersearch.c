/* pagersearch.c - searching in a text of which only a window is in memory.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "pager.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool has_capital (const char *text)
{
    for (; *text; text++)
        if (isupper ((unsigned char)*text))
            return true;
    return false;
}

static bool same (const char *data, const char *pattern, size_t bytes, bool fold)
{
    for (size_t i = 0; i < bytes; i++) {
        char c = fold ? (char)tolower ((unsigned char)data[i]) : data[i];
        if (c != pattern[i])
            return false;
    }
    return true;
}

int64_t pager_match (const struct pager *self, const char *line, size_t bytes, size_t from)
{
    size_t length = strlen (self->pattern);
    bool fold = !has_capital (self->pattern);
    for (size_t at = from; length > 0 && at + length <= bytes; at++)
        if (same (line + at, self->pattern, length, fold))
            return (int64_t)at;
    return -1;
}

static bool matches (const struct pager *self, size_t line)
{
    size_t end = line + 1 < self->count ? self->starts[line + 1] : self->size;
    return pager_match (self, self->data + self->starts[line], end - self->starts[line], 0) >= 0;
}

/* Found: it stands in the middle, or where the last page has it. */
static void show (struct pager *self, size_t line)
{
    size_t rows = (size_t)self->rows;
    size_t first = line > rows / 2 ? line - rows / 2 : 0;
    size_t last = self->count > rows ? self->count - rows : 0;
    self->match = self->begin + (int64_t)self->starts[line];
    self->top = self->begin + (int64_t)self->starts[first < last ? first : last];
    self->follow = false;
    self->search = SEARCH_NONE;
}

static void search_up (struct pager *self)
{
    for (size_t i = self->count; i > 0; i--) {
        if (self->begin + (int64_t)self->starts[i - 1] >= self->from)
            continue;
        if (matches (self, i - 1)) {
            show (self, i - 1);
            return;
        }
    }
    if (self->count > 0 && self->begin + (int64_t)self->starts[0] < self->from)
        self->from = self->begin + (int64_t)self->starts[0];
    if (self->begin == 0)
        self->search = SEARCH_MISSED;
}

static void search_down (struct pager *self)
{
    int64_t end = self->begin + (int64_t)self->size;
    for (size_t i = 0; i < self->count; i++) {
        if (self->begin + (int64_t)self->starts[i] <= self->from)
            continue;
        if (matches (self, i)) {
            show (self, i);
            return;
        }
    }
    /* The last line may go on in what is not here yet: it is looked at again. */
    if (self->count > 1 && self->begin + (int64_t)self->starts[self->count - 2] > self->from)
        self->from = self->begin + (int64_t)self->starts[self->count - 2];
    if (end >= self->total)
        self->search = SEARCH_MISSED;
}

static void go_on (struct pager *self)
{
    if (self->search == SEARCH_UP)
        search_up (self);
    else if (self->search == SEARCH_DOWN)
        search_down (self);
}

void pager_again (struct pager *self, bool up)
{
    const char *line;
    size_t bytes;
    int64_t offset;
    if (!self->pattern[0])
        return;
    self->search = up ? SEARCH_UP : SEARCH_DOWN;
    self->stuck = false;
    if (self->match >= 0)
        self->from = self->match;
    else if (!up)
        self->from = pager_line (self, 0, &line, &bytes, &offset) ? offset - 1 : -1;
    else if (self->follow || !pager_line (self, self->rows - 1, &line, &bytes, &offset))
        self->from = self->total;
    else
        self->from = offset + 1;
    go_on (self);
}

void pager_find (struct pager *self, const char *pattern, bool up)
{
    snprintf (self->pattern, sizeof self->pattern, "%s", pattern);
    self->match = -1;
    pager_again (self, up);
}

void pager_stop (struct pager *self)
{
    self->search = SEARCH_NONE;
}

void pager_answer (struct pager *self, int64_t offset, const char *data, size_t bytes,
                   int64_t total)
{
    self->asking = false;
    /* It has grown; or it is shorter than was said. */
    if (total > self->total || (bytes == 0 && total >= 0))
        self->total = total;
    int64_t begin = self->begin;
    size_t size = self->size;
    pager_feed (self, offset, data, bytes);
    /* What does not help, as from a server that is not right, is not asked for again at once. */
    self->stuck = self->begin == begin && self->size == size;
    if (self->stuck && (self->search == SEARCH_UP || self->search == SEARCH_DOWN))
        self->search = SEARCH_MISSED;
    go_on (self);
}
