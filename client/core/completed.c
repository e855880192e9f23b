/* completed.c - what the word that is being typed could be: what a server told.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "complete.h"

#include <string.h>

#include "params.h"
#include "paramtext.h"
#include "report.h"
#include "text.h"

/* Letters that every shell takes as they are, wherever in a word. What comes from the other side
 * must not become more than a word by being typed for somebody. */
static bool is_plain (const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._,=/@:+%-";
    return text[strspn (text, plain)] == '\0';
}

/* Is that item in the list already? */
static bool is_said (const struct complete *self, const char *item)
{
    const char *at = self->word;
    const char *equals = strrchr (self->word, '=');
    if (equals && equals < self->typed)
        at = equals + 1;
    while (at < self->typed) {
        size_t bytes = strcspn (at, ",");
        if (strlen (item) == bytes && strncmp (item, at, bytes) == 0)
            return true;
        at += bytes + 1;
    }
    return false;
}

void complete_offer (struct complete *self, const char *word, const char *what)
{
    size_t settled = (size_t)(self->typed - self->word);
    if (!word[0] || strncmp (word, self->typed, strlen (self->typed)) != 0 || !is_plain (word) ||
        !is_plain (self->word) || (self->list && is_said (self, word)))
        return;
    sbuf_add_n (&self->found, self->word, settled);
    sbuf_add (&self->found, word);
    if (what && what[0]) {
        size_t at = self->found.size + 1;
        sbuf_add (&self->found, "\t");
        sbuf_add_safe (&self->found, what);
        for (; at < self->found.size; at++)
            if (self->found.data[at] == '\t')
                self->found.data[at] = ' ';
    }
    sbuf_add (&self->found, "\n");
}

static const char *text_of (const struct value *map, const char *key)
{
    const char *text = value_string (value_get (map, key));
    return text ? text : "";
}

/* ---- Jobs and runs ---- */

/* "running, lab, 3/7, 2m10s", "completed, lab, 5m12s ago: first light" */
static void describe (const struct record *job, int64_t now_ms, struct sbuf *out)
{
    char time[32];
    bool over = job_status_terminal (job->status);
    int64_t ms = over ? now_ms - job->finished_at_ms : report_waited_ms (job, now_ms);
    report_state (job, out);
    sbuf_printf (out, ", %s", job->profile);
    if (!over && job->experiments_total > 0)
        sbuf_printf (out, ", %d/%d", (int)job->experiments_done, (int)job->experiments_total);
    duration_text (ms < 0 ? 0 : ms, time, sizeof time);
    sbuf_printf (out, ", %s%s", time, over ? " ago" : "");
    if (job->notes && job->notes[0])
        sbuf_printf (out, ": %.60s", job->notes);
}

static void offer_job (struct complete *self, const struct record *job, int64_t now_ms)
{
    struct sbuf what;
    if (self->line.command == COMMAND_UNKEEP ? !job->kept
                                             : self->line.command == COMMAND_KEEP && job->kept)
        return;
    sbuf_init (&what);
    describe (job, now_ms, &what);
    complete_offer (self, job->job_id, sbuf_text (&what));
    sbuf_free (&what);
}

void complete_jobs (struct complete *self, const struct value *jobs, int64_t now_ms)
{
    struct err ignored = { 0 };
    /* Who wants one of those that are not over most likely means the one that runs. */
    bool all = complete_wants_status (self, JOB_COMPLETED);
    for (int turn = all ? 1 : 0; turn < 2; turn++) {
        for (size_t i = 0; i < value_count (jobs); i++) {
            struct record job;
            record_init (&job);
            if (record_from_value (value_at (jobs, i), &job, &ignored) == 0 &&
                complete_wants_status (self, job.status) &&
                (all || (job.status == JOB_QUEUED) == (turn == 1)))
                offer_job (self, &job, now_ms);
            record_clear (&job);
        }
    }
}

void complete_runs (struct complete *self, const struct value *runs)
{
    for (size_t i = 0; i < value_count (runs); i++) {
        const struct value *run = value_at (runs, i);
        struct sbuf what;
        sbuf_init (&what);
        if (text_of (run, "job_id")[0])
            sbuf_printf (&what, "job %s, ", text_of (run, "job_id"));
        sbuf_printf (&what, "%zu experiments, on %s", value_count (value_get (run, "experiments")),
                     text_of (run, "worker"));
        complete_offer (self, text_of (run, "run_id"), sbuf_text (&what));
        sbuf_free (&what);
    }
}

/* Its experiments, which are the folders, and its files. */
void complete_parts (struct complete *self, const struct value *files)
{
    const char *before = "";
    for (size_t i = 0; i < value_count (files); i++) {
        const char *path = text_of (value_at (files, i), "path");
        size_t bytes = strcspn (path, "/");
        if (path[bytes] == '/' && (strncmp (before, path, bytes) != 0 || before[bytes] != '/')) {
            struct sbuf folder;
            sbuf_init (&folder);
            sbuf_add_n (&folder, path, bytes);
            complete_offer (self, sbuf_text (&folder), "experiment");
            sbuf_free (&folder);
        }
        before = path;
    }
    for (size_t i = 0; i < value_count (files); i++)
        complete_offer (self, text_of (value_at (files, i), "path"), NULL);
}

