/* ems.h - libems: run, watch and cancel jobs of the Execution Management System from C.
 *
 *     struct ems_error error;
 *     struct ems *ems = ems_new (NULL, &error);          // where EMS_ENDPOINT or EMS_STATE say
 *     struct ems_run run;
 *     struct ems_value *job = NULL;
 *     ems_run_init (&run);
 *     run.profile = "lab";
 *     if (!ems || ems_run (ems, &run, &job, &error) < 0)
 *         fprintf (stderr, "%s\n", error.text);
 *
 * Compiled with $(pkg-config --cflags --libs libems). client/examples/ has whole programs.
 *
 * Values. What comes back (jobs, lists of jobs, workers) is a struct ems_value: a map, list, text,
 * number, with the fields that proto/PROTOCOL.md names. Read them with ems_get and its sisters;
 * new fields of later versions break nothing. A value that a function hands out by
 * `struct ems_value **` belongs to the caller: ems_value_destroy. What ems_get, ems_at and the
 * texts point to belongs to that value.
 *
 * Errors. Functions return 0 (or a count) or -1 (or NULL), and then *error says why; `error` may be
 * NULL. `status` is a status of the protocol (400 to 504: the other side refused, and `text` is
 * its sentence) or EMS_UNREACHABLE or EMS_INTERRUPTED; 500 is also said of failures on this side
 * (memory, a socket). `out` values are NULL after an error unless the function says otherwise.
 *
 * Waiting. A request waits until it is answered. It gives up after connect_ms if there is no
 * connection and after reply_ms if no answer comes. It is repeated, with the same id, after a
 * reconnection, and while there is no worker (503) or the worker was too late (504): it never
 * makes a second job. `run`, `rerun`, `cancel`, `pause`, `resume` and `prune`, which may take long,
 * wait as long as the broker is there.
 *
 * Keys. When the broker does not let our key in any more, over TCP, whatever waits ends with 403,
 * followers too: within seconds after a connection was lost, and on one that is open at the next
 * question, which a follower asks every 10 s at least; with EMS_UNREACHABLE if another broker has
 * been in the place of ours for reply_ms. The next request tries anew.
 *
 * Where jobs live. The worker of a job that was seen before its end (the last 64 of them) is named
 * in further requests with that whole job id: they reach it without a question to all workers, and
 * wait for it while it is away.
 *
 * Threads. A struct ems and all that was made from it belong to one thread at a time. Different
 * struct ems are independent. To end another thread's wait make its interrupt_fd readable. No
 * function installs signal handlers; the library's own threads block all signals. After fork
 * nothing of it is of use in the child, which leaves it alone.
 *
 * Versions. Functions and fields are only added, and fields where `reserved` keeps room for them: a
 * program runs with every later libems.so.0 than the one that it was built with. What is reserved
 * stays 0, as ems_run_init and an initializer leave it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_H
#define EMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default) /* all that libems.so shows */
#endif

#define EMS_UNREACHABLE 1 /* nobody answers at the endpoint */
#define EMS_INTERRUPTED 2 /* interrupt_fd became readable */

struct ems;
struct ems_value;
struct ems_follow;
struct ems_monitor;
struct ems_ask;

struct ems_error {
    int status;
    char parameter[65]; /* 400 because of a parameter of the profile: its name; else "" */
    char text[512];     /* one sentence, UTF-8, safe to print */
};

/* ---- Connection ------------------------------------------------------------------------- */

struct ems_options {
    const char
        *clients; /* endpoint as ipc:///run/ems/clients; NULL: EMS_ENDPOINT, else by `state` */
    const char *events; /* NULL: EMS_EVENTS, else `events` beside the clients socket, or for
                         * tcp:// the same host at the port of `clients` + 3 */
    const char *state;  /* state folder; NULL: EMS_STATE, $XDG_STATE_HOME/ems, ~/.local/state/ems */
    /* For tcp:// endpoints, which take both: the file of our secret key, as `ems keygen` makes it,
     * and the public key of the broker. A certificate with a section `sign` signs every request. */
    const char *certificate;
    const char *server_key;
    int connect_ms;   /* at most so long without a connection; 0: 1800 */
    int reply_ms;     /* at most so long without an answer; 0: 10000 */
    int interrupt_fd; /* when it can be read, every wait ends with EMS_INTERRUPTED; <= 0: none */
    /* Called (from within the waiting function) when a wait gets longer than expected, with a
     * sentence that says why; NULL: not called. */
    void (*notice) (void *arg, const char *text);
    void *notice_arg;
    void *reserved[8];
};

