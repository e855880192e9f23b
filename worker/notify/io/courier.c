/* courier.c - the loop: transfers, commands, new notices, signals, time.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "courier.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "beneath.h"
#include "clock.h"
#include "files.h"
#include "limits.h"
#include "line.h"
#include "say.h"
#include "strays.h"

#define LINGER_MS    2000 /* for what comes after the last */
#define LOOK_MS      5000 /* between two looks, where the kernel does not say what is new */
#define MOST_WAIT_MS 3600000

struct courier {
    const char *state;
    struct folders folders;
    struct targets targets;
    CURLM *multi;
    int lock;
    int signals;
    int news; /* inotify; -1: none */
    int news_of_targets;
    bool ended;    /* by a signal */
    bool outdated; /* the targets are others now: whoever comes next knows them */
    struct line *lines;
    int64_t idle_ms; /* since when nothing waits; 0: something does */
};

/* ---- opening ---- */

static int open_signals (struct courier *self, struct err *err)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGHUP);
    self->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return self->signals < 0 ? err_sys (err, "cannot hear of signals") : 0;
}

/* Before anything is listed, so that nothing is missed between. */
static void open_news (struct courier *self)
{
    char path[LIMIT_PATH_BYTES];
    self->news = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
    snprintf (path, sizeof path, "/proc/self/fd/%d", self->folders.dirfd);
    self->news_of_targets = inotify_add_watch (self->news, path, IN_MOVED_TO);
    for (size_t i = 0; i < self->targets.count && self->news >= 0; i++) {
        snprintf (path, sizeof path, "/proc/self/fd/%d/%s", self->folders.tofd,
                  self->targets.items[i].name);
        if (inotify_add_watch (self->news, path, IN_MOVED_TO) >= 0)
            continue;
        notify_say ("the kernel does not tell what is new: %s; looking every few seconds",
                    strerror (errno));
        close (self->news);
        self->news = -1;
    }
}

static int open_lines (struct courier *self, struct err *err)
{
    self->lines = calloc (self->targets.count + 1, sizeof *self->lines);
    if (!self->lines)
        return err_set (err, STATUS_FAILED, "out of memory");
    for (size_t i = 0; i < self->targets.count; i++)
        line_init (&self->lines[i], &self->folders, &self->targets.items[i], self->multi);
    return 0;
}

