/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "limits.h"
#include "frozen.h"
#include "profile.h"
#include "settings.h"
#include "zpl.h"

/* Profiles from ZPL text below the section `profiles`. */
static int load (const char *text, struct profiles *out, struct err *err)
{
    memset (out, 0, sizeof *out);
    struct config *root = zpl_parse (text, "test", err);
    if (!root)
        fail_msg ("the text of the test is wrong: %s", err->text);
    int rc = profiles_from_config (config_child (root, "profiles"), out, err);
    config_destroy (&root);
    return rc;
}

static int load_shipped (void **state)
{
    struct err err;
    struct profiles *profiles = calloc (1, sizeof *profiles);
    assert_non_null (profiles);
    if (load (settings_shipped (), profiles, &err) < 0)
        fail_msg ("%s", err.text);
    *state = profiles;
    return 0;
}

static int unload (void **state)
{
    struct profiles *profiles = *state;
    profiles_clear (profiles);
    free (profiles);
    return 0;
}

static struct value *list_of (const char *a, const char *b)
{
    struct value *list = value_new_list ();
    if (a)
        value_append (list, value_new_string (a));
    if (b)
        value_append (list, value_new_string (b));
    return list;
}

/* The arguments for these parameters (destroyed), joined with blanks; "" if they are refused. */
static const char *line_of (const struct profile *profile, struct value *params, struct err *err)
{
    static char text[4096];
    char parameter[NAME_BYTES];
    text[0] = '\0';
    struct value *config = profile_config (profile, params, parameter, err);
    value_destroy (&params);
    if (!config)
        return text;
    strings argv = profile_argv (profile, config, "RUN", "/results", err);
    value_destroy (&config);
    for (char **argument = argv; argument && *argument; argument++) {
        size_t used = strlen (text);
        snprintf (text + used, sizeof text - used, "%s%s", argument == argv ? "" : " ", *argument);
    }
    strings_free (&argv);
    return text;
}

static void the_shipped_profile_runs_everything_by_default (void **state)
{
    struct profiles *profiles = *state;
    struct err err;
    const struct profile *lab = profiles_find (profiles, "lab");
    assert_non_null (lab);
    assert_string_equal (line_of (lab, NULL, &err),
                         "/usr/bin/lab-orchestrator --experiments=all --n=1000 --seed=42 "
                         "--perf-rounds=5");
    assert_int_equal (lab->terms.grace_ms, 2000);
    assert_int_equal (lab->terms.time_limit_ms, 0);
    assert_null (profiles_find (profiles, "Lab"));
}

static void every_shipped_parameter_finds_its_place (void **state)
{
    struct profiles *profiles = *state;
    struct err err;
    struct value *params = value_new_map ();
    value_put (params, "experiments", list_of ("gmst_era", "equ_ecl"));
    value_put_int (params, "n", 1000000);
    value_put_int (params, "seed", INT64_MAX);
    value_put_bool (params, "no_perf", true);
    value_put_int (params, "perf_rounds", 1);
    value_put_bool (params, "ci_mode", true);
    assert_string_equal (line_of (profiles_find (profiles, "lab"), params, &err),
                         "/usr/bin/lab-orchestrator --experiments=gmst_era,equ_ecl --n=1000000 "
                         "--seed=9223372036854775807 --no-perf --perf-rounds=1 --ci");
}

static void a_list_may_come_as_one_string_and_all_swallows_the_rest (void **state)
{
    struct profiles *profiles = *state;
    const struct profile *lab = profiles_find (profiles, "lab");
    struct err err;
    struct value *params = value_new_map ();
    value_put_string (params, "experiments", "gmst_era, equ_ecl");
    assert_non_null (strstr (line_of (lab, params, &err), "--experiments=gmst_era,equ_ecl "));
    params = value_new_map ();
    value_put (params, "experiments", list_of ("gmst_era", "all"));
    assert_non_null (strstr (line_of (lab, params, &err), "--experiments=all "));
}

