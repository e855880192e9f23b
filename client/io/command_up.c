/* command_up.c - `ems up`: start what is not running, return when it answers.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "daemons.h"
#include "ownstate.h"
#include "pages.h"

#define CONFIG_LINK "config"
#define READY_MS    30000 /* to answer */
#define REPLY_MS    500   /* for one answer: who is asked may have died meanwhile */
#define AGAIN_MS    50    /* between two looks at daemons and workers */

struct upping {
    struct tool *tool;
    const char *state;
    const char *config; /* absolute path; NULL: what is shipped */
    bool first_config;  /* none was used before */
    bool other_config;  /* than the one that was used last */
    int state_fd;
    int ended_fd; /* can be read when a daemon that we started ended */
    struct daemon daemons[DAEMONS];
};

static int say (struct upping *self, const struct err *err)
{
    tool_remark (self->tool, "%s", err->text);
    return err->code == STATUS_BAD_REQUEST ? EXITS_USAGE : EXITS_SYSTEM;
}

/* Also again and again: one that ran when we looked first may have been about to end. */
static int start_missing (struct upping *self)
{
    struct err err = { 0 };
    for (enum daemon_kind kind = 0; kind < DAEMONS; kind++) {
        struct daemon *daemon = &self->daemons[kind];
        if (daemon->started)
            continue;
        if (daemon_look (self->state_fd, kind, daemon, &err) < 0)
            return say (self, &err);
        if (daemon->pid > 0)
            continue;
        struct epoll_event event = { .events = EPOLLIN };
        if (daemon_start (self->state_fd, self->state, self->config, daemon, &err) < 0)
            return say (self, &err);
        if (epoll_ctl (self->ended_fd, EPOLL_CTL_ADD, daemon->pidfd, &event) < 0) {
            err_sys (&err, "cannot watch the %s", daemon_name (kind));
            return say (self, &err);
        }
    }
    return 0;
}

/* If one that we started has ended: why, and the exit code for that; else 0. One that only lost
 * the race against another `ems up` is no failure. */
static int check_ended (struct upping *self)
{
    for (enum daemon_kind kind = 0; kind < DAEMONS; kind++) {
        struct daemon *daemon = &self->daemons[kind];
        struct daemon now;
        struct sbuf words;
        int exit_code = 0;
        if (!daemon_ended (daemon, &exit_code))
            continue;
        epoll_ctl (self->ended_fd, EPOLL_CTL_DEL, daemon->pidfd, NULL);
        if (daemon_look (self->state_fd, kind, &now, NULL) == 0 && now.pid > 0) {
            daemon_forget (daemon);
            *daemon = now;
            continue;
        }
        tool_remark (self->tool, "the %s ended at once, with exit code %d:", daemon_name (kind),
                     exit_code);
        sbuf_init (&words);
        daemon_last_words (self->state_fd, daemon, &words);
        (void)!write (STDERR_FILENO, sbuf_text (&words), words.size);
        sbuf_free (&words);
        if (exit_code == EXITS_CONFIG)
            tool_remark (self->tool, "mend that, then `ems up` again");
        return exit_code == EXITS_CONFIG ? EXITS_CONFIG : EXITS_SYSTEM;
    }
    return 0;
}

/* Is a worker there, and does it answer? One that was killed may still be on the broker's list.
 * 1, 0, or -1 with *error. */
static int ask_workers (struct upping *self, struct ems_value **workers, struct ems_error *error)
{
    if (ems_workers (self->tool->ems, workers, error) < 0)
        return -1;
    const struct ems_value *first = ems_at (*workers, 0); /* the connected ones come first */
    const char *name = ems_text (first, "name");
    const char *state = ems_text (first, "state");
    if (!name || !state || strcmp (state, "offline") == 0)
        return 0;
    return ems_ping (self->tool->ems, name, NULL, error) < 0 ? -1 : 1;
}

/* Ask until a worker answers. */
static int wait_ready (struct upping *self, struct ems_value **workers)
{
    struct ems_error error;
    int64_t deadline_ms = clock_mono_ms () + READY_MS;
    for (;;) {
        int rc = ask_workers (self, workers, &error);
        if (rc > 0)
            return 0;
        ems_value_destroy (workers);
        int code = check_ended (self);
        if (code == 0)
            code = start_missing (self);
        if (code)
            return code;
        if (clock_mono_ms () >= deadline_ms) {
            if (rc < 0 && error.status != EMS_INTERRUPTED)
                return tool_fail (self->tool, &error, NULL);
            tool_remark (self->tool,
                         "the broker answers, but no worker is there after %d s; "
                         "`ems doctor` looks for why",
                         READY_MS / 1000);
            return EXITS_SYSTEM;
        }
        struct pollfd item = { .fd = self->ended_fd, .events = POLLIN };
        (void)poll (&item, 1, AGAIN_MS);
    }
}

/* What was started for nothing does not stay. */
static void undo (struct upping *self)
{
    for (enum daemon_kind kind = 0; kind < DAEMONS; kind++) {
        struct daemon *daemon = &self->daemons[kind];
        if (daemon->started && daemon->pidfd >= 0)
            (void)syscall (SYS_pidfd_send_signal, daemon->pidfd, SIGTERM, NULL, 0);
    }
}

static int remember_config (struct upping *self)
{
    struct err err = { 0 };
    (void)unlinkat (self->state_fd, CONFIG_LINK, 0);
    if (symlinkat (self->config, self->state_fd, CONFIG_LINK) == 0 || errno == EEXIST)
        return 0;
    err_sys (&err, "cannot remember the configuration in %s/" CONFIG_LINK, self->state);
    return say (self, &err);
}

