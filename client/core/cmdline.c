/* cmdline.c - reading the command line by the tables of cmdtable.c.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "cmdline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmdguess.h"
#include "cmdjobs.h"
#include "ids.h"
#include "suggest.h"
#include "text.h"

struct reader {
    int argc;
    char *const *argv;
    int at; /* the next word */
    struct cmdline *out;
    struct cmdline_next
        *next; /* the line is still being typed: nothing is wrong with it; or NULL */
};

bool cmdline_takes (enum command command, enum option option)
{
    uint32_t where = option_spec (option)->commands;
    return where == ALL_COMMANDS || (where & (UINT32_C (1) << command)) != 0;
}

static int find_command (const char *word, enum command *out, struct err *err)
{
    struct suggest near;
    const char *same = cmdguess_same (word);
    const char *instead = cmdguess_instead (word);
    suggest_init (&near, word);
    for (enum command c = COMMAND_NONE + 1; c < COMMANDS; c++) {
        if (strcmp (command_spec (c)->name, same ? same : word) == 0) {
            *out = c;
            return 0;
        }
        if (!command_hidden (c))
            suggest_offer (&near, command_spec (c)->name);
    }
    for (size_t i = 0; cmdguess_word (i); i++)
        suggest_offer (&near, cmdguess_word (i));
    if (instead || near.best)
        return err_set (err, STATUS_BAD_REQUEST, "there is no command `%.64s`; did you mean `%s`?",
                        word, instead ? instead : near.best);
    return err_set (err, STATUS_BAD_REQUEST,
                    "there is no command `%.64s`; `ems help` lists what there is", word);
}

static int read_number (const struct option_spec *spec, const char *value, int64_t *out,
                        struct err *err)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll (value, &end, 10);
    if (errno != 0 || end == value || *end != 0 || number < spec->min || number > spec->max)
        return err_set (err, STATUS_BAD_REQUEST,
                        "--%s takes a number from %lld to %lld, not `%.64s`", spec->name,
                        (long long)spec->min, (long long)spec->max, value);
    *out = number;
    return 0;
}

static int read_color (const char *value, enum color *out, struct err *err)
{
    static const char *const names[] = { "auto", "always", "never" };
    for (size_t i = 0; i < 3; i++) {
        if (strcmp (names[i], value) == 0) {
            *out = (enum color)i;
            return 0;
        }
    }
    return err_set (err, STATUS_BAD_REQUEST, "--color takes auto, always or never, not `%.64s`",
                    value);
}

static int add_word (struct cmdline *out, const char *name, size_t name_bytes, const char *value,
                     struct err *err)
{
    if (out->word_count == LIMIT_WORDS)
        return err_set (err, STATUS_BAD_REQUEST, "more than %d words after `run`", LIMIT_WORDS);
    if (!out->words)
        out->words = calloc (LIMIT_WORDS, sizeof *out->words);
    if (!out->words)
        return err_set (err, STATUS_FAILED, "no memory for the command line");
    out->words[out->word_count++] = (struct run_word){ name, name_bytes, value };
    return 0;
}

static int add_filter (struct cmdline *out, const char *value, struct err *err)
{
    if (!utf8_valid (value, strlen (value)))
        return err_set (err, STATUS_BAD_REQUEST, "--filter takes text in UTF-8");
    if (out->filter_count == LIMIT_FILTERS)
        return err_set (err, STATUS_BAD_REQUEST, "--filter may be given %d times at most",
                        LIMIT_FILTERS);
    out->filters[out->filter_count++] = value;
    return 0;
}

static int read_pair (struct cmdline *out, enum option option, const char *value, struct err *err)
{
    const char *equals = strchr (value, '=');
    if (!equals || equals == value)
        return err_set (err, STATUS_BAD_REQUEST, "--%s takes NAME=VALUE, not `%.64s`",
                        option_spec (option)->name, value);
    if (option == OPTION_PARAM)
        return add_word (out, value, (size_t)(equals - value), equals + 1, err);
    if (option == OPTION_FILTER)
        return add_filter (out, value, err);
    if (out->label_count == LIMIT_LABELS)
        return err_set (err, STATUS_BAD_REQUEST, "a job has at most %d labels", LIMIT_LABELS);
    out->labels[out->label_count++] = value;
    return 0;
}

