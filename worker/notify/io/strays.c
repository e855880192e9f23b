/* strays.c - they are known by their environment.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "strays.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "files.h"
#include "limits.h"
#include "say.h"

#define ENVIRONMENT_BYTES (1 << 20)
#define ROUNDS            100 /* what is killed may just have forked */
#define MARK_BYTES        (sizeof STRAYS_MARK + LIMIT_PATH_BYTES)

int strays_mark (const char *state, struct err *err)
{
    return setenv (STRAYS_MARK, state, 1) == 0 ? 0 : err_sys (err, "cannot mark our commands");
}

static char *read_of (const char *pid, const char *file, size_t *bytes)
{
    char path[64];
    struct err ignored;
    snprintf (path, sizeof path, "/proc/%.20s/%s", pid, file);
    return file_read (AT_FDCWD, path, ENVIRONMENT_BYTES, bytes, &ignored);
}

/* A command may have started EMS, whose programs then have the mark too. */
static bool is_ems (const char *pid)
{
    size_t bytes = 0;
    char *name = read_of (pid, "comm", &bytes);
    bool is = name && strncmp (name, "ems-", 4) == 0;
    free (name);
    return is;
}

static bool is_marked (const char *pid, const char *mark)
{
    size_t bytes = 0;
    char *text = read_of (pid, "environ", &bytes);
    bool marked = false;
    for (const char *at = text; text && !marked && at < text + bytes; at += strlen (at) + 1)
        marked = strcmp (at, mark) == 0;
    free (text);
    return marked;
}

/* True if it was there to be killed. */
static bool kill_if_marked (const char *name, const char *mark)
{
    pid_t pid = (pid_t)strtol (name, NULL, 10);
    if (pid <= 0 || pid == getpid () || !is_marked (name, mark) || is_ems (name))
        return false;
    int fd = pidfd_open (pid, 0);
    if (fd < 0)
        return false;
    /* Now that the descriptor holds it: is it still the one that was looked at? */
    bool killed = is_marked (name, mark) && pidfd_send_signal (fd, SIGKILL, NULL, 0) == 0;
    close (fd);
    return killed;
}

void strays_kill (void)
{
    char mark[MARK_BYTES];
    const char *state = getenv (STRAYS_MARK);
    bool found = true;
    if (!state)
        return;
    snprintf (mark, sizeof mark, STRAYS_MARK "=%s", state);
    for (int i = 0; i < ROUNDS && found; i++) {
        const struct dirent *item;
        DIR *dir = opendir ("/proc");
        found = false;
        while (dir && (item = readdir (dir)))
            found = kill_if_marked (item->d_name, mark) || found;
        if (dir)
            closedir (dir);
        if (found && i == 0)
            notify_say ("killed what an ems-notify before us had started and not ended");
    }
}