/* What is there now. Another configuration that is not in force everywhere is a failure. */
static int report_up (struct upping *self, struct ems_value **workers)
{
    int started = 0;
    for (enum daemon_kind kind = 0; kind < DAEMONS; kind++) {
        const struct daemon *daemon = &self->daemons[kind];
        tool_remark (self->tool, "%s %s (process %d)", daemon_name (kind),
                     daemon->started ? "started" : "runs already", (int)daemon->pid);
        started += daemon->started;
    }
    const struct listing listing = { .kind = LIST_WORKERS, .standard = true };
    int code = pages_put (self->tool, &listing, tool_peek (*workers));
    ems_value_destroy (workers);
    if (code || !self->other_config)
        return code;
    if (started > 0)
        code = remember_config (self);
    if (code || started == DAEMONS)
        return code;
    tool_remark (
        self->tool,
        "what runs already did not read %s; to make it count: `ems down`, then `ems up` again",
        self->config);
    return EXITS_BUSY;
}

static int connect_to (struct upping *self)
{
    char endpoint[LIMIT_PATH_BYTES + 32];
    struct ems_error error;
    snprintf (endpoint, sizeof endpoint, "ipc://%s/sock/clients", self->state);
    struct ems_options options = {
        .clients = endpoint,
        .state = self->state,
        .connect_ms = REPLY_MS,
        .reply_ms = REPLY_MS,
        .interrupt_fd = self->ended_fd,
    };
    self->tool->ems = ems_new (&options, &error);
    return self->tool->ems ? 0 : tool_fail (self->tool, &error, NULL);
}

/* Those that are to be started are asked before any is, so that a wrong file leaves nothing behind.
 * Who cannot be asked says it when it is started. */
static int check_config (struct upping *self)
{
    char objection[ERR_TEXT_BYTES];
    for (enum daemon_kind kind = 0; self->config && kind < DAEMONS; kind++) {
        struct daemon now;
        if (daemon_look (self->state_fd, kind, &now, NULL) < 0 || now.pid > 0 ||
            daemon_check_config (kind, self->state, self->config, objection, sizeof objection,
                                 NULL) < 0 ||
            !objection[0])
            continue;
        tool_remark (self->tool, "the %s refuses its configuration: %s", daemon_name (kind),
                     objection);
        tool_remark (self->tool, "mend that, then `ems up` again");
        return EXITS_CONFIG;
    }
    return 0;
}

static int up (struct upping *self)
{
    struct ems_value *workers = NULL;
    int code = check_config (self);
    if (code == 0)
        code = start_missing (self);
    if (code == 0)
        code = connect_to (self);
    if (code == 0)
        code = wait_ready (self, &workers);
    if (code && self->first_config) /* nothing runs with it */
        (void)unlinkat (self->state_fd, CONFIG_LINK, 0);
    if (code)
        undo (self);
    else
        code = report_up (self, &workers);
    for (enum daemon_kind kind = 0; kind < DAEMONS; kind++)
        daemon_forget (&self->daemons[kind]);
    return code;
}

/* The daemons run in another folder: their configuration needs its whole path. */
static int whole_path (struct tool *tool, char out[LIMIT_PATH_BYTES])
{
    const char *config = tool->line.text[OPTION_CONFIG];
    if (!config || realpath (config, out))
        return 0;
    tool_remark (tool,
                 "cannot find the configuration %s: %s; without --config it is that of last time, "
                 "or what is shipped",
                 config, strerror (errno));
    return EXITS_USAGE;
}

/* The configuration to use: the one that is asked for, else the one that <state>/config remembers,
 * so that `ems up` after a crash starts what ran before. */
static int settle_config (struct upping *self, char config[LIMIT_PATH_BYTES])
{
    char before[LIMIT_PATH_BYTES];
    ssize_t length = readlinkat (self->state_fd, CONFIG_LINK, before, sizeof before - 1);
    before[length > 0 ? length : 0] = '\0';
    if (self->tool->line.given[OPTION_CONFIG]) {
        self->config = config;
        self->first_config = length <= 0;
        self->other_config = length > 0 && strcmp (before, config) != 0;
        return length > 0 ? 0 : remember_config (self);
    }
    if (length <= 0)
        return 0;
    strcpy (config, before);
    self->config = config;
    tool_remark (self->tool,
                 "the configuration is %s (as last time; `rm %s/" CONFIG_LINK "` forgets it)",
                 config, self->state);
    return 0;
}

int command_up (struct tool *tool)
{
    char config[LIMIT_PATH_BYTES];
    char state[LIMIT_PATH_BYTES];
    struct err err = { 0 };
    struct upping self = { .tool = tool, .state = state, .state_fd = -1, .ended_fd = -1 };
    for (enum daemon_kind kind = 0; kind < DAEMONS; kind++)
        self.daemons[kind] = (struct daemon){ .kind = kind, .pidfd = -1 };
    int code = whole_path (tool, config);
    if (code == 0 && ownstate_find (tool, state, &err) < 0)
        code = say (&self, &err);
    if (code == 0) {
        self.state_fd = daemons_open_state (state, true, &err);
        self.ended_fd = epoll_create1 (EPOLL_CLOEXEC);
        if (self.ended_fd < 0 && self.state_fd >= 0)
            err_sys (&err, "cannot wait for the daemons");
        if (self.state_fd < 0 || self.ended_fd < 0)
            code = say (&self, &err);
    }
    if (code == 0)
        code = settle_config (&self, config);
    if (code == 0)
        code = up (&self);
    if (self.ended_fd >= 0)
        close (self.ended_fd);
    if (self.state_fd >= 0)
        close (self.state_fd);
    return code;
}