static int open_all (struct courier *self, struct err *err)
{
    if (open_signals (self, err) < 0)
        return -1;
    open_news (self);
    if (sodium_init () < 0 || curl_global_init (CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set (err, STATUS_FAILED, "cannot make libsodium or libcurl ready");
    self->multi = curl_multi_init ();
    if (!self->multi)
        return err_set (err, STATUS_FAILED, "out of memory");
    return open_lines (self, err);
}

static void close_all (struct courier *self)
{
    for (size_t i = 0; self->lines && i < self->targets.count; i++)
        line_clear (&self->lines[i]);
    free (self->lines);
    if (self->multi)
        curl_multi_cleanup (self->multi);
    if (self->news >= 0)
        close (self->news);
    if (self->signals >= 0)
        close (self->signals);
    if (self->lock >= 0)
        close (self->lock);
    targets_clear (&self->targets);
    folders_close (&self->folders);
}

/* ---- the loop ---- */

static void take_signals (struct courier *self)
{
    struct signalfd_siginfo info;
    while (read (self->signals, &info, sizeof info) == (ssize_t)sizeof info)
        self->ended = true;
}

static void take_news (struct courier *self)
{
    _Alignas(struct inotify_event) char events[4096];
    ssize_t n;
    while (self->news >= 0 && (n = read (self->news, events, sizeof events)) > 0)
        for (const char *at = events; at < events + n;) {
            const struct inotify_event *event = (const void *)at;
            if (event->wd == self->news_of_targets && event->len > 0 &&
                strcmp (event->name, "targets.json") == 0)
                self->outdated = true;
            for (size_t i = 0; i < self->targets.count; i++)
                self->lines[i].stale = true;
            at += sizeof *event + event->len;
        }
}

static struct line *line_of (struct courier *self, CURL *easy)
{
    struct delivery *delivery = NULL;
    curl_easy_getinfo (easy, CURLINFO_PRIVATE, &delivery);
    for (size_t i = 0; i < self->targets.count; i++)
        if (delivery && self->lines[i].delivery == delivery)
            return &self->lines[i];
    return NULL;
}

static void take_transfers (struct courier *self)
{
    int running, left;
    CURLMsg *message;
    curl_multi_perform (self->multi, &running);
    while ((message = curl_multi_info_read (self->multi, &left))) {
        CURLcode code = message->data.result; /* the message goes with the transfer */
        struct line *line =
            message->msg == CURLMSG_DONE ? line_of (self, message->easy_handle) : NULL;
        if (line)
            line_transferred (line, code, clock_mono_ms ());
    }
}

/* When there is something to do again, unless something happens before. */
static int64_t turn_lines (struct courier *self)
{
    int64_t now_ms = clock_mono_ms ();
    int64_t wake_ms = now_ms + MOST_WAIT_MS;
    if (self->news < 0)
        for (size_t i = 0; i < self->targets.count; i++) {
            self->lines[i].stale = true;
            wake_ms = now_ms + LOOK_MS;
        }
    for (size_t i = 0; i < self->targets.count; i++)
        line_turn (&self->lines[i], now_ms, !self->outdated, &wake_ms);
    return wake_ms;
}

/* Nothing is on its way, and nothing waits or may be begun. */
static bool all_idle (const struct courier *self)
{
    for (size_t i = 0; i < self->targets.count; i++)
        if (self->outdated ? self->lines[i].delivery != NULL : !line_idle (&self->lines[i]))
            return false;
    return true;
}

static void wait_for (struct courier *self, int64_t wake_ms)
{
    struct curl_waitfd fds[2 + LIMIT_TARGETS];
    unsigned count = 0;
    fds[count++] = (struct curl_waitfd){ .fd = self->signals, .events = CURL_WAIT_POLLIN };
    if (self->news >= 0)
        fds[count++] = (struct curl_waitfd){ .fd = self->news, .events = CURL_WAIT_POLLIN };
    for (size_t i = 0; i < self->targets.count; i++) {
        const struct delivery *delivery = self->lines[i].delivery;
        if (delivery && delivery->pidfd >= 0)
            fds[count++] =
                (struct curl_waitfd){ .fd = delivery->pidfd, .events = CURL_WAIT_POLLIN };
    }
    int64_t wait_ms = wake_ms - clock_mono_ms ();
    curl_multi_poll (self->multi, fds, count, wait_ms > 0 ? (int)wait_ms : 0, NULL);
}

/* Until nothing waits for a while, or a signal. */
static void serve (struct courier *self)
{
    self->idle_ms = 0;
    while (!self->ended) {
        take_news (self);
        take_transfers (self);
        int64_t wake_ms = turn_lines (self);
        int64_t now_ms = clock_mono_ms ();
        if (!all_idle (self))
            self->idle_ms = 0;
        else if (self->idle_ms == 0)
            self->idle_ms = now_ms;
        if (self->idle_ms > 0 && (self->outdated || now_ms - self->idle_ms >= LINGER_MS))
            return;
        if (self->idle_ms > 0 && wake_ms > self->idle_ms + LINGER_MS)
            wake_ms = self->idle_ms + LINGER_MS;
        wait_for (self, wake_ms);
        take_signals (self);
    }
}

/* 1 it is ours, 0 another one has it, -1. */
static int take_lock (struct courier *self, struct err *err)
{
    self->lock = lock_take (self->folders.dirfd, "lock", NULL, err);
    if (self->lock >= 0)
        return 1;
    return err->code == STATUS_CONFLICT ? 0 : -1;
}

static int run (struct courier *self, struct err *err)
{
    int rc = take_lock (self, err);
    if (rc <= 0)
        return rc;
    if (folders_targets (&self->folders, &self->targets, err) < 0)
        return -1;
    if (strays_mark (self->state, err) < 0)
        return -1;
    strays_kill ();
    if (chdir ("/") < 0) /* no disk is to be kept from being taken away */
        notify_say ("cannot go to /: %s", strerror (errno));
    folders_forget_strangers (&self->folders, &self->targets);
    if (open_all (self, err) < 0)
        return -1;
    for (;;) {
        serve (self);
        if (self->ended || self->outdated)
            return 0;
        /* Whoever put one while we held the lock relies on us: so one more look without it. */
        close (self->lock);
        self->lock = -1;
        if (!folders_wait (&self->folders))
            return 0;
        rc = take_lock (self, err);
        if (rc <= 0)
            return rc;
        for (size_t i = 0; i < self->targets.count; i++)
            self->lines[i].stale = true;
    }
}

int courier_run (const char *state, struct err *err)
{
    struct courier self = { .state = state, .lock = -1, .signals = -1, .news = -1 };
    int rc = beneath_check (err);
    if (rc == 0)
        rc = folders_open (&self.folders, state, err);
    if (rc == 0)
        rc = run (&self, err);
    close_all (&self);
    return rc;
}
