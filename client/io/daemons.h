/* daemons.h - broker and worker of this machine, as `ems up` and `ems down` see them: by their
 * locks.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_DAEMONS_H
#define EMS_DAEMONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "sbuf.h"

enum daemon_kind { DAEMON_BROKER, DAEMON_WORKER, DAEMONS };

struct daemon {
    enum daemon_kind kind;
    pid_t pid;       /* 0: not running */
    int pidfd;       /* of one that was started here; -1: none */
    bool started;    /* by us */
    long out_before; /* size of its output file before it was started */
};

const char *daemon_name (enum daemon_kind kind); /* "broker" */

/* Open (making it, 0700, with its parents) the state folder. The descriptor, or -1 with *err. */
int daemons_open_state (const char *state, bool make, struct err *err);

/* Look whether it runs. 0 and *out, or -1 with *err. */
int daemon_look (int state_fd, enum daemon_kind kind, struct daemon *out, struct err *err);

/* Start it in the background, its stderr appended to <state>/broker.out or worker.out.
 * config: absolute path, or NULL. */
int daemon_start (int state_fd, const char *state, const char *config, struct daemon *self,
                  struct err *err);
/* Of one that was started here: has it ended, and with which exit code (128+N: signal N)? */
bool daemon_ended (struct daemon *self, int *exit_code);
/* The last lines that it wrote since it was started, made safe. */
void daemon_last_words (int state_fd, const struct daemon *self, struct sbuf *out);

/* Ask it to end and wait for that; 1 ended, 0 not within timeout_ms, -1 with *err. */
int daemon_stop (int state_fd, struct daemon *self, int timeout_ms, struct err *err);
void daemon_forget (struct daemon *self); /* closes the descriptor; the process goes on */

/* The last line of its output file, made safe, without the time before it; "" if there is none. */
void daemon_last_line (int state_fd, enum daemon_kind kind, char *out, size_t out_bytes);
/* When it took its lock, by the wall clock in ms; 0 if that is not known. */
int64_t daemon_since_ms (int state_fd, enum daemon_kind kind);
/* What it objects to in that configuration (NULL: the shipped one): 0, and `out` stays empty if it
 * is good; -1 with *err: it could not be asked. */
int daemon_check_config (enum daemon_kind kind, const char *state, const char *config, char *out,
                         size_t out_bytes, struct err *err);

/* Is a job running in the slot of this state folder, whoever watches it? 1, 0, -1 with *err. */
int daemons_slot_taken (int state_fd, struct err *err);

#endif
