/* doctor_here.c - the state folder of this machine, its locks and its configuration.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "doctor.h"

#include <errno.h>
#include <string.h>

#define OTHERS_WRITE 022

/* false: nothing more can be told of it. */
static bool look_at_folder (struct findings *self, const struct doctor_here *facts)
{
    if (facts->error == ENOENT) {
        findings_add (self, VERDICT_WRONG, "state",
                      "there is no state folder %s: nothing was ever "
                      "started with it",
                      facts->state);
        findings_advise (self, "`ems up` makes it and starts broker and worker; or say where the "
                               "broker is: --state DIR, -e ENDPOINT, `ems context add`");
        return false;
    }
    if (facts->error != 0) {
        findings_add (self, VERDICT_WRONG, "state", "the state folder %s cannot be opened: %s",
                      facts->state, facts->error_text);
        findings_advise (self, "use a folder of your own (--state DIR), or ask who runs that "
                               "broker for a way over TCP (`ems help context`)");
        return false;
    }
    if ((facts->mode & OTHERS_WRITE) != 0) {
        findings_add (self, VERDICT_WARNING, "state",
                      "others can write into the state folder %s (mode %03o)", facts->state,
                      facts->mode & 0777);
        findings_advise (self, "chmod go-w %s", facts->state);
    } else if (facts->user != 0 && facts->owner != facts->user) {
        findings_add (self, VERDICT_WARNING, "state",
                      "the state folder %s belongs to user %u, and you are user %u", facts->state,
                      facts->owner, facts->user);
        findings_advise (self, "use a folder of your own: --state DIR");
    } else {
        findings_add (self, VERDICT_OK, "state", "%s", facts->state);
    }
    return true;
}

static void missing (struct findings *self, const struct doctor_here *facts,
                     const struct doctor_daemon *daemon, enum verdict verdict)
{
    findings_add (self, verdict, "locks", "no %s runs with %s%s%s", daemon->name, facts->state,
                  daemon->said[0] ? "; the last one said: " : "", daemon->said);
    findings_advise (self, "ems up");
}

static void look_at_broker (struct findings *self, const struct doctor_here *facts)
{
    const struct doctor_daemon *broker = &facts->broker;
    if (broker->unclear[0]) {
        findings_add (self, VERDICT_WRONG, "locks", "%s", broker->unclear);
        findings_advise (self, "`lslocks | grep broker.lock` says who it is; end that process, "
                               "then `ems up`");
    } else if (broker->pid == 0 && !facts->answers) {
        missing (self, facts, broker, VERDICT_WRONG);
    } else if (broker->pid == 0) {
        findings_add (self, VERDICT_WARNING, "locks",
                      "somebody answers in the place of a broker, but nobody holds %s/sock/"
                      "broker.lock",
                      facts->state);
        findings_advise (self, "`fuser -v %s/sock/clients` says who it is", facts->state);
    } else if (!facts->answers) {
        findings_add (self, VERDICT_WRONG, "locks",
                      "a broker (process %d) holds %s/sock/broker.lock and does not answer",
                      broker->pid, facts->state);
        findings_advise (self,
                         "kill -CONT %d if it was stopped; else kill -KILL %d, then `ems "
                         "up`: nothing is lost by that",
                         broker->pid, broker->pid);
    } else {
        findings_add (self, VERDICT_OK, "locks", "the broker (process %d) holds its own",
                      broker->pid);
    }
}

static void look_at_worker (struct findings *self, const struct doctor_here *facts)
{
    const struct doctor_daemon *worker = &facts->worker;
    if (worker->unclear[0]) {
        findings_add (self, VERDICT_WRONG, "locks", "%s", worker->unclear);
        findings_advise (self, "`lslocks | grep worker.lock` says who it is; end that process, "
                               "then `ems up`");
    } else if (worker->pid == 0 && facts->slot_taken) {
        findings_add (self, VERDICT_WARNING, "locks",
                      "a job goes on in %s, and no worker watches it", facts->state);
        findings_advise (self, "ems up");
    } else if (worker->pid == 0 && facts->connected > 0) {
        findings_add (self, VERDICT_OK, "locks", "no worker runs with %s; others are connected",
                      facts->state);
    } else if (worker->pid == 0) {
        missing (self, facts, worker, VERDICT_WRONG);
    } else if (facts->answers && facts->connected == 0) {
        findings_add (self, VERDICT_WRONG, "locks",
                      "a worker (process %d) holds %s/worker.lock and is not connected to the "
                      "broker%s%s",
                      worker->pid, facts->state, worker->said[0] ? "; it said: " : "",
                      worker->said);
        findings_advise (self,
                         "kill -CONT %d if it was stopped; else `ems down`, then `ems up`: "
                         "its job goes on",
                         worker->pid);
    } else {
        findings_add (self, VERDICT_OK, "locks", "the worker (process %d) holds its own",
                      worker->pid);
    }
}

/* As the broker begins it: that file is read again without a new start. */
#define OF_USERS "the users file: "

static void object (struct findings *self, const struct doctor_daemon *daemon)
{
    if (!daemon->objection[0])
        return;
    findings_add (self, VERDICT_WRONG, "configuration", "the %s refuses it: %s", daemon->name,
                  daemon->objection);
    if (daemon->pid > 0 && strncmp (daemon->objection, OF_USERS, strlen (OF_USERS)) == 0)
        findings_advise (self, "mend it, then `ems reload`: until then the users stay what they "
                               "were");
    else
        findings_advise (self, daemon->pid > 0
                                   ? "mend it, then `ems down` and `ems up`: a running job goes on"
                                   : "mend it, then `ems up`");
}

static void look_at_configuration (struct findings *self, const struct doctor_here *facts)
{
    bool refused = facts->broker.objection[0] || facts->worker.objection[0];
    bool older = (facts->broker.pid > 0 && facts->broker.older_than_config) ||
                 (facts->worker.pid > 0 && facts->worker.older_than_config);
    if (facts->config_error) {
        findings_add (self, VERDICT_WRONG, "configuration", "%s cannot be read: %s", facts->config,
                      facts->config_error);
        findings_advise (self,
                         "`ems up --config FILE` names another; `rm %s/config` goes back to "
                         "what is shipped",
                         facts->state);
        return;
    }
    object (self, &facts->broker);
    object (self, &facts->worker);
    if (refused)
        return;
    if (older) {
        findings_add (self, VERDICT_WARNING, "configuration",
                      "%s was changed after broker or worker had read it", facts->config);
        findings_advise (self, "`ems down`, then `ems up` makes it count; a running job goes on");
    } else {
        findings_add (self, VERDICT_OK, "configuration", "%s",
                      facts->config ? facts->config : "what is shipped: the profile lab");
    }
}

void doctor_here (struct findings *self, const struct doctor_here *facts)
{
    if (!look_at_folder (self, facts))
        return;
    look_at_broker (self, facts);
    look_at_worker (self, facts);
    look_at_configuration (self, facts);
}
