/* ems_ask.c - libems: requests that nobody waits for.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ems_private.h"

#include <stdlib.h>

struct ems_ask {
    struct ems *ems;
    struct ask *ask;
};

struct ems_ask *ems_ask_new (struct ems *ems, const char *type, const char *worker,
                             const struct ems_value *body, struct ems_error *error)
{
    struct err err = { 0 };
    struct ems_ask *self = calloc (1, sizeof *self);
    if (!self) {
        ems_fail_memory (error);
        return NULL;
    }
    self->ems = ems;
    self->ask = session_ask (ems->session, type, worker, ems_value_peek (body), NULL,
                             ems_patience (type), &err);
    if (self->ask && session_step (ems->session, &err) == 0)
        return self;
    ems_fail (error, &err);
    ems_ask_destroy (&self);
    return NULL;
}

void ems_ask_destroy (struct ems_ask **self_p)
{
    struct ems_ask *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    session_drop (self->ems->session, &self->ask);
    free (self);
}

int ems_ask_take (struct ems_ask *self, struct ems_value **reply, struct ems_error *error)
{
    struct err err = { 0 };
    const struct wire_reply *got = NULL;
    if (reply)
        *reply = NULL;
    if (!ask_done (self->ask))
        return 0;
    if (ask_reply (self->ask, &got, &err) < 0)
        return ems_fail (error, &err);
    struct value *copy = got->body ? value_copy (got->body) : NULL;
    bool done = got->status == STATUS_OK || got->status == STATUS_QUEUED;
    if (done && got->body && !copy)
        return ems_fail_memory (error);
    homes_see (&self->ems->homes, value_get (got->body, "job"));
    if (reply)
        *reply = ems_value_from (copy);
    else
        value_destroy (&copy);
    return done ? 1 : ems_refused (error, got);
}
