/* jobdir.h - the folder run/<job_id>/ through which worker and shim speak.
 *
 *   spec.json   written by the worker, once, before the shim starts: what to run
 *   ctl.sock    bound and listened to by the worker, handed to the shim as descriptor 3;
 *               SOCK_SEQPACKET; any later worker connects to it by name
 *   shim.json   written by the shim, durably, before the main process may exec: an orchestrator
 *               that ran is always on record. Exists => this attempt must never be started again
 *   exit.json   written by the shim, durably, when no process of the job is alive
 *   tail.json   the worker's own: how far the log was published (not durable on purpose)
 *
 * Control messages (one per packet, ASCII, no newline):
 *   worker -> shim  "stop GRACE_MS"     stop the job; again with a smaller grace shortens it
 *                   "preempt GRACE_MS"  the same, to make room for another job: outcome preempted
 *                   "grace GRACE_MS"    from now on that of the spec, for limits that strike
 *                   "limit MS NUMBER NAME"  the experiment that runs, and how long it may from
 *                                       now; 0: without limit. Told again, its time goes on
 *                   "pause"             hold every process of the job; its limits stand still
 *                   "resume"            let them go on. Both are answered again when it is so
 *                                       already; a job that is being ended gives no answer
 *   shim -> worker  "started"           the main process runs (also at once to a new connection)
 *                   "full"              the disk is: the job waits for room (also to a new one)
 *                   "room"              and goes on
 *                   "paused"            no process of the job runs (also to a new connection)
 *                   "resumed"           they run again: see below
 *                   "exited"            exit.json is durable; the shim ends now
 * "resumed" answers "resume"; it also comes when a paused job is let go to be stopped, and in the
 * place of "paused" when some process could not be held within REAP_HOLD_MS.
 * End of file on the connection (or a reset: a message crossed the shim's end) means that the shim
 * is gone: exit.json says how, or it is lost. A shim that finds that another one has or had this
 * attempt ends with status 0 and without a word.
 * The worker connects before it spawns, since a short job may be over at once, and closes its
 * copy of the listening socket after that, since else it would never see the end of file.
 * A SIGTERM for the shim is a stop with the same grace as one for a limit.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_JOBDIR_H
#define EMS_JOBDIR_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "ids.h"
#include "limits.h"
#include "outcome.h"
#include "proc.h"
#include "record.h"

#define JOBDIR_SPEC "spec.json"
#define JOBDIR_SHIM "shim.json"
#define JOBDIR_EXIT "exit.json"
#define JOBDIR_CTL  "ctl.sock"
#define JOBDIR_TAIL "tail.json"
#define SLOT_LOCK   "slot.lock"

#define SHIM_LISTEN_FD    3
#define CTL_MESSAGE_BYTES 160
#define UNKILLED_LISTED   16

#define SPEC_RLIMITS      16 /* entries in a spec; there are fewer kinds */
#define SPEC_RLIMIT_BYTES 16 /* a name of one, with its NUL */
#define SPEC_UNLIMITED    (-1)
#define SPEC_CPUS         1024 /* numbers below this */
#define SPEC_NICE_MIN     (-20)
#define SPEC_NICE_MAX     19
#define SPEC_GROUPS       256

/* The name is that of prlimit without RLIMIT_, lower case; the shim knows: as core cpu data fsize
 * memlock nofile nproc stack. SPEC_UNLIMITED or what setrlimit takes. */
struct spec_rlimit {
    char name[SPEC_RLIMIT_BYTES];
    int64_t soft;
    int64_t hard;
};

/* What to run. Strings and arrays are owned; spec_clear frees them. */
struct spec {
    char job_id[JOB_ID_BYTES];
    int64_t attempt;
    char **argv;   /* NULL-ended; argv[0] is the absolute path of the program */
    char **env;    /* NULL-ended, "NAME=value", complete: nothing is inherited */
    char *workdir; /* absolute */
    /* Absolute; what is in there is made durable before a success is written down: if it is not
     * empty, its whole filesystem is synced, and a failure of that makes the outcome `disk`. A
     * folder that is not there is an empty one. NULL: none */
    char *sync_dir;
    int64_t grace_ms;
    int64_t time_limit_ms; /* 0: none */
    bool use_cgroup;       /* try a cgroup v2; false: only sub-reaper and sweep */
    /* All that follows may be absent, and then there is no such limit. */
    int64_t silence_limit_ms; /* without a byte of output; 0: none */
    int64_t log_limit_bytes;  /* of the whole log, earlier attempts included; 0: none */
    int64_t *cpus;            /* that it may use, each at most once; owned */
    size_t cpu_count;         /* 0: as the shim */
    bool has_nice;
    int64_t nice;
    struct spec_rlimit rlimits[SPEC_RLIMITS];
    size_t rlimit_count;
    int64_t memory_limit_bytes; /* of all its processes together, in a cgroup; 0: none */
    bool has_user;              /* it runs as: */
    uid_t uid;
    gid_t gid;
    gid_t groups[SPEC_GROUPS]; /* besides gid; it may be among them */
    size_t group_count;
};

/* The durable start record. */
struct shim_record {
    char job_id[JOB_ID_BYTES];
    int64_t attempt;
    struct proc_identity shim;
    struct proc_identity main;
    int64_t started_at_ms;         /* wall clock */
    char cgroup[LIMIT_PATH_BYTES]; /* absolute path of the job's cgroup folder; "": none */
};

/* How it ended. */
struct exit_record {
    char job_id[JOB_ID_BYTES];
    int64_t attempt;
    enum outcome outcome;
    bool has_code;
    int64_t code;
    bool has_signal;
    int64_t signal;
    bool forced;           /* SIGKILL was needed for the main process */
    int64_t started_at_ms; /* 0 if nothing ran */
    int64_t finished_at_ms;
    double user_s;
    double system_s;
    int64_t max_rss_kb;
    int64_t leftovers_killed; /* processes alive after the main one, killed */
    int64_t unkilled;         /* processes that could not be killed; 0 is the rule */
    struct proc_identity unkilled_list[UNKILLED_LISTED]; /* the first of them */
    size_t unkilled_listed;
    bool drained; /* the pipe was read to its end of file */
    char detail[DETAIL_BYTES];
};

/* `dirfd` is run/<job_id>/. _read: 404 if there is none, 400 if it is not what it should be.
 * The writes are durable when they return 0. */
int spec_write (int dirfd, const struct spec *spec, struct err *err);
int spec_read (int dirfd, struct spec *out, struct err *err);
void spec_clear (struct spec *self);
int shim_record_write (int dirfd, const struct shim_record *record, struct err *err);
int shim_record_read (int dirfd, struct shim_record *out, struct err *err);
int exit_record_write (int dirfd, const struct exit_record *record, struct err *err);
int exit_record_read (int dirfd, struct exit_record *out, struct err *err);

/* ctl.sock: bind and listen (worker; an old one is removed), connect (worker, later on).
 * Both go through /proc/self/fd/<dirfd>, so the path length does not matter. Descriptors are
 * CLOEXEC and non-blocking; -1 with *err. */
int ctl_listen (int dirfd, struct err *err);
int ctl_connect (int dirfd, struct err *err);

#endif
