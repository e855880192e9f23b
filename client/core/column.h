/* column.h - what the lists of `ems` can show: for each kind of list a table of columns, each with
 * its name, heading and way to its text, number and colour.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_COLUMN_H
#define EMS_COLUMN_H

#include "palette.h"
#include "report.h"
#include "sbuf.h"
#include "value.h"

enum list_kind { LIST_JOBS, LIST_RUNS, LIST_WORKERS, LIST_PROFILES, LIST_KINDS };

/* What a row of a table is made from. */
struct row {
    const struct value *item;      /* of the list */
    const struct record *job;      /* LIST_JOBS: the same, read */
    const struct value *parameter; /* LIST_PROFILES: the one of this row; NULL: it has none */
    size_t part;                   /* LIST_PROFILES: the rows of one profile, from 0 */
    const struct report *how;
};

struct cell {
    struct sbuf text; /* empty: a dash stands there */
    enum hue hue;
};

enum column_flag {
    COLUMN_STANDARD = 1 << 0, /* shown without -o */
    COLUMN_IF_LINE = 1 << 1,  /* standard, but only if some job waits */
    COLUMN_IF_MANY = 1 << 2,  /* standard, but only if there are several workers */
    COLUMN_RIGHT = 1 << 3,
    COLUMN_GIVES = 1 << 4, /* is cut where the terminal is narrow */
    COLUMN_BLANK = 1 << 5, /* no dash where there is nothing */
    COLUMN_PARTS = 1 << 6, /* the field is a map: --filter NAME.PART=VALUE */
    COLUMN_MADE = 1 << 7,  /* there is no such field: it is put together here */
    COLUMN_EACH = 1 << 8,  /* one of several in an item, each of which gets its row */
    COLUMN_LIST = 1 << 9,  /* the field is a list: --filter NAME=VALUE means one of it */
    COLUMN_SOME = 1 << 10, /* with COLUMN_GIVES: "after 0123456789ab" is left of it */
};

struct column {
    const char *name;  /* as one types it */
    const char *field; /* of the item, and of it in JSON; may be typed, too */
    const char *heading;
    unsigned flags;
    const char *help;
    void (*text) (const struct row *row, struct cell *cell); /* NULL: the field as it is */
    bool (*number) (const struct row *row, int64_t *out);    /* of one that is made; else NULL */
};

/* The columns of a kind; the last one has no name. */
const struct column *columns_of (enum list_kind kind);
/* By name or field, of so many bytes; of what holds several also in the singular ("label"). NULL:
 * no such column. */
const struct column *column_find (enum list_kind kind, const char *word, size_t bytes);
/* What was probably meant, or NULL. */
const char *column_near (enum list_kind kind, const char *word);
/* One a line, with what it shows. */
void columns_help (enum list_kind kind, struct sbuf *out);

extern const struct column job_columns[];
extern const struct column run_columns[];
extern const struct column worker_columns[];
extern const struct column profile_columns[];

/* The text of a cell: of the field, or by the column's own way. */
void column_text (const struct column *column, const struct row *row, struct cell *cell);

/* When a run started, from its id. */
bool column_run_started (const struct value *run, int64_t *wall_ms);
/* "idle", "busy", "offline"; NULL from there on. */
const char *column_worker_state (size_t number);

/* "a=1 b=x,y" */
void column_add_map (const struct value *map, struct sbuf *out);
/* A string field; "" if it is none. */
const char *column_field (const struct value *map, const char *key);

#endif
