/* job.c - scripts, and what is known of jobs.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "job_private.h"

#include <stdlib.h>
#include <string.h>
#include "sum.h"

#define CANCELLED    "Benchmark execution cancelled by user.\n"
#define PREEMPTED    "Benchmark execution preempted.\n"
#define BYTES_A_MS   500
#define SPARE_MS     1000
#define STEPS_MOST   9
#define STEP_BYTES   8
#define QUIET_CHANCE 200000

static struct job *jobs;

void jobs_forget (void)
{
    while (jobs) {
        struct job *job = jobs;
        jobs = job->next;
        free (job->first_line);
        free (job->wrote);
        free (job);
    }
}

static struct job *job_find (const char *id)
{
    struct job *job = jobs;
    while (job && strcmp (job->id, id) != 0)
        job = job->next;
    return job;
}

struct job *job_get (const char *id)
{
    struct job *job = job_find (id);
    if (job)
        return job;
    job = calloc (1, sizeof *job);
    if (!job)
        sim_fail ("out of memory");
    snprintf (job->id, sizeof job->id, "%s", id);
    job->next = jobs;
    jobs = job;
    return job;
}

void job_wrote (struct job *self, const char *data, size_t bytes)
{
    if (self->bytes + bytes > self->room) {
        self->room = 2 * (self->bytes + bytes);
        self->wrote = realloc (self->wrote, self->room);
        if (!self->wrote)
            sim_fail ("out of memory");
    }
    if (bytes > 0)
        memcpy (self->wrote + self->bytes, data, bytes);
    self->bytes += bytes;
}

static bool ends_in_a_line (const struct job *self)
{
    return self->bytes == 0 || self->wrote[self->bytes - 1] == '\n';
}

void job_begin (struct job *self, int64_t attempt, const char *first_line)
{
    if (attempt <= self->attempt)
        return;
    self->attempt = attempt;
    self->file_count = 0;
    if (!self->first_line) {
        self->first_line = strdup (first_line);
        return;
    }
    /* Only one that was stopped for another job, and said so, is followed by another attempt. */
    if (!ends_in_a_line (self))
        job_wrote (self, "\n", 1);
    job_wrote (self, PREEMPTED, strlen (PREEMPTED));
    job_wrote (self, first_line, strlen (first_line));
}

char job_file_byte (const struct job *self, unsigned file, size_t at)
{
    return (char)('a' + (at + file + (unsigned char)self->id[0]) % 26);
}

/* ---- what its log should be ---- */

struct expected {
    uint64_t sum;
    const char *seen; /* what the log holds from here on */
    size_t left;
    bool torn; /* zeros may stand for what the power took */
};

/* Add as much of a piece as is left. */
static void add_piece (struct expected *self, const char *data, size_t bytes)
{
    if (bytes > self->left)
        bytes = self->left;
    for (size_t i = 0; i < bytes; i++)
        self->sum = sum_add (self->sum, self->torn && !self->seen[i] ? "" : data + i, 1);
    self->seen += bytes;
    self->left -= bytes;
}

static bool ends_with (const char *text, size_t bytes, const char *end)
{
    size_t length = strlen (end);
    return bytes >= length && memcmp (text + bytes - length, end, length) == 0;
}

uint64_t job_log_sum (const char *id, bool stopped, const char *seen, size_t bytes)
{
    /* A cancel may come after the last word was written. */
    const char *last = ends_with (seen, bytes, PREEMPTED) ? PREEMPTED : CANCELLED;
    const struct job *job = job_find (id);
    struct expected expected = { SUM_BEGIN, seen, bytes, job && job->torn };
    if (job && job->first_line)
        add_piece (&expected, job->first_line, strlen (job->first_line));
    if (job)
        add_piece (&expected, job->wrote, job->bytes);
    if (stopped && job && !ends_in_a_line (job))
        add_piece (&expected, "\n", 1);
    if (stopped)
        add_piece (&expected, last, strlen (last));
    /* More than there should be is as wrong as can be. */
    return expected.left > 0 ? sum_add (expected.sum, "\xff more", 6) : expected.sum;
}

void job_torn (const char *id)
{
    job_get (id)->torn = true;
}

unsigned job_results_count (const char *id)
{
    const struct job *job = job_find (id);
    return job ? job->file_count : 0;
}

bool job_results_right (const char *id, unsigned file, const char *data, size_t bytes)
{
    const struct job *job = job_find (id);
    if (!job || file >= job->file_count || job->files[file] != bytes)
        return false;
    for (size_t i = 0; i < bytes; i++)
        if (data[i] != job_file_byte (job, file, i))
            return false;
    return true;
}

/* ---- scripts ---- */

char script_step (const char **at, unsigned long *number)
{
    char letter = **at;
    if (letter == '\0')
        return '\0';
    char *end;
    *number = strtoul (*at + 1, &end, 10);
    *at = end;
    return letter;
}

int64_t job_script_ms (const char *script)
{
    unsigned long number;
    int64_t ms = SPARE_MS;
    char letter;
    while ((letter = script_step (&script, &number)))
        if (letter == 's')
            ms += (int64_t)number;
        else if (letter == 'w' || letter == 'h' || letter == 'r')
            ms += (int64_t)number / BYTES_A_MS;
    return ms;
}

static int random_step (char *out, size_t room)
{
    static const struct {
        char letter;
        unsigned weight, most;
    } kinds[] = {
        { 'w', 6, 3000 }, { 'w', 1, 90000 }, { 's', 5, 400 }, { 'g', 2, 9 }, { 'h', 1, 300 },
        { 'r', 3, 5000 }, { 'f', 1, 3 },     { 'o', 1, 900 }, { 'i', 2, 4 }, { 'u', 1, 9000 },
    };
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        sum += kinds[i].weight;
    unsigned pick = (unsigned)sim_random (sum);
    size_t i = 0;
    while (pick >= kinds[i].weight)
        pick -= kinds[i++].weight;
    return snprintf (out, room, "%c%u", kinds[i].letter, (unsigned)sim_random (kinds[i].most));
}

void job_script_random (char *script, size_t bytes)
{
    static const char *const ends[] = { "", "", "", "x0", "x1", "x7", "k9", "k11", "s30000" };
    size_t used = 0;
    uint64_t steps = sim_random (STEPS_MOST);
    script[0] = '\0';
    if (sim_chance (QUIET_CHANCE))
        used += (size_t)snprintf (script, bytes, "s%u", (unsigned)sim_random (3000));
    for (uint64_t i = 0; i < steps && used + 2 * STEP_BYTES < bytes; i++)
        used += (size_t)random_step (script + used, bytes - used);
    if (used == 0)
        used += (size_t)snprintf (script, bytes, "w%u", (unsigned)sim_random (300));
    snprintf (script + used, bytes - used, "%s", ends[sim_random (sizeof ends / sizeof *ends)]);
}
