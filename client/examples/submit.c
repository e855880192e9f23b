/* submit.c - run a job, show its log and its states, end as it ended. An example for libems
 * (ems.h).
 *
 *     cc submit.c -o submit $(pkg-config --cflags --libs libems)
 *     ./submit lab experiments=gmst_era,kepler_solver n=200 no_perf=true
 *
 * The log goes to stdout, byte for byte; everything else to stderr. Ctrl-C cancels the job, a
 * second one at once. Where EMS is: EMS_ENDPOINT or EMS_STATE, else ~/.local/state/ems.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <ems.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct screen {
    char status[16];
    bool failed; /* stdout takes nothing any more */
};

static void remark (void *arg, const char *text)
{
    (void)arg;
    fprintf (stderr, "submit: %s\n", text);
}

/* NAME=VALUE: an integer, true or false, a list with commas, or a text. */
static int put_parameter (struct ems_value *params, char *word)
{
    char *value = strchr (word, '='), *end = NULL;
    if (!value)
        return -1;
    *value++ = '\0';
    errno = 0;
    long long number = strtoll (value, &end, 10);
    if (*value != '\0' && *end == '\0' && errno == 0)
        return ems_put_int (params, word, number);
    if (strcmp (value, "true") == 0 || strcmp (value, "false") == 0)
        return ems_put_bool (params, word, value[0] == 't');
    if (!strchr (value, ','))
        return ems_put_text (params, word, value);
    struct ems_value *list = ems_list_new ();
    for (char *item = strtok (value, ","); item; item = strtok (NULL, ","))
        if (ems_append_text (list, item) < 0) {
            ems_value_destroy (&list);
            return -1;
        }
    return ems_put (params, word, list); /* the map owns the list now */
}

/* Called with every event until the job is over, or we return false. */
static bool show (void *arg, const struct ems_event *event)
{
    struct screen *screen = arg;
    const char *status = ems_text (event->job, "status");
    switch (event->type) {
    case EMS_EVENT_LOG:
        screen->failed =
            fwrite (event->data, 1, event->size, stdout) < event->size || fflush (stdout) == EOF;
        return !screen->failed;
    case EMS_EVENT_STATUS:
    case EMS_EVENT_OVER: /* a status comes again with every step forward */
        if (status && strcmp (status, screen->status) != 0) {
            snprintf (screen->status, sizeof screen->status, "%s", status);
            fprintf (stderr, "submit: %s\n", screen->status);
        }
        return true;
    case EMS_EVENT_LOST:
        remark (NULL, "the connection is lost; waiting for it");
        return true;
    case EMS_EVENT_BACK:
        remark (NULL, "connected again");
        return true;
    case EMS_EVENT_CANCEL:
        if (event->status != 200)
            remark (NULL, event->text);
        return true;
    }
    return true; /* what a later version has to say */
}

/* Until the job is over; a signal cancels it. The exit code. */
static int follow (struct ems *ems, struct ems_value *job, int signals, struct ems_error *error)
{
    struct screen screen = { "", false };
    struct ems_follow *follow = ems_follow_job (ems, job, 0, error);
    int rc = follow ? 0 : -1;
    int64_t grace_ms = -1; /* the job's own; the second time none */
    while (rc == 0) {
        rc = ems_follow_each (follow, show, &screen, error);
        if (rc < 0 && error->status == EMS_INTERRUPTED) {
            struct signalfd_siginfo taken;
            if (read (signals, &taken, sizeof taken) > 0)
                remark (NULL, "asking to cancel it");
            rc = ems_follow_cancel (follow, grace_ms, error);
            grace_ms = 0;
        } else if (screen.failed) {
            fprintf (stderr, "submit: cannot write; the job goes on\n");
            break;
        }
    }
    ems_follow_destroy (&follow);
    if (screen.failed)
        return 74;
    struct ems_value *record = NULL;
    if (rc < 0 || ems_status (ems, ems_text (job, "job_id"), &record, error) < 0)
        return -1;
    int code = ems_job_exit_code (record);
    ems_value_destroy (&record);
    return code;
}

/* What to exit with when a function failed. */
static int failed (const struct ems_error *error)
{
    fprintf (stderr, "submit: %s\n", error->text);
    switch (error->status) {
    case 400:
        return 65;
    case 403:
        return 77;
    case 404:
        return 66;
    case 409:
        return 75;
    case 503:
    case EMS_UNREACHABLE:
        return 69;
    case EMS_INTERRUPTED:
        return 130;
    default:
        return 125;
    }
}

int main (int argc, char **argv)
{
    struct ems_error error;
    struct ems_run run;
    struct ems_value *params = ems_map_new (), *job = NULL;
    ems_run_init (&run);
    run.profile = argc > 1 ? argv[1] : NULL;
    run.params = params;
    run.queue = true;
    int bad = argc < 2;
    for (int i = 2; i < argc && !bad; i++)
        bad = put_parameter (params, argv[i]) < 0;
    if (bad) {
        fprintf (stderr, "usage: submit PROFILE [NAME=VALUE]...\n");
        ems_value_destroy (&params);
        return 64;
    }

    /* Signals become a descriptor, which ends every wait of the library. */
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGTERM);
    sigprocmask (SIG_BLOCK, &set, NULL);
    int signals = signalfd (-1, &set, SFD_CLOEXEC);
    struct ems_options options = { .interrupt_fd = signals, .notice = remark };

    struct ems *ems = ems_new (&options, &error);
    int code = -1;
    if (ems && ems_run (ems, &run, &job, &error) == 0) {
        fprintf (stderr, "submit: job %s on %s\n", ems_text (job, "job_id"),
                 ems_text (job, "worker"));
        code = follow (ems, job, signals, &error);
    }
    if (code < 0)
        code = failed (&error);
    ems_value_destroy (&job);
    ems_value_destroy (&params);
    ems_destroy (&ems);
    close (signals);
    return code;
}