/* A new connection; `options` may be NULL. It connects in the background: that nobody answers
 * shows at the first request. NULL with *error (400: no usable endpoint). */
struct ems *ems_new (const struct ems_options *options, struct ems_error *error);
/* Closes; followers made from it must have been destroyed. Safe on NULL, nulls the pointer. */
void ems_destroy (struct ems **self_p);
/* Before a job is run in order to follow it: is it known where its events come from? 0, or -1 with
 * *error (400). Waits for nobody. */
int ems_can_follow (const struct ems *self, struct ems_error *error);
/* The endpoint in use; belongs to `self`. */
const char *ems_endpoint (const struct ems *self);
/* The version of the library that runs, as "0.1.0". Belongs to the library. */
const char *ems_version (void);

/* ---- Requests ---------------------------------------------------------------------------- */

/* Any request of the protocol. `worker` and `body` may be NULL; `body` stays the caller's. 0 with
 * the reply's body in *reply (a map), or -1 with *error; then *reply is the body that came with the
 * refusal, or NULL. `reply` may be NULL. */
int ems_request (struct ems *self, const char *type, const char *worker,
                 const struct ems_value *body, struct ems_value **reply, struct ems_error *error);

/* The same without waiting: it is sent, repeated and given up while anything else is done with the
 * same struct ems, as ems_monitor_next or ems_follow_next with timeout 0 (whose descriptors tell
 * when). NULL with *error. Any number may exist (they go out as the answers to earlier ones come
 * in); destroy them before the struct ems. */
struct ems_ask *ems_ask_new (struct ems *self, const char *type, const char *worker,
                             const struct ems_value *body, struct ems_error *error);
/* Is it answered? 0: not yet; 1: with success, and the reply's body in *reply; -1 with *error:
 * refused, or given up; then *reply is the body that came with it, or NULL. */
int ems_ask_take (struct ems_ask *self, struct ems_value **reply, struct ems_error *error);
/* Whoever destroys one that is not answered does not learn what became of it. */
void ems_ask_destroy (struct ems_ask **self_p);

struct ems_run {
    const char *profile;            /* required */
    const struct ems_value *params; /* map: bool, integer, text, or list of texts; NULL: defaults */
    const char *worker;             /* NULL: any */
    const char *notes;              /* NULL: none */
    const struct ems_value *labels; /* map of texts; NULL: none */
    bool queue;                     /* wait in line when busy, instead of being refused */
    int priority;                   /* 0 to 31, higher first; -1: the default */
    bool preempt;                   /* stop a job of lower priority, if the profile may */
    const char *after;              /* start when that job has completed; NULL: none */
    bool after_any;                 /* …or however it ended */
    int64_t delay_ms;               /* start no sooner than after so long; 0: at once */
    int64_t time_limit_ms;          /* 0: none; -1: that of the profile */
    int64_t grace_ms;               /* -1: that of the profile */
    const char *request_id;         /* 32 lowercase hex digits, to repeat a request of an earlier
                                       process without a second job; NULL: a new one */
    bool first_time;                /* request_id is new: nobody has used it yet (a broker that was
                                       just started need not look for it) */
    void *reserved[8];
};
void ems_run_init (struct ems_run *run); /* all defaults */

/* Returns when the job runs (or is queued, or could not be started: see its status). -1 with
 * status 409: busy, and *job is the job that holds the slot; or nothing can start after a job that
 * is over (*job). `job` may be NULL in all of these. With `after` or delay_ms it is always queued.
 * A queued job tells its `position`; follow it or wait for it like any other. */
int ems_run (struct ems *self, const struct ems_run *run, struct ems_value **job,
             struct ems_error *error);
/* What ems_run would run, checked like it, with no effect: as map {worker, profile, command,
 * workdir, environment, params, user, priority, grace_ms, time_limit_ms, silence_limit_ms,
 * log_limit_bytes}. `command` is the program and its arguments, with the words {run_id} and
 * {results_dir} for what is only known at the start; `environment` the names that are set. It does
 * not matter whether the worker is busy. request_id does not count. */
int ems_dry_run (struct ems *self, const struct ems_run *run, struct ems_value **reply,
                 struct ems_error *error);
