/* monitor.c - see what happens at a broker, and in one job. An example for libems (ems.h).
 *
 *     cc monitor.c -o monitor $(pkg-config --cflags --libs libems)
 *     ./monitor               # every change of every job and worker, until Ctrl-C
 *     ./monitor last          # and the log of a job (its id, the beginning of it, or last), to its
 * end
 *
 * One line for each change on stderr, the log on stdout. One loop with poll waits for all of it and
 * for signals: the way for a program that has other things to wait for.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <ems.h>

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct monitor {
    struct ems *ems;
    struct ems_monitor *all;
    struct ems_follow *job; /* NULL: none, or it is over */
    struct ems_error error;
    bool over; /* the job that we were asked for */
};

static void print_worker (const struct ems_value *worker, const char *name)
{
    int64_t queued = 0;
    const char *state = ems_text (worker, "state"), *job = ems_text (worker, "job_id");
    ems_int (worker, "queued", &queued);
    fprintf (stderr, "worker %s %s %s, %" PRId64 " in line\n", name ? name : "?",
             state ? state : "?", job ? job : "-", queued);
}

static void print_job (const struct ems_value *job)
{
    const char *id = ems_text (job, "job_id"), *status = ems_text (job, "status");
    const char *profile = ems_text (job, "profile"), *reason = ems_text (job, "reason");
    double percent = 0;
    fprintf (stderr, "job %s %s %s", id ? id : "?", status ? status : "?", profile ? profile : "?");
    if (reason)
        fprintf (stderr, " (%s)", reason);
    if (ems_real (job, "progress_pct", &percent))
        fprintf (stderr, " %.0f%%", percent);
    fprintf (stderr, "\n");
}

/* Events are hints: after EMS_MONITOR_LOOK one looks how things stand. */
static int look (struct monitor *self)
{
    struct ems_value *workers = NULL, *reply = NULL;
    int rc = ems_workers (self->ems, &workers, &self->error);
    for (size_t i = 0; rc == 0 && i < ems_count (workers, NULL); i++)
        print_worker (ems_at (workers, i), ems_text (ems_at (workers, i), "name"));
    if (rc == 0)
        rc = ems_list (self->ems, 10, NULL, &reply, &self->error);
    const struct ems_value *jobs = ems_get (reply, "jobs");
    for (size_t i = 0; rc == 0 && i < ems_count (jobs, NULL); i++)
        if (!ems_job_over (ems_at (jobs, i)))
            print_job (ems_at (jobs, i));
    ems_value_destroy (&workers);
    ems_value_destroy (&reply);
    if (rc < 0 && self->error.status == EMS_UNREACHABLE) { /* it will be time to look again */
        fprintf (stderr, "monitor: %s\n", self->error.text);
        return 0;
    }
    return rc;
}

/* 1 something happened, 0 nothing is there now, -1 with self->error. */
static int step_all (struct monitor *self)
{
    struct ems_monitor_event event;
    int rc = ems_monitor_next (self->all, 0, &event, &self->error);
    if (rc <= 0)
        return rc;
    switch (event.type) {
    case EMS_MONITOR_LOOK:
        return look (self) < 0 ? -1 : 1;
    case EMS_MONITOR_JOB:
        print_job (event.value);
        return 1;
    case EMS_MONITOR_WORKER:
        print_worker (event.value, ems_text (event.value, "worker"));
        return 1;
    case EMS_MONITOR_LOST:
        fprintf (stderr, "monitor: the connection is lost; waiting for it\n");
        return 1;
    case EMS_MONITOR_BACK:
        fprintf (stderr, "monitor: connected again\n");
        return 1;
    }
    return 1;
}

static int step_job (struct monitor *self)
{
    struct ems_event event;
    if (!self->job)
        return 0;
    int rc = ems_follow_next (self->job, 0, &event, &self->error);
    if (rc == 1 && event.type == EMS_EVENT_LOG)
        fwrite (event.data, 1, event.size, stdout);
    if (rc == 1 && event.type == EMS_EVENT_OVER)
        self->over = true;
    return rc;
}

/* Until a signal, or the job is over. 0, or -1 with self->error. */
static int loop (struct monitor *self, int signals)
{
    struct pollfd fds[3] = { { .fd = signals, .events = POLLIN },
                             { .fd = ems_monitor_fd (self->all), .events = POLLIN },
                             { .fd = self->job ? ems_follow_fd (self->job) : -1,
                               .events = POLLIN } };
    while (!self->over) {
        /* Both until neither has anything: a call for one may take in what is for the other. */
        int all = step_all (self);
        int job = all < 0 ? all : step_job (self);
        if (job < 0)
            return -1;
        if (all == 1 || job == 1)
            continue;
        fflush (stdout);
        if (poll (fds, 3, -1) > 0 && (fds[0].revents & POLLIN))
            return 0;
    }
    fflush (stdout);
    return 0;
}

int main (int argc, char **argv)
{
    struct monitor self = { 0 };
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGTERM);
    sigprocmask (SIG_BLOCK, &set, NULL);
    int signals = signalfd (-1, &set, SFD_CLOEXEC);

    /* While a request waits for its answer the events wait for us. */
    struct ems_options options = { .reply_ms = 2000 };
    self.ems = ems_new (&options, &self.error);
    if (self.ems && argc > 1)
        self.job = ems_follow_new (self.ems, argv[1], 0, &self.error);
    if (self.ems && (argc < 2 || self.job))
        self.all = ems_monitor_new (self.ems, &self.error);
    int rc = self.all ? loop (&self, signals) : -1;
    if (rc < 0)
        fprintf (stderr, "monitor: %s\n", self.error.text);
    ems_monitor_destroy (&self.all);
    ems_follow_destroy (&self.job);
    ems_destroy (&self.ems);
    close (signals);
    return rc < 0 ? 1 : 0;
}
