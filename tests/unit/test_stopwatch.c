/* test_stopwatch.c - runs as their lines and pauses, and what is known of their experiments then.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "limits.h"
#include "stopwatch.h"

enum what { NOTHING, LINE, OLD_LINE, PAUSE, GO_ON, COMPLETED, FAILED };

struct event {
    int64_t at_ms;
    enum what what;
    const char *words; /* of the line */
};

#define START(number, total) "step=experiment_start current=" #number " total=" #total
#define STEP(name)           "experiment=" name " step=work current=1 total=2"
#define DONE(name)           "experiment=" name " step=done current=2 total=2"
#define EVENTS               12

struct story {
    const char *name;
    struct event events[EVENTS];
    const char *laps[4]; /* "NAME MS" */
    int64_t elapsed_ms;  /* at 1000 */
};

static const struct story stories[] = {
    { "nothing was said", { { 0, NOTHING, NULL } }, { NULL }, -1 },
    { "an experiment ends with its last step",
      { { 100, LINE, START (1, 2) }, { 110, LINE, STEP ("a") }, { 300, LINE, DONE ("a") } },
      { "a 200", " -1" },
      -1 },
    { "without a last step it ends when the next begins",
      { { 100, LINE, START (1, 2) }, { 150, LINE, STEP ("a") }, { 300, LINE, START (2, 2) } },
      { "a 200", " -1" },
      700 },
    { "the time between two of them is nobody's",
      { { 100, LINE, START (1, 2) }, { 200, LINE, DONE ("a") }, { 300, LINE, START (2, 2) } },
      { "a 100", " -1" },
      700 },
    { "the last ends with a run that completes",
      { { 100, LINE, START (1, 1) }, { 500, COMPLETED, NULL } },
      { " 400" },
      -1 },
    { "and not with one that does not",
      { { 100, LINE, START (1, 1) }, { 500, FAILED, NULL } },
      { " -1" },
      900 },
    { "one that is not the last has no end in a run that completes",
      { { 100, LINE, START (1, 2) }, { 500, COMPLETED, NULL } },
      { " -1", " -1" },
      900 },
    { "a step that is said to fail is a step",
      { { 0, LINE, START (1, 2) },
        { 10, LINE, "experiment=a step=error | no network" },
        { 50, LINE, START (2, 2) } },
      { "a 50", " -1" },
      950 },
    { "of one whose beginning is old nothing is known",
      { { 100, OLD_LINE, START (1, 2) }, { 200, LINE, DONE ("a") }, { 300, LINE, START (2, 2) } },
      { "a -1", " -1" },
      700 },
    { "nor of one whose end is",
      { { 100, LINE, START (1, 2) }, { 200, OLD_LINE, START (2, 2) } },
      { " -1", " -1" },
      -1 },
    { "of a run that is met in its middle the rest is known",
      { { 100, LINE, STEP ("a") }, { 200, LINE, START (3, 3) }, { 250, LINE, DONE ("c") } },
      { " -1", " -1", "c 50" },
      -1 },
    { "pauses do not count",
      { { 100, LINE, START (1, 2) },
        { 200, PAUSE, NULL },
        { 250, PAUSE, NULL },
        { 400, GO_ON, NULL },
        { 450, GO_ON, NULL },
        { 500, LINE, DONE ("a") },
        { 600, PAUSE, NULL },
        { 700, GO_ON, NULL },
        { 800, LINE, START (2, 2) } },
      { "a 200", " -1" },
      200 },
    { "a job that is paused takes no time",
      { { 100, LINE, START (1, 1) }, { 300, PAUSE, NULL } },
      { " -1" },
      200 },
    { "one that begins while the job is paused takes none before it goes on",
      { { 100, PAUSE, NULL }, { 200, LINE, START (1, 1) }, { 400, GO_ON, NULL } },
      { " -1" },
      600 },
    { "lines that come twice count the first time",
      { { 100, LINE, START (1, 3) },
        { 200, LINE, DONE ("a") },
        { 300, LINE, START (2, 3) },
        { 400, LINE, START (1, 3) },
        { 400, LINE, DONE ("a") },
        { 400, LINE, START (2, 3) },
        { 500, LINE, DONE ("b") } },
      { "a 100", "b 200", " -1" },
      -1 },
    { "two names under one number are no experiment",
      { { 0, LINE, START (1, 1) }, { 1, LINE, STEP ("a") }, { 2, LINE, STEP ("b") } },
      { NULL },
      -1 },
    { "a total that changes is none",
      { { 0, LINE, START (1, 2) }, { 1, LINE, START (2, 3) } },
      { NULL },
      -1 },
    { "more than can be kept is nothing", { { 0, LINE, START (1, 65) } }, { NULL }, -1 },
    { "steps of a run that does not say how many experiments it has",
      { { 0, LINE, STEP ("a") }, { 1, LINE, DONE ("a") } },
      { NULL },
      -1 },
};

static void happen (struct stopwatch *watch, struct progress *progress, const struct event *event)
{
    char line[256];
    switch (event->what) {
    case PAUSE:
        stopwatch_hold (watch, event->at_ms);
        return;
    case GO_ON:
        stopwatch_release (watch, event->at_ms);
        return;
    case COMPLETED:
    case FAILED:
        stopwatch_end (watch, event->what == COMPLETED, event->at_ms);
        return;
    default:
        break;
    }
    snprintf (line, sizeof line, "[PROGRESS] %s | text", event->words);
    assert_true (progress_line (progress, line, strlen (line)));
    stopwatch_progress (watch, progress, event->what != OLD_LINE, event->at_ms);
}

static void check (const struct story *story)
{
    struct stopwatch watch;
    struct progress progress;
    bool any = false;
    stopwatch_init (&watch);
    progress_init (&progress);
    for (size_t i = 0; i < EVENTS && story->events[i].what != NOTHING; i++)
        happen (&watch, &progress, &story->events[i]);
    for (size_t i = 0; i < 4 && story->laps[i]; i++) {
        char lap[EXPERIMENT_BYTES + 32];
        snprintf (lap, sizeof lap, "%s %lld", watch.laps[i].name, (long long)watch.laps[i].ms);
        if (strcmp (lap, story->laps[i]) != 0)
            fail_msg ("%s: experiment %zu is \"%s\", not \"%s\"", story->name, i + 1, lap,
                      story->laps[i]);
        any = any || watch.laps[i].ms >= 0;
    }
    if (stopwatch_elapsed (&watch, 1000) != story->elapsed_ms)
        fail_msg ("%s: %lld ms since it began", story->name,
                  (long long)stopwatch_elapsed (&watch, 1000));
    assert_true (stopwatch_any (&watch) == any);
}

static void of_each_run_is_known_what_was_seen (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++)
        check (&stories[i]);
}

static void a_duration_that_no_run_may_have_is_not_known (void **state)
{
    (void)state;
    struct stopwatch watch;
    struct progress progress;
    const struct event events[] = { { 0, LINE, START (1, 1) },
                                    { LIMIT_TIME_LIMIT_MS + 1, LINE, DONE ("a") } };
    stopwatch_init (&watch);
    progress_init (&progress);
    for (size_t i = 0; i < 2; i++)
        happen (&watch, &progress, &events[i]);
    assert_false (stopwatch_any (&watch));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (of_each_run_is_known_what_was_seen),
        cmocka_unit_test (a_duration_that_no_run_may_have_is_not_known),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
