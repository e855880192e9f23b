/* reportlist.c - lists as tables.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "grid.h"
#include "params.h"
#include "paramtext.h"
#include "standing.h"
#include "statusline.h"
#include "text.h"

static const char *text_of (const struct value *map, const char *key)
{
    const char *text = value_string (value_get (map, key));
    return text ? text : "";
}

static void ago_text (int64_t ms, char *out, size_t out_bytes)
{
    int64_t s = ms / 1000;
    if (s < 1)
        snprintf (out, out_bytes, "now");
    else if (s < 60)
        snprintf (out, out_bytes, "%" PRId64 "s ago", s);
    else if (s < 3600)
        snprintf (out, out_bytes, "%" PRId64 "m ago", s / 60);
    else if (s < 172800)
        snprintf (out, out_bytes, "%" PRId64 "h ago", s / 3600);
    else
        snprintf (out, out_bytes, "%" PRId64 "d ago", s / 86400);
}

/* A cell that was put together; it is freed. */
static void add_made (struct grid *grid, enum hue hue, struct sbuf *text)
{
    grid_add (grid, hue, sbuf_text (text));
    grid->failed = grid->failed || text->failed;
    sbuf_free (text);
}

static enum hue hue_of_worker (const char *state)
{
    if (strcmp (state, "idle") == 0)
        return HUE_GREEN;
    return strcmp (state, "offline") == 0 ? HUE_RED : HUE_YELLOW;
}

/* Columns that are there only if they tell something. */
struct columns {
    bool priority; /* there is a line */
    bool worker;   /* there are several */
};

static void add_job (struct grid *grid, const struct record *job, const struct columns *columns,
                     const struct report *how)
{
    char text[64] = "";
    struct sbuf made;
    sbuf_init (&made);
    grid_add (grid, HUE_PLAIN, job->job_id);
    report_state (job, &made);
    add_made (grid, hue_of_status (job->status), &made);
    if (columns->priority)
        grid_printf (grid, HUE_PLAIN, "%" PRId64, job->priority);
    if (columns->worker)
        grid_add (grid, HUE_PLAIN, job->worker);
    grid_add (grid, HUE_PLAIN, job->profile);
    statusline_count (job, text, sizeof text);
    grid_add (grid, HUE_PLAIN, text[0] ? text : "-");
    text[0] = 0;
    if (job->status == JOB_QUEUED)
        standing_add_waits (job, how, &made);
    else if (job->started_at_ms)
        ago_text (how->now_ms - job->started_at_ms, text, sizeof text);
    if (made.size == 0)
        sbuf_add (&made, text[0] ? text : "-");
    add_made (grid, HUE_PLAIN, &made);
    text[0] = 0;
    int64_t elapsed_ms = report_elapsed_ms (job, how->now_ms);
    if (elapsed_ms >= 0)
        duration_text (elapsed_ms, text, sizeof text);
    grid_add (grid, HUE_PLAIN, text[0] ? text : "-");
    grid_add (grid, HUE_PLAIN, job->notes);
}

static struct columns choose_columns (const struct value *list)
{
    struct columns columns = { false, false };
    for (size_t i = 0; i < value_count (list); i++) {
        const struct value *job = value_at (list, i);
        columns.priority = columns.priority || strcmp (text_of (job, "status"), "queued") == 0;
        columns.worker = columns.worker || strcmp (text_of (job, "worker"),
                                                   text_of (value_at (list, 0), "worker")) != 0;
    }
    return columns;
}

int report_jobs (const struct value *list, const struct report *how, struct sbuf *out,
                 struct err *err)
{
    const char *headings[9] = { "JOB ID", "STATUS" };
    size_t count = 2;
    struct columns columns = choose_columns (list);
    if (columns.priority)
        headings[count++] = "PRIO";
    if (columns.worker)
        headings[count++] = "WORKER";
    headings[count++] = "PROFILE";
    headings[count++] = "PROGRESS";
    headings[count++] = "STARTED";
    headings[count++] = "TIME";
    headings[count++] = "NOTES";
    struct grid grid;
    grid_init (&grid, headings, count);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < value_count (list); i++) {
        struct record job;
        record_init (&job);
        rc = record_from_value (value_at (list, i), &job, err);
        if (rc == 0)
            add_job (&grid, &job, &columns, how);
        record_clear (&job);
    }
    if (rc == 0)
        grid_render (&grid, how->width, how->colour, out);
    grid_free (&grid);
    return rc;
}

void report_runs (const struct value *list, const struct report *how, struct sbuf *out)
{
    static const char *const headings[] = { "RUN", "JOB ID", "WORKER", "EXPERIMENTS", "PATH" };
    struct grid grid;
    grid_init (&grid, headings, sizeof headings / sizeof *headings);
    for (size_t i = 0; i < value_count (list); i++) {
        const struct value *run = value_at (list, i);
        const char *job_id = text_of (run, "job_id");
        grid_add (&grid, HUE_PLAIN, text_of (run, "run_id"));
        grid_add (&grid, HUE_PLAIN, job_id[0] ? job_id : "-");
        grid_add (&grid, HUE_PLAIN, text_of (run, "worker"));
        grid_printf (&grid, HUE_PLAIN, "%zu", value_count (value_get (run, "experiments")));
        grid_add (&grid, HUE_PLAIN, text_of (run, "path"));
    }
    grid_render (&grid, how->width, how->colour, out);
    grid_free (&grid);
}

