/* sweep.c - one job, and a crash at every system call.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "sweep.h"

#include <string.h>
#include "client.h"
#include "machine.h"
#include "net.h"
#include "seen.h"
#include "world.h"

#define RESTART_US   50000
#define LOOK_US      20000
#define SETTLE_MS    30000
#define WORK_MS      2000
#define PROBE_SCRIPT "w20"
#define BRANCHES     6
#define PLAYS        (2 * BRANCHES) /* for each system call */

/* What is played. */
static const struct scene {
    const char *script;
    int64_t grace_ms;
    bool cancel;
} scenes[] = {
    { "w500g1e1e2r700f1w200", 100, false },
    { "w50x3", 100, false },
    { "i1f1o900w300s5000", 30, true },
};

#define SCENES (sizeof scenes / sizeof scenes[0])

enum victim { VICTIM_WORKER, VICTIM_SHIM, VICTIMS };

static const enum process_kind kinds[VICTIMS] = {
    [VICTIM_WORKER] = PROCESS_PROGRAM, [VICTIM_SHIM] = PROCESS_SHIM
};

/* System calls in each scene when nobody is disturbed. */
static uint64_t calls[SCENES][VICTIMS];

struct plan {
    const struct scene *scene;
    bool crash;
    enum victim victim;
    uint64_t call;
    bool power;
    uint64_t branch; /* what the power leaves on the disk */
};

struct program {
    struct process *process; /* NULL: down */
    struct process *(*start) (struct host *);
    const char *name;
};

static struct {
    struct plan plan;
    struct host *host;
    struct program broker, worker;
    struct client *client;
    struct errand *run, *cancel, *look, *probe;
    char job_id[JOB_ID_BYTES];
    bool ran, probed;
    struct process *first_worker;
    uint64_t shim_calls;
} self;

/* ---- programs that are started again ---- */

static void ended (void *arg);

static void start (void *arg)
{
    struct program *program = arg;
    sim_history ("harness", "fault", "\"kind\":\"start\",\"target\":\"%s\"", program->name);
    program->process = program->start (self.host);
    process_on_death (program->process, ended, program);
}

static void ended (void *arg)
{
    struct program *program = arg;
    program->process = NULL;
    sim_after (RESTART_US, start, program);
}

/* ---- what the client does ---- */

static struct value *job_body (void)
{
    struct value *body = value_new_map ();
    value_put_string (body, "job_id", self.job_id);
    return body;
}

static void ran (void *arg, struct errand *errand, const struct wire_reply *reply)
{
    const struct plan *plan = arg;
    (void)errand;
    self.ran = true;
    const struct value *job = reply ? value_get (reply->body, "job") : NULL;
    if (!job)
        return;
    snprintf (self.job_id, sizeof self.job_id, "%s", value_string (value_get (job, "job_id")));
    if (plan->scene->cancel)
        self.cancel = client_ask (self.client, "cancel", NULL, job_body (), NULL, NULL);
}

static void probed (void *arg, struct errand *errand, const struct wire_reply *reply)
{
    (void)arg;
    (void)errand;
    self.probed = reply && reply->status == STATUS_OK;
}

/* A new job runs: asked for again until it does. */
static bool probe (void)
{
    if (!self.probe || (self.probe->over && !self.probed))
        self.probe = client_ask (self.client, "run", NULL, workload_run_body (PROBE_SCRIPT, -1, 0),
                                 probed, NULL);
    return self.probed;
}

static bool is_over (void)
{
    return self.ran && client_is_done (self.client) && machine_is_calm (self.host) &&
           self.worker.process && self.broker.process;
}

/* The job is over, and somebody was told so. */
static bool is_told (void)
{
    if (is_over () && !self.look && self.job_id[0])
        self.look = client_ask (self.client, "status", NULL, job_body (), NULL, NULL);
    return is_over ();
}

static bool is_settled (void)
{
    return is_over () && probe () && machine_is_calm (self.host);
}

/* ---- a play ---- */

