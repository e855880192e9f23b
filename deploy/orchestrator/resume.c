/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/resume.h"

#include "orchestrator/files.h"
#include "orchestrator/report.h"
#include "orchestrator/stop.h"

/* What a kill left in the middle of being written or removed. */
static int sweep (const struct results *results, const struct options *options, struct lab_err *err)
{
    for (size_t i = 0; i < EXPERIMENTS_COUNT; i++)
        if (files_sweep (results->fd, experiments_all[i]->name, err) < 0)
            return -1;
    for (size_t i = 0; i < options->experiments_count; i++)
        if (files_sweep (results->fd, options->experiments[i]->name, err) < 0)
            return -1;
    if (attempts_sweep (results->fd, err) < 0)
        return -1;
    return files_sweep (results->fd, REPORT_MANIFEST, err);
}

static int look (struct resume *self, const struct results *results, const struct options *options,
                 struct outcome *outcomes)
{
    for (size_t i = 0; i < options->experiments_count; i++) {
        const struct experiment *e = options->experiments[i];
        if (stop_signal () != 0)
            return -1;
        if (results->resumed)
            self->found[i] =
                checkpoint_look (results->fd, e, options, &outcomes[i], self->reasons[i]);
        else
            self->found[i] = files_exists (results->fd, e->name) ? CHECKPOINT_BAD : CHECKPOINT_NONE;
        if (self->found[i] == CHECKPOINT_GOOD)
            self->kept++;
    }
    return 0;
}

static int record_attempt (const struct resume *self, struct results *results,
                           const struct options *options, struct lab_err *err)
{
    const char *kept[EXPERIMENTS_COUNT];
    size_t count = 0;
    char now[REPORT_TIME_BYTES];
    for (size_t i = 0; i < options->experiments_count; i++)
        if (self->found[i] == CHECKPOINT_GOOD)
            kept[count++] = options->experiments[i]->name;
    report_time (now);
    if (attempts_add (results->attempts, now, results->run_id, results->resumed, kept, count, err) <
        0)
        return -1;
    return attempts_put (results->attempts, results->fd, err);
}

int resume (struct resume *self, struct results *results, const struct options *options,
            struct outcome *outcomes, struct lab_err *err)
{
    *self = (struct resume){ .kept = 0 };
    if (sweep (results, options, err) < 0 || look (self, results, options, outcomes) < 0)
        return -1;
    /* In this order: the attempts may be known from the manifest only, and the manifest must not
     * speak of what is no longer there. */
    if (record_attempt (self, results, options, err) < 0 ||
        files_remove (results->fd, REPORT_MANIFEST, err) < 0)
        return -1;
    for (size_t i = 0; i < options->experiments_count; i++)
        if (self->found[i] == CHECKPOINT_BAD &&
            files_remove (results->fd, options->experiments[i]->name, err) < 0)
            return -1;
    return 0;
}
