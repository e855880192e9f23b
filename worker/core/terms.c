/* terms.c - the terms of a profile from its configuration, and what they allow.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "terms.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "terms_private.h"

const char *const terms_keys[] = { "grace_ms",
                                   "grace",
                                   "max_grace_ms",
                                   "time_limit_ms",
                                   "time_limit",
                                   "max_time_limit_ms",
                                   "silence_limit_ms",
                                   "log_limit_bytes",
                                   "memory_limit_bytes",
                                   "preemptible",
                                   "max_preemptions",
                                   "may_preempt",
                                   "resume",
                                   "cpus",
                                   "nice",
                                   "rlimits",
                                   NULL };

const char *const terms_rlimit_names[TERMS_RLIMITS] = { "as",      "core",   "data",  "fsize",
                                                        "memlock", "nofile", "nproc", "stack" };

void terms_init (struct terms *self)
{
    *self = (struct terms){ .grace_ms = DEFAULT_GRACE_MS,
                            .preemptible = true,
                            .max_preemptions = DEFAULT_MAX_PREEMPTIONS };
}

void terms_clear (struct terms *self)
{
    free (self->cpus);
    free (self->graces.items);
    free (self->time_limits.items);
    terms_init (self);
}

bool terms_rlimit_known (const char *name)
{
    for (size_t i = 0; i < TERMS_RLIMITS; i++)
        if (strcmp (name, terms_rlimit_names[i]) == 0)
            return true;
    return false;
}

/* A number at *at, which moves behind it: the number, or -1. */
static int64_t cpu_number (const char **at)
{
    if (**at < '0' || **at > '9')
        return -1;
    char *end = NULL;
    long number = strtol (*at, &end, 10);
    *at = end;
    return number < LIMIT_CPUS ? number : -1;
}

int terms_cpus_parse (const char *text, int64_t **out, size_t *count)
{
    bool wanted[LIMIT_CPUS] = { false };
    const char *at = text;
    for (;;) {
        int64_t first = cpu_number (&at);
        int64_t last = first;
        if (first >= 0 && *at == '-') {
            at++;
            last = cpu_number (&at);
        }
        if (first < 0 || last < first)
            return -1;
        for (int64_t i = first; i <= last; i++)
            wanted[i] = true;
        if (*at == '\0')
            break;
        if (*at++ != ',')
            return -1;
    }
    *out = calloc (LIMIT_CPUS, sizeof **out);
    *count = 0;
    for (int64_t i = 0; *out && i < LIMIT_CPUS; i++)
        if (wanted[i])
            (*out)[(*count)++] = i;
    return 0;
}

static int no_memory (struct err *err)
{
    return err_set (err, STATUS_FAILED, "out of memory");
}

static int read_cpus (const struct config *item, struct terms *out, struct err *err)
{
    const char *text = NULL;
    int rc = config_string (item, "cpus", LIMIT_STRING_BYTES, &text, err);
    if (rc != 1)
        return rc;
    if (terms_cpus_parse (text, &out->cpus, &out->cpu_count) < 0)
        return config_error (config_child (item, "cpus"), err,
                             "\"%.80s\" is not possible; it takes numbers of processors from 0 to "
                             "%d and ranges of them, as 0-3,6",
                             text, LIMIT_CPUS - 1);
    return out->cpus ? 0 : no_memory (err);
}

static int read_nice (const struct config *item, struct terms *out, struct err *err)
{
    int rc = config_int (item, "nice", NICE_LEAST, NICE_MOST, &out->nice, err);
    out->has_nice = rc == 1;
    return rc < 0 ? -1 : 0;
}

static int read_resume (const struct config *item, struct terms *out, struct err *err)
{
    const char *how = "none";
    if (config_string (item, "resume", 32, &how, err) < 0)
        return -1;
    out->resumes = strcmp (how, "experiment") == 0;
    if (!out->resumes && strcmp (how, "none") != 0)
        return config_error (config_child (item, "resume"), err,
                             "\"%s\" is not possible; it takes experiment or none", how);
    return 0;
}

static int read_rlimits (const struct config *item, struct terms *out, struct err *err)
{
    const struct config *section = config_child (item, "rlimits");
    const char *known[TERMS_RLIMITS + 1] = { NULL };
    memcpy (known, terms_rlimit_names, sizeof terms_rlimit_names);
    if (config_only (section, known, err) < 0)
        return -1;
    for (const struct config *at = section ? section->child : NULL; at; at = at->next) {
        int64_t most = TERMS_UNLIMITED;
        bool unlimited = at->value && strcmp (at->value, "unlimited") == 0;
        if (config_next (at))
            return config_error (config_next (at), err, "stands here and on line %d", at->line);
        if (!unlimited && config_int (section, at->name, 0, INT64_MAX, &most, NULL) != 1)
            return config_error (at, err,
                                 "\"%.80s\" is not possible; it takes an integer from 0, "
                                 "or unlimited",
                                 at->value ? at->value : "");
        struct terms_rlimit *limit = &out->rlimits[out->rlimit_count++];
        snprintf (limit->name, sizeof limit->name, "%s", at->name);
        limit->most = most;
    }
    return 0;
}

static int read_time (const struct config *at, int64_t least, int64_t most, struct terms_time *out,
                      struct err *err)
{
    if (!name_valid (at->name))
        return config_error (at, err,
                             "is no name of an experiment; it takes letters, digits, '.', '_' "
                             "and '-', a letter or digit first");
    if (!at->value)
        return config_error (at, err, "has no value; it takes milliseconds");
    snprintf (out->experiment, sizeof out->experiment, "%s", at->name);
    return config_int (at->parent, at->name, least, most, &out->ms, err) < 0 ? -1 : 0;
}

