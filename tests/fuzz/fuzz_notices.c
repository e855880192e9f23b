/* fuzz_notices.c - the files of the outbox: names, notices, targets. Anything in them is read whole
 * or refused; what was read, written and read again is the same; no letter has more headers than it
 * should, or a line that mail does not allow.
 *
 * The first byte says which file it is.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"
#include "letter.h"

#define HEADERS    10
#define LINE_BYTES 998 /* of a mail */

static void check_name (const char *text)
{
    struct notice notice;
    char name[NOTICE_FILE_BYTES];
    if (notice_file_parse (text, &notice) < 0)
        return;
    notice_file_name (&notice, name);
    must (strcmp (name, text) == 0, "a name comes back as it was");
    must (job_id_valid (notice.job_id) && notice.at_ms >= 0, "it is of a job");
}

/* Headers until the empty line; lines that go on are no headers. */
static void check_letter (const char *letter)
{
    int headers = 0;
    bool head = true;
    for (const char *at = letter; *at;) {
        const char *end = strstr (at, "\r\n");
        must (end && end - at <= LINE_BYTES, "each line ends, in time");
        must (!memchr (at, '\n', (size_t)(end - at)) && !memchr (at, '\r', (size_t)(end - at)),
              "nothing else ends a line");
        headers += head && end > at && *at != ' ';
        head = head && end > at;
        at = end + 2;
    }
    must (headers == HEADERS, "there are as many headers as there should be");
}

static void check_notice (const char *text, size_t bytes)
{
    static char *to[] = { "b@example.org", "c@example.org", NULL };
    const struct target target = { .kind = TARGET_MAIL, .from = "a@example.org", .to = to };
    struct err err = { 0 };
    struct record record;
    char *job = NULL;
    record_init (&record);
    if (notice_decode (text, bytes, &record, &job, &err) < 0) {
        must (err.code != 0, "it is said what is wrong");
        return;
    }
    for (int emptied = 0; emptied < 2; emptied++) {
        const struct notice notice = notice_of (&record, emptied == 1);
        char *letter = letter_write (&target, &notice, &record, 0, &err);
        must (letter, "a notice makes a letter");
        check_letter (letter);
        free (letter);
    }
    free (job);
    record_clear (&record);
}

static void check_targets (const char *text, size_t bytes)
{
    struct err err = { 0 };
    struct targets first = { 0 }, again = { 0 };
    if (targets_decode (text, bytes, &first, &err) < 0) {
        must (err.code != 0 && first.count == 0, "it is said what is wrong");
        return;
    }
    char *json = targets_encode (&first, &err);
    must (json && targets_decode (json, strlen (json), &again, &err) == 0,
          "targets that were read can be written and read");
    must (again.count == first.count, "none is lost");
    for (size_t i = 0; i < first.count; i++) {
        const struct target *a = &first.items[i], *b = &again.items[i];
        must (strcmp (a->name, b->name) == 0 && a->kind == b->kind &&
                  strcmp (a->place, b->place) == 0 && a->timeout_ms == b->timeout_ms &&
                  a->give_up_ms == b->give_up_ms &&
                  memcmp (a->wants, b->wants, sizeof a->wants) == 0,
              "a target comes back as it was");
    }
    free (json);
    targets_clear (&first);
    targets_clear (&again);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct feed feed = { data, size };
    unsigned which = feed_choice (&feed, 3);
    char *text = malloc (feed.left + 1);
    must (text, "there is memory");
    memcpy (text, feed.at, feed.left);
    text[feed.left] = '\0';
    if (which == 0)
        check_name (text);
    else if (which == 1)
        check_notice (text, feed.left);
    else
        check_targets (text, feed.left);
    free (text);
    return 0;
}
