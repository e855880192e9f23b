/* eventlink.c - the connection to the events socket.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "eventlink.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "ems.h"
#include "endpoint.h"

#define KNOCK_AGAIN_MS 2000

static int zmq_epoll (int epoll_fd, int operation, void *socket)
{
    int fd = -1;
    size_t size = sizeof fd;
    if (zmq_getsockopt (socket, ZMQ_FD, &fd, &size) < 0)
        return -1;
    struct epoll_event event = { .events = EPOLLIN };
    return epoll_ctl (epoll_fd, operation, fd, &event);
}

/* The session's sockets, which it may have made anew: those before have left the set by themselves.
 */
static int wait_on_session (struct eventlink *self, struct err *err)
{
    void *sockets[2];
    unsigned which = session_sockets (self->session, sockets);
    if (which == self->sockets)
        return 0;
    if (zmq_epoll (self->epoll_fd, EPOLL_CTL_ADD, sockets[0]) < 0 ||
        zmq_epoll (self->epoll_fd, EPOLL_CTL_ADD, sockets[1]) < 0)
        return err_sys (err, "cannot wait on a socket");
    self->sockets = which;
    return 0;
}

/* One descriptor that can be read when anything may have happened, or a time has come. */
static int make_fd (struct eventlink *self, struct err *err)
{
    struct epoll_event event = { .events = EPOLLIN };
    self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
    self->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (self->epoll_fd < 0 || self->timer_fd < 0 ||
        epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->timer_fd, &event) < 0)
        return err_sys (err, "cannot make a descriptor to wait on");
    return wait_on_session (self, err);
}

static void close_socket (int epoll_fd, void **sub, void **watch)
{
    if (*watch) {
        zmq_epoll (epoll_fd, EPOLL_CTL_DEL, *watch);
        endpoint_unwatch (watch, *sub);
    }
    if (*sub)
        zmq_epoll (epoll_fd, EPOLL_CTL_DEL, *sub);
    endpoint_close (sub);
}

static int open_socket (struct eventlink *self, struct err *err)
{
    void *context = session_context (self->session);
    self->sub = endpoint_new (context, ENDPOINT_MONITOR_SUB, err);
    if (!self->sub)
        return -1;
    self->watch = endpoint_watch (context, self->sub, err);
    if (!self->watch || session_connect (self->session, self->sub, self->endpoint, err) < 0)
        return -1;
    if (zmq_epoll (self->epoll_fd, EPOLL_CTL_ADD, self->sub) < 0 ||
        zmq_epoll (self->epoll_fd, EPOLL_CTL_ADD, self->watch) < 0)
        return err_sys (err, "cannot wait on a socket");
    return 0;
}

/* After its connection ended a socket is not read any more: if its queue was full for so long that
 * heartbeats failed, libzmq aborts on the next connection (zeromq/libzmq #3937). */
static int renew (struct eventlink *self, struct err *err)
{
    void *sub = self->sub, *watch = self->watch;
    self->sub = self->watch = NULL;
    self->ended = false;
    /* The new one first: a watch is known by the address of its socket. */
    int rc = open_socket (self, err);
    close_socket (self->epoll_fd, &sub, &watch);
    return rc;
}

int eventlink_open (struct eventlink *self, struct session *session, const char *endpoint,
                    struct err *err)
{
    *self = (struct eventlink){
        .session = session, .endpoint = endpoint, .epoll_fd = -1, .timer_fd = -1
    };
    return make_fd (self, err) < 0 ? -1 : open_socket (self, err);
}

void eventlink_close (struct eventlink *self)
{
    if (!self->session)
        return;
    close_socket (self->epoll_fd, &self->sub, &self->watch);
    if (self->epoll_fd >= 0)
        close (self->epoll_fd);
    if (self->timer_fd >= 0)
        close (self->timer_fd);
    self->session = NULL;
}

int eventlink_look (struct eventlink *self)
{
    int event = self->ended ? 0 : endpoint_event (self->watch);
    if (event > 0) {
        int events = 0;
        size_t size = sizeof events;
        /* Makes the socket see its new connection, and send what was subscribed to before. */
        zmq_getsockopt (self->sub, ZMQ_EVENTS, &events, &size);
        return 1;
    }
    if (event == 0)
        return 0;
    /* Whoever was turned away knocks again, but not without a pause. */
    self->ended = true;
    self->renew_ms = clock_mono_ms () + (event == -1 ? 0 : KNOCK_AGAIN_MS);
    return -1;
}

void eventlink_subscribe (struct eventlink *self, const char *topic)
{
    zmq_setsockopt (self->sub, ZMQ_SUBSCRIBE, topic, strlen (topic));
}

int eventlink_step (struct eventlink *self, struct err *err)
{
    if (session_step (self->session, err) < 0 || wait_on_session (self, err) < 0)
        return -1;
    return self->ended && clock_mono_ms () >= self->renew_ms ? renew (self, err) : 0;
}

bool eventlink_more (const struct eventlink *self, bool read)
{
    bool events = endpoint_can_read (self->sub);
    bool news = endpoint_can_read (self->watch);
    return session_readable (self->session) || (news && !self->ended) || (read && events);
}

int eventlink_rest (struct eventlink *self, int64_t until_ms, int64_t deadline_ms, struct err *err)
{
    int64_t due_ms = session_due_ms (self->session);
    due_ms = until_ms < due_ms ? until_ms : due_ms;
    if (self->ended && self->renew_ms < due_ms)
        due_ms = self->renew_ms;
    if (due_ms < 1)
        due_ms = 1;
    struct itimerspec when = { 0 };
    if (due_ms != INT64_MAX) {
        when.it_value.tv_sec = due_ms / 1000;
        when.it_value.tv_nsec = due_ms % 1000 * 1000000;
    }
    if (timerfd_settime (self->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
        return err_sys (err, "cannot set a timer");
    int64_t left_ms = -1;
    if (deadline_ms != INT64_MAX) {
        left_ms = deadline_ms - clock_mono_ms ();
        if (left_ms <= 0)
            return 0;
    }
    struct pollfd fds[2] = { { .fd = self->epoll_fd, .events = POLLIN },
                             { .fd = session_options (self->session)->interrupt_fd,
                               .events = POLLIN } };
    nfds_t count = fds[1].fd > 0 ? 2 : 1;
    int timeout_ms = left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
    if (poll (fds, count, timeout_ms) < 0 && errno != EINTR)
        return err_sys (err, "cannot wait for events");
    if (count == 2 && (fds[1].revents & POLLIN))
        return err_set (err, EMS_INTERRUPTED, "interrupted");
    return 1;
}
