/* procfs.c - the part of /proc that EMS reads.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "procfs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "fd.h"
#include "process_private.h"

#define ROOT "/proc"

/* Whom "/proc/PID" or "/proc/self" means; *rest is what follows, without a slash. */
static struct process *whose (const struct process *self, const char *path, const char **rest)
{
    if (strncmp (path, ROOT "/", sizeof ROOT) != 0)
        return NULL;
    const char *at = path + sizeof ROOT;
    struct process *found;
    if (strncmp (at, "self", 4) == 0) {
        at += 4;
        found = process_find (self->host, self->pid);
    } else {
        char *end;
        long pid = strtol (at, &end, 10);
        if (end == at)
            return NULL;
        at = end;
        found = process_find (self->host, (pid_t)pid);
    }
    while (*at == '/')
        at++;
    *rest = at;
    return found;
}

static ssize_t put_stat (const struct process *process, char *out)
{
    char state = !process_alive (process) ? 'Z' : process_stopped (process) ? 'T' : 'S';
    pid_t parent = process->parent ? process->parent->pid : 1;
    return snprintf (out, PROCFS_TEXT,
                     "%d (%s) %c %d %d %d 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 %" PRIu64 " 0 0\n",
                     (int)process->pid, process->name, state, (int)parent, (int)process->pid,
                     (int)process->sid, process->start_ticks);
}

static ssize_t put_command_line (const struct process *process, char *out)
{
    size_t n = 0;
    for (int i = 0; i < process->argc; i++) {
        size_t bytes = strlen (process->args[i]) + 1;
        if (n + bytes > PROCFS_TEXT)
            break;
        memcpy (out + n, process->args[i], bytes);
        n += bytes;
    }
    return (ssize_t)n;
}

static ssize_t put_environment (const struct process *process, char *out)
{
    size_t n = sizeof "PATH=/usr/bin";
    memcpy (out, "PATH=/usr/bin", n);
    if (process->mark[0]) {
        memcpy (out + n, process->mark, strlen (process->mark) + 1);
        n += strlen (process->mark) + 1;
    }
    return (ssize_t)n;
}

static ssize_t put_children (const struct process *process, char *out)
{
    size_t n = 0;
    out[0] = '\0';
    for (const struct process *at = process->host->first; at; at = at->next)
        if (at->parent == process && at->state != PROCESS_GONE && n + 16 < PROCFS_TEXT)
            n += (size_t)snprintf (out + n, PROCFS_TEXT - n, "%d ", (int)at->pid);
    return (ssize_t)n;
}

static ssize_t put_fdinfo (struct process *process, const char *number, char *out)
{
    const struct file *file = fd_file (process, atoi (number));
    if (!file)
        return -ENOENT;
    return snprintf (out, PROCFS_TEXT, "pos:\t0\nflags:\t0\n%s",
                     file->exclusive ? "lock:\t1: FLOCK  ADVISORY  WRITE 1 00:01:1 0 EOF\n" : "");
}

ssize_t procfs_read (const struct process *self, const char *path, char out[PROCFS_TEXT])
{
    const char *rest;
    if (strcmp (path, ROOT "/sys/kernel/random/boot_id") == 0)
        return snprintf (out, PROCFS_TEXT, "%08x-0000-4000-8000-%012x\n",
                         (unsigned)(sim_seed () & 0xffffffff), self->host->boots);
    struct process *process = whose (self, path, &rest);
    if (!process)
        return -ENOENT;
    if (strcmp (rest, "stat") == 0)
        return put_stat (process, out);
    if (!process_alive (process))
        return strcmp (rest, "environ") == 0 || strcmp (rest, "cmdline") == 0 ? 0 : -ENOENT;
    if (strcmp (rest, "environ") == 0)
        return put_environment (process, out);
    if (strcmp (rest, "cmdline") == 0)
        return put_command_line (process, out);
    if (strncmp (rest, "task/", 5) == 0 && strstr (rest, "/children"))
        return put_children (process, out);
    if (strncmp (rest, "task/", 5) == 0 && strstr (rest, "/stat"))
        return put_stat (process, out);
    if (strncmp (rest, "fdinfo/", 7) == 0)
        return put_fdinfo (process, rest + 7, out);
    return -ENOENT;
}

static ssize_t list_processes (const struct process *self, char names[PROCFS_NAMES][16])
{
    ssize_t count = 0;
    for (const struct process *at = self->host->first; at && count < PROCFS_NAMES; at = at->next)
        if (at->state != PROCESS_GONE)
            snprintf (names[count++], 16, "%d", (int)at->pid);
    return count;
}

ssize_t procfs_list (const struct process *self, const char *path, char names[PROCFS_NAMES][16])
{
    const char *rest;
    ssize_t count = 0;
    if (strcmp (path, ROOT) == 0)
        return list_processes (self, names);
    struct process *process = whose (self, path, &rest);
    if (!process || !process_alive (process))
        return -ENOENT;
    if (strcmp (rest, "task") == 0) {
        snprintf (names[count++], 16, "%d", (int)process->pid);
        return count;
    }
    if (strcmp (rest, "fd") != 0)
        return -ENOENT;
    for (int fd = 0; fd < PROCESS_FDS && count < PROCFS_NAMES; fd++)
        if (process->fds[fd])
            snprintf (names[count++], 16, "%d", fd);
    return count;
}

struct file *procfs_fd (const struct process *self, const char *path, const char **rest)
{
    const char *at;
    struct process *process = whose (self, path, &at);
    if (!process || strncmp (at, "fd/", 3) != 0)
        return NULL;
    char *end;
    long fd = strtol (at + 3, &end, 10);
    *rest = end;
    return end == at + 3 ? NULL : fd_file (process, (int)fd);
}
