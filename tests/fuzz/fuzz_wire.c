/* fuzz_wire.c - whatever the wire decoder accepts encodes again to an equal value; the rest is
 * refused with a sentence; nothing crashes, leaks or allocates beyond its bounds.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdlib.h>
#include "wire.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void check_round_trip (const struct value *value)
{
    struct err err;
    struct wire_buffer again;
    if (wire_encode (value, &again, &err) < 0)
        abort ();
    struct value *second = wire_decode (again.data, again.size, LIMIT_FRAME_BYTES, &err);
    if (!second || !value_equal (value, second))
        abort ();
    value_destroy (&second);
    wire_buffer_free (&again);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    struct value *value = wire_decode (data, size, LIMIT_FRAME_BYTES, &err);
    if (value)
        check_round_trip (value);
    else if (!err.code || !err.text[0])
        abort ();
    value_destroy (&value);

    struct wire_request request;
    wire_request_decode (data, size, &request, &err);
    wire_request_clear (&request);
    struct wire_reply reply;
    wire_reply_decode (data, size, &reply, &err);
    wire_reply_clear (&reply);
    return 0;
}
