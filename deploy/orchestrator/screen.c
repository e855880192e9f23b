/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DOUBLE_RULE "======================================================================"
#define SINGLE_RULE "──────────────────────────────────────────────────────────────────────"
#define EMPTY_CELL  "—"

enum { CELL_BYTES = 48, BRIEF_LETTERS = 50 };

struct cell {
    char text[CELL_BYTES];
};

static struct cell format_value (const struct metric *metric, double value)
{
    struct cell cell;
    if (isnan (value))
        snprintf (cell.text, sizeof cell.text, EMPTY_CELL);
    else if (metric->scientific)
        snprintf (cell.text, sizeof cell.text, "%.*e", metric->decimals, value);
    else
        snprintf (cell.text, sizeof cell.text, "%.*f", metric->decimals, value);
    return cell;
}

void screen_header (const struct options *options, const char *run_id, size_t attempt, size_t kept)
{
    puts (DOUBLE_RULE);
    puts (" EMS Lab — Benchmark Run");
    puts (DOUBLE_RULE);
    printf ("  Timestamp:     %s\n", run_id);
    printf ("  Experiments:   ");
    for (size_t i = 0; i < options->experiments_count; i++)
        printf ("%s%s", i > 0 ? ", " : "", options->experiments[i]->name);
    printf ("\n  N (cases):     %zu\n", options->n);
    printf ("  Seed:          %lld\n", (long long)options->seed);
    if (options->performance)
        printf ("  Performance:   enabled (rounds: %zu)\n", options->ci ? 1 : options->perf_rounds);
    else
        puts ("  Performance:   disabled");
    printf ("  CI mode:       %s\n", options->ci ? "yes" : "no");
    if (attempt > 0)
        printf ("  Resumed:       attempt %zu, %zu of %zu experiments kept\n", attempt, kept,
                options->experiments_count);
    puts (DOUBLE_RULE "\n");
}

void screen_attempts_unknown (const char *reason)
{
    printf ("  ⚠ Earlier attempts are not known: %s.\n", reason);
}

void screen_kept (const char *folder, const char *experiment)
{
    printf ("  ✓ Kept %s/%s: complete, made with the same parameters\n", folder, experiment);
}

void screen_again (const char *experiment, const char *reason)
{
    printf ("  ⚠ %s is made again: %s.\n", experiment, reason);
}

void screen_replaced (const char *experiment)
{
    printf ("  ⚠ An earlier result of %s was removed: this run is not resumed.\n", experiment);
}

void screen_left_alone (const char *experiment)
{
    printf ("  ⚠ An earlier result of %s is left alone: this run was not asked for it.\n",
            experiment);
}

void screen_nothing_left (size_t total)
{
    printf ("[PROGRESS] step=experiment_start current=%zu total=%zu | Nothing is left to do: all "
            "experiments are complete\n",
            total, total);
}

void screen_experiment (const struct experiment *e, size_t number, size_t total)
{
    printf ("[PROGRESS] step=experiment_start current=%zu total=%zu | Experiment %zu/%zu: %s\n",
            number, total, number, total, e->name);
}

void screen_start (const struct experiment *e, const struct options *options, size_t total)
{
    char text[96];
    snprintf (text, sizeof text, "Starting experiment (N=%zu, seed=%lld)", options->n,
              (long long)options->seed);
    screen_step (e, "start", 0, total, text);
}

void screen_step (const struct experiment *e, const char *step, size_t current, size_t total,
                  const char *text)
{
    printf ("[PROGRESS] experiment=%s step=%s current=%zu total=%zu | %s\n", e->name, step, current,
            total, text);
}

void screen_failed (const struct experiment *e, const char *reason)
{
    printf ("[PROGRESS] experiment=%s step=error | %s — aborting experiment.\n", e->name, reason);
    printf ("  ✗ %s: %s\n", e->name, reason);
}

void screen_wrote (const char *folder, const char *experiment, const char *file)
{
    printf ("  ✓ Wrote %s/%s/%s\n", folder, experiment, file);
}

static void print_metric (const struct metric *metric, const struct stats *stats)
{
    printf ("    %s: p50=%s  p99=%s  max=%s", metric->label,
            format_value (metric, stats->figure[STAT_P50]).text,
            format_value (metric, stats->figure[STAT_P99]).text,
            format_value (metric, stats->figure[STAT_MAX]).text);
    if (stats->nan + stats->inf > 0)
        printf ("  NaN=%zu  Inf=%zu", stats->nan, stats->inf);
    putchar ('\n');
}

