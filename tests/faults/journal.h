/* journal.h - the ordered journal that powerlog.c fills and journal.py reads.
 *
 * One file that all processes map: its order is the order in which things happened, because every
 * one of them is done with the journal's lock held. Objects are inode numbers: of a file that is
 * made again under a number that was free, the entry JOURNAL_CREATE tells.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_JOURNAL_H
#define EMS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_BYTES ((size_t)256 << 20) /* sparse */
#define JOURNAL_START 4096                /* of the entries; before it is the header */

enum journal_op {
    JOURNAL_CREATE = 1, /* folder, name -> object; a: enum journal_kind */
    JOURNAL_WRITE,      /* object; a: offset; data */
    JOURNAL_TRUNCATE,   /* object; a: length */
    JOURNAL_RENAME,     /* folder, name -> other, data (the new name) */
    JOURNAL_UNLINK,     /* folder, name; also of a folder */
    JOURNAL_LINK,       /* folder, name -> object, which has another name already */
    JOURNAL_SYNC,       /* object: a file or folder */
    JOURNAL_SYNC_ALL,
    JOURNAL_SEND, /* a frame is about to be sent: data; a: whether more follow; b: its length */
    JOURNAL_MARK, /* name: what; data: more of it */
};

enum journal_kind { JOURNAL_FILE, JOURNAL_FOLDER, JOURNAL_SYMLINK, JOURNAL_SOCKET };

/* Followed by name and data, then zeros to a multiple of 8. All in the machine's byte order. */
struct journal_entry {
    uint32_t bytes; /* of all of it */
    uint32_t op;
    uint32_t pid;
    uint32_t name_bytes;
    uint64_t folder;
    uint64_t object;
    uint64_t other;
    int64_t a;
    int64_t b;
    uint64_t data_bytes;
};

/* Maps the file that POWERLOG_JOURNAL names. 0; -1: there is none, and nothing is noted. */
int journal_open (void);
bool journal_active (void);
void journal_lock (void);
void journal_unlock (void);

/* With the lock held. The lengths of name and data are filled in. */
void journal_note (struct journal_entry entry, const char *name, const void *data, size_t bytes);

#endif
