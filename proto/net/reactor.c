/* reactor.c - one loop over zloop, with the traps of zloop removed.
 *
 * Time is a timerfd in the poll set and not a zloop timer: those fire in bursts after a stall,
 * cost an allocation each, and one that is cancelled outside the running loop is an assertion when
 * the loop is destroyed.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "reactor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "clock.h"

#define SIGNALS_PER_TURN 16
#define NEVER            INT64_MAX

/* Something that is polled: a socket, or a descriptor if socket is NULL. */
struct source {
    struct reactor *reactor;
    zmq_pollitem_t item;
    reactor_fn *fn;
    void *arg;
    struct source *next;
};

struct reactor {
    zloop_t *loop;
    struct source *sources;
    int timer_fd;
    int64_t wake_ms;             /* what timer_fd is set to */
    struct reactor_timer *armed; /* waiting for their deadline */
    struct reactor_timer *due;   /* their deadline has passed; about to be called */
    int signal_fd;               /* -1 until reactor_on_signal */
    reactor_signal_fn *signal_fn;
    void *signal_arg;
    bool stopped;
};

/* Signals */

static void delivered_signals (sigset_t *set)
{
    sigemptyset (set);
    sigaddset (set, SIGINT);
    sigaddset (set, SIGTERM);
    sigaddset (set, SIGHUP);
    sigaddset (set, SIGCHLD);
}

void reactor_block_signals (void)
{
    sigset_t set;
    delivered_signals (&set);
    sigprocmask (SIG_BLOCK, &set, NULL);
    signal (SIGPIPE, SIG_IGN);
    zsys_handler_set (NULL);
}

void reactor_child_signals (sigset_t *mask, sigset_t *defaults)
{
    sigemptyset (mask);
    delivered_signals (defaults);
    sigaddset (defaults, SIGPIPE);
}

