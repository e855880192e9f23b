/* state.pml - what is on disk, in memory and on the wire, and the words for it.
 *
 * A job has the number of the client whose run made it: each client asks for one run, and a second
 * job for the same request is an error (worker.pml, put_first_record).
 *
 * SPDX-License-Identifier: MPL-2.0 */

#define JOBS 2

/* ---- what must hold (design, section 5); check.py can ask for one alone: -DONLY=... ---- */

#ifndef ONLY
#define ONLY 0
#endif
#if ONLY == 0 || ONLY == 1
#define I1(x) assert (x)
#else
#define I1(x) skip
#endif
#if ONLY == 0 || ONLY == 2
#define I2(x) assert (x)
#else
#define I2(x) skip
#endif
#if ONLY == 0 || ONLY == 3
#define I3(x) assert (x)
#else
#define I3(x) skip
#endif
#if ONLY == 0 || ONLY == 4
#define I4(x) assert (x)
#else
#define I4(x) skip
#endif
#if ONLY == 0 || ONLY == 7
#define I7(x) assert (x)
#else
#define I7(x) skip
#endif
#if ONLY == 0 || ONLY == 8
#define I8(x) assert (x)
#else
#define I8(x) skip
#endif
#if ONLY == 0 || ONLY == 9
#define I9(x) assert (x)
#else
#define I9(x) skip
#endif
#if ONLY == 0 || ONLY == 12
#define I12(x) assert (x)
#else
#define I12(x) skip
#endif
/* Section 3: the outcome that the shim wrote down is the job's, and a stop that comes after the
 * exit is none. */
#if ONLY == 0 || ONLY == 30
#define S3(x) assert (x)
#else
#define S3(x) skip
#endif
/* What this model takes for granted elsewhere. */
#if ONLY == 0
#define SURE(x) assert (x)
#else
#define SURE(x) skip
#endif

/* ---- what the properties look at, beside what there is ---- */

byte faults;           /* still to come: a crash, or a request that is sent twice */
byte execs[JOBS];      /* how often the orchestrator was started */
byte outcome[JOBS];    /* what exit.json said, also when it is gone */
bit ended_first[JOBS]; /* the main process was reaped before a stop was seen */
byte told[4];          /* what was answered, and must be answered again */

bit hangs;             /* the jobs of this run of the model do not end by themselves */

/* ---- requests: client c runs (c), then perhaps cancels (2 + c) ---- */

#define RUN(c)        (c)
#define CANCEL(c)     (2 + (c))
#define IS_CANCEL(rq) ((rq) >= 2)
#define CLIENT(rq)    ((rq) % 2)
#define TARGET(rq)    target[CLIENT (rq)]
#define NOTHING       4

#define A_NONE 0
#define A_OK   1 /* 200 */
#define A_BUSY 2 /* 409 to a run: the slot is taken */
#define A_OVER 3 /* 409 to a cancel: the job is over */

byte asks[2] = NOTHING; /* what client c waits for */
bit unsent[2];          /* it must be sent (again): ask.c, due_ms */
byte target[2]; /* the job that it would cancel */

/* Where an answer goes. What came by a broker that is gone can be answered to nobody. */
#define REF_NONE 0
#define REF_GONE 1
#define REF_GOOD 2
chan inbox = [6] of { byte, byte }; /* at the worker: request, ref */
bit deaf;                           /* see broker.pml */

/* ---- on disk ---- */

#define R_NONE       0
#define R_STARTING   1
#define R_RUNNING    2
#define R_CANCELLING 3
#define R_COMPLETED  4
#define R_FAILED     5 /* failed(exit), failed(signal) */
#define R_SPAWN      6 /* failed(spawn) */
#define R_LOST       7 /* failed(lost) */
#define R_CANCELLED  8
#define TERMINAL(r)  ((r) >= R_COMPLETED)

bit history[JOBS];        /* logs/history has the line of the run */
bit folder[JOBS];         /* run/<job>/ with spec.json */
byte record[JOBS];        /* logs/jobs/<job>.json: status and reason */
bit record_started[JOBS]; /* its started_at */
byte record_cancel[JOBS]; /* its cancel.request_id: client c's is c + 1 */
byte exit_json[JOBS];     /* 0: none; else the record that follows from it */
bit staging[JOBS];        /* results/.staging/<run> */
bit published[JOBS];      /* results/<run> */

/* 0: none; s + 1: shim s wrote it and is alive; else who wrote it is dead, which is seen by its
 * pid, start time and boot id (proto/sys/proc.c proc_open). */
#define SHIM_DEAD 3
byte shim_json[JOBS];

/* ---- processes of a job ---- */

#define M_NONE        0
#define M_ZOMBIE      1
#define M_EXEC_FAILED 2 /* it said so and died */
#define M_GATED       3 /* forked, blocked at the gate */
#define M_GATE_SHUT   4 /* likewise, and its shim is dead */
#define M_GO          5 /* the gate is open */
#define M_RUNS        6 /* will end by itself */
#define M_HANGS       7 /* will not */
byte main[JOBS];
bit main_good[JOBS]; /* a zombie that exited with 0 */
byte parent[JOBS];   /* shim s forked it: s + 1; 0: that is dead */

/* What the main process starts and leaves behind, at its worst: in a session of its own, without
 * the job's mark. Only slot.lock, which it inherited, tells a worker whose it is. */
bit kid[JOBS];

#define RUNS(j) (main[j] == M_RUNS || main[j] == M_HANGS)
#define TREE(j) (main[j] >= M_GATED || kid[j]) /* some process of the job is alive */
#define MAY_RUN(j) (main[j] >= M_GO || kid[j]) /* and it is, or becomes, the orchestrator's */

byte shim_job[2];   /* 0: there is no such process; else job j's: j + 1 */
bit shim_lock[2];   /* it has slot.lock */
bit shim_greets[2]; /* a connection waits in its backlog */
bit shim_stop[2];   /* a stop waits in a socket of its, or a SIGTERM */
byte listener[JOBS]; /* shim s listens at ctl.sock: s + 1 */

/* flock: it is held until all that inherited it are gone (pitfall 27). */
#ifdef NO_SLOT_LOCK
#define SLOT_HELD 0
#else
#define SLOT_HELD (shim_lock[0] || shim_lock[1] || TREE (0) || TREE (1))
#endif

/* ---- memory of the worker ---- */

#define S_IDLE      0
#define S_STARTING  1
#define S_RUNNING   2
#define S_STOPPING  3
#define S_FINISHING 4

#define AT_BOOT          0
#define AT_SERVICE       1
#define AT_LOOK_LISTENER 2
#define AT_LOOK_SHIM     3
#define AT_LOOK_AGAIN    4
byte worker_at;

byte slot;
byte job;           /* that holds it */
bit started;        /* its record's started_at, in memory */
byte ending;        /* the record that it will have */
byte ctl;           /* life->ctl: connected to shim s: s + 1 */
bit heard_started;  /* this waits in that socket */
bit heard_end;      /* "exited", or end of file */
bit awaits_shim;    /* life->shim: the pidfd of a shim that is about to end */
byte waiter[4];     /* core/answers.c struct waiters: the ref of each request that waits */
byte remembered[4]; /* core/answers.c struct answers: what was answered */
