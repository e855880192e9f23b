/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/report.h"

#include <cjson/cJSON.h>
#include <erfa.h>
#include <erfaextra.h>
#include <inttypes.h>
#include <libnova/libnova.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

void report_time (char out[REPORT_TIME_BYTES])
{
    struct timespec now;
    struct tm utc;
    char seconds[24];
    clock_gettime (CLOCK_REALTIME, &now);
    gmtime_r (&now.tv_sec, &utc);
    strftime (seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf (out, REPORT_TIME_BYTES, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

/* As short as it can be and still be read back as the very same double, which cJSON's own
 * numbers are not: so a figure from a file is as good as one just made (restore.h). */
static cJSON *figure_of (double value)
{
    char text[32];
    if (!isfinite (value))
        return cJSON_CreateNull ();
    for (int digits = 15; digits <= 17; digits++) {
        snprintf (text, sizeof text, "%.*g", digits, value);
        double read_back = strtod (text, NULL);
        if (memcmp (&read_back, &value, sizeof value) == 0)
            break;
    }
    return cJSON_CreateRaw (text);
}

static void add_figure (cJSON *to, const char *key, double value)
{
    cJSON_AddItemToObject (to, key, figure_of (value));
}

/* Numbers that can pass 2^53 are strings: many readers of JSON only have doubles. */
static void add_seed (cJSON *to, const struct options *options)
{
    char text[32];
    snprintf (text, sizeof text, "%" PRId64, options->seed);
    cJSON_AddStringToObject (to, "seed", text);
}

static void add_fingerprint (cJSON *to, const struct outcome *outcome)
{
    char text[32];
    snprintf (text, sizeof text, "fnv1a64:%016" PRIx64, outcome->fingerprint);
    cJSON_AddStringToObject (to, "fingerprint", text);
}

static void add_inputs (cJSON *to, const struct options *options, const struct outcome *outcome)
{
    const struct experiment *e = outcome->experiment;
    cJSON *inputs = cJSON_AddObjectToObject (to, "inputs");
    cJSON_AddNumberToObject (inputs, "count", (double)options->n);
    add_seed (inputs, options);
    add_fingerprint (inputs, outcome);
    cJSON_AddNumberToObject (inputs, "edge_cases", (double)outcome->edges_count);
    cJSON_AddStringToObject (inputs, "about", e->inputs_about);
    cJSON_AddStringToObject (inputs, "generator", "xoshiro256** seeded by splitmix64");
    cJSON *fields = cJSON_AddArrayToObject (inputs, "fields");
    for (size_t i = 0; i < e->inputs_count; i++)
        cJSON_AddItemToArray (fields, cJSON_CreateString (e->input_names[i]));
}

/* The case with the largest value, so that it can be looked into. */
static void add_worst_case (cJSON *to, const struct outcome *outcome, size_t m)
{
    const struct experiment *e = outcome->experiment;
    cJSON *worst = cJSON_AddObjectToObject (to, "worst_case");
    cJSON_AddNumberToObject (worst, "index", (double)outcome->worst_case[m]);
    for (size_t i = 0; i < e->inputs_count; i++)
        add_figure (worst, e->input_names[i], outcome->worst_input[m][i]);
}

static void add_metric (cJSON *to, const struct outcome *outcome, size_t m)
{
    const struct metric *metric = &outcome->experiment->metrics[m];
    const struct stats *stats = &outcome->stats[m];
    cJSON *object = cJSON_AddObjectToObject (to, metric->key);
    cJSON_AddStringToObject (object, "about", metric->about);
    cJSON_AddStringToObject (object, "unit", metric->unit);
    cJSON_AddNumberToObject (object, "count", (double)stats->count);
    for (int i = 0; i < STAT_COUNT; i++)
        add_figure (object, stats_name ((enum stat)i), stats->figure[i]);
    cJSON_AddNumberToObject (object, "nan", (double)stats->nan);
    cJSON_AddNumberToObject (object, "inf", (double)stats->inf);
    if (stats->count + stats->nan + stats->inf > 0)
        add_worst_case (object, outcome, m);
    if (metric->bound > 0) {
        cJSON *bound = cJSON_AddObjectToObject (object, "bound");
        cJSON_AddNumberToObject (bound, "value", metric->bound);
        cJSON_AddBoolToObject (bound, "exceeded", outcome->bound_exceeded[m]);
        cJSON_AddStringToObject (bound, "reason", metric->bound_reason);
    }
}

static void add_perf (cJSON *to, const char *name, const struct perf *perf)
{
    cJSON *object = cJSON_AddObjectToObject (to, name);
    add_figure (object, "median_ns", perf->median_ns);
    add_figure (object, "mean_ns", perf->mean_ns);
    add_figure (object, "deviation_ns", perf->deviation_ns);
    add_figure (object, "min_ns", perf->min_ns);
    add_figure (object, "max_ns", perf->max_ns);
    if (perf->interval_known) {
        cJSON *interval = cJSON_AddArrayToObject (object, "interval95_ns");
        cJSON_AddItemToArray (interval, figure_of (perf->interval_low_ns));
        cJSON_AddItemToArray (interval, figure_of (perf->interval_high_ns));
    } else {
        cJSON_AddNullToObject (object, "interval95_ns");
    }
    add_figure (object, "cv", perf->cv);
    cJSON_AddNumberToObject (object, "rounds", (double)perf->rounds);
    cJSON_AddNumberToObject (object, "warmup_rounds", PERF_WARMUP_ROUNDS);
    cJSON_AddNumberToObject (object, "ops_per_round", (double)perf->ops_per_round);
    cJSON_AddBoolToObject (object, "trusted", perf->warning[0] == '\0');
    if (perf->warning[0] != '\0')
        cJSON_AddStringToObject (object, "warning", perf->warning);
    else
        cJSON_AddNullToObject (object, "warning");
}

static void add_performance (cJSON *to, const struct outcome *outcome)
{
    if (!outcome->has_perf) {
        cJSON_AddNullToObject (to, "performance");
        return;
    }
    cJSON *performance = cJSON_AddObjectToObject (to, "performance");
    cJSON_AddStringToObject (performance, "clock", "CPU time of the process, ns per operation");
    add_perf (performance, "libnova", &outcome->libnova);
    add_perf (performance, "erfa", &outcome->erfa);
    add_figure (performance, "speedup_vs_reference",
                outcome->erfa.median_ns / outcome->libnova.median_ns);
}

static void add_models (cJSON *to, const struct experiment *e)
{
    cJSON *models = cJSON_AddObjectToObject (to, "models");
    cJSON_AddStringToObject (models, "erfa", e->erfa.full);
    cJSON_AddStringToObject (models, "libnova", e->libnova.full);
    cJSON *notes = cJSON_AddArrayToObject (models, "notes");
    for (size_t i = 0; e->notes[i] != NULL; i++)
        cJSON_AddItemToArray (notes, cJSON_CreateString (e->notes[i]));
    cJSON *missing = cJSON_AddArrayToObject (models, "not_provided_by_libnova");
    for (size_t c = 0; c < e->columns_count; c++)
        if (e->columns[c].metric == COLUMN_NOT_PROVIDED)
            cJSON_AddItemToArray (missing, cJSON_CreateString (e->columns[c].header));
}

/* What each library says of itself; libnova's 0.16 package says 0.15.0. */
static void add_versions (cJSON *to)
{
    cJSON *versions = cJSON_AddObjectToObject (to, "versions");
    cJSON_AddStringToObject (versions, REPORT_PROGRAM, REPORT_VERSION);
    cJSON_AddStringToObject (versions, "erfa", eraVersion ());
    cJSON_AddStringToObject (versions, "sofa", eraSofaVersion ());
    cJSON_AddStringToObject (versions, "libnova", ln_get_version ());
    cJSON_AddStringToObject (versions, "cjson", cJSON_Version ());
    cJSON_AddStringToObject (versions, "compiler", __VERSION__);
}

static char *print_and_delete (cJSON *root)
{
    char *text = cJSON_Print (root);
    cJSON_Delete (root);
    return text;
}

char *report_json (const struct options *options, const char *run_id, const struct outcome *outcome)
{
    const struct experiment *e = outcome->experiment;
    cJSON *root = cJSON_CreateObject ();
    cJSON_AddNumberToObject (root, "schema", REPORT_SCHEMA);
    cJSON_AddStringToObject (root, "run_id", run_id);
    cJSON_AddStringToObject (root, "experiment", e->name);
    cJSON_AddStringToObject (root, "title", e->title);
    cJSON_AddStringToObject (root, "reference", "erfa");
    cJSON_AddStringToObject (root, "candidate", "libnova");
    add_inputs (root, options, outcome);
    cJSON *accuracy = cJSON_AddObjectToObject (root, "accuracy");
    for (size_t m = 0; m < e->metrics_count; m++)
        add_metric (accuracy, outcome, m);
    add_performance (root, outcome);
    add_models (root, e);
    add_versions (root);
    return print_and_delete (root);
}

static void add_asked (cJSON *to, const struct options *options)
{
    cJSON *asked = cJSON_AddObjectToObject (to, "asked");
    cJSON *names = cJSON_AddArrayToObject (asked, "experiments");
    for (size_t i = 0; i < options->experiments_count; i++)
        cJSON_AddItemToArray (names, cJSON_CreateString (options->experiments[i]->name));
    cJSON_AddNumberToObject (asked, "n", (double)options->n);
    add_seed (asked, options);
    cJSON_AddBoolToObject (asked, "performance", options->performance);
    cJSON_AddNumberToObject (asked, "perf_rounds", (double)options->perf_rounds);
    cJSON_AddBoolToObject (asked, "ci", options->ci);
}

static void add_outcomes (cJSON *to, const struct outcome *outcomes, size_t count)
{
    cJSON *complete = cJSON_AddArrayToObject (to, "complete");
    cJSON *failed = cJSON_AddArrayToObject (to, "failed");
    for (size_t i = 0; i < count; i++) {
        cJSON *entry = cJSON_CreateObject ();
        cJSON_AddStringToObject (entry, "experiment", outcomes[i].experiment->name);
        if (!outcomes[i].complete) {
            cJSON_AddStringToObject (entry, "reason", outcomes[i].reason);
            cJSON_AddItemToArray (failed, entry);
            continue;
        }
        add_fingerprint (entry, &outcomes[i]);
        cJSON_AddNumberToObject (entry, "bounds_exceeded", (double)outcome_exceeded (&outcomes[i]));
        cJSON *files = cJSON_AddArrayToObject (entry, "files");
        cJSON_AddItemToArray (files, cJSON_CreateString (REPORT_JSON));
        cJSON_AddItemToArray (files, cJSON_CreateString (REPORT_SUMMARY));
        cJSON_AddItemToArray (complete, entry);
    }
}

/* The processor as Linux names it; empty where it does not. */
static void read_cpu_model (char *out, size_t size)
{
    char line[256];
    out[0] = '\0';
    FILE *info = fopen ("/proc/cpuinfo", "re");
    if (info == NULL)
        return;
    while (out[0] == '\0' && fgets (line, sizeof line, info) != NULL) {
        char *colon = strchr (line, ':');
        if (strncmp (line, "model name", 10) != 0 || colon == NULL)
            continue;
        colon[strcspn (colon, "\n")] = '\0';
        snprintf (out, size, "%s", colon + 1 + strspn (colon + 1, " "));
    }
    fclose (info);
}

static void add_machine (cJSON *to)
{
    struct utsname name;
    char model[128];
    cJSON *machine = cJSON_AddObjectToObject (to, "machine");
    if (uname (&name) == 0) {
        cJSON_AddStringToObject (machine, "host", name.nodename);
        cJSON_AddStringToObject (machine, "system", name.sysname);
        cJSON_AddStringToObject (machine, "kernel", name.release);
        cJSON_AddStringToObject (machine, "architecture", name.machine);
    }
    read_cpu_model (model, sizeof model);
    cJSON_AddStringToObject (machine, "cpu", model);
    cJSON_AddNumberToObject (machine, "cpus", (double)sysconf (_SC_NPROCESSORS_ONLN));
    double memory = (double)sysconf (_SC_PHYS_PAGES) * (double)sysconf (_SC_PAGESIZE);
    cJSON_AddNumberToObject (machine, "memory_bytes", memory);
}

char *report_manifest (const struct options *options, const char *run_id,
                       const struct attempts *attempts, const struct outcome *outcomes,
                       size_t count)
{
    char now[REPORT_TIME_BYTES];
    cJSON *root = cJSON_CreateObject ();
    cJSON_AddNumberToObject (root, "schema", REPORT_SCHEMA);
    cJSON_AddStringToObject (root, "run_id", run_id);
    cJSON_AddStringToObject (root, "started_at", attempts_started_at (attempts));
    report_time (now);
    cJSON_AddStringToObject (root, "finished_at", now);
    if (!attempts_add_to (attempts, root)) {
        cJSON_Delete (root);
        return NULL;
    }
    add_asked (root, options);
    add_outcomes (root, outcomes, count);
    add_machine (root);
    add_versions (root);
    return print_and_delete (root);
}
