/* loop.c - CZMQ's zloop as far as reactor.c uses it, over simulated descriptors and sockets.
 *
 * As the real one: all that is ready is found in one look, handlers are called in the order in
 * which their sources were added, and when a handler adds or takes away a source, it looks anew.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "process_private.h"

#include <czmq.h>
#include <errno.h>
#include <stdlib.h>
#include "fd.h"
#include "net.h"

struct poller {
    zmq_pollitem_t item;
    zloop_fn *fn;
    void *arg;
    bool ready;
    bool removed;
    struct poller *next;
};

struct loop {
    struct poller *first;
    bool changed;
};

zloop_t *__wrap_zloop_new (void)
{
    return (zloop_t *)calloc (1, sizeof (struct loop));
}

static void drop_removed (struct loop *self, bool all)
{
    struct poller **p = &self->first;
    while (*p) {
        struct poller *poller = *p;
        if (!all && !poller->removed) {
            p = &poller->next;
            continue;
        }
        *p = poller->next;
        free (poller);
    }
}

void __wrap_zloop_destroy (zloop_t **self_p)
{
    struct loop *self = (struct loop *)*self_p;
    if (self)
        drop_removed (self, true);
    free (self);
    *self_p = NULL;
}

int __wrap_zloop_poller (zloop_t *loop, zmq_pollitem_t *item, zloop_fn *fn, void *arg)
{
    struct loop *self = (struct loop *)loop;
    struct poller *poller = calloc (1, sizeof *poller);
    if (!poller)
        return -1;
    poller->item = *item;
    poller->fn = fn;
    poller->arg = arg;
    struct poller **end = &self->first;
    while (*end)
        end = &(*end)->next;
    *end = poller;
    self->changed = true;
    return 0;
}

void __wrap_zloop_poller_end (zloop_t *loop, zmq_pollitem_t *item)
{
    struct loop *self = (struct loop *)loop;
    for (struct poller *at = self->first; at; at = at->next)
        if (item->socket ? at->item.socket == item->socket
                         : !at->item.socket && at->item.fd == item->fd)
            at->removed = self->changed = true;
}

void __wrap_zloop_poller_set_tolerant (zloop_t *loop, zmq_pollitem_t *item)
{
    (void)loop;
    (void)item;
}

static bool is_ready (const struct poller *poller, struct process *owner)
{
    if (poller->item.socket)
        return net_readable (poller->item.socket);
    const struct file *file = fd_file (owner, poller->item.fd);
    if (!file)
        sim_fail ("the loop of %s has a descriptor that is not open", process_name (owner));
    return file_readable (file, owner);
}

static bool look (struct loop *self)
{
    struct process *owner = process_current ();
    bool any = false;
    drop_removed (self, false);
    self->changed = false;
    for (struct poller *at = self->first; at; at = at->next)
        any |= at->ready = is_ready (at, owner);
    return any;
}

/* Until a handler gives -1, or a signal comes. */
int __wrap_zloop_start (zloop_t *loop)
{
    struct loop *self = (struct loop *)loop;
    for (;;) {
        call_enter ("zmq_poll", CALL_PLAIN);
        bool interrupted = false;
        while (!interrupted && !look (self)) {
            interrupted = call_interrupted ();
            if (!interrupted)
                process_wait_until (-1);
        }
        call_leave ();
        if (interrupted) {
            errno = EINTR;
            return 0;
        }
        for (struct poller *at = self->first; at && !self->changed; at = at->next) {
            sim_count_event ();
            if (at->ready && at->fn (loop, &at->item, at->arg) < 0)
                return -1;
        }
    }
}

void __wrap_zsys_handler_set (zsys_handler_fn *handler)
{
    (void)handler;
}
