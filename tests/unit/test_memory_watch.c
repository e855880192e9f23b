/* test_memory_watch.c - when memory runs out, at any allocation, `ems watch` breaks nothing and
 * leaks nothing; what is missing is asked for again or said.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "json.h"
#include "out_of_memory.h"
#include "watch.h"

static const char jobs_json[] =
    "{\"jobs\":[{\"job_id\":\"0123456789ab\",\"status\":\"completed\",\"attempt\":1,"
    "\"profile\":\"lab\",\"config\":{\"n\":5},\"notes\":\"first light\",\"worker\":\"w\","
    "\"user\":\"u\",\"priority\":16,\"log\":{\"bytes\":9,\"lines\":1},"
    "\"request_id\":\"0123456789abcdef0123456789abcdef\",\"results_dir\":\"/x\","
    "\"queued_at\":\"2026-02-13T14:30:00.000Z\",\"started_at\":\"2026-02-13T14:30:00.000Z\","
    "\"finished_at\":\"2026-02-13T14:31:00.000Z\",\"exit\":{\"code\":0,\"signal\":null}},"
    "{\"job_id\":\"1a2b3c4d5e6f\",\"status\":\"running\",\"attempt\":1,\"worker\":\"w\","
    "\"profile\":\"lab\",\"started_at\":\"2026-02-13T14:30:00.000Z\"},"
    "{\"job_id\":\"2a2b3c4d5e6f\",\"status\":\"queued\",\"attempt\":1,\"position\":1}],"
    "\"next\":\"x\"}";
static const char workers_json[] = "{\"workers\":[{\"name\":\"w\",\"state\":\"busy\",\"queued\":1},"
                                   "{\"name\":\"v\",\"state\":\"offline\",\"queued\":0}]}";
static const char event_json[] = "{\"worker\":\"w\",\"state\":\"idle\",\"queued\":0}";
static const char profiles_json[] =
    "{\"profiles\":[{\"name\":\"lab\",\"worker\":\"w\",\"parameters\":["
    "{\"name\":\"n\",\"type\":\"int\",\"min\":1,\"max\":9,\"default\":5},"
    "{\"name\":\"items\",\"type\":\"list\",\"allowed\":[\"a\",\"b\"],\"default\":\"all\"},"
    "{\"name\":\"code\",\"type\":\"string\",\"default\":\"x\"}]},"
    "{\"name\":\"lab\",\"worker\":\"v\",\"parameters\":[]}]}";
static const char files_json[] = "{\"run_id\":\"2026-02-13_14-30-45\",\"worker\":\"w\",\"files\":["
                                 "{\"path\":\"summary.md\",\"size\":9}]}";

static struct value *jobs, *workers, *event, *profiles, *files, *piece;

static struct value *read_json (const char *text)
{
    return json_decode (text, strlen (text), NULL);
}

static int load (void **state)
{
    (void)state;
    jobs = read_json (jobs_json);
    workers = read_json (workers_json);
    event = read_json (event_json);
    profiles = read_json (profiles_json);
    files = read_json (files_json);
    piece = read_json ("{\"offset\":0,\"size\":9,\"eof\":true}");
    value_put (piece, "data", value_new_bytes ("log\nlines", 9));
    return jobs && workers && event && profiles && files ? 0 : -1;
}

static int unload (void **state)
{
    (void)state;
    struct value **all[] = { &jobs, &workers, &event, &profiles, &files, &piece };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        value_destroy (all[i]);
    return 0;
}

static const struct value *reply_to (const struct watch_ask *ask)
{
    switch (ask->purpose) {
    case PURPOSE_WORKERS:
        return workers;
    case PURPOSE_PROFILES:
        return profiles;
    case PURPOSE_FILES:
        return files;
    case PURPOSE_LOG:
    case PURPOSE_FILE:
        return piece;
    default:
        return jobs;
    }
}

/* Answer what is asked, but not without end: pages of the same list follow each other. */
static void serve (struct watch *watch)
{
    struct watch_ask ask;
    for (int i = 0; i < 6 && watch_next_ask (watch, &ask); i++) {
        struct watch_answer answer = { .status = STATUS_OK,
                                       .parameter = "",
                                       .body = reply_to (&ask) };
        watch_answer (watch, &ask, &answer);
        value_destroy (&ask.body);
    }
}

/* One draws seldom and little: each picture allocates much, and each allocation is a round. */
static bool use_it (const char *keys, bool listed)
{
    struct watch watch;
    struct canvas canvas;
    watch_init (&watch, "ipc:///x", true, NULL);
    canvas_init (&canvas, true);
    bool good = canvas_resize (&canvas, WATCH_LEAST_ROWS, WATCH_LEAST_WIDTH) == 0;
    watch_time (&watch, 1000, 1771000000000);
    if (listed)
        watch_look (&watch);
    serve (&watch);
    watch_worker (&watch, event);
    watch_job (&watch, value_at (value_get (jobs, "jobs"), 0));
    for (; *keys; keys++)
        watch_key (&watch, *keys);
    serve (&watch);
    watch_draw (&watch, &canvas);
    good = good && !watch.jobs.failed && !watch.log.failed && watch.jobs.count > 0;
    watch_free (&watch);
    canvas_free (&canvas);
    return good;
}

static bool use_lists (struct err *err)
{
    (void)err;
    return use_it ("/light\n", true);
}

static bool use_log (struct err *err)
{
    (void)err;
    return use_it ("l/line\n", false);
}

static bool use_details (struct err *err)
{
    (void)err;
    return use_it ("d", false);
}

static bool use_results (struct err *err)
{
    (void)err;
    return use_it ("o", false);
}

static bool use_form (struct err *err)
{
    (void)err;
    return use_it ("Re", false);
}

static bool change_it (struct err *err)
{
    (void)err;
    return use_it ("Ry", false);
}

/* From the form, which is there, to the request. */
static bool send_form (struct err *err)
{
    struct runform form;
    const char *worker = NULL;
    (void)err;
    runform_init (&form);
    struct value *list = value_copy (value_get (profiles, "profiles"));
    bool good = list && runform_open (&form, list, NULL) == 0;
    struct value *body = good ? runform_body (&form, &worker) : NULL;
    good = good && body && !form.failed;
    value_destroy (&body);
    runform_free (&form);
    return good;
}

static void the_full_screen_breaks_nothing_when_memory_runs_out (void **state)
{
    (void)state;
    sweep_tolerant (use_lists);
    sweep_tolerant (use_log);
    sweep_tolerant (use_details);
    sweep_tolerant (use_results);
    sweep_tolerant (use_form);
    sweep_tolerant (change_it);
    sweep_tolerant (send_form);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_full_screen_breaks_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests (tests, load, unload);
}
