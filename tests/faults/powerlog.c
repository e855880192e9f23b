/* powerlog.c - a preloaded library that notes, in order, every change to files and every sync.
 *
 * Everything on the filesystem of POWERLOG_ROOT is noted, by inode; who reads the journal knows
 * which of them are below the state folder. EMS writes files only through these calls; what stdio
 * writes inside libc is not seen.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include "journal.h"

#define SENT_BYTES 65536 /* of a frame at most; longer ones are log output */

static dev_t device;
static bool active; /* journal_open worked, and `device` is known */

/* Which process ran when is a fact that the reader needs: what was executed, was. */
__attribute__ ((constructor)) static void start (void)
{
    struct stat st;
    const char *root = getenv ("POWERLOG_ROOT");
    if (!root || stat (root, &st) < 0 || journal_open () < 0)
        return;
    device = st.st_dev;
    active = true;
    const char *job = getenv ("EMS_JOB_ID");
    if (!job)
        return;
    char text[64];
    int n = snprintf (text, sizeof text, "%.12s %s", job, getenv ("EMS_ATTEMPT"));
    journal_lock ();
    journal_note ((struct journal_entry){ .op = JOURNAL_MARK }, "exec", text, (size_t)n);
    journal_unlock ();
}

/* ---- what is where ---- */

