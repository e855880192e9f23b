/* supervise.c - the one loop of the shim.
 *
 * It feeds the machine of reap.h and does what comes out. Of all that a wake-up brings, what a
 * worker asks for is taken first, then ended processes, then output, then the timer: see reap.h on
 * races.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"
#include "family.h"
#include "finish.h"
#include "joblog.h"
#include "launch.h"
#include "peers.h"
#include "reap.h"
#include "supervise.h"

#define PIPE_BYTES (1024 * 1024) /* as much as an unprivileged process may ask for */

enum { POLL_SIGNALS = PEERS_POLL, POLL_PIPE, POLL_CGROUP, POLL_COUNT };

struct supervisor {
    struct attempt *attempt;
    struct peers peers;
    struct joblog log;
    struct launch launch;
    struct reap reap;
    struct finish finish;
    struct exit_record record;
    struct family family;
    int signals;        /* signalfd */
    int pipe;           /* the job's output; -1 after its end */
    int64_t owed_until; /* bytes of output, counted like log.taken */
    bool finishing;
    char experiment[CTL_MESSAGE_BYTES]; /* that the worker told of last, as in "limit" */
};

/* ---- before the main process runs ---- */

static int block_signals (struct err *err)
{
    static const int ignored[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE, SIGXFSZ,
                                   SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP };
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        signal (ignored[i], SIG_IGN);
    signal (SIGCHLD, SIG_DFL); /* inherited as ignored it would reap our children for us */
    sigset_t wanted;
    sigemptyset (&wanted);
    sigaddset (&wanted, SIGCHLD);
    sigaddset (&wanted, SIGTERM);
    if (sigprocmask (SIG_BLOCK, &wanted, NULL) < 0)
        return err_sys (err, "cannot block signals");
    int fd = signalfd (-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? err_sys (err, "cannot make a signalfd") : fd;
}

static int fork_main (struct supervisor *self, struct err *err)
{
    int ends[2];
    if (pipe2 (ends, O_CLOEXEC) < 0)
        return err_sys (err, "cannot make the pipe for the output");
    self->pipe = ends[0];
    fcntl (ends[0], F_SETPIPE_SZ, PIPE_BYTES); /* a larger one is only faster */
    fcntl (ends[0], F_SETFL, O_NONBLOCK);
    int rc = launch_fork (&self->launch, &self->attempt->spec, self->family.cgroup, ends[1], err);
    close (ends[1]); /* else its end of file would never come */
    if (rc == 0 && !self->launch.in_cgroup)
        rc = family_without_cgroup (&self->family, err);
    return rc;
}

/* The durable start record: from here on this attempt counts as started. */
static int put_shim_record (struct supervisor *self, struct err *err)
{
    struct shim_record record = { .attempt = self->attempt->spec.attempt,
                                  .started_at_ms = clock_wall_ms () };
    strcpy (record.job_id, self->attempt->job_id);
    strcpy (record.cgroup, self->family.cgroup);
    if (proc_identify (getpid (), &record.shim, err) < 0 ||
        proc_identify (self->launch.pid, &record.main, err) < 0 ||
        shim_record_write (self->attempt->dirfd, &record, err) < 0)
        return -1;
    self->record.started_at_ms = record.started_at_ms;
    return 0;
}

static int prepare (struct supervisor *self, struct err *err)
{
    const struct attempt *attempt = self->attempt;
    if (joblog_open (&self->log, attempt->statefd, attempt->job_id, attempt->spec.log_limit_bytes,
                     err) < 0)
        return -1;
    return family_make (&self->family, &attempt->spec, err);
}

/* Everything up to the exec. -1: nothing ran, *err says why. */
static int start (struct supervisor *self, struct err *err)
{
    struct attempt *attempt = self->attempt;
    /* The first line comes after the start record, so that a shim that takes the place of one
     * that died before it does not write a second one. */
    if (prepare (self, err) < 0 || fork_main (self, err) < 0 || put_shim_record (self, err) < 0 ||
        joblog_first_line (&self->log, attempt->spec.argv, err) < 0 ||
        launch_go (&self->launch, &attempt->spec, err) < 0) {
        launch_abandon (&self->launch);
        family_clear (&self->family);
        self->record.started_at_ms = 0;
        return -1;
    }
    spec_clear (&attempt->spec);
    malloc_trim (0);
    return 0;
}

/* ---- while it runs ---- */

static void step (struct supervisor *self, enum reap_event event, int64_t argument)
{
    unsigned actions = reap_step (&self->reap, event, argument, clock_mono_ms ());
    if (actions & REAP_TERM && self->launch.pid > 0) { /* -1 would be every process there is */
        kill (self->launch.pid, SIGTERM);
        kill (self->launch.pid, SIGCONT); /* a stopped process would not see it */
    }
    if (actions & REAP_RELEASE)
        family_release (&self->family, clock_mono_ms ());
    if (actions & REAP_KILL)
        family_kill (&self->family);
    if (actions & (REAP_SAY_PAUSED | REAP_SAY_RESUMED))
        peers_tell_paused (&self->peers, actions & REAP_SAY_PAUSED);
    if (actions & REAP_FINISH)
        self->finishing = true;
    if (actions & REAP_HOLD && family_hold (&self->family))
        step (self, REAP_HELD, 0);
}

/* Reap whatever ended. Returns true when no child is left, dead or alive. */
static bool reap_children (struct supervisor *self)
{
    for (;;) {
        int status;
        pid_t pid = waitpid (-1, &status, WNOHANG);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid <= 0)
            return pid < 0;
        if (pid == self->launch.pid) {
            self->launch.pid = -1;
            step (self, REAP_MAIN_EXITED,
                  WIFSIGNALED (status) ? -WTERMSIG (status) : WEXITSTATUS (status));
        } else if (self->family.kill_rounds > 0 && WIFSIGNALED (status) &&
                   WTERMSIG (status) == SIGKILL) {
            self->record.leftovers_killed++;
        }
    }
}

