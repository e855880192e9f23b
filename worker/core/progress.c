/* progress.c - a line is taken whole or, if anything in it is not as it should be, not at all.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "progress.h"

#include <math.h>
#include <string.h>

#include "text.h"

#define PREFIX       "[PROGRESS] "
#define PREFIX_BYTES (sizeof PREFIX - 1)
#define COUNT_MOST   1000000000LL

/* What one line says. */
struct words {
    const char *experiment;
    size_t experiment_bytes;
    const char *step;
    size_t step_bytes;
    int64_t current; /* -1: not said */
    int64_t total;
};

bool progress_possible (const char *data, size_t bytes)
{
    return memmem (data, bytes, PREFIX, PREFIX_BYTES) != NULL;
}

void progress_init (struct progress *self)
{
    memset (self, 0, sizeof *self);
    self->pct = -1;
}

static bool count_parse (const char *text, size_t bytes, int64_t *out)
{
    int64_t number = 0;
    if (bytes == 0 || bytes > 10)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * 10 + (text[i] - '0');
    }
    *out = number;
    return number <= COUNT_MOST;
}

/* Names are shown to people: short, UTF-8, no control characters. */
static bool name_good (const char *text, size_t bytes)
{
    if (bytes == 0 || bytes >= EXPERIMENT_BYTES || !utf8_valid (text, bytes))
        return false;
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

static bool word_take (struct words *words, const char *word, size_t bytes)
{
    const char *equals = memchr (word, '=', bytes);
    if (!equals)
        return true;
    size_t key = (size_t)(equals - word);
    const char *text = equals + 1;
    size_t rest = bytes - key - 1;
    if (key == 10 && memcmp (word, "experiment", 10) == 0) {
        words->experiment = text;
        words->experiment_bytes = rest;
        return name_good (text, rest);
    }
    if (key == 4 && memcmp (word, "step", 4) == 0) {
        words->step = text;
        words->step_bytes = rest;
        return name_good (text, rest);
    }
    if (key == 7 && memcmp (word, "current", 7) == 0)
        return count_parse (text, rest, &words->current);
    if (key == 5 && memcmp (word, "total", 5) == 0)
        return count_parse (text, rest, &words->total);
    return true;
}

static bool words_parse (const char *text, size_t bytes, struct words *out)
{
    *out = (struct words){ .current = -1, .total = -1 };
    const char *bar = memmem (text, bytes, " | ", 3);
    size_t end = bar ? (size_t)(bar - text) : bytes;
    if (!bar && end > 0 && text[end - 1] == '\r')
        end--;
    for (size_t at = 0; at < end;) {
        const char *space = memchr (text + at, ' ', end - at);
        size_t word = space ? (size_t)(space - (text + at)) : end - at;
        if (!word_take (out, text + at, word))
            return false;
        at += word + 1;
    }
    return out->step_bytes > 0;
}

static const char run_step[] = "experiment_start"; /* the step of the run's own lines */

static bool step_is (const struct words *words, const char *name)
{
    return words->step_bytes == strlen (name) && memcmp (words->step, name, words->step_bytes) == 0;
}

static void name_copy (char out[EXPERIMENT_BYTES], const char *text, size_t bytes)
{
    if (text)
        memcpy (out, text, bytes);
    out[bytes] = '\0';
}

static void take_run (struct progress *self, const struct words *words)
{
    self->number = words->current;
    self->total = words->total;
    self->done = words->current - 1;
    self->pct = 100.0 * (double)self->done / (double)self->total;
}

static void take_step (struct progress *self, const struct words *words)
{
    if (self->total > 0 && step_is (words, "done"))
        self->done = self->number;
    if (words->current < 0 || words->total <= 0 || words->current > words->total)
        return;
    double part = (double)words->current / (double)words->total;
    if (self->total > 0)
        self->pct = 100.0 * ((double)(self->number - 1) + part) / (double)self->total;
    else
        self->pct = 100.0 * part;
}

bool progress_line (struct progress *self, const char *line, size_t bytes)
{
    if (bytes <= PREFIX_BYTES || line[0] != '[' || memcmp (line, PREFIX, PREFIX_BYTES) != 0)
        return false;
    struct words words;
    if (!words_parse (line + PREFIX_BYTES, bytes - PREFIX_BYTES, &words))
        return false;
    bool run = !words.experiment && step_is (&words, run_step);
    if (run && (words.current < 1 || words.total < words.current))
        return false;
    name_copy (self->experiment, words.experiment, words.experiment_bytes);
    name_copy (self->step, words.step, words.step_bytes);
    if (run)
        take_run (self, &words);
    else
        take_step (self, &words);
    return true;
}

bool progress_starts (const struct progress *self)
{
    return self->experiment[0] == '\0' && strcmp (self->step, run_step) == 0;
}

bool progress_equal (const struct progress *a, const struct progress *b)
{
    return strcmp (a->experiment, b->experiment) == 0 && strcmp (a->step, b->step) == 0 &&
           a->number == b->number && a->done == b->done && a->total == b->total &&
           !(a->pct < b->pct) && !(a->pct > b->pct);
}

void progress_complete (struct progress *self)
{
    self->done = self->total;
    self->pct = 100;
}

void progress_to_record (const struct progress *self, struct record *record)
{
    memcpy (record->current_experiment, self->experiment, sizeof self->experiment);
    memcpy (record->current_step, self->step, sizeof self->step);
    record->experiments_done = self->done;
    record->experiments_total = self->total;
    record->progress_pct = self->pct;
}

struct value *progress_to_value (const struct progress *self)
{
    struct value *map = value_new_map ();
    if (!map)
        return NULL;
    if (value_put_string (map, "experiment", self->experiment) < 0 ||
        value_put_string (map, "step", self->step) < 0 ||
        value_put_int (map, "number", self->number) < 0 ||
        value_put_int (map, "done", self->done) < 0 ||
        value_put_int (map, "total", self->total) < 0 || value_put_real (map, "pct", self->pct) < 0)
        value_destroy (&map);
    return map;
}

int progress_from_value (const struct value *map, struct progress *out)
{
    progress_init (out);
    struct progress read = *out;
    const char *experiment = "";
    const char *step = "";
    if (value_read_string (map, "experiment", EXPERIMENT_BYTES - 1, &experiment, NULL) != 1 ||
        value_read_string (map, "step", EXPERIMENT_BYTES - 1, &step, NULL) != 1 ||
        value_read_int (map, "total", 0, COUNT_MOST, &read.total, NULL) != 1 ||
        value_read_int (map, "number", 0, read.total, &read.number, NULL) != 1 ||
        value_read_int (map, "done", 0, read.total, &read.done, NULL) != 1 ||
        value_read_real (map, "pct", &read.pct, NULL) != 1 || !isfinite (read.pct) ||
        read.pct > 100)
        return -1;
    name_copy (read.experiment, experiment, strlen (experiment));
    name_copy (read.step, step, strlen (step));
    *out = read;
    return 0;
}
