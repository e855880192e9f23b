/* disk.c - files and folders as programs see them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "disk_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sim.h"

#define ENTRY_BYTES 256  /* what a new name takes of a full disk */
#define FULL_ROOM   3000 /* what may be left of it when it becomes full */
#define MOST_BYTES  (64 * 1024 * 1024)
#define NAME_MOST   255

/* ---- memory ---- */

static void *must (void *memory)
{
    if (!memory)
        sim_fail ("out of memory");
    return memory;
}

void content_grow (struct content *self, size_t bytes)
{
    if (bytes > self->room) {
        size_t room = self->room ? self->room : 64;
        while (room < bytes)
            room *= 2;
        self->data = must (realloc (self->data, room));
        self->room = room;
    }
    if (bytes > self->bytes)
        memset (self->data + self->bytes, 0, bytes - self->bytes);
    self->bytes = bytes;
}

void content_set (struct content *self, const char *data, size_t bytes)
{
    self->bytes = 0;
    content_grow (self, bytes);
    if (bytes > 0)
        memcpy (self->data, data, bytes);
}

struct entry *entries_find (const struct entries *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->items[i].name, name) == 0)
            return &self->items[i];
    return NULL;
}

void entries_set (struct entries *self, const char *name, struct inode *inode)
{
    struct entry *entry = entries_find (self, name);
    if (entry && inode) {
        entry->inode = inode;
    } else if (entry) {
        free (entry->name);
        size_t after = (size_t)(&self->items[self->count] - entry) - 1;
        memmove (entry, entry + 1, after * sizeof *entry);
        self->count--;
    } else if (inode) {
        if (self->count == self->room) {
            self->room = self->room ? 2 * self->room : 8;
            self->items = must (realloc (self->items, self->room * sizeof *self->items));
        }
        self->items[self->count++] = (struct entry){ must (strdup (name)), inode };
    }
}

void entries_clear (struct entries *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->items[i].name);
    free (self->items);
    *self = (struct entries){ 0 };
}

struct inode *inode_new (struct disk *disk, enum inode_type type, mode_t mode)
{
    struct inode *self = must (calloc (1, sizeof *self));
    self->disk = disk;
    self->type = type;
    self->mode = mode;
    self->number = ++disk->last_number;
    self->next = disk->all;
    disk->all = self;
    return self;
}

struct disk *disk_new (struct host *host)
{
    struct disk *self = must (calloc (1, sizeof *self));
    self->host = host;
    self->end = &self->first;
    self->root = inode_new (self, INODE_DIR, 0755);
    self->root->parent = self->root;
    self->root->links = 1;
    return self;
}

void disk_free (struct disk *self)
{
    ops_drop_all (self);
    while (self->all) {
        struct inode *inode = self->all;
        self->all = inode->next;
        entries_clear (&inode->entries);
        entries_clear (&inode->safe_entries);
        free (inode->content.data);
        free (inode->safe.data);
        free (inode);
    }
    free (self);
}

struct inode *disk_root (struct disk *self)
{
    return self->root;
}

/* ---- names ---- */

struct inode *disk_find (const struct inode *dir, const char *name)
{
    const struct entry *entry = entries_find (&dir->entries, name);
    return entry ? entry->inode : NULL;
}

static int take_room (struct disk *self, int64_t bytes)
{
    if (!self->full)
        return 0;
    if (self->room < bytes)
        return -ENOSPC;
    self->room -= bytes;
    return 0;
}

static void give_room (struct inode *inode)
{
    if (inode->links == 0)
        inode->disk->room += (int64_t)inode->content.bytes + ENTRY_BYTES;
}

int disk_make (struct inode *dir, const char *name, enum inode_type type, mode_t mode,
               struct inode **out)
{
    struct disk *self = dir->disk;
    if (dir->type != INODE_DIR)
        return -ENOTDIR;
    if (strlen (name) > NAME_MOST)
        return -ENAMETOOLONG;
    if (entries_find (&dir->entries, name))
        return -EEXIST;
    if (dir->links == 0) /* it was removed */
        return -ENOENT;
    int rc = take_room (self, ENTRY_BYTES);
    if (rc < 0)
        return rc;
    struct inode *inode = inode_new (self, type, mode);
    inode->links = 1;
    inode->parent = dir;
    entries_set (&dir->entries, name, inode);
    ops_add (self, (struct place){ 0 }, (struct place){ dir, (char *)name }, inode);
    *out = inode;
    return 0;
}

static void lose_name (struct inode *inode)
{
    inode->links--;
    give_room (inode);
}

int disk_unlink (struct inode *dir, const char *name, bool folder)
{
    struct inode *inode = disk_find (dir, name);
    if (!inode)
        return -ENOENT;
    if (!folder && inode->type == INODE_DIR)
        return -EISDIR;
    if (folder && inode->type != INODE_DIR)
        return -ENOTDIR;
    if (folder && inode->entries.count > 0)
        return -ENOTEMPTY;
    entries_set (&dir->entries, name, NULL);
    ops_add (dir->disk, (struct place){ 0 }, (struct place){ dir, (char *)name }, NULL);
    lose_name (inode);
    return 0;
}