/* The same job once more, as a new one; with `resume`, going on from what it left. Of `run` (NULL:
 * all defaults, which are those of that job) profile, params and worker do not count. As ems_run.
 */
int ems_rerun (struct ems *self, const char *job_id, bool resume, const struct ems_run *run,
               struct ems_value **job, struct ems_error *error);
/* Returns when no process of the job is alive. grace_ms: -1 for that of the job. -1 with status
 * 409: it was over already, and *job is its record. */
int ems_cancel (struct ems *self, const char *job_id, int64_t grace_ms, struct ems_value **job,
                struct ems_error *error);
/* job_id: an id, a unique beginning of one, or "last". */
int ems_status (struct ems *self, const char *job_id, struct ems_value **job,
                struct ems_error *error);
/* Hold a running job still, and let it go on; returns when it is so. -1 with status 409: it is not
 * in the state for it, and *job is its record. */
int ems_pause (struct ems *self, const char *job_id, struct ems_value **job,
               struct ems_error *error);
int ems_resume (struct ems *self, const char *job_id, struct ems_value **job,
                struct ems_error *error);
/* Move a queued job in the line: 0 to 31, higher first. -1 with status 409: it does not wait. */
int ems_priority (struct ems *self, const char *job_id, int priority, struct ems_value **job,
                  struct ems_error *error);
/* Retention leaves the job and its results alone, or not any more. */
int ems_keep (struct ems *self, const char *job_id, struct ems_value **job,
              struct ems_error *error);
int ems_unkeep (struct ems *self, const char *job_id, struct ems_value **job,
                struct ems_error *error);
/* Remove what the retention settings give up, or only say what (dry_run), as map {removed, count,
 * bytes, retention}: `removed` is a list of {job_id, run_id, bytes, reason}, of the first 500 of
 * `count`. worker: NULL for any. */
int ems_prune (struct ems *self, const char *worker, bool dry_run, struct ems_value **reply,
               struct ems_error *error);
/* Jobs, newest first, as map {jobs, next, missing}. limit: 1 to 500, 0 for 50. before: `next` of
 * the reply before, or NULL. `missing`, if it is there, names the workers whose jobs are not in it.
 */
int ems_list (struct ems *self, int limit, const char *before, struct ems_value **reply,
              struct ems_error *error);
/* Published runs, newest first, as map {runs, next, missing}; as ems_list. */
int ems_results (struct ems *self, int limit, const char *before, struct ems_value **reply,
                 struct ems_error *error);
/* What runs left that did not complete and can be gone on with, in the same form. */
int ems_partial_results (struct ems *self, int limit, const char *before, struct ems_value **reply,
                         struct ems_error *error);
/* The files of a complete run as map {run_id, job_id, worker, path, files, more}: `files` is a list
 * of {path, size}, sorted by path, at most 1000; `more` is true if that is not all. run: the id of
 * a run, or of its job as for ems_status (409: that one has no results). worker: NULL for whoever
 * has it; it takes the worker where the run is of no job (its `job_id` is nil in ems_results) and
 * there are several. */
int ems_files (struct ems *self, const char *worker, const char *run, struct ems_value **reply,
               struct ems_error *error);
/* A piece of one of them as map {run_id, job_id, worker, path, offset, data, size, eof}: at most
 * max_bytes (0: 256 KiB) from `offset` on. path: as ems_files tells it. Its bytes are the run's:
 * not safe to print as they are. */
int ems_file (struct ems *self, const char *worker, const char *run, const char *path,
              int64_t offset, int64_t max_bytes, struct ems_value **reply, struct ems_error *error);
/* A piece of the log as map {job_id, offset, data, size, eof}: at most max_bytes (0: 256 KiB) from
 * `offset` on, or, if tail_lines > 0, its last lines (`offset` is ignored). */
int ems_logs (struct ems *self, const char *job_id, int64_t offset, int64_t max_bytes,
              int tail_lines, struct ems_value **reply, struct ems_error *error);
/* The same in full. `times` of the reply is a list of [offset, time_ms]: the bytes from that offset
 * on came at that time (ms since 1970), up to the next entry; what lies before the first came
 * nobody knows when. With `times` a piece may be shorter than asked for, as it may be at the end.
 */
