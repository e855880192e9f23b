/* power_job.c - an orchestrator whose output and results are known beforehand.
 *
 * power_job LINES CODE wait|run|bare: says so many lines, writes results that it does not sync
 * (`bare`: none), waits (only with `wait`) until there is a file "go" in its working folder, and
 * exits with the code. In "execs" it notes that it ran.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS  1000000
#define BIG_BYTES 20000
#define PIECE     777

static void check (int good, const char *what)
{
    if (good)
        return;
    dprintf (STDERR_FILENO, "power_job: %s: %s\n", what, strerror (errno));
    exit (99);
}

static void put (int dirfd, const char *name, size_t bytes)
{
    char data[BIG_BYTES];
    for (size_t i = 0; i < bytes; i++)
        data[i] = (char)('a' + i % 23);
    int fd = openat (dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    check (fd >= 0, name);
    for (size_t at = 0; at < bytes; at += PIECE) {
        size_t piece = bytes - at < PIECE ? bytes - at : PIECE;
        check (write (fd, data + at, piece) == (ssize_t)piece, name);
    }
    close (fd);
}

static void write_results (void)
{
    int dirfd = open (getenv ("EMS_RESULTS_DIR"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check (dirfd >= 0, "results");
    check (mkdirat (dirfd, "alpha", 0750) == 0 && mkdirat (dirfd, "alpha/deep", 0750) == 0,
           "folder");
    put (dirfd, "alpha/big", BIG_BYTES);
    put (dirfd, "alpha/deep/empty", 0);
    put (dirfd, ".part", 100);
    check (renameat (dirfd, ".part", dirfd, "alpha/deep/small") == 0, "rename");
    check (symlinkat ("alpha/big", dirfd, "newest") == 0, "symlink");
    close (dirfd);
}

static void note_execution (void)
{
    int fd = open ("execs", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    check (fd >= 0, "execs");
    dprintf (fd, "%s %s\n", getenv ("EMS_JOB_ID"), getenv ("EMS_ATTEMPT"));
    close (fd);
}

int main (int argc, char **argv)
{
    check (argc == 4, "usage: power_job LINES CODE wait|run|bare");
    note_execution ();
    int lines = atoi (argv[1]);
    for (int i = 1; i <= lines / 2; i++)
        dprintf (STDOUT_FILENO, "line %d\n", i);
    if (strcmp (argv[3], "bare") != 0)
        write_results ();
    while (strcmp (argv[3], "wait") == 0 && access ("go", F_OK) < 0)
        nanosleep (&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
    for (int i = lines / 2 + 1; i <= lines; i++)
        dprintf (STDOUT_FILENO, "line %d\n", i);
    return atoi (argv[2]);
}
