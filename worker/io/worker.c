/* worker.c - the parts and how they hear of each other.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "worker.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "agent.h"
#include "beneath.h"
#include "files.h"
#include "jobuser.h"
#include "life.h"
#include "note.h"
#include "outbox.h"
#include "pruning.h"
#include "publish.h"
#include "requests.h"
#include "results.h"
#include "setup.h"
#include "store.h"

struct worker {
    char *state;
    int statefd;
    int lock; /* worker.lock */
    char *shim;
    char *notify; /* path of ems-notify */
    struct settings settings;
    struct cert cert;       /* ours, if the broker is reached over TCP */
    struct value *profiles; /* their names */
    void *context;
    struct reactor *reactor;
    struct store *store;
    struct results *results;
    struct publish *publish;
    struct outbox *outbox;
    struct life *life;
    struct pruning *pruning;
    struct agent *agent;
    struct requests *requests;
};

static const char *holder (void *arg)
{
    struct worker *self = arg;
    const struct record *record = life_record (self->life);
    return record ? record->job_id : NULL;
}

static size_t queued (void *arg)
{
    struct worker *self = arg;
    return life_queued (self->life);
}

static int64_t yields_to (void *arg)
{
    struct worker *self = arg;
    return life_yields_to (self->life);
}

static void request (void *arg, int64_t ref, const struct requester *who, const void *data,
                     size_t bytes)
{
    struct worker *self = arg;
    requests_take (self->requests, ref, who, data, bytes);
}

static void forget (void *arg)
{
    struct worker *self = arg;
    requests_forget (self->requests);
}

static void renewed (void *arg)
{
    struct worker *self = arg;
    publish_renew (self->publish);
}

static void changed (void *arg)
{
    struct worker *self = arg;
    agent_tell (self->agent);
    pruning_changed (self->pruning);
}

static bool tidying (void *arg)
{
    struct worker *self = arg;
    return pruning_holds (self->pruning);
}

static void pruned (void *arg, bool dry_run, struct value *body, const struct err *err)
{
    struct worker *self = arg;
    requests_pruned (self->requests, dry_run, body, err);
}

static void happened (void *arg, enum life_event event)
{
    struct worker *self = arg;
    requests_happened (self->requests, event);
    if (event == LIFE_ENDED)
        pruning_job_over (self->pruning);
}

static void stuck (void *arg, const struct err *err)
{
    struct worker *self = arg;
    requests_stuck (self->requests, err);
}

static void signalled (void *arg, int number)
{
    struct worker *self = arg;
    if (number == SIGCHLD)
        life_reap (self->life);
    else if (number == SIGTERM || number == SIGINT)
        reactor_stop (self->reactor);
}

static struct value *profile_names (const struct settings *settings)
{
    struct value *list = value_new_list ();
    for (size_t i = 0; list && i < settings->profiles.count; i++)
        if (value_append (list, value_new_string (settings->profiles.items[i].name)) < 0)
            value_destroy (&list);
    return list;
}

static int load_certificate (struct worker *self, struct err *err)
{
    if (secrets_guard (false, err) < 0)
        return -1;
    if (cert_load (self->settings.certificate, &self->cert, err) == 0)
        return 0;
    err->code = STATUS_BAD_REQUEST; /* whatever it is, a folder say: the configuration is wrong */
    return -1;
}

/* What is ours alone: folder, settings, lock, files. */
static int open_state (struct worker *self, const char *state, const char *config, struct err *err)
{
    if (beneath_check (err) < 0)
        return -1;
    self->state = setup_state (state, &self->statefd, err);
    if (!self->state || setup_settings (config, self->state, &self->settings, err) < 0 ||
        (self->settings.certificate && load_certificate (self, err) < 0) ||
        (self->lock = setup_lock (self->statefd, self->state, err)) < 0)
        return -1;
    self->shim = setup_beside ("ems-shim", err);
    self->notify = self->shim ? setup_beside ("ems-notify", err) : NULL;
    self->store = self->notify ? store_new (self->statefd, err) : NULL;
    return self->store ? 0 : -1;
}

static int open_loop (struct worker *self, struct err *err)
{
    self->profiles = profile_names (&self->settings);
    self->context = zmq_ctx_new ();
    if (!self->context || !self->profiles)
        return err_set (err, STATUS_FAILED, "out of memory");
    self->reactor = reactor_new (err);
    if (!self->reactor || reactor_on_signal (self->reactor, signalled, self, err) < 0)
        return -1;
    const struct publish_way way = { self->context, self->settings.publish, &self->cert,
                                     self->settings.server_key };
    self->publish = publish_new (self->reactor, &way, self->settings.name, err);
    if (self->publish)
        self->results = results_new (self->reactor, self->statefd, self->state, err);
    if (!self->results)
        return -1;
    return job_users_any (&self->settings.profiles)
               ? results_let_pass (self->results, self->statefd, err)
               : 0;
}

