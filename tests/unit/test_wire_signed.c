/* What a signature is made over, the vectors of PROTOCOL.md, and the two sides that sign and
 * verify.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "json.h"
#include "sign.h"
#include "signature.h"
#include "wire_signed.h"

#define PAGE SOURCE_DIR "/proto/PROTOCOL.md"
#define ID   "0123456789abcdef0123456789abcdef"
/* The first test vector of RFC 8032. */
#define SEED   "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define PUBLIC "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

static size_t hex_decode (const char *hex, uint8_t *out, size_t out_bytes)
{
    size_t n = 0;
    unsigned byte;
    while (n < out_bytes && sscanf (hex + 2 * n, "%2x", &byte) == 1)
        out[n++] = (uint8_t)byte;
    return n;
}

static struct sign_keys keys_of (const char *seed_hex)
{
    struct sign_keys keys;
    uint8_t seed[32];
    hex_decode (seed_hex, seed, sizeof seed);
    crypto_sign_seed_keypair (keys.public_key, keys.secret_key, seed);
    return keys;
}

/* JSON has no bytes: {"bytes": HEX} stands for them. */
static struct value *with_bytes (const struct value *from)
{
    const char *hex = value_string (value_get (from, "bytes"));
    struct value *map = value_new_map ();
    for (size_t i = 0; !hex && i < value_count (from); i++) {
        const struct value *item = value_at (from, i);
        value_put (map, value_key_at (from, i),
                   value_get (item, "bytes") ? with_bytes (item) : value_copy (item));
    }
    if (!hex)
        return map;
    value_destroy (&map);
    uint8_t data[SIG_BYTES];
    return value_new_bytes (data, hex_decode (hex, data, sizeof data));
}

static void check_vector (char *line)
{
    struct err err;
    struct wire_buffer bytes;
    uint8_t wanted[1024], sig[SIG_BYTES];
    struct sign_keys keys = keys_of (SEED);
    char *arrow = strstr (line, " -> ");
    char *second = strstr (arrow + 4, " -> ");
    size_t size = hex_decode (arrow + 4, wanted, sizeof wanted);
    assert_int_equal (hex_decode (second + 4, sig, sizeof sig), SIG_BYTES);
    struct value *plain = json_decode (line, (size_t)(arrow - line), &err);
    struct value *map = with_bytes (plain);
    assert_int_equal (signed_map (map, &bytes, &err), 0);
    assert_int_equal (bytes.size, size);
    assert_memory_equal (bytes.data, wanted, size);
    assert_true (signature_good (keys.public_key, sig, &bytes));
    wire_buffer_free (&bytes);
    value_destroy (&map);
    value_destroy (&plain);
}

static void the_vectors_of_the_page_are_signed_as_written (void **state)
{
    (void)state;
    char line[8192];
    bool inside = false;
    int count = 0;
    FILE *page = fopen (PAGE, "r");
    assert_non_null (page);
    while (fgets (line, sizeof line, page)) {
        if (strncmp (line, "```", 3) == 0)
            inside = !inside && strcmp (line, "```signed\n") == 0;
        else if (inside && line[0] != '#')
            check_vector (line), count++;
    }
    fclose (page);
    assert_true (count >= 3);
}

/* The same map in two orders and two forms of msgpack. */
static void the_encoding_that_arrives_does_not_matter (void **state)
{
    (void)state;
    static const char one[] = "\x82\xa1"
                              "a\x01\xa1"
                              "b\x82\xa1y\x05\xa1x\xa1t";
    static const char two[] = "\xde\x00\x02\xd9\x01"
                              "b\xdf\x00\x00\x00\x02\xa1x\xdb\x00\x00\x00\x01t\xa1y\xd1\x00\x05"
                              "\xda\x00\x01"
                              "a\xcf\x00\x00\x00\x00\x00\x00\x00\x01";
    struct wire_buffer first, second;
    struct value *a = wire_decode (one, sizeof one - 1, 1000, NULL);
    struct value *b = wire_decode (two, sizeof two - 1, 1000, NULL);
    assert_int_equal (signed_map (a, &first, NULL), 0);
    assert_int_equal (signed_map (b, &second, NULL), 0);
    assert_int_equal (first.size, second.size);
    assert_memory_equal (first.data, second.data, first.size);
    wire_buffer_free (&first);
    wire_buffer_free (&second);
    value_destroy (&a);
    value_destroy (&b);
}

