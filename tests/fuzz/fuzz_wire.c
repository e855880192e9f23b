/* fuzz_wire.c - messages: what is accepted encodes again to the same; the rest is refused with a
 * sentence; nothing crashes, leaks or allocates beyond its bounds.
 *
 * Values are what envelopes and events are made of; requests and replies have readers of their own.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"
#include "wire_signed.h"
#include "wire.h"

static void check_value (const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    struct value *value = wire_decode (data, size, LIMIT_FRAME_BYTES, &err);
    if (!value) {
        must_say_why (&err);
        return;
    }
    struct wire_buffer buffer;
    must (wire_encode (value, &buffer, &err) == 0, "what was accepted can be sent");
    must (buffer.size <= 2 * size, "our form of a value is short");
    struct value *again = wire_decode (buffer.data, buffer.size, LIMIT_FRAME_BYTES, &err);
    must (again && value_equal (value, again), "a value comes back as it was");
    value_destroy (&again);
    value_destroy (&value);
    wire_buffer_free (&buffer);
}

static bool same_text (const char *a, const char *b)
{
    return a && b ? strcmp (a, b) == 0 : a == b;
}

/* Nothing given and an empty map are the same. */
static bool same_body (const struct value *a, const struct value *b)
{
    return (value_count (a) == 0 && value_count (b) == 0) || value_equal (a, b);
}

static void check_same_request (const struct wire_request *request)
{
    struct err err = { 0 };
    struct wire_buffer buffer;
    struct wire_request again;
    must (wire_request_encode (request, &buffer, &err) == 0, "a good request can be sent on");
    must (wire_request_decode (buffer.data, buffer.size, &again, &err) == 0, "and read again");
    must (strcmp (request->id, again.id) == 0 && strcmp (request->type, again.type) == 0 &&
              same_text (request->worker, again.worker) && request->again == again.again &&
              request->not_after_ms == again.not_after_ms && same_body (request->body, again.body),
          "a request comes back as it was");
    must (!request->sig == !again.sig &&
              (!again.sig || memcmp (request->sig, again.sig, SIG_BYTES) == 0),
          "and so does its signature");
    wire_request_clear (&again);
    wire_buffer_free (&buffer);
}

/* What is signed is the same after a journey, and is no other request's. */
static void check_signed (const struct wire_request *request)
{
    struct err err = { 0 };
    struct wire_buffer bytes;
    struct wire_buffer twice;
    must (signed_map (request->root, &bytes, &err) == 0, "what was accepted can be signed");
    must (bytes.size > 9 && memcmp (bytes.data, "EMS1-sig", 9) == 0, "it says what it is");
    struct value *map = wire_decode (bytes.data + 9, bytes.size - 9, LIMIT_FRAME_BYTES, &err);
    must (map && !value_get (map, "sig") && !value_get (map, "again"), "it is a map without sig");
    must (signed_map (map, &twice, &err) == 0 && twice.size == bytes.size &&
              memcmp (twice.data, bytes.data, bytes.size) == 0,
          "the canonical form of the canonical form is the same");
    for (size_t i = 0; i < value_count (map); i++)
        must (value_equal (value_at (map, i), value_get (request->root, value_key_at (map, i))),
              "and says what the request says");
    value_destroy (&map);
    wire_buffer_free (&bytes);
    wire_buffer_free (&twice);
}

static void check_request (const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    struct wire_request request;
    int rc = wire_request_decode (data, size, &request, &err);
    must (!request.id[0] || request_id_valid (request.id), "an id that was read is one");
    if (rc == 0) {
        check_same_request (&request);
        check_signed (&request);
    } else {
        must_say_why (&err);
    }
    wire_request_clear (&request);
}

static void check_same_reply (const struct wire_reply *reply)
{
    struct err err = { 0 };
    struct wire_buffer buffer;
    struct wire_reply again;
    must (wire_reply_encode (reply->re, reply->status, reply->error, reply->body, &buffer, &err) ==
              0,
          "a good reply can be sent on");
    must (wire_reply_decode (buffer.data, buffer.size, &again, &err) == 0, "and read again");
    must (strcmp (reply->re, again.re) == 0 && reply->status == again.status &&
              same_text (reply->error, again.error) && same_body (reply->body, again.body),
          "a reply comes back as it was");
    wire_reply_clear (&again);
    wire_buffer_free (&buffer);
}

static void check_reply (const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    struct wire_reply reply;
    char peeked[REQUEST_ID_BYTES];
    wire_peek_re (data, size, peeked);
    must (!peeked[0] || request_id_valid (peeked), "what the peek finds is an id");
    if (wire_reply_decode (data, size, &reply, &err) == 0) {
        must (strcmp (peeked, reply.re) == 0, "the peek sees what the reader sees");
        check_same_reply (&reply);
    } else {
        must_say_why (&err);
    }
    wire_reply_clear (&reply);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    check_value (data, size);
    check_request (data, size);
    check_reply (data, size);
    return 0;
}
