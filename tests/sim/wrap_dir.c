/* wrap_dir.c - directory streams. The names are those of the moment of the first look, as with a
 * folder that the kernel gives in one piece, and in no order that anybody could rely on.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "wrap.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "disk.h"
#include "fd.h"
#include "procfs.h"

struct stream {
    int fd;
    bool filled;
    size_t at;
    struct dirent *items;
    size_t count;
};

static void add (struct stream *self, const char *name, ino_t number, unsigned char type)
{
    if ((self->count & (self->count - 1)) == 0) {
        size_t room = self->count ? 2 * self->count : 1;
        self->items = realloc (self->items, room * sizeof *self->items);
        if (!self->items)
            sim_fail ("out of memory");
    }
    struct dirent *item = &self->items[self->count++];
    *item = (struct dirent){ .d_ino = number, .d_type = type };
    snprintf (item->d_name, sizeof item->d_name, "%s", name);
}

static void shuffle (struct stream *self)
{
    for (size_t i = self->count; i > 1; i--) {
        size_t j = (size_t)sim_random (i);
        struct dirent kept = self->items[i - 1];
        self->items[i - 1] = self->items[j];
        self->items[j] = kept;
    }
}

static void fill (struct stream *self, struct process *process)
{
    static char names[PROCFS_NAMES][16];
    const struct file *file = fd_file (process, self->fd);
    self->filled = true;
    self->count = self->at = 0;
    if (file->kind == FILE_TEXT) {
        ssize_t count = procfs_list (process, file->text, names);
        for (ssize_t i = 0; i < count; i++)
            add (self, names[i], 1, DT_DIR);
        return;
    }
    const struct entries *entries = &file->inode->entries;
    add (self, ".", file->inode->number, DT_DIR);
    add (self, "..", file->inode->parent->number, DT_DIR);
    for (size_t i = 0; i < entries->count; i++)
        add (self, entries->items[i].name, entries->items[i].inode->number,
             entries->items[i].inode->type == INODE_DIR ? DT_DIR : DT_REG);
    shuffle (self);
}

DIR *__real_fdopendir (int fd);
DIR *__wrap_fdopendir (int fd)
{
    struct process *process = process_current ();
    if (!process)
        return __real_fdopendir (fd);
    const struct file *file = fd_file (process, fd);
    if (!file || !(file->kind == FILE_TEXT ? file->flags & O_DIRECTORY
                                           : file->inode && file->inode->type == INODE_DIR)) {
        errno = file ? ENOTDIR : EBADF;
        return NULL;
    }
    struct stream *self = calloc (1, sizeof *self);
    if (!self)
        sim_fail ("out of memory");
    self->fd = fd;
    return (DIR *)self;
}

DIR *__real_opendir (const char *path);
DIR *__wrap_opendir (const char *path)
{
    if (!process_current ())
        return __real_opendir (path);
    int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (fd >= 0 && !dir)
        close (fd);
    return dir;
}

struct dirent *__real_readdir (DIR *dir);
struct dirent *__wrap_readdir (DIR *dir)
{
    struct process *process = process_current ();
    struct stream *self = (struct stream *)dir;
    if (!process)
        return __real_readdir (dir);
    if (!self->filled) {
        call_enter ("readdir", CALL_PLAIN);
        fill (self, process);
        call_leave ();
    }
    return self->at < self->count ? &self->items[self->at++] : NULL;
}

void __real_rewinddir (DIR *dir);
void __wrap_rewinddir (DIR *dir)
{
    if (process_current ())
        ((struct stream *)dir)->filled = false;
    else
        __real_rewinddir (dir);
}

int __real_dirfd (DIR *dir);
int __wrap_dirfd (DIR *dir)
{
    return process_current () ? ((struct stream *)dir)->fd : __real_dirfd (dir);
}

int __real_closedir (DIR *dir);
int __wrap_closedir (DIR *dir)
{
    struct stream *self = (struct stream *)dir;
    if (!process_current ())
        return __real_closedir (dir);
    int rc = close (self->fd);
    free (self->items);
    free (self);
    return rc;
}
