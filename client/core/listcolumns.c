/* listcolumns.c - what the lists of runs, workers and profiles can show.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "column.h"

#include <stdio.h>
#include <string.h>

#include "amounts.h"
#include "params.h"
#include "paramtext.h"
#include "text.h"

#define AMOUNT_BYTES 64

/* Runs */

static void count_text (const struct row *row, struct cell *cell)
{
    sbuf_printf (&cell->text, "%zu", value_count (value_get (row->item, "experiments")));
}

/* Of "2026-02-13_14-30-45", in UTC; an older one may be "2026-02-13". */
bool column_run_started (const struct value *run, int64_t *wall_ms)
{
    static const char form[] = "0000-00-00T00:00:00.000Z";
    const char *run_id = column_field (run, "run_id");
    size_t bytes = strlen (run_id) < 19 ? 10 : 19;
    char text[sizeof form];
    memcpy (text, form, sizeof form);
    if (strlen (run_id) < bytes)
        return false;
    memcpy (text, run_id, bytes);
    text[10] = 'T';
    text[13] = text[16] = ':';
    return time_parse (text, wall_ms) == 0;
}

static bool run_started (const struct row *row, int64_t *out)
{
    return column_run_started (row->item, out);
}

static void run_started_text (const struct row *row, struct cell *cell)
{
    int64_t wall_ms;
    char text[AMOUNT_BYTES];
    if (!run_started (row, &wall_ms))
        return;
    ago_text (wall_ms, row->how->now_ms, text, sizeof text);
    sbuf_add (&cell->text, text);
}

const struct column run_columns[] = {
    { "run", "run_id", "RUN", COLUMN_STANDARD, "id of the run: its start in UTC", NULL, NULL },
    { "job", "job_id", "JOB ID", COLUMN_STANDARD, "the job that it was", NULL, NULL },
    { "worker", "worker", "WORKER", COLUMN_STANDARD, "where it ran", NULL, NULL },
    { "count", "experiments", "EXPERIMENTS", COLUMN_STANDARD | COLUMN_LIST,
      "how many experiments it has results of", count_text, NULL },
    { "path", "path", "PATH", COLUMN_STANDARD | COLUMN_GIVES, "the folder on the worker's machine",
      NULL, NULL },
    { "experiments", "experiments", "NAMES", COLUMN_GIVES | COLUMN_LIST, "their names", NULL,
      NULL },
    { "started", "started_ms", "STARTED", COLUMN_MADE, "how long ago it started", run_started_text,
      run_started },
    { NULL, NULL, NULL, 0, NULL, NULL, NULL },
};

/* Workers */

const char *column_worker_state (size_t number)
{
    static const char *const states[] = { "idle", "busy", "offline" };
    return number < sizeof states / sizeof *states ? states[number] : NULL;
}

static void state_text (const struct row *row, struct cell *cell)
{
    const char *state = column_field (row->item, "state");
    sbuf_add (&cell->text, state);
    cell->hue = HUE_YELLOW;
    if (strcmp (state, "idle") == 0)
        cell->hue = HUE_GREEN;
    if (strcmp (state, "offline") == 0)
        cell->hue = HUE_RED;
}

static void profiles_text (const struct row *row, struct cell *cell)
{
    paramtext_add_items (value_get (row->item, "profiles"), " ", &cell->text);
}

const struct column worker_columns[] = {
    { "worker", "name", "WORKER", COLUMN_STANDARD, "its name", NULL, NULL },
    { "state", "state", "STATE", COLUMN_STANDARD, "idle, busy or offline", state_text, NULL },
    { "job", "job_id", "JOB ID", COLUMN_STANDARD, "the job that holds its slot", NULL, NULL },
    { "queued", "queued", "QUEUED", COLUMN_STANDARD, "how many wait in its line", NULL, NULL },
    { "profiles", "profiles", "PROFILES",
      COLUMN_STANDARD | COLUMN_GIVES | COLUMN_BLANK | COLUMN_LIST, "what it can run", profiles_text,
      NULL },
    { NULL, NULL, NULL, 0, NULL, NULL, NULL },
};

/* Profiles */

