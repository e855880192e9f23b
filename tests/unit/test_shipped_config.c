/* test_shipped_config.c - deploy/config/ems.zpl: what is commented out there can be uncommented as
 * it stands.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker_settings.h"
#include "settings.h"
#include "zpl.h"

#define LINES_MOST 400
#define BLOCKS_MIN 25
#define TEXT_BYTES 65536
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz_"
#define NOT_A_KEY  (-1)
#define COUNTS_NOW (-2)

struct file {
    char text[TEXT_BYTES];
    char *lines[LINES_MOST];
    int count;
};

static int read_file (void **state)
{
    struct file *self = calloc (1, sizeof *self);
    FILE *file = fopen (SOURCE_DIR "/deploy/config/ems.zpl", "r");
    if (!self || !file || fread (self->text, 1, sizeof self->text - 1, file) == 0)
        return -1;
    fclose (file);
    char *rest = self->text;
    while (rest && *rest && self->count < LINES_MOST)
        self->lines[self->count++] = strsep (&rest, "\n");
    *state = self;
    return self->count < LINES_MOST ? 0 : -1;
}

static int free_file (void **state)
{
    free (*state);
    return 0;
}

/* The level of a key that is commented out; NOT_A_KEY for prose, COUNTS_NOW for a key that counts.
 * Prose is indented, too, but has more than a name, or something else than "=" after it. */
static int level_of (const char *line)
{
    if (line[0] != '#')
        return line[0] ? COUNTS_NOW : NOT_A_KEY;
    const char *name = line + 1 + strspn (line + 1, " ");
    size_t bytes = strspn (name, NAME_CHARS);
    const char *after = name + bytes;
    if (bytes == 0 || (*after && strncmp (after, " = ", 3) != 0))
        return NOT_A_KEY;
    if ((name - line - 1) % 4 != 0)
        fail_msg ("without its # this line is not indented by multiples of 4: %s", line);
    return (int)(name - line - 1) / 4;
}

/* The file with the commented keys of the lines from `first` to before `end` uncommented. */
static void uncomment (const struct file *file, int first, int end, char out[TEXT_BYTES])
{
    size_t used = 0;
    for (int i = 0; i < file->count; i++) {
        bool now = i >= first && i < end && level_of (file->lines[i]) >= 0;
        used += (size_t)snprintf (out + used, TEXT_BYTES - used, "%s\n", file->lines[i] + now);
        assert_true (used < TEXT_BYTES);
    }
}

static void load_worker (const char *text, const char *what, struct settings *out)
{
    const struct settings_origin origin = { "/var/lib/ems", "host" };
    struct err err = { 0 };
    struct config *root = zpl_parse (text, "ems.zpl", &err);
    memset (out, 0, sizeof *out);
    if (!root || settings_from_config (root, &origin, out, &err) < 0)
        fail_msg ("with \"%s\" the worker says: %s", what, err.text);
    config_destroy (&root);
}

static void load_broker (const char *text, const char *what, struct broker_settings *out)
{
    char path[] = "/tmp/ems-shipped-XXXXXX";
    char *argv[] = { "ems-broker", "--state", "/s", "--config", path, NULL };
    struct err err = { 0 };
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, text, strlen (text)), strlen (text));
    close (fd);
    int rc = broker_settings_arguments (out, 5, argv, &err);
    if (rc == 0)
        rc = broker_settings_load (out, &err);
    unlink (path);
    if (rc < 0)
        fail_msg ("with \"%s\" the broker says: %s", what, err.text);
}

/* The line after what belongs to the commented key at `first`: those below it. */
static int end_of_block (const struct file *file, int first)
{
    int level = level_of (file->lines[first]);
    int end = first + 1;
    for (; end < file->count; end++) {
        int next = level_of (file->lines[end]);
        if (next == COUNTS_NOW || (next >= 0 && next <= level))
            break;
    }
    return end;
}

static void each_commented_key_can_be_uncommented_with_what_is_below_it (void **state)
{
    static char text[TEXT_BYTES];
    const struct file *file = *state;
    int blocks = 0;
    for (int i = 0, end; i < file->count; i = end) {
        struct settings settings;
        struct broker_settings broker;
        end = i + 1;
        if (level_of (file->lines[i]) < 0)
            continue;
        end = end_of_block (file, i);
        uncomment (file, i, end, text);
        load_worker (text, file->lines[i], &settings);
        load_broker (text, file->lines[i], &broker);
        settings_clear (&settings);
        broker_settings_clear (&broker);
        blocks++;
    }
    assert_in_range (blocks, BLOCKS_MIN, LINES_MOST);
}

static void all_of_them_together_say_what_they_seem_to (void **state)
{
    static char text[TEXT_BYTES];
    const struct file *file = *state;
    struct settings settings;
    struct broker_settings broker;
    uncomment (file, 0, file->count, text);
    load_worker (text, "all", &settings);
    load_broker (text, "all", &broker);
    assert_string_equal (settings.name, "bench-1");
    assert_non_null (settings.certificate);
    assert_non_null (settings.server);
    assert_true (retention_limits (&settings.retention));
    assert_int_equal (settings.profiles.count, 1);
    assert_int_equal (settings.signers.count, 1);
    assert_int_equal (settings.targets.count, 3);
    for (int place = 0; place < PLACES; place++)
        assert_int_equal (broker.extras[place], 1);
    assert_non_null (broker.certificate);
    assert_non_null (broker.users);
    settings_clear (&settings);
    broker_settings_clear (&broker);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_commented_key_can_be_uncommented_with_what_is_below_it),
        cmocka_unit_test (all_of_them_together_say_what_they_seem_to),
    };
    return cmocka_run_group_tests (tests, read_file, free_file);
}