/* How many calls the shim of the scene has made: the longest that was seen. */
static void look_at_shims (void)
{
    struct process *at = NULL;
    while ((at = process_next (self.host, at)))
        if (process_kind (at) == PROCESS_SHIM && !self.probe &&
            process_calls (at) > self.shim_calls)
            self.shim_calls = process_calls (at);
}

static void set_scene (const struct plan *plan)
{
    memset (&self, 0, sizeof self);
    self.plan = *plan;
    sim_branch_at_power (1 + plan->branch);
    self.host = machine_new ("bench1");
    self.broker = (struct program){ .start = machine_start_broker, .name = "broker" };
    self.worker = (struct program){ .start = machine_start_worker, .name = "worker-bench1" };
    start (&self.broker);
    if (plan->crash)
        host_kill_next_at (self.host, kinds[plan->victim], plan->call, true, plan->power);
    start (&self.worker);
    self.first_worker = self.worker.process;
    self.client = client_new ("client-1", "bench1", false);
    self.run = client_ask (self.client, "run", NULL,
                           workload_run_body (plan->scene->script, plan->scene->grace_ms, 0), ran,
                           &self.plan);
}

static void nobody_new (const struct seen_job *job)
{
    (void)job;
}

/* Until that is true. */
static bool wait_for (bool (*is_true) (void))
{
    int64_t until_us = sim_now_us () + (int64_t)(SETTLE_MS + WORK_MS) * 1000;
    bool done = false;
    while (!done && sim_now_us () < until_us) {
        int64_t look_us = sim_now_us () + LOOK_US;
        while (sim_now_us () < look_us && sim_run_until (sim_now_us () + LOOK_US / 20))
            look_at_shims ();
        done = is_true ();
    }
    return done;
}

static void play (const struct plan *plan, uint64_t number)
{
    static const struct net_manner manner = {
        .near_us = 30, .far_us = 200, .requests = 1000, .events = 300
    };
    sim_history ("harness", "begin",
                 "\"suite\":\"sweep\",\"seed\":%llu,\"without\":[\"read\",\"read_end\"],"
                 "\"seldom\":[\"again\",\"cancel\"]",
                 (unsigned long long)number);
    net_begin (&manner);
    seen_begin (nobody_new, nobody_new);
    set_scene (plan);
    bool done = wait_for (is_told);
    /* What somebody was told must be durable, even if the worker only knew it from the disk. */
    if (done && !plan->power)
        host_power_loss (self.host);
    sim_history ("harness", "calm", "\"work_ms\":%d", WORK_MS);
    if (done && wait_for (is_settled))
        sim_history ("harness", "settled", NULL);
    machine_history_alive (self.host);
    machine_history_files (self.host);
    sim_history ("harness", "end", NULL);
    client_destroy (&self.client);
    net_end ();
}

/* ---- which there are ---- */

uint64_t sweep_count (void)
{
    uint64_t count = 0;
    for (size_t i = 0; i < SCENES; i++) {
        sim_begin (SWEEP_SEED, NULL);
        play (&(struct plan){ .scene = &scenes[i] }, 0);
        calls[i][VICTIM_WORKER] = process_calls (self.first_worker);
        calls[i][VICTIM_SHIM] = self.shim_calls;
        for (enum victim victim = 0; victim < VICTIMS; victim++)
            count += PLAYS * calls[i][victim];
    }
    return count;
}

void sweep_play (uint64_t index)
{
    uint64_t left = index;
    for (size_t i = 0; i < SCENES; i++)
        for (enum victim victim = 0; victim < VICTIMS; victim++) {
            if (left < PLAYS * calls[i][victim]) {
                struct plan plan = { .scene = &scenes[i],
                                     .crash = true,
                                     .victim = victim,
                                     .call = left / PLAYS,
                                     .power = left % 2 == 1,
                                     .branch = left % PLAYS / 2 };
                play (&plan, index);
                return;
            }
            left -= PLAYS * calls[i][victim];
        }
    sim_fail ("there is no play %llu in the sweep", (unsigned long long)index);
}