/* What is said again is added, with a comma. */
static int add_item (struct cmdline *out, enum option option, const char *value, struct err *err)
{
    const char *before = out->text[option];
    char *joined = NULL;
    if (!utf8_valid (value, strlen (value)))
        return err_set (err, STATUS_BAD_REQUEST, "--%s takes text in UTF-8",
                        option_spec (option)->name);
    if (asprintf (&joined, "%s%s%s", before ? before : "", before ? "," : "", value) < 0)
        return err_set (err, STATUS_FAILED, "no memory for the command line");
    free (out->joined[option]);
    out->text[option] = out->joined[option] = joined;
    return 0;
}

static int set_option (struct cmdline *out, enum option option, const char *value, struct err *err)
{
    const struct option_spec *spec = option_spec (option);
    out->given[option] = true;
    if (!value)
        return 0; /* a flag */
    switch (spec->kind) {
    case KIND_FLAG:
        break;
    case KIND_TEXT:
        if (!utf8_valid (value, strlen (value)))
            return err_set (err, STATUS_BAD_REQUEST, "--%s takes text in UTF-8", spec->name);
        out->text[option] = value;
        return 0;
    case KIND_LIST:
        return add_item (out, option, value, err);
    case KIND_PATH:
        out->text[option] = value;
        return 0;
    case KIND_NUMBER:
        return read_number (spec, value, &out->number[option], err);
    case KIND_DURATION:
        if (duration_parse (value, spec->max, &out->number[option]) < 0)
            return err_set (err, STATUS_BAD_REQUEST,
                            "--%s takes a time like 90s, 2m or 1h, not `%.64s`", spec->name, value);
        return 0;
    case KIND_COLOR:
        return read_color (value, &out->color, err);
    case KIND_PAIR:
        return read_pair (out, option, value, err);
    }
    return 0;
}

static const char *next_word (struct reader *reader)
{
    return reader->at < reader->argc ? reader->argv[reader->at++] : NULL;
}

/* Nearly always a value was forgotten, and what was meant to be tried would be done for good. */
static bool is_option_of (enum command command, const char *word)
{
    if (strncmp (word, "--", 2) != 0)
        return false;
    for (enum option o = 0; o < OPTIONS; o++)
        if (cmdline_takes (command, o) && strcmp (option_spec (o)->name, word + 2) == 0)
            return true;
    return false;
}

/* A value may not be missing; a word that is an option is one only after '='. */
static int take_value (struct reader *reader, enum option option, const char *after,
                       struct err *err)
{
    const struct option_spec *spec = option_spec (option);
    if (!spec->takes) {
        if (after)
            return err_set (err, STATUS_BAD_REQUEST, "--%s takes no value", spec->name);
        return set_option (reader->out, option, NULL, err);
    }
    const char *value = after ? after : next_word (reader);
    if (!value && reader->next) {
        reader->next->value_of = option;
        return 0;
    }
    if (!value)
        return err_set (err, STATUS_BAD_REQUEST, "--%s needs a value: --%s %s", spec->name,
                        spec->name, spec->takes);
    if (!after && is_option_of (reader->out->command, value))
        return err_set (err, STATUS_BAD_REQUEST, "--%s needs a value; if it is meant: --%s=%s",
                        spec->name, spec->name, value);
    return set_option (reader->out, option, value, err);
}

static int unknown_option (const struct reader *reader, const char *word, size_t bytes,
                           struct err *err)
{
    char name[LIMIT_NAME_BYTES + 1] = "";
    memcpy (name, word, bytes < LIMIT_NAME_BYTES ? bytes : LIMIT_NAME_BYTES);
    struct suggest near;
    suggest_init (&near, name);
    enum command command = reader->out->command;
    for (enum option o = 0; o < OPTIONS; o++)
        if (cmdline_takes (command, o))
            suggest_offer (&near, option_spec (o)->name);
    const char *of = command == COMMAND_NONE ? "ems" : command_spec (command)->name;
    const char *instead = cmdguess_option (command, name);
    if (instead)
        return err_set (err, STATUS_BAD_REQUEST, "`%s` has no option --%s; did you mean %s?", of,
                        name, instead);
    if (near.best)
        return err_set (err, STATUS_BAD_REQUEST, "`%s` has no option --%s; did you mean --%s?", of,
                        name, near.best);
    return err_set (err, STATUS_BAD_REQUEST, "`%s` has no option --%s; see `ems help%s%s`", of,
                    name, command == COMMAND_NONE ? "" : " ", command == COMMAND_NONE ? "" : of);
}

