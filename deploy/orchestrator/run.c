/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/run.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "orchestrator/files.h"
#include "orchestrator/measure.h"
#include "orchestrator/report.h"
#include "orchestrator/screen.h"
#include "orchestrator/stop.h"

enum { RUN_ID_BYTES = 65, SHOWN_BYTES = 4096 };

struct run {
    const struct options *options;
    char run_id[RUN_ID_BYTES];
    char shown[SHOWN_BYTES]; /* the results folder as people see it */
    int folder_fd;
    char started_at[REPORT_TIME_BYTES];
    struct outcome outcomes[EXPERIMENTS_COUNT];
};

static const char *environment (const char *name)
{
    const char *value = getenv (name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* YYYY-MM-DD_HH-MM-SS of now, with the microseconds if asked for. */
static void make_run_id (char out[RUN_ID_BYTES], bool with_microseconds)
{
    struct timespec now;
    struct tm utc;
    clock_gettime (CLOCK_REALTIME, &now);
    gmtime_r (&now.tv_sec, &utc);
    size_t length = strftime (out, RUN_ID_BYTES, "%Y-%m-%d_%H-%M-%S", &utc);
    if (with_microseconds)
        snprintf (out + length, RUN_ID_BYTES - length, "-%06ld", now.tv_nsec / 1000);
}

/* The id becomes part of a path, so it must look like a name. */
static int take_run_id (struct run *self, const char *given, struct lab_err *err)
{
    size_t length = strlen (given);
    bool good = length < RUN_ID_BYTES && isalnum ((unsigned char)given[0]);
    for (size_t i = 0; good && i < length; i++)
        good = isalnum ((unsigned char)given[i]) || strchr ("._-", given[i]) != NULL;
    if (!good)
        return lab_err_set (err, LAB_EXIT_USAGE,
                            "EMS_RUN_ID is no run id; it takes 1 to 64 letters, digits, '.', '_' "
                            "and '-', the first a letter or digit");
    memcpy (self->run_id, given, length + 1);
    return 0;
}

/* By hand: a folder of our own, named by the second; two starts in one second differ in the
 * microseconds. */
static int open_own_folder (struct run *self, bool id_is_given, struct lab_err *err)
{
    bool existed;
    snprintf (self->shown, sizeof self->shown, "results/%s", self->run_id);
    if (files_open_folder (self->shown, !id_is_given, &self->folder_fd, &existed, err) == 0)
        return 0;
    if (!existed || id_is_given)
        return -1;
    make_run_id (self->run_id, true);
    snprintf (self->shown, sizeof self->shown, "results/%s", self->run_id);
    return files_open_folder (self->shown, true, &self->folder_fd, &existed, err);
}

static int open_results (struct run *self, struct lab_err *err)
{
    const char *folder = environment ("EMS_RESULTS_DIR");
    const char *id = environment ("EMS_RUN_ID");
    bool existed;
    make_run_id (self->run_id, false);
    if (id != NULL && take_run_id (self, id, err) < 0)
        return -1;
    if (folder == NULL)
        return open_own_folder (self, id != NULL, err);
    if (folder[0] == '/')
        snprintf (self->shown, sizeof self->shown, "results/%s", self->run_id);
    else
        snprintf (self->shown, sizeof self->shown, "%s", folder);
    for (size_t end = strlen (self->shown); end > 1 && self->shown[end - 1] == '/'; end--)
        self->shown[end - 1] = '\0';
    return files_open_folder (folder, false, &self->folder_fd, &existed, err);
}

/* Takes the text over. */
static int put_text (int folder_fd, const char *name, char *text, struct lab_err *err)
{
    if (text == NULL)
        return lab_err_set (err, LAB_EXIT_INTERNAL, "not enough memory for %s", name);
    int rc = files_put (folder_fd, name, text, err);
    free (text);
    return rc;
}

static int write_outcome (struct run *self, const struct outcome *outcome, struct lab_err *err)
{
    const char *name = outcome->experiment->name;
    struct workdir folder;
    if (workdir_begin (&folder, self->folder_fd, name, err) < 0)
        return -1;
    if (put_text (folder.fd, "libnova.json", report_json (self->options, self->run_id, outcome),
                  err) < 0 ||
        put_text (folder.fd, "summary.md", report_summary (self->options, self->run_id, outcome),
                  err) < 0 ||
        stop_signal () != 0) {
        workdir_discard (&folder);
        return -1;
    }
    if (workdir_publish (&folder, err) < 0)
        return -1;
    screen_wrote (self->shown, name, "libnova.json");
    screen_wrote (self->shown, name, "summary.md");
    return 0;
}

/* 0 also if the experiment failed by itself: the others still run. */
static int run_experiment (struct run *self, size_t index, struct lab_err *err)
{
    const struct experiment *e = self->options->experiments[index];
    struct outcome *outcome = &self->outcomes[index];
    size_t steps = measure_steps (self->options);
    screen_experiment (e, index + 1, self->options->experiments_count);
    if (measure (e, self->options, outcome, err) < 0) {
        if (stop_signal () != 0)
            return -1;
        snprintf (outcome->reason, sizeof outcome->reason, "%.255s", err->text);
        screen_failed (e, outcome->reason);
        return 0;
    }
    screen_step (e, "done", steps, steps, "Experiment complete.");
    if (write_outcome (self, outcome, err) < 0)
        return -1;
    outcome->complete = true;
    screen_results (outcome);
    return 0;
}

static int run_experiments (struct run *self, struct lab_err *err)
{
    size_t count = self->options->experiments_count;
    screen_header (self->options, self->run_id);
    for (size_t i = 0; i < count; i++)
        if (run_experiment (self, i, err) < 0)
            return -1;
    if (stop_signal () != 0)
        return -1;
    screen_tables (self->outcomes, count);
    char *manifest =
        report_manifest (self->options, self->run_id, self->started_at, self->outcomes, count);
    if (put_text (self->folder_fd, "manifest.json", manifest, err) < 0)
        return -1;
    printf ("  ✓ Run manifest: %s/manifest.json\n", self->shown);
    if (fflush (stdout) != 0 || ferror (stdout))
        return lab_err_set (err, LAB_EXIT_IO, "cannot write to stdout");
    return 0;
}

static int exit_code (const struct run *self)
{
    for (size_t i = 0; i < self->options->experiments_count; i++) {
        const struct outcome *outcome = &self->outcomes[i];
        if (!outcome->complete || (self->options->ci && outcome_exceeded (outcome) > 0))
            return LAB_EXIT_FAILED;
    }
    return LAB_EXIT_OK;
}

int run_all (const struct options *options)
{
    struct run self = { .options = options, .folder_fd = -1 };
    struct lab_err err = { LAB_EXIT_OK, "" };
    report_time (self.started_at);
    int rc = open_results (&self, &err);
    if (rc == 0)
        rc = run_experiments (&self, &err);
    if (self.folder_fd >= 0)
        close (self.folder_fd);
    if (stop_signal () != 0)
        return 128 + stop_signal ();
    if (rc < 0) {
        fprintf (stderr, "lab-orchestrator: %s\n", err.text);
        return (int)err.code;
    }
    return exit_code (&self);
}
