/* runform.h - the form that runs a job: the parameters of a profile with their defaults, checked
 * while one types.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RUNFORM_H
#define EMS_RUNFORM_H

#include "record.h"
#include "sbuf.h"

#define FORM_TEXT_BYTES 512
#define FORM_ROWS_MOST  512

enum form_kind {
    FORM_CHOICE, /* one of `choices` */
    FORM_TEXT,
    FORM_SWITCH,
    FORM_HEAD, /* the name of a list whose items follow; cannot be chosen */
    FORM_ITEM, /* an item of the list above, on or off */
    FORM_RUN,  /* the button */
};

enum form_field {
    FIELD_PROFILE,
    FIELD_PARAMETER,
    FIELD_WORKER,
    FIELD_QUEUE,
    FIELD_PRIORITY,
    FIELD_TIME_LIMIT,
    FIELD_NOTES,
    FIELD_RUN,
};

struct form_row {
    enum form_kind kind;
    enum form_field field;
    const struct value *parameter; /* of FIELD_PARAMETER; points into the profiles */
    const char *name;              /* belongs to the form or is constant */
    char text[FORM_TEXT_BYTES];
    size_t cursor; /* bytes before it, in `text` */
    bool on;
    size_t choice;
    bool all; /* the item that means all of them */
};

struct runform {
    struct value *profiles; /* owned: the list of a reply; NULL: not here yet */
    struct form_row *rows;  /* owned */
    size_t count;
    size_t current;
    size_t first;                  /* row shown at the top */
    const struct value *profile;   /* the one chosen; points into profiles */
    struct value *names, *workers; /* owned: lists of strings to choose from */
    char wrong[NAME_BYTES];        /* the server refused this parameter… */
    char why[DETAIL_BYTES];        /* …or the whole, with these words; "": nothing */
    bool asking;                   /* the job was asked for */
    bool refused;                  /* the last key was to run it, and something is wrong */
    bool failed;                   /* memory was short */
};

void runform_init (struct runform *self);
void runform_free (struct runform *self);
/* Takes the list of profiles over. `like`: the job whose parameters to begin with; NULL: defaults.
 * 0, or -1: there is no profile. */
int runform_open (struct runform *self, struct value *profiles, const struct record *like);

/* A key: true if the job is to be run now and everything is right. */
bool runform_key (struct runform *self, int key);
/* The row that the server's refusal is about gets the cursor. */
void runform_refused (struct runform *self, const char *parameter, const char *why);

/* What is wrong with a row: true, and it is added. */
bool runform_wrong (const struct runform *self, size_t row, struct sbuf *out);
/* In whole words, what is wrong with the row that has the cursor. */
void runform_complain (const struct runform *self, struct sbuf *out);
/* What a row takes, for the one that has the cursor. */
void runform_hint (const struct runform *self, size_t row, struct sbuf *out);
/* The chosen one of a FORM_CHOICE. */
const char *runform_choice (const struct runform *self, size_t row);

void runform_choose (struct runform *self, size_t row, size_t choice);

/* The body of the request `run`, or NULL: no memory. *worker: NULL: any; belongs to the form. */
struct value *runform_body (const struct runform *self, const char **worker);

#endif
