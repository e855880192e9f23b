/* letter.c - subject, headers and text of a mail.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "letter.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

#define LINE_MOST  76 /* of quoted-printable, RFC 2045 */
#define TEXT_BYTES 16384
#define LABEL      "%-13s"

/* Text that grows; `failed` once there was no memory. */
struct page {
    char *text;
    size_t bytes;
    bool failed;
};

static void put (struct page *page, const char *text, size_t bytes)
{
    char *more = page->failed ? NULL : realloc (page->text, page->bytes + bytes + 1);
    if (!more) {
        page->failed = true;
        return;
    }
    page->text = more;
    memcpy (more + page->bytes, text, bytes);
    page->bytes += bytes;
    more[page->bytes] = '\0';
}

__attribute__ ((format (printf, 2, 3))) static void print (struct page *page, const char *format,
                                                           ...)
{
    char *text = NULL;
    va_list args;
    va_start (args, format);
    int n = vasprintf (&text, format, args);
    va_end (args);
    if (n < 0)
        page->failed = true;
    else
        put (page, text, (size_t)n);
    if (n >= 0)
        free (text);
}

/* ---- the text ---- */

/* "Label        what was said", made safe, its further lines below its first; nothing if there is
 * nothing to say. */
static void line (struct page *page, const char *label, const char *said)
{
    static const size_t most = TEXT_BYTES;
    if (!said || said[0] == '\0')
        return;
    char *safe = malloc (most);
    if (!safe) {
        page->failed = true;
        return;
    }
    text_safe (said, strlen (said), true, safe, most);
    for (const char *at = safe; at; label = "") {
        const char *end = strchr (at, '\n');
        print (page, LABEL "%.*s\n", label, (int)(end ? end - at : (long)strlen (at)), at);
        at = end && end[1] ? end + 1 : NULL;
    }
    free (safe);
}

static void when (struct page *page, const char *label, int64_t at_ms)
{
    char text[TIME_TEXT_BYTES];
    if (at_ms == 0)
        return;
    time_text (at_ms, text);
    line (page, label, text);
}

static void how_it_ended (struct page *page, const struct record *record)
{
    const char *reason = job_reason_name (record->reason);
    char exit[48] = "";
    if (record->has_exit_code)
        snprintf (exit, sizeof exit, "code %" PRId64, record->exit_code);
    else if (record->has_exit_signal)
        snprintf (exit, sizeof exit, "signal %" PRId64, record->exit_signal);
    line (page, "Reason", reason);
    line (page, "Detail", record->detail);
    line (page, "Exit", exit);
    line (page, "Cancelled by", record->cancel.by);
}

static void how_far (struct page *page, const struct record *record)
{
    char text[64] = "";
    if (record->experiments_total > 0)
        snprintf (text, sizeof text, "%" PRId64 " of %" PRId64, record->experiments_done,
                  record->experiments_total);
    line (page, "Experiments", text);
    when (page, "Queued", record->queued_at_ms);
    when (page, "Started", record->started_at_ms);
    when (page, "Finished", record->finished_at_ms);
    text[0] = '\0';
    if (record->started_at_ms > 0 && record->finished_at_ms >= record->started_at_ms)
        duration_text (record->finished_at_ms - record->started_at_ms, text, sizeof text);
    line (page, "Took", text);
}

static void write_text (struct page *page, const struct notice *notice, const struct record *record)
{
    if (notice->event == NOTICE_QUEUE_EMPTY)
        print (page,
               "Nothing runs and nothing waits on %s any more.\nThe last job was %s (%s): %s.\n\n",
               record->worker, record->job_id, record->profile, job_status_name (record->status));
    else
        print (page, "Job %s (%s) on %s: %s.\n\n", record->job_id, record->profile, record->worker,
               notice_event_name (notice->event));
    how_it_ended (page, record);
    how_far (page, record);
    line (page, "Results", record->results_dir);
    line (page, "Run by", record->user);
    line (page, "Notes", record->notes);
    print (page, "\nems show %s\nems logs %s\n", record->job_id, record->job_id);
}

/* ---- quoted-printable ---- */

/* Bytes as they are, or as =XX; a line break in the text is one in the mail. */
static void quote (struct page *page, const char *text, size_t bytes)
{
    size_t column = 0;
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        char out[4] = { (char)c, '\0' };
        bool last = i + 1 == bytes || text[i + 1] == '\n';
        if (c == '\n') {
            put (page, "\r\n", 2);
            column = 0;
            continue;
        }
        if (c < ' ' || c > '~' || c == '=' || (c == ' ' && last))
            snprintf (out, sizeof out, "=%02X", c);
        if (column + strlen (out) > LINE_MOST - 1) {
            put (page, "=\r\n", 3);
            column = 0;
        }
        put (page, out, strlen (out));
        column += strlen (out);
    }
}

/* ---- the headers ---- */

void letter_subject (const struct notice *notice, const struct record *record,
                     char out[SUBJECT_BYTES])
{
    if (notice->event == NOTICE_QUEUE_EMPTY)
        snprintf (out, SUBJECT_BYTES, "EMS: queue empty on %s", record->worker);
    else
        snprintf (out, SUBJECT_BYTES, "EMS: %s: %s %s on %s", notice_event_name (notice->event),
                  record->profile, record->job_id, record->worker);
}

static void write_date (struct page *page, int64_t now_ms)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;
    if (gmtime_r (&seconds, &tm))
        print (page, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday,
               months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void write_headers (struct page *page, const struct target *target,
                           const struct notice *notice, const struct record *record, int64_t now_ms)
{
    char subject[SUBJECT_BYTES], id[NOTICE_ID_BYTES];
    letter_subject (notice, record, subject);
    notice_id (notice, id);
    print (page, "From: %s\r\nTo: %s", target->from, target->to[0]);
    for (char **to = target->to + 1; target->to[0] && *to; to++)
        print (page, ",\r\n %s", *to);
    print (page, "\r\nSubject: %s\r\n", subject);
    write_date (page, now_ms);
    print (page,
           "Message-ID: <%s%s>\r\nEMS-Notice-Id: %s\r\n"
           "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
           "Content-Type: text/plain; charset=utf-8\r\n"
           "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
           id, strchr (target->from, '@'), id);
}

char *letter_write (const struct target *target, const struct notice *notice,
                    const struct record *record, int64_t now_ms, struct err *err)
{
    struct page letter = { 0 };
    struct page text = { 0 };
    write_headers (&letter, target, notice, record, now_ms);
    write_text (&text, notice, record);
    if (!text.failed)
        quote (&letter, text.text, text.bytes);
    free (text.text);
    if (!text.failed && !letter.failed)
        return letter.text;
    free (letter.text);
    err_set (err, STATUS_FAILED, "out of memory");
    return NULL;
}