static void parameter_text (const struct row *row, struct cell *cell)
{
    sbuf_add (&cell->text, column_field (row->parameter, "name"));
}

static void default_text (const struct row *row, struct cell *cell)
{
    paramtext_add (value_get (row->parameter, "default"), &cell->text);
    if (value_bool (value_get (row->parameter, "required")))
        sbuf_add (&cell->text, "(required)");
}

static void takes_text (const struct row *row, struct cell *cell)
{
    if (row->parameter)
        params_takes (row->parameter, &cell->text);
}

/* A duration of the profile; 0: none. */
static void add_limit (const struct row *row, const char *field, struct cell *cell)
{
    char text[AMOUNT_BYTES];
    int64_t ms = value_int (value_get (row->item, field));
    if (ms <= 0)
        return;
    duration_text (ms, text, sizeof text);
    sbuf_add (&cell->text, text);
}

static void grace_text (const struct row *row, struct cell *cell)
{
    add_limit (row, "grace_ms", cell);
}

static void limit_text (const struct row *row, struct cell *cell)
{
    add_limit (row, "time_limit_ms", cell);
}

static void silence_text (const struct row *row, struct cell *cell)
{
    add_limit (row, "silence_limit_ms", cell);
}

static void add_size (const struct row *row, const char *field, struct cell *cell)
{
    char text[AMOUNT_BYTES];
    int64_t bytes = value_int (value_get (row->item, field));
    if (bytes <= 0)
        return;
    size_text (bytes, text, sizeof text);
    sbuf_add (&cell->text, text);
}

static void log_limit_text (const struct row *row, struct cell *cell)
{
    add_size (row, "log_limit_bytes", cell);
}

static void memory_limit_text (const struct row *row, struct cell *cell)
{
    add_size (row, "memory_limit_bytes", cell);
}

#define STANDARD COLUMN_STANDARD
#define EACH     (COLUMN_STANDARD | COLUMN_EACH)
#define GIVES    COLUMN_GIVES
#define RIGHT    COLUMN_RIGHT

const struct column profile_columns[] = {
    { "profile", "name", "PROFILE", STANDARD, "its name", NULL, NULL },
    { "worker", "worker", "WORKER", STANDARD, "who has it", NULL, NULL },
    { "parameter", "parameters", "PARAMETER", EACH, "its parameters, a row each", parameter_text,
      NULL },
    { "default", "parameters", "DEFAULT", EACH | COLUMN_BLANK, "what a parameter is if not said",
      default_text, NULL },
    { "takes", "parameters", "TAKES", EACH | GIVES, "what a parameter takes", takes_text, NULL },
    { "command", "command", "COMMAND", GIVES, "the program that it runs", NULL, NULL },
    { "user", "user", "USER", 0, "as whom its jobs run, if not as the worker", NULL, NULL },
    { "limit", "time_limit_ms", "LIMIT", RIGHT, "the time limit of a job", limit_text, NULL },
    { "silence", "silence_limit_ms", "SILENCE", RIGHT, "the time without output that ends a job",
      silence_text, NULL },
    { "grace", "grace_ms", "GRACE", RIGHT, "the time that a cancelled job has", grace_text, NULL },
    { "log_limit", "log_limit_bytes", "LOG LIMIT", RIGHT, "the longest log", log_limit_text, NULL },
    { "memory_limit", "memory_limit_bytes", "MEMORY LIMIT", RIGHT, "the most memory",
      memory_limit_text, NULL },
    { "resume", "resume", "RESUME", 0, "what --resume goes on from: none, experiment", NULL, NULL },
    { "preemptible", "preemptible", "PREEMPTIBLE", 0, "its jobs may be stopped for others", NULL,
      NULL },
    { "may_preempt", "may_preempt", "MAY PREEMPT", 0, "its jobs may stop others (--preempt)", NULL,
      NULL },
    { "cpus", "cpus", "CPUS", COLUMN_LIST, "the processors that it may use", NULL, NULL },
    { "nice", "nice", "NICE", RIGHT, "its niceness", NULL, NULL },
    { NULL, NULL, NULL, 0, NULL, NULL, NULL },
};
