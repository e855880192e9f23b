/* test_wire.c - msgpack from a peer that means no good, and the envelopes.
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
#include "wire.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))
#define ID           "00112233445566778899aabbccddeeff"

static uint32_t next_random (uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

struct vector {
    const char *bytes;
    size_t size;
    const char *wanted; /* a piece of the message */
};
#define VECTOR(bytes, wanted)             \
    {                                     \
        bytes, sizeof (bytes) - 1, wanted \
    }

static const struct vector refused[] = {
    VECTOR ("", "byte 0: a value goes past the end of the 0 bytes"),
    VECTOR ("\xc1", "byte 0: 0xc1 begins an extension or no type at all"),
    VECTOR ("\x80\x80", "byte 1: 1 bytes after the end"),
    VECTOR ("\xc0\x00\x00\x00", "byte 1: 3 bytes after the end"),
    /* Cut short, in each of the forms. */
    VECTOR ("\x81", "byte 0: a map goes past the end"),
    VECTOR ("\x81\xa1", "byte 0: a map goes past the end"),
    VECTOR ("\x81\xa1k", "byte 3): a value goes past the end"),
    VECTOR ("\x92\x01", "byte 0: a list goes past the end"),
    VECTOR ("\xa3"
            "ab",
            "byte 0: a string goes past the end"),
    VECTOR ("\xcc", "byte 0: a value goes past the end"),
    VECTOR ("\xcd\x01", "byte 0: a value goes past the end"),
    VECTOR ("\xce\x01\x02\x03", "byte 0: a value goes past the end"),
    VECTOR ("\xcf\x01\x02\x03\x04\x05\x06\x07", "byte 0: a value goes past the end"),
    VECTOR ("\xd0", "byte 0: a value goes past the end"),
    VECTOR ("\xd3\x01\x02\x03\x04\x05\x06\x07", "byte 0: a value goes past the end"),
    VECTOR ("\xca\x01\x02\x03", "byte 0: a value goes past the end"),
    VECTOR ("\xcb\x01\x02\x03\x04\x05\x06\x07", "byte 0: a value goes past the end"),
    VECTOR ("\xd9", "byte 0: a value goes past the end"),
    VECTOR ("\xda\x00", "byte 0: a value goes past the end"),
    VECTOR ("\xdb\x00\x00\x00", "byte 0: a value goes past the end"),
    VECTOR ("\xd9\x02"
            "a",
            "byte 0: a string goes past the end"),
    VECTOR ("\xc4\x02"
            "a",
            "byte 0: a string goes past the end"),
    VECTOR ("\xc5\x00", "byte 0: a value goes past the end"),
    VECTOR ("\xc6\x00\x00\x00", "byte 0: a value goes past the end"),
    VECTOR ("\xdc\x00", "byte 0: a value goes past the end"),
    VECTOR ("\xdd\x00\x00\x00", "byte 0: a value goes past the end"),
    VECTOR ("\xde\x00", "byte 0: a value goes past the end"),
    VECTOR ("\xdf\x00\x00\x00", "byte 0: a value goes past the end"),
    /* Counts that make a naive reader reserve gigabytes. */
    VECTOR ("\xdd\xff\xff\xff\xff", "byte 0: a list of 4294967295 items; at most 1024"),
    VECTOR ("\xdf\xff\xff\xff\xff", "byte 0: a map of 4294967295 items; at most 1024"),
    VECTOR ("\xdd\x00\x00\x04\x00\xc0", "byte 0: a list goes past the end"),
    VECTOR ("\xde\x04\x00\xc0", "byte 0: a map goes past the end"),
    VECTOR ("\xdb\xff\xff\xff\xff", "byte 0: a string goes past the end"),
    VECTOR ("\xc6\xff\xff\xff\xff", "byte 0: a string goes past the end"),
    /* Keys. */
    VECTOR ("\x81\x01\x02", "byte 1: a map's key that is not a string"),
    VECTOR ("\x81\xc4\x01k\x02", "byte 1: a map's key that is not a string"),
    VECTOR ("\x81\xc0\x02", "byte 1: a map's key that is not a string"),
    VECTOR ("\x82\xa1"
            "a\x01\xa1"
            "a\x02",
            "the key \"a\" stands twice"),
    VECTOR ("\x91\x82\xa0\x01\xa0\x02", "the key \"\" stands twice"),
    VECTOR ("\x82\xa1"
            "a\x01\xd9\x01"
            "a\x02",
            "the key \"a\" stands twice"),
    /* Strings. */
    VECTOR ("\xa2\xc3\x28", "byte 0: a string that is not UTF-8"),
    VECTOR ("\xa3\xed\xa0\x80", "byte 0: a string that is not UTF-8"),
    VECTOR ("\xa1\xe2", "byte 0: a string that is not UTF-8"),
    VECTOR ("\xa3"
            "a\0b",
            "byte 0: a string with a NUL in it"),
    VECTOR ("\x81\xa2k\0\x01", "byte 1: a string with a NUL in it"),
    VECTOR ("\x81\xa1\xff\x01", "byte 1: a string that is not UTF-8"),
    /* Numbers. */
    VECTOR ("\xcf\x80\x00\x00\x00\x00\x00\x00\x00", "byte 0: an integer above 9223372036854775807"),
    VECTOR ("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "byte 0: an integer above 9223372036854775807"),
    VECTOR ("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "byte 0: a number that is not finite"),
    VECTOR ("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", "byte 0: a number that is not finite"),
    VECTOR ("\xcb\xff\xf0\x00\x00\x00\x00\x00\x00", "byte 0: a number that is not finite"),
    VECTOR ("\xca\x7f\x80\x00\x00", "byte 0: a number that is not finite"),
    VECTOR ("\xca\xff\xc0\x00\x00", "byte 0: a number that is not finite"),
    /* Extensions, in each of the forms; nothing of theirs is looked at. */
    VECTOR ("\xd4\x01\x00", "byte 0: 0xd4 begins an extension"),
    VECTOR ("\xd5\x01\x00\x00", "byte 0: 0xd5 begins an extension"),
    VECTOR ("\xd6\xff\x00\x00\x00\x00", "byte 0: 0xd6 begins an extension"),
    VECTOR ("\xd7\xff\x00\x00\x00\x00\x00\x00\x00\x00", "byte 0: 0xd7 begins an extension"),
    VECTOR ("\xd8\x01", "byte 0: 0xd8 begins an extension"),
    VECTOR ("\xc7\x01\x01\x00", "byte 0: 0xc7 begins an extension"),
    VECTOR ("\xc8\x00\x01\x01\x00", "byte 0: 0xc8 begins an extension"),
    VECTOR ("\xc9\x00\x00\x00\x01\x01\x00", "byte 0: 0xc9 begins an extension"),
    /* Nine levels. */
    VECTOR ("\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0",
            "byte 8: maps and lists nested more than 8"),
    VECTOR ("\x91\x91\x91\x91\x91\x91\x91\x91\x90", "byte 8: maps and lists nested more than 8"),
};

static void what_is_not_as_it_should_be_is_refused_by_its_byte (void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT (refused); i++) {
        struct err err = { 0 };
        /* A copy of its own, so that a sanitizer sees a byte read too far. */
        char *copy = malloc (refused[i].size + 1);
        assert_non_null (copy);
        memmove (copy + 1, refused[i].bytes, refused[i].size);
        struct value *value = wire_decode (copy + 1, refused[i].size, LIMIT_FRAME_BYTES, &err);
        if (value || !strstr (err.text, refused[i].wanted))
            print_error ("vector %zu: \"%s\", wanted \"%s\"\n", i, err.text, refused[i].wanted);
        assert_null (value);
        assert_non_null (strstr (err.text, refused[i].wanted));
        assert_int_equal (err.code, STATUS_BAD_REQUEST);
        free (copy);
    }
    struct err err = { 0 };
    assert_null (wire_decode (NULL, 0, 10, &err));
    assert_null (wire_decode ("\xc0\xc0", 2, 1, &err));
    assert_int_equal (err.code, STATUS_TOO_LARGE);
    assert_null (wire_decode ("\xc1", 1, 1, NULL));
}

/* The value's bytes, and the value that they are again. */
static void check_round_trip (const struct value *value)
{
    struct err err = { 0 };
    struct wire_buffer first;
    struct wire_buffer second;
    assert_int_equal (wire_encode (value, &first, &err), 0);
    struct value *back = wire_decode (first.data, first.size, SIZE_MAX, &err);
    assert_non_null (back);
    assert_true (value_equal (value, back));
    assert_int_equal (wire_encode (back, &second, &err), 0);
    assert_int_equal (first.size, second.size);
    assert_memory_equal (first.data, second.data, first.size);
    wire_buffer_free (&first);
    wire_buffer_free (&second);
    wire_buffer_free (&second);
    value_destroy (&back);
}

static void integers_take_the_shortest_form_and_any_form_is_read (void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *bytes;
        size_t size;
    } table[] = { { 0, "\x00", 1 },
                  { 127, "\x7f", 1 },
                  { 128, "\xcc\x80", 2 },
                  { 256, "\xcd\x01\x00", 3 },
                  { 65536, "\xce\x00\x01\x00\x00", 5 },
                  { 4294967296, "\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 9 },
                  { INT64_MAX, "\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9 },
                  { -1, "\xff", 1 },
                  { -32, "\xe0", 1 },
                  { -33, "\xd0\xdf", 2 },
                  { -129, "\xd1\xff\x7f", 3 },
                  { -32769, "\xd2\xff\xff\x7f\xff", 5 },
                  { INT64_MIN, "\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9 } };
    struct err err = { 0 };
    for (size_t i = 0; i < COUNT (table); i++) {
        struct wire_buffer buffer;
        struct value *value = value_new_int (table[i].number);
        assert_int_equal (wire_encode (value, &buffer, &err), 0);
        assert_int_equal (buffer.size, table[i].size);
        assert_memory_equal (buffer.data, table[i].bytes, table[i].size);
        check_round_trip (value);
        wire_buffer_free (&buffer);
        value_destroy (&value);
    }
    const struct vector sevens[] = {
        VECTOR ("\x07", ""),         VECTOR ("\xcc\x07", ""),
        VECTOR ("\xcd\x00\x07", ""), VECTOR ("\xcf\x00\x00\x00\x00\x00\x00\x00\x07", ""),
        VECTOR ("\xd0\x07", ""),     VECTOR ("\xd3\x00\x00\x00\x00\x00\x00\x00\x07", ""),
    };
    for (size_t i = 0; i < COUNT (sevens); i++) {
        struct value *value = wire_decode (sevens[i].bytes, sevens[i].size, 99, &err);
        assert_int_equal (value_type (value), VALUE_INT);
        assert_int_equal (value_int (value), 7);
        value_destroy (&value);
    }
    struct value *real = wire_decode ("\xca\x3f\xc0\x00\x00", 5, 99, &err);
    assert_true (value_type (real) == VALUE_REAL && value_real (real) == 1.5);
    value_destroy (&real);
}

static struct value *random_text (uint32_t *seed)
{
    static const char *const pieces[] = { "a",    "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                          "\033", "\n",       "key",          "0" };
    char text[300] = "";
    size_t count = next_random (seed) % (next_random (seed) % 8 == 0 ? 70 : 6);
    for (size_t i = 0; i < count; i++)
        strcat (text, pieces[next_random (seed) % COUNT (pieces)]);
    return value_new_string (text);
}

static struct value *random_value (uint32_t *seed, int depth)
{
    uint32_t kind = next_random (seed) % (depth < LIMIT_DEPTH ? 8 : 6);
    if (kind == 0)
        return value_new_nil ();
    if (kind == 1)
        return value_new_bool (next_random (seed) & 1);
    if (kind == 2) {
        uint64_t bits = (uint64_t)next_random (seed) << 32 | next_random (seed);
        return value_new_int ((int64_t)bits >> next_random (seed) % 64);
    }
    if (kind == 3)
        return value_new_real ((double)(int32_t)next_random (seed) / 7);
    if (kind == 4)
        return random_text (seed);
    if (kind == 5)
        return value_new_bytes (NULL, next_random (seed) % 300);
    struct value *items = kind == 6 ? value_new_list () : value_new_map ();
    for (size_t i = next_random (seed) % (depth == 0 ? 20 : 7); i > 0; i--) {
        struct value *key = random_text (seed);
        struct value *item = random_value (seed, depth + 1);
        int rc =
            kind == 6 ? value_append (items, item) : value_put (items, value_string (key), item);
        assert_int_equal (rc, 0);
        value_destroy (&key);
    }
    return items;
}

static void random_values_come_back_the_same (void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int i = 0; i < 2000; i++) {
        struct value *value = random_value (&seed, 0);
        check_round_trip (value);
        value_destroy (&value);
    }
}

static void random_bytes_are_refused_or_are_a_value (void **state)
{
    (void)state;
    uint32_t seed = 2;
    int passed = 0;
    for (int i = 0; i < 200000; i++) {
        struct err err = { 0 };
        uint8_t data[48];
        size_t size = next_random (&seed) % sizeof data;
        for (size_t k = 0; k < size; k++)
            data[k] = (uint8_t)(next_random (&seed) >> 8);
        /* Half of them begin well, to get further in. */
        if (size > 2 && i % 2)
            data[0] = (uint8_t)(0x81 + i / 2 % 2 * 0x10), data[1] = 0xa0;
        struct value *value = wire_decode (data, size, LIMIT_FRAME_BYTES, &err);
        if (value)
            check_round_trip (value);
        else
            assert_true (err.code == STATUS_BAD_REQUEST && err.text[0] != '\0');
        passed += value ? 1 : 0;
        value_destroy (&value);
    }
    assert_true (passed > 100);
}

static void damaged_messages_are_refused_or_are_a_value (void **state)
{
    (void)state;
    uint32_t seed = 3;
    for (int i = 0; i < 400; i++) {
        struct err err = { 0 };
        struct wire_buffer buffer;
        struct value *value = random_value (&seed, 0);
        assert_int_equal (wire_encode (value, &buffer, &err), 0);
        value_destroy (&value);
        for (int k = 0; k < 50; k++) {
            size_t at = next_random (&seed) % buffer.size;
            size_t size = k % 5 == 0 ? at : buffer.size;
            char old = buffer.data[at];
            buffer.data[at] = (char)(next_random (&seed) >> 8);
            struct wire_request request;
            wire_request_decode (buffer.data, size, &request, &err);
            wire_request_clear (&request);
            value = wire_decode (buffer.data, size, LIMIT_FRAME_BYTES, &err);
            if (value)
                check_round_trip (value);
            value_destroy (&value);
            buffer.data[at] = old;
        }
        wire_buffer_free (&buffer);
    }
}

/* Encode with the limits of the peer, who must agree with ours. */
static void check_limit (struct value *value, bool good)
{
    struct err err = { 0 };
    struct wire_buffer buffer;
    if (good) {
        check_round_trip (value);
    } else {
        assert_int_equal (wire_encode (value, &buffer, &err), -1);
        assert_int_equal (err.code, STATUS_FAILED);
        assert_null (buffer.data);
    }
    value_destroy (&value);
}

static struct value *filled (size_t bytes, bool string)
{
    char *text = malloc (bytes + 1);
    assert_non_null (text);
    memset (text, 'x', bytes);
    text[bytes] = '\0';
    struct value *value = string ? value_new_string (text) : value_new_bytes (text, bytes);
    free (text);
    return value;
}

static struct value *wide (size_t count, bool map, const struct value *item)
{
    struct value *value = map ? value_new_map () : value_new_list ();
    for (size_t i = 0; i < count; i++) {
        char key[24];
        snprintf (key, sizeof key, "%zu", i);
        int rc = map ? value_put (value, key, value_copy (item))
                     : value_append (value, value_copy (item));
        assert_int_equal (rc, 0);
    }
    return value;
}

static struct value *deep (int levels)
{
    struct value *value = value_new_int (1);
    for (int i = 0; i < levels; i++) {
        struct value *outer = i % 2 ? value_new_list () : value_new_map ();
        int rc = i % 2 ? value_append (outer, value) : value_put (outer, "k", value);
        assert_int_equal (rc, 0);
        value = outer;
    }
    return value;
}

static void limits_are_the_same_for_writer_and_reader (void **state)
{
    (void)state;
    check_limit (filled (LIMIT_STRING_BYTES, true), true);
    check_limit (filled (LIMIT_STRING_BYTES + 1, true), false);
    check_limit (filled (LIMIT_LOG_CHUNK_BYTES, false), true);
    check_limit (filled (LIMIT_LOG_CHUNK_BYTES + 1, false), false);
    check_limit (wide (LIMIT_ITEMS, false, NULL), true);
    check_limit (wide (LIMIT_ITEMS + 1, false, NULL), false);
    check_limit (wide (LIMIT_ITEMS, true, NULL), true);
    check_limit (wide (LIMIT_ITEMS + 1, true, NULL), false);
    check_limit (deep (LIMIT_DEPTH), true);
    check_limit (deep (LIMIT_DEPTH + 1), false);
    check_limit (value_new_string ("\xff"), false);
    check_limit (value_new_real (1.0 / 0.0), false);
    check_limit (value_new_real (0.0 / 0.0), false);
    struct value *row = wide (LIMIT_ITEMS, false, NULL);
    check_limit (wide (LIMIT_VALUES / LIMIT_ITEMS - 1, false, row), true);
    check_limit (wide (LIMIT_VALUES / LIMIT_ITEMS, false, row), false);
    value_destroy (&row);
}

static void the_reader_holds_to_its_limits_by_itself (void **state)
{
    (void)state;
    struct err err = { 0 };
    static char data[LIMIT_LOG_CHUNK_BYTES + 16];
    memcpy (data, "\xdb\x00\x01\x00\x01", 5);
    memset (data + 5, 'x', sizeof data - 5);
    assert_null (wire_decode (data, 5 + 65537, SIZE_MAX, &err));
    assert_non_null (strstr (err.text, "a string of 65537 bytes; at most 65536 are allowed"));
    memcpy (data, "\xc6\x00\x10\x00\x01", 5);
    assert_null (wire_decode (data, 5 + 1048577, SIZE_MAX, &err));
    assert_non_null (strstr (err.text, "a string of 1048577 bytes; at most 1048576 are allowed"));
    memcpy (data, "\xdc\x04\x01", 3);
    assert_null (wire_decode (data, 3 + 1025, SIZE_MAX, &err));
    assert_non_null (strstr (err.text, "a list of 1025 items; at most 1024 are allowed"));
    /* 128 lists of 1024 items each are more values than one message may have. */
    size_t at = 0;
    memcpy (data, "\xdc\x00\x80", 3);
    at = 3;
    for (int i = 0; i < 128; i++, at += 1024) {
        memcpy (data + at, "\xdc\x04\x00", 3);
        at += 3;
        memset (data + at, 0xc0, 1024);
    }
    assert_null (wire_decode (data, at, SIZE_MAX, &err));
    assert_non_null (strstr (err.text, "more than 131072 values in one message"));
}

static int decode_request (const char *type, const char *key, struct value *item,
                           struct wire_request *request, struct err *err)
{
    struct wire_buffer buffer;
    struct value *map = value_new_map ();
    value_put_string (map, "id", ID);
    value_put_string (map, "type", type);
    if (key && item)
        value_put (map, key, item);
    else if (key)
        value_put_nil (map, key);
    assert_int_equal (wire_encode (map, &buffer, err), 0);
    value_destroy (&map);
    int rc = wire_request_decode (buffer.data, buffer.size, request, err);
    wire_buffer_free (&buffer);
    return rc;
}

static void a_request_is_read_as_it_was_written (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct wire_buffer buffer;
    struct wire_request request;
    struct value *body = value_new_map ();
    value_put_string (body, "profile", "lab");
    static const uint8_t sig[SIG_BYTES] = { 1, 2, 3 };
    struct wire_request run = { .id = ID,
                                .type = "run",
                                .worker = "bench-1",
                                .not_after_ms = 1771000000000,
                                .again = true,
                                .body = body,
                                .sig = sig };
    assert_int_equal (wire_request_encode (&run, &buffer, &err), 0);
    assert_int_equal (wire_request_decode (buffer.data, buffer.size, &request, &err), 0);
    wire_buffer_free (&buffer);
    assert_string_equal (request.id, ID);
    assert_string_equal (request.type, "run");
    assert_string_equal (request.worker, "bench-1");
    assert_true (request.not_after_ms == 1771000000000);
    assert_true (request.again);
    assert_memory_equal (request.sig, sig, SIG_BYTES);
    assert_true (value_equal (request.body, body));
    wire_request_clear (&request);
    assert_null (request.root);
    wire_request_clear (&request);
    wire_request_clear (NULL);
    value_destroy (&body);
    struct wire_request ping = { .id = ID, .type = "ping" };
    assert_int_equal (wire_request_encode (&ping, &buffer, &err), 0);
    assert_int_equal (wire_request_decode (buffer.data, buffer.size, &request, &err), 0);
    wire_buffer_free (&buffer);
    assert_null (request.worker);
    assert_true (request.not_after_ms == 0);
    assert_false (request.again);
    assert_null (request.sig);
    assert_int_equal (value_type (request.body), VALUE_MAP);
    assert_int_equal (value_count (request.body), 0);
    wire_request_clear (&request);
}

static void only_true_makes_a_request_dry_and_only_one_that_can_be (void **state)
{
    (void)state;
    static const char *const dry[] = { "run", "rerun", "prune" };
    static const char *const others[] = { "cancel", "keep", "list", "frobnicate", "" };
    struct value *good = value_new_map ();
    struct value *wrong[] = { NULL,
                              value_new_map (),
                              value_new_map (),
                              value_new_map (),
                              value_new_map (),
                              value_new_map () };
    value_put_bool (good, "dry_run", true);
    value_put_bool (wrong[2], "dry_run", false);
    value_put_int (wrong[3], "dry_run", 1);
    value_put_string (wrong[4], "dry_run", "true");
    value_put_nil (wrong[5], "dry_run");
    for (size_t i = 0; i < sizeof dry / sizeof *dry; i++) {
        assert_true (wire_request_is_dry (dry[i], good));
        for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++)
            assert_false (wire_request_is_dry (dry[i], wrong[j]));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false (wire_request_is_dry (others[i], good));
    for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++)
        value_destroy (&wrong[j]);
    value_destroy (&good);
}

static void unknown_keys_and_nil_fields_of_a_request_do_not_matter (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct wire_request request;
    assert_int_equal (decode_request ("ping", "colour", value_new_int (3), &request, &err), 0);
    wire_request_clear (&request);
    assert_int_equal (decode_request ("ping", "body", NULL, &request, &err), 0);
    assert_null (request.body);
    wire_request_clear (&request);
    assert_int_equal (decode_request ("ping", "worker", NULL, &request, &err), 0);
    assert_null (request.worker);
    wire_request_clear (&request);
}

static void a_wrong_field_of_a_request_is_named_and_the_id_kept (void **state)
{
    (void)state;
    const struct {
        const char *type, *key;
        struct value *item;
        const char *wanted;
    } table[] = {
        { "run", "type", value_new_int (1), "\"type\" is an integer; it must be a string" },
        { "run", "type", NULL, "\"type\" is missing; it must be a string" },
        { "", NULL, NULL, "\"type\" is \"\"; it must be 1 to 16 letters from a to z" },
        { "Run", NULL, NULL, "\"type\" is \"Run\"; it must be" },
        { "run it", NULL, NULL, "\"type\" is \"run it\"; it must be" },
        { "abcdefghijklmnopq", NULL, NULL, "\"type\" is \"abcdefghijklmnopq\"; it must be" },
        { "run", "worker", value_new_string ("../x"), "\"worker\" is \"../x\"; it must be a name" },
        { "run", "worker", value_new_list (), "\"worker\" is a list; it must be a string" },
        { "run", "not_after_ms", value_new_int (-1), "\"not_after_ms\" is -1; it must be" },
        { "run", "not_after_ms", value_new_string ("1"), "\"not_after_ms\" is a string" },
        { "run", "body", value_new_list (), "\"body\" is a list; it must be a map" },
        { "run", "sig", value_new_int (1), "\"sig\" is of type integer; it must be 64 bytes" },
        { "run", "sig", value_new_bytes (NULL, 63), "\"sig\" has 63 bytes; it must be 64 bytes" },
        { "run", "sig", value_new_bytes (NULL, 65), "\"sig\" has 65 bytes; it must be 64 bytes" },
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        struct err err = { 0 };
        struct wire_request request;
        assert_int_equal (
            decode_request (table[i].type, table[i].key, table[i].item, &request, &err), -1);
        if (!strstr (err.text, table[i].wanted))
            print_error ("%s\n", err.text);
        assert_non_null (strstr (err.text, table[i].wanted));
        assert_int_equal (err.code, STATUS_BAD_REQUEST);
        assert_string_equal (request.id, ID);
        wire_request_clear (&request);
    }
}

static void a_request_without_a_good_id_has_none (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct wire_request request;
    const struct vector bad[] = {
        VECTOR ("\x80", "\"id\" is missing; it must be 32 lowercase hex digits"),
        VECTOR ("\x81\xa2id\x01", "\"id\" is an integer; it must be a string"),
        VECTOR ("\x81\xa2id\xa3"
                "abc",
                "\"id\" is \"abc\"; it must be 32 lowercase hex digits"),
        VECTOR ("\x91\x01", "the request's type is list; it must be a map"),
        VECTOR ("\xff", "the request's type is integer; it must be a map"),
    };
    for (size_t i = 0; i < COUNT (bad); i++) {
        assert_int_equal (wire_request_decode (bad[i].bytes, bad[i].size, &request, &err), -1);
        assert_string_equal (err.text, bad[i].wanted);
        assert_string_equal (request.id, "");
        wire_request_clear (&request);
    }
}

static void the_id_of_a_message_that_breaks_the_limits_is_found (void **state)
{
    (void)state;
    /* The id last, behind one of each of what is refused or skipped. */
    const struct vector before[] = {
        VECTOR ("\xd4\x01\x00", ""),
        VECTOR ("\xd8\x01"
                "0123456789abcdef",
                ""),
        VECTOR ("\xc7\x02\x01\x00\x00", ""),
        VECTOR ("\xc8\x00\x01\x01\x00", ""),
        VECTOR ("\xc9\x00\x00\x00\x01\x01\x00", ""),
        VECTOR ("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0", ""),
        VECTOR ("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", ""),
        VECTOR ("\xa1\xff", ""),
        VECTOR ("\x82\x01\x02\xc0\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", ""),
    };
    for (size_t i = 0; i < COUNT (before); i++) {
        char data[128] = "\x82\xa1x";
        size_t size = 3;
        memcpy (data + size, before[i].bytes, before[i].size);
        size += before[i].size;
        memcpy (data + size, "\xa2id\xd9\x20" ID, 5 + 32);
        size += 5 + 32;
        struct err err = { 0 };
        struct wire_request request;
        assert_int_equal (wire_request_decode (data, size, &request, &err), -1);
        assert_int_equal (err.code, STATUS_BAD_REQUEST);
        assert_string_equal (request.id, ID);
        wire_request_clear (&request);
        /* Cut within the id: there is none. */
        assert_int_equal (wire_request_decode (data, size - 1, &request, &err), -1);
        assert_string_equal (request.id, "");
        wire_request_clear (&request);
    }
}

static void a_request_that_is_too_large_is_413_and_has_its_id (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct wire_buffer buffer;
    struct wire_request request;
    struct value *chunk = filled (60000, true);
    struct value *body = wide (5, true, chunk);
    struct wire_request large = { .id = ID, .type = "run", .body = body };
    assert_int_equal (wire_request_encode (&large, &buffer, &err), -1);
    assert_int_equal (err.code, STATUS_TOO_LARGE);
    assert_null (buffer.data);
    struct value *map = value_new_map ();
    value_put (map, "body", body);
    value_put_string (map, "id", ID);
    assert_int_equal (wire_encode (map, &buffer, &err), 0);
    assert_int_equal (wire_request_decode (buffer.data, buffer.size, &request, &err), -1);
    assert_int_equal (err.code, STATUS_TOO_LARGE);
    assert_string_equal (request.id, ID);
    wire_request_clear (&request);
    wire_buffer_free (&buffer);
    value_destroy (&map);
    value_destroy (&chunk);
}

static void a_reply_is_read_as_it_was_written (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct wire_buffer buffer;
    struct wire_reply reply;
    struct value *body = value_new_map ();
    value_put (body, "data", value_new_bytes ("\0\xff\n", 3));
    assert_int_equal (wire_reply_encode (ID, 200, NULL, body, &buffer, &err), 0);
    assert_int_equal (wire_reply_decode (buffer.data, buffer.size, &reply, &err), 0);
    wire_buffer_free (&buffer);
    assert_string_equal (reply.re, ID);
    assert_int_equal (reply.status, 200);
    assert_null (reply.error);
    assert_true (value_equal (reply.body, body));
    wire_reply_clear (&reply);
    wire_reply_clear (&reply);
    wire_reply_clear (NULL);
    value_destroy (&body);
    assert_int_equal (wire_reply_encode ("", 400, "no", NULL, &buffer, &err), 0);
    assert_int_equal (wire_reply_decode (buffer.data, buffer.size, &reply, &err), 0);
    wire_buffer_free (&buffer);
    assert_string_equal (reply.re, "");
    assert_string_equal (reply.error, "no");
    wire_reply_clear (&reply);
}

static void a_wrong_reply_is_refused (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct wire_reply reply;
    const struct vector bad[] = {
        VECTOR ("\x80", "\"status\" is missing; it must be an integer from 100 to 599"),
        VECTOR ("\x81\xa6status\x63", "\"status\" is 99; it must be an integer from 100 to 599"),
        VECTOR ("\x82\xa2re\xa1x\xa6status\xcc\xc8",
                "\"re\" is \"x\"; it must be 32 lowercase hex digits"),
        VECTOR ("\x82\xa6status\xcc\xc8\xa5"
                "error\x01",
                "\"error\" is an integer; it must be a string"),
        VECTOR ("\x82\xa6status\xcc\xc8\xa4"
                "body\x90",
                "\"body\" is a list; it must be a map"),
        VECTOR ("\x90", "the reply's type is list; it must be a map"),
    };
    for (size_t i = 0; i < COUNT (bad); i++) {
        assert_int_equal (wire_reply_decode (bad[i].bytes, bad[i].size, &reply, &err), -1);
        assert_string_equal (err.text, bad[i].wanted);
        wire_reply_clear (&reply);
    }
    struct wire_buffer buffer;
    struct value *list = value_new_list ();
    assert_int_equal (wire_reply_encode (ID, 200, NULL, list, &buffer, &err), -1);
    value_destroy (&list);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_not_as_it_should_be_is_refused_by_its_byte),
        cmocka_unit_test (integers_take_the_shortest_form_and_any_form_is_read),
        cmocka_unit_test (random_values_come_back_the_same),
        cmocka_unit_test (random_bytes_are_refused_or_are_a_value),
        cmocka_unit_test (damaged_messages_are_refused_or_are_a_value),
        cmocka_unit_test (limits_are_the_same_for_writer_and_reader),
        cmocka_unit_test (the_reader_holds_to_its_limits_by_itself),
        cmocka_unit_test (a_request_is_read_as_it_was_written),
        cmocka_unit_test (only_true_makes_a_request_dry_and_only_one_that_can_be),
        cmocka_unit_test (unknown_keys_and_nil_fields_of_a_request_do_not_matter),
        cmocka_unit_test (a_wrong_field_of_a_request_is_named_and_the_id_kept),
        cmocka_unit_test (a_request_without_a_good_id_has_none),
        cmocka_unit_test (the_id_of_a_message_that_breaks_the_limits_is_found),
        cmocka_unit_test (a_request_that_is_too_large_is_413_and_has_its_id),
        cmocka_unit_test (a_reply_is_read_as_it_was_written),
        cmocka_unit_test (a_wrong_reply_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