struct ems_piece {
    int64_t offset;
    int tail_lines; /* not 0: its last lines, instead of `offset` */
    int64_t
        since_ms; /* not 0: from the first line on that came then or later, instead of `offset` */
    int64_t max_bytes; /* 0: 256 KiB */
    bool times;
    void *reserved[4];
};
/* piece: NULL for the beginning. */
int ems_log_piece (struct ems *self, const char *job_id, const struct ems_piece *piece,
                   struct ems_value **reply, struct ems_error *error);
/* Returns when the job is over, with its record; -1 with status 504 after timeout_ms (-1: never),
 * which begin when the job is found: that takes connect_ms or reply_ms at most, as any request. */
int ems_wait (struct ems *self, const char *job_id, int64_t timeout_ms, struct ems_value **job,
              struct ems_error *error);
/* Lists: of workers, the connected ones first (the others are `offline`); of profiles. */
int ems_workers (struct ems *self, struct ems_value **list, struct ems_error *error);
int ems_profiles (struct ems *self, struct ems_value **list, struct ems_error *error);
/* The broker's answer as map {broker, version, time_ms}, or a worker's {worker, version, time_ms}.
 */
int ems_ping (struct ems *self, const char *worker, struct ems_value **reply,
              struct ems_error *error);

/* ---- Following a job --------------------------------------------------------------------- */

#define EMS_NO_LOG (-1) /* as offset: only the status is followed */

enum ems_event_type {
    EMS_EVENT_STATUS = 1, /* `job` is new: another status or progress */
    EMS_EVENT_LOG,        /* `data`, `size`: the next bytes of the log, from `offset` on */
    EMS_EVENT_LOST,       /* the connection is gone; it comes back by itself */
    EMS_EVENT_BACK,       /* it is back; nothing was missed */
    EMS_EVENT_CANCEL,     /* the answer to ems_follow_cancel: `status` and `text` */
    EMS_EVENT_OVER,       /* the job has ended, all of its log was delivered; `job` is the record */
};

struct ems_event {
    enum ems_event_type type;
    const struct ems_value *job; /* the newest record that is known; never NULL */
    const void *data;            /* any bytes, NUL included */
    size_t size;
    int64_t offset;
    int status; /* EMS_EVENT_CANCEL: 200, or why not */
    const char *text;
    int64_t time_ms; /* EMS_EVENT_LOG, after ems_follow_want_times: when the first byte of `data`
                        came, and with it all lines that begin in `data`; 0: not known */
    void *reserved[8];
};

/* Follow a job: every byte of its log from `offset` on, once and in order, and its status, over
 * lost connections, restarts and dropped events. Waits for the job's record (404: no such job).
 * One that is queued, or queued again after it was stopped for another, is followed from attempt to
 * attempt. NULL with *error. Any number may exist; destroy them before the struct ems. */
struct ems_follow *ems_follow_new (struct ems *self, const char *job_id, int64_t offset,
                                   struct ems_error *error);
/* The same for a job whose record is at hand, as ems_run and ems_status give it (it stays the
 * caller's): waits for nobody. So a connection that was lost since is no failure. */
struct ems_follow *ems_follow_job (struct ems *self, const struct ems_value *job, int64_t offset,
                                   struct ems_error *error);
void ems_follow_destroy (struct ems_follow **self_p);
/* From now on each EMS_EVENT_LOG tells when it came. To be called before the first event is taken.
 */
void ems_follow_want_times (struct ems_follow *self);

/* The next event: 1 and *event, whose pointers are valid until the next call; 0 if there was none
 * within timeout_ms (-1: waits as long as it takes); -1 with *error (after which only destroy is of
 * use, except after EMS_INTERRUPTED). After EMS_EVENT_OVER: always 0. */
int ems_follow_next (struct ems_follow *self, int timeout_ms, struct ems_event *event,
                     struct ems_error *error);

/* The same by being called: `each` gets every event, EMS_EVENT_OVER as the last one, until it
 * returns false. 1: the job is over; 0: `each` returned false before that (call again to go on); -1
 * with *error, as ems_follow_next. `each` may make requests and ems_follow_cancel, also with the
 * struct ems of `self`; it must not destroy, nor ask `self` for events. The event belongs to this
 * call of it. */
int ems_follow_each (struct ems_follow *self,
                     bool (*each) (void *arg, const struct ems_event *event), void *arg,
                     struct ems_error *error);

/* For a loop of one's own: a descriptor to poll for reading. When it can be read, call
 * ems_follow_next with timeout 0 until it returns 0, also once before the first poll and after
 * any other call with the same struct ems. Belongs to `self`. */