static int open_pruning (struct worker *self, struct err *err)
{
    const struct pruning_env env = {
        .reactor = self->reactor,
        .policy = &self->settings.retention,
        .store = self->store,
        .results = self->results,
        .life = self->life,
        .done = pruned,
        .arg = self,
    };
    self->pruning = pruning_new (&env, err);
    return self->pruning ? 0 : -1;
}

static int open_outbox (struct worker *self, struct err *err)
{
    const struct outbox_env outbox = {
        .reactor = self->reactor,
        .statefd = self->statefd,
        .state = self->state,
        .program = self->notify,
        .targets = &self->settings.targets,
    };
    self->outbox = outbox_new (&outbox, err);
    return self->outbox ? 0 : -1;
}

static int open_parts (struct worker *self, struct err *err)
{
    const struct life_env life = {
        .reactor = self->reactor,
        .store = self->store,
        .results = self->results,
        .publish = self->publish,
        .outbox = self->outbox,
        .statefd = self->statefd,
        .state = self->state,
        .shim = self->shim,
        .worker = self->settings.name,
        .use_cgroup = self->settings.use_cgroup,
        .changed = changed,
        .tidying = tidying,
        .happened = happened,
        .stuck = stuck,
        .arg = self,
    };
    const struct agent_env agent = {
        .reactor = self->reactor,
        .context = self->context,
        .endpoint = self->settings.workers,
        .cert = &self->cert,
        .server_key = self->settings.server_key,
        .name = self->settings.name,
        .profiles = self->profiles,
        .holder = holder,
        .queued = queued,
        .yields_to = yields_to,
        .request = request,
        .forget = forget,
        .renewed = renewed,
        .arg = self,
    };
    self->life = life_new (&life, err);
    self->agent = self->life ? agent_new (&agent, err) : NULL;
    if (!self->agent || open_pruning (self, err) < 0)
        return -1;
    const struct requests_env requests = {
        .settings = &self->settings,
        .statefd = self->statefd,
        .store = self->store,
        .results = self->results,
        .publish = self->publish,
        .life = self->life,
        .pruning = self->pruning,
        .agent = self->agent,
    };
    self->requests = requests_new (&requests, err);
    return self->requests ? 0 : -1;
}

struct worker *worker_new (const char *state, const char *config, struct err *err)
{
    struct worker *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    self->statefd = self->lock = -1;
    if (open_state (self, state, config, err) < 0 || open_loop (self, err) < 0 ||
        open_outbox (self, err) < 0 || open_parts (self, err) < 0 ||
        life_recover (self->life, err) < 0)
        worker_destroy (&self);
    else
        pruning_start (self->pruning);
    return self;
}

void worker_destroy (struct worker **self_p)
{
    struct worker *self = *self_p;
    if (!self)
        return;
    agent_destroy (&self->agent);
    pruning_destroy (&self->pruning);
    life_destroy (&self->life);
    requests_destroy (&self->requests);
    outbox_destroy (&self->outbox);
    results_destroy (&self->results);
    publish_destroy (&self->publish);
    reactor_destroy (&self->reactor);
    if (self->context)
        zmq_ctx_term (self->context);
    store_destroy (&self->store);
    value_destroy (&self->profiles);
    settings_clear (&self->settings);
    cert_clear (&self->cert);
    if (self->lock >= 0)
        close (self->lock);
    if (self->statefd >= 0)
        close (self->statefd);
    free (self->shim);
    free (self->notify);
    free (self->state);
    free (self);
    *self_p = NULL;
}

int worker_check (const char *state, const char *config, struct err *err)
{
    struct worker self = { 0 };
    char *path = realpath (state, NULL); /* NULL: it is still to be made */
    int rc = setup_settings (config, path ? path : state, &self.settings, err);
    if (rc == 0 && self.settings.certificate)
        rc = load_certificate (&self, err);
    settings_clear (&self.settings);
    cert_clear (&self.cert);
    free (path);
    return rc;
}

int worker_serve (struct worker *self, struct err *err)
{
    worker_note ("worker %s serves %s", self->settings.name, self->state);
    int rc = reactor_run (self->reactor, err);
    if (rc == 0)
        worker_note ("worker %s ends%s", self->settings.name,
                     life_record (self->life) ? "; its job goes on" : "");
    return rc;
}
