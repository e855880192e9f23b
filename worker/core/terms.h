/* terms.h - the terms on which the runs of a profile are executed: how long, with how much of the
 * machine, and who may stop them for what.
 *
 * Part of a profile; with the profile they are frozen when a job is accepted.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TERMS_H
#define EMS_TERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "ids.h"
#include "value.h"

#define DEFAULT_GRACE_MS        2000
#define DEFAULT_MAX_PREEMPTIONS 3

#define TERMS_RLIMITS      8 /* kinds of them */
#define TERMS_RLIMIT_BYTES 8 /* the longest name with its terminator */
#define TERMS_UNLIMITED    (-1)

struct terms_rlimit {
    char name[TERMS_RLIMIT_BYTES]; /* as ulimit's: nofile, core, ... */
    int64_t most;                  /* soft and hard; TERMS_UNLIMITED */
};

/* A time for each of some experiments. */
struct terms_times {
    struct terms_time {
        char experiment[NAME_BYTES];
        int64_t ms;
    } * items; /* owned */
    size_t count;
};

struct terms {
    int64_t grace_ms;      /* between SIGTERM and SIGKILL */
    int64_t time_limit_ms; /* 0: none; so are all that follow */
    int64_t silence_limit_ms;
    int64_t log_limit_bytes;
    int64_t memory_limit_bytes;
    int64_t max_grace_ms; /* what a request may ask for */
    int64_t max_time_limit_ms;
    struct terms_times graces;      /* of experiments */
    struct terms_times time_limits; /* likewise; those without one have none of their own */
    bool preemptible;               /* a job of higher priority may stop it, */
    int64_t max_preemptions;        /* so often */
    bool may_preempt;               /* its jobs may stop others */
    bool resumes;                   /* a stopped run can be continued in its folder */
    int64_t *cpus;                  /* ascending; owned */
    size_t cpu_count;               /* 0: all */
    bool has_nice;
    int64_t nice;
    struct terms_rlimit rlimits[TERMS_RLIMITS];
    size_t rlimit_count;
};

/* What holds where nothing is said. */
void terms_init (struct terms *self);
void terms_clear (struct terms *self);

/* The keys of a profile that are terms, for config_only; NULL-ended. */
extern const char *const terms_keys[];
/* From the section of a profile. *out is init'ed; the caller clears it in every case. -1 with *err,
 * which names the line, the key and what it takes. */
int terms_from_config (const struct config *item, struct terms *out, struct err *err);

/* Into a map (0, or -1: memory), and back, strictly; *out as above. */
int terms_to_value (const struct terms *self, struct value *map);
int terms_from_value (const struct value *map, struct terms *out, struct err *err);

/* The time for this experiment, if there is one; else `otherwise`. */
int64_t terms_of_experiment (const struct terms_times *self, const char *experiment,
                             int64_t otherwise);

/* May a request ask for that? -1 with *err (400), which names the field and what it takes. */
int terms_check_grace (const struct terms *self, int64_t grace_ms, struct err *err);
int terms_check_time_limit (const struct terms *self, int64_t time_limit_ms, struct err *err);

/* "0-3,6" as ascending numbers, each once: 0, or -1 if it is no such list. Frees nothing. */
int terms_cpus_parse (const char *text, int64_t **out, size_t *count);

#endif
