/* complete.h - what the word that is being typed could be.
 *
 * Commands, options and what they take come from the tables of cmdline.h, so that completion knows
 * what the program knows. What only a server knows (jobs, profiles) is fetched by whoever uses
 * this:
 *
 *     complete_begin (&self, argc, argv);            // the last word is being typed
 *     if (complete_wants (&self, WANT_JOBS))
 *         complete_jobs (&self, jobs, now_ms);       // and so on; or not: then there are fewer
 *     complete_end (&self, &out);
 *
 * The answer, for the scripts in client/completions: a line with how the word is completed and,
 * after a tab, what of it is settled ("--color=", "gmst_era,"); then each word that it could be,
 * whole, and after a tab what it is. How: `words`; `items` (a comma and more may follow); `open`
 * (it is not at its end); `files` and `folders` (the shell's business). A word has no character in
 * it that a shell would take for anything else; what would need one is left out.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_COMPLETE_H
#define EMS_COMPLETE_H

#include "cmdline.h"
#include "column.h"
#include "record.h"
#include "value.h"

/* What can stand where the word is. */
enum want {
    WANT_JOBS = 1,
    WANT_RUNS = 2,
    WANT_PROFILES = 4, /* also for their parameters */
    WANT_WORKERS = 8,
    WANT_CONTEXTS = 16,
    WANT_COMMANDS = 32,
    WANT_OPTIONS = 64,
    WANT_FILES = 128,
    WANT_FOLDERS = 256,
    WANT_NAMES = 512,  /* of `names` */
    WANT_FIELD = 1024, /* of a job, and its value */
    WANT_PARTS = 2048  /* of the run that is the argument before it */
};

#define COMPLETE_NAMES 8

struct complete {
    unsigned wanted;
    const char *word;  /* the whole word; points into argv */
    const char *typed; /* what of it is not settled: candidates begin with that */
    bool list;         /* with commas */
    bool open;         /* a candidate ends in '=' */
    struct {
        const char *text;
        size_t bytes;
    } names[COMPLETE_NAMES]; /* words that are known beforehand */
    size_t name_count;
    const struct column *columns; /* of -o; or NULL */
    const char *parameter;        /* its value is typed; or NULL */
    size_t parameter_bytes;
    struct cmdline line; /* the words before it */
    struct cmdline_next next;
    struct sbuf found;
};

/* argv begins with the program's name and must outlive it. */
void complete_begin (struct complete *self, int argc, char *const argv[]);
bool complete_wants (const struct complete *self, enum want want);
/* Is a job in this state one that the command could be about? */
bool complete_wants_status (const struct complete *self, enum job_status status);

/* Lists as replies have them; what makes no sense in them is passed over. */
void complete_jobs (struct complete *self, const struct value *jobs, int64_t now_ms);
void complete_runs (struct complete *self, const struct value *runs);
void complete_profiles (struct complete *self, const struct value *profiles);
void complete_parts (struct complete *self, const struct value *files);
void complete_workers (struct complete *self, const struct value *workers);
/* One word more, if it fits; `what` may be NULL. */
void complete_offer (struct complete *self, const char *word, const char *what);

/* Adds what is known without asking, and puts all into *out. Frees what `self` has. */
void complete_end (struct complete *self, struct sbuf *out);

#endif
