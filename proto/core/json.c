/* json.c - values as JSON, by cJSON behind json_scan.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "json.h"

#include <cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "json_scan.h"
#include "limits.h"
#include "value_private.h"

#define EXACT (INT64_C (1) << 53) /* integers up to here are exact in any reader of JSON */

static cJSON *from_int (int64_t number)
{
    char text[24];
    snprintf (text, sizeof text, "%" PRId64, number);
    return number > EXACT || number < -EXACT ? cJSON_CreateString (text) : cJSON_CreateRaw (text);
}

/* The shortest form that reads back as the same number, and as no integer. */
static cJSON *from_real (double number)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf (text, sizeof text, "%.*g", digits, number);
        double back = strtod (text, NULL);
        if (memcmp (&back, &number, sizeof back) == 0)
            break;
    }
    if (!strpbrk (text, ".e"))
        strcat (text, ".0");
    return cJSON_CreateRaw (text);
}

static cJSON *from_bytes (const unsigned char *data, size_t bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc ((bytes + 2) / 3 * 4 + 1);
    if (!text)
        return NULL;
    char *at = text;
    for (size_t i = 0; i < bytes; i += 3) {
        size_t have = bytes - i < 3 ? bytes - i : 3;
        uint32_t bits = (uint32_t)data[i] << 16;
        bits |= have > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        bits |= have > 2 ? (uint32_t)data[i + 2] : 0;
        *at++ = digits[bits >> 18];
        *at++ = digits[bits >> 12 & 63];
        *at++ = have > 1 ? digits[bits >> 6 & 63] : '=';
        *at++ = have > 2 ? digits[bits & 63] : '=';
    }
    *at = '\0';
    cJSON *json = cJSON_CreateString (text);
    free (text);
    return json;
}

static cJSON *from_value (const struct value *value);

static cJSON *from_items (const struct value *value, cJSON *json)
{
    for (size_t i = 0; json && i < value_count (value); i++) {
        const char *key = value_key_at (value, i);
        cJSON *item = from_value (value_at (value, i));
        if (item &&
            (key ? cJSON_AddItemToObject (json, key, item) : cJSON_AddItemToArray (json, item)))
            continue;
        cJSON_Delete (item);
        cJSON_Delete (json);
        json = NULL;
    }
    return json;
}

static cJSON *from_value (const struct value *value)
{
    switch (value_type (value)) {
    case VALUE_NIL:
        return cJSON_CreateNull ();
    case VALUE_BOOL:
        return cJSON_CreateBool (value_bool (value));
    case VALUE_INT:
        return from_int (value_int (value));
    case VALUE_REAL:
        return from_real (value_real (value));
    case VALUE_STRING:
        return cJSON_CreateString (value_string (value));
    case VALUE_BYTES:
        return from_bytes (value_bytes (value), value_size (value));
    case VALUE_LIST:
        return from_items (value, cJSON_CreateArray ());
    case VALUE_MAP:
        return from_items (value, cJSON_CreateObject ());
    }
    return NULL;
}

char *json_encode (const struct value *value, bool pretty, struct err *err)
{
    size_t values = 0;
    if (value_check (value, 0, &values, STATUS_FAILED, err) < 0) {
        err_prefix (err, "cannot write JSON");
        return NULL;
    }
    cJSON *json = from_value (value);
    char *text = NULL;
    if (json)
        text = pretty ? cJSON_Print (json) : cJSON_PrintUnformatted (json);
    cJSON_Delete (json);
    if (!text)
        err_set (err, STATUS_FAILED, "out of memory while writing JSON");
    return text;
}

static struct value *no_memory (struct err *err)
{
    err_set (err, STATUS_FAILED, "out of memory while reading JSON");
    return NULL;
}

static struct value *to_number (const cJSON *json, struct json_numbers *numbers, struct err *err)
{
    bool is_integer = false;
    const char *text = json_numbers_next (numbers, &is_integer);
    double number = json->valuedouble;
    if (!text || !isfinite (number)) {
        err_set (err, STATUS_BAD_REQUEST, "JSON has a number that is too large");
        return NULL;
    }
    struct value *value = is_integer && number >= -EXACT && number <= EXACT
                              ? value_new_int ((int64_t)number)
                              : value_new_real (number);
    return value ? value : no_memory (err);
}

