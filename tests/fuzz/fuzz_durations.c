/* fuzz_durations.c - the history of durations: a file is read whole or refused and comes back as it
 * was; and whatever a run says after it, an estimate is one that a record can hold.
 *
 * The first line is the file, the others are the run's log.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "eta.h"
#include "fuzz.h"
#include "json.h"
#include "limits.h"

static void check_again (const struct durations *history)
{
    struct err err = { 0 };
    struct durations again;
    durations_init (&again);
    struct value *map = durations_to_value (history);
    must (map && durations_from_value (map, &again, &err) == 0,
          "a history that was read can be written and read");
    struct value *second = durations_to_value (&again);
    must (value_equal (map, second), "a history comes back as it was");
    value_destroy (&second);
    value_destroy (&map);
    durations_clear (&again);
}

static void check_plan (const struct eta_plan *plan)
{
    for (int64_t i = 0; i < plan->total; i++)
        for (size_t k = 0; k < plan->items[i].count; k++)
            must (plan->items[i].samples[k] >= 0 &&
                      plan->items[i].samples[k] <= LIMIT_TIME_LIMIT_MS &&
                      (k == 0 || plan->items[i].samples[k - 1] <= plan->items[i].samples[k]),
                  "a sample is a duration, and they are sorted");
}

static void check_eta (const struct eta *eta)
{
    must (!eta->has_experiment ||
              (eta->experiment_ms >= 0 && eta->experiment_ms <= LIMIT_TIME_LIMIT_MS),
          "a record can hold the experiment's");
    must (!eta->has_run || (eta->run_ms >= 0 && eta->run_ms <= LIMIT_TIME_LIMIT_MS),
          "a record can hold the run's");
    must (!eta->has_run || !eta->has_experiment || eta->run_ms >= eta->experiment_ms,
          "a run takes no less than its experiment");
}

/* Each line ten milliseconds after the other, with a pause at every seventh. */
static void play (const struct durations *history, const char *text, const char *end)
{
    struct progress progress;
    struct stopwatch watch;
    struct eta_plan plan = { 0 };
    struct value *none = value_new_map ();
    const struct value *params = history->count > 0 ? history->runs[0].params : none;
    int64_t now_ms = 0;
    progress_init (&progress);
    stopwatch_init (&watch);
    for (int line = 0; text < end; line++) {
        const char *newline = memchr (text, '\n', (size_t)(end - text));
        size_t bytes = (size_t)((newline ? newline : end) - text);
        now_ms += 10;
        if (progress_line (&progress, text, bytes))
            stopwatch_progress (&watch, &progress, line % 5 != 4, now_ms);
        if (plan.total == 0 && watch.total > 0)
            eta_plan (history, params, watch.total, &plan);
        if (line % 7 == 6)
            stopwatch_hold (&watch, now_ms);
        else
            stopwatch_release (&watch, now_ms);
        struct eta eta = eta_now (&plan, &watch, now_ms);
        check_eta (&eta);
        text += bytes + 1;
    }
    stopwatch_end (&watch, true, now_ms);
    check_plan (&plan);
    struct durations more;
    durations_init (&more);
    if (stopwatch_any (&watch)) {
        must (durations_add (&more, params, &watch) == 0, "a run can be added");
        check_again (&more);
    }
    durations_clear (&more);
    value_destroy (&none);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *newline = memchr (text, '\n', size);
    size_t first = newline ? (size_t)(newline - text) : size;
    struct err err = { 0 };
    struct durations history;
    durations_init (&history);
    struct value *map = json_decode (text, first, &err);
    if (map && durations_from_value (map, &history, &err) == 0)
        check_again (&history);
    else
        must_say_why (&err);
    value_destroy (&map);
    play (&history, newline ? newline + 1 : text + size, text + size);
    durations_clear (&history);
    return 0;
}
