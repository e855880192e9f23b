/* journal.c - the journal in shared memory.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "journal.h"

struct header {
    uint64_t end;   /* offset behind the last entry */
    uint64_t ready; /* the lock was made */
    pthread_mutex_t lock;
};

static struct header *header;

static _Noreturn void fail (const char *what)
{
    dprintf (STDERR_FILENO, "powerlog: %s: %s\n", what, strerror (errno));
    abort ();
}

static void lock_file (int fd, short type)
{
    struct flock whole = { .l_type = type, .l_whence = SEEK_SET };
    while (fcntl (fd, F_OFD_SETLKW, &whole) < 0)
        if (errno != EINTR)
            fail ("cannot lock the journal");
}

/* Whoever comes first makes the lock; a process may be killed while it holds it. */
static void make_lock (void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init (&attributes);
    pthread_mutexattr_setpshared (&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust (&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init (&header->lock, &attributes);
    header->end = JOURNAL_START;
    header->ready = 1;
}

int journal_open (void)
{
    const char *path = getenv ("POWERLOG_JOURNAL");
    if (!path)
        return -1;
    int fd = (int)syscall (SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || syscall (SYS_ftruncate, fd, JOURNAL_BYTES) < 0)
        fail (path);
    void *map = mmap (NULL, JOURNAL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        fail (path);
    header = map;
    lock_file (fd, F_WRLCK);
    if (!header->ready)
        make_lock ();
    lock_file (fd, F_UNLCK); /* closing would not do: the map holds the file */
    close (fd);
    return 0;
}

bool journal_active (void)
{
    return header;
}

void journal_lock (void)
{
    int rc = pthread_mutex_lock (&header->lock);
    if (rc == EOWNERDEAD)
        rc = pthread_mutex_consistent (&header->lock);
    if (rc != 0) {
        errno = rc;
        fail ("cannot lock the journal");
    }
}

void journal_unlock (void)
{
    pthread_mutex_unlock (&header->lock);
}

void journal_note (struct journal_entry entry, const char *name, const void *data, size_t bytes)
{
    entry.name_bytes = (uint32_t)strlen (name);
    entry.data_bytes = bytes;
    size_t whole = (sizeof entry + entry.name_bytes + bytes + 7) & ~(size_t)7;
    if (header->end + whole > JOURNAL_BYTES) {
        errno = ENOSPC;
        fail ("the journal is full");
    }
    entry.bytes = (uint32_t)whole;
    entry.pid = (uint32_t)getpid ();
    char *at = (char *)header + header->end;
    memcpy (at, &entry, sizeof entry);
    memcpy (at + sizeof entry, name, entry.name_bytes);
    if (bytes > 0)
        memcpy (at + sizeof entry + entry.name_bytes, data, bytes);
    /* Only now: a process that is killed before leaves nothing half done. */
    header->end += whole;
}
