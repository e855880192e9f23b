/* summary.md: libnova.json for people.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "orchestrator/report.h"

static void put_value (FILE *out, const struct metric *metric, double value)
{
    if (isnan (value))
        fputs (" — |", out);
    else if (metric->scientific)
        fprintf (out, " %.*e |", metric->decimals, value);
    else
        fprintf (out, " %.*f |", metric->decimals, value);
}

static void put_accuracy (FILE *out, const struct outcome *outcome)
{
    const struct experiment *e = outcome->experiment;
    fputs ("## Accuracy (libnova against ERFA)\n\n| Metric |", out);
    for (int i = 0; i < STAT_COUNT; i++)
        fprintf (out, " %s |", stats_name ((enum stat)i));
    fputs (" values | NaN | Inf |\n|---|", out);
    for (int i = 0; i < STAT_COUNT + 3; i++)
        fputs ("---|", out);
    fputc ('\n', out);
    for (size_t m = 0; m < e->metrics_count; m++) {
        const struct stats *stats = &outcome->stats[m];
        fprintf (out, "| %s |", e->metrics[m].label);
        for (int i = 0; i < STAT_COUNT; i++)
            put_value (out, &e->metrics[m], stats->figure[i]);
        fprintf (out, " %zu | %zu | %zu |\n", stats->count, stats->nan, stats->inf);
    }
    fputc ('\n', out);
    for (size_t m = 0; m < e->metrics_count; m++)
        fprintf (out, "- %s: %s.\n", e->metrics[m].label, e->metrics[m].about);
}

static void put_bounds (FILE *out, const struct outcome *outcome)
{
    const struct experiment *e = outcome->experiment;
    fputs ("\n## Sanity bounds\n\n", out);
    for (size_t m = 0; m < e->metrics_count; m++)
        if (e->metrics[m].bound > 0)
            fprintf (out, "- %s %s: at most %g %s: %s.\n", outcome->bound_exceeded[m] ? "⚠" : "✓",
                     e->metrics[m].label, e->metrics[m].bound, e->metrics[m].unit,
                     e->metrics[m].bound_reason);
}

static void put_perf (FILE *out, const char *library, const struct perf *perf)
{
    fprintf (out, "| %s | %.1f | %.1f | %.1f | %.1f | %.1f |", library, perf->median_ns,
             perf->mean_ns, perf->deviation_ns, perf->min_ns, perf->max_ns);
    if (perf->interval_known)
        fprintf (out, " %.1f to %.1f |", perf->interval_low_ns, perf->interval_high_ns);
    else
        fputs (" — |", out);
    fprintf (out, " %.1f %% | %zu + %d |\n", 100 * perf->cv, perf->rounds, PERF_WARMUP_ROUNDS);
}

static void put_performance (FILE *out, const struct outcome *outcome)
{
    fputs ("\n## Performance\n\n", out);
    if (!outcome->has_perf) {
        fputs ("Not measured.\n", out);
        return;
    }
    fputs ("CPU time in ns per operation.\n\n"
           "| Library | median | mean | deviation | min | max | 95 % interval | CV | rounds + "
           "warm-up |\n|---|---|---|---|---|---|---|---|---|\n",
           out);
    put_perf (out, "libnova", &outcome->libnova);
    put_perf (out, "erfa", &outcome->erfa);
    if (outcome->libnova.warning[0] != '\0')
        fprintf (out, "\n⚠ libnova: %s.\n", outcome->libnova.warning);
    if (outcome->erfa.warning[0] != '\0')
        fprintf (out, "\n⚠ erfa: %s.\n", outcome->erfa.warning);
}

static void put_models (FILE *out, const struct experiment *e)
{
    fputs ("\n## Models\n\n", out);
    fprintf (out, "- erfa (reference): %s.\n", e->erfa.full);
    fprintf (out, "- libnova (candidate): %s.\n\n", e->libnova.full);
    for (size_t i = 0; e->notes[i] != NULL; i++)
        fprintf (out, "%zu. %s\n", i + 1, e->notes[i]);
}

char *report_summary (const struct options *options, const char *run_id,
                      const struct outcome *outcome)
{
    const struct experiment *e = outcome->experiment;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    if (out == NULL)
        return NULL;
    fprintf (out, "# %s\n\n", e->title);
    fprintf (out,
             "Run %s, experiment `%s`: %zu cases (%zu of them edge cases), seed %" PRId64
             ", inputs fnv1a64:%016" PRIx64 ".\n%s.\n\n",
             run_id, e->name, options->n, outcome->edges_count, options->seed, outcome->fingerprint,
             e->inputs_about);
    put_accuracy (out, outcome);
    put_bounds (out, outcome);
    put_performance (out, outcome);
    put_models (out, e);
    if (fclose (out) != 0) {
        free (text);
        return NULL;
    }
    return text;
}
