/* herefacts.c - what can be seen of a state folder from outside.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "herefacts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemons.h"

#define CONFIG_LINK "config"

static void look_at_daemon (int state_fd, const char *state, enum daemon_kind kind,
                            struct doctor_daemon *out)
{
    struct daemon daemon;
    struct err err;
    out->name = daemon_name (kind);
    if (daemon_look (state_fd, kind, &daemon, &err) < 0) {
        err_prefix (&err, "%.200s", state);
        memcpy (out->unclear, err.text, sizeof out->unclear);
    }
    out->pid = (int)daemon.pid;
    daemon_last_line (state_fd, kind, out->said, sizeof out->said);
}

/* What a daemon that runs was told with --config; false: nothing that can be read from here. */
static bool told (int pid, char *out, size_t out_bytes)
{
    char path[64], words[2 * LIMIT_PATH_BYTES];
    static const char option[] = "--config";
    snprintf (path, sizeof path, "/proc/%d/cmdline", pid);
    int fd = pid > 0 ? open (path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t bytes = fd >= 0 ? read (fd, words, sizeof words - 1) : -1;
    if (fd >= 0)
        close (fd);
    words[bytes > 0 ? bytes : 0] = '\0';
    for (char *word = words; word < words + bytes; word += strlen (word) + 1) {
        if (strncmp (word, option, strlen (option)) != 0)
            continue;
        word += strlen (option) + 1; /* over '=' or the end of the word */
        if (word < words + bytes && word[0] == '/')
            return snprintf (out, out_bytes, "%s", word) < (int)out_bytes;
    }
    return false;
}

/* What they read; of those that do not run, the file that `ems up` would give them. */
static bool find_config (int state_fd, struct herefacts *out)
{
    if (told (out->here.worker.pid, out->config, sizeof out->config) ||
        told (out->here.broker.pid, out->config, sizeof out->config))
        return true;
    ssize_t length = readlinkat (state_fd, CONFIG_LINK, out->config, sizeof out->config - 1);
    out->config[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static void look_at_config (int state_fd, struct herefacts *out)
{
    struct stat info;
    if (!find_config (state_fd, out))
        return;
    out->here.config = out->config;
    if (stat (out->config, &info) < 0 || access (out->config, R_OK) < 0) {
        snprintf (out->config_error, sizeof out->config_error, "%s", strerror (errno));
        out->here.config_error = out->config_error;
        return;
    }
    int64_t changed_ms = (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
    out->here.broker.older_than_config = daemon_since_ms (state_fd, DAEMON_BROKER) < changed_ms;
    out->here.worker.older_than_config = daemon_since_ms (state_fd, DAEMON_WORKER) < changed_ms;
}

static void ask_for_objection (const struct herefacts *facts, enum daemon_kind kind,
                               struct doctor_daemon *out)
{
    struct err err;
    if (daemon_check_config (kind, facts->here.state, facts->here.config, out->objection,
                             sizeof out->objection, &err) < 0)
        snprintf (out->objection, sizeof out->objection, "%s", err.text);
}

void herefacts_gather (struct herefacts *out, const char *state)
{
    struct stat info;
    struct statvfs disk;
    struct doctor_here *here = &out->here;
    *out = (struct herefacts){ .here = { .state = state, .user = (unsigned)geteuid () } };
    int fd = open (state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat (fd, &info) < 0) {
        here->error = errno;
        snprintf (out->error_text, sizeof out->error_text, "%s", strerror (errno));
        here->error_text = out->error_text;
        if (fd >= 0)
            close (fd);
        return;
    }
    here->owner = (unsigned)info.st_uid;
    here->mode = (unsigned)info.st_mode;
    look_at_daemon (fd, state, DAEMON_BROKER, &here->broker);
    look_at_daemon (fd, state, DAEMON_WORKER, &here->worker);
    here->slot_taken = daemons_slot_taken (fd, NULL) == 1;
    look_at_config (fd, out);
    if (!here->config_error) {
        ask_for_objection (out, DAEMON_BROKER, &here->broker);
        ask_for_objection (out, DAEMON_WORKER, &here->worker);
    }
    if (fstatvfs (fd, &disk) == 0)
        out->disk = (struct doctor_disk){
            .free_bytes = (int64_t)(disk.f_bavail * disk.f_frsize),
            .total_bytes = (int64_t)(disk.f_blocks * disk.f_frsize),
            .free_files = (int64_t)disk.f_favail,
            .total_files = (int64_t)disk.f_files,
        };
    close (fd);
}
