/* finale.c - faults stop, and with nobody's help everything must come right within 30 s.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "world.h"

#include <string.h>
#include "record.h"
#include "seen.h"

#define LOOK_US   (100 * 1000)
#define SETTLE_MS 30000
#define SPARE_MS  2000 /* to end a job: kill, drain, files */
#define PROBE     "w20x0"
#define LIST_US   (10 * 1000000)
#define LIST_MOST 500
#define WAKE_US   (2 * 1000000)
#define REPEATED  16 /* attempts of all jobs, beyond one for each client */

static struct {
    struct client *client;
    struct errand *errand[WORLD_BENCHES];
    bool good[WORLD_BENCHES];
    struct client *waker;
} probe;

static int64_t work_ms (void)
{
    /* Each client may have one job still to be accepted, one after the other. */
    int64_t attempts = world.clients + 1 + (world.line ? REPEATED : 0);
    return attempts * (world.longest_ms + SPARE_MS);
}

static bool people_are_done (void)
{
    for (int i = 0; i < world.clients; i++)
        if (!client_is_done (world.client[i]))
            return false;
    for (int i = 0; i < world.monitors; i++)
        if (!monitor_is_done (world.monitor[i]))
            return false;
    return true;
}

static bool machines_are_done (void)
{
    for (int i = 0; i < world.benches; i++)
        if (!world.worker[i].process || !machine_is_calm (world.bench[i]))
            return false;
    return world.broker.process != NULL;
}

static void probed (void *arg, struct errand *errand, const struct wire_reply *reply)
{
    bool *good = arg;
    (void)errand;
    *good = reply && reply->status == STATUS_OK;
}

/* A new job runs on every worker: asked again until one does. */
static bool probes_are_good (void)
{
    bool all = true;
    if (!probe.client)
        probe.client = client_new ("client-9", host_name (world.hub), false);
    for (int i = 0; i < world.benches; i++) {
        if (!probe.errand[i] || (probe.errand[i]->over && !probe.good[i]))
            probe.errand[i] = client_ask (probe.client, "run", host_name (world.bench[i]),
                                          workload_run_body (PROBE, -1, 0), probed, &probe.good[i]);
        all = all && probe.good[i];
    }
    return all;
}

static bool is_settled (void)
{
    if (!people_are_done () || !machines_are_done ())
        return false;
    return probes_are_good () && machines_are_done ();
}

/* ---- whoever was once accepted is in the list for good ---- */

static void listed (void *arg, struct errand *errand, const struct wire_reply *reply)
{
    (void)arg;
    (void)errand;
    const struct value *jobs = reply ? value_get (reply->body, "jobs") : NULL;
    for (size_t at = 0; at < value_count (jobs); at++) {
        const char *id = value_string (value_get (value_at (jobs, at), "job_id"));
        for (int i = 0; id && i < seen_count (); i++)
            if (strcmp (seen_at (i)->job_id, id) == 0)
                seen_at (i)->listed = true;
    }
}

static void check_lists (void)
{
    for (int i = 0; i < world.benches; i++) {
        struct value *body = value_new_map ();
        value_put_int (body, "limit", LIST_MOST);
        client_ask (probe.client, "list", host_name (world.bench[i]), body, listed, NULL);
    }
    int64_t until_us = sim_now_us () + LIST_US;
    while (!client_is_done (probe.client) && sim_now_us () < until_us)
        sim_run_until (sim_now_us () + LOOK_US);
    for (int i = 0; i < seen_count (); i++)
        if (!seen_at (i)->listed)
            sim_violation ("job %s is not in the list any more", seen_at (i)->job_id);
}

/* Whoever paused a job may be gone. */
static void wake_all (void *arg)
{
    (void)arg;
    if (!probe.waker)
        return;
    for (int i = 0; i < seen_count (); i++) {
        const struct seen_job *job = seen_at (i);
        struct value *body = value_new_map ();
        value_put_string (body, "job_id", job->job_id);
        if (job->over_us == 0)
            client_ask (probe.waker, "resume", job->worker, body, NULL, NULL);
        else
            value_destroy (&body);
    }
    sim_after (WAKE_US, wake_all, NULL);
}

static void tell_what_is_open (void)
{
    for (int i = 0; i < world.clients; i++)
        if (!client_is_done (world.client[i]))
            sim_note ("%s still waits", client_who (world.client[i]));
    for (int i = 0; i < world.monitors; i++)
        sim_note ("monitor-%d is %s", i + 1, monitor_state (world.monitor[i]));
    for (int i = 0; i < world.benches; i++)
        sim_note ("%s is %s", host_name (world.bench[i]),
                  machine_is_calm (world.bench[i]) ? "calm" : "busy");
}

void finale_play (void)
{
    memset (&probe, 0, sizeof probe);
    world.calm = true;
    fault_mend ();
    world_start_all ();
    workload_stop ();
    if (world.line) {
        probe.waker = client_new ("waker", host_name (world.hub), true);
        wake_all (NULL);
    }
    sim_history ("harness", "calm", "\"work_ms\":%lld", (long long)work_ms ());
    int64_t until_us = sim_now_us () + (SETTLE_MS + work_ms ()) * 1000;
    bool done = false;
    while (!done && sim_now_us () < until_us) {
        sim_run_until (sim_now_us () + LOOK_US);
        done = is_settled ();
    }
    if (done)
        sim_history ("harness", "settled", NULL);
    else
        tell_what_is_open ();
    if (done)
        check_lists ();
    for (int i = 0; i < world.benches; i++) {
        machine_history_alive (world.bench[i]);
        machine_history_files (world.bench[i]);
    }
    client_destroy (&probe.client);
    client_destroy (&probe.waker);
}
