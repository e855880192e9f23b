/* launch.c - the main process up to its exec.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kill.h"
#include "launch.h"

enum step {
    STEP_READY, /* `error` tells whether the cgroup could be entered */
    STEP_PREPARE,
    STEP_USER,
    STEP_RESULTS,
    STEP_WORKDIR,
    STEP_CPUS,
    STEP_NICE,
    STEP_RLIMIT, /* `which` of the spec's */
    STEP_EXEC,
};

struct report {
    enum step step;
    int error;
    size_t which;
};

static const struct {
    const char *name;
    __rlimit_resource_t resource;
} rlimit_kinds[] = {
    { "as", RLIMIT_AS },         { "core", RLIMIT_CORE },   { "cpu", RLIMIT_CPU },
    { "data", RLIMIT_DATA },     { "fsize", RLIMIT_FSIZE }, { "memlock", RLIMIT_MEMLOCK },
    { "nofile", RLIMIT_NOFILE }, { "nproc", RLIMIT_NPROC }, { "stack", RLIMIT_STACK },
};

/* ---- in the child: only async-signal-safe calls ---- */

static int tell_which (int report_fd, enum step step, int error, size_t which)
{
    struct report report = { .step = step, .error = error, .which = which };
    ssize_t n;
    do
        n = write (report_fd, &report, sizeof report);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof report ? 0 : -1;
}

static int tell (int report_fd, enum step step, int error)
{
    return tell_which (report_fd, step, error, 0);
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

/* The kernel takes a list of which only a part is there, and means that part. */
static int child_cpus (const struct spec *spec)
{
    cpu_set_t wanted, got;
    CPU_ZERO (&wanted);
    CPU_ZERO (&got);
    for (size_t i = 0; i < spec->cpu_count; i++)
        CPU_SET ((size_t)spec->cpus[i], &wanted);
    if (sched_setaffinity (0, sizeof wanted, &wanted) < 0 ||
        sched_getaffinity (0, sizeof got, &got) < 0)
        return -1;
    errno = EINVAL;
    return CPU_EQUAL (&wanted, &got) ? 0 : -1;
}

static int child_rlimit (const struct spec_rlimit *limit)
{
    struct rlimit64 values = {
        .rlim_cur = limit->soft < 0 ? RLIM64_INFINITY : (rlim64_t)limit->soft,
        .rlim_max = limit->hard < 0 ? RLIM64_INFINITY : (rlim64_t)limit->hard,
    };
    for (size_t i = 0; i < sizeof rlimit_kinds / sizeof rlimit_kinds[0]; i++)
        if (strcmp (limit->name, rlimit_kinds[i].name) == 0)
            return prlimit64 (0, rlimit_kinds[i].resource, &values, NULL);
    errno = EINVAL;
    return -1;
}

static _Noreturn void child_give_up (int report_fd, enum step step)
{
    tell (report_fd, step, errno);
    _exit (127);
}

/* What the job is held to. */
static void child_limits (const struct spec *spec, int report_fd)
{
    if (spec->cpu_count > 0 && child_cpus (spec) < 0)
        child_give_up (report_fd, STEP_CPUS);
    if (spec->has_nice && setpriority (PRIO_PROCESS, 0, (int)spec->nice) < 0)
        child_give_up (report_fd, STEP_NICE);
    for (size_t i = 0; i < spec->rlimit_count; i++)
        if (child_rlimit (&spec->rlimits[i]) < 0) {
            tell_which (report_fd, STEP_RLIMIT, errno, i);
            _exit (127);
        }
}

/* Where it is to write; "": it was not told. */
static const char *results_folder (const struct spec *spec)
{
    static const char name[] = "EMS_RESULTS_DIR=";
    for (char **variable = spec->env; *variable; variable++)
        if (strncmp (*variable, name, sizeof name - 1) == 0)
            return *variable + sizeof name - 1;
    return "";
}

/* For good, and with nothing left of what we may. The pipe goes along, or /dev/stdout could not be
 * opened. */
static void child_user (const struct spec *spec, int report_fd)
{
    if (!spec->has_user)
        return;
    if (fchown (STDOUT_FILENO, spec->uid, (gid_t)-1) < 0 ||
        setgroups (spec->group_count, spec->groups) < 0 ||
        setresgid (spec->gid, spec->gid, spec->gid) < 0 ||
        setresuid (spec->uid, spec->uid, spec->uid) < 0)
        child_give_up (report_fd, STEP_USER);
    const char *results = results_folder (spec);
    if (results[0] != '\0' && access (results, R_OK | W_OK | X_OK) < 0)
        child_give_up (report_fd, STEP_RESULTS);
}

static _Noreturn void child (const struct spec *spec, const char *cgroup, int output, int gate,
                             int report_fd)
{
    setsid (); /* a job that signals its own group must not hit the shim */
    int cgroup_error = cgroup[0] && cgroup_enter_self (cgroup, NULL) < 0 ? errno : 0;
    if (child_descriptors (output) < 0)
        child_give_up (report_fd, STEP_PREPARE);
    /* Who cannot say that he is ready must not be waited for. */
    if (tell (report_fd, STEP_READY, cgroup_error) < 0 || !child_wait_at_gate (gate))
        _exit (127);
    child_limits (spec, report_fd); /* what only root may raise, first */
    child_user (spec, report_fd);
    if (chdir (spec->workdir) < 0)
        child_give_up (report_fd, STEP_WORKDIR);
    child_reset_signals ();
    execve (spec->argv[0], spec->argv, spec->env);
    child_give_up (report_fd, STEP_EXEC);
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

static int explain_cpus (const struct spec *spec, struct err *err)
{
    char list[128] = "";
    size_t used = 0;
    for (size_t i = 0; i < spec->cpu_count && used < sizeof list - 8; i++)
        used += (size_t)snprintf (list + used, sizeof list - used, "%s%" PRId64, i ? "," : "",
                                  spec->cpus[i]);
    return err_sys (err, "cannot bind the job to the CPUs %s", list);
}

static int explain (const struct report *report, const struct spec *spec, struct err *err)
{
    const struct spec_rlimit *limit = &spec->rlimits[report->which];
    errno = report->error;
    switch (report->step) {
    case STEP_USER:
        return err_sys (err, "cannot become the user %u (group %u)", (unsigned)spec->uid,
                        (unsigned)spec->gid);
    case STEP_RESULTS:
        return err_sys (err, "the user %u cannot use the results folder %s", (unsigned)spec->uid,
                        results_folder (spec));
    case STEP_WORKDIR:
        return err_sys (err, "cannot enter working folder %s", spec->workdir);
    case STEP_CPUS:
        return explain_cpus (spec, err);
    case STEP_NICE:
        return err_sys (err, "cannot run the job at the nice value %" PRId64, spec->nice);
    case STEP_RLIMIT:
        return err_sys (err, "cannot set the limit %s to %" PRId64 " (at most %" PRId64 ")",
                        limit->name, limit->soft, limit->hard);
    default:
        return err_sys (err, "cannot execute %s", spec->argv[0]);
    }
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
