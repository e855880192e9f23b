/* ask.c - who was asked, who has answered, who will not.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ask.h"

#include <stdlib.h>
#include <string.h>

struct ask *ask_new (enum ask_kind kind, struct bytes request)
{
    struct ask *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->kind = kind;
    self->missing = value_new_list ();
    if (request.data)
        self->request = malloc (request.size + 1);
    if (!self->missing || (request.data && !self->request)) {
        ask_destroy (&self);
        return NULL;
    }
    if (request.data) {
        memcpy (self->request, request.data, request.size);
        self->request_bytes = request.size;
    }
    return self;
}

void ask_destroy (struct ask **self_p)
{
    struct ask *self = *self_p;
    if (!self)
        return;
    value_destroy (&self->missing);
    gather_clear (&self->gather);
    free (self->request);
    free (self);
    *self_p = NULL;
}

static uint64_t bit (int worker)
{
    return (uint64_t)1 << (worker % 64);
}

void ask_expect (struct ask *self, int worker)
{
    self->waiting[worker / 64] |= bit (worker);
    self->waits++;
}

bool ask_expects (const struct ask *self, int worker)
{
    return (self->waiting[worker / 64] & bit (worker)) != 0;
}

bool ask_settle (struct ask *self, int worker)
{
    if (!ask_expects (self, worker))
        return false;
    self->waiting[worker / 64] &= ~bit (worker);
    self->waits--;
    return true;
}

void ask_missing (struct ask *self, const char *name)
{
    if (value_append (self->missing, value_new_string (name)) < 0)
        self->failed = true;
}

void ask_offline (struct ask *self, const char *name)
{
    if (self->kind == ASK_GATHER)
        ask_missing (self, name);
    else
        find_offline (&self->find, name);
}

static int take (struct ask *self, const char *name, const struct wire_reply *reply)
{
    if (self->kind == ASK_GATHER)
        return gather_take (&self->gather, reply);
    if (reply->status != STATUS_OK)
        return -1;
    return find_take (&self->find, name, reply->body);
}

void ask_take (struct ask *self, const char *name, struct bytes reply)
{
    struct wire_reply decoded;
    if (wire_reply_decode (reply.data, reply.size, &decoded, NULL) < 0 ||
        take (self, name, &decoded) < 0)
        ask_missing (self, name);
    wire_reply_clear (&decoded);
}
