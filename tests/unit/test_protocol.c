/* test_protocol.c - the golden vectors of PROTOCOL.md, read out of the page itself.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "json.h"
#include "wire.h"

#define PAGE SOURCE_DIR "/proto/PROTOCOL.md"

static size_t hex_decode (const char *hex, uint8_t *out, size_t out_bytes)
{
    size_t n = 0;
    unsigned byte;
    while (n < out_bytes && sscanf (hex + 2 * n, "%2x", &byte) == 1)
        out[n++] = (uint8_t)byte;
    return n;
}

/* JSON has no bytes: {"bytes": HEX} stands for them. */
static struct value *with_bytes (const struct value *from)
{
    const char *hex = value_string (value_get (from, "bytes"));
    if (value_count (from) == 1 && hex) {
        uint8_t data[256];
        return value_new_bytes (data, hex_decode (hex, data, sizeof data));
    }
    if (value_type (from) != VALUE_MAP)
        return value_copy (from);
    struct value *map = value_new_map ();
    for (size_t i = 0; i < value_count (from); i++)
        assert_int_equal (value_put (map, value_key_at (from, i), with_bytes (value_at (from, i))),
                          0);
    return map;
}

/* Call fn for each line of the blocks that begin with ```NAME; returns how many there were. */
static int each_vector (const char *name, void (*fn) (const char *title, char *line))
{
    char fence[32], line[8192], title[256] = "";
    int count = 0;
    bool inside = false;
    FILE *page = fopen (PAGE, "r");
    assert_non_null (page);
    snprintf (fence, sizeof fence, "```%s\n", name);
    while (fgets (line, sizeof line, page)) {
        if (strncmp (line, "```", 3) == 0)
            inside = !inside && strcmp (line, fence) == 0;
        else if (inside && line[0] == '#')
            snprintf (title, sizeof title, "%.*s", (int)strcspn (line + 2, "\n"), line + 2);
        else if (inside) {
            line[strcspn (line, "\n")] = 0;
            fn (title, line);
            count++;
        }
    }
    fclose (page);
    return count;
}

static void check_golden (const char *title, char *line)
{
    uint8_t bytes[4096];
    struct err err;
    struct wire_buffer encoded;
    char *arrow = strstr (line, " -> ");
    print_message ("  %s\n", title);
    assert_non_null (arrow);
    size_t size = hex_decode (arrow + 4, bytes, sizeof bytes);
    struct value *plain = json_decode (line, (size_t)(arrow - line), &err);
    assert_non_null (plain);
    struct value *said = with_bytes (plain);
    struct value *read = wire_decode (bytes, size, LIMIT_FRAME_BYTES, &err);
    assert_non_null (read);
    assert_true (value_equal (said, read));
    assert_int_equal (wire_encode (said, &encoded, &err), 0);
    assert_int_equal (encoded.size, size);
    assert_memory_equal (encoded.data, bytes, size);
    wire_buffer_free (&encoded);
    value_destroy (&plain);
    value_destroy (&said);
    value_destroy (&read);
}

static void check_refused (const char *title, char *line)
{
    uint8_t bytes[4096];
    struct err err = { 0 };
    print_message ("  %s\n", title);
    size_t size = line[0] == '-' ? 0 : hex_decode (line, bytes, sizeof bytes);
    assert_null (wire_decode (bytes, size, LIMIT_FRAME_BYTES, &err));
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    assert_true (err.text[0] != 0);
}

static void golden_vectors_of_the_page_encode_and_decode_as_written (void **state)
{
    (void)state;
    assert_true (each_vector ("golden", check_golden) >= 10);
}

static void vectors_that_the_page_calls_refused_are_refused (void **state)
{
    (void)state;
    assert_true (each_vector ("refused", check_refused) >= 10);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (golden_vectors_of_the_page_encode_and_decode_as_written),
        cmocka_unit_test (vectors_that_the_page_calls_refused_are_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
