/* disk_power.c - the disk after a loss of power.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "disk_private.h"

#include <stdlib.h>
#include <string.h>
#include "sim.h"

#define BLOCK_BYTES 512

enum kept { KEPT_NOTHING, KEPT_ALL, KEPT_PREFIX, KEPT_SOME, KEPT_FOLDERS, KEPT_WAYS };

/* ---- names ---- */

static bool shares_a_name (const struct op *a, const struct op *b)
{
    for (int i = 0; i < PLACES_OF_OP; i++)
        for (int j = 0; j < PLACES_OF_OP; j++)
            if (a->places[i].dir && a->places[i].dir == b->places[j].dir &&
                strcmp (a->places[i].name, b->places[j].name) == 0)
                return true;
    return false;
}

/* Did anything before it not happen that was about the same name? */
static bool lacks_what_came_first (const struct disk *self, const struct op *op)
{
    for (const struct op *at = self->first; at != op; at = at->next)
        if (!at->marked && shares_a_name (at, op))
            return true;
    return false;
}

/* Of some folders everything is kept, of others nothing. */
static bool keeps_folders (const struct op *op, uint64_t salt)
{
    for (int i = 0; i < PLACES_OF_OP; i++)
        if (op->places[i].dir && (op->places[i].dir->number * salt >> 32) % 2 == 0)
            return false;
    return true;
}

static void choose_names (struct disk *self)
{
    uint64_t count = 0, index = 0;
    for (const struct op *op = self->first; op; op = op->next)
        count++;
    enum kept way = (enum kept)sim_random (KEPT_WAYS);
    uint64_t prefix = sim_random (count + 1), salt = sim_random (UINT64_MAX) | 1;
    for (struct op *op = self->first; op; op = op->next, index++) {
        bool keep = way == KEPT_ALL || (way == KEPT_PREFIX && index < prefix) ||
                    (way == KEPT_SOME && sim_random (2) == 0) ||
                    (way == KEPT_FOLDERS && keeps_folders (op, salt));
        op->marked = keep && !lacks_what_came_first (self, op);
    }
    ops_apply_marked (self);
    ops_drop_all (self);
}

/* ---- contents ---- */

/* Each block as it was synced or as it was written last; where there was none, zeros. */
static void mix_blocks (struct inode *inode, size_t bytes)
{
    struct content mixed = { 0 };
    const struct content *old = &inode->safe, *new = &inode->content;
    content_grow (&mixed, bytes);
    for (size_t at = 0; at < bytes; at += BLOCK_BYTES) {
        const struct content *from = sim_random (2) == 0 ? old : new;
        size_t length = bytes - at < BLOCK_BYTES ? bytes - at : BLOCK_BYTES;
        size_t there = from->bytes > at ? from->bytes - at : 0;
        if (there > 0)
            memcpy (mixed.data + at, from->data + at, there < length ? there : length);
    }
    free (inode->safe.data);
    inode->safe = mixed;
}

static void choose_content (struct inode *inode)
{
    size_t old = inode->safe.bytes, new = inode->content.bytes;
    size_t less = old < new ? old : new, more = old < new ? new : old;
    size_t between = less + (size_t)sim_random (more - less + 1);
    switch ((enum kept)sim_random (KEPT_WAYS)) {
    case KEPT_NOTHING:
        break;
    case KEPT_ALL:
        content_set (&inode->safe, inode->content.data, new);
        break;
    case KEPT_PREFIX:
        /* All that was written, but a file that grew is not that long yet. */
        content_set (&inode->safe, inode->content.data, new < between ? new : between);
        break;
    default:
        mix_blocks (inode, between);
        break;
    }
}

/* ---- what is seen from now on ---- */

static void rebuild (struct inode *dir)
{
    entries_clear (&dir->entries);
    for (size_t i = 0; i < dir->safe_entries.count; i++) {
        const struct entry *entry = &dir->safe_entries.items[i];
        struct inode *inode = entry->inode;
        entries_set (&dir->entries, entry->name, inode);
        inode->links++;
        inode->parent = dir;
        if (inode->type == INODE_DIR && inode->links == 1)
            rebuild (inode);
    }
}

void disk_lose_power (struct disk *self)
{
    choose_names (self);
    for (struct inode *at = self->all; at; at = at->next) {
        at->links = 0;
        at->locked = NULL;
        at->listener = NULL;
        at->shared = at->watches = 0;
    }
    /* The order of `all` is that of making, so chance is the same each time. */
    for (struct inode *at = self->all; at; at = at->next)
        if (at->type == INODE_FILE) {
            if (at->dirty)
                choose_content (at);
            content_set (&at->content, at->safe.data, at->safe.bytes);
            at->dirty = false;
        }
    self->root->links = 1;
    rebuild (self->root);
}
