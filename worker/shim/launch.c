/* launch.c - the main process up to its exec.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kill.h"
#include "launch.h"

enum step {
    STEP_READY, /* `error` tells whether the cgroup could be entered */
    STEP_PREPARE,
    STEP_WORKDIR,
    STEP_EXEC,
};

struct report {
    enum step step;
    int error;
};

/* ---- in the child: only async-signal-safe calls ---- */

static int tell (int report_fd, enum step step, int error)
{
    struct report report = { step, error };
    ssize_t n;
    do
        n = write (report_fd, &report, sizeof report);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof report ? 0 : -1;
}

static void child_reset_signals (void)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    for (int i = 1; i < NSIG; i++)
        sigaction (i, &action, NULL); /* some are not to be changed; that is their default */
    sigset_t none;
    sigemptyset (&none);
    sigprocmask (SIG_SETMASK, &none, NULL);
}

static int child_descriptors (int output)
{
    int null_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null_fd < 0 || dup2 (null_fd, STDIN_FILENO) < 0 || dup2 (output, STDOUT_FILENO) < 0 ||
        dup2 (output, STDERR_FILENO) < 0)
        return -1;
    if (close_range (STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        return -1;
    return fcntl (LAUNCH_SLOT_FD, F_SETFD, 0);
}

static bool child_wait_at_gate (int gate)
{
    char go;
    ssize_t n;
    do
        n = read (gate, &go, 1);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

static _Noreturn void child (const struct spec *spec, const char *cgroup, int output, int gate,
                             int report_fd)
{
    setsid (); /* a job that signals its own group must not hit the shim */
    int cgroup_error = cgroup[0] && cgroup_enter_self (cgroup, NULL) < 0 ? errno : 0;
    if (child_descriptors (output) < 0) {
        tell (report_fd, STEP_PREPARE, errno);
        _exit (127);
    }
    /* Who cannot say that he is ready must not be waited for. */
    if (tell (report_fd, STEP_READY, cgroup_error) < 0 || !child_wait_at_gate (gate))
        _exit (127);
    if (chdir (spec->workdir) < 0) {
        tell (report_fd, STEP_WORKDIR, errno);
        _exit (127);
    }
    child_reset_signals ();
    execve (spec->argv[0], spec->argv, spec->env);
    tell (report_fd, STEP_EXEC, errno);
    _exit (127);
}

/* ---- in the shim ---- */

/* 1 with a report, 0 at the end of file, -1 with errno. */
static int read_report (int fd, struct report *out)
{
    ssize_t n;
    do
        n = read (fd, out, sizeof *out);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *out ? 1 : n < 0 ? -1 : 0;
}

static void shut (int *fd)
{
    if (*fd >= 0)
        close (*fd);
    *fd = -1;
}

static int wait_until_ready (struct launch *self, const char *cgroup, struct err *err)
{
    struct report report;
    if (read_report (self->report, &report) <= 0)
        return err_set (err, STATUS_FAILED, "the main process died before it was started");
    if (report.step != STEP_READY) {
        errno = report.error;
        return err_sys (err, "cannot prepare the main process");
    }
    self->in_cgroup = cgroup[0] && report.error == 0;
    return 0;
}

int launch_fork (struct launch *self, const struct spec *spec, const char *cgroup, int output,
                 struct err *err)
{
    *self = (struct launch){ .pid = -1, .gate = -1, .report = -1 };
    int gate[2] = { -1, -1 }, report[2] = { -1, -1 };
    int rc = -1;
    if (pipe2 (gate, O_CLOEXEC) < 0 || pipe2 (report, O_CLOEXEC) < 0) {
        err_sys (err, "cannot make a pipe for the main process");
        goto out;
    }
    self->pid = fork ();
    if (self->pid < 0) {
        err_sys (err, "cannot fork the main process");
        goto out;
    }
    if (self->pid == 0) {
        close (gate[1]); /* so that the gate falls shut when the shim dies */
        child (spec, cgroup, output, gate[0], report[1]);
    }
    self->gate = gate[1];
    self->report = report[0];
    gate[1] = report[0] = -1;
    shut (&report[1]); /* so that its end of file is seen */
    rc = wait_until_ready (self, cgroup, err);
out:
    shut (&gate[0]);
    shut (&gate[1]);
    shut (&report[0]);
    shut (&report[1]);
    return rc;
}

static int explain (const struct report *report, const struct spec *spec, struct err *err)
{
    errno = report->error;
    if (report->step == STEP_WORKDIR)
        return err_sys (err, "cannot enter working folder %s", spec->workdir);
    return err_sys (err, "cannot execute %s", spec->argv[0]);
}

int launch_go (struct launch *self, const struct spec *spec, struct err *err)
{
    struct report report;
    /* A child that died meanwhile is seen by its wait status, like any other end. */
    ssize_t n;
    do
        n = write (self->gate, "g", 1);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EPIPE)
        return err_sys (err, "cannot let the main process start");
    shut (&self->gate);
    int rc = read_report (self->report, &report);
    shut (&self->report);
    /* Without a report it may run: then it is looked after, and nobody says that it does not. */
    return rc <= 0 ? 0 : explain (&report, spec, err);
}

void launch_abandon (struct launch *self)
{
    shut (&self->gate);
    shut (&self->report);
    if (self->pid > 0)
        while (waitpid (self->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    self->pid = -1;
}
