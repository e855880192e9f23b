/* fuzz_params.c - the parameters of a request, as they come from the wire: only what the profile
 * takes gets through, and it makes the arguments of the profile and no other.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"
#include "limits.h"
#include "settings.h"
#include "wire.h"
#include "zpl.h"

static const char text[] = "profiles\n"
                           "    p\n"
                           "        command = \"/bin/p\"\n"
                           "        arguments\n"
                           "            argument = \"--n={n}\"\n"
                           "            argument = \"{fast?--fast}\"\n"
                           "            argument = \"--name={name}\"\n"
                           "            argument = \"--code={code}\"\n"
                           "            argument = \"--items={items}\"\n"
                           "            argument = \"--any={any}\"\n"
                           "        parameters\n"
                           "            n\n"
                           "                type = \"int\"\n"
                           "                min = 1\n"
                           "                max = 1000\n"
                           "                default = 10\n"
                           "            fast\n"
                           "                type = \"bool\"\n"
                           "            name\n"
                           "                type = \"string\"\n"
                           "            code\n"
                           "                type = \"string\"\n"
                           "                pattern = \"[a-z]{2,4}\"\n"
                           "            items\n"
                           "                type = \"list\"\n"
                           "                allowed = \"alpha,beta,gamma\"\n"
                           "                default = \"all\"\n"
                           "            any\n"
                           "                type = \"list\"\n";

static const struct profile *the_profile (void)
{
    static struct profiles profiles;
    if (profiles.count == 0) {
        struct config *root = zpl_parse (text, "fuzz", NULL);
        must (root && profiles_from_config (config_child (root, "profiles"), &profiles, NULL) == 0,
              "the profile of the test is good");
        config_destroy (&root);
    }
    return &profiles.items[0];
}

static bool all_of (const char *string, const char *letters)
{
    return string[strspn (string, letters)] == '\0';
}

static void check_items (const struct value *list, bool listed)
{
    must (value_count (list) > 0, "a list is not empty");
    for (size_t i = 0; i < value_count (list); i++) {
        const char *item = value_string (value_at (list, i));
        must (name_valid (item), "an item is a name");
        must (!listed || strcmp (item, "alpha") == 0 || strcmp (item, "beta") == 0 ||
                  strcmp (item, "gamma") == 0 || strcmp (item, "all") == 0,
              "an item is one of those allowed");
        for (size_t j = 0; j < i; j++)
            must (strcmp (item, value_string (value_at (list, j))) != 0, "no item comes twice");
        must (strcmp (item, "all") != 0 || value_count (list) == 1, "all stands alone");
    }
}

static void check_config (const struct value *config)
{
    static const char *const known[] = { "n", "fast", "name", "code", "items", "any" };
    int64_t n = value_int (value_get (config, "n"));
    const char *name = value_string (value_get (config, "name"));
    const char *code = value_string (value_get (config, "code"));
    must (value_type (value_get (config, "n")) == VALUE_INT && n >= 1 && n <= 1000,
          "an int is in its range");
    must (value_type (value_get (config, "fast")) == VALUE_BOOL, "a bool is one");
    must (!name || name_valid (name), "a string without pattern is a name");
    must (!code || (strlen (code) >= 2 && strlen (code) <= 4 &&
                    all_of (code, "abcdefghijklmnopqrstuvwxyz")),
          "a string fits its pattern as a whole");
    check_items (value_get (config, "items"), true);
    if (value_get (config, "any"))
        check_items (value_get (config, "any"), false);
    for (size_t i = 0; i < value_count (config); i++) {
        bool found = false;
        for (size_t j = 0; j < 6; j++)
            found = found || strcmp (value_key_at (config, i), known[j]) == 0;
        must (found, "no other parameter gets in");
    }
}

static void check_argv (const struct profile *profile, const struct value *config)
{
    static const char *const starts[] = { "--n=",    "--fast",   "--name=",
                                          "--code=", "--items=", "--any=" };
    struct err err = { 0 };
    strings argv = profile_argv (profile, config, "2026-01-01_00-00-00", "/r", &err);
    if (!argv) {
        must (err.code == STATUS_BAD_REQUEST && value_count (value_get (config, "any")) > 100,
              "only an argument that is too long is refused here");
        return;
    }
    must (strcmp (argv[0], "/bin/p") == 0, "the program is the profile's");
    size_t at = 0;
    for (char **argument = argv + 1; *argument; argument++) {
        while (at < 6 && strncmp (*argument, starts[at], strlen (starts[at])) != 0)
            at++;
        must (at < 6, "arguments are those of the profile, in its order");
        at++;
    }
    strings_free (&argv);
}

static void check_params (const struct profile *profile, const struct value *params)
{
    struct err err = { 0 };
    char parameter[NAME_BYTES];
    struct value *config = profile_config (profile, params, parameter, &err);
    if (!config) {
        must_say_why (&err);
        must (utf8_valid (parameter, strlen (parameter)), "the parameter is named in UTF-8");
        return;
    }
    check_config (config);
    check_argv (profile, config);
    struct value *again = profile_config (profile, config, parameter, &err);
    must (again && value_equal (config, again), "what was recorded is accepted again");
    value_destroy (&again);
    value_destroy (&config);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    const struct profile *profile = the_profile ();
    struct value *params = wire_decode (data, size, LIMIT_REQUEST_BYTES, NULL);
    if (value_type (params) == VALUE_MAP)
        check_params (profile, params);
    value_destroy (&params);
    return 0;
}
