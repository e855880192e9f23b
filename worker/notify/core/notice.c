/* notice.c - names and bodies of notices.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "notice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "text.h"

#define TIME_DIGITS 15 /* for thousands of years, so that names sort */
#define NAME_END    ".json"

static const char *const event_names[NOTICE_EVENTS] = {
    [NOTICE_COMPLETED] = "completed",
    [NOTICE_FAILED] = "failed",
    [NOTICE_CANCELLED] = "cancelled",
    [NOTICE_QUEUE_EMPTY] = "queue_empty",
};

const char *notice_event_name (enum notice_event event)
{
    return event_names[event];
}

int notice_event_parse (const char *name, enum notice_event *out)
{
    for (int i = 0; i < NOTICE_EVENTS; i++)
        if (strcmp (event_names[i], name) == 0) {
            *out = (enum notice_event)i;
            return 0;
        }
    return -1;
}

struct notice notice_of (const struct record *record, bool emptied)
{
    struct notice notice = { .at_ms = record->finished_at_ms, .attempt = record->attempt };
    memcpy (notice.job_id, record->job_id, sizeof notice.job_id);
    if (emptied)
        notice.event = NOTICE_QUEUE_EMPTY;
    else if (record->status == JOB_COMPLETED)
        notice.event = NOTICE_COMPLETED;
    else
        notice.event = record->status == JOB_CANCELLED ? NOTICE_CANCELLED : NOTICE_FAILED;
    return notice;
}

void notice_id (const struct notice *self, char out[NOTICE_ID_BYTES])
{
    snprintf (out, NOTICE_ID_BYTES, "%.12s-%" PRId64 "-%s", self->job_id, self->attempt,
              event_names[self->event]);
}

void notice_file_name (const struct notice *self, char out[NOTICE_FILE_BYTES])
{
    char id[NOTICE_ID_BYTES];
    notice_id (self, id);
    snprintf (out, NOTICE_FILE_BYTES, "%0*" PRId64 "-%s" NAME_END, TIME_DIGITS, self->at_ms, id);
}

static int number (const char *text, size_t bytes, int64_t *out)
{
    char digits[24];
    if (bytes == 0 || bytes >= sizeof digits || strspn (text, "0123456789") < bytes)
        return -1;
    memcpy (digits, text, bytes);
    digits[bytes] = '\0';
    *out = strtoll (digits, NULL, 10);
    return 0;
}

int notice_file_parse (const char *name, struct notice *out)
{
    char event[NOTICE_ID_BYTES], again[NOTICE_FILE_BYTES];
    size_t bytes = strlen (name);
    size_t fixed = TIME_DIGITS + 1 + (JOB_ID_BYTES - 1) + 1;
    if (bytes <= fixed || bytes >= NOTICE_FILE_BYTES)
        return -1;
    memcpy (out->job_id, name + TIME_DIGITS + 1, JOB_ID_BYTES - 1);
    out->job_id[JOB_ID_BYTES - 1] = '\0';
    const char *attempt = name + fixed;
    size_t digits = strcspn (attempt, "-");
    if (attempt[digits] == '\0' || !job_id_valid (out->job_id) ||
        number (name, TIME_DIGITS, &out->at_ms) < 0 || number (attempt, digits, &out->attempt) < 0)
        return -1;
    size_t rest = strlen (attempt + digits + 1);
    if (rest <= strlen (NAME_END) || rest >= sizeof event)
        return -1;
    memcpy (event, attempt + digits + 1, rest + 1);
    event[rest - strlen (NAME_END)] = '\0';
    if (notice_event_parse (event, &out->event) < 0)
        return -1;
    /* Whatever is not exactly what we write is not ours. */
    notice_file_name (out, again);
    return strcmp (again, name) == 0 ? 0 : -1;
}

char *notice_encode (const struct notice *self, const struct record *record, struct err *err)
{
    char id[NOTICE_ID_BYTES];
    char *text = NULL;
    struct value *map = value_new_map ();
    notice_id (self, id);
    if (!map || value_put_string (map, "notice", id) < 0 ||
        value_put_string (map, "event", event_names[self->event]) < 0 ||
        value_put_string (map, "worker", record->worker) < 0 ||
        value_put (map, "job", record_to_value (record)) < 0)
        err_set (err, STATUS_FAILED, "out of memory");
    else
        text = json_encode (map, false, err);
    value_destroy (&map);
    return text;
}

int notice_decode (const char *text, size_t bytes, struct record *out, char **job, struct err *err)
{
    struct value *map = json_decode (text, bytes, err);
    const struct value *record = NULL;
    if (!map)
        return -1;
    int rc = value_read_map (map, "job", &record, err);
    if (rc == 0)
        err_set (err, STATUS_BAD_REQUEST, "it has no job");
    rc = rc == 1 ? record_from_value (record, out, err) : -1;
    if (rc == 0 && job) {
        *job = json_encode (record, false, err);
        rc = *job ? 0 : -1;
    }
    value_destroy (&map);
    return rc;
}
