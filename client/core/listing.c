/* listing.c - what of a list is shown, and how.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "listing.h"

#include <stdio.h>
#include <string.h>

#include "cmdguess.h"
#include "ids.h"
#include "since.h"
#include "suggest.h"

#define WORD_BYTES     64
#define RUN_DATE_BYTES 10 /* "2026-02-13" */

/* The next of some words with commas between them; false after the last. Blanks around it do not
 * count, empty ones are skipped. */
static bool next_word (const char **at, char word[WORD_BYTES + 1])
{
    for (;;) {
        *at += strspn (*at, ", ");
        if (**at == '\0')
            return false;
        size_t bytes = strcspn (*at, ",");
        const char *from = *at;
        *at += bytes;
        while (bytes > 0 && from[bytes - 1] == ' ')
            bytes--;
        if (bytes > WORD_BYTES)
            bytes = WORD_BYTES;
        memcpy (word, from, bytes);
        word[bytes] = '\0';
        return true;
    }
}

/* Columns */

static void choose (struct listing *self, const struct column *column)
{
    for (size_t i = 0; i < self->column_count; i++)
        if (self->columns[i] == column)
            return;
    if (self->column_count < TABLE_COLUMNS)
        self->columns[self->column_count++] = column;
}

static int no_column (enum list_kind kind, const char *command, const char *word, struct err *err)
{
    const char *near = column_near (kind, word);
    if (near)
        return err_set (err, STATUS_BAD_REQUEST, "`%s` has no column `%s`; did you mean `%s`?",
                        command, word, near);
    return err_set (err, STATUS_BAD_REQUEST,
                    "`%s` has no column `%s`; `ems %s -o help` lists what there is", command, word,
                    command);
}

/* "id,status": these; "+user": these, too. */
static int read_columns (struct listing *self, const char *command, const char *text,
                         struct err *err)
{
    char word[WORD_BYTES + 1];
    const char *at = text;
    self->chosen = true;
    for (bool first = true; next_word (&at, word); first = false) {
        bool plus = word[0] == '+';
        const char *name = word + plus;
        const struct column *column = column_find (self->kind, name, strlen (name));
        if (first)
            self->standard = plus;
        if (!column && strcmp (word, "help") == 0)
            self->help = true;
        else if (!column)
            return no_column (self->kind, command, name, err);
        else
            choose (self, column);
    }
    if (self->column_count > 0 || self->help)
        return 0;
    return err_set (err, STATUS_BAD_REQUEST,
                    "-o takes names of columns, with commas; `ems %s -o help` lists them", command);
}

/* Statuses */

static const char *status_field (enum list_kind kind)
{
    return kind == LIST_WORKERS ? "state" : "status";
}

/* NULL after the last; runs and profiles have none. */
static const char *status_name (enum list_kind kind, size_t number)
{
    if (kind == LIST_WORKERS)
        return column_worker_state (number);
    return number < JOB_STATUSES ? job_status_name ((enum job_status)number) : NULL;
}

/* `option`: what it was given to. */
static int no_status (enum list_kind kind, const char *option, const char *word, struct err *err)
{
    struct suggest near;
    const char *name;
    char all[256] = "";
    suggest_init (&near, word);
    for (size_t i = 0; (name = status_name (kind, i)); i++) {
        size_t used = strlen (all);
        suggest_offer (&near, name);
        snprintf (all + used, sizeof all - used, "%s%s", i ? ", " : "", name);
    }
    const char *meant = kind == LIST_JOBS ? cmdguess_status (word) : NULL;
    if (meant || near.best)
        return err_set (err, STATUS_BAD_REQUEST, "%s: there is no `%s`; did you mean `%s`?", option,
                        word, meant ? meant : near.best);
    return err_set (err, STATUS_BAD_REQUEST, "%s: there is no `%s`, only %s", option, word, all);
}

