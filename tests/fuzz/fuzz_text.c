/* fuzz_text.c - text for a terminal: what is let through can neither drive it nor be invalid UTF-8,
 * however the log was cut into pieces; and the small texts that are numbers and times.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <inttypes.h>
#include "fuzz.h"
#include "ids.h"
#include "linebuf.h"

static void check_safe (const char *data, size_t size)
{
    char out[64];
    for (size_t done = 0; done < size;) {
        size_t taken = text_safe (data + done, size - done, true, out, sizeof out);
        must (taken > 0, "it moves on");
        must_be_safe (out);
        must (text_columns (out) <= strlen (out), "no character is wider than its bytes");
        done += taken;
    }
}

/* The lines of the whole must be those of its pieces. */
static void check_lines (const char *data, size_t size, size_t piece)
{
    struct linebuf lines;
    struct sbuf whole;
    struct sbuf pieces;
    sbuf_init (&whole);
    sbuf_init (&pieces);
    linebuf_init (&lines);
    linebuf_feed (&lines, data, size, &whole);
    linebuf_finish (&lines, &whole);
    for (size_t at = 0; at < size; at += piece)
        linebuf_feed (&lines, data + at, piece < size - at ? piece : size - at, &pieces);
    linebuf_finish (&lines, &pieces);
    must_be_safe (sbuf_text (&whole));
    must (strcmp (sbuf_text (&whole), sbuf_text (&pieces)) == 0,
          "how a log was cut does not change its lines");
    linebuf_free (&lines);
    sbuf_free (&whole);
    sbuf_free (&pieces);
}

static void check_numbers (const char *text)
{
    int64_t number = 0;
    char again[TIME_TEXT_BYTES + 8];
    if (integer_parse (text, &number) == 0) {
        snprintf (again, sizeof again, "%" PRId64, number);
        must (strcmp (text, again) == 0 || strcmp (text, "-0") == 0, "an integer has one form");
    }
    if (time_parse (text, &number) == 0) {
        time_text (number, again);
        must (strcmp (text, again) == 0, "a time has one form");
    }
    if (duration_parse (text, INT64_MAX, &number) == 0) {
        must (number >= 0, "a duration is not negative");
        duration_text (number, again, sizeof again);
        must (again[0], "a duration can be shown");
        int64_t bounded = 0;
        must (number == 0 || duration_parse (text, number - 1, &bounded) < 0, "a bound holds");
    }
    must (!job_id_valid (text) || job_prefix_valid (text), "an id is a prefix of itself");
    must (!request_id_valid (text) || strlen (text) == 32, "a request id has 32 digits");
    must (!name_valid (text) || strlen (text) < NAME_BYTES, "a name has its bound");
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    check_safe (text, size - 1);
    check_lines (text, size - 1, 1u + data[0]);
    char *copy = strndup (text, size - 1);
    check_numbers (copy);
    free (copy);
    return 0;
}
