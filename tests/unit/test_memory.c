/* test_memory.c - when memory runs out, at any allocation, nothing breaks and nothing leaks:
 * values, messages, files.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <cJSON.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "config.h"
#include "json.h"
#include "out_of_memory.h"
#include "record.h"
#include "wire_signed.h"
#include "wire.h"

/* cJSON is a shared library: its allocations come through its hooks. */
static void *hook_malloc (size_t bytes)
{
    return __wrap_malloc (bytes);
}

static void hook_free (void *data)
{
    free (data);
}

static struct value *build (void)
{
    struct value *map = value_new_map ();
    struct value *list = value_new_list ();
    bool good = map && list;
    for (int i = 0; i < 9 && good; i++)
        good = value_append (list, value_new_string ("text")) == 0;
    if (value_put (map, "list", list) < 0)
        good = false;
    if (!good || value_put_real (map, "real", 1.5) < 0 ||
        value_put (map, "bytes", value_new_bytes (NULL, 5)) < 0 ||
        value_put_string (map, "text", "x") < 0 || value_put_nil (map, "nil") < 0 ||
        value_put_bool (map, "yes", true) < 0)
        value_destroy (&map);
    return map;
}

static bool build_and_copy (struct err *err)
{
    (void)err;
    struct value *map = build ();
    struct value *copy = map ? value_copy (map) : NULL;
    bool good = copy && value_equal (map, copy);
    value_destroy (&map);
    value_destroy (&copy);
    return good;
}

static bool over_the_wire (struct err *err)
{
    struct wire_buffer buffer = { 0 };
    struct value *map = build ();
    struct value *back = NULL;
    if (map && wire_encode (map, &buffer, err) == 0) {
        back = wire_decode (buffer.data, buffer.size, 9999, err);
        if (!back)
            assert_int_equal (err->code, STATUS_FAILED);
    }
    bool good = back && value_equal (map, back);
    wire_buffer_free (&buffer);
    value_destroy (&map);
    value_destroy (&back);
    return good;
}

static bool request_and_reply (struct err *err)
{
    static const char id[] = "00112233445566778899aabbccddeeff";
    struct wire_buffer buffer = { 0 };
    struct wire_request sent = { .type = "run", .worker = "w", .not_after_ms = 5, .again = true };
    struct wire_request request = { 0 };
    struct wire_reply reply = { 0 };
    memcpy (sent.id, id, sizeof id);
    bool good = wire_request_encode (&sent, &buffer, err) == 0 &&
                wire_request_decode (buffer.data, buffer.size, &request, err) == 0;
    wire_request_clear (&request);
    wire_buffer_free (&buffer);
    good = good && wire_reply_encode (id, 400, "no", NULL, &buffer, err) == 0 &&
           wire_reply_decode (buffer.data, buffer.size, &reply, err) == 0;
    wire_reply_clear (&reply);
    wire_buffer_free (&buffer);
    return good;
}

static bool signed_bytes (struct err *err)
{
    static const char id[] = "00112233445566778899aabbccddeeff";
    static const unsigned char sig[SIG_BYTES] = { 1 };
    struct wire_buffer bytes = { 0 };
    struct value *body = build ();
    struct wire_request request = { .type = "run", .again = true, .body = body, .sig = sig };
    memcpy (request.id, id, sizeof id);
    bool good = body && signed_request (&request, &bytes, err) == 0;
    assert_true (good || !bytes.data);
    wire_buffer_free (&bytes);
    value_destroy (&body);
    return good;
}

static bool as_json (struct err *err)
{
    static const char text[] = "{\"a\":[1,2.5,\"x\",null,true],\"b\":{\"c\":{}}}";
    struct value *map = json_decode (text, sizeof text - 1, err);
    char *again = map ? json_encode (map, true, err) : NULL;
    bool good = again != NULL;
    assert_true (good || err->code != 0);
    free (again);
    value_destroy (&map);
    return good;
}

static bool record_there_and_back (struct err *err)
{
    struct record record;
    struct record copy;
    struct record back;
    record_init (&record);
    record_init (&copy);
    record_init (&back);
    strcpy (record.job_id, "abc123def456");
    strcpy (record.cancel.by, "root");
    record.config = build ();
    record.labels = value_new_map ();
    record.notes = strdup ("notes");
    record.results_dir = strdup ("/r");
    bool good = record.config && record.labels && record.notes && record.results_dir &&
                record_copy (&copy, &record, err) == 0;
    struct value *map = good ? record_to_value (&copy) : NULL;
    good = map && record_from_value (map, &back, err) == 0;
    value_destroy (&map);
    record_clear (&record);
    record_clear (&copy);
    record_clear (&back);
    return good;
}

static bool config_tree (struct err *err)
{
    (void)err;
    struct config *root = config_new (NULL, "", NULL, 0);
    struct config *child = root ? config_new (root, "a", NULL, 1) : NULL;
    bool good = child && config_new (child, "b", "1", 2) && config_new (child, "c", "2", 3);
    config_destroy (&root);
    return good;
}

static void values_survive_the_end_of_memory (void **state)
{
    (void)state;
    sweep (build_and_copy);
}

static void messages_survive_the_end_of_memory (void **state)
{
    (void)state;
    sweep (over_the_wire);
    sweep (request_and_reply);
    sweep (signed_bytes);
}

static void json_survives_the_end_of_memory (void **state)
{
    (void)state;
    cJSON_Hooks hooks = { .malloc_fn = hook_malloc, .free_fn = hook_free };
    cJSON_InitHooks (&hooks);
    sweep_tolerant (as_json); /* cJSON is asked twice */
    cJSON_InitHooks (NULL);
}

static void records_survive_the_end_of_memory (void **state)
{
    (void)state;
    sweep (record_there_and_back);
}

static void configurations_survive_the_end_of_memory (void **state)
{
    (void)state;
    sweep (config_tree);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (values_survive_the_end_of_memory),
        cmocka_unit_test (messages_survive_the_end_of_memory),
        cmocka_unit_test (json_survives_the_end_of_memory),
        cmocka_unit_test (records_survive_the_end_of_memory),
        cmocka_unit_test (configurations_survive_the_end_of_memory),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
