/* test_memory_worker.c - when memory runs out, at any allocation, the worker's core breaks nothing,
 * leaks nothing, and says so: configuration, profiles, parameters, answers, progress, durations.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "answers.h"
#include "durations.h"
#include "frozen.h"
#include "history.h"
#include "out_of_memory.h"
#include "progress.h"
#include "queue.h"
#include "settings.h"
#include "zpl.h"

static const char text[] = "worker\n"
                           "    publish = \"ipc:///tmp/x\"\n"
                           "signers\n"
                           "    a = "
                           "\"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"\n"
                           "profiles\n"
                           "    p\n"
                           "        users = \"a,b\"\n"
                           "        signed = 1\n"
                           "        command = \"/bin/p\"\n"
                           "        workdir = \"/srv\"\n"
                           "        user = \"nobody\"\n"
                           "        cpus = \"0-1\"\n"
                           "        grace\n"
                           "            alpha = 5\n"
                           "        rlimits\n"
                           "            core = 0\n"
                           "        arguments\n"
                           "            argument = \"--n={n}\"\n"
                           "            argument = \"{fast?--fast}\"\n"
                           "            argument = \"--items={items}\"\n"
                           "            argument = \"{results_dir}/{name}\"\n"
                           "        parameters\n"
                           "            n\n"
                           "                type = \"int\"\n"
                           "                default = 10\n"
                           "            fast\n"
                           "                type = \"bool\"\n"
                           "            name\n"
                           "                type = \"string\"\n"
                           "                default = \"x\"\n"
                           "            items\n"
                           "                type = \"list\"\n"
                           "                allowed = \"alpha,beta,gamma\"\n"
                           "                default = \"alpha,beta\"\n";

static struct config *root;

static int load (void **state)
{
    (void)state;
    root = zpl_parse (text, "test", NULL);
    return root ? 0 : -1;
}

static int unload (void **state)
{
    (void)state;
    config_destroy (&root);
    return 0;
}

static bool read_settings (struct err *err)
{
    const struct settings_origin origin = { "/s", "host" };
    struct settings settings = { 0 };
    int rc = settings_from_config (root, &origin, &settings, err);
    if (rc < 0) {
        assert_string_equal (err->text + strlen (err->text) - strlen ("out of memory"),
                             "out of memory");
        assert_null (settings.workers);
        assert_null (settings.profiles.items);
    } else {
        assert_int_equal (settings.profiles.count, 1);
    }
    settings_clear (&settings);
    return rc == 0;
}

/* The profile of the text, made while there was memory. */
static struct profiles profiles;

static int load_profiles (void **state)
{
    struct err err;
    return load (state) == 0
               ? profiles_from_config (config_child (root, "profiles"), &profiles, &err)
               : -1;
}

static int unload_profiles (void **state)
{
    profiles_clear (&profiles);
    return unload (state);
}

static struct value *some_params (void)
{
    struct value *params = value_new_map ();
    if (value_put_int (params, "n", 5) < 0 || value_put_bool (params, "fast", true) < 0 ||
        value_put_string (params, "name", "abc") < 0 ||
        value_put_string (params, "items", "alpha, all, beta") < 0)
        value_destroy (&params);
    return params;
}

static bool accept_and_expand (struct err *err)
{
    char parameter[NAME_BYTES];
    struct value *params = some_params ();
    struct value *config =
        params ? profile_config (&profiles.items[0], params, parameter, err) : NULL;
    strings argv = config ? profile_argv (&profiles.items[0], config, "R", "/r", err) : NULL;
    if (params && !argv) {
        assert_int_equal (err->code, STATUS_FAILED);
        assert_string_equal (parameter, ""); /* no parameter is to blame */
    }
    bool good = argv && argv[0] && argv[4] && !argv[5];
    strings_free (&argv);
    value_destroy (&config);
    value_destroy (&params);
    return good;
}

static bool fill_in_defaults (struct err *err)
{
    char parameter[NAME_BYTES];
    struct value *config = profile_config (&profiles.items[0], NULL, parameter, err);
    bool good = config != NULL;
    assert_true (good || err->code == STATUS_FAILED);
    value_destroy (&config);
    return good;
}

static bool describe (struct err *err)
{
    (void)err;
    struct value *map = profile_describe (&profiles.items[0], "w");
    bool good = map != NULL;
    assert_true (!good || value_count (value_get (map, "parameters")) == 4);
    value_destroy (&map);
    return good;
}

static bool replace_command (struct err *err)
{
    struct profile profile = { .command = strdup ("/bin/a") };
    bool good = profile.command && profile_set_command (&profile, "/bin/b", err) == 0;
    if (profile.command)
        assert_string_equal (profile.command, good ? "/bin/b" : "/bin/a");
    free (profile.command);
    return good;
}

