/* disk.h - a simulated disk: what programs see, and what would be left after a loss of power.
 *
 * Files: the content that was synced last is safe; what was written since may be there wholly,
 * partly or not at all, block by block, in any order. Folders: a name that was made, removed or
 * moved is safe once its folder was synced; until then it may have happened or not, alone or with
 * others, in any combination that keeps the order of what concerns one name. A rename happens as a
 * whole or not at all. That a file was synced says nothing about its name, and the reverse.
 *
 * Functions give 0 or more, or a negative errno.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct disk;
struct host;
struct file;

enum inode_type { INODE_FILE, INODE_DIR, INODE_SOCKET };

struct entry {
    char *name;
    struct inode *inode;
};

struct entries {
    struct entry *items;
    size_t count, room;
};

struct content {
    char *data;
    size_t bytes, room;
};

struct inode {
    struct disk *disk;
    struct inode *next; /* of all of this disk */
    enum inode_type type;
    uint64_t number;
    mode_t mode;
    unsigned links;         /* names it has */
    struct inode *parent;   /* of a folder */
    struct content content; /* of a file */
    struct content safe;
    bool dirty;
    struct entries entries; /* of a folder */
    struct entries safe_entries;
    struct file *listener; /* of a socket; NULL: nobody listens */
    struct file *locked;   /* flock: the one that has it for itself */
    unsigned shared;       /* flock: how many share it */
    unsigned watches;      /* inotify */
};

struct disk *disk_new (struct host *host);
void disk_free (struct disk *);
struct inode *disk_root (struct disk *);

struct inode *disk_find (const struct inode *dir, const char *name); /* NULL: none */
int disk_make (struct inode *dir, const char *name, enum inode_type type, mode_t mode,
               struct inode **out);
int disk_unlink (struct inode *dir, const char *name, bool folder);
int disk_rename (struct inode *from_dir, const char *from, struct inode *to_dir, const char *to,
                 bool no_replace);

ssize_t disk_read (const struct inode *, void *out, size_t bytes, int64_t offset);
ssize_t disk_write (struct inode *, const void *data, size_t bytes, int64_t offset);
int disk_truncate (struct inode *, int64_t bytes);

/* `lost`: the device refused it. What was not safe is not, and no later sync will notice. */
int disk_sync (struct inode *, bool lost);
void disk_sync_all (struct disk *);

void disk_full (struct disk *, bool full);
bool disk_is_full (const struct disk *);
/* What is left when the power was off. Nobody may have anything open. */
void disk_lose_power (struct disk *);

/* For the simulator itself: whole paths from the root; everything at once durable. */
struct inode *disk_look (struct disk *, const char *path);
void disk_put (struct disk *, const char *path, const char *text); /* folders are made */

#endif
