/* job_private.h - what the files of the simulated orchestrator share.
 *
 * job.c: scripts, and what is known of jobs. actor.c: their processes. launch.c: launch.h of the
 * shim.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_JOB_PRIVATE_H
#define SIM_JOB_PRIVATE_H

#include "job.h"
#include "process.h"

#define JOB_FILES_MOST 8

/* What a job did, as it knows itself; survives everything. */
struct job {
    struct job *next;
    char id[16];
    int64_t attempt; /* the last that was begun */
    unsigned execs;  /* so often it was executed */
    char *first_line;
    char *wrote; /* into its pipe; of a later attempt also what the shim wrote before it */
    size_t bytes, room;
    size_t files[JOB_FILES_MOST]; /* sizes of its files of results */
    unsigned file_count;
    bool torn; /* see job_torn */
};

struct job *job_get (const char *id); /* made if there is none yet */
void job_wrote (struct job *, const char *data, size_t bytes);
/* Its shim begins an attempt with that line; one that was begun before is the same one. */
void job_begin (struct job *, int64_t attempt, const char *first_line);
/* The byte of that file of results. */
char job_file_byte (const struct job *, unsigned file, size_t at);

/* A process that is forked by `parent` and held; `output` is the write end of a pipe. */
struct process *actor_hold (struct process *parent, struct job *job, int output, int slot_fd);
/* It runs the program: `mark` is "EMS_JOB_ID=…". */
void actor_exec (struct process *, const char *mark, const char *script, const char *results_dir,
                 const char *attempt);
/* It ends without having run anything. */
void actor_give_up (struct process *);

/* The next step of a script: its letter ('\0': the end) and number; *at moves on. */
char script_step (const char **at, unsigned long *number);

#endif
