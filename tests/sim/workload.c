/* workload.c - what clients ask for, and when: chosen by chance, weighted to what is delicate.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "world.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "job.h"
#include "record.h"
#include "seen.h"

#define RUNS_MOST    5
#define LINE_MOST    9  /* the same where jobs wait in line */
#define ERRANDS_MOST 24 /* of one client */
#define PLANS_MOST   16
#define PAUSE_MS     1500 /* some last longer: until all is calm */

/* One client at work. */
struct actor {
    struct client *client;
    struct errand *errands[ERRANDS_MOST];
    int errand_count;
    int actions; /* that are left */
};

/* A cancel that was thought of when the job was started. */
struct plan {
    struct actor *actor;
    char job_id[JOB_ID_BYTES];
    char worker[NAME_BYTES];
};

static struct {
    struct actor actors[WORLD_CLIENTS];
    struct plan plans[PLANS_MOST];
    int plan_count;
    int runs;
} work;

/* ---- jobs ---- */

static size_t add_step (char script[JOB_SCRIPT_BYTES], size_t used, char letter, int64_t number)
{
    int n = snprintf (script + used, JOB_SCRIPT_BYTES - used, "%c%d", letter, (int)number);
    return used + (size_t)n < JOB_SCRIPT_BYTES ? used + (size_t)n : used;
}

/* Most are short: what matters happens at their begin and their end. */
static void choose_script (char script[JOB_SCRIPT_BYTES])
{
    static const int sleeps[] = { 0, 1, 5, 20, 60, 200, 600, 1500 };
    static const int shim_signals[] = { SIGSTOP, SIGSTOP, SIGKILL, SIGTERM };
    size_t used = 0;
    if (world_percent (25)) {
        job_script_random (script, JOB_SCRIPT_BYTES);
        return;
    }
    if (world_percent (25))
        used = add_step (script, used, 'i', world_between (1, 3));
    if (world_percent (20))
        used = add_step (script, used, world_percent (50) ? 'f' : 'o', world_between (1, 2));
    /* Those that only the slot's lock gives away, and mostly when there is no shim. */
    bool hides = world_percent (8), hops = world_percent (7);
    if (hides)
        used = add_step (script, used, 'u', world_percent (50) ? 300000 : world_between (1, 9000));
    if (hops)
        used = add_step (script, used, 'd', world_between (50, 400));
    if (world_percent (hides || hops ? 50 : 5))
        used = add_step (script, used, 'p', shim_signals[world_between (0, 3)]);
    /* A talkative one is for the monitors that cannot keep up. */
    bool talks = world_percent (20);
    for (int64_t parts = talks ? 7 : world_between (1, 3); parts > 0; parts--) {
        used = add_step (script, used, 'w', world_between (1, talks ? 60 : 400));
        used = add_step (script, used, 's', sleeps[world_between (0, talks ? 4 : 7)]);
    }
    if (world_percent (50))
        used = add_step (script, used, 'r', world_between (1, 5000));
    if (world_percent (15))
        used = add_step (script, used, 'h', world_between (2, 60));
    if (world_percent (20))
        used =
            world_percent (70) ? add_step (script, used, 'x', 7) : add_step (script, used, 'k', 11);
}

struct value *workload_run_body (const char *script, int64_t grace_ms, int64_t time_limit_ms)
{
    struct value *body = value_new_map ();
    struct value *params = value_new_map ();
    value_put_string (params, "script", script);
    value_put_string (body, "profile", MACHINE_PROFILE);
    value_put (body, "params", params);
    if (grace_ms >= 0)
        value_put_int (body, "grace_ms", grace_ms);
    if (time_limit_ms > 0)
        value_put_int (body, "time_limit_ms", time_limit_ms);
    return body;
}

/* ---- requests ---- */

static const char *some_worker (void)
{
    if (world_percent (60))
        return NULL;
    return host_name (world.bench[sim_random ((uint64_t)world.benches)]);
}

static void ask (struct actor *actor, const char *type, const char *worker, struct value *body,
                 errand_fn *done)
{
    if (actor->errand_count == ERRANDS_MOST) {
        value_destroy (&body);
        return;
    }
    struct errand *errand = client_ask (actor->client, type, worker, body, done, actor);
    errand->may_give_up = world_percent (20);
    actor->errands[actor->errand_count++] = errand;
}

/* Nobody of it may be seen any more. */
static void cancelled (void *arg, struct errand *errand, const struct wire_reply *reply)
{
    (void)arg;
    (void)errand;
    if (reply && reply->status == STATUS_OK)
        for (int i = 0; i < world.benches; i++)
            machine_history_alive (world.bench[i]);
}

