/* eventjson.c - events as JSON lines.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "eventjson.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "limits.h"
#include "text.h"

static struct value *begin (const char *type)
{
    struct value *map = value_new_map ();
    if (map && value_put_string (map, "type", type) < 0)
        value_destroy (&map);
    return map;
}

/* Adds the line if everything before went well (ok), and destroys the map. */
static void finish (struct value *map, bool ok, struct sbuf *out)
{
    char *json = map && ok ? json_encode (map, false, NULL) : NULL;
    if (json) {
        sbuf_add (out, json);
        sbuf_add (out, "\n");
    } else {
        out->failed = true;
    }
    free (json);
    value_destroy (&map);
}

void eventjson_status (const struct value *job, struct sbuf *out)
{
    struct value *map = begin ("status");
    finish (map, map && value_put (map, "job", value_copy (job)) == 0, out);
}

/* How much of the data one object takes: not more than a string may hold, and no half character. */
static size_t piece_of (const char *data, size_t bytes)
{
    if (bytes <= LIMIT_STRING_BYTES)
        return bytes;
    size_t piece = LIMIT_STRING_BYTES;
    /* The first byte of the next piece must not be a continuation; one has three at most. */
    for (int i = 0; i < 3 && ((unsigned char)data[piece] & 0xc0) == 0x80; i++)
        piece--;
    return piece;
}

static bool put_time (struct value *map, int64_t time_ms)
{
    return time_ms < 0 || (time_ms > 0 ? value_put_int (map, "time_ms", time_ms)
                                       : value_put_nil (map, "time_ms")) == 0;
}

static void put_piece (int64_t offset, int64_t time_ms, const char *data, size_t bytes,
                       struct sbuf *out)
{
    struct value *map = begin ("log");
    bool ok = map && value_put_int (map, "offset", offset) == 0 && put_time (map, time_ms);
    if (ok && utf8_valid (data, bytes) && !memchr (data, 0, bytes))
        ok = value_put (map, "text", value_new_string_n (data, bytes)) == 0;
    else if (ok)
        ok = value_put (map, "data", value_new_bytes (data, bytes)) == 0;
    finish (map, ok, out);
}

void eventjson_log (int64_t offset, const char *data, size_t bytes, struct sbuf *out)
{
    for (size_t at = 0; at < bytes && !out->failed;) {
        size_t piece = piece_of (data + at, bytes - at);
        put_piece (offset + (int64_t)at, -1, data + at, piece, out);
        at += piece;
    }
}

void eventjson_line (int64_t offset, int64_t time_ms, const char *data, size_t bytes, bool ended,
                     struct sbuf *out)
{
    struct sbuf line;
    sbuf_init (&line);
    sbuf_add_n (&line, data, bytes);
    if (ended)
        sbuf_add (&line, "\n");
    if (line.failed)
        out->failed = true;
    else
        put_piece (offset, time_ms, sbuf_text (&line), line.size, out);
    sbuf_free (&line);
}

void eventjson_link (bool up, struct sbuf *out)
{
    struct value *map = begin ("link");
    finish (map, map && value_put_bool (map, "up", up) == 0, out);
}

void eventjson_end (const struct value *job, int exit_code, struct sbuf *out)
{
    struct value *map = begin ("end");
    finish (map,
            map && value_put_int (map, "exit", exit_code) == 0 &&
                value_put (map, "job", value_copy (job)) == 0,
            out);
}
