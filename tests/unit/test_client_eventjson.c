/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "eventjson.h"
#include "json.h"
#include "limits.h"

/* Every line must parse and go on where the one before ended; returns the bytes that they held. */
static int64_t read_back (const struct sbuf *out, const char *data)
{
    int64_t at = 0;
    struct err err;
    for (const char *line = sbuf_text (out); *line; line = strchr (line, '\n') + 1) {
        struct value *map = json_decode (line, strcspn (line, "\n"), &err);
        assert_non_null (map);
        assert_int_equal (value_int (value_get (map, "offset")), at);
        const struct value *piece = value_get (map, "text");
        assert_non_null (piece);
        assert_memory_equal (value_string (piece), data + at, value_size (piece));
        at += (int64_t)value_size (piece);
        value_destroy (&map);
    }
    return at;
}

static void a_large_piece_of_text_becomes_several_objects_cut_between_characters (void **state)
{
    (void)state;
    enum { BYTES = 3 * 100000 };
    char *data = malloc (BYTES);
    assert_non_null (data);
    for (size_t i = 0; i < BYTES; i += 3)
        memcpy (data + i, "\xe2\x82\xac", 3); /* the euro sign */
    struct sbuf out;
    sbuf_init (&out);
    eventjson_log (0, data, BYTES, &out);
    assert_false (out.failed);
    assert_int_equal (read_back (&out, data), BYTES);
    sbuf_free (&out);
    free (data);
}

static void bytes_that_are_no_text_are_base64_in_pieces (void **state)
{
    (void)state;
    enum { BYTES = 3 * LIMIT_STRING_BYTES };
    char *data = malloc (BYTES);
    assert_non_null (data);
    memset (data, 0xff, BYTES);
    struct sbuf out;
    sbuf_init (&out);
    eventjson_log (7, data, BYTES, &out);
    assert_false (out.failed);
    int lines = 0;
    for (const char *at = sbuf_text (&out); (at = strchr (at, '\n')); at++)
        lines++;
    assert_int_equal (lines, 3);
    assert_non_null (strstr (sbuf_text (&out), "\"offset\":65543,\"data\":\"////"));
    sbuf_free (&out);
    free (data);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_large_piece_of_text_becomes_several_objects_cut_between_characters),
        cmocka_unit_test (bytes_that_are_no_text_are_base64_in_pieces),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