static uint64_t inode_at (int dirfd, const char *path, mode_t *mode)
{
    struct stat st;
    if (fstatat (dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != device)
        return 0;
    *mode = st.st_mode;
    return st.st_ino;
}

static uint64_t inode_of (int fd)
{
    struct stat st;
    int before = errno;
    int rc = fstat (fd, &st);
    errno = before;
    if (rc < 0 || st.st_dev != device || !(S_ISREG (st.st_mode) || S_ISDIR (st.st_mode)))
        return 0;
    return st.st_ino;
}

/* A name in its folder. */
struct place {
    uint64_t folder; /* 0: not on our filesystem */
    char name[256];
};

static struct place place_of (int dirfd, const char *path)
{
    struct place place = { 0 };
    struct stat st;
    char parent[4096];
    const char *slash = strrchr (path, '/');
    const char *base = slash ? slash + 1 : path;
    if (!slash)
        snprintf (parent, sizeof parent, ".");
    else
        snprintf (parent, sizeof parent, "%.*s", (int)(slash - path) + 1, path);
    snprintf (place.name, sizeof place.name, "%s", base);
    if (fstatat (dirfd, parent, &st, 0) == 0 && st.st_dev == device)
        place.folder = st.st_ino;
    return place;
}

static void note_create (int dirfd, const char *path, enum journal_kind kind, const char *target)
{
    mode_t mode;
    struct place place = place_of (dirfd, path);
    uint64_t object = inode_at (dirfd, path, &mode);
    if (place.folder && object)
        journal_note (
            (struct journal_entry){
                .op = JOURNAL_CREATE, .folder = place.folder, .object = object, .a = kind },
            place.name, target, target ? strlen (target) : 0);
}

/* The end of every call: errno as the call left it. */
static long done (long rc)
{
    int number = errno;
    journal_unlock ();
    errno = number;
    return rc;
}

/* ---- files ---- */

/* The C library's, or ours below. */
static long system_call (long number, const long at[6])
{
    static long (*real) (long number, ...);
    if (!real)
        *(void **)&real = dlsym (RTLD_NEXT, "syscall");
    return real (number, at[0], at[1], at[2], at[3], at[4], at[5]);
}

static int open_as (int dirfd, const char *path, const struct open_how *how)
{
    if (how->resolve == 0)
        return (int)syscall (SYS_openat, dirfd, path, (int)how->flags, (mode_t)how->mode);
    long at[6] = { dirfd, (long)path, (long)how, sizeof *how };
    return (int)system_call (SYS_openat2, at);
}

static int open_noted (int dirfd, const char *path, const struct open_how *how)
{
    mode_t found = 0;
    int flags = (int)how->flags;
    if (!active || !(flags & (O_CREAT | O_TRUNC)))
        return open_as (dirfd, path, how);
    int before = errno;
    journal_lock ();
    uint64_t old = inode_at (dirfd, path, &found);
    errno = before;
    int fd = open_as (dirfd, path, how);
    if (fd >= 0 && !old)
        note_create (dirfd, path, JOURNAL_FILE, NULL);
    else if (fd >= 0 && (flags & O_TRUNC) && S_ISREG (found))
        journal_note ((struct journal_entry){ .op = JOURNAL_TRUNCATE, .object = old }, "", NULL, 0);
    errno = fd >= 0 ? before : errno;
    return (int)done (fd);
}

static mode_t mode_argument (int flags, va_list *arguments)
{
    bool given = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    return given ? (mode_t)va_arg (*arguments, int) : 0;
}

static int open_plain (int dirfd, const char *path, int flags, mode_t mode)
{
    const struct open_how how = { .flags = (unsigned)flags, .mode = mode };
    return open_noted (dirfd, path, &how);
}

#define OPEN(NAME)                                       \
    int NAME (const char *path, int flags, ...)          \
    {                                                    \
        va_list arguments;                               \
        va_start (arguments, flags);                     \
        mode_t mode = mode_argument (flags, &arguments); \
        va_end (arguments);                              \
        return open_plain (AT_FDCWD, path, flags, mode); \
    }

#define OPENAT(NAME)                                       \
    int NAME (int dirfd, const char *path, int flags, ...) \
    {                                                      \
        va_list arguments;                                 \
        va_start (arguments, flags);                       \
        mode_t mode = mode_argument (flags, &arguments);   \
        va_end (arguments);                                \
        return open_plain (dirfd, path, flags, mode);      \
    }

OPEN (open)
OPEN (open64)
OPENAT (openat)
OPENAT (openat64)

/* openat2, which has no function in the C library. */
long syscall (long number, ...)
{
    long at[6];
    va_list arguments;
    va_start (arguments, number);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        at[i] = va_arg (arguments, long);
    va_end (arguments);
    return number == SYS_openat2
               ? open_noted ((int)at[0], (const char *)at[1], (const struct open_how *)at[2])
               : system_call (number, at);
}

static void note_write (uint64_t object, int64_t offset, const void *data, ssize_t bytes)
{
    if (bytes > 0)
        journal_note ((struct journal_entry){ .op = JOURNAL_WRITE, .object = object, .a = offset },
                      "", data, (size_t)bytes);
}

ssize_t write (int fd, const void *data, size_t bytes)
{
    uint64_t object = active ? inode_of (fd) : 0;
    if (!object)
        return syscall (SYS_write, fd, data, bytes);
    journal_lock ();
    ssize_t n = syscall (SYS_write, fd, data, bytes);
    int number = errno;
    /* Also with O_APPEND the position is now behind what was written. */
    note_write (object, (int64_t)lseek (fd, 0, SEEK_CUR) - n, data, n);
    errno = number;
    return done (n);
}

ssize_t pwrite (int fd, const void *data, size_t bytes, off_t offset)
{
    uint64_t object = active ? inode_of (fd) : 0;
    if (!object)
        return syscall (SYS_pwrite64, fd, data, bytes, offset);
    journal_lock ();
    ssize_t n = syscall (SYS_pwrite64, fd, data, bytes, offset);
    note_write (object, offset, data, n);
    return done (n);
}

ssize_t pwrite64 (int fd, const void *data, size_t bytes, off64_t offset)
{
    return pwrite (fd, data, bytes, offset);
}

ssize_t writev (int fd, const struct iovec *pieces, int count)
{
    uint64_t object = active ? inode_of (fd) : 0;
    if (!object)
        return syscall (SYS_writev, fd, pieces, count);
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t n = write (fd, pieces[i].iov_base, pieces[i].iov_len);
        if (n < 0)
            return all > 0 ? all : n;
        all += n;
        if ((size_t)n < pieces[i].iov_len)
            break;
    }
    return all;
}

int ftruncate (int fd, off_t length)
{
    uint64_t object = active ? inode_of (fd) : 0;
    if (!object)
        return (int)syscall (SYS_ftruncate, fd, length);
    journal_lock ();
    long rc = syscall (SYS_ftruncate, fd, length);
    if (rc == 0)
        journal_note (
            (struct journal_entry){ .op = JOURNAL_TRUNCATE, .object = object, .a = length }, "",
            NULL, 0);
    return (int)done (rc);
}

/* ---- names ---- */