static void cancel (struct actor *actor, const char *job_id, const char *worker)
{
    static const int64_t graces[] = { 0, 30, 300, 1000 };
    struct value *body = value_new_map ();
    value_put_string (body, "job_id", job_id);
    if (world_percent (40))
        value_put_int (body, "grace_ms", graces[world_between (0, 3)]);
    fault_tease ();
    ask (actor, "cancel", world_percent (30) ? NULL : worker, body, cancelled);
}

static void carry_out (void *arg)
{
    const struct plan *plan = arg;
    if (!world.calm && !client_is_down (plan->actor->client))
        cancel (plan->actor, plan->job_id, plan->worker);
}

static void plan_cancel (struct actor *actor, const struct value *job)
{
    const char *script = value_string (value_get (value_get (job, "config"), "script"));
    const char *worker = value_string (value_get (job, "worker"));
    const char *id = value_string (value_get (job, "job_id"));
    if (work.plan_count == PLANS_MOST || !script || !worker || !id)
        return;
    struct plan *plan = &work.plans[work.plan_count++];
    plan->actor = actor;
    snprintf (plan->job_id, sizeof plan->job_id, "%s", id);
    snprintf (plan->worker, sizeof plan->worker, "%s", worker);
    int64_t life_us = job_script_ms (script) * 1000;
    /* Just about its end, or anywhere in its life. */
    int64_t at_us =
        world_percent (40) ? life_us - 3000 + world_between (0, 6000) : world_between (0, life_us);
    sim_after (at_us > 0 ? at_us : 0, carry_out, plan);
}

static bool is_accepted (int status)
{
    return status == STATUS_OK || status == STATUS_QUEUED;
}

static void ran (void *arg, struct errand *errand, const struct wire_reply *reply)
{
    struct actor *actor = arg;
    (void)errand;
    if (!reply || world.calm)
        return;
    if (is_accepted (reply->status) && world_percent (45))
        plan_cancel (actor, value_get (reply->body, "job"));
    if (!is_accepted (reply->status))
        actor->actions++; /* it will try something else */
}

static const struct seen_job *some_job (void)
{
    int newest = seen_count () - 1;
    return seen_at (world_percent (70) ? newest : (int)sim_random ((uint64_t)seen_count ()));
}

/* What a run asks of the line. The worker that it has to go to. */
static const char *stand_in_line (struct value *body, const char *worker)
{
    if (world_percent (85))
        value_put_string (body, "if_busy", "queue");
    if (world_percent (70))
        value_put_int (body, "priority", world_between (15, 17));
    if (world_percent (60))
        value_put_bool (body, "preempt", true);
    if (world.delays && world_percent (40))
        value_put_int (body, "delay_ms", world_between (1, 900));
    if (seen_count () == 0 || !world_percent (25))
        return worker;
    const struct seen_job *job = some_job ();
    value_put_string (body, "after", job->job_id);
    value_put_bool (body, "after_any", world_percent (50));
    return job->worker;
}

static void run (struct actor *actor)
{
    static const int64_t graces[] = { -1, 0, 50, 200, 1000 };
    char script[JOB_SCRIPT_BYTES] = "";
    if (work.runs == (world.line ? LINE_MOST : RUNS_MOST))
        return;
    work.runs++;
    choose_script (script);
    int64_t grace_ms = graces[world_between (0, 4)];
    int64_t limit_ms = world_percent (12) ? world_between (1, 800) : 0;
    int64_t takes_ms = job_script_ms (script) + (grace_ms < 0 ? 2000 : grace_ms);
    if (takes_ms > world.longest_ms)
        world.longest_ms = takes_ms;
    fault_tease ();
    struct value *body = workload_run_body (script, grace_ms, limit_ms);
    const char *worker = some_worker ();
    if (world.line)
        worker = stand_in_line (body, worker);
    ask (actor, "run", worker, body, ran);
}

static void look (struct actor *actor)
{
    struct value *body = value_new_map ();
    if (seen_count () == 0 || world_percent (30)) {
        ask (actor, "list", some_worker (), body, NULL);
        return;
    }
    const struct seen_job *job = seen_at ((int)sim_random ((uint64_t)seen_count ()));
    value_put_string (body, "job_id", job->job_id);
    ask (actor, "status", world_percent (50) ? job->worker : NULL, body, NULL);
}

static void cancel_some (struct actor *actor)
{
    if (seen_count () == 0)
        return;
    const struct seen_job *job = some_job ();
    cancel (actor, job->job_id, job->worker);
}

