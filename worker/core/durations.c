/* durations.c - {runs: [{params, total, experiments: [{number, name, ms}]}]}; what is not known is
 * not there.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "durations.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"

void durations_init (struct durations *self)
{
    self->count = 0;
}

static void run_clear (struct timed_run *run)
{
    value_destroy (&run->params);
    free (run->laps);
    run->laps = NULL;
}

void durations_clear (struct durations *self)
{
    while (self->count > 0)
        run_clear (&self->runs[--self->count]);
}

void durations_drop_oldest (struct durations *self)
{
    if (self->count == 0)
        return;
    run_clear (&self->runs[0]);
    memmove (self->runs, self->runs + 1, --self->count * sizeof *self->runs);
}

/* With nothing known of any experiment. */
static int run_make (const struct value *params, int64_t total, struct timed_run *out)
{
    *out = (struct timed_run){ .params = value_copy (params), .total = total };
    out->laps = calloc ((size_t)total, sizeof *out->laps);
    if (!out->params || !out->laps) {
        run_clear (out);
        return -1;
    }
    for (int64_t i = 0; i < total; i++)
        out->laps[i].ms = -1;
    return 0;
}

int durations_add (struct durations *self, const struct value *params,
                   const struct stopwatch *watch)
{
    struct timed_run run;
    if (run_make (params, watch->total, &run) < 0)
        return -1;
    memcpy (run.laps, watch->laps, (size_t)run.total * sizeof *run.laps);
    if (self->count == DURATIONS_RUNS)
        durations_drop_oldest (self);
    self->runs[self->count++] = run;
    return 0;
}

static struct value *lap_to_value (int64_t number, const struct lap *lap)
{
    struct value *map = value_new_map ();
    if (!map || value_put_int (map, "number", number) < 0 ||
        value_put_string (map, "name", lap->name) < 0 || value_put_int (map, "ms", lap->ms) < 0)
        value_destroy (&map);
    return map;
}

static struct value *laps_to_value (const struct timed_run *run)
{
    struct value *list = value_new_list ();
    for (int64_t i = 0; list && i < run->total; i++)
        if (run->laps[i].ms >= 0 && value_append (list, lap_to_value (i + 1, &run->laps[i])) < 0)
            value_destroy (&list);
    return list;
}

static struct value *run_to_value (const struct timed_run *run)
{
    struct value *map = value_new_map ();
    if (!map || value_put (map, "params", value_copy (run->params)) < 0 ||
        value_put_int (map, "total", run->total) < 0 ||
        value_put (map, "experiments", laps_to_value (run)) < 0)
        value_destroy (&map);
    return map;
}

struct value *durations_to_value (const struct durations *self)
{
    struct value *map = value_new_map ();
    struct value *runs = value_new_list ();
    for (size_t i = 0; runs && i < self->count; i++)
        if (value_append (runs, run_to_value (&self->runs[i])) < 0)
            value_destroy (&runs);
    if (value_put (map, "runs", runs) < 0)
        value_destroy (&map);
    return map;
}

static int missing (const char *key, struct err *err)
{
    return err_set (err, STATUS_BAD_REQUEST, "\"%s\" is missing", key);
}

static int read_number (const struct value *map, const char *key, int64_t min, int64_t max,
                        int64_t *out, struct err *err)
{
    int rc = value_read_int (map, key, min, max, out, err);
    return rc == 0 ? missing (key, err) : rc;
}

static int read_lap (const struct value *map, struct timed_run *run, struct err *err)
{
    int64_t number = 0;
    int64_t ms = 0;
    const char *name = "";
    if (value_type (map) != VALUE_MAP)
        return err_set (err, STATUS_BAD_REQUEST, "an experiment is no map");
    if (read_number (map, "number", 1, run->total, &number, err) < 0 ||
        read_number (map, "ms", 0, LIMIT_TIME_LIMIT_MS, &ms, err) < 0 ||
        value_read_string (map, "name", EXPERIMENT_BYTES - 1, &name, err) < 0)
        return -1;
    struct lap *lap = &run->laps[number - 1];
    memcpy (lap->name, name, strlen (name) + 1);
    lap->ms = ms;
    return 0;
}

static int read_laps (const struct value *map, struct timed_run *run, struct err *err)
{
    const struct value *list = NULL;
    int rc = value_read_list (map, "experiments", &list, err);
    if (rc == 0)
        return missing ("experiments", err);
    for (size_t i = 0; rc >= 0 && i < value_count (list); i++)
        rc = read_lap (value_at (list, i), run, err);
    return rc < 0 ? -1 : 0;
}

static int read_run (const struct value *map, struct durations *out, struct err *err)
{
    const struct value *params = NULL;
    int64_t total = 0;
    struct timed_run *run = &out->runs[out->count];
    if (value_type (map) != VALUE_MAP)
        return err_set (err, STATUS_BAD_REQUEST, "it is no map");
    int rc = value_read_map (map, "params", &params, err);
    if (rc == 0)
        return missing ("params", err);
    if (rc < 0 || read_number (map, "total", 1, STOPWATCH_LAPS, &total, err) < 0)
        return -1;
    if (run_make (params, total, run) < 0)
        return err_set (err, STATUS_FAILED, "out of memory");
    out->count++;
    return read_laps (map, run, err);
}

int durations_from_value (const struct value *map, struct durations *out, struct err *err)
{
    const struct value *runs = NULL;
    int rc = value_read_list (map, "runs", &runs, err);
    if (rc == 0)
        return missing ("runs", err);
    if (rc > 0 && value_count (runs) > DURATIONS_RUNS)
        rc = err_set (err, STATUS_BAD_REQUEST, "it has %zu runs; at most %d are kept",
                      value_count (runs), DURATIONS_RUNS);
    for (size_t i = 0; rc >= 0 && i < value_count (runs); i++) {
        rc = read_run (value_at (runs, i), out, err);
        if (rc < 0)
            err_prefix (err, "run %zu", i + 1);
    }
    if (rc >= 0)
        return 0;
    durations_clear (out);
    return -1;
}
