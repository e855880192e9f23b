/* seen.c - answers and records on their way into the history.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "seen.h"

#include <stdio.h>
#include <string.h>
#include "record.h"
#include "sim.h"

static struct {
    struct seen_job jobs[SEEN_JOBS];
    int count;
    seen_fn *on_new;
    seen_fn *on_over;
} seen;

void seen_begin (seen_fn *on_new, seen_fn *on_over)
{
    memset (&seen, 0, sizeof seen);
    seen.on_new = on_new;
    seen.on_over = on_over;
}

int seen_count (void)
{
    return seen.count;
}

struct seen_job *seen_at (int index)
{
    return &seen.jobs[index];
}

static const char *text (const struct value *job, const char *key)
{
    const char *found = value_string (value_get (job, key));
    return found ? found : "";
}

bool seen_is_over (const struct value *job)
{
    enum job_status status;
    return job_status_parse (text (job, "status"), &status) == 0 && job_status_terminal (status);
}

static struct seen_job *find (const struct value *job)
{
    const char *id = text (job, "job_id");
    for (int i = 0; i < seen.count; i++)
        if (strcmp (seen.jobs[i].job_id, id) == 0)
            return &seen.jobs[i];
    if (seen.count == SEEN_JOBS)
        sim_fail ("more than %d jobs", SEEN_JOBS);
    struct seen_job *new = &seen.jobs[seen.count++];
    snprintf (new->job_id, sizeof new->job_id, "%s", id);
    snprintf (new->worker, sizeof new->worker, "%s", text (job, "worker"));
    seen.on_new (new);
    return new;
}

static bool is_past (const struct value *job, int64_t since_us)
{
    const struct seen_job *known = find (job);
    return known->over_us != 0 && known->over_us >= since_us && !seen_is_over (job);
}

/* ,"key":"text" if there is such a text; returns where it ends. */
static char *put (char *at, const char *end, const char *key, const char *value)
{
    if (value[0])
        at += snprintf (at, (size_t)(end - at), ",\"%s\":\"%s\"", key, value);
    return at;
}

void seen_answer (const char *who, const char *request, int status, const struct value *job)
{
    char line[512];
    const char *end = line + sizeof line;
    char *at =
        line + snprintf (line, sizeof line, "\"request\":\"%s\",\"status\":%d", request, status);
    if (job) {
        at = put (at, end, "job", text (job, "job_id"));
        at = put (at, end, "state", text (job, "status"));
        put (at, end, "reason", text (job, "reason"));
    }
    sim_history (who, "answer", "%s", line);
}

void seen_record (const char *who, const struct value *job, const char *source, int64_t since_us)
{
    char line[512];
    const char *end = line + sizeof line;
    struct seen_job *known = find (job);
    if (is_past (job, since_us))
        return;
    known->waits = strcmp (text (job, "status"), "queued") == 0;
    bool news = known->over_us == 0 && seen_is_over (job);
    if (news)
        known->over_us = sim_now_us ();
    char *at =
        line + snprintf (line, sizeof line, "\"job\":\"%s\",\"status\":\"%s\",\"attempt\":%d",
                         text (job, "job_id"), text (job, "status"),
                         (int)value_int (value_get (job, "attempt")));
    at = put (at, end, "reason", text (job, "reason"));
    at = put (at, end, "request", text (job, "request_id"));
    at = put (at, end, "run_id", text (job, "run_id"));
    put (at, end, "source", source);
    sim_history (who, "record", "%s", line);
    if (news)
        seen.on_over (known);
}