static void the_recorded_config_has_the_defaults_filled_in (void **state)
{
    struct profiles *profiles = *state;
    struct err err;
    char parameter[NAME_BYTES];
    struct value *params = value_new_map ();
    value_put_int (params, "n", 7);
    value_put_nil (params, "seed"); /* nil is as good as absent */
    struct value *config =
        profile_config (profiles_find (profiles, "lab"), params, parameter, &err);
    assert_non_null (config);
    assert_int_equal (value_count (config), 6);
    assert_int_equal (value_int (value_get (config, "n")), 7);
    assert_int_equal (value_int (value_get (config, "seed")), 42);
    assert_int_equal (value_type (value_get (config, "no_perf")), VALUE_BOOL);
    assert_int_equal (value_type (value_get (config, "experiments")), VALUE_LIST);
    assert_string_equal (parameter, "");
    value_destroy (&config);
    value_destroy (&params);
}

/* What is refused, for which parameter, and words of the reason. */
struct refusal {
    const char *name;
    struct value *given;
    const char *words;
};

static void every_wrong_parameter_is_refused_by_name_with_what_it_takes (void **state)
{
    struct profiles *profiles = *state;
    const struct refusal refusals[] = {
        { "bogus", value_new_int (1), "has none of that name; it takes experiments, n, seed" },
        { "N", value_new_int (1), "has none of that name" },
        { "n", value_new_int (0), "0 is out of range; it takes an integer from 1 to 1000000" },
        { "n", value_new_int (1000001), "out of range" },
        { "n", value_new_int (INT64_MIN), "out of range" },
        { "n", value_new_string ("12"), "cannot be of type string; it takes an integer" },
        { "n", value_new_real (1.5), "cannot be of type" },
        { "n", value_new_bool (true), "cannot be of type" },
        { "n", value_new_list (), "cannot be of type" },
        { "n", value_new_map (), "cannot be of type" },
        { "n", value_new_bytes ("1", 1), "cannot be of type" },
        { "seed", value_new_int (-1), "it takes an integer from 0 to 9223372036854775807" },
        { "no_perf", value_new_int (1), "it takes true or false" },
        { "no_perf", value_new_string ("true"), "it takes true or false" },
        { "ci_mode", value_new_list (), "it takes true or false" },
        { "experiments", value_new_list (),
          "the list is empty; it takes all, or a list of "
          "frame_rotation_bpn, gmst_era" },
        { "experiments", value_new_string (""), "the list is empty" },
        { "experiments", value_new_string (",,"), "the list is empty" },
        { "experiments", value_new_int (1), "cannot be of type" },
        { "experiments", list_of ("gmst_era", "gmst_era"), "\"gmst_era\" is there twice" },
        { "experiments", list_of ("--n=9", NULL), "\"--n=9\" is not among its items" },
        { "experiments", list_of ("../gmst_era", NULL), "is not among its items" },
        { "experiments", list_of ("gmst_era,equ_ecl", NULL), "is not among its items" },
        { "experiments", list_of ("gmst_era ", NULL), "is not among its items" },
        { "experiments", list_of ("", NULL), "is not among its items" },
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        char parameter[NAME_BYTES];
        struct err err = { 0 };
        struct value *params = value_new_map ();
        value_put (params, refusals[i].name, refusals[i].given);
        struct value *config =
            profile_config (profiles_find (profiles, "lab"), params, parameter, &err);
        if (config)
            fail_msg ("refusal %zu of %s was accepted", i, refusals[i].name);
        assert_int_equal (err.code, STATUS_BAD_REQUEST);
        assert_string_equal (parameter, refusals[i].name);
        assert_non_null (strstr (err.text, refusals[i].name));
        if (!strstr (err.text, refusals[i].words))
            fail_msg ("\"%s\" does not say \"%s\"", err.text, refusals[i].words);
        value_destroy (&params);
    }
}

static void an_item_that_is_no_string_is_refused (void **state)
{
    struct profiles *profiles = *state;
    struct err err = { 0 };
    struct value *params = value_new_map ();
    struct value *list = value_new_list ();
    value_append (list, value_new_int (1));
    value_put (params, "experiments", list);
    assert_string_equal (line_of (profiles_find (profiles, "lab"), params, &err), "");
    assert_non_null (strstr (err.text, "an item is not a string"));
}