static void only_a_map_can_be_signed (void **state)
{
    (void)state;
    struct err err;
    struct wire_buffer bytes;
    struct value *list = value_new_list ();
    assert_int_equal (signed_map (list, &bytes, &err), -1);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    assert_null (bytes.data);
    value_destroy (&list);
}

/* What the client signs the worker verifies; anything else it does not. */
static void every_part_of_a_request_is_under_its_signature (void **state)
{
    (void)state;
    struct err err;
    uint8_t sig[SIG_BYTES];
    struct sign_keys keys = keys_of (SEED);
    struct value *body = value_new_map ();
    value_put_string (body, "profile", "lab");
    struct value *other_body = value_copy (body);
    value_put_int (other_body, "priority", 31);
    const struct wire_request good = {
        .id = ID, .type = "run", .worker = "bench-1", .not_after_ms = 1771000000000, .body = body
    };
    assert_int_equal (sign_request (&keys, &good, sig, &err), 0);
    struct wire_request changed[8];
    for (size_t i = 0; i < 8; i++) {
        changed[i] = good;
        changed[i].sig = sig;
    }
    changed[1].again = true;
    changed[2].id[0] = 'f';
    changed[3].type = "rerun";
    changed[4].worker = "bench-2";
    changed[5].worker = NULL;
    changed[6].not_after_ms++;
    changed[7].body = other_body;
    for (size_t i = 0; i < 8; i++) {
        struct wire_buffer sent, bytes;
        struct wire_request arrived;
        assert_int_equal (wire_request_encode (&changed[i], &sent, &err), 0);
        assert_int_equal (wire_request_decode (sent.data, sent.size, &arrived, &err), 0);
        assert_int_equal (signed_map (arrived.root, &bytes, &err), 0);
        assert_int_equal (signature_good (keys.public_key, arrived.sig, &bytes), i < 2);
        wire_buffer_free (&bytes);
        wire_buffer_free (&sent);
        wire_request_clear (&arrived);
    }
    value_destroy (&body);
    value_destroy (&other_body);
}

static void another_key_or_another_bit_is_another_signature (void **state)
{
    (void)state;
    struct err err;
    uint8_t sig[SIG_BYTES];
    struct wire_buffer bytes;
    struct sign_keys keys = keys_of (SEED);
    struct sign_keys other = keys_of (PUBLIC); /* as good a seed as any */
    const struct wire_request ping = { .id = ID, .type = "ping" };
    assert_int_equal (sign_request (&keys, &ping, sig, &err), 0);
    assert_int_equal (signed_request (&ping, &bytes, &err), 0);
    assert_true (signature_good (keys.public_key, sig, &bytes));
    assert_false (signature_good (other.public_key, sig, &bytes));
    for (size_t i = 0; i < SIG_BYTES; i++) {
        sig[i] ^= 1;
        assert_false (signature_good (keys.public_key, sig, &bytes));
        sig[i] ^= 1;
    }
    static const uint8_t nothing[SIG_BYTES], nobody[32];
    assert_false (signature_good (keys.public_key, nothing, &bytes));
    assert_false (signature_good (nobody, nothing, &bytes));
    wire_buffer_free (&bytes);
}

static void two_keys_that_are_no_pair_are_refused (void **state)
{
    (void)state;
    struct err err;
    struct sign_keys keys = keys_of (SEED);
    assert_int_equal (sign_check (&keys, &err), 0);
    keys.public_key[0] ^= 1;
    assert_int_equal (sign_check (&keys, &err), -1);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    keys = keys_of (SEED);
    keys.secret_key[0] ^= 1;
    assert_int_equal (sign_check (&keys, &err), -1);
    sign_wipe (&keys);
    static const struct sign_keys wiped;
    assert_memory_equal (&keys, &wiped, sizeof keys);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_vectors_of_the_page_are_signed_as_written),
        cmocka_unit_test (the_encoding_that_arrives_does_not_matter),
        cmocka_unit_test (only_a_map_can_be_signed),
        cmocka_unit_test (every_part_of_a_request_is_under_its_signature),
        cmocka_unit_test (another_key_or_another_bit_is_another_signature),
        cmocka_unit_test (two_keys_that_are_no_pair_are_refused),
    };
    return sodium_init () < 0 ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}
