/* results_files.c - what is in a complete run: its files, in one bounded walk, and one of them.
 *
 * The run's program wrote all of this: names are held against what the wire takes, and nothing is
 * followed or opened that is no folder and no regular file below the run.
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
#include "limits.h"
#include "results_private.h"
#include "text.h"

#define FOLDERS_DEEP 16
#define LOOKED_MOST  10000 /* entries */
#define FILE_BYTES   32    /* in a reply, besides its path */

struct file {
    char *path; /* owned; below the run */
    int64_t size;
};

/* It is full when nothing that sorts behind its last file would be in a reply. That last one need
 * not fit into a reply itself: what comes behind it must not take its place. */
struct walk {
    struct file files[LIMIT_FILES]; /* the first ones, sorted */
    size_t count;
    size_t bytes; /* of them in a reply */
    int looked;
    bool more; /* there is something that is not in `files` */
    char path[LIMIT_PATH_BYTES];
};

static size_t reply_bytes (const struct file *file)
{
    return FILE_BYTES + strlen (file->path);
}

static bool walk_full (const struct walk *self)
{
    return self->count == LIMIT_FILES || self->bytes > LIMIT_LOG_CHUNK_BYTES;
}

static void walk_drop_last (struct walk *self)
{
    struct file *last = &self->files[--self->count];
    self->bytes -= reply_bytes (last);
    free (last->path);
    self->more = true;
}

