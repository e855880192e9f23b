/* life_recover.c - what earlier workers left in run/, one job after the other.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "beneath.h"
#include "clock.h"
#include "files.h"
#include "jobdir.h"
#include "kill.h"
#include "life_private.h"
#include "note.h"

static int found_add (struct life *self, const struct record *record, struct err *err)
{
    for (size_t i = 0; i < self->found_count; i++)
        if (strcmp (self->found[i].job_id, record->job_id) == 0)
            return 0;
    struct found *more = realloc (self->found, (self->found_count + 1) * sizeof *more);
    if (!more)
        return err_set (err, STATUS_FAILED, "out of memory");
    self->found = more;
    struct found *found = &self->found[self->found_count++];
    memcpy (found->job_id, record->job_id, sizeof found->job_id);
    memcpy (found->run_id, record->run_id, sizeof found->run_id);
    if (record->arrival >= self->next_arrival)
        self->next_arrival = record->arrival + 1;
    return 0;
}

/* What a job that waits has in staging stays there. */
static int keep_run (struct life *self, const struct record *record, struct err *err)
{
    char (*more)[RUN_ID_BYTES] = realloc (self->kept, (self->kept_count + 1) * sizeof *more);
    if (!more)
        return err_set (err, STATUS_FAILED, "out of memory");
    self->kept = more;
    memcpy (self->kept[self->kept_count++], record->run_id, sizeof *more);
    return 0;
}

/* A folder without a record: the job was never accepted, or its record was broken. Whatever runs in
 * its name goes. */
static void discard (struct life *self, const char *job_id)
{
    struct err err;
    struct shim_record shim = { 0 };
    int dirfd = beneath_open (self->runfd, job_id, O_RDONLY | O_DIRECTORY, 0);
    if (dirfd < 0 || shim_record_read (dirfd, &shim, NULL) < 0)
        shim.cgroup[0] = '\0';
    if (dirfd >= 0)
        close (dirfd);
    worker_note ("run/%s belongs to no job on record; it is removed", job_id);
    if (job_kill_leftovers (self->env.statefd, job_id, shim.cgroup, LIFE_KILL_MS, &err) < 0)
        worker_note ("%s", err.text);
    if (tree_remove (self->runfd, job_id, &err) < 0)
        worker_note ("cannot remove run/%s: %s", job_id, err.text);
}

/* It may be alive and well: nothing of it is touched until a later worker can read its record. */
static void leave (struct life *self, const char *job_id, const struct err *why)
{
    worker_note ("job %s is left as it is until the next start: %s", job_id, why->text);
    self->unread = true;
}

/* It goes back to its place in the line. */
static int line_up (struct life *self, const struct record *record, struct err *err)
{
    struct record from;
    struct err why = { 0 };
    if (queue_find (&self->queue, record->job_id))
        return 0;
    /* One that ran before need not wait for any other. */
    bool first = record->attempt == 1 && record->after.job_id[0] != '\0';
    self->unsettled = self->unsettled || first;
    if (life_enqueue (self, record, first ? QUEUE_NOT_OVER : QUEUE_COMPLETED, err) < 0)
        return -1;
    /* A hand-over that the worker before us had begun. */
    record_init (&from);
    if (record->attempt == 1 && record->resumed_from[0] != '\0' &&
        store_read (self->env.store, record->resumed_from, &from, NULL, &why) == 0)
        life_take_partial (self, record, &from);
    record_clear (&from);
    return record->run_id[0] ? keep_run (self, record, err) : 0;
}

static int take_up (struct life *self, const struct record *record, struct err *err)
{
    if (record->status == JOB_QUEUED)
        return line_up (self, record, err);
    if (!job_status_terminal (record->status))
        return found_add (self, record, err);
    life_conclude_later (self, record);
    return 0;
}

static int look_at_folder (struct life *self, const char *job_id, struct err *err)
{
    struct record record;
    struct err why = { 0 };
    record_init (&record);
    if (store_read (self->env.store, job_id, &record, NULL, &why) < 0) {
        if (why.code != STATUS_UNKNOWN)
            leave (self, job_id, &why);
        else
            discard (self, job_id);
        return 0;
    }
    int rc = take_up (self, &record, err);
    record_clear (&record);
    return rc;
}