void complete_workers (struct complete *self, const struct value *workers)
{
    if (self->parameter && strncmp (self->parameter, "worker=", 7) != 0)
        return;
    for (size_t i = 0; i < value_count (workers); i++) {
        const struct value *worker = value_at (workers, i);
        complete_offer (self, text_of (worker, "name"), text_of (worker, "state"));
    }
}

/* ---- Profiles and their parameters ---- */

static void offer_profiles (struct complete *self, const struct value *profiles)
{
    for (size_t i = 0; i < value_count (profiles); i++) {
        const struct value *profile = value_at (profiles, i);
        bool twice = false; /* of another worker */
        for (size_t j = 0; j < i && !twice; j++)
            twice =
                strcmp (text_of (value_at (profiles, j), "name"), text_of (profile, "name")) == 0;
        if (!twice)
            complete_offer (self, text_of (profile, "name"), text_of (profile, "command"));
    }
}

static bool is_given (const struct complete *self, const struct value *profile,
                      const struct value *parameter)
{
    for (size_t i = 0; i < self->line.word_count; i++) {
        const struct run_word *word = &self->line.words[i];
        if (word->name && params_find (profile, word) == parameter)
            return true;
    }
    return false;
}

/* A parameter that is called like an option can only be said by -p. */
static bool is_option (const char *name)
{
    for (enum option o = 0; o < OPTIONS; o++)
        if (cmdline_takes (COMMAND_RUN, o) && strcmp (option_spec (o)->name, name) == 0)
            return true;
    return false;
}

static void offer_parameter (struct complete *self, const struct value *parameter, bool pair)
{
    struct sbuf word;
    struct sbuf what;
    sbuf_init (&word);
    sbuf_init (&what);
    sbuf_printf (&word, "%s%s%s", pair ? "" : "--", text_of (parameter, "name"), pair ? "=" : "");
    for (size_t i = 0; !pair && i < word.size; i++)
        if (word.data[i] == '_')
            word.data[i] = '-';
    params_takes (parameter, &what);
    if (pair || (word.size > 2 && !is_option (word.data + 2)))
        complete_offer (self, sbuf_text (&word), sbuf_text (&what));
    self->open = self->open || pair;
    sbuf_free (&word);
    sbuf_free (&what);
}

static void offer_items (struct complete *self, const struct value *parameter)
{
    const struct value *allowed = value_get (parameter, "allowed");
    const char *comma = strrchr (self->typed, ',');
    self->list = true;
    if (comma)
        self->typed = comma + 1;
    for (size_t i = 0; i < value_count (allowed); i++) {
        const char *item = value_string (value_at (allowed, i));
        complete_offer (self, item ? item : "", NULL);
    }
    if (!comma && value_count (allowed) > 0)
        complete_offer (self, "all", "each of them");
}

/* False: it takes none after a blank. */
static bool offer_values (struct complete *self, const struct value *profile)
{
    const struct run_word word = { self->parameter, self->parameter_bytes, NULL };
    const struct value *parameter = params_find (profile, &word);
    const char *type = text_of (parameter, "type");
    if (strcmp (type, "bool") == 0) {
        if (self->typed == self->word)
            return false;
        complete_offer (self, "true", NULL);
        complete_offer (self, "false", NULL);
    } else if (strcmp (type, "list") == 0) {
        offer_items (self, parameter);
    }
    return true;
}

void complete_profiles (struct complete *self, const struct value *profiles)
{
    struct err ignored = { 0 };
    const struct value *profile = NULL;
    const char *option =
        self->next.value_of == OPTIONS ? "" : option_spec (self->next.value_of)->name;
    bool pair = strcmp (option, "param") == 0;
    size_t first = 0;
    if (self->line.command != COMMAND_RUN || (option[0] && !pair)) {
        if (!self->parameter || strncmp (self->parameter, "profile=", 8) == 0)
            offer_profiles (self, profiles);
        return;
    }
    if (params_choose (profiles, &self->line, &profile, &first, &ignored) < 0)
        profile = NULL;
    if (self->parameter && offer_values (self, profile))
        return;
    if (self->line.word_count == 0 && self->word[0] != '-' && !pair) {
        offer_profiles (self, profiles);
        return;
    }
    const struct value *parameters = value_get (profile, "parameters");
    for (size_t i = 0; i < value_count (parameters); i++)
        if (!is_given (self, profile, value_at (parameters, i)))
            offer_parameter (self, value_at (parameters, i), pair);
    if (!pair && self->word[0] != '-' && !self->next.only_plain)
        self->wanted |= WANT_OPTIONS;
}