static struct value *to_value (const cJSON *json, struct json_numbers *numbers, struct err *err);

static int add_item (struct value *value, const cJSON *item, struct json_numbers *numbers,
                     struct err *err)
{
    bool is_map = value_type (value) == VALUE_MAP;
    size_t key_bytes = is_map ? strlen (item->string) : 0;
    if (value_count (value) >= LIMIT_ITEMS)
        return err_set (err, STATUS_BAD_REQUEST, "JSON has a %s of more than %d items",
                        value_type_name (value_type (value)), LIMIT_ITEMS);
    if (is_map && string_check (item->string, key_bytes, STATUS_BAD_REQUEST, err) < 0)
        return err_prefix (err, "JSON key");
    struct value *child = to_value (item, numbers, err);
    if (!child)
        return -1;
    int rc = is_map ? value_put_new (value, item->string, key_bytes, child)
                    : value_append (value, child);
    if (rc < 0)
        no_memory (err);
    if (rc > 0)
        err_set (err, STATUS_BAD_REQUEST, "the key \"%.64s\" stands twice in one map",
                 item->string);
    return rc == 0 ? 0 : -1;
}

static struct value *to_items (const cJSON *json, struct json_numbers *numbers, struct err *err)
{
    struct value *value = cJSON_IsArray (json) ? value_new_list () : value_new_map ();
    if (!value)
        return no_memory (err);
    for (const cJSON *item = json->child; item; item = item->next) {
        if (add_item (value, item, numbers, err) < 0) {
            value_destroy (&value);
            return NULL;
        }
    }
    return value;
}

static struct value *to_value (const cJSON *json, struct json_numbers *numbers, struct err *err)
{
    if (cJSON_IsArray (json) || cJSON_IsObject (json))
        return to_items (json, numbers, err);
    if (cJSON_IsNumber (json))
        return to_number (json, numbers, err);
    struct value *value;
    if (cJSON_IsString (json)) {
        size_t bytes = strlen (json->valuestring);
        if (string_check (json->valuestring, bytes, STATUS_BAD_REQUEST, err) < 0) {
            err_prefix (err, "JSON");
            return NULL;
        }
        value = value_new_string (json->valuestring);
    } else if (cJSON_IsBool (json)) {
        value = value_new_bool (cJSON_IsTrue (json));
    } else {
        value = value_new_nil ();
    }
    return value ? value : no_memory (err);
}

/* cJSON does not say whether the text or the memory was the reason, and a good record must not
 * pass for a broken one: is there room for all that the text may need? */
static bool room_for (size_t bytes)
{
    void *room = cJSON_malloc ((bytes + 1) * sizeof (cJSON));
    cJSON_free (room);
    return room;
}

/* Parse all of the text; NULL with *err. */
static cJSON *parse (const char *text, size_t bytes, struct err *err)
{
    const char *end = text;
    cJSON *json = cJSON_ParseWithLengthOpts (text, bytes, &end, false);
    if (!json && !room_for (bytes)) {
        no_memory (err);
        return NULL;
    }
    if (!json)
        json = cJSON_ParseWithLengthOpts (text, bytes, &end, false);
    if (!json) {
        err_set (err, STATUS_BAD_REQUEST, "JSON byte %zu: not JSON", (size_t)(end - text));
        return NULL;
    }
    while (end < text + bytes && strchr (" \t\r\n", *end))
        end++;
    if (end < text + bytes) {
        err_set (err, STATUS_BAD_REQUEST, "JSON byte %zu: something after the end",
                 (size_t)(end - text));
        cJSON_Delete (json);
        json = NULL;
    }
    return json;
}

struct value *json_decode (const char *text, size_t bytes, struct err *err)
{
    if (json_scan (text, bytes, err) < 0)
        return NULL;
    cJSON *json = parse (text, bytes, err);
    if (!json)
        return NULL;
    struct json_numbers numbers = { .at = text, .end = text + bytes };
    struct value *value = to_value (json, &numbers, err);
    cJSON_Delete (json);
    return value;
}
