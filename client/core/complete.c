/* complete.c - where in the command line the word stands, and what is known without asking.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "complete.h"

#include <stdio.h>
#include <string.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))

/* What the words in the usage line of a command and after an option stand for. Others are anybody's
 * own: there is nothing to offer. */
static const struct {
    const char *name;
    unsigned want;
} places[] = {
    { "JOB", WANT_JOBS },       { "RUN", WANT_RUNS },          { "COMMAND", WANT_COMMANDS },
    { "FILE", WANT_FILES },     { "FILE.public", WANT_FILES }, { "DIR", WANT_FOLDERS },
    { "WORKER", WANT_WORKERS }, { "PROFILE", WANT_PROFILES },  { "CONTEXT", WANT_CONTEXTS },
    { "PATH", WANT_PARTS }, /* in a run */
};

/* Options whose values are called something general. */
static const struct {
    const char *option;
    unsigned want;
    const char *names; /* with blanks between */
    bool list;
} values[] = {
    { "worker", WANT_WORKERS, NULL, false },
    { "workers", WANT_WORKERS, NULL, true },
    { "context", WANT_CONTEXTS, NULL, false },
    { "color", WANT_NAMES, "auto always never", false },
    { "role", WANT_NAMES, "viewer operator admin worker", true },
    { "status", WANT_NAMES, "queued starting running paused cancelling completed failed cancelled",
      true },
    { "param", WANT_PROFILES, NULL, false },
    { "filter", WANT_FIELD, NULL, false },
};

static void add_names (struct complete *self, const char *text)
{
    while (*text && self->name_count < COMPLETE_NAMES) {
        size_t bytes = strcspn (text, " ");
        self->names[self->name_count].text = text;
        self->names[self->name_count++].bytes = bytes;
        text += bytes + strspn (text + bytes, " ");
    }
    self->wanted |= WANT_NAMES;
}

static void want_place (struct complete *self, const char *name, size_t bytes)
{
    for (size_t i = 0; i < COUNT (places); i++)
        if (strlen (places[i].name) == bytes && strncmp (places[i].name, name, bytes) == 0)
            self->wanted |= places[i].want;
    if (bytes == 5 && strncmp (name, "SHELL", 5) == 0)
        add_names (self, "bash zsh fish");
    /* A new one takes a name that is not there yet. */
    if (self->line.command == COMMAND_CONTEXT && bytes == 4 && strncmp (name, "NAME", 4) == 0 &&
        strcmp (self->line.arguments[0], "add") != 0)
        self->wanted |= WANT_CONTEXTS;
}

/* The next word of a usage line: "JOB|RUN" is one, "|" before a lower letter or alone parts what
 * is typed instead of each other. Brackets and dots say nothing here. 0: the end. */
static size_t next_token (const char **at, const char **token)
{
    const char *c = *at + strspn (*at, " []");
    size_t bytes = *c == '|' ? 1 : strcspn (c, " []");
    for (size_t i = 1; i + 1 < bytes; i++)
        if (c[i] == '|' && c[i + 1] >= 'a' && c[i + 1] <= 'z')
            bytes = i;
    *token = c;
    *at = c + bytes;
    if (bytes > 3 && strncmp (c + bytes - 3, "…", 3) == 0)
        bytes -= 3;
    return bytes;
}

static bool is_literal (const char *token)
{
    return *token >= 'a' && *token <= 'z';
}

static void want_token (struct complete *self, const char *token, size_t bytes)
{
    if (is_literal (token)) {
        if (self->name_count < COMPLETE_NAMES) {
            self->names[self->name_count].text = token;
            self->names[self->name_count++].bytes = bytes;
        }
        self->wanted |= WANT_NAMES;
        return;
    }
    for (size_t i = 0; i < bytes; i++) { /* JOB|RUN */
        size_t one = strcspn (token + i, "|");
        if (one > bytes - i)
            one = bytes - i;
        want_place (self, token + i, one);
        i += one;
    }
}

/* "JOB N", "[list | use NAME | add NAME]": the word that comes after the arguments so far. */
static void want_argument (struct complete *self, const char *usage)
{
    const struct cmdline *line = &self->line;
    const char *token;
    size_t bytes;
    int at = 0;
    bool fits = true;
    while ((bytes = next_token (&usage, &token)) > 0) {
        if (*token == '|') {
            at = 0;
            fits = true;
            continue;
        }
        if (at == line->argument_count && fits)
            want_token (self, token, bytes);
        else if (at < line->argument_count && is_literal (token) &&
                 (strlen (line->arguments[at]) != bytes ||
                  strncmp (line->arguments[at], token, bytes) != 0))
            fits = false;
        at++;
    }
}

