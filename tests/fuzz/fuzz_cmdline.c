/* fuzz_cmdline.c - the command line of `ems`, up to the parameters of `run`: understood or refused
 * with a sentence; what is understood is within its bounds. And completed: each word that is
 * offered goes on with what was typed, and a shell takes it for a word.
 *
 * The words are separated by newlines.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "complete.h"
#include "fuzz.h"
#include "json.h"
#include "params.h"

#define WORDS 1024

static const char profiles_json[] =
    "[{\"name\":\"lab\",\"parameters\":["
    "{\"name\":\"n\",\"type\":\"int\",\"min\":1,\"max\":1000,\"default\":10},"
    "{\"name\":\"no_perf\",\"type\":\"bool\",\"default\":false},"
    "{\"name\":\"experiments\",\"type\":\"list\",\"allowed\":[\"a\",\"b\"],\"default\":[\"all\"]},"
    "{\"name\":\"code\",\"type\":\"string\",\"pattern\":\"[a-z]+\",\"required\":true},"
    "{\"name\":\"seed\",\"type\":\"int\"}]},"
    "{\"name\":\"other\",\"parameters\":[]}]";

static const struct value *the_profiles (void)
{
    static struct value *profiles;
    if (!profiles)
        profiles = json_decode (profiles_json, sizeof profiles_json - 1, NULL);
    must (profiles, "the profiles of the test are good");
    return profiles;
}

static bool from (const char *text, const char *words, size_t bytes)
{
    return text >= words && text <= words + bytes;
}

static void check_line (const struct cmdline *line, const char *words, size_t bytes)
{
    for (enum option o = 0; o < OPTIONS; o++) {
        const struct option_spec *spec = option_spec (o);
        must (!line->text[o] || line->joined[o] || from (line->text[o], words, bytes),
              "a text is the user's own");
        if (line->given[o] && (spec->kind == KIND_NUMBER || spec->kind == KIND_DURATION))
            must (line->number[o] >= spec->min && line->number[o] <= spec->max,
                  "a number is in its range");
    }
    must (line->argument_count >= 0 && line->argument_count <= COMMAND_ARGUMENTS,
          "arguments are bounded");
    must (line->word_count <= LIMIT_WORDS && line->label_count <= LIMIT_LABELS,
          "words are bounded");
    for (size_t i = 0; i < line->word_count; i++) {
        const struct run_word *word = &line->words[i];
        must (word->name || word->value, "a word says something");
        must (!word->name || from (word->name + word->name_bytes, words, bytes),
              "a name is the user's own");
        must (!word->value || from (word->value, words, bytes), "so is its value");
    }
}

static void check_types (const struct value *profile, const struct value *map)
{
    const struct value *parameters = value_get (profile, "parameters");
    for (size_t i = 0; i < value_count (map); i++) {
        const char *type = NULL;
        for (size_t j = 0; j < value_count (parameters); j++)
            if (strcmp (value_string (value_get (value_at (parameters, j), "name")),
                        value_key_at (map, i)) == 0)
                type = value_string (value_get (value_at (parameters, j), "type"));
        must (type, "a parameter is one of the profile's");
        enum value_type wanted = strcmp (type, "int") == 0    ? VALUE_INT
                                 : strcmp (type, "bool") == 0 ? VALUE_BOOL
                                 : strcmp (type, "list") == 0 ? VALUE_LIST
                                                              : VALUE_STRING;
        must (value_type (value_at (map, i)) == wanted, "and of its type");
    }
}

static void check_run (const struct cmdline *line)
{
    struct err err = { 0 };
    const struct value *profile = NULL;
    size_t first = 0;
    char wrong[LIMIT_NAME_BYTES + 1];
    if (params_choose (the_profiles (), line, &profile, &first, &err) < 0) {
        must_say_why (&err);
        return;
    }
    struct value *map = params_build (profile, line, first, wrong, &err);
    if (map)
        check_types (profile, map);
    else
        must_say_why (&err);
    value_destroy (&map);
}

static void check_help (const struct cmdline *line)
{
    struct sbuf text;
    sbuf_init (&text);
    cmdline_help (line->command == COMMAND_HELP ? line->help_for : line->command, &text);
    must (text.size > 0, "there is help for everything");
    must_be_safe (sbuf_text (&text));
    sbuf_free (&text);
}

static void check_completion (int argc, char *const argv[])
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._,=/@:+%-";
    const char *word = argc > 1 ? argv[argc - 1] : "";
    struct complete typed;
    struct sbuf text;
    sbuf_init (&text);
    complete_begin (&typed, argc, argv);
    complete_profiles (&typed, the_profiles ());
    complete_end (&typed, &text);
    const char *line = strchr (sbuf_text (&text), '\n');
    must (line, "there is a first line");
    for (line++; *line; line = strchr (line, '\n') + 1) {
        size_t bytes = strcspn (line, "\t\n");
        must (bytes > 0 && strspn (line, plain) >= bytes, "an offer is a plain word");
        must (strncmp (line, word, strlen (word)) == 0, "that goes on with what was typed");
        must (strchr (line, '\n') != NULL, "each offer has its line");
    }
    sbuf_free (&text);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static char program[] = "ems";
    char *argv[WORDS + 2] = { program };
    int argc = 1;
    char *words = strndup ((const char *)data, size);
    size_t bytes = strlen (words);
    for (char *rest = words; rest && argc <= WORDS;)
        argv[argc++] = strsep (&rest, "\n");
    struct cmdline line;
    struct err err = { 0 };
    if (cmdline_parse (argc, argv, &line, &err) == 0) {
        check_line (&line, words, bytes);
        check_help (&line);
        if (line.command == COMMAND_RUN)
            check_run (&line);
    } else {
        must_say_why (&err);
    }
    cmdline_clear (&line);
    check_completion (argc, argv);
    free (words);
    return 0;
}
