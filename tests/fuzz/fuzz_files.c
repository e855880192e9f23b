/* fuzz_files.c - the files of a job's folder and the two lists of fixed lines: anything in them is
 * read whole or refused; what was read, written and read again is the same.
 *
 * The first byte says which file it is.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fuzz.h"
#include "history.h"
#include "jobdir.h"
#include "tailfile.h"

#define YEAR_9999_MS INT64_C (253402300799999) /* the last millisecond of that year */

static char folder[] = "/dev/shm/ems-fuzz-XXXXXX";

static void remove_folder (void)
{
    static const char *const names[] = { JOBDIR_SPEC, JOBDIR_SHIM, JOBDIR_EXIT, JOBDIR_TAIL };
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf (path, sizeof path, "%s/%s", folder, names[i]);
        unlink (path);
    }
    rmdir (folder);
}

/* A folder of our own that goes with us. */
static int open_folder (void)
{
    static int fd = -1;
    if (fd < 0) {
        must (mkdtemp (folder), "there is a place for files");
        atexit (remove_folder);
        fd = open (folder, O_DIRECTORY | O_CLOEXEC);
    }
    return fd;
}

static void put_file (int dirfd, const char *name, const uint8_t *data, size_t size)
{
    int fd = openat (dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must (fd >= 0 && write (fd, data, size) == (ssize_t)size, "the file could be made");
    close (fd);
}

static bool same_strings (char *const *a, char *const *b)
{
    for (; *a && *b; a++, b++)
        if (strcmp (*a, *b) != 0)
            return false;
    return !*a && !*b;
}

static bool same_text (const char *a, const char *b)
{
    return a && b ? strcmp (a, b) == 0 : a == b;
}

static void check_spec (int dirfd)
{
    struct err err = { 0 };
    struct spec first;
    struct spec again;
    if (spec_read (dirfd, &first, &err) < 0) {
        must_say_why (&err);
        return;
    }
    must (first.argv[0] && first.argv[0][0] == '/', "a program is an absolute path");
    must (spec_write (dirfd, &first, &err) == 0 && spec_read (dirfd, &again, &err) == 0,
          "a spec that was read can be written and read");
    must (strcmp (first.job_id, again.job_id) == 0 && first.attempt == again.attempt &&
              same_strings (first.argv, again.argv) && same_strings (first.env, again.env) &&
              same_text (first.workdir, again.workdir) &&
              same_text (first.sync_dir, again.sync_dir) && first.grace_ms == again.grace_ms &&
              first.time_limit_ms == again.time_limit_ms && first.use_cgroup == again.use_cgroup,
          "a spec comes back as it was");
    spec_clear (&first);
    spec_clear (&again);
}

static bool same_process (const struct proc_identity *a, const struct proc_identity *b)
{
    return a->pid == b->pid && a->start_ticks == b->start_ticks &&
           strcmp (a->boot_id, b->boot_id) == 0;
}

static void check_shim (int dirfd)
{
    struct err err = { 0 };
    struct shim_record first;
    struct shim_record again;
    if (shim_record_read (dirfd, &first, &err) < 0) {
        must_say_why (&err);
        return;
    }
    must (first.shim.pid > 0 && first.main.pid > 0, "a process has a number");
    must (shim_record_write (dirfd, &first, &err) == 0 &&
              shim_record_read (dirfd, &again, &err) == 0,
          "a start record that was read can be written and read");
    must (strcmp (first.job_id, again.job_id) == 0 && first.attempt == again.attempt &&
              same_process (&first.shim, &again.shim) && same_process (&first.main, &again.main) &&
              first.started_at_ms == again.started_at_ms &&
              strcmp (first.cgroup, again.cgroup) == 0,
          "a start record comes back as it was");
}

static bool same_double (double a, double b)
{
    return !(a < b) && !(a > b);
}

static bool same_exit (const struct exit_record *a, const struct exit_record *b)
{
    for (size_t i = 0; i < a->unkilled_listed && i < b->unkilled_listed; i++)
        if (!same_process (&a->unkilled_list[i], &b->unkilled_list[i]))
            return false;
    return strcmp (a->job_id, b->job_id) == 0 && a->attempt == b->attempt &&
           a->outcome == b->outcome && a->has_code == b->has_code && a->code == b->code &&
           a->has_signal == b->has_signal && a->signal == b->signal && a->forced == b->forced &&
           a->started_at_ms == b->started_at_ms && a->finished_at_ms == b->finished_at_ms &&
           same_double (a->user_s, b->user_s) && same_double (a->system_s, b->system_s) &&
           a->max_rss_kb == b->max_rss_kb && a->leftovers_killed == b->leftovers_killed &&
           a->unkilled == b->unkilled && a->unkilled_listed == b->unkilled_listed &&
           a->drained == b->drained && strcmp (a->detail, b->detail) == 0;
}

static void check_exit (int dirfd)
{
    struct err err = { 0 };
    struct exit_record first;
    struct exit_record again;
    if (exit_record_read (dirfd, &first, &err) < 0) {
        must_say_why (&err);
        return;
    }
    must (exit_record_write (dirfd, &first, &err) == 0 &&
              exit_record_read (dirfd, &again, &err) == 0,
          "an outcome that was read can be written and read");
    must (same_exit (&first, &again), "an outcome comes back as it was");
}

static void check_tail (int dirfd)
{
    struct lines first;
    struct lines again;
    struct progress progress;
    struct progress second;
    if (tailfile_read (dirfd, &first, &progress) < 0)
        return;
    must (first.offset >= 0 && first.line >= 1, "a bookmark is in the log");
    int fd = openat (dirfd, JOBDIR_TAIL, O_WRONLY | O_CLOEXEC);
    tailfile_write (fd, &first, &progress);
    close (fd);
    must (tailfile_read (dirfd, &again, &second) == 0, "a bookmark can be written and read");
    must (first.offset == again.offset && first.line == again.line &&
              first.in_line == again.in_line && progress_equal (&progress, &second),
          "a bookmark comes back as it was");
}

static void check_history_line (const char *line)
{
    struct history_entry entry;
    char again[HISTORY_LINE_BYTES];
    char cursor[CURSOR_BYTES];
    struct history_entry page;
    if (history_decode (line, &entry) < 0)
        return;
    history_encode (&entry, again);
    must (memcmp (line, again, sizeof again) == 0, "a line of the history has one form");
    if (entry.queued_at_ms > YEAR_9999_MS) /* such a time has no text */
        return;
    cursor_text (entry.queued_at_ms, entry.job_id, cursor);
    must (cursor_parse (cursor, &page) == 0 && page.queued_at_ms == entry.queued_at_ms &&
              strcmp (page.job_id, entry.job_id) == 0,
          "a page goes on where it ended");
}

static void check_run_line (const char *line)
{
    struct run_entry entry;
    char again[RUN_LINE_BYTES];
    if (run_entry_decode (line, &entry) < 0)
        return;
    run_entry_encode (&entry, again);
    must (memcmp (line, again, sizeof again) == 0, "a line of the runs has one form");
}

static void check_lists (const uint8_t *data, size_t size)
{
    for (size_t at = 0; at + HISTORY_LINE_BYTES <= size; at += HISTORY_LINE_BYTES)
        check_history_line ((const char *)data + at);
    for (size_t at = 0; at + RUN_LINE_BYTES <= size; at += RUN_LINE_BYTES)
        check_run_line ((const char *)data + at);
    char *text = strndup ((const char *)data, size);
    struct history_entry entry;
    char again[CURSOR_BYTES];
    if (cursor_parse (text, &entry) == 0) {
        cursor_text (entry.queued_at_ms, entry.job_id, again);
        must (strcmp (text, again) == 0, "a cursor has one form");
    }
    free (text);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const struct {
        const char *name;
        void (*check) (int dirfd);
    } files[] = {
        { JOBDIR_SPEC, check_spec },
        { JOBDIR_SHIM, check_shim },
        { JOBDIR_EXIT, check_exit },
        { JOBDIR_TAIL, check_tail },
    };
    if (size == 0)
        return 0;
    size_t which = data[0] % 5;
    if (which == 4) {
        check_lists (data + 1, size - 1);
        return 0;
    }
    int dirfd = open_folder ();
    put_file (dirfd, files[which].name, data + 1, size - 1);
    files[which].check (dirfd);
    return 0;
}