static const char *dagger (const struct perf *perf)
{
    return perf->warning[0] != '\0' ? " †" : "";
}

void screen_results (const struct outcome *outcome)
{
    const struct experiment *e = outcome->experiment;
    printf ("\n" SINGLE_RULE "\n Results Summary: %s\n" SINGLE_RULE "\n", e->name);
    puts ("  libnova vs erfa:");
    for (size_t m = 0; m < e->metrics_count; m++)
        print_metric (&e->metrics[m], &outcome->stats[m]);
    if (outcome->has_perf) {
        printf ("    Performance (ns/op): libnova=%.1f%s  erfa=%.1f%s\n",
                outcome->libnova.median_ns, dagger (&outcome->libnova), outcome->erfa.median_ns,
                dagger (&outcome->erfa));
        if (outcome->libnova.warning[0] != '\0')
            printf ("  ⚠ libnova: performance: %s.\n", outcome->libnova.warning);
        if (outcome->erfa.warning[0] != '\0')
            printf ("  ⚠ erfa: performance: %s.\n", outcome->erfa.warning);
    }
    for (size_t m = 0; m < e->metrics_count; m++)
        if (outcome->bound_exceeded[m])
            printf ("  ⚠ libnova: %s beyond %g %s, more than the models explain: %s.\n",
                    e->metrics[m].label, e->metrics[m].bound, e->metrics[m].unit,
                    e->metrics[m].bound_reason);
}

/* Letters, not bytes: the continuation bytes of UTF-8 take no room. */
static size_t letters (const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0u) != 0x80u ? 1 : 0;
    return count;
}

static void print_rule_cell (const char *header)
{
    size_t width = letters (header) + 2;
    for (size_t i = 0; i < width; i++)
        putchar ('-');
    putchar ('|');
}

static void print_table_head (const struct experiment *e, bool with_perf)
{
    printf ("### %s\n\n| Library |", e->title);
    for (size_t c = 0; c < e->columns_count; c++)
        printf (" %s |", e->columns[c].header);
    printf ("%s\n|", with_perf ? " Perf (ns/op) | Speedup vs ref |" : "");
    print_rule_cell ("Library");
    for (size_t c = 0; c < e->columns_count; c++)
        print_rule_cell (e->columns[c].header);
    if (with_perf) {
        print_rule_cell ("Perf (ns/op)");
        print_rule_cell ("Speedup vs ref");
    }
    putchar ('\n');
}

static void print_table (const struct outcome *outcome)
{
    const struct experiment *e = outcome->experiment;
    print_table_head (e, outcome->has_perf);
    printf ("| libnova |");
    for (size_t c = 0; c < e->columns_count; c++) {
        const struct column *column = &e->columns[c];
        if (column->metric == COLUMN_NOT_PROVIDED)
            printf (" " EMPTY_CELL " |");
        else
            printf (" %s |", format_value (&e->metrics[column->metric],
                                           outcome->stats[column->metric].figure[column->stat])
                                 .text);
    }
    if (outcome->has_perf)
        printf (" %.1f%s | %.3gx |", outcome->libnova.median_ns, dagger (&outcome->libnova),
                outcome->erfa.median_ns / outcome->libnova.median_ns);
    puts ("\n");
}

static void print_parity (const struct outcome *outcomes, size_t count)
{
    puts ("### Feature / Model Parity Matrix\n");
    puts ("| Experiment | erfa | libnova |");
    puts ("|------------|---|---|");
    for (size_t i = 0; i < count; i++) {
        const struct experiment *e = outcomes[i].experiment;
        if (outcomes[i].complete)
            printf ("| %s | %.*s | %.*s |\n", e->name, BRIEF_LETTERS, e->erfa.brief, BRIEF_LETTERS,
                    e->libnova.brief);
    }
    puts ("\n† Measurement below reliability threshold (<10 ns/op or CV >20%); treat as "
          "indicative only.\n\n");
}

void screen_tables (const struct outcome *outcomes, size_t count)
{
    puts ("\n" DOUBLE_RULE "\n Combined Summary Table\n" DOUBLE_RULE);
    for (size_t i = 0; i < count; i++)
        if (outcomes[i].complete)
            print_table (&outcomes[i]);
    print_parity (outcomes, count);
}