static bool find_status (enum list_kind kind, const char *word, size_t *number)
{
    const char *name;
    for (size_t i = 0; (name = status_name (kind, i)); i++) {
        if (strcasecmp (name, word) == 0) {
            *number = i;
            return true;
        }
    }
    return false;
}

static int read_statuses (enum list_kind kind, const char *option, const char *text, uint32_t *out,
                          struct err *err)
{
    char word[WORD_BYTES + 1];
    size_t number;
    while (next_word (&text, word)) {
        if (!find_status (kind, word, &number))
            return no_status (kind, option, word, err);
        *out |= UINT32_C (1) << number;
    }
    if (*out == 0)
        return err_set (err, STATUS_BAD_REQUEST, "%s takes names of statuses, with commas", option);
    return 0;
}

/* A status has few values, so that a misspelt one is found out. */
static int add_filter (struct listing *self, const char *command, const char *text, struct err *err)
{
    struct filter *filter = &self->filters[self->filter_count];
    if (filter_read (self->kind, command, text, filter, err) < 0)
        return -1;
    bool status = strcmp (filter->field, status_field (self->kind)) == 0 && !filter->part;
    if (status && !strpbrk (filter->value, "*?") &&
        read_statuses (self->kind, "--filter", filter->value,
                       &self->filter_statuses[self->filter_count], err) < 0)
        return -1;
    self->filter_count++;
    return 0;
}

int listing_read (enum list_kind kind, const struct cmdline *line, const struct report *how,
                  struct listing *out, struct err *err)
{
    const char *command = command_spec (line->command)->name;
    *out = (struct listing){ .kind = kind, .standard = true };
    if (line->given[OPTION_COLUMNS] &&
        read_columns (out, command, line->text[OPTION_COLUMNS], err) < 0)
        return -1;
    if (line->given[OPTION_STATUS] &&
        read_statuses (kind, "--status", line->text[OPTION_STATUS], &out->statuses, err) < 0)
        return -1;
    if (line->given[OPTION_SINCE] && since_parse ("since", line->text[OPTION_SINCE], how->now_ms,
                                                  how->zone_ms, &out->since_ms, err) < 0)
        return -1;
    for (size_t i = 0; i < line->filter_count; i++)
        if (add_filter (out, command, line->filters[i], err) < 0)
            return -1;
    return 0;
}

/* Items */

bool listing_older (const struct listing *self, const struct value *item)
{
    static const int64_t day_ms = 86400000;
    const char *run_id = column_field (item, "run_id");
    int64_t wall_ms;
    if (self->since_ms == 0)
        return false;
    if (self->kind == LIST_JOBS)
        return time_parse (column_field (item, "queued_at"), &wall_ms) == 0 &&
               wall_ms < self->since_ms;
    if (self->kind != LIST_RUNS || !column_run_started (item, &wall_ms))
        return false;
    /* Of some only the day is known: any time of it. */
    return wall_ms + (strlen (run_id) == RUN_DATE_BYTES ? day_ms - 1 : 0) < self->since_ms;
}

static bool has_status (const struct listing *self, uint32_t statuses, const struct value *item)
{
    size_t number;
    return find_status (self->kind, column_field (item, status_field (self->kind)), &number) &&
           (statuses & (UINT32_C (1) << number));
}

static bool passes (const struct listing *self, size_t filter, const struct value *item)
{
    uint32_t statuses = self->filter_statuses[filter];
    return statuses ? has_status (self, statuses, item)
                    : filter_holds (&self->filters[filter], item);
}

bool listing_takes (const struct listing *self, const struct value *item)
{
    if (listing_older (self, item) || (self->statuses && !has_status (self, self->statuses, item)))
        return false;
    for (size_t i = 0; i < self->filter_count; i++)
        if (!passes (self, i, item))
            return false;
    return true;
}

bool listing_selects (const struct listing *self)
{
    return self->since_ms > 0 || self->statuses || self->filter_count > 0;
}