static bool split (struct err *err)
{
    (void)err;
    strings parts = strings_split (" a ,b,, c");
    bool good = parts != NULL;
    strings_free (&parts);
    return good;
}

/* An answer is kept, if need be without its sentence. */
static bool remember_answer (struct err *err)
{
    (void)err;
    static char why[] = "why";
    const struct answer answer = { .user = "u", .id = "i", .status = 409, .error = why };
    struct answers *answers = answers_new ();
    if (!answers)
        return false;
    answers_put (answers, &answer);
    const struct answer *kept = answers_get (answers, "u", "i");
    assert_int_equal (kept->status, 409);
    bool good = kept->error && strcmp (kept->error, "why") == 0;
    answers_destroy (&answers);
    return good;
}

static bool wait_in_line (struct err *err)
{
    (void)err;
    struct waiters waiters = { 0 };
    const struct waiter waiter = { .ref = 1, .user = "u", .id = "i" };
    struct waiter taken;
    int added = 0;
    for (int i = 0; i < 20; i++)
        added += waiters_add (&waiters, &waiter) == 0;
    for (int i = 0; i < added; i++)
        assert_true (waiters_take (&waiters, false, &taken));
    assert_false (waiters_take (&waiters, false, &taken));
    waiters_clear (&waiters);
    return added == 20;
}

static bool note_progress (struct err *err)
{
    (void)err;
    struct progress progress;
    struct progress back;
    progress_init (&progress);
    struct value *map = progress_to_value (&progress);
    bool good = map && progress_from_value (map, &back) == 0;
    value_destroy (&map);
    return good;
}

static bool freeze (struct err *err)
{
    struct profile back;
    struct value *map = frozen_to_value (&profiles.items[0]);
    int rc = map ? frozen_from_value (map, &back, err) : err_set (err, STATUS_FAILED, "map");
    value_destroy (&map);
    if (rc < 0) {
        assert_int_equal (err->code, STATUS_FAILED); /* it is not the file that is wrong */
        return false;
    }
    assert_int_equal (back.terms.cpu_count, 2);
    assert_int_equal (terms_of_experiment (&back.terms.graces, "alpha", 0), 5);
    profile_clear (&back);
    return true;
}

static bool stand_in_line (struct err *err)
{
    struct queue queue;
    (void)err;
    bool good = true;
    queue_init (&queue);
    for (int i = 0; i < 70 && good; i++) {
        struct queue_entry entry = { .arrival = i };
        snprintf (entry.job_id, sizeof entry.job_id, "%012x", i);
        good = queue_add (&queue, &entry) == 0;
        assert_int_equal (queue.count, good ? i + 1 : i);
        assert_int_equal (queue_position (&queue, entry.job_id), good ? i + 1 : 0);
    }
    queue_clear (&queue);
    return good;
}

/* A run more, or none. */
static bool keep_durations (struct err *err)
{
    struct durations history;
    struct durations back;
    struct stopwatch watch;
    durations_init (&history);
    durations_init (&back);
    stopwatch_init (&watch);
    watch.total = 2;
    watch.laps[1].ms = 7;
    struct value *params = value_new_map ();
    bool good = params && durations_add (&history, params, &watch) == 0;
    assert_int_equal (history.count, good ? 1 : 0);
    struct value *map = good ? durations_to_value (&history) : NULL;
    good = map && durations_from_value (map, &back, err) == 0;
    assert_int_equal (back.count, good ? 1 : 0);
    value_destroy (&map);
    value_destroy (&params);
    durations_clear (&back);
    durations_clear (&history);
    return good;
}

static void a_configuration_that_does_not_fit_is_refused (void **state)
{
    (void)state;
    sweep (read_settings);
}

static void a_request_for_which_there_is_no_memory_blames_no_parameter (void **state)
{
    (void)state;
    sweep (accept_and_expand);
    sweep (fill_in_defaults);
}

static void a_profile_is_described_whole_or_not_at_all (void **state)
{
    (void)state;
    sweep (describe);
    sweep (replace_command);
    sweep (freeze);
}

static void small_things_of_the_worker_survive (void **state)
{
    (void)state;
    sweep (split);
    sweep (remember_answer);
    sweep (wait_in_line);
    sweep (stand_in_line);
    sweep (note_progress);
    sweep (keep_durations);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_configuration_that_does_not_fit_is_refused, load,
                                         unload),
        cmocka_unit_test_setup_teardown (a_request_for_which_there_is_no_memory_blames_no_parameter,
                                         load_profiles, unload_profiles),
        cmocka_unit_test_setup_teardown (a_profile_is_described_whole_or_not_at_all, load_profiles,
                                         unload_profiles),
        cmocka_unit_test (small_things_of_the_worker_survive),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
