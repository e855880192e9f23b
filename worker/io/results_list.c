/* results_list.c - the newest runs, in one pass over the folder and one over .run_ids, with
 * memory for one page.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "history.h"
#include "limits.h"
#include "results_private.h"

#define LIMIT_EXPERIMENTS 64
#define RUN_BYTES         256 /* in a reply, besides its path and its experiments */

/* One page, newest first. */
struct page {
    struct run_entry runs[LIMIT_LIST + 1]; /* job_id "": not known */
    size_t count;
    size_t room;
};

static DIR *open_list (int dirfd, const char *name)
{
    int fd = beneath_open (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (!dir && fd >= 0)
        close (fd);
    return dir;
}

static bool is_folder (DIR *dir, const struct dirent *item)
{
    struct stat st;
    if (item->d_type != DT_UNKNOWN)
        return item->d_type == DT_DIR;
    return fstatat (dirfd (dir), item->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR (st.st_mode);
}

/* Keep it if it is among the newest. */
static void page_add (struct page *self, const char *run_id)
{
    size_t at = self->count;
    while (at > 0 && strcmp (self->runs[at - 1].run_id, run_id) < 0)
        at--;
    if (at >= self->room)
        return;
    if (self->count < self->room)
        self->count++;
    memmove (self->runs + at + 1, self->runs + at, (self->count - at - 1) * sizeof *self->runs);
    snprintf (self->runs[at].run_id, RUN_ID_BYTES, "%.26s", run_id);
    self->runs[at].job_id[0] = '\0';
}

static int page_fill (struct page *self, int dirfd, const char *before, struct err *err)
{
    DIR *dir = open_list (dirfd, ".");
    if (!dir)
        return err_sys (err, "cannot list the results");
    const struct dirent *item;
    while ((item = readdir (dir)))
        if (run_id_valid (item->d_name) && is_folder (dir, item) &&
            (before[0] == '\0' || strcmp (item->d_name, before) < 0))
            page_add (self, item->d_name);
    closedir (dir);
    return 0;
}

/* A lineup_fn: put the job beside its run. */
static int page_job (void *arg, const char *line)
{
    struct page *self = arg;
    struct run_entry entry;
    size_t low = 0;
    size_t high = self->count;
    if (run_entry_decode (line, &entry) < 0)
        return 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp (self->runs[middle].run_id, entry.run_id);
        if (order == 0) {
            self->runs[middle] = entry;
            break;
        }
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

static int by_name (const void *a, const void *b)
{
    return strcmp (a, b);
}

/* The names of the folders in a run, sorted. */
static struct value *experiments (int dirfd, const char *run_id)
{
    char names[LIMIT_EXPERIMENTS][NAME_BYTES];
    size_t count = 0;
    DIR *dir = open_list (dirfd, run_id);
    if (!dir && (errno == ENOMEM || errno == EMFILE || errno == ENFILE))
        return NULL; /* it is not empty: it cannot be read now */
    const struct dirent *item;
    while (dir && count < LIMIT_EXPERIMENTS && (item = readdir (dir)))
        if (name_valid (item->d_name) && is_folder (dir, item))
            snprintf (names[count++], NAME_BYTES, "%.64s", item->d_name);
    if (dir)
        closedir (dir);
    qsort (names, count, sizeof *names, by_name);
    struct value *list = value_new_list ();
    for (size_t i = 0; list && i < count; i++)
        if (value_append (list, value_new_string (names[i])) < 0)
            value_destroy (&list);
    return list;
}

static int folder_of (const struct results *self, const struct results_page *wanted)
{
    return wanted->partial ? self->partial : self->dir;
}

static char *path_of (const struct results *self, const struct results_page *wanted,
                      const char *run_id)
{
    return wanted->partial ? results_partial_path (self, run_id) : results_path (self, run_id);
}

static struct value *run_value (const struct results *self, const struct run_entry *run,
                                const struct results_page *wanted)
{
    struct value *map = value_new_map ();
    char *path = path_of (self, wanted, run->run_id);
    if (!path || value_put_string (map, "run_id", run->run_id) < 0 ||
        value_put_string (map, "job_id", run->job_id[0] ? run->job_id : NULL) < 0 ||
        value_put_string (map, "worker", wanted->worker) < 0 ||
        value_put_string (map, "path", path) < 0 ||
        value_put (map, "experiments", experiments (folder_of (self, wanted), run->run_id)) < 0)
        value_destroy (&map);
    free (path);
    return map;
}

/* At most as many as are wanted, and no more than a reply can carry. */
static struct value *page_value (const struct results *self, const struct page *page,
                                 const struct results_page *wanted)
{
    struct value *list = value_new_list ();
    size_t bytes = 0;
    for (size_t i = 0;
         list && i < page->count && i < wanted->limit && bytes < LIMIT_LOG_CHUNK_BYTES; i++) {
        struct value *run = run_value (self, &page->runs[i], wanted);
        bytes += RUN_BYTES + value_size (value_get (run, "path")) +
                 NAME_BYTES * value_count (value_get (run, "experiments"));
        if (value_append (list, run) < 0)
            value_destroy (&list);
    }
    return list;
}

struct value *results_list (struct results *self, const struct results_page *wanted,
                            char next[RUN_ID_BYTES], struct err *err)
{
    struct value *list = NULL;
    struct page *page = calloc (1, sizeof *page);
    next[0] = '\0';
    if (!page) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    page->room = wanted->limit + 1;
    if (page_fill (page, folder_of (self, wanted), wanted->before, err) == 0 &&
        lineup_each (&self->ids, page_job, page, err) == 0) {
        list = page_value (self, page, wanted);
        if (!list)
            err_set (err, STATUS_NO_WORKER, "out of memory or of descriptors; try again");
        else if (page->count > value_count (list))
            memcpy (next, page->runs[value_count (list) - 1].run_id, RUN_ID_BYTES);
    }
    free (page);
    return list;
}
