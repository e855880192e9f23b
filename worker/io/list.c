/* list.c - pages of records and of results, newest first.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <string.h>

#include "limits.h"
#include "requests_private.h"

#define DEFAULT_LIMIT 50
#define RECORDS_MOST  1000   /* records looked at for one page */
#define LINES_MOST    200000 /* lines of the history */
#define PAGE_BYTES    LIMIT_LOG_CHUNK_BYTES
#define LIVE_BYTES    (16 * 1024) /* more than the live record takes */

/* A page of jobs in the making. */
struct page {
    bool wanted[JOB_STATUSES];
    bool over;     /* some of them are those of jobs that are over */
    int64_t lines; /* of the history that were looked at */
    int64_t limit;
    struct value *jobs;
    size_t bytes;
    int64_t looked;
    struct history_entry last; /* the last one that was looked at */
};

static int read_wanted (const struct value *body, struct page *page, struct err *err)
{
    const struct value *list = NULL;
    int rc = value_read_list (body, "status", &list, err);
    if (rc < 0)
        return -1;
    for (size_t i = 0; i < JOB_STATUSES; i++)
        page->wanted[i] = rc == 0;
    for (size_t i = 0; i < value_count (list); i++) {
        const char *name = value_string (value_at (list, i));
        enum job_status status;
        if (!name || job_status_parse (name, &status) < 0)
            return err_set (err, STATUS_BAD_REQUEST,
                            "\"status\" has \"%.32s\" in it; it takes a list of queued, starting, "
                            "running, paused, cancelling, completed, failed and cancelled",
                            name ? name : "something that is no string");
        page->wanted[status] = true;
    }
    for (int i = 0; i < JOB_STATUSES; i++)
        page->over = page->over || (page->wanted[i] && job_status_terminal ((enum job_status)i));
    return 0;
}

/* Where the page begins: the index below which it is; -1 with *err. */
static int64_t first_index (struct requests *self, const char *before, struct err *err)
{
    struct history_entry cursor, entry;
    int64_t count = store_count (self->env.store);
    if (!before)
        return count;
    if (cursor_parse (before, &cursor) < 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"before\" is \"%.64s\"; it takes what an earlier reply gave as next",
                        before);
    int64_t at = store_search_job (self->env.store, count, cursor.job_id, err);
    if (at != -1)
        return at == -2 ? -1 : at;
    /* A job of another worker: by time. */
    for (at = count; at > 0; at--) {
        int rc = store_entry (self->env.store, at - 1, &entry, err);
        if (rc < 0)
            return -1;
        if (rc == 1 && entry.queued_at_ms < cursor.queued_at_ms)
            break;
    }
    return at;
}

static bool passes (int number)
{
    return number == ENOMEM || number == EMFILE || number == ENFILE;
}

/* Can it have a wanted status? Who only wants those that are not over gets them without a look at
 * the records of all that are. */
static bool possible (struct requests *self, const struct page *page, const char *job_id)
{
    const struct record *live = life_record (self->env.life);
    return page->over || life_waits (self->env.life, job_id) ||
           (live && strcmp (live->job_id, job_id) == 0);
}

static int add_job (struct requests *self, struct page *page, struct err *err)
{
    struct record space;
    struct err why = { 0 };
    size_t bytes = LIVE_BYTES;
    record_init (&space);
    errno = 0;
    const struct record *record = life_record (self->env.life);
    if (!record || strcmp (record->job_id, page->last.job_id) != 0)
        record = store_read (self->env.store, page->last.job_id, &space, &bytes, &why) < 0 ? NULL
                                                                                           : &space;
    life_tell_queued (self->env.life, &space);
    int rc = 0;
    /* A record that cannot be read by anybody is not there. One that only cannot be read now must
     * not be missing. */
    if (!record && why.code == STATUS_FAILED && passes (errno))
        rc = err_set (err, STATUS_NO_WORKER, "%s; try again", why.text);
    if (record && page->wanted[record->status]) {
        page->bytes += bytes;
        if (value_append (page->jobs, record_to_value (record)) < 0)
            rc = err_set (err, STATUS_FAILED, "out of memory");
    }
    record_clear (&space);
    return rc;
}

/* Collect the jobs below `at`; returns the index that was reached, or -1. */
static int64_t collect (struct requests *self, struct page *page, int64_t at, struct err *err)
{
    while (at > 0 && (int64_t)value_count (page->jobs) < page->limit && page->bytes < PAGE_BYTES &&
           page->looked < RECORDS_MOST && page->lines < LINES_MOST) {
        struct history_entry entry;
        int rc = store_entry (self->env.store, --at, &entry, err);
        if (rc < 0)
            return -1;
        if (rc == 0)
            continue;
        page->last = entry;
        page->lines++;
        if (!possible (self, page, entry.job_id))
            continue;
        page->looked++;
        if (add_job (self, page, err) < 0)
            return -1;
    }
    return at;
}

static int fill_page (struct requests *self, const struct value *body, struct page *page,
                      char next[CURSOR_BYTES], struct err *err)
{
    const char *before = NULL;
    page->limit = DEFAULT_LIMIT;
    if (read_wanted (body, page, err) < 0 ||
        value_read_int (body, "limit", 1, LIMIT_LIST, &page->limit, err) < 0 ||
        value_read_string (body, "before", LIMIT_STRING_BYTES, &before, err) < 0)
        return -1;
    int64_t at = first_index (self, before, err);
    if (at < 0)
        return -1;
    at = collect (self, page, at, err);
    if (at < 0)
        return -1;
    next[0] = '\0';
    if (at > 0 && page->lines > 0)
        cursor_text (page->last.queued_at_ms, page->last.job_id, next);
    return 0;
}

/* {NAME: list, next?} */
static void reply_page (struct outcome_reply *out, const char *name, struct value *list,
                        const char *next)
{
    out->status = STATUS_OK;
    out->body = value_new_map ();
    if (value_put (out->body, name, list) < 0 ||
        (next[0] && value_put_string (out->body, "next", next) < 0))
        reply_memory (out);
}

void call_list (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    struct page page = { .jobs = value_new_list () };
    char next[CURSOR_BYTES];
    struct err err;
    if (fill_page (self, call->body, &page, next, &err) == 0) {
        reply_page (out, "jobs", page.jobs, next);
        return;
    }
    value_destroy (&page.jobs);
    reply_refuse (out, &err);
}

/* -1 with *err. */
static int read_results (const struct value *body, struct results_page *out, struct err *err)
{
    int64_t limit = DEFAULT_LIMIT;
    if (value_read_int (body, "limit", 1, LIMIT_LIST, &limit, err) < 0 ||
        value_read_string (body, "before", LIMIT_STRING_BYTES, &out->before, err) < 0 ||
        value_read_bool (body, "partial", &out->partial, err) < 0)
        return -1;
    out->limit = (size_t)limit;
    if (out->before[0] && !run_id_valid (out->before))
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"before\" is \"%.64s\"; it takes what an earlier reply gave as next",
                        out->before);
    return 0;
}

void call_results (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    struct results_page page = { .worker = self->env.settings->name, .before = "" };
    char next[RUN_ID_BYTES];
    struct err err;
    struct value *list = NULL;
    if (read_results (call->body, &page, &err) == 0)
        list = results_list (self->env.results, &page, next, &err);
    if (list)
        reply_page (out, "runs", list, next);
    else
        reply_refuse (out, &err);
}