int ems_follow_fd (const struct ems_follow *self);

/* Ask to cancel the job while following it; returns at once, the answer comes as event. It is
 * repeated over lost connections. Again with a smaller grace shortens it. grace_ms: -1 for
 * that of the job. */
int ems_follow_cancel (struct ems_follow *self, int64_t grace_ms, struct ems_error *error);

/* ---- Watching everything ----------------------------------------------------------------- */

enum ems_monitor_type {
    EMS_MONITOR_LOOK = 1, /* events may have been missed: ask ems_list, ems_workers anew */
    EMS_MONITOR_JOB,      /* `value`: the record of a job that changed */
    EMS_MONITOR_WORKER,   /* `value`: map {worker, state, job_id, queued} of a worker that did */
    EMS_MONITOR_LOST,     /* the connection is gone; it comes back by itself */
    EMS_MONITOR_BACK,     /* it is back; EMS_MONITOR_LOOK follows */
};

struct ems_monitor_event {
    enum ems_monitor_type type;
    const struct ems_value *value; /* NULL where there is none */
    void *reserved[4];
};

/* Every change of every job and worker. Events are hints: of one job they come in order, but any of
 * them may be missing. EMS_MONITOR_LOOK comes soon after the beginning, after a connection that was
 * lost, when something is known to be missing, and now and then in a long silence: who then lists
 * jobs and workers anew is never wrong for long. Where requests are answered but no events come, it
 * comes every 2 s. A record from an event may be older than one from an answer: the log only grows,
 * and a state that is final stays. Waits for nobody, not even for a connection; NULL with *error.
 * Destroy it before the struct ems. */
struct ems_monitor *ems_monitor_new (struct ems *self, struct ems_error *error);
void ems_monitor_destroy (struct ems_monitor **self_p);
/* As ems_follow_next: 1 and *event, 0 nothing within timeout_ms, -1 with *error. */
int ems_monitor_next (struct ems_monitor *self, int timeout_ms, struct ems_monitor_event *event,
                      struct ems_error *error);
/* As ems_follow_fd. */
int ems_monitor_fd (const struct ems_monitor *self);

/* ---- Values ------------------------------------------------------------------------------ */

/* The field at a path as "status" or "exit.code"; NULL if it is absent or nil. All readers accept
 * NULL as value, and NULL as path for the value itself. */
const struct ems_value *ems_get (const struct ems_value *value, const char *path);
const char *ems_text (const struct ems_value *value, const char *path); /* NULL unless text */
bool ems_int (const struct ems_value *value, const char *path, int64_t *out);
bool ems_real (const struct ems_value *value, const char *path, double *out); /* integers too */
bool ems_bool (const struct ems_value *value, const char *path, bool *out);
const void *ems_bytes (const struct ems_value *value, const char *path, size_t *size);
size_t ems_count (const struct ems_value *value, const char *path);           /* of a list or map */
const struct ems_value *ems_at (const struct ems_value *value, size_t index); /* of a list or map */
const char *ems_key_at (const struct ems_value *map, size_t index);
/* As JSON on one line; the caller frees it with free (). NULL: no memory. */
char *ems_json (const struct ems_value *value);
void ems_value_destroy (struct ems_value **value_p); /* safe on NULL, nulls the pointer */

/* Has this job ended? And what would `ems run` exit with: 0 completed, the program's own code,
 * 128 + signal, 124 a limit (of time, silence or log), 125 lost or never ran (could not be started,
 * or what it waited for did not complete), 130 cancelled; -1 if it has not ended. */
bool ems_job_over (const struct ems_value *job);
int ems_job_exit_code (const struct ems_value *job);

/* Maps and lists for requests. The _put and _append functions return 0, or -1: no memory, or not
 * valid UTF-8. An `item` that was handed over belongs to the map or list in both cases. */
struct ems_value *ems_map_new (void);
struct ems_value *ems_list_new (void);
int ems_put_bool (struct ems_value *map, const char *key, bool b);
int ems_put_int (struct ems_value *map, const char *key, int64_t i);
int ems_put_real (struct ems_value *map, const char *key, double r);
int ems_put_text (struct ems_value *map, const char *key, const char *text);
int ems_put (struct ems_value *map, const char *key, struct ems_value *item);
int ems_append_text (struct ems_value *list, const char *text);
int ems_append (struct ems_value *list, struct ems_value *item);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
