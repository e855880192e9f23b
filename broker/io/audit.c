/* audit.c - lines appended, files that are full put aside.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "files.h"
#include "ids.h"
#include "text.h"

#define FOLDER      "broker"
#define NAME        "audit.log"
#define NAME_ROOM   32
#define MOST_BYTES  (16 * 1024 * 1024)
#define LINE_BYTES  1024
#define WORD_BYTES  160   /* of one of the texts, made safe */
#define COMPLAIN_MS 60000 /* between two remarks */

struct audit {
    struct audit_options options;
    int dirfd; /* -1: not open yet */
    int fd;    /* -1: likewise */
    int64_t bytes;
    bool torn; /* the last line is not whole */
    int64_t complained_ms;
    int64_t lost;    /* lines since then */
    int64_t missing; /* lines since the last one that was written */
};

struct audit *audit_new (const struct audit_options *options, struct err *err)
{
    struct audit *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory for the audit log");
        return NULL;
    }
    self->options = *options;
    if (self->options.most_bytes <= 0)
        self->options.most_bytes = MOST_BYTES;
    self->dirfd = self->fd = -1;
    self->complained_ms = INT64_MIN / 2;
    return self;
}

static void let_go (struct audit *self)
{
    if (self->fd >= 0)
        close (self->fd);
    if (self->dirfd >= 0)
        close (self->dirfd);
    self->fd = self->dirfd = -1;
}

void audit_destroy (struct audit **self_p)
{
    struct audit *self = *self_p;
    if (!self)
        return;
    let_go (self);
    free (self);
    *self_p = NULL;
}

/* Does a line end where we begin to write? A crash may have left half of one. */
static bool ends_whole (int fd, int64_t bytes)
{
    char last = '\n';
    return bytes == 0 || pread (fd, &last, 1, bytes - 1) != 1 || last == '\n';
}

static int open_file (struct audit *self, struct err *err)
{
    struct stat stat;
    if (self->fd >= 0)
        return 0;
    if (self->dirfd < 0)
        self->dirfd = dir_open_make (self->options.statefd, FOLDER, 0700, err);
    if (self->dirfd < 0)
        return -1;
    self->fd =
        openat (self->dirfd, NAME, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (self->fd < 0)
        return err_sys (err, "cannot open " FOLDER "/" NAME);
    if (fstat (self->fd, &stat) < 0) {
        err_sys (err, "cannot look at " FOLDER "/" NAME);
        let_go (self);
        return -1;
    }
    self->bytes = stat.st_size;
    self->torn = !ends_whole (self->fd, self->bytes);
    return 0;
}

static void old_name (int number, char out[NAME_ROOM])
{
    if (number == 0)
        snprintf (out, NAME_ROOM, NAME);
    else
        snprintf (out, NAME_ROOM, NAME ".%d", number);
}

/* The oldest goes, each of the others gets the name of the one before it. */
static int put_aside (struct audit *self, struct err *err)
{
    for (int number = AUDIT_FILES; number > 0; number--) {
        char from[NAME_ROOM];
        char to[NAME_ROOM];
        old_name (number - 1, from);
        old_name (number, to);
        if (renameat (self->dirfd, from, self->dirfd, to) < 0 && errno != ENOENT)
            return err_sys (err, "cannot rename " FOLDER "/%s to %s", from, to);
    }
    close (self->fd);
    self->fd = -1;
    return 0;
}

static const char *word (const char *text, char out[WORD_BYTES])
{
    if (!text || text[0] == '\0')
        return "-";
    text_safe (text, strlen (text), false, out, WORD_BYTES);
    for (char *at = out; *at; at++)
        if (*at == ' ' || *at == '\t')
            *at = '_';
    return out;
}

static size_t print (const struct broker_deed *deed, int64_t wall_ms, char line[LINE_BYTES])
{
    char time[TIME_TEXT_BYTES];
    char words[6][WORD_BYTES];
    time_text (wall_ms, time);
    int n = snprintf (line, LINE_BYTES,
                      "\n%s user=%s key=%s verb=%s worker=%s job=%s request=%s status=%d\n", time,
                      word (deed->user, words[0]), word (deed->key, words[1]),
                      word (deed->verb, words[2]), word (deed->worker, words[3]),
                      word (deed->job, words[4]), word (deed->request, words[5]), deed->status);
    if (n >= LINE_BYTES) {
        line[LINE_BYTES - 2] = '\n';
        n = LINE_BYTES - 1;
    }
    return (size_t)n;
}

/* It would be written to nowhere. */
static bool was_removed (const struct audit *self)
{
    struct stat stat;
    return self->fd >= 0 && fstat (self->fd, &stat) == 0 && stat.st_nlink == 0;
}

static int append (struct audit *self, const char *line, size_t bytes, struct err *err)
{
    if (was_removed (self))
        let_go (self);
    if (open_file (self, err) < 0)
        return -1;
    if (self->bytes + (int64_t)bytes > self->options.most_bytes && self->bytes > 0 &&
        (put_aside (self, err) < 0 || open_file (self, err) < 0))
        return -1;
    size_t skip = self->torn ? 0 : 1; /* the newline that ends half a line */
    ssize_t n = write (self->fd, line + skip, bytes - skip);
    if (n == (ssize_t)(bytes - skip)) {
        self->bytes += n;
        self->torn = false;
        return 0;
    }
    if (n >= 0)
        errno = ENOSPC;
    err_sys (err, "cannot write " FOLDER "/" NAME);
    let_go (self); /* looked at afresh when it is opened again */
    return -1;
}

static void complain (struct audit *self, int64_t mono_ms, const struct err *err)
{
    char line[ERR_TEXT_BYTES + 64];
    self->lost++;
    self->missing++;
    if (mono_ms - self->complained_ms < COMPLAIN_MS)
        return;
    snprintf (line, sizeof line, "%lld lines of the audit log are lost: %s", (long long)self->lost,
              err->text);
    self->complained_ms = mono_ms;
    self->lost = 0;
    self->options.complain (self->options.arg, line);
}

/* In the place of the lines that are missing. */
static int tell_missing (struct audit *self, int64_t wall_ms, struct err *err)
{
    char time[TIME_TEXT_BYTES];
    char line[LINE_BYTES];
    if (self->missing == 0)
        return 0;
    time_text (wall_ms, time);
    int n = snprintf (line, sizeof line, "\n%s lost=%lld\n", time, (long long)self->missing);
    if (append (self, line, (size_t)n, err) < 0)
        return -1;
    self->missing = 0;
    return 0;
}

void audit_reopen (struct audit *self)
{
    let_go (self);
}

void audit_note (struct audit *self, const struct broker_time *now, const struct broker_deed *deed)
{
    char line[LINE_BYTES];
    struct err err;
    size_t bytes = print (deed, now->wall_ms, line);
    if (tell_missing (self, now->wall_ms, &err) < 0 || append (self, line, bytes, &err) < 0)
        complain (self, now->mono_ms, &err);
}