static const struct column *columns (const struct complete *self)
{
    enum command command = self->line.command;
    return columns_of (command == COMMAND_PS        ? LIST_JOBS
                       : command == COMMAND_RESULTS ? LIST_RUNS
                       : command == COMMAND_WORKERS ? LIST_WORKERS
                                                    : LIST_PROFILES);
}

static void want_columns (struct complete *self)
{
    self->columns = columns (self);
    self->list = true;
    self->wanted |= WANT_NAMES;
}

static void want_value (struct complete *self, enum option option, const char *typed)
{
    const struct option_spec *spec = option_spec (option);
    bool workers = self->line.command == COMMAND_WORKERS && strcmp (spec->name, "status") == 0;
    self->typed = typed;
    if (option == OPTION_COLUMNS)
        want_columns (self);
    for (size_t i = 0; i < COUNT (values); i++) {
        if (strcmp (values[i].option, spec->name) != 0)
            continue;
        self->wanted |= values[i].want;
        self->list = values[i].list;
        if (values[i].names)
            add_names (self, workers ? "idle busy offline" : values[i].names);
    }
    if (!self->wanted)
        want_place (self, spec->takes, strlen (spec->takes));
    const char *equals = strchr (typed, '=');
    self->next.value_of = option;
    if (spec->kind == KIND_PAIR && equals) {
        self->parameter = typed;
        self->parameter_bytes = (size_t)(equals - typed);
        self->typed = equals + 1;
    }
    if (self->parameter && complete_wants (self, WANT_FIELD))
        self->wanted |= strncmp (typed, "profile=", 8) == 0  ? WANT_PROFILES
                        : strncmp (typed, "worker=", 7) == 0 ? WANT_WORKERS
                                                             : 0U;
}

/* --NAME=VALUE, where VALUE is being typed. */
static void want_after_equals (struct complete *self, const char *name, const char *equals)
{
    size_t bytes = (size_t)(equals - name);
    for (enum option o = 0; o < OPTIONS; o++) {
        const struct option_spec *spec = option_spec (o);
        if (cmdline_takes (self->line.command, o) && spec->takes && strlen (spec->name) == bytes &&
            strncmp (spec->name, name, bytes) == 0) {
            want_value (self, o, equals + 1);
            return;
        }
    }
    if (self->line.command != COMMAND_RUN)
        return;
    self->wanted |= WANT_PROFILES;
    self->parameter = name;
    self->parameter_bytes = bytes;
    self->typed = equals + 1;
}

static void want_option (struct complete *self)
{
    self->wanted |= WANT_OPTIONS;
    if (self->line.command == COMMAND_RUN)
        self->wanted |= WANT_PROFILES;
}

/* A word of `run`: the profile comes first, after a parameter its value. Which of them takes one
 * only the profile knows. */
static void want_run_word (struct complete *self)
{
    const struct cmdline *line = &self->line;
    const struct run_word *last = line->word_count ? &line->words[line->word_count - 1] : NULL;
    self->wanted |= WANT_PROFILES;
    if (last && last->name && !last->value) {
        self->parameter = last->name;
        self->parameter_bytes = last->name_bytes;
    }
}

static void want_plain (struct complete *self)
{
    const struct command_spec *spec = command_spec (self->line.command);
    if (!spec)
        self->wanted |= WANT_COMMANDS;
    else if (self->line.command == COMMAND_RUN)
        want_run_word (self);
    else
        want_argument (self, spec->arguments);
    /* Where nothing else can come, an option may. */
    if (!self->wanted && !self->word[0] && !self->next.only_plain)
        want_option (self);
}

/* Of a list only what comes after its last comma is open. */
static void skip_items (struct complete *self)
{
    const char *comma = strrchr (self->typed, ',');
    if (self->list && comma)
        self->typed = comma + 1;
    if (self->columns && *self->typed == '+')
        self->typed++;
}

void complete_begin (struct complete *self, int argc, char *const argv[])
{
    memset (self, 0, sizeof *self);
    sbuf_init (&self->found);
    self->word = self->typed = argc > 1 ? argv[argc - 1] : "";
    cmdline_read_part (argc > 1 ? argc - 1 : argc, argv, &self->line, &self->next);
    const char *equals = strchr (self->word, '=');
    if (self->next.value_of != OPTIONS)
        want_value (self, self->next.value_of, self->word);
    else if (self->next.only_plain || self->word[0] != '-')
        want_plain (self);
    else if (self->word[1] == '-' && equals)
        want_after_equals (self, self->word + 2, equals);
    else
        want_option (self);
    skip_items (self);
}

