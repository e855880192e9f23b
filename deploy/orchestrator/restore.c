/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/restore.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/report.h"

/* Every integer up to here is a double. */
#define COUNT_MOST 9007199254740992.0

/* Remembers the first key that was not as it should be, so that not every read is followed by a
 * question. */
struct reader {
    const char *wrong;
};

static const cJSON *member (const cJSON *from, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive (from, key);
}

static void refuse (struct reader *reader, const char *key)
{
    if (reader->wrong == NULL)
        reader->wrong = key;
}

/* NaN is written as null. */
static double read_item (struct reader *reader, const cJSON *item, const char *key)
{
    if (cJSON_IsNumber (item))
        return item->valuedouble;
    if (!cJSON_IsNull (item))
        refuse (reader, key);
    return NAN;
}

static double read_figure (struct reader *reader, const cJSON *from, const char *key)
{
    return read_item (reader, member (from, key), key);
}

static size_t read_count (struct reader *reader, const cJSON *from, const char *key)
{
    double value = read_figure (reader, from, key);
    if (value >= 0 && value <= COUNT_MOST && value - floor (value) <= 0)
        return (size_t)value;
    refuse (reader, key);
    return 0;
}

static const char *read_text (struct reader *reader, const cJSON *from, const char *key)
{
    const char *text = cJSON_GetStringValue (member (from, key));
    if (text != NULL)
        return text;
    refuse (reader, key);
    return "";
}

static void read_inputs (struct reader *reader, const cJSON *inputs, struct restored *out)
{
    out->n = read_count (reader, inputs, "count");
    out->outcome.edges_count = read_count (reader, inputs, "edge_cases");
    const char *seed = read_text (reader, inputs, "seed");
    const char *fingerprint = read_text (reader, inputs, "fingerprint");
    if (sscanf (seed, "%" SCNd64, &out->seed) != 1)
        refuse (reader, "seed");
    if (sscanf (fingerprint, "fnv1a64:%" SCNx64, &out->outcome.fingerprint) != 1)
        refuse (reader, "fingerprint");
}

static void read_worst_case (struct reader *reader, const cJSON *worst, struct outcome *out,
                             size_t m)
{
    const struct experiment *e = out->experiment;
    out->worst_case[m] = read_count (reader, worst, "index");
    for (size_t i = 0; i < e->inputs_count; i++)
        out->worst_input[m][i] = read_figure (reader, worst, e->input_names[i]);
}

static void read_metric (struct reader *reader, const cJSON *from, struct outcome *out, size_t m)
{
    const struct metric *metric = &out->experiment->metrics[m];
    struct stats *stats = &out->stats[m];
    stats->count = read_count (reader, from, "count");
    stats->nan = read_count (reader, from, "nan");
    stats->inf = read_count (reader, from, "inf");
    for (int i = 0; i < STAT_COUNT; i++)
        stats->figure[i] = read_figure (reader, from, stats_name ((enum stat)i));
    if (stats->count + stats->nan + stats->inf > 0)
        read_worst_case (reader, member (from, "worst_case"), out, m);
    if (metric->bound > 0) {
        const cJSON *exceeded = member (member (from, "bound"), "exceeded");
        if (!cJSON_IsBool (exceeded))
            refuse (reader, "exceeded");
        out->bound_exceeded[m] = cJSON_IsTrue (exceeded);
    }
}

static void read_perf (struct reader *reader, const cJSON *from, struct perf *out)
{
    const cJSON *interval = member (from, "interval95_ns");
    out->median_ns = read_figure (reader, from, "median_ns");
    out->mean_ns = read_figure (reader, from, "mean_ns");
    out->deviation_ns = read_figure (reader, from, "deviation_ns");
    out->min_ns = read_figure (reader, from, "min_ns");
    out->max_ns = read_figure (reader, from, "max_ns");
    out->interval_known = cJSON_IsArray (interval);
    if (out->interval_known) {
        out->interval_low_ns =
            read_item (reader, cJSON_GetArrayItem (interval, 0), "interval95_ns");
        out->interval_high_ns =
            read_item (reader, cJSON_GetArrayItem (interval, 1), "interval95_ns");
    }
    out->cv = read_figure (reader, from, "cv");
    out->rounds = read_count (reader, from, "rounds");
    out->ops_per_round = read_count (reader, from, "ops_per_round");
    if (cJSON_IsNull (member (from, "warning")))
        return;
    const char *warning = read_text (reader, from, "warning");
    if ((size_t)snprintf (out->warning, sizeof out->warning, "%s", warning) >= sizeof out->warning)
        refuse (reader, "warning");
}

int restore (const struct cJSON *root, const struct experiment *e, struct restored *out,
             struct lab_err *err)
{
    struct reader reader = { NULL };
    *out = (struct restored){ .outcome = { .experiment = e } };
    out->run_id = read_text (&reader, root, "run_id");
    read_inputs (&reader, member (root, "inputs"), out);
    const cJSON *accuracy = member (root, "accuracy");
    for (size_t m = 0; m < e->metrics_count; m++)
        read_metric (&reader, member (accuracy, e->metrics[m].key), &out->outcome, m);
    const cJSON *performance = member (root, "performance");
    out->outcome.has_perf = cJSON_IsObject (performance);
    if (out->outcome.has_perf) {
        read_perf (&reader, member (performance, "libnova"), &out->outcome.libnova);
        read_perf (&reader, member (performance, "erfa"), &out->outcome.erfa);
    } else if (!cJSON_IsNull (performance)) {
        refuse (&reader, "performance");
    }
    if (reader.wrong != NULL)
        return lab_err_set (err, LAB_EXIT_IO, "'%s' is missing or wrong", reader.wrong);
    return 0;
}