static int may_replace (const struct inode *moved, const struct inode *there, bool no_replace)
{
    if (!there)
        return 0;
    if (no_replace)
        return -EEXIST;
    if (moved->type == INODE_DIR && there->type != INODE_DIR)
        return -ENOTDIR;
    if (moved->type != INODE_DIR && there->type == INODE_DIR)
        return -EISDIR;
    return there->type == INODE_DIR && there->entries.count > 0 ? -ENOTEMPTY : 0;
}

int disk_rename (struct inode *from_dir, const char *from, struct inode *to_dir, const char *to,
                 bool no_replace)
{
    struct inode *moved = disk_find (from_dir, from);
    struct inode *there = disk_find (to_dir, to);
    if (!moved || to_dir->links == 0)
        return -ENOENT;
    int rc = may_replace (moved, there, no_replace);
    if (rc < 0 || moved == there)
        return rc;
    entries_set (&from_dir->entries, from, NULL);
    entries_set (&to_dir->entries, to, moved);
    moved->parent = to_dir;
    ops_add (from_dir->disk, (struct place){ from_dir, (char *)from },
             (struct place){ to_dir, (char *)to }, moved);
    if (there)
        lose_name (there);
    return 0;
}

/* ---- contents ---- */

ssize_t disk_read (const struct inode *self, void *out, size_t bytes, int64_t offset)
{
    if (self->type == INODE_DIR)
        return -EISDIR;
    if (offset < 0)
        return -EINVAL;
    if ((uint64_t)offset >= self->content.bytes)
        return 0;
    size_t left = self->content.bytes - (size_t)offset;
    if (bytes > left)
        bytes = left;
    memcpy (out, self->content.data + offset, bytes);
    return (ssize_t)bytes;
}

/* How many of the bytes fit: a full disk takes some, or none. */
static ssize_t fitting (struct inode *self, size_t bytes, size_t offset)
{
    size_t have = self->content.bytes;
    size_t grows = offset + bytes > have ? offset + bytes - have : 0;
    if (grows == 0 || !self->disk->full)
        return (ssize_t)bytes;
    size_t room = self->disk->room > 0 ? (size_t)self->disk->room : 0;
    size_t short_by = grows > room ? grows - room : 0;
    if (short_by >= bytes)
        return -ENOSPC;
    self->disk->room -= (int64_t)(grows - short_by);
    return (ssize_t)(bytes - short_by);
}

ssize_t disk_write (struct inode *self, const void *data, size_t bytes, int64_t offset)
{
    if (self->type == INODE_DIR)
        return -EISDIR;
    if (offset < 0 || (uint64_t)offset + bytes > MOST_BYTES)
        return -EFBIG;
    if (bytes == 0)
        return 0;
    ssize_t n = fitting (self, bytes, (size_t)offset);
    if (n < 0)
        return n;
    size_t end = (size_t)offset + (size_t)n;
    if (end > self->content.bytes)
        content_grow (&self->content, end);
    memcpy (self->content.data + offset, data, (size_t)n);
    self->dirty = true;
    return n;
}

int disk_truncate (struct inode *self, int64_t bytes)
{
    if (self->type != INODE_FILE)
        return -EINVAL;
    if (bytes < 0 || bytes > MOST_BYTES)
        return -EFBIG;
    if ((size_t)bytes == self->content.bytes)
        return 0;
    if ((size_t)bytes < self->content.bytes)
        self->disk->room += (int64_t)self->content.bytes - bytes;
    content_grow (&self->content, (size_t)bytes);
    self->dirty = true;
    return 0;
}

void disk_full (struct disk *self, bool full)
{
    self->full = full;
    self->room = full ? (int64_t)sim_random (FULL_ROOM) : 0;
}

bool disk_is_full (const struct disk *self)
{
    return self->full;
}

/* ---- for the simulator ---- */

/* The next component of a path; false at its end. */
static bool component (const char **path, char *out, size_t room)
{
    *path += strspn (*path, "/");
    size_t bytes = strcspn (*path, "/");
    if (bytes == 0)
        return false;
    if (bytes >= room)
        sim_fail ("a name is too long");
    memcpy (out, *path, bytes);
    out[bytes] = '\0';
    *path += bytes;
    return true;
}

struct inode *disk_look (struct disk *self, const char *path)
{
    char name[NAME_MOST + 1];
    struct inode *at = self->root;
    while (at && component (&path, name, sizeof name))
        at = disk_find (at, name);
    return at;
}

void disk_put (struct disk *self, const char *path, const char *text)
{
    char name[NAME_MOST + 1];
    struct inode *at = self->root;
    while (component (&path, name, sizeof name)) {
        struct inode *there = disk_find (at, name);
        if (!there)
            disk_make (at, name, *path ? INODE_DIR : text ? INODE_FILE : INODE_DIR, 0755, &there);
        at = there;
    }
    if (text) {
        disk_truncate (at, 0);
        disk_write (at, text, strlen (text), 0);
    }
    disk_sync_all (self);
}