static void ask_about (struct actor *actor, const char *type, const struct seen_job *job,
                       errand_fn *done)
{
    struct value *body = value_new_map ();
    value_put_string (body, "job_id", job->job_id);
    if (strcmp (type, "priority") == 0)
        value_put_int (body, "priority", world_between (14, 18));
    ask (actor, type, world_percent (30) ? NULL : job->worker, body, done);
}

static void go_on (void *arg)
{
    struct actor *actor = arg;
    if (!world.calm && !client_is_down (actor->client))
        ask_about (actor, "resume", seen_at (seen_count () - 1), NULL);
}

static void paused (void *arg, struct errand *errand, const struct wire_reply *reply)
{
    struct actor *actor = arg;
    (void)errand;
    if (reply && reply->status == STATUS_OK && !world.calm)
        sim_after (world_between (0, PAUSE_MS) * 1000, go_on, actor);
}

/* One in line, if there is any. */
static const struct seen_job *some_waiting (void)
{
    const struct seen_job *chosen = some_job ();
    uint64_t fitting = 0;
    for (int i = 0; i < seen_count (); i++)
        if (seen_at (i)->waits && sim_random (++fitting) == 0)
            chosen = seen_at (i);
    return chosen;
}

static void change_some (struct actor *actor)
{
    if (seen_count () == 0)
        return;
    const struct seen_job *job = some_job ();
    fault_tease ();
    if (world_percent (50))
        ask_about (actor, "priority", some_waiting (), NULL);
    else if (world_percent (70))
        ask_about (actor, "pause", job, paused);
    else
        ask_about (actor, "resume", job, NULL);
}

/* ---- the same again, giving up, crashing ---- */

static struct errand *some_errand (const struct actor *actor, bool over)
{
    struct errand *chosen = NULL;
    uint64_t fitting = 0;
    for (int i = 0; i < actor->errand_count; i++)
        if (actor->errands[i]->over == over && sim_random (++fitting) == 0)
            chosen = actor->errands[i];
    return chosen;
}

/* Of several workers a new broker cannot tell which one refused a run. */
static bool may_ask_again (const struct errand *errand)
{
    bool refused = strcmp (errand->type, "run") == 0 && !is_accepted (errand->status);
    return errand->sent && (world.benches == 1 || errand->worker[0] || !refused);
}

static void same_again (struct actor *actor)
{
    struct errand *errand = some_errand (actor, true);
    if (errand && may_ask_again (errand))
        client_ask_again (errand);
}

static void come_back (void *arg)
{
    const struct actor *actor = arg;
    client_return (actor->client);
}

static void crash (struct actor *actor)
{
    client_crash (actor->client);
    for (int i = 0; i < actor->errand_count; i++)
        if (!actor->errands[i]->over && world_percent (20))
            client_give_up (actor->errands[i]);
    sim_after (world_between (1, 2500) * 1000, come_back, actor);
}

static void give_up_one (struct actor *actor)
{
    struct errand *errand = some_errand (actor, false);
    if (errand)
        client_give_up (errand);
}

/* ---- one thing after the other ---- */

static void act_now (struct actor *actor)
{
    if (world.line && work.runs > 0 && world_percent (35)) {
        change_some (actor);
        return;
    }
    int64_t choice = world_between (0, 99);
    if (choice < (world.line ? 45 : 35) || work.runs == 0)
        run (actor);
    else if (choice < 55)
        cancel_some (actor);
    else if (choice < 72)
        look (actor);
    else if (choice < 88)
        same_again (actor);
    else if (choice < 94)
        crash (actor);
    else
        give_up_one (actor);
}

static void act (void *arg)
{
    struct actor *actor = arg;
    if (world.calm)
        return;
    if (actor->actions > 0 && !client_is_down (actor->client)) {
        actor->actions--;
        act_now (actor);
    }
    int64_t pause_ms = world_percent (30) ? world_between (0, 20) : world_between (20, 1500);
    sim_after (pause_ms * 1000, act, actor);
}

void workload_begin (void)
{
    memset (&work, 0, sizeof work);
    for (int i = 0; i < world.clients; i++) {
        struct actor *actor = &work.actors[i];
        actor->client = world.client[i];
        actor->actions = (int)world_between (world.line ? 4 : 2, world.line ? 12 : 9);
        sim_after (world_between (0, 400) * 1000, act, actor);
    }
}

void workload_stop (void)
{
    for (int i = 0; i < world.clients; i++)
        client_return (world.client[i]);
}
