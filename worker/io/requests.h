/* requests.h - what clients ask (PROTOCOL.md, section 5), one function per type.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_REQUESTS_H
#define EMS_REQUESTS_H

#include "agent.h"
#include "life.h"
#include "pruning.h"
#include "publish.h"
#include "results.h"
#include "settings.h"
#include "store.h"

struct requests;

/* All of it outlives the requests. */
struct requests_env {
    const struct settings *settings;
    int statefd;
    struct store *store;
    struct results *results;
    struct publish *publish;
    struct life *life;
    struct pruning *pruning;
    struct agent *agent;
};

struct requests *requests_new (const struct requests_env *env, struct err *err);
void requests_destroy (struct requests **self_p);

/* One request map from the broker; answered now or later. */
void requests_take (struct requests *self, int64_t ref, const struct requester *who,
                    const void *data, size_t bytes);

/* The connection over which requests came is gone: who waited asks again. */
void requests_forget (struct requests *self);

/* What happened to the job that holds the slot; that it cannot be killed. */
void requests_happened (struct requests *self, enum life_event event);
void requests_stuck (struct requests *self, const struct err *err);
/* What was removed, or would be: the body of the reply, or NULL with *err. */
void requests_pruned (struct requests *self, bool dry_run, const struct value *body,
                      const struct err *err);

#endif