bool complete_wants (const struct complete *self, enum want want)
{
    return (self->wanted & want) != 0;
}

bool complete_wants_status (const struct complete *self, enum job_status status)
{
    bool after = self->next.value_of != OPTIONS; /* --after, --after-any */
    bool live = !job_status_terminal (status);
    switch (after ? COMMAND_WAIT : self->line.command) {
    case COMMAND_WAIT:
    case COMMAND_CANCEL:
        return live;
    case COMMAND_PAUSE:
        return status == JOB_RUNNING;
    case COMMAND_RESUME:
        return status == JOB_PAUSED;
    case COMMAND_PRIORITY:
        return status == JOB_QUEUED;
    default:
        return true;
    }
}

static void offer_commands (struct complete *self)
{
    for (enum command c = COMMAND_NONE + 1; c < COMMANDS; c++)
        if (!command_hidden (c))
            complete_offer (self, command_spec (c)->name, command_spec (c)->summary);
}

/* Those of the command first; what was said and can be said once only is over. */
static void offer_options (struct complete *self)
{
    char word[64] = "--";
    for (int global = 0; global < 2; global++) {
        for (enum option o = 0; o < OPTIONS; o++) {
            const struct option_spec *spec = option_spec (o);
            bool again = spec->kind == KIND_PAIR || spec->kind == KIND_LIST;
            if (!cmdline_takes (self->line.command, o) ||
                (spec->commands == ALL_COMMANDS) != (global == 1) ||
                (self->line.given[o] && !again) || strlen (spec->name) > sizeof word - 3)
                continue;
            strcpy (word + 2, spec->name);
            complete_offer (self, word, spec->help);
        }
    }
}

static void offer_names (struct complete *self)
{
    char word[64];
    for (size_t i = 0; i < self->name_count; i++) {
        if (self->names[i].bytes >= sizeof word)
            continue;
        memcpy (word, self->names[i].text, self->names[i].bytes);
        word[self->names[i].bytes] = '\0';
        complete_offer (self, word, NULL);
    }
    for (const struct column *column = self->columns; column && column->name; column++)
        complete_offer (self, column->name, column->help);
}

/* user=, params.n=, and of a few what can come after it. */
static void offer_fields (struct complete *self)
{
    char word[64];
    bool state = self->parameter && strncmp (self->parameter, "state=", 6) == 0;
    bool status = self->parameter && strncmp (self->parameter, "status=", 7) == 0;
    for (const struct column *column = columns (self); !self->parameter && column->name; column++) {
        bool parts = (column->flags & COLUMN_PARTS) != 0;
        snprintf (word, sizeof word, "%s%s", column->name, parts ? "." : "=");
        complete_offer (self, word, column->help);
        self->open = true;
    }
    for (size_t i = 0; state && column_worker_state (i); i++)
        complete_offer (self, column_worker_state (i), NULL);
    for (enum job_status s = 0; status && s < JOB_STATUSES; s++)
        complete_offer (self, job_status_name (s), NULL);
}

static const char *how (const struct complete *self)
{
    if (complete_wants (self, WANT_FILES))
        return "files";
    if (complete_wants (self, WANT_FOLDERS))
        return "folders";
    return self->list ? "items" : self->open ? "open" : "words";
}

void complete_end (struct complete *self, struct sbuf *out)
{
    if (complete_wants (self, WANT_COMMANDS))
        offer_commands (self);
    if (complete_wants (self, WANT_NAMES))
        offer_names (self);
    if (complete_wants (self, WANT_FIELD))
        offer_fields (self);
    if (complete_wants (self, WANT_OPTIONS))
        offer_options (self);
    /* "last" is one of many words for a job: offered to who begins to type it. */
    bool job = complete_wants (self, WANT_JOBS);
    if ((job || complete_wants (self, WANT_RUNS)) && self->typed[0])
        complete_offer (self, "last", job ? "the newest job" : "the newest run");
    sbuf_printf (out, "%s\t", how (self));
    for (const char *c = self->word; c < self->typed && (unsigned char)*c >= ' '; c++)
        sbuf_add_n (out, c, 1);
    sbuf_add (out, "\n");
    sbuf_add (out, sbuf_text (&self->found));
    out->failed = out->failed || self->found.failed;
    sbuf_free (&self->found);
    cmdline_clear (&self->line);
}