/* Where it belongs. Paths may be long and begin alike: few are compared. */
static size_t walk_place (const struct walk *self)
{
    size_t low = 0;
    size_t high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp (self->files[middle].path, self->path) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Keep it if it is among the first. -1: memory. */
static int walk_add (struct walk *self, int64_t size)
{
    if (walk_full (self) && strcmp (self->files[self->count - 1].path, self->path) <= 0) {
        self->more = true;
        return 0;
    }
    size_t at = walk_place (self);
    char *path = strdup (self->path);
    if (!path)
        return -1;
    if (self->count == LIMIT_FILES)
        walk_drop_last (self);
    memmove (self->files + at + 1, self->files + at, (self->count - at) * sizeof *self->files);
    self->files[at] = (struct file){ path, size };
    self->count++;
    self->bytes += reply_bytes (&self->files[at]);
    while (self->bytes - reply_bytes (&self->files[self->count - 1]) > LIMIT_LOG_CHUNK_BYTES)
        walk_drop_last (self);
    return 0;
}

/* The name goes behind the path of its folder, `length` long. 0: what is so called cannot be told.
 */
static size_t walk_enter (struct walk *self, size_t length, const char *name)
{
    size_t bytes = strlen (name);
    if (!utf8_valid (name, bytes) || length + bytes + 2 > sizeof self->path)
        return 0;
    if (length > 0)
        self->path[length++] = '/';
    memcpy (self->path + length, name, bytes + 1);
    return length + bytes;
}

static bool short_of_means (int number)
{
    return number == ENOMEM || number == EMFILE || number == ENFILE;
}

/* NULL with errno. */
static DIR *open_folder (int dirfd, const char *name)
{
    int fd = beneath_open (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (!dir && fd >= 0) {
        int number = errno;
        close (fd);
        errno = number;
    }
    return dir;
}

/* A walk through open folders, the run's first. */
struct folders {
    DIR *open[FOLDERS_DEEP];
    size_t lengths[FOLDERS_DEEP]; /* of their paths */
    int depth;
};

static int folders_enter (struct folders *self, struct walk *walk, int dirfd, const char *name,
                          size_t length)
{
    DIR *dir = self->depth < FOLDERS_DEEP ? open_folder (dirfd, name) : NULL;
    if (!dir) {
        walk->more = true;
        return self->depth < FOLDERS_DEEP && short_of_means (errno) ? -1 : 0;
    }
    self->lengths[self->depth] = length;
    self->open[self->depth++] = dir;
    return 0;
}

static int take_entry (struct folders *self, struct walk *walk, const char *name)
{
    struct stat st;
    int fd = dirfd (self->open[self->depth - 1]);
    size_t length = walk_enter (walk, self->lengths[self->depth - 1], name);
    if (fstatat (fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (!S_ISDIR (st.st_mode) && !S_ISREG (st.st_mode))
        return 0;
    if (length == 0) {
        walk->more = true;
        return 0;
    }
    return S_ISDIR (st.st_mode) ? folders_enter (self, walk, fd, name, length)
                                : walk_add (walk, st.st_size);
}

/* -1: out of memory or of descriptors. */
static int walk_all (struct walk *self, struct folders *folders)
{
    int rc = 0;
    while (rc == 0 && folders->depth > 0) {
        const struct dirent *item = readdir (folders->open[folders->depth - 1]);
        if (!item) {
            closedir (folders->open[--folders->depth]);
            continue;
        }
        if (strcmp (item->d_name, ".") == 0 || strcmp (item->d_name, "..") == 0)
            continue;
        if (self->looked++ == LOOKED_MOST) {
            self->more = true;
            break;
        }
        rc = take_entry (folders, self, item->d_name);
    }
    while (folders->depth > 0)
        closedir (folders->open[--folders->depth]);
    return rc;
}

static struct value *file_value (const struct file *file)
{
    struct value *map = value_new_map ();
    if (value_put_string (map, "path", file->path) < 0 ||
        value_put_int (map, "size", file->size) < 0)
        value_destroy (&map);
    return map;
}

/* No more than a reply can carry. */
static struct value *walk_value (struct walk *self)
{
    struct value *list = value_new_list ();
    size_t bytes = 0;
    for (size_t i = 0; list && i < self->count; i++) {
        bytes += reply_bytes (&self->files[i]);
        if (bytes > LIMIT_LOG_CHUNK_BYTES) {
            self->more = true;
            break;
        }
        if (value_append (list, file_value (&self->files[i])) < 0)
            value_destroy (&list);
    }
    return list;
}

static int no_run (const char *run_id, struct err *err)
{
    return errno == ENOENT ? err_set (err, STATUS_UNKNOWN,
                                      "there are no results of a run %s; `ems results` lists those "
                                      "that there are, `ems results --partial` what runs left "
                                      "that did not complete",
                                      run_id)
                           : err_sys (err, "cannot open results/%s", run_id);
}

struct value *results_files (struct results *self, const char *run_id, bool *more, struct err *err)
{
    struct folders folders = { 0 };
    struct value *list = NULL;
    DIR *dir = open_folder (self->dir, run_id);
    if (!dir) {
        no_run (run_id, err);
        return NULL;
    }
    struct walk *walk = calloc (1, sizeof *walk);
    folders.open[folders.depth++] = dir;
    if (!walk)
        closedir (dir);
    else if (walk_all (walk, &folders) == 0)
        list = walk_value (walk);
    if (!list)
        err_set (err, STATUS_NO_WORKER, "out of memory or of descriptors; try again");
    *more = walk && walk->more;
    for (size_t i = 0; walk && i < walk->count; i++)
        free (walk->files[i].path);
    free (walk);
    return list;
}

int results_open (struct results *self, const char *run_id, const char *path, int64_t *size,
                  struct err *err)
{
    struct stat st;
    int dirfd = beneath_open (self->dir, run_id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (dirfd < 0)
        return no_run (run_id, err);
    int fd = beneath_open (dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    int number = errno;
    close (dirfd);
    bool regular = fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode);
    if (regular) {
        *size = st.st_size;
        return fd;
    }
    if (fd >= 0)
        close (fd);
    errno = number;
    if (fd < 0 && (short_of_means (number) || number == EIO || number == EACCES))
        return err_sys (err, "cannot open %.200s of run %s", path, run_id);
    return err_set (err, STATUS_UNKNOWN,
                    "run %s has no file \"%.200s\"; the request `files` lists those that it has",
                    run_id, path);
}
