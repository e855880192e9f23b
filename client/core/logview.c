/* logview.c - a line of a log as it is printed.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "logview.h"

#include <string.h>

#include "eventjson.h"
#include "ids.h"
#include "palette.h"
#include "text.h"

#define SAFE_BYTES   4096
#define TIME_COLUMNS 23 /* YYYY-MM-DD HH:MM:SS.mmm */

static void add_time (const struct logview *self, int64_t time_ms, struct sbuf *out)
{
    char text[TIME_TEXT_BYTES];
    sbuf_add (out, hue_on (HUE_GREY, self->colour));
    if (time_ms > 0) {
        time_text (time_ms + (self->zone_ms ? self->zone_ms (time_ms) : 0), text);
        text[strcspn (text, "T")] = ' ';
        sbuf_add_n (out, text, strcspn (text, "Z"));
    } else {
        sbuf_add (out, "-");
        sbuf_repeat (out, " ", TIME_COLUMNS - 1);
    }
    sbuf_add (out, hue_off (HUE_GREY, self->colour));
    sbuf_add (out, " ");
}

static void add_bytes (const struct logview *self, const char *data, size_t bytes, struct sbuf *out)
{
    char safe[SAFE_BYTES];
    if (!self->safe)
        sbuf_add_n (out, data, bytes);
    while (self->safe && bytes > 0) {
        size_t used = text_safe (data, bytes, false, safe, sizeof safe);
        sbuf_add (out, safe);
        data += used;
        bytes -= used;
    }
}

static void add_marked (const struct logview *self, const char *data, size_t bytes,
                        struct sbuf *out)
{
    size_t at = 0;
    size_t from = 0;
    size_t begin, end;
    while (self->colour && self->match->wanted && from <= bytes &&
           logmatch_find (self->match, data, bytes, from, &begin, &end)) {
        from = end > begin ? end : end + 1; /* nothing is found everywhere */
        if (end == begin)
            continue;
        add_bytes (self, data + at, begin - at, out);
        sbuf_add (out, hue_on (HUE_RED, true));
        add_bytes (self, data + begin, end - begin, out);
        sbuf_add (out, hue_off (HUE_RED, true));
        at = end;
    }
    add_bytes (self, data + at, bytes - at, out);
}

void logview_line (const struct logview *self, const struct logline *line, struct sbuf *out)
{
    size_t bytes = line->bytes;
    if (self->json) {
        eventjson_line (line->offset, self->times ? line->time_ms : -1, line->data, bytes,
                        line->ended, out);
        return;
    }
    if (self->safe && bytes > 0 && line->data[bytes - 1] == '\r')
        bytes--;
    if (self->times)
        add_time (self, line->time_ms, out);
    add_marked (self, line->data, bytes, out);
    sbuf_add (out, "\n");
}
