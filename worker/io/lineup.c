/* lineup.c - an array of lines on disk.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "lineup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

#define BLOCK_BYTES (32 * 1024)

int lineup_open (struct lineup *self, int dirfd, const char *name, size_t width, struct err *err)
{
    *self = (struct lineup){ .fd = -1, .width = width };
    int fd = openat (dirfd, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    struct stat st;
    if (fd < 0)
        return err_sys (err, "cannot open %s", name);
    if (fstat (fd, &st) < 0)
        goto fail;
    self->count = st.st_size / (int64_t)width;
    if (st.st_size % (int64_t)width != 0 && ftruncate (fd, self->count * (int64_t)width) < 0)
        goto fail;
    self->fd = fd;
    return dir_sync (dirfd, err);
fail:
    err_sys (err, "cannot look at %s", name);
    close (fd);
    return -1;
}

void lineup_close (struct lineup *self)
{
    if (self->fd >= 0)
        close (self->fd);
    self->fd = -1;
}

/* Make the file as long as its whole lines. */
static int cut (struct lineup *self, struct err *err)
{
    self->torn = ftruncate (self->fd, self->count * (int64_t)self->width) < 0;
    return self->torn ? err_sys (err, "cannot take back half a line") : 0;
}

int lineup_append (struct lineup *self, const char *line, struct err *err)
{
    if (self->torn && cut (self, err) < 0)
        return -1;
    if (file_write_all (self->fd, line, self->width) < 0 || fdatasync (self->fd) < 0) {
        err_sys (err, "cannot append a line");
        cut (self, NULL);
        return -1;
    }
    self->count++;
    return 0;
}

/* Read all of it; 0 or -1. */
static int read_at (int fd, char *out, size_t bytes, int64_t offset)
{
    while (bytes > 0) {
        ssize_t n = pread (fd, out, bytes, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO; /* somebody made the file shorter */
        if (n <= 0)
            return -1;
        out += n;
        offset += n;
        bytes -= (size_t)n;
    }
    return 0;
}

int lineup_read (const struct lineup *self, int64_t index, char *line, struct err *err)
{
    if (read_at (self->fd, line, self->width, index * (int64_t)self->width) < 0)
        return err_sys (err, "cannot read line %lld", (long long)index);
    return 0;
}

int64_t lineup_search (const struct lineup *self, int64_t below, size_t column, const char *text,
                       size_t bytes, struct err *err)
{
    char block[BLOCK_BYTES];
    int64_t per_block = (int64_t)(sizeof block / self->width);
    int64_t end = below < self->count ? below : self->count;
    while (end > 0) {
        int64_t start = end > per_block ? end - per_block : 0;
        if (read_at (self->fd, block, (size_t)(end - start) * self->width,
                     start * (int64_t)self->width) < 0) {
            err_sys (err, "cannot search");
            return -2;
        }
        for (int64_t i = end - 1; i >= start; i--)
            if (memcmp (block + (size_t)(i - start) * self->width + column, text, bytes) == 0)
                return i;
        end = start;
    }
    return -1;
}

int lineup_each (const struct lineup *self, lineup_fn *fn, void *arg, struct err *err)
{
    char block[BLOCK_BYTES];
    int64_t per_block = (int64_t)(sizeof block / self->width);
    for (int64_t start = 0; start < self->count; start += per_block) {
        int64_t lines = self->count - start < per_block ? self->count - start : per_block;
        if (read_at (self->fd, block, (size_t)lines * self->width, start * (int64_t)self->width) <
            0)
            return err_sys (err, "cannot read");
        for (int64_t i = 0; i < lines; i++)
            if (fn (arg, block + (size_t)i * self->width) != 0)
                return 0;
    }
    return 0;
}
