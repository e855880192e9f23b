/* fuzz_record.c - JSON and records: a file with anything in it is read whole or refused with a
 * sentence; what was read, written and read again is the same.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"
#include "json.h"
#include "limits.h"
#include "record.h"

/* Text again, and a value again. */
static struct value *there_and_back (const struct value *value, bool pretty)
{
    struct err err = { 0 };
    char *text = json_encode (value, pretty, &err);
    must (text, "what was read can be written");
    struct value *again = json_decode (text, strlen (text), &err);
    must (again, "what was written can be read");
    free (text);
    return again;
}

static void check_record (const struct value *map)
{
    struct err err = { 0 };
    struct record record;
    record_init (&record);
    if (record_from_value (map, &record, &err) < 0) {
        must_say_why (&err);
        return;
    }
    struct value *first = record_to_value (&record);
    must (first, "a record has a form");
    struct value *stored = there_and_back (first, true);
    struct record second;
    record_init (&second);
    must (record_from_value (stored, &second, &err) == 0, "a record that was written is readable");
    struct value *again = record_to_value (&second);
    must (value_equal (first, again), "a record comes back as it was");
    must (!job_status_terminal (record.status) || job_status_terminal (second.status),
          "a job that is over stays over");
    value_destroy (&again);
    value_destroy (&stored);
    value_destroy (&first);
    record_clear (&second);
    record_clear (&record);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    struct value *value = json_decode ((const char *)data, size, &err);
    if (!value) {
        must_say_why (&err);
        return 0;
    }
    struct value *again = there_and_back (value, size % 2 == 0);
    must (value_equal (value, again), "a value comes back as it was");
    value_destroy (&again);
    check_record (value);
    value_destroy (&value);
    return 0;
}