static int look_at_folders (struct life *self, struct err *err)
{
    int fd = openat (self->runfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (!dir) {
        err_sys (err, "cannot look through run/");
        if (fd >= 0)
            close (fd);
        return -1;
    }
    int rc = 0;
    const struct dirent *item;
    while (rc == 0 && (item = readdir (dir)))
        if (job_id_valid (item->d_name))
            rc = look_at_folder (self, item->d_name, err);
    closedir (dir);
    return rc;
}

/* The newest job, if its folder was taken away while it was not over. */
static int look_at_newest (struct life *self, struct err *err)
{
    struct history_entry entry;
    struct record record;
    struct err why = { 0 };
    int64_t count = store_count (self->env.store);
    int rc = 0;
    record_init (&record);
    if (count == 0 || store_entry (self->env.store, count - 1, &entry, NULL) != 1)
        return 0;
    if (store_read (self->env.store, entry.job_id, &record, NULL, &why) < 0) {
        /* One without a record was not accepted. */
        if (why.code != STATUS_UNKNOWN)
            leave (self, entry.job_id, &why);
        return 0;
    }
    if (!job_status_terminal (record.status))
        rc = take_up (self, &record, err);
    record_clear (&record);
    return rc;
}

static bool is_found (void *arg, const char *run_id)
{
    const struct life *self = arg;
    /* Whose they are cannot be told when a record could not be read. */
    if (self->unread)
        return true;
    for (size_t i = 0; i < self->found_count; i++)
        if (strcmp (self->found[i].run_id, run_id) == 0)
            return true;
    for (size_t i = 0; i < self->kept_count; i++)
        if (strcmp (self->kept[i], run_id) == 0)
            return true;
    return false;
}

int life_recover (struct life *self, struct err *err)
{
    int rc = -1;
    if (look_at_folders (self, err) == 0 && look_at_newest (self, err) == 0) {
        rc = 0;
        results_sweep (self->env.results, is_found, self);
        life_settle_up (self);
        life_wake (self);
        life_adopt (self);
    }
    free (self->kept);
    self->kept = NULL;
    self->kept_count = 0;
    return rc;
}

static int take_over (struct life *self, const char *job_id, struct err *err)
{
    if (store_read (self->env.store, job_id, &self->record, NULL, err) < 0)
        return -1;
    err->code = STATUS_OK;         /* the record is there: whatever fails now may work later */
    self->record.detail[0] = '\0'; /* what it waited for then; its shim says it again */
    int dirfd = beneath_make_folder (self->runfd, job_id, 0750, err);
    if (dirfd < 0)
        return -1;
    if (life_hold (self, dirfd, err) < 0) {
        close (dirfd);
        return -1;
    }
    return 0;
}

/* It cannot be taken over: behind the others, until it can. */
static void put_back (struct life *self, const struct found *found, const struct err *err)
{
    if (!self->found_noted)
        worker_note ("job %s of an earlier worker cannot be taken over: %s; trying again",
                     found->job_id, err->text);
    self->found_noted = true;
    struct found kept = *found;
    memmove (self->found + 1, self->found, self->found_count * sizeof kept);
    self->found[0] = kept;
    self->found_count++;
    reactor_arm (self->env.reactor, &self->adopt, clock_mono_ms () + LIFE_RETRY_MS);
}

static void adopt (struct life *self, const struct found *next)
{
    struct err err = { 0 };
    if (take_over (self, next->job_id, &err) < 0) {
        life_drop (self);
        if (err.code == STATUS_UNKNOWN)
            discard (self, next->job_id);
        else
            put_back (self, next, &err);
        return;
    }
    worker_note ("job %s of an earlier worker is taken over", next->job_id);
    self->found_noted = false;
    slot_step (&self->slot, SLOT_EV_ADOPT, clock_mono_ms ());
    self->env.changed (self->env.arg);
    life_look (self, true);
}

void life_adopt (struct life *self)
{
    /* Each is tried once; life_look may come back here through the end of that job. */
    for (size_t tries = self->found_count; tries > 0; tries--) {
        if (self->found_count == 0 || slot_busy (&self->slot))
            return;
        struct found next = self->found[--self->found_count];
        adopt (self, &next);
    }
    if (self->found_count == 0)
        life_wake (self);
}

bool life_taking_over (const struct life *self)
{
    return self->found_count > 0;
}
