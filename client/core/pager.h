/* pager.h - reading a long text of which only a window is in memory, as a pure machine: what is
 * shown, which piece has to be fetched, searching. Used for logs, also while they grow, and files.
 *
 * Lines end at newlines; one that is longer than PAGER_LINE_BYTES is broken up.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PAGER_H
#define EMS_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGER_MOST_BYTES    ((size_t)4 << 20) /* of the text in memory */
#define PAGER_PIECE_BYTES   ((int64_t)256 << 10)
#define PAGER_LINE_BYTES    ((size_t)16 << 10)
#define PAGER_PATTERN_BYTES 128

enum pager_search {
    SEARCH_NONE,
    SEARCH_UP,
    SEARCH_DOWN,
    SEARCH_MISSED, /* it is nowhere in the text */
    SEARCH_BROKEN, /* what was to be looked through cannot be had */
};

/* Nothing more was found in its direction: the search went on, once, from the other end. */
enum pager_turn { TURN_NONE, TURN_TO_TOP, TURN_TO_END };

/* The lines that were shown when a search began: they stand still while it runs. */
struct pager_page {
    char *data;     /* owned */
    size_t *starts; /* owned */
    size_t size;
    size_t count; /* 0: there is none */
    int64_t begin;
};

struct pager {
    char *data; /* owned: the bytes from `begin` on */
    size_t size;
    size_t room;
    int64_t begin;
    int64_t total;  /* length of the text as far as it is known */
    size_t *starts; /* owned: where lines start in data */
    size_t count;
    size_t starts_room;
    bool failed; /* memory was short */

    bool follow;   /* the end is shown, whatever comes */
    int64_t top;   /* else the line with this byte is the first one shown */
    int64_t rows;  /* that are shown */
    int64_t shift; /* columns scrolled to the right */

    struct pager_page held;

    bool asking;
    bool stale; /* …for what is not wanted any more */
    bool stuck; /* the last answer was none: nothing more is asked for until something happens */
    enum pager_search search;
    char pattern[PAGER_PATTERN_BYTES];
    bool up; /* the direction of pager_find */
    enum pager_turn turned;
    int64_t origin; /* the search began there */
    int64_t from;   /* …and goes on from there */
    int64_t match;  /* the line found last; -1: none */
};

void pager_init (struct pager *self);
void pager_free (struct pager *self);
/* Another text, of so many bytes. follow: begin at its end. */
void pager_open (struct pager *self, int64_t total, bool follow);

/* A piece that came by itself, or as answer. What does not touch the window is not kept. */
void pager_feed (struct pager *self, int64_t offset, const char *data, size_t bytes);
/* The answer to what was needed: the piece, and the length of the text now; bytes 0: nothing, or it
 * failed. */
void pager_answer (struct pager *self, int64_t offset, const char *data, size_t bytes,
                   int64_t total);
/* Which piece is missing? It then counts as asked for. */
bool pager_need (struct pager *self, int64_t *offset, int64_t *bytes);

void pager_retry (struct pager *self); /* what failed may succeed now */

void pager_rows (struct pager *self, int64_t rows);  /* how many are shown */
void pager_move (struct pager *self, int64_t lines); /* > 0: down */
void pager_home (struct pager *self);
void pager_end (struct pager *self);

/* Search for a text, from what is shown: up from the end, else down; what is not found in that
 * direction is looked for from the other end. Without capitals it means them too. */
void pager_find (struct pager *self, const char *pattern);
/* The next one in the same direction, or in the other one. */
void pager_again (struct pager *self, bool back);
bool pager_is_searching (const struct pager *self);
int pager_searched_percent (const struct pager *self);
void pager_stop (struct pager *self); /* searching */
/* Where the pattern is in a line, from `from` on; -1: not. */
int64_t pager_match (const struct pager *self, const char *line, size_t bytes, size_t from);

/* Row `row` of those shown: false if there is none. The bytes are raw and without newline. */
bool pager_line (const struct pager *self, int64_t row, const char **line, size_t *bytes,
                 int64_t *offset);
/* How much of the text lies before the end of what is shown, in percent. */
int pager_percent (const struct pager *self);

/* ---- between the files of pager ---- */

/* The window begins anew there, with nothing in it. */
void pager_forget (struct pager *self, int64_t begin);
void pager_hold (struct pager *self);
/* What was held is let go of as soon as the window has it. */
void pager_settle (struct pager *self);
void pager_let_go (struct pager *self);
/* Look through what is in the window. */
void pager_search_on (struct pager *self);
bool pager_at_end (const struct pager *self);

#endif
