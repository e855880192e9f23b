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
    pager_let_go (self);
}

/* False: it did so before, there is none. */
static bool turn (struct pager *self, bool to_end)
{
    if (self->turned != TURN_NONE) {
        self->search = SEARCH_MISSED;
        return false;
    }
    self->turned = to_end ? TURN_TO_END : TURN_TO_TOP;
    self->from = to_end ? self->total : -1;
    return true;
}

/* The window has that place in it, or begins anew around it. */
static void come_near (struct pager *self)
{
    int64_t at = self->from < 0 ? 0 : self->from < self->total ? self->from : self->total;
    if (self->begin <= at && at <= self->begin + (int64_t)self->size)
        return;
    pager_forget (self, at > PAGER_PIECE_BYTES / 2 ? at - PAGER_PIECE_BYTES / 2 : 0);
    self->stuck = false;
}

/* True if it goes on from the other end. */
static bool search_up (struct pager *self)
{
    for (size_t i = self->count; i > 0; i--) {
        int64_t start = self->begin + (int64_t)self->starts[i - 1];
        if (start >= self->from)
            continue;
        if (self->turned != TURN_NONE && start < self->origin)
            return turn (self, true);
        if (matches (self, i - 1)) {
            show (self, i - 1);
            return false;
        }
    }
    if (self->count > 0 && self->begin + (int64_t)self->starts[0] < self->from)
        self->from = self->begin + (int64_t)self->starts[0];
    return self->begin == 0 && turn (self, true);
}

static bool search_down (struct pager *self)
{
    int64_t end = self->begin + (int64_t)self->size;
    for (size_t i = 0; i < self->count; i++) {
        int64_t start = self->begin + (int64_t)self->starts[i];
        if (start <= self->from)
            continue;
        if (self->turned != TURN_NONE && start > self->origin)
            return turn (self, false);
        if (matches (self, i)) {
            show (self, i);
            return false;
        }
    }
    /* The last line may go on in what is not here yet: it is looked at again. */
    if (self->count > 1 && self->begin + (int64_t)self->starts[self->count - 2] > self->from)
        self->from = self->begin + (int64_t)self->starts[self->count - 2];
    return end >= self->total && turn (self, false);
}

void pager_search_on (struct pager *self)
{
    bool again = true;
    while (again && pager_is_searching (self)) {
        again = self->search == SEARCH_UP ? search_up (self) : search_down (self);
        if (again)
            come_near (self);
    }
    pager_settle (self);
}

static void begin (struct pager *self, bool up)
{
    const char *line;
    size_t bytes;
    int64_t offset;
    if (self->match >= 0)
        self->from = self->match;
    else if (!up && !self->follow)
        self->from = self->top - 1; /* it may be on its way here */
    else if (!up)
        self->from = pager_line (self, 0, &line, &bytes, &offset) ? offset - 1 : -1;
    else if (self->follow || !pager_line (self, self->rows - 1, &line, &bytes, &offset))
        self->from = self->total;
    else
        self->from = offset + 1;
    self->origin = self->from;
    self->turned = TURN_NONE;
    self->stuck = false;
    pager_hold (self);
    self->search = up ? SEARCH_UP : SEARCH_DOWN;
    come_near (self);
    pager_search_on (self);
}

void pager_again (struct pager *self, bool back)
{
    if (self->pattern[0])
        begin (self, self->up != back);
}

void pager_find (struct pager *self, const char *pattern)
{
    snprintf (self->pattern, sizeof self->pattern, "%s", pattern);
    self->match = -1;
    self->up = pager_at_end (self);
    pager_again (self, false);
}

void pager_stop (struct pager *self)
{
    self->search = SEARCH_NONE;
    self->turned = TURN_NONE;
    pager_settle (self);
}

bool pager_is_searching (const struct pager *self)
{
    return self->search == SEARCH_UP || self->search == SEARCH_DOWN;
}

int pager_searched_percent (const struct pager *self)
{
    bool up = self->search == SEARCH_UP;
    int64_t done = up ? self->origin - self->from : self->from - self->origin;
    if (self->turned != TURN_NONE)
        done += self->total;
    int64_t percent = self->total > 0 ? 100 * done / self->total : 0;
    return percent < 0 ? 0 : percent > 99 ? 99 : (int)percent;
}

void pager_answer (struct pager *self, int64_t offset, const char *data, size_t bytes,
                   int64_t total)
{
    bool stale = self->stale;
    self->asking = self->stale = false;
    /* It has grown; or it is shorter than was said. */
    if (total > self->total || (bytes == 0 && total >= 0))
        self->total = total;
    int64_t begin = self->begin;
    size_t size = self->size;
    pager_feed (self, offset, data, bytes);
    /* What does not help, as from a server that is not right, is not asked for again at once. */
    bool useless = !stale && self->begin == begin && self->size == size;
    self->stuck = useless;
    pager_search_on (self);
    if (self->stuck && pager_is_searching (self))
        self->search = SEARCH_BROKEN;
}