/* The section of that name: experiments, each with its milliseconds. */
static int read_times (const struct config *item, const char *name, int64_t least, int64_t most,
                       struct terms_times *out, struct err *err)
{
    const struct config *section = config_child (item, name);
    size_t count = 0;
    if (config_section (section, err) < 0)
        return -1;
    for (const struct config *at = section ? section->child : NULL; at; at = at->next)
        count++;
    if (count > LIMIT_EXPERIMENT_TIMES)
        return config_error (section, err, "has %zu experiments; at most %d are possible", count,
                             LIMIT_EXPERIMENT_TIMES);
    out->items = calloc (count + 1, sizeof *out->items);
    if (!out->items)
        return no_memory (err);
    for (const struct config *at = section ? section->child : NULL; at; at = at->next)
        if (read_time (at, least, most, &out->items[out->count++], err) < 0)
            return -1;
    return 0;
}

static int read_numbers (const struct config *item, struct terms *out, struct err *err)
{
    const struct {
        const char *name;
        int64_t most;
        int64_t *into;
    } numbers[] = {
        { "grace_ms", LIMIT_GRACE_MS, &out->grace_ms },
        { "max_grace_ms", LIMIT_GRACE_MS, &out->max_grace_ms },
        { "time_limit_ms", LIMIT_TIME_LIMIT_MS, &out->time_limit_ms },
        { "max_time_limit_ms", LIMIT_TIME_LIMIT_MS, &out->max_time_limit_ms },
        { "silence_limit_ms", LIMIT_TIME_LIMIT_MS, &out->silence_limit_ms },
        { "log_limit_bytes", INT64_MAX, &out->log_limit_bytes },
        { "memory_limit_bytes", INT64_MAX, &out->memory_limit_bytes },
        { "max_preemptions", LIMIT_PREEMPTIONS, &out->max_preemptions },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (config_int (item, numbers[i].name, 0, numbers[i].most, numbers[i].into, err) < 0)
            return -1;
    return 0;
}

static int settle_times (const struct config *section, const struct terms_times *self,
                         const char *bound, int64_t most, struct err *err)
{
    for (size_t i = 0; i < self->count; i++)
        if (most > 0 && self->items[i].ms > most)
            return config_error (config_child (section, self->items[i].experiment), err,
                                 "%" PRId64 " is more than %s, which is %" PRId64,
                                 self->items[i].ms, bound, most);
    return 0;
}

/* What the profile itself sets must be what it lets others ask for. Where it sets no time limit,
 * the longest that it allows is one. */
static int settle_own (const struct config *item, struct terms *self, struct err *err)
{
    if (settle_times (config_child (item, "grace"), &self->graces, "max_grace_ms",
                      self->max_grace_ms, err) < 0 ||
        settle_times (config_child (item, "time_limit"), &self->time_limits, "max_time_limit_ms",
                      self->max_time_limit_ms, err) < 0)
        return -1;
    const struct config *grace = config_child (item, "grace_ms");
    if (self->max_grace_ms > 0 && self->grace_ms > self->max_grace_ms)
        return config_error (grace ? grace : item, err,
                             "grace_ms is %" PRId64 ", more than max_grace_ms, which is %" PRId64,
                             self->grace_ms, self->max_grace_ms);
    if (self->time_limit_ms == 0)
        self->time_limit_ms = self->max_time_limit_ms;
    if (self->max_time_limit_ms > 0 && self->time_limit_ms > self->max_time_limit_ms)
        return config_error (config_child (item, "time_limit_ms"), err,
                             "%" PRId64 " is more than max_time_limit_ms, which is %" PRId64,
                             self->time_limit_ms, self->max_time_limit_ms);
    return 0;
}

int terms_from_config (const struct config *item, struct terms *out, struct err *err)
{
    if (read_numbers (item, out, err) < 0 ||
        config_bool (item, "preemptible", &out->preemptible, err) < 0 ||
        config_bool (item, "may_preempt", &out->may_preempt, err) < 0 ||
        read_resume (item, out, err) < 0 || read_cpus (item, out, err) < 0 ||
        read_nice (item, out, err) < 0 || read_rlimits (item, out, err) < 0 ||
        read_times (item, "grace", 0, LIMIT_GRACE_MS, &out->graces, err) < 0 ||
        read_times (item, "time_limit", 1, LIMIT_TIME_LIMIT_MS, &out->time_limits, err) < 0)
        return -1;
    return settle_own (item, out, err);
}

int64_t terms_of_experiment (const struct terms_times *self, const char *experiment,
                             int64_t otherwise)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->items[i].experiment, experiment) == 0)
            return self->items[i].ms;
    return otherwise;
}

int terms_check_grace (const struct terms *self, int64_t grace_ms, struct err *err)
{
    if (self->max_grace_ms == 0 || grace_ms <= self->max_grace_ms)
        return 0;
    return err_set (err, STATUS_BAD_REQUEST,
                    "\"grace_ms\" is %" PRId64 "; this profile takes 0 to %" PRId64, grace_ms,
                    self->max_grace_ms);
}

int terms_check_time_limit (const struct terms *self, int64_t time_limit_ms, struct err *err)
{
    if (self->max_time_limit_ms == 0 ||
        (time_limit_ms > 0 && time_limit_ms <= self->max_time_limit_ms))
        return 0;
    return err_set (err, STATUS_BAD_REQUEST,
                    "\"time_limit_ms\" is %" PRId64 "%s; this profile takes 1 to %" PRId64,
                    time_limit_ms, time_limit_ms == 0 ? " (none)" : "", self->max_time_limit_ms);
}
