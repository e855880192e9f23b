/* fuzz_progress.c - progress lines: whatever a log says, the state is one that a record can hold
 * and that comes back from the worker's notes.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"
#include "progress.h"

static void check_note (const struct progress *progress)
{
    struct value *map = progress_to_value (progress);
    struct progress again;
    must (map && progress_from_value (map, &again) == 0, "the worker can read its own note");
    must (progress_equal (progress, &again), "a note comes back as it was");
    value_destroy (&map);
}

static void check_record (const struct progress *progress)
{
    struct err err = { 0 };
    struct record record;
    struct record again;
    record_init (&record);
    record_init (&again);
    strcpy (record.job_id, "0123456789ab");
    strcpy (record.profile, "lab");
    strcpy (record.worker, "w");
    strcpy (record.user, "u");
    strcpy (record.request_id, "0123456789abcdef0123456789abcdef");
    record.attempt = 1;
    record.status = JOB_RUNNING;
    record.queued_at_ms = 1;
    record.config = value_new_map ();
    progress_to_record (progress, &record);
    struct value *map = record_to_value (&record);
    must (record_from_value (map, &again, &err) == 0, "a record can hold it");
    value_destroy (&map);
    record_clear (&again);
    record_clear (&record);
}

static void check_state (const struct progress *progress)
{
    must (progress->pct <= 100, "at most everything is done");
    must (progress->number >= 0 && progress->number <= progress->total,
          "the experiment that runs is one of them");
    must (progress->done >= 0 && progress->done <= progress->number, "what is done was begun");
    must (utf8_valid (progress->experiment, strlen (progress->experiment)) &&
              utf8_valid (progress->step, strlen (progress->step)),
          "names are UTF-8");
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct progress progress;
    const char *text = (const char *)data;
    const char *end = text + size;
    progress_init (&progress);
    while (text < end) {
        const char *newline = memchr (text, '\n', (size_t)(end - text));
        size_t bytes = (size_t)((newline ? newline : end) - text);
        struct progress before = progress;
        bool taken = progress_line (&progress, text, bytes);
        must (!taken || progress_possible (text, bytes), "what counts is not overlooked");
        if (taken)
            check_state (&progress);
        else
            must (progress_equal (&before, &progress), "what does not count changes nothing");
        text += bytes + 1;
    }
    check_note (&progress);
    check_record (&progress);
    progress_complete (&progress);
    check_note (&progress);
    check_record (&progress);
    return 0;
}