static void take_signals (void *arg)
{
    struct reactor *self = arg;
    for (int i = 0; i < SIGNALS_PER_TURN && self->signal_fd >= 0 && !self->stopped; i++) {
        struct signalfd_siginfo info;
        if (read (self->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
            return;
        self->signal_fn (self->signal_arg, (int)info.ssi_signo);
    }
}

int reactor_on_signal (struct reactor *self, reactor_signal_fn *fn, void *arg, struct err *err)
{
    self->signal_fn = fn;
    self->signal_arg = arg;
    if (self->signal_fd >= 0)
        return 0;
    sigset_t set;
    delivered_signals (&set);
    self->signal_fd = signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (self->signal_fd < 0)
        return err_sys (err, "cannot receive signals");
    return reactor_add_fd (self, self->signal_fd, take_signals, self, err);
}

/* Sources */

static int ready (zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void)loop;
    (void)item;
    const struct source *source = arg;
    struct reactor *self = source->reactor;
    /* A handler before this one may have stopped the loop. */
    if (!self->stopped)
        source->fn (source->arg); /* may remove its source */
    return self->stopped ? -1 : 0;
}

static int add (struct reactor *self, zmq_pollitem_t item, reactor_fn *fn, void *arg,
                struct err *err)
{
    struct source *source = malloc (sizeof *source);
    if (!source)
        return err_set (err, STATUS_FAILED, "out of memory for one more source of events");
    *source = (struct source){ self, item, fn, arg, self->sources };
    if (zloop_poller (self->loop, &source->item, ready, source) < 0) {
        free (source);
        return err_set (err, STATUS_FAILED, "cannot poll one more source of events");
    }
    /* Without this an end of file counts as an error, and the second one ends the polling. */
    zloop_poller_set_tolerant (self->loop, &source->item);
    self->sources = source;
    return 0;
}

static void drop (struct reactor *self, void *socket, int fd)
{
    for (struct source **p = &self->sources; *p; p = &(*p)->next) {
        struct source *source = *p;
        if (source->item.socket != socket || (!socket && source->item.fd != fd))
            continue;
        *p = source->next;
        zloop_poller_end (self->loop, &source->item);
        free (source);
        return;
    }
}

int reactor_add_socket (struct reactor *self, void *zmq_socket, reactor_fn *fn, void *arg,
                        struct err *err)
{
    /* fd -1: zloop looks for descriptors among the sockets too, and 0 is a descriptor. */
    zmq_pollitem_t item = { zmq_socket, -1, ZMQ_POLLIN, 0 };
    return add (self, item, fn, arg, err);
}

void reactor_remove_socket (struct reactor *self, void *zmq_socket)
{
    if (zmq_socket)
        drop (self, zmq_socket, -1);
}

int reactor_add_fd (struct reactor *self, int fd, reactor_fn *fn, void *arg, struct err *err)
{
    zmq_pollitem_t item = { NULL, fd, ZMQ_POLLIN, 0 };
    return add (self, item, fn, arg, err);
}

void reactor_remove_fd (struct reactor *self, int fd)
{
    if (fd >= 0)
        drop (self, NULL, fd);
}

/* Timers */

static void set_wake (struct reactor *self, int64_t at_ms)
{
    if (at_ms == self->wake_ms)
        return;
    self->wake_ms = at_ms;
    struct itimerspec when = { 0 };
    if (at_ms != NEVER) {
        /* Zero would disarm it; a time that has passed fires at once. */
        int64_t ms = at_ms > 0 ? at_ms : 1;
        when.it_value.tv_sec = (time_t)(ms / 1000);
        when.it_value.tv_nsec = (long)(ms % 1000) * 1000000L;
    }
    timerfd_settime (self->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static bool unlink_timer (struct reactor_timer **list, const struct reactor_timer *timer)
{
    for (struct reactor_timer **p = list; *p; p = &(*p)->next)
        if (*p == timer) {
            *p = timer->next;
            return true;
        }
    return false;
}

void reactor_disarm (struct reactor *self, struct reactor_timer *timer)
{
    if (!timer->armed)
        return;
    /* The timerfd stays as it is: at worst the loop turns once for nothing. */
    if (!unlink_timer (&self->armed, timer))
        unlink_timer (&self->due, timer);
    timer->next = NULL;
    timer->armed = false;
}

void reactor_arm (struct reactor *self, struct reactor_timer *timer, int64_t at_ms)
{
    reactor_disarm (self, timer);
    timer->at_ms = at_ms;
    timer->armed = true;
    timer->next = self->armed;
    self->armed = timer;
    if (at_ms < self->wake_ms)
        set_wake (self, at_ms);
}

/* Move what is due to its own list, so that a timer that is armed again at once waits for the
 * next turn; the earliest deadline comes first. */
static void collect_due (struct reactor *self, int64_t now_ms)
{
    struct reactor_timer **p = &self->armed;
    while (*p) {
        struct reactor_timer *timer = *p;
        if (timer->at_ms > now_ms) {
            p = &timer->next;
            continue;
        }
        *p = timer->next;
        struct reactor_timer **place = &self->due;
        while (*place && (*place)->at_ms <= timer->at_ms)
            place = &(*place)->next;
        timer->next = *place;
        *place = timer;
    }
}

static void fire (void *arg)
{
    struct reactor *self = arg;
    uint64_t count;
    if (read (self->timer_fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    self->wake_ms = NEVER;
    collect_due (self, clock_mono_ms ());
    while (self->due) {
        struct reactor_timer *timer = self->due;
        self->due = timer->next;
        timer->next = NULL;
        timer->armed = false;
        timer->fn (timer->arg);
    }
    int64_t earliest = NEVER;
    for (const struct reactor_timer *timer = self->armed; timer; timer = timer->next)
        if (timer->at_ms < earliest)
            earliest = timer->at_ms;
    set_wake (self, earliest);
}

/* The loop */

struct reactor *reactor_new (struct err *err)
{
    struct reactor *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory for the event loop");
        return NULL;
    }
    self->wake_ms = NEVER;
    self->signal_fd = -1;
    self->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (self->timer_fd < 0) {
        err_sys (err, "cannot make a timer");
        reactor_destroy (&self);
        return NULL;
    }
    self->loop = zloop_new ();
    if (!self->loop) {
        err_set (err, STATUS_FAILED, "out of memory for the event loop");
        reactor_destroy (&self);
        return NULL;
    }
    if (reactor_add_fd (self, self->timer_fd, fire, self, err) < 0)
        reactor_destroy (&self);
    return self;
}

void reactor_destroy (struct reactor **self_p)
{
    struct reactor *self = *self_p;
    if (!self)
        return;
    zloop_destroy (&self->loop);
    while (self->sources) {
        struct source *source = self->sources;
        self->sources = source->next;
        free (source);
    }
    if (self->signal_fd >= 0)
        close (self->signal_fd);
    if (self->timer_fd >= 0)
        close (self->timer_fd);
    free (self);
    *self_p = NULL;
}

int reactor_run (struct reactor *self, struct err *err)
{
    int rc = 0;
    while (!self->stopped && rc == 0) {
        errno = 0;
        /* -1: a handler stopped it. 0: poll failed, and EINTR is no reason to end. */
        if (zloop_start (self->loop) == 0 && errno != 0 && errno != EINTR)
            rc = err_set (err, STATUS_FAILED, "cannot wait for events: %s", zmq_strerror (errno));
    }
    self->stopped = false;
    return rc;
}

void reactor_stop (struct reactor *self)
{
    self->stopped = true;
}
