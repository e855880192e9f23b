/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/run.h"

#include <stdio.h>
#include <stdlib.h>

#include "orchestrator/files.h"
#include "orchestrator/measure.h"
#include "orchestrator/report.h"
#include "orchestrator/results.h"
#include "orchestrator/resume.h"
#include "orchestrator/screen.h"
#include "orchestrator/stop.h"

struct run {
    const struct options *options;
    struct results results;
    struct resume resume;
    struct outcome outcomes[EXPERIMENTS_COUNT];
};

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
    if (workdir_begin (&folder, self->results.fd, name, err) < 0)
        return -1;
    if (put_text (folder.fd, REPORT_JSON,
                  report_json (self->options, self->results.run_id, outcome), err) < 0 ||
        put_text (folder.fd, REPORT_SUMMARY,
                  report_summary (self->options, self->results.run_id, outcome), err) < 0 ||
        stop_signal () != 0) {
        workdir_discard (&folder);
        return -1;
    }
    if (workdir_publish (&folder, err) < 0)
        return -1;
    screen_wrote (self->results.shown, name, REPORT_JSON);
    screen_wrote (self->results.shown, name, REPORT_SUMMARY);
    return 0;
}

/* 0 also if the experiment failed by itself: the others still run. */
static int run_experiment (struct run *self, size_t index, size_t number, struct lab_err *err)
{
    const struct experiment *e = self->options->experiments[index];
    struct outcome *outcome = &self->outcomes[index];
    size_t steps = measure_steps (self->options);
    screen_experiment (e, number, self->options->experiments_count);
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

/* What becomes of that which earlier attempts left, line by line. */
static void tell_what_was_there (const struct run *self)
{
    const struct options *options = self->options;
    if (self->results.unknown_attempts[0] != '\0')
        screen_attempts_unknown (self->results.unknown_attempts);
    for (size_t i = 0; i < options->experiments_count; i++) {
        const char *name = options->experiments[i]->name;
        if (self->resume.found[i] == CHECKPOINT_GOOD)
            screen_kept (self->results.shown, name);
        else if (self->resume.found[i] == CHECKPOINT_BAD && self->results.resumed)
            screen_again (name, self->resume.reasons[i]);
        else if (self->resume.found[i] == CHECKPOINT_BAD)
            screen_replaced (name);
    }
    for (size_t i = 0; i < EXPERIMENTS_COUNT; i++)
        if (!options_ask_for (options, experiments_all[i]) &&
            files_exists (self->results.fd, experiments_all[i]->name))
            screen_left_alone (experiments_all[i]->name);
}

/* Those that are kept count as done before any other starts. */
static int run_experiments (struct run *self, struct lab_err *err)
{
    size_t count = self->options->experiments_count;
    size_t number = self->resume.kept;
    if (number == count)
        screen_nothing_left (count);
    for (size_t i = 0; i < count; i++)
        if (!self->outcomes[i].complete && run_experiment (self, i, ++number, err) < 0)
            return -1;
    return stop_signal () != 0 ? -1 : 0;
}

static int write_manifest (struct run *self, struct lab_err *err)
{
    char *manifest = report_manifest (self->options, self->results.run_id, self->results.attempts,
                                      self->outcomes, self->options->experiments_count);
    if (put_text (self->results.fd, REPORT_MANIFEST, manifest, err) < 0 ||
        attempts_forget (self->results.fd, err) < 0)
        return -1;
    printf ("  ✓ Run manifest: %s/" REPORT_MANIFEST "\n", self->results.shown);
    if (fflush (stdout) != 0 || ferror (stdout))
        return lab_err_set (err, LAB_EXIT_IO, "cannot write to stdout");
    return 0;
}

static int run_attempt (struct run *self, struct lab_err *err)
{
    const struct options *options = self->options;
    if (results_open (&self->results, err) < 0 ||
        resume (&self->resume, &self->results, options, self->outcomes, err) < 0)
        return -1;
    size_t attempt = self->results.resumed ? attempts_count (self->results.attempts) : 0;
    screen_header (options, self->results.run_id, attempt, self->resume.kept);
    tell_what_was_there (self);
    if (run_experiments (self, err) < 0)
        return -1;
    screen_tables (self->outcomes, options->experiments_count);
    return write_manifest (self, err);
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
    struct run self = { .options = options };
    struct lab_err err = { LAB_EXIT_OK, "" };
    int rc = run_attempt (&self, &err);
    results_close (&self.results);
    if (stop_signal () != 0)
        return 128 + stop_signal ();
    if (rc < 0) {
        fprintf (stderr, "lab-orchestrator: %s\n", err.text);
        return (int)err.code;
    }
    return exit_code (&self);
}
