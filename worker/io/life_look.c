/* life_look.c - gathering the facts about a job whose shim we are not connected to, and acting
 * on the decision.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "clock.h"
#include "jobdir.h"
#include "life_private.h"
#include "note.h"
#include "proc.h"
#include "shimstart.h"

/* What was found on the way and may be needed. */
struct look {
    struct attach_facts facts;
    struct exit_record exit;
    struct shim_record shim;
    int ctl;   /* -1: not connected */
    int pidfd; /* of the shim; -1: dead */
};

static bool spec_there (int dirfd)
{
    struct spec spec;
    if (spec_read (dirfd, &spec, NULL) < 0)
        return false;
    spec_clear (&spec);
    return true;
}

static bool exit_there (const struct life *self, struct exit_record *out)
{
    struct err err = { 0 };
    if (exit_record_read (self->dirfd, out, &err) == 0)
        return true;
    if (err.code != STATUS_UNKNOWN)
        worker_note ("the outcome of job %s cannot be read: %s", self->record.job_id, err.text);
    return false;
}

static void gather (const struct life *self, bool may_spawn, struct look *out)
{
    struct err err = { 0 };
    *out = (struct look){ .ctl = -1, .pidfd = -1 };
    struct attach_facts *facts = &out->facts;
    facts->record = true;
    facts->terminal = job_status_terminal (self->record.status);
    facts->may_spawn = may_spawn;
    facts->exit_record = exit_there (self, &out->exit);
    if (facts->exit_record)
        return;
    out->ctl = ctl_connect (self->dirfd, NULL);
    facts->connected = out->ctl >= 0;
    /* A start record that cannot be read is one all the same: never start it again. */
    facts->shim_record =
        shim_record_read (self->dirfd, &out->shim, &err) == 0 || err.code != STATUS_UNKNOWN;
    if (err.code == 0)
        out->pidfd = proc_open (&out->shim.shim, NULL);
    facts->shim_alive = out->pidfd >= 0;
    facts->spec = spec_there (self->dirfd);
}

static const enum ending_kind kinds[OUTCOMES] = {
    [OUTCOME_EXITED] = ENDING_EXITED,
    [OUTCOME_CANCELLED] = ENDING_CANCELLED,
    [OUTCOME_TIME_LIMIT] = ENDING_TIME_LIMIT,
    [OUTCOME_SPAWN] = ENDING_SPAWN,
    [OUTCOME_DISK] = ENDING_DISK,
};

static void finish (struct life *self, const struct exit_record *outcome)
{
    struct ending ending = {
        .kind = kinds[outcome->outcome],
        .has_code = outcome->has_code,
        .code = outcome->code,
        .has_signal = outcome->has_signal,
        .signal = outcome->signal,
        .forced = outcome->forced,
        .started_at_ms = outcome->started_at_ms,
        .finished_at_ms = outcome->finished_at_ms,
        .user_s = outcome->user_s,
        .system_s = outcome->system_s,
        .max_rss_kb = outcome->max_rss_kb,
        .leftovers_killed = outcome->leftovers_killed,
    };
    memcpy (ending.detail, outcome->detail, sizeof ending.detail);
    self->unkilled = outcome->unkilled;
    life_collect (self, &ending);
}

static void without_outcome (struct life *self, enum ending_kind kind, const char *detail)
{
    struct ending ending = { .kind = kind, .finished_at_ms = clock_wall_ms () };
    snprintf (ending.detail, sizeof ending.detail, "%s", detail);
    self->orphaned = true;
    life_collect (self, &ending);
}

/* The shim that was about to end is gone. */
static void ended (void *arg)
{
    struct life *self = arg;
    life_unfollow (self);
    life_reap (self);
    life_look (self, false);
}

static void wait_for (struct life *self, int pidfd)
{
    struct err err;
    if (reactor_add_fd (self->env.reactor, pidfd, ended, self, &err) == 0) {
        self->shim = pidfd;
        return;
    }
    worker_note ("cannot wait for the shim of job %s: %s; trying again", self->record.job_id,
                 err.text);
    close (pidfd);
    reactor_arm (self->env.reactor, &self->retry, clock_mono_ms () + LIFE_RETRY_MS);
}

static void act (struct life *self, struct look *look)
{
    switch (attach_decide (&look->facts)) {
    case ATTACH_FINISH:
        finish (self, &look->exit);
        break;
    case ATTACH_FOLLOW:
        life_follow (self, look->ctl);
        look->ctl = -1;
        break;
    case ATTACH_WAIT:
        wait_for (self, look->pidfd);
        look->pidfd = -1;
        break;
    case ATTACH_SPAWN:
        life_spawn (self);
        break;
    case ATTACH_SPAWN_FAILED:
        without_outcome (self, ENDING_SPAWN,
                         self->spawn_error[0] ? self->spawn_error
                                              : "ems-shim ended before anything was started");
        break;
    default:
        without_outcome (self, ENDING_LOST,
                         "the shim died without an outcome; what was left was killed");
        break;
    }
}

void life_look (struct life *self, bool may_spawn)
{
    struct look look;
    gather (self, may_spawn, &look);
    act (self, &look);
    if (look.ctl >= 0)
        close (look.ctl);
    if (look.pidfd >= 0)
        close (look.pidfd);
}

void life_spawn (struct life *self)
{
    struct err err = { 0 };
    int ctl = -1;
    if (results_restage (self->env.results, self->record.run_id, &err) == 0)
        ctl = spawn_shim (self->env.shim, self->env.state, self->record.job_id, self->dirfd, &err);
    if (ctl >= 0) {
        life_follow (self, ctl);
        return;
    }
    snprintf (self->spawn_error, sizeof self->spawn_error, "%s", err.text);
    life_look (self, false);
}