/* What is in the pipe now is all that the job can still have written: it is owed to the log,
 * however slow the disk. More can only come from a stranger who has the pipe open. */
static void all_dead (struct supervisor *self)
{
    int bytes = 0;
    if (self->pipe >= 0 && ioctl (self->pipe, FIONREAD, &bytes) == 0)
        self->owed_until = self->log.taken + bytes;
    step (self, REAP_ALL_DEAD, 0);
}

static void look_after_children (struct supervisor *self)
{
    bool none_left = reap_children (self);
    if (none_left && self->reap.state == REAP_SWEEPING && !family_in_cgroup (&self->family))
        all_dead (self);
}

static void take_signals (struct supervisor *self)
{
    struct signalfd_siginfo info;
    while (read (self->signals, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == SIGTERM && self->reap.state >= REAP_RUNNING &&
            self->reap.state <= REAP_PAUSED) {
            finish_detail (&self->record, "the shim was asked to end");
            step (self, REAP_STOP, self->reap.grace_ms);
        }
}

/* What the log was before something was done to it. */
struct log_before {
    bool full;
    bool cut;
    int error;
    int64_t taken;
};

static void report_log (struct supervisor *self, const struct log_before *was)
{
    const struct joblog *log = &self->log;
    /* What comes after the last process is a stranger's, beyond what was owed. */
    if (log->taken > was->taken &&
        (self->reap.state < REAP_DRAINING || was->taken < self->owed_until))
        step (self, REAP_OUTPUT, 0);
    if (log->full != was->full)
        step (self, log->full ? REAP_LOG_FULL : REAP_LOG_FREE, 0);
    peers_tell_full (&self->peers, log->full);
    if (log->cut && !was->cut)
        step (self, REAP_LOG_LIMIT, 0);
    if (log->error && !was->error)
        step (self, REAP_DISK_FAILED, 0);
}

static void move_output (struct supervisor *self, short pipe_events)
{
    struct log_before was = { self->log.full, self->log.cut, self->log.error, self->log.taken };
    int64_t now_ms = clock_mono_ms ();
    if (!joblog_settled (&self->log)) {
        if (now_ms < self->log.retry_ms)
            return;
        joblog_flush (&self->log, now_ms);
    } else if (pipe_events && !joblog_pump (&self->log, self->pipe, now_ms)) {
        close (self->pipe);
        self->pipe = -1;
        step (self, REAP_PIPE_END, 0);
    }
    report_log (self, &was);
}

static int64_t sooner (int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

/* For how long poll may sleep: for ever, as a rule. */
static int sleep_ms (const struct supervisor *self)
{
    int64_t until_ms = sooner (reap_deadline (&self->reap), self->peers.deaf_until_ms);
    until_ms = sooner (until_ms, self->family.release_ms);
    if (self->finishing)
        until_ms = sooner (until_ms, finish_deadline (&self->finish, &self->log));
    else if (!joblog_settled (&self->log))
        until_ms = sooner (until_ms, self->log.retry_ms);
    if (until_ms < 0)
        return -1;
    int64_t left = until_ms - clock_mono_ms ();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static void fill_poll (const struct supervisor *self, struct pollfd fds[POLL_COUNT])
{
    bool reading = joblog_settled (&self->log) && !self->finishing;
    fds[POLL_SIGNALS] = (struct pollfd){ .fd = self->signals, .events = POLLIN };
    fds[POLL_PIPE] = (struct pollfd){ .fd = reading ? self->pipe : -1, .events = POLLIN };
    fds[POLL_CGROUP] = (struct pollfd){ .fd = self->family.events, .events = POLLPRI };
}

/* Of those who ask for different things at once, a stop comes first. */
static void do_as_wished (struct supervisor *self, const struct peers_wish *wish)
{
    if (wish->stop_ms >= 0)
        step (self, REAP_STOP, wish->stop_ms);
    if (wish->preempt_ms >= 0)
        step (self, REAP_PREEMPT, wish->preempt_ms);
    if (wish->grace_ms >= 0)
        step (self, REAP_GRACE, wish->grace_ms);
    /* A worker that came back tells of the same one again. */
    if (wish->limit_ms >= 0 && strcmp (wish->experiment, self->experiment) != 0) {
        memcpy (self->experiment, wish->experiment, sizeof self->experiment);
        step (self, REAP_EXPERIMENT, wish->limit_ms);
    }
    if (wish->hold != PEERS_KEEP)
        step (self, wish->hold == PEERS_PAUSE ? REAP_PAUSE : REAP_RESUME, 0);
}

static void look_at_cgroup (struct supervisor *self)
{
    family_rearm (&self->family);
    if (self->reap.state == REAP_PAUSING && family_hold (&self->family))
        step (self, REAP_HELD, 0);
}

static int turn (struct supervisor *self, struct err *err)
{
    struct pollfd fds[POLL_COUNT];
    peers_poll (&self->peers, fds, clock_mono_ms ());
    fill_poll (self, fds);
    if (poll (fds, POLL_COUNT, sleep_ms (self)) < 0 && errno != EINTR)
        return err_sys (err, "cannot wait for events");

    struct peers_wish wish = peers_serve (&self->peers, fds, clock_mono_ms ());
    do_as_wished (self, &wish);
    if (fds[POLL_SIGNALS].revents)
        take_signals (self);
    if (fds[POLL_CGROUP].revents)
        look_at_cgroup (self);
    look_after_children (self);
    if (!self->finishing)
        move_output (self, fds[POLL_PIPE].revents);
    step (self, REAP_TIMER, 0);
    if (self->family.release_ms >= 0 && clock_mono_ms () >= self->family.release_ms)
        family_release (&self->family, clock_mono_ms ());
    return 0;
}

/* ---- after it ---- */

static void put_experiment (struct supervisor *self)
{
    char text[sizeof self->record.detail];
    const char *name = strchr (self->experiment, ' ');
    snprintf (text, sizeof text, "experiment %.100s took longer than its time limit",
              name ? name + 1 : "");
    finish_detail (&self->record, text);
}

static void put_outcome (struct supervisor *self)
{
    struct exit_record *record = &self->record;
    const struct reap *reap = &self->reap;
    record->outcome = reap->outcome;
    record->has_code = reap->has_code;
    record->code = reap->code;
    record->has_signal = reap->has_signal;
    record->signal = reap->signal;
    record->forced = reap->forced;
    record->drained = reap->drained;
    if (reap->experiment_late && reap->outcome == OUTCOME_TIME_LIMIT)
        put_experiment (self);
    if (reap->given_up)
        family_put_alive (&self->family, record);
    family_put_usage (&self->family, record);
    family_clear (&self->family);
}

/* Run the loop until the machine is done, then until everything is durable. */
static int run (struct supervisor *self, struct err *err)
{
    while (!self->finishing)
        if (turn (self, err) < 0)
            return -1;
    put_outcome (self);
    for (;;) {
        enum finish_result result = finish_go (&self->finish, self->attempt, &self->log,
                                               &self->record, clock_mono_ms (), err);
        if (result != FINISH_WAITS)
            return result == FINISH_READY ? 0 : -1;
        peers_tell_full (&self->peers, self->log.full || self->finish.full);
        if (turn (self, err) < 0)
            return -1;
    }
}

static void init (struct supervisor *self, struct attempt *attempt, int listener)
{
    *self = (struct supervisor){
        .attempt = attempt,
        .launch = { .pid = -1, .gate = -1, .report = -1 },
        .signals = -1,
        .log = { .fd = -1, .times.fd = -1 },
        .pipe = -1,
        .family = { .events = -1, .release_ms = -1 },
        .record = { .attempt = attempt->spec.attempt },
    };
    strcpy (self->record.job_id, attempt->job_id);
    peers_init (&self->peers, listener);
    reap_init (&self->reap, attempt->spec.grace_ms, attempt->spec.time_limit_ms,
               attempt->spec.silence_limit_ms);
}

static void fini (struct supervisor *self, bool recorded)
{
    if (self->signals >= 0)
        close (self->signals);
    if (self->pipe >= 0)
        close (self->pipe);
    family_clear (&self->family);
    joblog_close (&self->log);
    close (LAUNCH_SLOT_FD); /* before "exited": the next job may come at once */
    peers_farewell (&self->peers, recorded);
}

static int refuse (struct supervisor *self, const char *detail, struct err *err)
{
    struct joblog *log = self->log.fd >= 0 ? &self->log : NULL;
    self->record.outcome = OUTCOME_SPAWN;
    self->record.drained = true;
    finish_detail (&self->record, detail);
    for (;;) {
        enum finish_result result =
            finish_go (&self->finish, self->attempt, log, &self->record, clock_mono_ms (), err);
        if (result != FINISH_WAITS)
            return result == FINISH_READY ? 0 : -1;
        poll (NULL, 0, JOBLOG_RETRY_MAX_MS);
    }
}

int supervise (struct attempt *attempt, int listener, struct err *err)
{
    struct supervisor self;
    init (&self, attempt, listener);
    int rc;
    self.signals = block_signals (err);
    if (self.signals < 0 || start (&self, err) < 0) {
        char detail[DETAIL_BYTES];
        strcpy (detail, err->text);
        rc = refuse (&self, detail, err);
    } else {
        step (&self, REAP_STARTED, 0);
        rc = run (&self, err);
    }
    fini (&self, rc == 0);
    return rc;
}

int supervise_refuse (struct attempt *attempt, int listener, const char *detail, struct err *err)
{
    struct supervisor self;
    init (&self, attempt, listener);
    int rc = refuse (&self, detail, err);
    fini (&self, rc == 0);
    return rc;
}
