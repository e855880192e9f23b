/* notify.c - descriptors that tell of something: inotify, signalfd, timerfd.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include "disk.h"
#include "fd.h"
#include "process_private.h"

ssize_t signalfd_read (struct file *self, struct process *process, void *out, size_t bytes)
{
    struct signalfd_siginfo info = { 0 };
    int number = process_first_signal (process, &self->mask);
    if (number == 0)
        return -EAGAIN;
    if (bytes < sizeof info)
        return -EINVAL;
    sigdelset (&process->pending, number);
    info.ssi_signo = (uint32_t)number;
    memcpy (out, &info, sizeof info);
    return (ssize_t)sizeof info;
}

ssize_t inotify_read (struct file *self, size_t bytes, void *out)
{
    struct inotify_event event = { .wd = 1, .mask = IN_MODIFY };
    if (!self->modified)
        return -EAGAIN;
    if (bytes < sizeof event)
        return -EINVAL;
    self->modified = false;
    memcpy (out, &event, sizeof event);
    return (ssize_t)sizeof event;
}

static void timer_due (void *arg)
{
    struct file *self = arg;
    self->timer = 0;
    file_poke (self);
}

void timerfd_set (struct file *self, int64_t at_us)
{
    sim_cancel (self->timer);
    self->at_us = at_us;
    self->timer = at_us < 0 ? 0 : sim_at (at_us, timer_due, self);
}

ssize_t timerfd_read (struct file *self, void *out, size_t bytes)
{
    uint64_t once = 1;
    if (self->at_us < 0 || self->at_us > sim_now_us ())
        return -EAGAIN;
    if (bytes < sizeof once)
        return -EINVAL;
    self->at_us = -1;
    memcpy (out, &once, sizeof once);
    return (ssize_t)sizeof once;
}
