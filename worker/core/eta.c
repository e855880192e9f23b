/* eta.c - for each experiment a few durations, and from them what is left.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "eta.h"

#include <string.h>

#include "limits.h"

#define ALIKE        1.25 /* what is not further apart counts as the same */
#define NEWS_LEAST   1000 /* ms */
#define NEWS_PERCENT 10   /* of what is left */

/* How an earlier run's parameters differ from those of the run in question. */
struct relation {
    bool counts;      /* the same, or but for one integer */
    const char *name; /* that one's; NULL: the same */
    int64_t value;    /* it had then */
};

/* Durations of one experiment with one value of the integer. */
struct group {
    int64_t value;
    int64_t samples[ETA_SAMPLES];
    size_t count;
};

struct question {
    const struct durations *history;
    const struct value *params;
    int64_t total;
    struct relation relations[DURATIONS_RUNS];
};

static struct relation compare (const struct value *asked, const struct value *then)
{
    struct relation relation = { .counts = value_count (asked) == value_count (then) };
    for (size_t i = 0; relation.counts && i < value_count (asked); i++) {
        const char *name = value_key_at (asked, i);
        const struct value *a = value_at (asked, i);
        const struct value *b = value_get (then, name);
        if (b && value_equal (a, b))
            continue;
        relation.counts =
            !relation.name && value_type (a) == VALUE_INT && value_type (b) == VALUE_INT;
        relation.name = name;
        relation.value = value_int (b);
    }
    return relation;
}

/* Into its place; what does not fit any more is older. */
static void sample_add (int64_t samples[ETA_SAMPLES], size_t *count, int64_t ms)
{
    if (*count == ETA_SAMPLES)
        return;
    size_t at = (*count)++;
    for (; at > 0 && samples[at - 1] > ms; at--)
        samples[at] = samples[at - 1];
    samples[at] = ms;
}

static int64_t median (const int64_t *sorted, size_t count)
{
    int64_t upper = sorted[count / 2];
    return count % 2 ? upper : (sorted[count / 2 - 1] + upper) / 2;
}

/* The duration of the experiment in that run, or NULL. The first that is found says its name:
 * under another name it is another one. */
static const struct lap *lap_of (const struct question *question, size_t run, int64_t number,
                                 struct eta_item *item, bool first)
{
    const struct timed_run *timed = &question->history->runs[run];
    if (timed->total != question->total || timed->laps[number].ms < 0)
        return NULL;
    const struct lap *lap = &timed->laps[number];
    if (first)
        memcpy (item->name, lap->name, sizeof item->name);
    return strcmp (item->name, lap->name) == 0 ? lap : NULL;
}

static void take_same (const struct question *question, int64_t number, struct eta_item *item)
{
    for (size_t i = question->history->count; i-- > 0;) {
        const struct relation *relation = &question->relations[i];
        if (!relation->counts || relation->name)
            continue;
        const struct lap *lap = lap_of (question, i, number, item, item->count == 0);
        if (lap)
            sample_add (item->samples, &item->count, lap->ms);
    }
}

/* Sorts the durations by the integer's value; returns how many values there are, the newest. */
static size_t gather (const struct question *question, const char *name, int64_t number,
                      struct eta_item *item, struct group groups[ETA_SAMPLES])
{
    size_t count = 0;
    for (size_t i = question->history->count; i-- > 0;) {
        const struct relation *relation = &question->relations[i];
        if (!relation->counts || !relation->name || strcmp (relation->name, name) != 0)
            continue;
        const struct lap *lap = lap_of (question, i, number, item, count == 0);
        size_t at = 0;
        while (at < count && groups[at].value != relation->value)
            at++;
        if (!lap || at == ETA_SAMPLES)
            continue;
        if (at == count)
            groups[count++] = (struct group){ .value = relation->value };
        sample_add (groups[at].samples, &groups[at].count, lap->ms);
    }
    return count;
}

static bool alike (double least, double most)
{
    return most <= ALIKE * least;
}

static bool all_alike (const double *numbers, size_t count)
{
    double least = numbers[0];
    double most = numbers[0];
    for (size_t i = 1; i < count; i++) {
        least = numbers[i] < least ? numbers[i] : least;
        most = numbers[i] > most ? numbers[i] : most;
    }
    return alike (least, most);
}

static bool too_long (double ms)
{
    return ms > (double)LIMIT_TIME_LIMIT_MS;
}

/* What the groups say of the value `asked`, if there are two at least and they agree. Two that lie
 * close together may look the same and in proportion; then both must come to the same. */
