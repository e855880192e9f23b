/* test_terms.c - the terms of a profile: read from a configuration, kept with a job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "frozen.h"
#include "json.h"
#include "limits.h"
#include "zpl.h"

#define HEAD "profiles\n    p\n        command = \"/bin/p\"\n"

static const char full_text[] = HEAD "        arguments\n"
                                     "            argument = \"--n={n}\"\n"
                                     "            argument = \"{run_id}\"\n"
                                     "        parameters\n"
                                     "            n\n"
                                     "                type = \"int\"\n"
                                     "        environment = \"PATH,HOME\"\n"
                                     "        workdir = \"/srv\"\n"
                                     "        grace_ms = 1000\n"
                                     "        grace\n"
                                     "            lunar_position = 30000\n"
                                     "            gmst_era = 0\n"
                                     "        max_grace_ms = 40000\n"
                                     "        time_limit_ms = 5000\n"
                                     "        time_limit\n"
                                     "            lunar_position = 6000\n"
                                     "        max_time_limit_ms = 6000\n"
                                     "        silence_limit_ms = 7\n"
                                     "        log_limit_bytes = 9223372036854775807\n"
                                     "        memory_limit_bytes = 1048576\n"
                                     "        preemptible = 0\n"
                                     "        max_preemptions = 5\n"
                                     "        may_preempt = 1\n"
                                     "        resume = \"experiment\"\n"
                                     "        cpus = \"0-2,6,1\"\n"
                                     "        nice = -20\n"
                                     "        rlimits\n"
                                     "            nofile = 64\n"
                                     "            core = \"unlimited\"\n";

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

static void check_full (const struct terms *terms)
{
    assert_int_equal (terms->grace_ms, 1000);
    assert_int_equal (terms->graces.count, 2);
    assert_int_equal (terms_of_experiment (&terms->graces, "lunar_position", 9), 30000);
    assert_int_equal (terms_of_experiment (&terms->graces, "gmst_era", 9), 0);
    assert_int_equal (terms_of_experiment (&terms->graces, "equ_ecl", 9), 9);
    assert_int_equal (terms_of_experiment (&terms->graces, "", 9), 9);
    assert_int_equal (terms->time_limits.count, 1);
    assert_int_equal (terms_of_experiment (&terms->time_limits, "lunar_position", 0), 6000);
    assert_int_equal (terms_of_experiment (&terms->time_limits, "gmst_era", 0), 0);
    assert_int_equal (terms->max_grace_ms, 40000);
    assert_int_equal (terms->time_limit_ms, 5000);
    assert_int_equal (terms->max_time_limit_ms, 6000);
    assert_int_equal (terms->silence_limit_ms, 7);
    assert_true (terms->log_limit_bytes == INT64_MAX);
    assert_int_equal (terms->memory_limit_bytes, 1048576);
    assert_true (!terms->preemptible && terms->may_preempt && terms->resumes);
    assert_int_equal (terms->max_preemptions, 5);
    static const int64_t cpus[] = { 0, 1, 2, 6 };
    assert_int_equal (terms->cpu_count, 4);
    assert_memory_equal (terms->cpus, cpus, sizeof cpus);
    assert_true (terms->has_nice && terms->nice == -20);
    assert_int_equal (terms->rlimit_count, 2);
    assert_string_equal (terms->rlimits[0].name, "nofile");
    assert_int_equal (terms->rlimits[0].most, 64);
    assert_string_equal (terms->rlimits[1].name, "core");
    assert_int_equal (terms->rlimits[1].most, TERMS_UNLIMITED);
}

static void all_that_can_be_said_is_read (void **state)
{
    (void)state;
    struct profiles profiles;
    struct err err;
    if (load (full_text, &profiles, &err) < 0)
        fail_msg ("%s", err.text);
    check_full (&profiles.items[0].terms);
    profiles_clear (&profiles);
}

static void what_is_not_said_is_as_documented (void **state)
{
    (void)state;
    struct profiles profiles;
    struct err err;
    assert_int_equal (load (HEAD, &profiles, &err), 0);
    const struct terms *terms = &profiles.items[0].terms;
    assert_true (terms->preemptible && !terms->may_preempt && !terms->resumes);
    assert_int_equal (terms->max_preemptions, 3);
    assert_int_equal (terms->grace_ms, 2000);
    assert_true (terms->cpu_count == 0 && !terms->has_nice && terms->rlimit_count == 0);
    assert_true (terms->max_grace_ms == 0 && terms->max_time_limit_ms == 0);
    profiles_clear (&profiles);
}

static void the_longest_time_that_is_allowed_is_a_limit_where_none_is_set (void **state)
{
    (void)state;
    struct profiles profiles;
    struct err err;
    assert_int_equal (load (HEAD "        max_time_limit_ms = 5\n", &profiles, &err), 0);
    assert_int_equal (profiles.items[0].terms.time_limit_ms, 5);
    profiles_clear (&profiles);
}

static void what_is_wrong_is_named_with_its_line_and_what_it_takes (void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } table[] = {
        { "        preemptible = 2\n", "line 4: profiles/p/preemptible: \"2\" is not possible" },
        { "        may_preempt = \"yes\"\n", "may_preempt: \"yes\" is not possible; it takes 1" },
        { "        max_preemptions = -1\n", "max_preemptions: \"-1\" is not possible" },
        { "        resume = \"always\"\n", "resume: \"always\" is not possible; it takes experi" },
        { "        silence_limit_ms = -1\n", "silence_limit_ms: \"-1\" is not possible" },
        { "        log_limit_bytes = \"1k\"\n", "log_limit_bytes: \"1k\" is not possible" },
        { "        memory_limit_bytes = -1\n", "memory_limit_bytes: \"-1\"" },
        { "        cpus = \"3-1\"\n", "cpus: \"3-1\" is not possible; it takes numbers" },
        { "        cpus = \"\"\n", "cpus" },
        { "        cpus = \"0,\"\n", "cpus: \"0,\" is not possible" },
        { "        cpus = \"1024\"\n", "cpus: \"1024\" is not possible" },
        { "        cpus = \"0;1\"\n", "cpus: \"0;1\" is not possible" },
        { "        cpus = \"-1\"\n", "cpus: \"-1\" is not possible" },
        { "        cpus = \"99999999999999999999\"\n", "cpus: \"9999" },
        { "        nice = 20\n",
          "nice: \"20\" is not possible; it takes an integer from -20 to 19" },
        { "        rlimits\n            files = 3\n",
          "rlimits/files: is not known here; the near" },
        { "        rlimits\n            nofile = -1\n",
          "nofile: \"-1\" is not possible; it takes" },
        { "        rlimits\n            nofile\n", "nofile: \"\" is not possible" },
        { "        rlimits\n            core = 1\n            core = 2\n",
          "core: stands here and" },
        { "        grace\n            a = 600001\n", "line 5: profiles/p/grace/a" },
        { "        grace\n            a\n", "grace/a: has no value" },
        { "        grace\n            .a = 1\n", "is no name of an experiment" },
        { "        grace\n            a = 1\n            a = 1\n", "only once" },
        { "        max_grace_ms = 1999\n", "grace_ms is 2000, more than max_grace_ms" },
        { "        max_grace_ms = 5000\n        grace\n            a = 5001\n",
          "line 6: profiles/p/grace/a: 5001 is more than max_grace_ms" },
        { "        time_limit\n            a = 0\n", "line 5: profiles/p/time_limit/a" },
        { "        max_time_limit_ms = 9\n        time_limit\n            a = 10\n",
          "line 6: profiles/p/time_limit/a: 10 is more than max_time_limit_ms, which is 9" },
        { "        grace = 5\n", "profiles/p/grace: is a section: it takes keys below it" },
        { "        rlimits = 5\n", "profiles/p/rlimits: is a section: it takes keys below it" },
        { "        max_time_limit_ms = 5\n        time_limit_ms = 6\n",
          "line 5: profiles/p/time_limit_ms: 6 is more than max_time_limit_ms, which is 5" },
        { "        preemptable = 0\n", "the nearest that is: preemptible" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[1024];
        struct profiles profiles;
        struct err err = { 0 };
        snprintf (text, sizeof text, HEAD "%s", table[i].text);
        int rc = load (text, &profiles, &err);
        if (rc == 0 || !strstr (err.text, table[i].wanted))
            fail_msg ("%s gave %d \"%s\"", table[i].text, rc, err.text);
    }
}

static void a_request_may_ask_for_what_is_in_bounds (void **state)
{
    (void)state;
    struct terms terms;
    struct err err;
    terms_init (&terms);
    assert_int_equal (terms_check_grace (&terms, LIMIT_GRACE_MS, &err), 0);
    assert_int_equal (terms_check_time_limit (&terms, 0, &err), 0);
    terms.max_grace_ms = 100;
    terms.max_time_limit_ms = 200;
    assert_int_equal (terms_check_grace (&terms, 100, &err), 0);
    assert_int_equal (terms_check_grace (&terms, 101, &err), -1);
    assert_string_equal (err.text, "\"grace_ms\" is 101; this profile takes 0 to 100");
    assert_int_equal (terms_check_time_limit (&terms, 200, &err), 0);
    assert_int_equal (terms_check_time_limit (&terms, 201, &err), -1);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    assert_int_equal (terms_check_time_limit (&terms, 0, &err), -1);
    assert_string_equal (err.text, "\"time_limit_ms\" is 0 (none); this profile takes 1 to 200");
    terms_clear (&terms);
}

static struct value *frozen_map (void)
{
    struct profiles profiles;
    struct err err;
    assert_int_equal (load (full_text, &profiles, &err), 0);
    struct value *map = frozen_to_value (&profiles.items[0]);
    profiles_clear (&profiles);
    assert_non_null (map);
    return map;
}

static void a_frozen_profile_comes_back_through_json_as_it_was (void **state)
{
    (void)state;
    struct err err;
    struct profile back;
    struct value *map = frozen_map ();
    char *text = json_encode (map, true, &err);
    value_destroy (&map);
    map = json_decode (text, strlen (text), &err);
    free (text);
    if (frozen_from_value (map, &back, &err) < 0)
        fail_msg ("%s", err.text);
    value_destroy (&map);
    assert_string_equal (back.name, "p");
    assert_string_equal (back.workdir, "/srv");
    assert_string_equal (back.environment[1], "HOME");
    check_full (&back.terms);
    struct value *config = value_new_map ();
    value_put_int (config, "n", 7);
    strings argv = profile_argv (&back, config, "RUN", "/results", &err);
    assert_string_equal (argv[0], "/bin/p");
    assert_string_equal (argv[1], "--n=7");
    assert_string_equal (argv[2], "RUN");
    assert_null (argv[3]);
    strings_free (&argv);
    value_destroy (&config);
    profile_clear (&back);
}

static void a_frozen_profile_that_was_changed_is_refused_by_name (void **state)
{
    (void)state;
    static const struct {
        const char *key, *json, *wanted;
    } table[] = {
        { "name", "null", "\"name\" is missing" },
        { "name", "\"a b\"", "\"name\" is \"a b\"; it must be a name" },
        { "command", "null", "\"command\" is missing" },
        { "command", "\"p\"", "\"command\" is \"p\"; it must be an absolute path" },
        { "arguments", "null", "\"arguments\" is missing" },
        { "arguments", "[1]", "\"arguments\": item 0 is no string" },
        { "environment", "{}", "\"environment\" is a map; it must be a list" },
        { "workdir", "7", "\"workdir\" is an integer; it must be a string" },
        { "user", "0", "\"user\" is an integer; it must be a string" },
        { "grace_ms", "-1", "\"grace_ms\" is -1" },
        { "max_preemptions", "\"3\"", "\"max_preemptions\" is a string" },
        { "preemptible", "1", "\"preemptible\" is an integer; it must be a boolean" },
        { "resume", "\"x\"", "\"resume\" is \"x\"; it must be experiment or none" },
        { "cpus", "[1,1]", "\"cpus\": number 1 is not an ascending one" },
        { "cpus", "[\"0\"]", "\"cpus\": number 0 is not" },
        { "nice", "20", "\"nice\" is 20" },
        { "rlimits", "{\"files\":1}", "\"rlimits\": \"files\" is not known" },
        { "rlimits", "{\"core\":-2}", "\"rlimits\": \"core\" is -2" },
        { "experiment_grace_ms", "{\"a b\":1}", "\"experiment_grace_ms\": \"a b\" is no name" },
        { "experiment_time_limit_ms", "{\"a\":0}", "\"experiment_time_limit_ms\": \"a\" is 0" },
        { "experiment_grace_ms", "{\"a\":-1}", "\"experiment_grace_ms\": \"a\" is -1" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct err err = { 0 };
        struct profile back;
        struct value *map = frozen_map ();
        struct value *item = json_decode (table[i].json, strlen (table[i].json), &err);
        assert_int_equal (value_put (map, table[i].key, item), 0);
        int rc = frozen_from_value (map, &back, &err);
        value_destroy (&map);
        if (rc == 0 || !strstr (err.text, table[i].wanted))
            fail_msg ("%s: %s gave %d \"%s\"", table[i].key, table[i].json, rc, err.text);
        assert_null (back.command);
    }
    struct err err;
    struct profile back;
    assert_int_equal (frozen_from_value (NULL, &back, &err), -1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (all_that_can_be_said_is_read),
        cmocka_unit_test (what_is_not_said_is_as_documented),
        cmocka_unit_test (the_longest_time_that_is_allowed_is_a_limit_where_none_is_set),
        cmocka_unit_test (what_is_wrong_is_named_with_its_line_and_what_it_takes),
        cmocka_unit_test (a_request_may_ask_for_what_is_in_bounds),
        cmocka_unit_test (a_frozen_profile_comes_back_through_json_as_it_was),
        cmocka_unit_test (a_frozen_profile_that_was_changed_is_refused_by_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
