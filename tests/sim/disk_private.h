/* disk_private.h - what the files of the disk share. disk.c: what programs see. disk_safe.c: what
 * is durable. disk_power.c: what is left after a loss of power.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_DISK_PRIVATE_H
#define SIM_DISK_PRIVATE_H

#include "disk.h"

#define PLACES_OF_OP 2

/* A name in a folder. */
struct place {
    struct inode *dir; /* NULL: unused */
    char *name;
};

/* A change of names that no sync has made durable yet. */
struct op {
    struct op *next;
    struct place places[PLACES_OF_OP]; /* [1] is where a rename leads to */
    struct inode *inode;               /* what the last place holds then; NULL: nothing */
    bool marked;
};

struct disk {
    struct host *host;
    struct inode *root;
    struct inode *all;
    uint64_t last_number;
    struct op *first, **end; /* in the order in which they were done */
    bool full;
    int64_t room; /* bytes that a full disk still has */
};

struct inode *inode_new (struct disk *, enum inode_type type, mode_t mode);
void content_set (struct content *, const char *data, size_t bytes);
void content_grow (struct content *, size_t bytes); /* zeros behind what is there */
struct entry *entries_find (const struct entries *, const char *name);
void entries_set (struct entries *, const char *name, struct inode *inode); /* NULL: take away */
void entries_clear (struct entries *);

void ops_add (struct disk *, struct place from, struct place to, struct inode *inode);
void ops_drop_all (struct disk *);
/* Make the marked ones durable, or forget those that are not. */
void ops_apply_marked (struct disk *);

#endif
