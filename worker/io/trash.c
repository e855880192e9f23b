/* trash.c - a bounded number of removals per turn, at any depth.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "trash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "clock.h"
#include "note.h"

#define PREFIX       ".trash-"
#define TURN_STEPS   256   /* entries that are touched in one turn */
#define DEPTH        32    /* descriptors that are open at once */
#define AGAIN_MS     60000 /* what cannot be removed is tried again so often */
#define NAMES_TRIED  10000
#define MOVED_DEEPER "deep" /* the name of what was too deep where it was */

struct trash {
    struct reactor *reactor;
    int dirfd;
    unsigned number; /* of the next name */
    bool noted;      /* that something cannot be removed */
    bool rests;
    bool put_off; /* its turn came while it rested */
    struct reactor_timer timer;
};

/* One turn. */
struct turn {
    struct trash *trash;
    int steps;   /* that are left */
    int removed; /* or brought further up */
    struct err err;
    bool failed;
};

static void due (void *arg)
{
    struct trash *self = arg;
    if (self->rests)
        self->put_off = true;
    else
        trash_empty (self);
}

struct trash *trash_new (struct reactor *reactor, int dirfd, struct err *err)
{
    struct trash *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    self->reactor = reactor;
    self->dirfd = dirfd;
    self->timer = (struct reactor_timer){ .fn = due, .arg = self };
    return self;
}

void trash_destroy (struct trash **self_p)
{
    struct trash *self = *self_p;
    if (!self)
        return;
    reactor_disarm (self->reactor, &self->timer);
    free (self);
    *self_p = NULL;
}

/* Is a name taken by something that a rename would not replace? */
static bool taken (int number)
{
    return number == EEXIST || number == ENOTEMPTY || number == ENOTDIR || number == EISDIR;
}

/* 0, or -1 with errno. */
static int move_here (struct trash *self, int dirfd, const char *name, const char *label)
{
    char to[sizeof PREFIX + 64];
    int rc = -1;
    for (int i = 0; i < NAMES_TRIED && rc < 0; i++) {
        snprintf (to, sizeof to, PREFIX "%.40s-%u", label, self->number++);
        rc = renameat (dirfd, name, self->dirfd, to);
        if (rc < 0 && !taken (errno))
            break;
    }
    return rc;
}

int trash_throw_from (struct trash *self, int dirfd, const char *name, struct err *err)
{
    if (move_here (self, dirfd, name, name) < 0 && errno != ENOENT)
        return err_sys (err, "cannot throw away %s", name);
    return 0;
}

int trash_throw (struct trash *self, const char *name, struct err *err)
{
    return trash_throw_from (self, self->dirfd, name, err);
}

static void failed (struct turn *turn, const char *name)
{
    if (!turn->failed)
        err_sys (&turn->err, "cannot remove %.200s", name);
    turn->failed = true;
}

/* A program may have left a folder that it made unreadable or read-only; it is ours all the
 * same. */
static DIR *open_folder (int dirfd, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    struct stat st;
    int fd = beneath_open (dirfd, name, flags, 0);
    if (fd < 0 && errno == EACCES && fchmodat (dirfd, name, 0700, 0) == 0)
        fd = beneath_open (dirfd, name, flags, 0);
    if (fd < 0)
        return NULL;
    if (fstat (fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
        (void)fchmod (fd, 0700);
    DIR *dir = fdopendir (fd);
    if (!dir)
        close (fd);
    return dir;
}

static bool is_entry (const struct dirent *item)
{
    return strcmp (item->d_name, ".") != 0 && strcmp (item->d_name, "..") != 0;
}

static void remove_one (struct turn *turn, int dirfd, const char *name, int depth);

/* What is in the folder, as far as this turn goes. */
static void remove_in (struct turn *turn, DIR *dir, int depth)
{
    const struct dirent *item;
    while (turn->steps > 0 && (item = readdir (dir)))
        if (is_entry (item))
            remove_one (turn, dirfd (dir), item->d_name, depth);
}

static void remove_folder (struct turn *turn, int dirfd, const char *name, int depth)
{
    DIR *dir = open_folder (dirfd, name);
    if (!dir) {
        if (errno != ENOENT)
            failed (turn, name);
        return;
    }
    if (depth < DEPTH)
        remove_in (turn, dir, depth + 1);
    closedir (dir);
    /* What lies too deep is moved up to where its turn comes. */
    if (unlinkat (dirfd, name, AT_REMOVEDIR) == 0 ||
        (depth >= DEPTH && move_here (turn->trash, dirfd, name, MOVED_DEEPER) == 0))
        turn->removed++;
    else if (turn->steps > 0)
        failed (turn, name);
}

static void remove_one (struct turn *turn, int dirfd, const char *name, int depth)
{
    turn->steps--;
    if (unlinkat (dirfd, name, 0) == 0)
        turn->removed++;
    else if (errno == EISDIR || errno == EPERM)
        remove_folder (turn, dirfd, name, depth);
    else if (errno != ENOENT)
        failed (turn, name);
}

static void take_turn (struct turn *turn)
{
    DIR *dir = open_folder (turn->trash->dirfd, ".");
    if (!dir) {
        failed (turn, ".");
        return;
    }
    const struct dirent *item;
    while (turn->steps > 0 && (item = readdir (dir)))
        if (strncmp (item->d_name, PREFIX, strlen (PREFIX)) == 0)
            remove_one (turn, turn->trash->dirfd, item->d_name, 0);
    closedir (dir);
}

void trash_empty (struct trash *self)
{
    struct turn turn = { .trash = self, .steps = TURN_STEPS };
    take_turn (&turn);
    /* As long as something goes, there may be more. */
    if (turn.removed > 0) {
        reactor_arm (self->reactor, &self->timer, clock_mono_ms ());
        return;
    }
    if (turn.failed && !self->noted)
        worker_note ("the trash: %s; trying again every minute", turn.err.text);
    self->noted = turn.failed;
    if (turn.failed)
        reactor_arm (self->reactor, &self->timer, clock_mono_ms () + AGAIN_MS);
}

void trash_rest (struct trash *self, bool rest)
{
    self->rests = rest;
    if (rest || !self->put_off)
        return;
    self->put_off = false;
    reactor_arm (self->reactor, &self->timer, clock_mono_ms ());
}

bool trash_busy (const struct trash *self)
{
    return self->put_off || (self->timer.armed && !self->noted);
}
