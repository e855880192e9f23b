/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "settings.h"
#include "zpl.h"

#define PROFILES "profiles\n    p\n        command = \"/bin/p\"\n"

static int load (const char *text, const char *host, struct settings *out, struct err *err)
{
    const struct settings_origin origin = { "/var/lib/ems", host };
    memset (out, 0, sizeof *out);
    struct config *root = zpl_parse (text, "test", err);
    if (!root)
        fail_msg ("the text of the test is wrong: %s", err->text);
    int rc = settings_from_config (root, &origin, out, err);
    config_destroy (&root);
    return rc;
}

static void the_shipped_text_is_a_configuration (void **state)
{
    (void)state;
    struct settings settings;
    struct err err;
    if (load (settings_shipped (), "bench-1", &settings, &err) < 0)
        fail_msg ("%s", err.text);
    assert_string_equal (settings.name, "bench-1");
    assert_string_equal (settings.workers, "ipc:///var/lib/ems/sock/workers");
    assert_string_equal (settings.publish, "ipc:///var/lib/ems/sock/publish");
    assert_true (settings.use_cgroup);
    assert_int_equal (settings.profiles.count, 1);
    assert_false (retention_limits (&settings.retention));
    settings_clear (&settings);
}

static void the_shipped_text_is_the_shipped_file (void **state)
{
    (void)state;
    static char text[65536];
    FILE *file = fopen (SOURCE_DIR "/deploy/config/ems.zpl", "r");
    assert_non_null (file);
    size_t bytes = fread (text, 1, sizeof text - 1, file);
    fclose (file);
    text[bytes] = '\0';
    assert_string_equal (text, settings_shipped ());
}

static void a_host_of_any_name_gives_a_worker_a_name (void **state)
{
    (void)state;
    static const struct {
        const char *host;
        const char *name;
    } hosts[] = {
        { "bench-1.lab.example", "bench-1.lab.example" },
        { "-_.x y", "xy" },
        { "", "worker" },
        { "...", "worker" },
        { "\xc3\xa4\n", "worker" },
    };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct settings settings;
        struct err err;
        assert_int_equal (load (PROFILES, hosts[i].host, &settings, &err), 0);
        assert_string_equal (settings.name, hosts[i].name);
        settings_clear (&settings);
    }
}

static void what_the_file_says_counts (void **state)
{
    (void)state;
    struct settings settings;
    struct err err;
    assert_int_equal (load ("worker\n    name = \"w.1\"\n    workers = \"ipc:///a\"\n"
                            "    publish = \"ipc:///b\"\n    cgroup = \"none\"\n"
                            "broker\n    anything = 1\n"
                            "retention\n    keep_last = 7\n" PROFILES,
                            "host", &settings, &err),
                      0);
    assert_string_equal (settings.name, "w.1");
    assert_string_equal (settings.workers, "ipc:///a");
    assert_string_equal (settings.publish, "ipc:///b");
    assert_false (settings.use_cgroup);
    assert_int_equal (settings.retention.keep_last, 7);
    settings_clear (&settings);
}

static void a_wrong_file_is_refused_with_line_key_and_reason (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words;
    } wrong[] = {
        { "worker\n    name = \"-w\"\n" PROFILES, "line 2: worker/name: \"-w\" is not possible" },
        { "worker\n    nam = \"w\"\n" PROFILES, "line 2: worker/nam: is not known here; the "
                                                "nearest that is: name" },
        { "worker\n    cgroup = \"yes\"\n" PROFILES, "line 2: worker/cgroup" },
        { "worker\n    name = \"a\"\n    name = \"b\"\n" PROFILES, "line 3: worker/name" },
        { "worker\nworker\n" PROFILES, "line 2: worker: stands here and on line 1" },
        { "wroker\n" PROFILES, "line 1: wroker: is not known" },
        { PROFILES PROFILES, "line 4: profiles: stands here and on line 1" },
        { "worker\n", "profiles" },
        { "retention\n    days = \"x\"\n" PROFILES, "line 2: retention/days" },
        { "retention\nretention\n" PROFILES, "line 2: retention: stands here and on line 1" },
        { "worker\n    cgroup\n" PROFILES, "line 2: worker/cgroup" },
        { "worker\n    workers\n" PROFILES, "line 2: worker/workers" },
        { "worker\n    publish = \"\"\n    publish = \"a\"\n" PROFILES, "worker/publish" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct settings settings;
        struct err err = { 0 };
        if (load (wrong[i].text, "host", &settings, &err) == 0)
            fail_msg ("accepted: %s", wrong[i].text);
        assert_int_equal (err.code, STATUS_BAD_REQUEST);
        if (!strstr (err.text, wrong[i].words))
            fail_msg ("\"%s\" does not say \"%s\"", err.text, wrong[i].words);
    }
}