void report_workers (const struct value *list, const struct report *how, struct sbuf *out)
{
    static const char *const headings[] = { "WORKER", "STATE", "JOB ID", "QUEUED", "PROFILES" };
    struct grid grid;
    grid_init (&grid, headings, sizeof headings / sizeof *headings);
    for (size_t i = 0; i < value_count (list); i++) {
        const struct value *worker = value_at (list, i);
        const char *state = text_of (worker, "state");
        const char *job_id = text_of (worker, "job_id");
        struct sbuf profiles;
        sbuf_init (&profiles);
        paramtext_add_items (value_get (worker, "profiles"), " ", &profiles);
        grid_add (&grid, HUE_PLAIN, text_of (worker, "name"));
        grid_add (&grid, hue_of_worker (state), state);
        grid_add (&grid, HUE_PLAIN, job_id[0] ? job_id : "-");
        grid_printf (&grid, HUE_PLAIN, "%" PRId64, value_int (value_get (worker, "queued")));
        add_made (&grid, HUE_PLAIN, &profiles);
    }
    grid_render (&grid, how->width, how->colour, out);
    grid_free (&grid);
}

static void add_parameters (struct grid *grid, const struct value *profile)
{
    const struct value *parameters = value_get (profile, "parameters");
    for (size_t i = 0; i < value_count (parameters); i++) {
        const struct value *parameter = value_at (parameters, i);
        struct sbuf text;
        sbuf_init (&text);
        grid_add (grid, HUE_PLAIN, i ? "" : text_of (profile, "name"));
        grid_add (grid, HUE_PLAIN, i ? "" : text_of (profile, "worker"));
        grid_add (grid, HUE_PLAIN, text_of (parameter, "name"));
        paramtext_add (value_get (parameter, "default"), &text);
        if (value_bool (value_get (parameter, "required")))
            sbuf_add (&text, "(required)");
        add_made (grid, HUE_PLAIN, &text);
        params_takes (parameter, &text);
        add_made (grid, HUE_PLAIN, &text);
    }
    if (value_count (parameters) > 0)
        return;
    grid_add (grid, HUE_PLAIN, text_of (profile, "name"));
    grid_add (grid, HUE_PLAIN, text_of (profile, "worker"));
    for (int i = 0; i < 3; i++)
        grid_add (grid, HUE_PLAIN, "-");
}

void report_profiles (const struct value *list, const struct report *how, struct sbuf *out)
{
    static const char *const headings[] = { "PROFILE", "WORKER", "PARAMETER", "DEFAULT", "TAKES" };
    struct grid grid;
    grid_init (&grid, headings, sizeof headings / sizeof *headings);
    for (size_t i = 0; i < value_count (list); i++)
        add_parameters (&grid, value_at (list, i));
    grid_render (&grid, how->width, how->colour, out);
    grid_free (&grid);
}

static void size_text (int64_t bytes, char *out, size_t out_bytes)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
    size_t unit = 0;
    double size = (double)bytes / 1024;
    for (; size >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        size /= 1024;
    if (bytes < 1024)
        snprintf (out, out_bytes, "%" PRId64 " B", bytes);
    else
        snprintf (out, out_bytes, "%.1f %s", size, units[unit]);
}

/* Is there a setting by which anything would go? */
static bool retains_all (const struct value *retention)
{
    for (size_t i = 0; i < value_count (retention); i++)
        if (value_int (value_at (retention, i)) > 0)
            return false;
    return value_count (retention) > 0;
}

static void add_pruned (struct grid *grid, const struct value *item)
{
    char size[32];
    const char *run_id = text_of (item, "run_id");
    const char *job_id = text_of (item, "job_id");
    size_text (value_int (value_get (item, "bytes")), size, sizeof size);
    grid_add (grid, HUE_PLAIN, run_id[0] ? run_id : "-");
    grid_add (grid, HUE_PLAIN, job_id[0] ? job_id : "-");
    grid_add (grid, HUE_PLAIN, size);
    grid_add (grid, HUE_PLAIN, text_of (item, "reason"));
}

void report_pruned (const struct value *reply, bool dry, const struct report *how, struct sbuf *out)
{
    static const char *const headings[] = { "RUN", "JOB ID", "SIZE", "REASON" };
    const struct value *list = value_get (reply, "removed");
    int64_t listed = (int64_t)value_count (list);
    int64_t count = value_int (value_get (reply, "count"));
    char size[32];
    struct grid grid;
    count = count < listed ? listed : count;
    if (count == 0) {
        sbuf_printf (out, "nothing %s removed%s\n", dry ? "would be" : "was",
                     retains_all (value_get (reply, "retention"))
                         ? ": the worker's configuration sets no retention"
                         : "");
        return;
    }
    grid_init (&grid, headings, sizeof headings / sizeof *headings);
    for (int64_t i = 0; i < listed; i++)
        add_pruned (&grid, value_at (list, (size_t)i));
    grid_render (&grid, how->width, how->colour, out);
    grid_free (&grid);
    size_text (value_int (value_get (reply, "bytes")), size, sizeof size);
    if (count > listed)
        sbuf_printf (out, "… and %" PRId64 " more\n", count - listed);
    sbuf_printf (out, "%s: %" PRId64 " %s, %s\n", dry ? "would be removed" : "removed", count,
                 count == 1 ? "job" : "jobs", size);
}