int renameat2 (int from, const char *old, int to, const char *new, unsigned flags)
{
    if (!active)
        return (int)syscall (SYS_renameat2, from, old, to, new, flags);
    journal_lock ();
    struct place source = place_of (from, old), target = place_of (to, new);
    long rc = syscall (SYS_renameat2, from, old, to, new, flags);
    if (rc == 0 && (source.folder || target.folder))
        journal_note (
            (struct journal_entry){
                .op = JOURNAL_RENAME, .folder = source.folder, .other = target.folder, .b = flags },
            source.name, target.name, strlen (target.name));
    return (int)done (rc);
}

int renameat (int from, const char *old, int to, const char *new)
{
    return renameat2 (from, old, to, new, 0);
}

int rename (const char *old, const char *new)
{
    return renameat2 (AT_FDCWD, old, AT_FDCWD, new, 0);
}

int unlinkat (int dirfd, const char *path, int flags)
{
    if (!active)
        return (int)syscall (SYS_unlinkat, dirfd, path, flags);
    journal_lock ();
    struct place place = place_of (dirfd, path);
    long rc = syscall (SYS_unlinkat, dirfd, path, flags);
    if (rc == 0 && place.folder)
        journal_note ((struct journal_entry){ .op = JOURNAL_UNLINK, .folder = place.folder },
                      place.name, NULL, 0);
    return (int)done (rc);
}

int unlink (const char *path)
{
    return unlinkat (AT_FDCWD, path, 0);
}

int rmdir (const char *path)
{
    return unlinkat (AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat (int dirfd, const char *path, mode_t mode)
{
    if (!active)
        return (int)syscall (SYS_mkdirat, dirfd, path, mode);
    journal_lock ();
    long rc = syscall (SYS_mkdirat, dirfd, path, mode);
    if (rc == 0)
        note_create (dirfd, path, JOURNAL_FOLDER, NULL);
    return (int)done (rc);
}

int mkdir (const char *path, mode_t mode)
{
    return mkdirat (AT_FDCWD, path, mode);
}

int symlinkat (const char *target, int dirfd, const char *path)
{
    if (!active)
        return (int)syscall (SYS_symlinkat, target, dirfd, path);
    journal_lock ();
    long rc = syscall (SYS_symlinkat, target, dirfd, path);
    if (rc == 0)
        note_create (dirfd, path, JOURNAL_SYMLINK, target);
    return (int)done (rc);
}

int symlink (const char *target, const char *path)
{
    return symlinkat (target, AT_FDCWD, path);
}

int linkat (int from, const char *old, int to, const char *new, int flags)
{
    mode_t mode;
    if (!active)
        return (int)syscall (SYS_linkat, from, old, to, new, flags);
    journal_lock ();
    long rc = syscall (SYS_linkat, from, old, to, new, flags);
    struct place place = place_of (to, new);
    if (rc == 0 && place.folder)
        journal_note ((struct journal_entry){ .op = JOURNAL_LINK,
                                              .folder = place.folder,
                                              .object = inode_at (to, new, &mode) },
                      place.name, NULL, 0);
    return (int)done (rc);
}

int link (const char *old, const char *new)
{
    return linkat (AT_FDCWD, old, AT_FDCWD, new, 0);
}

/* A socket's name is a file like any other. */
int bind (int fd, __CONST_SOCKADDR_ARG address, socklen_t bytes)
{
    const struct sockaddr_un *local = address.__sockaddr_un__;
    if (!active || local->sun_family != AF_UNIX || local->sun_path[0] == '\0')
        return (int)syscall (SYS_bind, fd, local, bytes);
    journal_lock ();
    long rc = syscall (SYS_bind, fd, local, bytes);
    if (rc == 0)
        note_create (AT_FDCWD, local->sun_path, JOURNAL_SOCKET, NULL);
    return (int)done (rc);
}

/* ---- syncs: noted after they are done ---- */

static int sync_noted (int fd, long number)
{
    uint64_t object = active ? inode_of (fd) : 0;
    if (!object)
        return (int)syscall (number, fd);
    journal_lock ();
    long rc = syscall (number, fd);
    if (rc == 0)
        journal_note (
            (struct journal_entry){ .op = number == SYS_syncfs ? JOURNAL_SYNC_ALL : JOURNAL_SYNC,
                                    .object = object },
            "", NULL, 0);
    return (int)done (rc);
}

int fsync (int fd)
{
    return sync_noted (fd, SYS_fsync);
}

int fdatasync (int fd)
{
    return sync_noted (fd, SYS_fdatasync);
}

int syncfs (int fd)
{
    return sync_noted (fd, SYS_syncfs);
}
