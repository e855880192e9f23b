/* connections.c - counting them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "connections.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "ids.h"
#include "limits.h"

#define ALL_OF_THEM 65536
#define SWEEP_MS    1000 /* between two looks at all of them */
#define NOT_HEARD   (-1)

struct connection {
    uint64_t number;
    int owner;
    int fd; /* or NOT_HEARD */
    ino_t inode;
};

struct owner {
    char user[NAME_BYTES];
    int count;  /* 0: free */
    int silent; /* while they are swept */
};

struct connections {
    int most;
    struct connection *items; /* by number */
    size_t count;
    size_t room;
    struct owner owners[LIMIT_USERS];
    int64_t swept_ms;
};

struct connections *connections_new (int most)
{
    struct connections *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->most = most;
    self->swept_ms = INT64_MIN / 2;
    return self;
}

void connections_destroy (struct connections **self_p)
{
    struct connections *self = *self_p;
    if (!self)
        return;
    free (self->items);
    free (self);
    *self_p = NULL;
}

/* What a descriptor stands for; 0: nothing. */
static ino_t inode_of (int fd)
{
    struct stat stat;
    return fd >= 0 && fstat (fd, &stat) == 0 && S_ISSOCK (stat.st_mode) ? stat.st_ino : 0;
}

static bool is_there (const struct connection *item)
{
    return item->inode != 0 && inode_of (item->fd) == item->inode;
}

static int by_inode (const void *left, const void *right)
{
    const ino_t *a = left;
    const ino_t *b = right;
    return (*a > *b) - (*a < *b);
}

/* A socket over TCP that does not listen: with somebody at the other end, or nearly. */
static bool is_tcp (int fd)
{
    int family = 0;
    int listens = 0;
    socklen_t bytes = sizeof family;
    return getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &family, &bytes) == 0 &&
           (family == AF_INET || family == AF_INET6) &&
           getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) == 0 && !listens;
}

/* Sockets over TCP that somebody is connected to, and that no message came by: all that could be a
 * silent connection. `known` are the others, in order. */
static int count_silent (const ino_t *known, size_t count)
{
    struct rlimit limit = { 0 };
    int silent = 0;
    getrlimit (RLIMIT_NOFILE, &limit);
    for (int fd = 0; (rlim_t)fd < limit.rlim_max && fd < ALL_OF_THEM; fd++) {
        ino_t inode = inode_of (fd);
        silent += is_tcp (fd) && !bsearch (&inode, known, count, sizeof *known, by_inode);
    }
    return silent;
}

static int count_unheard (const struct connections *self)
{
    size_t heard = 0;
    ino_t *known = calloc (self->count + 1, sizeof *known);
    if (!known)
        return ALL_OF_THEM;
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i].fd != NOT_HEARD)
            known[heard++] = self->items[i].inode;
    qsort (known, heard, sizeof *known, by_inode);
    int silent = count_silent (known, heard);
    free (known);
    return silent;
}

/* Forget those that ended; of each user's silent ones the oldest, if not all can be there. */
static void sweep (struct connections *self)
{
    size_t kept = self->count;
    int unheard = count_unheard (self);
    for (int i = 0; i < LIMIT_USERS; i++)
        self->owners[i].silent = 0;
    for (size_t i = self->count; i-- > 0;) {
        const struct connection *item = &self->items[i];
        struct owner *owner = &self->owners[item->owner];
        bool there = item->fd == NOT_HEARD ? ++owner->silent <= unheard : is_there (item);
        if (there)
            self->items[--kept] = *item;
        else
            owner->count--;
    }
    memmove (self->items, self->items + kept, (self->count - kept) * sizeof *self->items);
    self->count -= kept;
}

static int owner_of (const struct connections *self, const char *user)
{
    int unused = -1;
    for (int i = 0; i < LIMIT_USERS; i++) {
        if (self->owners[i].count == 0)
            unused = unused < 0 ? i : unused;
        else if (strcmp (self->owners[i].user, user) == 0)
            return i;
    }
    return unused;
}

static bool make_room (struct connections *self)
{
    if (self->count < self->room)
        return true;
    size_t room = self->room ? 2 * self->room : 64;
    struct connection *items =
        room <= ALL_OF_THEM ? realloc (self->items, room * sizeof *items) : NULL;
    if (!items)
        return false;
    self->items = items;
    self->room = room;
    return true;
}

static bool is_full (const struct connections *self, int owner)
{
    return owner < 0 || self->owners[owner].count >= self->most || self->count >= ALL_OF_THEM;
}

bool connections_admit (struct connections *self, const char *user, uint64_t number,
                        int64_t mono_ms)
{
    int owner = owner_of (self, user);
    if (is_full (self, owner) && mono_ms - self->swept_ms >= SWEEP_MS) {
        self->swept_ms = mono_ms;
        sweep (self);
        owner = owner_of (self, user);
    }
    if (is_full (self, owner) || !make_room (self))
        return false;
    struct owner *entry = &self->owners[owner];
    if (entry->count++ == 0) {
        entry->user[0] = '\0';
        strncat (entry->user, user, sizeof entry->user - 1);
    }
    self->items[self->count++] =
        (struct connection){ .number = number, .owner = owner, .fd = NOT_HEARD };
    return true;
}

static int by_number (const void *left, const void *right)
{
    const struct connection *a = left;
    const struct connection *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

static struct connection *find (const struct connections *self, uint64_t number)
{
    const struct connection wanted = { .number = number };
    return self->count == 0 ? NULL
                            : bsearch (&wanted, self->items, self->count, sizeof wanted, by_number);
}

void connections_heard (struct connections *self, uint64_t number, int fd)
{
    struct connection *item = find (self, number);
    if (!item || item->fd != NOT_HEARD || fd < 0)
        return;
    item->fd = fd;
    item->inode = inode_of (fd);
    /* A descriptor belongs to one: of two that had it the one that was let in later. */
    for (size_t i = 0; i < self->count; i++) {
        struct connection *other = &self->items[i];
        if (other == item || other->fd != fd)
            continue;
        if (other->number < number)
            other->inode = 0;
        else
            item->inode = 0;
    }
}

bool connections_ended (const struct connections *self, uint64_t number)
{
    const struct connection *item = find (self, number);
    return !item || (item->fd != NOT_HEARD && !is_there (item));
}
