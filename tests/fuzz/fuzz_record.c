/* fuzz_record.c - a record file with anything in it is read whole or refused with a sentence.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdlib.h>
#include "json.h"
#include "record.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    struct value *map = json_decode ((const char *)data, size, &err);
    if (!map && !err.text[0])
        abort ();
    struct record record;
    record_init (&record);
    if (map && record_from_value (map, &record, &err) == 0) {
        struct value *again = record_to_value (&record);
        struct record second;
        record_init (&second);
        if (!again || record_from_value (again, &second, &err) < 0)
            abort ();
        record_clear (&second);
        value_destroy (&again);
    }
    record_clear (&record);
    value_destroy (&map);
    return 0;
}
