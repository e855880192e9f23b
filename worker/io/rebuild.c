/* rebuild.c - history from records.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "rebuild.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "history.h"
#include "json.h"
#include "limits.h"
#include "note.h"
#include "record.h"

struct entries {
    struct history_entry *items;
    size_t count;
    size_t room;
};

static int add (struct entries *self, const struct history_entry *entry, struct err *err)
{
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 256;
        struct history_entry *items = realloc (self->items, room * sizeof *items);
        if (!items)
            return err_set (err, STATUS_FAILED, "out of memory");
        self->items = items;
        self->room = room;
    }
    self->items[self->count++] = *entry;
    return 0;
}

/* What the history says of a record; false if it cannot be read (whoever asks for it sets it
 * aside). */
static bool entry_of (int jobs, const char *name, struct history_entry *out)
{
    size_t bytes = 0;
    struct record record;
    record_init (&record);
    char *text = file_read (jobs, name, LIMIT_RECORD_BYTES, &bytes, NULL);
    struct value *map = text ? json_decode (text, bytes, NULL) : NULL;
    bool good = map && record_from_value (map, &record, NULL) == 0;
    if (good) {
        memcpy (out->job_id, record.job_id, sizeof out->job_id);
        memcpy (out->request_id, record.request_id, sizeof out->request_id);
        out->queued_at_ms = record.queued_at_ms;
        good = job_id_valid (out->job_id) && request_id_valid (out->request_id);
    }
    record_clear (&record);
    value_destroy (&map);
    free (text);
    return good;
}

static int collect (int jobs, struct entries *entries, struct err *err)
{
    int fd = openat (jobs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (!dir) {
        err_sys (err, "cannot list logs/jobs");
        if (fd >= 0)
            close (fd);
        return -1;
    }
    int rc = 0;
    const struct dirent *item;
    while (rc == 0 && (item = readdir (dir))) {
        struct history_entry entry = { 0 };
        size_t bytes = strlen (item->d_name);
        if (item->d_name[0] != '.' && bytes == 17 && strcmp (item->d_name + 12, ".json") == 0 &&
            entry_of (jobs, item->d_name, &entry))
            rc = add (entries, &entry, err);
    }
    closedir (dir);
    return rc;
}

static int by_time (const void *a, const void *b)
{
    const struct history_entry *x = a;
    const struct history_entry *y = b;
    if (x->queued_at_ms != y->queued_at_ms)
        return x->queued_at_ms < y->queued_at_ms ? -1 : 1;
    return strcmp (x->job_id, y->job_id);
}

static int write_all (int logs, const struct entries *entries, struct err *err)
{
    size_t bytes = entries->count * HISTORY_LINE_BYTES;
    char *text = malloc (bytes + 1);
    if (!text)
        return err_set (err, STATUS_FAILED, "out of memory");
    for (size_t i = 0; i < entries->count; i++)
        history_encode (&entries->items[i], text + i * HISTORY_LINE_BYTES);
    int rc = file_replace (logs, "history", text, bytes, 0640, err);
    free (text);
    return rc;
}

int history_rebuild (int logs, int jobs, struct err *err)
{
    if (faccessat (logs, "history", F_OK, 0) == 0)
        return 0;
    struct entries entries = { 0 };
    int rc = collect (jobs, &entries, err);
    if (rc == 0 && entries.count > 0) {
        worker_note ("logs/history is gone; it is made anew from %zu records", entries.count);
        qsort (entries.items, entries.count, sizeof *entries.items, by_time);
        rc = write_all (logs, &entries, err);
    }
    free (entries.items);
    return rc;
}