static int unknown_letter (const struct reader *reader, char letter, struct err *err)
{
    const struct command_spec *spec = command_spec (reader->out->command);
    const char *instead = cmdguess_option (reader->out->command, (const char[]){ letter, 0 });
    if (instead)
        return err_set (err, STATUS_BAD_REQUEST, "`%s` has no option -%c; did you mean %s?",
                        spec->name, letter, instead);
    return err_set (err, STATUS_BAD_REQUEST, "`%s` has no option -%c; see `ems help%s%s`",
                    spec ? spec->name : "ems", letter, spec ? " " : "", spec ? spec->name : "");
}

/* After `run`, an option that is not ours is a parameter of the profile. Whether the next word is
 * its value shows when its type is known. */
static int take_long (struct reader *reader, const char *word, struct err *err)
{
    const char *equals = strchr (word, '=');
    size_t bytes = equals ? (size_t)(equals - word) : strlen (word);
    const char *after = equals ? equals + 1 : NULL;
    for (enum option o = 0; o < OPTIONS; o++) {
        const char *name = option_spec (o)->name;
        if (cmdline_takes (reader->out->command, o) && strlen (name) == bytes &&
            strncmp (name, word, bytes) == 0)
            return take_value (reader, o, after, err);
    }
    if (reader->out->command == COMMAND_RUN)
        return add_word (reader->out, word, bytes, after, err);
    return unknown_option (reader, word, bytes, err);
}

/* -d, -f -n 5, -n5, -fn5 */
static int take_short (struct reader *reader, const char *word, struct err *err)
{
    for (bool first = true; *word; word++, first = false) {
        enum option found = OPTIONS;
        for (enum option o = 0; o < OPTIONS; o++)
            if (cmdline_takes (reader->out->command, o) && option_spec (o)->letter == *word)
                found = o;
        /* A parameter of one letter is typed with one dash as easily as with two. */
        if (found == OPTIONS && reader->out->command == COMMAND_RUN && first && word[1] == 0)
            return add_word (reader->out, word, 1, NULL, err);
        if (found == OPTIONS)
            return unknown_letter (reader, *word, err);
        if (option_spec (found)->takes)
            return take_value (reader, found, word[1] ? word + 1 : NULL, err);
        if (set_option (reader->out, found, NULL, err) < 0)
            return -1;
    }
    return 0;
}

static int take_plain (struct reader *reader, const char *word, struct err *err)
{
    struct cmdline *out = reader->out;
    if (!utf8_valid (word, strlen (word)))
        return err_set (err, STATUS_BAD_REQUEST, "the argument `%.64s` is not UTF-8", word);
    if (out->command == COMMAND_NONE)
        return find_command (word, &out->command, err);
    if (out->command == COMMAND_RUN)
        return add_word (out, NULL, 0, word, err);
    const struct command_spec *spec = command_spec (out->command);
    if (out->argument_count == spec->arguments_max)
        return err_set (err, STATUS_BAD_REQUEST,
                        "`ems %s` does not take `%.64s`; usage: ems %s%s%s", spec->name, word,
                        spec->name, spec->arguments[0] ? " " : "", spec->arguments);
    out->arguments[out->argument_count++] = word;
    return 0;
}

/* -5 is a number, which a parameter may take; nobody has digits for option letters. */
static bool is_number (const char *word)
{
    return word[0] == '-' && word[1] >= '0' && word[1] <= '9';
}

