/* files.c - files read bounded and replaced whole.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "beneath.h"
#include "files.h"

int file_write_all (int fd, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        ssize_t n = write (fd, at, bytes);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        at += n;
        bytes -= (size_t)n;
    }
    return 0;
}

/* Read to the end of the file into out; more than `space` bytes is an error with EFBIG. */
static ssize_t read_to_end (int fd, char *out, size_t space)
{
    size_t have = 0;
    for (;;) {
        char extra;
        bool full = have == space;
        ssize_t n = read (fd, full ? &extra : out + have, full ? 1 : space - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            return (ssize_t)have;
        if (full) {
            errno = EFBIG;
            return -1;
        }
        have += (size_t)n;
    }
}

static int open_regular (int dirfd, const char *name, struct stat *st, struct err *err)
{
    /* O_NONBLOCK: a FIFO in the place of a file must not hang us. */
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = dirfd == AT_FDCWD ? open (name, flags) : beneath_open (dirfd, name, flags, 0);
    if (fd < 0) {
        if (errno == ENOENT)
            return err_set (err, STATUS_UNKNOWN, "there is no file %s", name);
        return err_sys (err, "cannot open %s", name);
    }
    if (fstat (fd, st) < 0) {
        err_sys (err, "cannot look at %s", name);
        close (fd);
        return -1;
    }
    if (!S_ISREG (st->st_mode)) {
        err_set (err, STATUS_FAILED, "%s is not a regular file", name);
        close (fd);
        return -1;
    }
    return fd;
}

static int too_large (struct err *err, const char *name, size_t max_bytes)
{
    return err_set (err, STATUS_TOO_LARGE, "%s is larger than the %zu bytes it may have", name,
                    max_bytes);
}

char *file_read (int dirfd, const char *name, size_t max_bytes, size_t *bytes, struct err *err)
{
    char *data = NULL;
    struct stat st = { 0 };
    int fd = open_regular (dirfd, name, &st, err);
    if (fd < 0)
        return NULL;
    if (st.st_size < 0 || (uintmax_t)st.st_size > max_bytes) {
        too_large (err, name, max_bytes);
        goto out;
    }
    /* Files of /proc say 0, and a log grows: read what is there, not what the size says. */
    data = malloc (max_bytes + 1);
    if (!data) {
        err_sys (err, "cannot read %s", name);
        goto out;
    }
    ssize_t have = read_to_end (fd, data, max_bytes);
    if (have < 0) {
        if (errno == EFBIG)
            too_large (err, name, max_bytes);
        else
            err_sys (err, "cannot read %s", name);
        free (data);
        data = NULL;
        goto out;
    }
    char *fitting = realloc (data, (size_t)have + 1);
    if (fitting)
        data = fitting;
    data[have] = '\0';
    *bytes = (size_t)have;
out:
    close (fd);
    return data;
}

/* Fill the temporary file and make its contents durable. */
static int write_temporary (int dirfd, const char *temporary, const void *data, size_t bytes,
                            mode_t mode, struct err *err)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat (dirfd, temporary, flags, mode);
    if (fd < 0)
        return err_sys (err, "cannot create %s", temporary);
    int rc = 0;
    if (file_write_all (fd, data, bytes) < 0 || fsync (fd) < 0)
        rc = err_sys (err, "cannot write %s", temporary);
    int saved = errno;
    close (fd);
    errno = saved;
    return rc;
}

/* The folder that the entry `name` itself is in; opened, so that it can be synced. */
static int open_parent (int dirfd, const char *name, struct err *err)
{
    const char *slash = strrchr (name, '/');
    char parent[4096];
    if (!slash)
        snprintf (parent, sizeof parent, ".");
    else if ((size_t)(slash - name) + 2 > sizeof parent)
        return err_set (err, STATUS_BAD_REQUEST, "the path %.64s… is too long", name);
    else
        snprintf (parent, sizeof parent, "%.*s", (int)(slash - name) + 1, name);
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int fd = dirfd == AT_FDCWD ? open (parent, flags) : beneath_open (dirfd, parent, flags, 0);
    if (fd < 0)
        err_sys (err, "cannot open the folder of %s", name);
    return fd;
}

int file_replace (int dirfd, const char *name, const void *data, size_t bytes, mode_t mode,
                  struct err *err)
{
    const char *slash = strrchr (name, '/');
    const char *base = slash ? slash + 1 : name;
    char temporary[256];
    int n = snprintf (temporary, sizeof temporary, ".%s.tmp", base);
    if (n < 0 || (size_t)n >= sizeof temporary)
        return err_set (err, STATUS_BAD_REQUEST, "the file name %.64s… is too long", base);

    int parent = open_parent (dirfd, name, err);
    if (parent < 0)
        return -1;
    int rc = write_temporary (parent, temporary, data, bytes, mode, err);
    if (rc == 0 && renameat (parent, temporary, parent, base) < 0)
        rc = err_sys (err, "cannot put %s in its place", name);
    int saved = errno;
    if (rc < 0) {
        unlinkat (parent, temporary, 0);
    } else if (fsync (parent) < 0) {
        saved = errno;
        rc = err_sys (err, "cannot make %s durable", name);
    }
    close (parent);
    errno = saved; /* callers look for ENOSPC */
    return rc;
}

int dir_open_make (int dirfd, const char *name, mode_t mode, struct err *err)
{
    if (mkdirat (dirfd, name, mode) < 0 && errno != EEXIST)
        return err_sys (err, "cannot make the folder %s", name);
    int fd = openat (dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_sys (err, "cannot open the folder %s", name);
    return fd;
}

int dir_sync (int dirfd, struct err *err)
{
    if (fsync (dirfd) < 0)
        return err_sys (err, "cannot make a folder durable");
    return 0;
}

int dir_sync_above (int dirfd, struct err *err)
{
    struct stat st, above;
    int rc = 0;
    if (fstat (dirfd, &st) < 0)
        return err_sys (err, "cannot look at a folder");
    int fd = openat (dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && rc == 0 && fstat (fd, &above) == 0 && above.st_dev == st.st_dev &&
           above.st_ino != st.st_ino) {
        st = above;
        rc = dir_sync (fd, err);
        int next = rc < 0 ? -1 : openat (fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close (fd);
        fd = next;
    }
    if (fd >= 0)
        close (fd);
    return rc < 0 ? err_prefix (err, "above the state folder") : 0;
}
