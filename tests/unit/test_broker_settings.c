/* The broker's command line and its section of the configuration.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "broker_settings.h"

#define ARGUMENTS_MOST 8

static int parse (struct broker_settings *settings, struct err *err, int count,
                  const char *const *words)
{
    static char texts[ARGUMENTS_MOST][256];
    static char *argv[ARGUMENTS_MOST + 1];
    for (int i = 0; i < count; i++) {
        snprintf (texts[i], sizeof texts[i], "%s", words[i]);
        argv[i] = texts[i];
    }
    argv[count] = NULL;
    return broker_settings_arguments (settings, count, argv, err);
}

#define PARSE(settings, err, ...)                                                           \
    parse (settings, err,                                                                   \
           (int)(sizeof ((const char *[]){ "ems-broker", __VA_ARGS__ }) / sizeof (char *)), \
           (const char *[]){ "ems-broker", __VA_ARGS__ })

static void says (const struct err *err, const char *word)
{
    if (!strstr (err->text, word))
        fail_msg ("\"%s\" does not say \"%s\"", err->text, word);
}

static void the_state_folder_and_a_configuration_can_be_given (void **state)
{
    (void)state;
    struct broker_settings settings;
    struct err err = { 0 };
    assert_int_equal (PARSE (&settings, &err, "--state", "/s", "--config=/c"), 0);
    assert_string_equal (settings.state, "/s");
    assert_string_equal (settings.config, "/c");
    assert_false (settings.help || settings.version);
    broker_settings_clear (&settings);
    assert_int_equal (PARSE (&settings, &err, "--state=/s"), 0);
    assert_null (settings.config);
    assert_int_equal (broker_settings_load (&settings, &err), 0);
    assert_int_equal (PARSE (&settings, &err, "--help"), 0);
    assert_true (settings.help);
    assert_int_equal (PARSE (&settings, &err, "--version"), 0);
    assert_true (settings.version);
}

static void a_wrong_command_line_is_named (void **state)
{
    (void)state;
    struct broker_settings settings;
    struct err err = { 0 };
    assert_int_equal (PARSE (&settings, &err, "--config", "/c"), -1);
    says (&err, "--state DIR is missing");
    assert_int_equal (PARSE (&settings, &err, "--state", ""), -1);
    says (&err, "--state DIR is missing");
    assert_int_equal (PARSE (&settings, &err, "--state"), -1);
    says (&err, "value is missing");
    assert_int_equal (PARSE (&settings, &err, "--stat\x1b", "/s"), -1);
    says (&err, "no option \"--stat?\"");
    assert_int_equal (PARSE (&settings, &err, "--state", "/s", "more"), -1);
    says (&err, "\"more\" is no option");
}

/* Load a configuration of this text: 0 or -1 with *err. */
static int load (struct broker_settings *settings, const char *text, struct err *err)
{
    char path[] = "/tmp/ems-broker-conf-XXXXXX";
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, text, strlen (text)), strlen (text));
    close (fd);
    *settings = (struct broker_settings){ .state = "/s", .config = path };
    int rc = broker_settings_load (settings, err);
    unlink (path);
    if (rc < 0)
        says (err, path);
    settings->config = NULL;
    return rc;
}

static void refuses (const char *text, const char *line, const char *word)
{
    struct broker_settings settings;
    struct err err = { 0 };
    assert_int_equal (load (&settings, text, &err), -1);
    says (&err, line);
    says (&err, word);
    broker_settings_clear (&settings);
}

static void endpoints_besides_the_usual_one_are_read_and_other_sections_left_alone (void **state)
{
    (void)state;
    struct broker_settings settings;
    struct err err = { 0 };
    if (load (&settings,
              "worker\n    name = x\n    anything = 1\n"
              "broker\n"
              "    clients = \"ipc:///tmp/a\"\n"
              "    clients = \"ipc:///tmp/b\"\n"
              "    events = \"ipc:///tmp/c\"\n"
              "profiles\n    lab\n",
              &err) < 0)
        fail_msg ("%s", err.text);
    assert_int_equal (settings.extras[PLACE_CLIENTS], 2);
    assert_string_equal (settings.extra[PLACE_CLIENTS][0], "ipc:///tmp/a");
    assert_string_equal (settings.extra[PLACE_CLIENTS][1], "ipc:///tmp/b");
    assert_int_equal (settings.extras[PLACE_WORKERS], 0);
    assert_int_equal (settings.extras[PLACE_EVENTS], 1);
    broker_settings_clear (&settings);
    broker_settings_clear (&settings);
}

static void a_wrong_configuration_is_named_with_its_line (void **state)
{
    (void)state;
    refuses ("broker\n    client = \"ipc:///tmp/a\"\n", "line 2", "clients");
    refuses ("broker\n    clients = \"tcp://*:5570\"\n", "broker/clients", "broker/certificate");
    refuses ("broker\n    clients = \"tcp://*:5570\"\n    certificate = \"/tmp/c\"\n", "line 2",
             "broker/users");
    refuses ("broker\n    certificate = \"c\"\n", "line 2", "begins with /");
    refuses ("broker\n    clients = \"tcp://nowhere\"\n", "line 2", "tcp://HOST:PORT");
    refuses ("broker\n    clients\n", "line 2", "ipc://PATH");
    refuses ("broker\n    clients = \"ipc:///tmp/a\"\n        deeper = 1\n", "line 3", "below");
    refuses ("broker = 1\n", "line 1", "section");
    refuses ("worker\nbroke\n", "line 2", "broker");
    refuses ("# x\nbroker\n   clients = 1\n", "line 3", "4 spaces");
}

static void too_many_endpoints_are_refused (void **state)
{
    (void)state;
    char text[4096] = "broker\n";
    for (int i = 0; i <= LIMIT_ENDPOINTS; i++)
        strcat (text, "    events = \"ipc:///tmp/e\"\n");
    refuses (text, "line 18", "more than 16");
}

static void a_configuration_that_is_not_there_is_named (void **state)
{
    (void)state;
    struct broker_settings settings = { .state = "/s", .config = "/nowhere/x.conf" };
    struct err err = { 0 };
    assert_int_equal (broker_settings_load (&settings, &err), -1);
    says (&err, "/nowhere/x.conf");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_state_folder_and_a_configuration_can_be_given),
        cmocka_unit_test (a_wrong_command_line_is_named),
        cmocka_unit_test (endpoints_besides_the_usual_one_are_read_and_other_sections_left_alone),
        cmocka_unit_test (a_wrong_configuration_is_named_with_its_line),
        cmocka_unit_test (too_many_endpoints_are_refused),
        cmocka_unit_test (a_configuration_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