static void a_long_name_of_a_host_is_cut (void **state)
{
    (void)state;
    struct settings settings;
    struct err err;
    char host[200];
    memset (host, 'h', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    assert_int_equal (load (PROFILES, host, &settings, &err), 0);
    assert_int_equal (strlen (settings.name), NAME_BYTES - 1);
    settings_clear (&settings);
}

#define KEY_1 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define KEY_2 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define KEY_3 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"

static void signers_have_up_to_two_keys_each (void **state)
{
    (void)state;
    struct settings settings;
    struct err err;
    assert_int_equal (load (PROFILES "        signed = 1\n"
                                     "signers\n    alice = \"" KEY_1 "\"\n    bob = \"" KEY_2
                                     "\"\n    alice = \"" KEY_3 "\"\n",
                            "h", &settings, &err),
                      0);
    assert_int_equal (settings.signers.count, 3);
    assert_string_equal (settings.signers.items[1].user, "bob");
    assert_int_equal (settings.signers.items[1].key[0], 0x3d);
    assert_int_equal (settings.signers.items[1].key[31], 0x0c);
    assert_true (settings.profiles.items[0].is_signed);
    settings_clear (&settings);
}

static void signers_that_make_no_sense_are_refused (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *word;
    } wrong[] = {
        { "signers\n    alice = \"abc\"\n", "64 lowercase hex digits" },
        { "signers\n    alice = \"" KEY_1 "0\"\n", "64 lowercase hex digits" },
        { "signers\n    alice = "
          "\"D75A980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"",
          "64 lowercase hex digits" },
        { "signers\n    alice\n        key = \"" KEY_1 "\"\n", "64 lowercase hex digits" },
        { "signers\n    a = \"" KEY_1 "\"\n    b = \"" KEY_1 "\"\n", "has the key of \"a\"" },
        { "signers\n    a = \"" KEY_1 "\"\n    a = \"" KEY_2 "\"\n    a = \"" KEY_3 "\"\n",
          "more than 2 keys" },
        { "signers\n    a = \"" KEY_1 "\"\nsigners\n    b = \"" KEY_2 "\"\n", "only once" },
        { "", "a section signers" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[1024];
        struct settings settings;
        struct err err = { 0 };
        snprintf (text, sizeof text, PROFILES "        signed = 1\n%s", wrong[i].text);
        assert_int_equal (load (text, "h", &settings, &err), -1);
        if (!strstr (err.text, wrong[i].word))
            fail_msg ("\"%s\" does not say \"%s\"", err.text, wrong[i].word);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (signers_have_up_to_two_keys_each),
        cmocka_unit_test (signers_that_make_no_sense_are_refused),
        cmocka_unit_test (the_shipped_text_is_a_configuration),
        cmocka_unit_test (the_shipped_text_is_the_shipped_file),
        cmocka_unit_test (a_host_of_any_name_gives_a_worker_a_name),
        cmocka_unit_test (what_the_file_says_counts),
        cmocka_unit_test (a_wrong_file_is_refused_with_line_key_and_reason),
        cmocka_unit_test (a_long_name_of_a_host_is_cut),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
