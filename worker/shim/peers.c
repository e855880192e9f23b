/* peers.c - connections on ctl.sock.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "jobdir.h"
#include "peers.h"

/* Messages taken from one peer, and connections accepted, in one turn. */
#define BATCH 16

void peers_init (struct peers *self, int listener)
{
    *self = (struct peers){ .listener = listener, .deaf_until_ms = -1 };
}

void peers_poll (struct peers *self, struct pollfd *fds, int64_t now_ms)
{
    if (self->deaf_until_ms >= 0 && now_ms >= self->deaf_until_ms)
        self->deaf_until_ms = -1;
    int listener = self->deaf_until_ms >= 0 ? -1 : self->listener;
    fds[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
    for (int i = 0; i < PEERS_MAX; i++)
        fds[1 + i] = (struct pollfd){ .fd = i < self->count ? self->fds[i] : -1, .events = POLLIN };
}

static void drop (struct peers *self, int index)
{
    close (self->fds[index]);
    self->count--;
    memmove (&self->fds[index], &self->fds[index + 1],
             (size_t)(self->count - index) * sizeof self->fds[0]);
}

static bool tell (int fd, const char *text)
{
    return send (fd, text, strlen (text), MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)strlen (text);
}

/* "WORD NUMBER", and after another space *rest, if the word takes one: the number from 0 to most,
 * or -1 if it is anything else. */
static int64_t parse_number (const char *text, const char *word, int64_t most, const char **rest)
{
    size_t skip = strlen (word);
    if (strncmp (text, word, skip) != 0 || text[skip] != ' ')
        return -1;
    const char *at = text + skip + 1;
    int64_t number = 0;
    if (*at < '0' || *at > '9')
        return -1;
    for (; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (*at - '0');
        if (number > most)
            return -1;
    }
    if (rest && *at == ' ')
        *rest = at + 1;
    return *at == (rest ? ' ' : '\0') ? number : -1;
}

static int64_t parse_grace (const char *text, const char *word)
{
    return parse_number (text, word, LIMIT_GRACE_MS, NULL);
}

static int64_t sooner (int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

static void take_message (struct peers_wish *wish, const char *text)
{
    wish->stop_ms = sooner (wish->stop_ms, parse_grace (text, "stop"));
    wish->preempt_ms = sooner (wish->preempt_ms, parse_grace (text, "preempt"));
    int64_t grace_ms = parse_grace (text, "grace");
    if (grace_ms >= 0)
        wish->grace_ms = grace_ms;
    const char *experiment = NULL;
    int64_t limit_ms = parse_number (text, "limit", LIMIT_TIME_LIMIT_MS, &experiment);
    if (limit_ms >= 0) {
        wish->limit_ms = limit_ms;
        snprintf (wish->experiment, sizeof wish->experiment, "%s", experiment);
    }
    if (strcmp (text, "pause") == 0)
        wish->hold = PEERS_PAUSE;
    else if (strcmp (text, "resume") == 0)
        wish->hold = PEERS_RESUME;
}

/* Read what one peer sent. False when it is gone. */
static bool hear (int fd, struct peers_wish *wish)
{
    for (int i = 0; i < BATCH; i++) {
        char text[CTL_MESSAGE_BYTES + 1];
        ssize_t n = recv (fd, text, CTL_MESSAGE_BYTES, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return false;
        if (n > CTL_MESSAGE_BYTES || memchr (text, '\0', (size_t)n))
            continue;
        text[n] = '\0';
        take_message (wish, text);
    }
    return true;
}

/* A new connection, or -1 when there is none. */
static int next_connection (struct peers *self, int64_t now_ms)
{
    for (;;) {
        int fd = accept4 (self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            return fd;
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno != EAGAIN) /* it would be reported again at once, and again */
            self->deaf_until_ms = now_ms + PEERS_DEAF_MS;
        return -1;
    }
}

/* What a new one must know. */
static bool tell_how_it_stands (const struct peers *self, int fd)
{
    return tell (fd, "started") && (!self->paused || tell (fd, "paused")) &&
           (!self->full || tell (fd, "full"));
}

static void welcome (struct peers *self, int64_t now_ms, struct peers_wish *wish)
{
    for (int i = 0; i < BATCH; i++) {
        int fd = next_connection (self, now_ms);
        if (fd < 0)
            return;
        if (self->count == PEERS_MAX)
            drop (self, 0);
        self->fds[self->count++] = fd;
        /* What it sent already counts in this very turn: a stop must not be late. */
        if (!tell_how_it_stands (self, fd) || !hear (fd, wish))
            drop (self, self->count - 1);
    }
}

struct peers_wish peers_serve (struct peers *self, const struct pollfd *fds, int64_t now_ms)
{
    struct peers_wish wish = { .stop_ms = -1, .preempt_ms = -1, .grace_ms = -1, .limit_ms = -1 };
    for (int i = self->count - 1; i >= 0; i--)
        if (fds[1 + i].revents && !hear (self->fds[i], &wish))
            drop (self, i);
    if (fds[0].revents)
        welcome (self, now_ms, &wish);
    return wish;
}

static void tell_all (struct peers *self, const char *text)
{
    for (int i = self->count - 1; i >= 0; i--)
        if (!tell (self->fds[i], text))
            drop (self, i);
}

void peers_tell_full (struct peers *self, bool full)
{
    if (self->full == full)
        return;
    self->full = full;
    tell_all (self, full ? "full" : "room");
}

void peers_tell_paused (struct peers *self, bool paused)
{
    self->paused = paused;
    tell_all (self, paused ? "paused" : "resumed");
}

static void dismiss (int fd, bool recorded)
{
    /* Unread messages would make the other side see a reset before our word. */
    struct peers_wish ignored = { .hold = PEERS_KEEP };
    hear (fd, &ignored);
    if (recorded)
        tell (fd, "exited");
    close (fd);
}

void peers_farewell (struct peers *self, bool recorded)
{
    for (int i = 0; i < self->count; i++)
        dismiss (self->fds[i], recorded);
    self->count = 0;
    for (int i = 0; i < BATCH; i++) {
        int fd = next_connection (self, 0);
        if (fd < 0)
            break;
        dismiss (fd, recorded);
    }
    close (self->listener);
    self->listener = -1;
}