static int take_words (struct reader *reader, struct err *err)
{
    bool only_plain = false;
    const char *word;
    while ((word = next_word (reader))) {
        int rc;
        bool as_it_is = reader->out->command == COMMAND_COMPLETE;
        if (!as_it_is && !only_plain && strcmp (word, "--") == 0) {
            only_plain = true;
            if (reader->next)
                reader->next->only_plain = true;
            continue;
        }
        if (as_it_is)
            rc = add_word (reader->out, NULL, 0, word, err);
        else if (only_plain || word[0] != '-' || word[1] == 0 || is_number (word))
            rc = take_plain (reader, word, err);
        else if (word[1] == '-')
            rc = take_long (reader, word + 2, err);
        else
            rc = take_short (reader, word + 1, err);
        if (rc < 0 && !reader->next)
            return -1;
    }
    return 0;
}

static int read_priority (struct cmdline *out, struct err *err)
{
    const struct option_spec *spec = option_spec (OPTION_PRIORITY);
    if (read_number (spec, out->arguments[1], &out->number[OPTION_PRIORITY], NULL) == 0)
        return 0;
    return err_set (err, STATUS_BAD_REQUEST,
                    "a priority is a number from %lld to %lld, higher first, not `%.64s`",
                    (long long)spec->min, (long long)spec->max, out->arguments[1]);
}

/* The first argument that is not there, by its name in the usage line. */
static int refuse_missing (const struct cmdline *line, const struct command_spec *spec,
                           struct err *err)
{
    const char *name = spec->arguments;
    if (line->argument_count == 0 && strncmp (name, "JOB", 3) == 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "which job? usage: ems %s %s (an id, the beginning of one, or last)",
                        spec->name, spec->arguments);
    for (int i = 0; i < line->argument_count; i++)
        name += strcspn (name, " ") + 1;
    return err_set (err, STATUS_BAD_REQUEST, "%.*s is missing; usage: ems %s %s",
                    (int)strcspn (name, " "), name, spec->name, spec->arguments);
}

/* What shows only when all words are there. */
static int check_together (struct cmdline *out, const struct command_spec *spec, struct err *err)
{
    if (out->argument_count < spec->arguments_min)
        return refuse_missing (out, spec, err);
    if (out->given[OPTION_CONTEXT] && (out->given[OPTION_ENDPOINT] || out->given[OPTION_STATE]))
        return err_set (err, STATUS_BAD_REQUEST,
                        "-c says where the broker is, and so does %s: give one of the two",
                        out->given[OPTION_STATE] ? "--state" : "-e");
    if (out->given[OPTION_AFTER] && out->given[OPTION_AFTER_ANY])
        return err_set (
            err, STATUS_BAD_REQUEST,
            "a job waits for one other: give --after, which wants that it completes, or "
            "--after-any, which takes any end");
    if (cmdline_check_jobs (out, err) < 0)
        return -1;
    return out->command == COMMAND_PRIORITY ? read_priority (out, err) : 0;
}

int cmdline_parse (int argc, char *const argv[], struct cmdline *out, struct err *err)
{
    memset (out, 0, sizeof *out);
    struct reader reader = { argc, argv, 1, out, NULL };
    if (take_words (&reader, err) < 0)
        return -1;
    if (out->given[OPTION_VERSION])
        out->command = COMMAND_VERSION;
    const struct command_spec *spec = command_spec (out->command);
    if (!spec) {
        if (out->given[OPTION_HELP])
            out->command = COMMAND_HELP;
        else
            return err_set (err, STATUS_BAD_REQUEST, "which command? `ems help` lists them");
        return 0;
    }
    if (out->command == COMMAND_HELP && out->argument_count == 1)
        return find_command (out->arguments[0], &out->help_for, err);
    return out->given[OPTION_HELP] ? 0 : check_together (out, spec, err);
}

void cmdline_read_part (int argc, char *const argv[], struct cmdline *out,
                        struct cmdline_next *next)
{
    struct err ignored = { 0 };
    memset (out, 0, sizeof *out);
    *next = (struct cmdline_next){ .value_of = OPTIONS };
    struct reader reader = { argc, argv, 1, out, next };
    (void)take_words (&reader, &ignored);
}

void cmdline_clear (struct cmdline *self)
{
    free (self->words);
    for (enum option o = 0; o < OPTIONS; o++)
        free (self->joined[o]);
    memset (self, 0, sizeof *self);
}
