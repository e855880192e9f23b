/* disk_safe.c - what is durable, and what makes it so.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "disk_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sim.h"

static char *name_copy (const char *name)
{
    char *copy = name ? strdup (name) : NULL;
    if (name && !copy)
        sim_fail ("out of memory");
    return copy;
}

void ops_add (struct disk *self, struct place from, struct place to, struct inode *inode)
{
    struct op *op = calloc (1, sizeof *op);
    if (!op)
        sim_fail ("out of memory");
    op->places[0] = (struct place){ from.dir, name_copy (from.name) };
    op->places[1] = (struct place){ to.dir, name_copy (to.name) };
    op->inode = inode;
    *self->end = op;
    self->end = &op->next;
}

/* Take the first of the list that `p` points to out of it. */
static struct op *op_take (struct disk *self, struct op **p)
{
    struct op *op = *p;
    *p = op->next;
    if (!*p)
        self->end = p;
    return op;
}

static void op_free (struct op *op)
{
    free (op->places[0].name);
    free (op->places[1].name);
    free (op);
}

void ops_drop_all (struct disk *self)
{
    while (self->first)
        op_free (op_take (self, &self->first));
}

static bool op_concerns (const struct op *op, const struct inode *dir)
{
    return op->places[0].dir == dir || op->places[1].dir == dir;
}

static void op_apply (const struct op *op)
{
    if (op->places[0].dir)
        entries_set (&op->places[0].dir->safe_entries, op->places[0].name, NULL);
    entries_set (&op->places[1].dir->safe_entries, op->places[1].name, op->inode);
}

void ops_apply_marked (struct disk *self)
{
    struct op **p = &self->first;
    while (*p) {
        if (!(*p)->marked) {
            p = &(*p)->next;
            continue;
        }
        struct op *op = op_take (self, p);
        op_apply (op);
        op_free (op);
    }
}

static bool same_place (const struct place *a, const struct place *b)
{
    return a->dir && a->dir == b->dir && strcmp (a->name, b->name) == 0;
}

static bool op_precedes (const struct op *op, const struct op *later)
{
    for (int i = 0; i < PLACES_OF_OP; i++)
        for (int j = 0; j < PLACES_OF_OP; j++)
            if (same_place (&op->places[i], &later->places[j]))
                return true;
    return false;
}

/* What was done before with a name that a marked one speaks of is done first. */
static void mark_what_comes_first (struct disk *self)
{
    bool more = true;
    while (more) {
        more = false;
        for (struct op *later = self->first; later; later = later->next)
            for (struct op *op = self->first; later->marked && op != later; op = op->next)
                if (!op->marked && op_precedes (op, later))
                    op->marked = more = true;
    }
}

/* What happened in a folder that is no more, durably, matters to nobody. */
static void forget_removed (struct disk *self)
{
    struct op **p = &self->first;
    while (*p) {
        struct op *op = *p;
        bool gone =
            op->places[1].dir->links == 0 && (!op->places[0].dir || op->places[0].dir->links == 0);
        if (!gone) {
            p = &op->next;
            continue;
        }
        /* Its name may come back as long as its removal is not durable: then with all that it
         * had when it was synced last, or less. */
        bool pending = false;
        for (struct op *other = self->first; other && !pending; other = other->next)
            pending = !other->inode && other->places[1].dir == op->places[1].dir->parent;
        if (pending)
            p = &op->next;
        else
            op_free (op_take (self, p));
    }
}

static int sync_dir (struct inode *dir)
{
    struct disk *self = dir->disk;
    for (struct op *op = self->first; op; op = op->next)
        op->marked = op_concerns (op, dir);
    mark_what_comes_first (self);
    ops_apply_marked (self);
    forget_removed (self);
    return 0;
}

int disk_sync (struct inode *self, bool lost)
{
    if (lost) {
        self->dirty = false;
        return -EIO;
    }
    if (self->type == INODE_DIR)
        return sync_dir (self);
    if (self->dirty)
        content_set (&self->safe, self->content.data, self->content.bytes);
    self->dirty = false;
    return 0;
}

void disk_sync_all (struct disk *self)
{
    for (struct op *op = self->first; op; op = op->next)
        op->marked = true;
    ops_apply_marked (self);
    for (struct inode *at = self->all; at; at = at->next)
        if (at->type == INODE_FILE && at->dirty)
            disk_sync (at, false);
}
