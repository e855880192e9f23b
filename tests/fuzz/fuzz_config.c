/* fuzz_config.c - a configuration file: anything in it becomes settings that work, or is refused
 * with its line.
 *
 * The tree is CZMQ's zconfig; what it is given is our choice.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"
#include "limits.h"
#include "settings.h"
#include "zpl.h"

#define SOURCE "fuzz.zpl"

static int lines_of (const char *text)
{
    int lines = 1;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static size_t check_tree (const struct config *item, int lines)
{
    size_t count = 0;
    for (const struct config *child = item->child; child; child = child->next) {
        must (child->line >= 1 && child->line <= lines, "a key stands in the file");
        must (child->line > item->line, "a key stands below its section");
        must (child->parent == item, "a key knows its section");
        must (child->name[0] && utf8_valid (child->name, strlen (child->name)), "a key has a name");
        must (!child->value || utf8_valid (child->value, strlen (child->value)),
              "a value is UTF-8");
        count += 1 + check_tree (child, lines);
    }
    return count;
}

/* A profile that was accepted can be told of, and run by whoever gives what it requires. */
static void check_profile (const struct profile *profile)
{
    struct err err = { 0 };
    char parameter[NAME_BYTES];
    must (profile->command[0] == '/', "a program is an absolute path");
    must (profile->terms.grace_ms >= 0 && profile->terms.grace_ms <= LIMIT_GRACE_MS,
          "a grace is in bounds");
    struct value *told = profile_describe (profile, "w");
    must (told && value_count (value_get (told, "parameters")) == profile->parameter_count,
          "a profile can be told of");
    value_destroy (&told);
    struct value *config = profile_config (profile, NULL, parameter, &err);
    if (!config) {
        must_say_why (&err);
        must (parameter[0], "only a parameter that is required is missing");
        return;
    }
    strings argv = profile_argv (profile, config, "2026-01-01_00-00-00", "/r", &err);
    must (argv || err.code == STATUS_BAD_REQUEST, "defaults make arguments");
    must (!argv || strcmp (argv[0], profile->command) == 0, "the program comes first");
    strings_free (&argv);
    struct value *again = profile_config (profile, config, parameter, &err);
    must (again && value_equal (config, again), "what was recorded is accepted again");
    value_destroy (&again);
    value_destroy (&config);
}

static void check_settings (const struct config *root)
{
    static const struct settings_origin origin = { "/s", "host" };
    struct err err = { 0 };
    struct settings settings = { 0 };
    if (settings_from_config (root, &origin, &settings, &err) < 0) {
        must_say_why (&err);
        return;
    }
    must (name_valid (settings.name), "a worker has a name");
    must (settings.profiles.count >= 1 && settings.profiles.count <= LIMIT_PROFILES,
          "there is something to run");
    for (size_t i = 0; i < settings.profiles.count; i++) {
        const struct profile *profile = &settings.profiles.items[i];
        must (profiles_find (&settings.profiles, profile->name) == profile, "no name comes twice");
        check_profile (profile);
    }
    settings_clear (&settings);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    char *text = strndup ((const char *)data, size);
    struct config *root = zpl_parse (text, SOURCE, &err);
    if (root) {
        must (check_tree (root, lines_of (text)) <= LIMIT_CONFIG_KEYS, "keys are bounded");
        check_settings (root);
    } else {
        must_say_why (&err);
        must (strncmp (err.text, SOURCE ": ", strlen (SOURCE ": ")) == 0, "the file is named");
    }
    config_destroy (&root);
    free (text);
    return 0;
}
