/* history.c - fixed-width lines, written and read strictly.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "history.h"

#include <stdio.h>
#include <string.h>

#define TIME_DIGITS     15
#define TIME_MOST       999999999999999LL
#define RUN_ID_WIDTH    26
#define CHOICES_A_START 1000

static void digits_put (char *out, int64_t number)
{
    for (int i = TIME_DIGITS - 1; i >= 0; i--) {
        out[i] = (char)('0' + number % 10);
        number /= 10;
    }
}

static int digits_get (const char *text, int64_t *out)
{
    int64_t number = 0;
    for (int i = 0; i < TIME_DIGITS; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    *out = number;
    return 0;
}

void history_encode (const struct history_entry *entry, char out[HISTORY_LINE_BYTES])
{
    memset (out, ' ', HISTORY_LINE_BYTES);
    memcpy (out, entry->job_id, 12);
    digits_put (out + 13, entry->queued_at_ms > TIME_MOST ? TIME_MOST : entry->queued_at_ms);
    memcpy (out + 29, entry->request_id, 32);
    out[HISTORY_LINE_BYTES - 1] = '\n';
}

int history_decode (const char line[HISTORY_LINE_BYTES], struct history_entry *out)
{
    if (line[12] != ' ' || line[28] != ' ' || line[HISTORY_LINE_BYTES - 1] != '\n')
        return -1;
    memcpy (out->job_id, line, 12);
    out->job_id[12] = '\0';
    memcpy (out->request_id, line + 29, 32);
    out->request_id[32] = '\0';
    if (!job_id_valid (out->job_id) || !request_id_valid (out->request_id))
        return -1;
    return digits_get (line + 13, &out->queued_at_ms);
}

void run_entry_encode (const struct run_entry *entry, char out[RUN_LINE_BYTES])
{
    memset (out, ' ', RUN_LINE_BYTES);
    memcpy (out, entry->run_id, strlen (entry->run_id));
    memcpy (out + RUN_ID_WIDTH + 1, entry->job_id, 12);
    out[RUN_LINE_BYTES - 1] = '\n';
}

int run_entry_decode (const char line[RUN_LINE_BYTES], struct run_entry *out)
{
    if (line[RUN_ID_WIDTH] != ' ' || line[RUN_LINE_BYTES - 1] != '\n')
        return -1;
    size_t bytes = RUN_ID_WIDTH;
    while (bytes > 0 && line[bytes - 1] == ' ')
        bytes--;
    if (memchr (line, '\0', bytes)) /* it would hide what comes behind it */
        return -1;
    memcpy (out->run_id, line, bytes);
    out->run_id[bytes] = '\0';
    memcpy (out->job_id, line + RUN_ID_WIDTH + 1, 12);
    out->job_id[12] = '\0';
    return run_id_valid (out->run_id) && job_id_valid (out->job_id) ? 0 : -1;
}

int run_id_choose (int64_t wall_us, taken_fn *taken, void *arg, char out[RUN_ID_BYTES])
{
    run_id_from_time (wall_us, false, out);
    int used = taken (arg, out);
    for (int64_t i = 0; used == 1 && i < CHOICES_A_START; i++) {
        run_id_from_time (wall_us + i, true, out);
        used = taken (arg, out);
    }
    return used == 0 ? 0 : -1;
}

void cursor_text (int64_t queued_at_ms, const char *job_id, char out[CURSOR_BYTES])
{
    time_text (queued_at_ms, out);
    size_t bytes = strlen (out);
    snprintf (out + bytes, CURSOR_BYTES - bytes, "/%.12s", job_id);
}

int cursor_parse (const char *text, struct history_entry *out)
{
    const size_t time_bytes = TIME_TEXT_BYTES - 1;
    if (strlen (text) != time_bytes + 1 + 12 || text[time_bytes] != '/')
        return -1;
    char when[TIME_TEXT_BYTES];
    memcpy (when, text, time_bytes);
    when[time_bytes] = '\0';
    memset (out, 0, sizeof *out);
    memcpy (out->job_id, text + time_bytes + 1, 12);
    return job_id_valid (out->job_id) ? time_parse (when, &out->queued_at_ms) : -1;
}
