/* peers.c - connections on ctl.sock.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
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

/* "stop GRACE_MS": the grace, or -1 if it is anything else. */
static int64_t parse_stop (const char *text, size_t bytes)
{
    if (bytes < 6 || memcmp (text, "stop ", 5) != 0)
        return -1;
    int64_t grace_ms = 0;
    for (size_t i = 5; i < bytes; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        grace_ms = grace_ms * 10 + (text[i] - '0');
        if (grace_ms > LIMIT_GRACE_MS)
            return -1;
    }
    return grace_ms;
}

static int64_t sooner (int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

/* Read what one peer sent. False when it is gone. */
static bool hear (int fd, int64_t *grace_ms)
{
    for (int i = 0; i < BATCH; i++) {
        char text[CTL_MESSAGE_BYTES];
        ssize_t n = recv (fd, text, sizeof text, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return false;
        if ((size_t)n <= sizeof text)
            *grace_ms = sooner (*grace_ms, parse_stop (text, (size_t)n));
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

static void welcome (struct peers *self, int64_t now_ms, int64_t *grace_ms)
{
    for (int i = 0; i < BATCH; i++) {
        int fd = next_connection (self, now_ms);
        if (fd < 0)
            return;
        if (self->count == PEERS_MAX)
            drop (self, 0);
        self->fds[self->count++] = fd;
        /* What it sent already counts in this very turn: a stop must not be late. */
        if (!tell (fd, "started") || (self->full && !tell (fd, "full")) || !hear (fd, grace_ms))
            drop (self, self->count - 1);
    }
}

int64_t peers_serve (struct peers *self, const struct pollfd *fds, int64_t now_ms)
{
    int64_t grace_ms = -1;
    for (int i = self->count - 1; i >= 0; i--)
        if (fds[1 + i].revents && !hear (self->fds[i], &grace_ms))
            drop (self, i);
    if (fds[0].revents)
        welcome (self, now_ms, &grace_ms);
    return grace_ms;
}

void peers_tell_full (struct peers *self, bool full)
{
    if (self->full == full)
        return;
    self->full = full;
    for (int i = self->count - 1; i >= 0; i--)
        if (!tell (self->fds[i], full ? "full" : "room"))
            drop (self, i);
}

static void dismiss (int fd, bool recorded)
{
    /* Unread messages would make the other side see a reset before our word. */
    int64_t ignored = -1;
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