static void a_long_unknown_name_is_cut_between_characters (void **state)
{
    struct profiles *profiles = *state;
    struct err err = { 0 };
    char name[200];
    char parameter[NAME_BYTES];
    memset (name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    memcpy (name + 63, "\xc3\xa4", 2); /* one character on the border */
    struct value *params = value_new_map ();
    value_put_int (params, name, 1);
    assert_null (profile_config (profiles_find (profiles, "lab"), params, parameter, &err));
    assert_int_equal (strlen (parameter), 63);
    value_destroy (&params);
}

static const char strings_profile[] = "profiles\n"
                                      "    p\n"
                                      "        command = \"/bin/p\"\n"
                                      "        arguments\n"
                                      "            argument = \"--name={name}\"\n"
                                      "            argument = \"--tag={tag}\"\n"
                                      "            argument = \"{results_dir}/x-{run_id}-{name}\"\n"
                                      "            argument = \"{flag?-f}\"\n"
                                      "            argument = \"flag={flag}\"\n"
                                      "            argument = \"{items}\"\n"
                                      "            argument = \"{tag?--tagged}\"\n"
                                      "            argument = \"plain } text\"\n"
                                      "            argument = \"\"\n"
                                      "        parameters\n"
                                      "            name\n"
                                      "                type = \"string\"\n"
                                      "                required = 1\n"
                                      "            tag\n"
                                      "                type = \"string\"\n"
                                      "                pattern = \"v[0-9]+(-rc)?\"\n"
                                      "            flag\n"
                                      "                type = \"bool\"\n"
                                      "            items\n"
                                      "                type = \"list\"\n";

static void an_argument_with_nothing_to_say_disappears (void **state)
{
    (void)state;
    struct profiles profiles;
    struct err err;
    assert_int_equal (load (strings_profile, &profiles, &err), 0);
    const struct profile *p = profiles_find (&profiles, "p");
    struct value *params = value_new_map ();
    value_put_string (params, "name", "abc");
    assert_string_equal (line_of (p, params, &err),
                         "/bin/p --name=abc /results/x-RUN-abc flag=false plain } text ");
    params = value_new_map ();
    value_put_string (params, "name", "abc");
    value_put_string (params, "tag", "v2-rc");
    value_put_bool (params, "flag", true);
    value_put (params, "items", list_of ("a", "b"));
    assert_string_equal (line_of (p, params, &err),
                         "/bin/p --name=abc --tag=v2-rc /results/x-RUN-abc -f flag=true a,b "
                         "--tagged plain } text ");
    profiles_clear (&profiles);
}

static void strings_are_held_against_the_whole_pattern (void **state)
{
    (void)state;
    struct profiles profiles;
    char parameter[NAME_BYTES];
    static const struct {
        const char *name;
        const char *text;
    } wrong[] = {
        { "name", "" },       { "name", "-rf" },     { "name", "--name" }, { "name", ".." },
        { "name", "../etc" }, { "name", "a/b" },     { "name", "a b" },    { "name", "a\nb" },
        { "name", "abc\n" },  { "name", "$(id)" },   { "name", "a;b" },    { "name", "\xc3\xa4" },
        { "tag", "v" },       { "tag", "v1x" },      { "tag", "xv1" },     { "tag", "v1\n" },
        { "tag", " v1" },     { "tag", "v1-rc-rc" },
    };
    struct err err;
    assert_int_equal (load (strings_profile, &profiles, &err), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct value *params = value_new_map ();
        value_put_string (params, "name", "abc");
        value_put_string (params, wrong[i].name, wrong[i].text);
        struct value *config = profile_config (&profiles.items[0], params, parameter, &err);
        if (config)
            fail_msg ("%s accepted \"%s\"", wrong[i].name, wrong[i].text);
        assert_string_equal (parameter, wrong[i].name);
        assert_non_null (strstr (err.text, "it takes a string like"));
        value_destroy (&params);
    }
    char longest[66];
    memset (longest, 'a', sizeof longest);
    longest[64] = '\0';
    struct value *params = value_new_map ();
    value_put_string (params, "name", longest);
    struct value *config = profile_config (&profiles.items[0], params, parameter, &err);
    assert_non_null (config);
    value_destroy (&config);
    longest[64] = 'a';
    longest[65] = '\0';
    value_put_string (params, "name", longest);
    assert_null (profile_config (&profiles.items[0], params, parameter, &err));
    value_destroy (&params);
    profiles_clear (&profiles);
}

static void a_required_parameter_that_is_missing_is_named (void **state)
{
    (void)state;
    struct profiles profiles;
    char parameter[NAME_BYTES];
    struct err err;
    assert_int_equal (load (strings_profile, &profiles, &err), 0);
    assert_null (profile_config (&profiles.items[0], NULL, parameter, &err));
    assert_string_equal (parameter, "name");
    assert_non_null (strstr (err.text, "parameter name: it is missing; it takes a string like"));
    profiles_clear (&profiles);
}

static void a_description_says_what_can_be_asked (void **state)
{
    struct profiles *profiles = *state;
    struct value *map = profile_describe (&profiles->items[0], "w1");
    assert_non_null (map);
    assert_string_equal (value_string (value_get (map, "name")), "lab");
    assert_string_equal (value_string (value_get (map, "worker")), "w1");
    const struct value *list = value_get (map, "parameters");
    assert_int_equal (value_count (list), 6);
    const struct value *n = value_at (list, 1);
    assert_string_equal (value_string (value_get (n, "type")), "int");
    assert_int_equal (value_int (value_get (n, "min")), 1);
    assert_int_equal (value_int (value_get (n, "default")), 1000);
    assert_int_equal (value_type (value_get (n, "allowed")), VALUE_NIL);
    const struct value *experiments = value_at (list, 0);
    assert_int_equal (value_count (value_get (experiments, "allowed")), 7);
    assert_int_equal (value_type (value_get (experiments, "min")), VALUE_NIL);
    value_destroy (&map);
}

/* A profile with these lines in it, and the words of the refusal. */
static void refuse (const char *lines, const char *words)
{
    char text[4096];
    struct profiles profiles;
    struct err err = { 0 };
    snprintf (text, sizeof text, "profiles\n    p\n%s", lines);
    if (load (text, &profiles, &err) == 0)
        fail_msg ("accepted: %s", lines);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    if (!strstr (err.text, words))
        fail_msg ("\"%s\" does not say \"%s\"", err.text, words);
}

#define COMMAND    "        command = \"/bin/p\"\n"
#define PARAMETERS COMMAND "        parameters\n"

static void a_wrong_profile_is_refused_with_line_key_and_reason (void **state)
{
    (void)state;
    refuse ("        grace_ms = 1\n", "line 2: profiles/p: needs command");
    refuse ("        command = \"bin/p\"\n", "line 3: profiles/p/command: \"bin/p\" is not");
    refuse (COMMAND "        comand = \"/bin/p\"\n", "line 4: profiles/p/comand: is not known");
    refuse (COMMAND "        workdir = \"srv\"\n", "profiles/p/workdir");
    refuse (COMMAND "        grace_ms = 600001\n", "profiles/p/grace_ms");
    refuse (COMMAND "        time_limit_ms = -1\n", "profiles/p/time_limit_ms");
    refuse (COMMAND "        environment = \"PATH,A-B\"\n", "\"A-B\" is not possible");
    refuse (COMMAND "        environment = \"EMS_JOB_ID\"\n", "always set");
    refuse (COMMAND "        arguments\n            argument = \"{x}\"\n",
            "line 5: profiles/p/arguments/argument: has a place for \"x\"");
    refuse (COMMAND "        arguments\n            argument = \"a{\"\n", "begins no place");
    refuse (COMMAND "        arguments\n            argument = \"{}\"\n", "begins no place");
    refuse (COMMAND "        arguments\n            arg = \"x\"\n", "is not known");
    refuse (COMMAND "        arguments\n            argument\n", "has no value");
    refuse (PARAMETERS "            x\n", "needs type = int, bool, string or list");
    refuse (PARAMETERS "            x\n                type = \"float\"\n", "needs type =");
    refuse (PARAMETERS "            run_id\n                type = \"int\"\n", "is not a name");
    refuse (PARAMETERS "            x\n                type = \"int\"\n                min = 2\n"
                       "                max = 1\n",
            "min is greater than max");
    refuse (PARAMETERS "            x\n                type = \"int\"\n                min = 2\n"
                       "                default = 1\n",
            "profiles/p/parameters/x/default");
    refuse (PARAMETERS
            "            x\n                type = \"int\"\n                pattern = \"a\"\n",
            "pattern: is not known");
    refuse (PARAMETERS
            "            x\n                type = \"string\"\n                pattern = "
            "\"(\"\n",
            "is not a POSIX extended pattern");
    refuse (PARAMETERS
            "            x\n                type = \"string\"\n                default = "
            "\"-x\"\n",
            "default: parameter x: \"-x\" does not fit");
    refuse (PARAMETERS
            "            x\n                type = \"string\"\n                default = "
            "\"a\"\n                required = 1\n",
            "is not possible for a parameter that is required");
    refuse (PARAMETERS "            x\n                type = \"list\"\n                allowed = "
                       "\"a,-b\"\n",
            "\"-b\" is not possible");
    refuse (PARAMETERS "            x\n                type = \"list\"\n                allowed = "
                       "\",\"\n",
            "names no item");
    refuse (PARAMETERS "            x\n                type = \"bool\"\n            x\n"
                       "                type = \"bool\"\n",
            "stands here and on line 5");
    refuse (COMMAND "    p\n" COMMAND, "line 4: profiles/p: stands here and on line 2");
    refuse (COMMAND "    -p\n" COMMAND, "line 4: profiles/-p: is not a name for a profile");
    refuse (COMMAND "        environment = \"_A,PYTHONUNBUFFERED\"\n", "always set");
    refuse (COMMAND "        environment\n        environment = \"A\"\n", "environment");
    refuse (COMMAND "        environment = \"1A\"\n", "\"1A\" is not possible");
    refuse (PARAMETERS "            results_dir\n                type = \"int\"\n",
            "is not a name");
    refuse (PARAMETERS "            -x\n                type = \"int\"\n", "is not a name");
    refuse (PARAMETERS "            x\n                type\n", "type");
    refuse (PARAMETERS "            x\n                type = \"int\"\n                min = a\n",
            "x/min");
    refuse (PARAMETERS "            x\n                type = \"int\"\n                max = a\n",
            "x/max");
    refuse (PARAMETERS
            "            x\n                type = \"int\"\n                required = maybe\n",
            "x/required");
    refuse (PARAMETERS
            "            x\n                type = \"bool\"\n                default = maybe\n",
            "x/default");
    refuse (PARAMETERS
            "            x\n                type = \"string\"\n                pattern\n",
            "x/pattern");
    refuse (PARAMETERS
            "            x\n                type = \"string\"\n                default\n",
            "x/default");
    refuse (PARAMETERS "            x\n                type = \"list\"\n                allowed\n",
            "x/allowed");
}

static void a_configuration_without_profiles_is_refused (void **state)
{
    (void)state;
    struct profiles profiles;
    struct err err;
    assert_int_equal (load ("worker\n", &profiles, &err), -1);
    assert_non_null (strstr (err.text, "takes at least one"));
}

static void an_argument_that_the_system_would_not_take_is_refused (void **state)
{
    (void)state;
    struct profiles profiles;
    char parameter[NAME_BYTES];
    struct err err;
    static const char text[] =
        "profiles\n    p\n" PARAMETERS "            x\n                type = \"string\"\n"
        "                pattern = \".*\"\n"
        "        arguments\n            argument = \"{x}{x}{x}\"\n";
    assert_int_equal (load (text, &profiles, &err), 0);
    size_t bytes = 60000;
    char *long_text = malloc (bytes + 1);
    assert_non_null (long_text);
    memset (long_text, 'a', bytes);
    long_text[bytes] = '\0';
    struct value *params = value_new_map ();
    value_put_string (params, "x", long_text);
    struct value *config = profile_config (&profiles.items[0], params, parameter, &err);
    assert_non_null (config);
    assert_null (profile_argv (&profiles.items[0], config, "R", "/r", &err));
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    value_destroy (&config);
    value_destroy (&params);
    free (long_text);
    profiles_clear (&profiles);
}

/* A configuration with `count` of something in it: `begin`, then `item` for each number. */
static struct config *with_many (const char *begin, const char *item, int count)
{
    struct err err;
    size_t room = strlen (begin) + (size_t)count * (strlen (item) + 16) + 1;
    char *text = malloc (room);
    size_t used = (size_t)snprintf (text, room, "%s", begin);
    for (int i = 0; i < count; i++) {
        const char *mark = strchr (item, '#');
        used += (size_t)snprintf (text + used, room - used, "%.*s%d%s", (int)(mark - item), item, i,
                                  mark + 1);
    }
    struct config *root = zpl_parse (text, "test", &err);
    free (text);
    assert_non_null (root);
    return root;
}

static void of_everything_there_is_a_most (void **state)
{
    (void)state;
    static const struct {
        const char *begin;
        const char *item;
        int most;
        const char *words;
    } table[] = {
        { "profiles\n", "    p#\n        command = \"/bin/p\"\n", LIMIT_PROFILES, "65 profiles" },
        { "profiles\n    p\n" PARAMETERS, "            x#\n                type = \"int\"\n",
          LIMIT_PARAMETERS, "65 parameters" },
        { "profiles\n    p\n" COMMAND "        arguments\n", "            argument = \"#\"\n",
          LIMIT_ARGUMENTS, "257 arguments" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int more = 0; more <= 1; more++) {
            struct profiles profiles = { 0 };
            struct err err = { 0 };
            struct config *root = with_many (table[i].begin, table[i].item, table[i].most + more);
            int rc = profiles_from_config (config_child (root, "profiles"), &profiles, &err);
            assert_int_equal (rc, more ? -1 : 0);
            assert_true (!more || strstr (err.text, table[i].words));
            profiles_clear (&profiles);
            config_destroy (&root);
        }
}

static void a_profile_without_parameters_refuses_each_and_says_so (void **state)
{
    (void)state;
    struct profiles profiles;
    struct err err = { 0 };
    char parameter[NAME_BYTES];
    assert_int_equal (load ("profiles\n    p\n" COMMAND, &profiles, &err), 0);
    struct value *params = value_new_map ();
    value_put_int (params, "x", 1);
    assert_null (profile_config (&profiles.items[0], params, parameter, &err));
    assert_string_equal (parameter, "x");
    assert_non_null (strstr (err.text, "it takes no parameters"));
    value_destroy (&params);
    profiles_clear (&profiles);
}

static void a_list_of_any_names_says_that_it_takes_names (void **state)
{
    (void)state;
    struct profiles profiles;
    struct err err = { 0 };
    char parameter[NAME_BYTES];
    assert_int_equal (load (strings_profile, &profiles, &err), 0);
    struct value *params = value_new_map ();
    value_put_string (params, "name", "a");
    value_put_string (params, "items", "a, -b");
    assert_null (profile_config (&profiles.items[0], params, parameter, &err));
    assert_string_equal (parameter, "items");
    assert_non_null (strstr (err.text, "it takes all, or a list of names"));
    value_put_int (params, "tag", 5);
    value_put_string (params, "items", "\ta , b\t");
    assert_null (profile_config (&profiles.items[0], params, parameter, &err));
    assert_string_equal (parameter, "tag");
    assert_non_null (strstr (err.text, "cannot be of type integer"));
    value_destroy (&params);
    profiles_clear (&profiles);
}

static void a_profile_can_name_its_users (void **state)
{
    (void)state;
    struct profiles profiles;
    struct err err;
    assert_int_equal (load ("profiles\n"
                            "    open\n        command = \"/bin/p\"\n"
                            "    shut\n        command = \"/bin/p\"\n"
                            "        users = \"alice, bob\"\n        signed = 1\n",
                            &profiles, &err),
                      0);
    const struct profile *open = profiles_find (&profiles, "open");
    const struct profile *shut = profiles_find (&profiles, "shut");
    assert_false (open->is_signed);
    assert_true (shut->is_signed);
    assert_int_equal (profile_admit (open, "eve", &err), 0);
    assert_int_equal (profile_admit (shut, "alice", &err), 0);
    assert_int_equal (profile_admit (shut, "bob", &err), 0);
    assert_int_equal (profile_admit (shut, "eve", &err), -1);
    assert_int_equal (err.code, STATUS_FORBIDDEN);
    assert_non_null (strstr (err.text, "user \"eve\" is not permitted to run the profile shut"));
    assert_int_equal (profile_admit (shut, "alic", &err), -1);
    profiles_clear (&profiles);
}

static void a_profile_can_have_its_jobs_run_as_another_user_and_so_has_what_is_frozen (void **state)
{
    (void)state;
    struct profiles profiles;
    struct profile back;
    struct err err;
    assert_int_equal (load ("profiles\n"
                            "    ours\n        command = \"/bin/p\"\n        workdir = \"/w\"\n"
                            "    theirs\n        command = \"/bin/p\"\n        workdir = \"/w\"\n"
                            "        user = \"_bench-1\"\n",
                            &profiles, &err),
                      0);
    const char *const users[] = { NULL, "_bench-1" };
    for (size_t i = 0; i < 2; i++) {
        struct value *map = frozen_to_value (&profiles.items[i]);
        struct value *told = profile_describe (&profiles.items[i], "w");
        assert_int_equal (frozen_from_value (map, &back, &err), 0);
        if (users[i]) {
            assert_string_equal (profiles.items[i].user, users[i]);
            assert_string_equal (back.user, users[i]);
            assert_string_equal (value_string (value_get (told, "user")), users[i]);
        } else {
            assert_true (!profiles.items[i].user && !back.user);
            assert_int_equal (value_type (value_get (told, "user")), VALUE_NIL);
        }
        value_destroy (&map);
        value_destroy (&told);
        profile_clear (&back);
    }
    profiles_clear (&profiles);
}

static void users_that_are_no_names_are_refused (void **state)
{
    (void)state;
    static const char *const wrong[] = { "users = \"\"",   "users = \"a b\"", "users = \"a,/\"",
                                         "signed = 2",     "user = \"\"",     "user = \"-u\"",
                                         "user = \"a b\"", "user = \"../x\"", "user = \"a:b\"" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[256];
        struct profiles profiles;
        struct err err = { 0 };
        snprintf (text, sizeof text, "profiles\n    p\n        command = \"/bin/p\"\n        %s\n",
                  wrong[i]);
        assert_int_equal (load (text, &profiles, &err), -1);
        assert_int_equal (err.code, STATUS_BAD_REQUEST);
        assert_non_null (strstr (err.text, "line 4: profiles/p/"));
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_profile_can_name_its_users),
        cmocka_unit_test (
            a_profile_can_have_its_jobs_run_as_another_user_and_so_has_what_is_frozen),
        cmocka_unit_test (users_that_are_no_names_are_refused),
        cmocka_unit_test (the_shipped_profile_runs_everything_by_default),
        cmocka_unit_test (every_shipped_parameter_finds_its_place),
        cmocka_unit_test (a_list_may_come_as_one_string_and_all_swallows_the_rest),
        cmocka_unit_test (the_recorded_config_has_the_defaults_filled_in),
        cmocka_unit_test (every_wrong_parameter_is_refused_by_name_with_what_it_takes),
        cmocka_unit_test (an_item_that_is_no_string_is_refused),
        cmocka_unit_test (a_long_unknown_name_is_cut_between_characters),
        cmocka_unit_test (an_argument_with_nothing_to_say_disappears),
        cmocka_unit_test (strings_are_held_against_the_whole_pattern),
        cmocka_unit_test (a_required_parameter_that_is_missing_is_named),
        cmocka_unit_test (a_description_says_what_can_be_asked),
        cmocka_unit_test (a_wrong_profile_is_refused_with_line_key_and_reason),
        cmocka_unit_test (a_configuration_without_profiles_is_refused),
        cmocka_unit_test (an_argument_that_the_system_would_not_take_is_refused),
        cmocka_unit_test (of_everything_there_is_a_most),
        cmocka_unit_test (a_profile_without_parameters_refuses_each_and_says_so),
        cmocka_unit_test (a_list_of_any_names_says_that_it_takes_names),
    };
    return cmocka_run_group_tests (tests, load_shipped, unload);
}
