/* screen.c - the terminal and the signals while a job is watched.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "screen.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int open_signals (const int *signals, size_t count, struct err *err)
{
    sigset_t set;
    sigemptyset (&set);
    for (size_t i = 0; i < count; i++)
        sigaddset (&set, signals[i]);
    int fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return err_sys (err, "cannot wait for signals");
    sigprocmask (SIG_BLOCK, &set, NULL);
    return fd;
}

/* Only in the foreground: a background job that changes the terminal is stopped. */
static void silence_terminal (struct screen *self)
{
    struct termios quiet;
    if (self->quiet || tcgetpgrp (STDIN_FILENO) != getpgrp () ||
        tcgetattr (STDIN_FILENO, &self->saved) < 0)
        return;
    quiet = self->saved;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    self->quiet = tcsetattr (STDIN_FILENO, TCSADRAIN, &quiet) == 0;
}

static void restore_terminal (struct screen *self)
{
    if (self->quiet && tcgetpgrp (STDIN_FILENO) == getpgrp ())
        tcsetattr (STDIN_FILENO, TCSADRAIN, &self->saved);
    self->quiet = false;
}

int screen_begin (struct screen *self, bool silence, struct err *err)
{
    static const int quit[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
    static const int shape[] = { SIGWINCH, SIGTSTP, SIGCONT };
    memset (self, 0, sizeof *self);
    self->silence = silence;
    self->quit_fd = open_signals (quit, sizeof quit / sizeof *quit, err);
    self->shape_fd = -1;
    if (self->quit_fd >= 0)
        self->shape_fd = open_signals (shape, sizeof shape / sizeof *shape, err);
    if (self->shape_fd < 0) {
        screen_end (self);
        return -1;
    }
    screen_resume (self);
    return 0;
}

void screen_end (struct screen *self)
{
    restore_terminal (self);
    if (self->quit_fd >= 0)
        close (self->quit_fd);
    if (self->shape_fd >= 0)
        close (self->shape_fd);
    self->quit_fd = self->shape_fd = -1;
}

int screen_signal (int fd)
{
    struct signalfd_siginfo info;
    return read (fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

void screen_stop (struct screen *self)
{
    restore_terminal (self);
    raise (SIGSTOP);
    screen_resume (self);
}

bool screen_in_front (void)
{
    pid_t front = tcgetpgrp (STDOUT_FILENO);
    return front < 0 || front == getpgrp ();
}

void screen_resume (struct screen *self)
{
    if (self->silence)
        silence_terminal (self);
}