static void extrapolate (const struct group *groups, size_t count, int64_t asked,
                         struct eta_item *item)
{
    double flat[ETA_SAMPLES];
    double scaled[ETA_SAMPLES];
    bool positive = asked > 0;
    if (count < 2)
        return;
    for (size_t i = 0; i < count; i++) {
        flat[i] = (double)median (groups[i].samples, groups[i].count);
        positive = positive && groups[i].value > 0;
        scaled[i] = positive ? flat[i] / (double)groups[i].value * (double)asked : 0;
    }
    bool constant = all_alike (flat, count);
    bool proportional = positive && all_alike (scaled, count) && scaled[0] > 0;
    double both[] = { flat[0], scaled[0] };
    if (constant && proportional && !all_alike (both, 2))
        return;
    for (size_t i = 0; (constant || proportional) && i < count; i++) {
        double ms = constant ? flat[i] : scaled[i];
        if (!too_long (ms))
            sample_add (item->samples, &item->count, (int64_t)ms);
    }
}

/* Each integer that was changed alone, the newest run's first, until one says something. */
static void take_scaled (const struct question *question, int64_t number, struct eta_item *item)
{
    for (size_t i = question->history->count; i-- > 0 && item->count == 0;) {
        struct group groups[ETA_SAMPLES];
        const struct relation *relation = &question->relations[i];
        if (!relation->counts || !relation->name)
            continue;
        size_t count = gather (question, relation->name, number, item, groups);
        extrapolate (groups, count, value_int (value_get (question->params, relation->name)), item);
    }
}

void eta_plan (const struct durations *history, const struct value *params, int64_t total,
               struct eta_plan *out)
{
    struct question question = { .history = history, .params = params, .total = total };
    *out = (struct eta_plan){ .total = total };
    for (size_t i = 0; i < history->count; i++)
        question.relations[i] = compare (params, history->runs[i].params);
    for (int64_t i = 0; i < total; i++) {
        take_same (&question, i, &out->items[i]);
        if (out->items[i].count == 0)
            take_scaled (&question, i, &out->items[i]);
    }
}

/* What is left of it after `elapsed_ms`, as of those that took longer than that; negative: it
 * never did. */
static int64_t left_of (const struct eta_item *item, int64_t elapsed_ms)
{
    size_t passed = 0;
    while (passed < item->count && item->samples[passed] <= elapsed_ms)
        passed++;
    if (passed == item->count)
        return -1;
    return median (item->samples + passed, item->count - passed) - elapsed_ms;
}

/* Are these the experiments of the plan, as far as they have said their names? */
static bool fits (const struct eta_plan *plan, const struct stopwatch *watch)
{
    if (watch->confused || watch->number < 1 || watch->total != plan->total)
        return false;
    for (int64_t i = 0; i < watch->number; i++) {
        const char *is = watch->laps[i].name;
        const char *expected = plan->items[i].name;
        if (is[0] && expected[0] && strcmp (is, expected) != 0)
            return false;
    }
    return true;
}

struct eta eta_now (const struct eta_plan *plan, const struct stopwatch *watch, int64_t now_ms)
{
    struct eta eta = { 0 };
    int64_t elapsed_ms = stopwatch_elapsed (watch, now_ms);
    if (!fits (plan, watch))
        return eta;
    int64_t left = elapsed_ms < 0 ? -1 : left_of (&plan->items[watch->number - 1], elapsed_ms);
    eta.has_experiment = left >= 0;
    eta.experiment_ms = eta.has_experiment ? left : 0;
    /* How long a program goes on after its last experiment nobody knows. */
    eta.has_run = eta.has_experiment || (watch->over && watch->number < watch->total);
    eta.run_ms = eta.experiment_ms;
    for (int64_t i = watch->number; eta.has_run && i < plan->total; i++) {
        const struct eta_item *item = &plan->items[i];
        eta.has_run = item->count > 0;
        eta.run_ms += item->count > 0 ? median (item->samples, item->count) : 0;
    }
    if (eta.run_ms > LIMIT_TIME_LIMIT_MS)
        eta.has_run = false;
    return eta;
}

static bool differs (bool knew, int64_t told_ms, bool knows, int64_t now_ms, int64_t ago_ms)
{
    if (!knew || !knows)
        return knew != knows;
    int64_t change = now_ms - (told_ms - ago_ms);
    if (change < 0)
        change = -change;
    return change > NEWS_LEAST && change * 100 > now_ms * NEWS_PERCENT;
}

bool eta_news (const struct eta *told, const struct eta *now, int64_t ago_ms)
{
    return differs (told->has_experiment, told->experiment_ms, now->has_experiment,
                    now->experiment_ms, ago_ms) ||
           differs (told->has_run, told->run_ms, now->has_run, now->run_ms, ago_ms);
}
