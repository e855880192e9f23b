/* job.h - the simulated orchestrator: what a job does, from its script.
 *
 * A script is a string of steps, each a letter and a number (pattern [A-Za-z0-9]{0,64}), e.g.
 * "w300s50f2w10000r1x0":
 *
 *   wN  write N bytes of output (lines that follow from job id, attempt and offset; in pieces)
 *   hN  write the first half of a line of N bytes (no newline)
 *   gN  write a [PROGRESS] line: a step of experiment N
 *   eN  write a [PROGRESS] line: experiment N of 9 begins, so that the one before has a duration
 *   sN  sleep N ms
 *   fN  fork N children that live until they are killed or their 20 s are over
 *   oN  fork one child that leaves the group (own session) and lives N ms
 *   uN  … and has cleared its environment: of the job it shows nothing but the slot
 *   dN  … and forks one of its kind and ends, at once, and so on N times; the last lives 5 s
 *   pN  send the shim signal N: a job has the rights to
 *   iN  from here on ignore SIGTERM (1) or die of it (0, as at the beginning); 2: end with exit 0
 *       on SIGTERM; 3: write a line on SIGTERM and then exit 3
 *   rN  write N bytes into a file of EMS_RESULTS_DIR (not synced)
 *   xN  exit with code N (at the end of the script: 0)
 *   kN  die of signal N
 *
 * It writes exec, fork, dead and wrote into the history, with the slot (the name of the host).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_JOB_H
#define SIM_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long a job with that script takes by itself, in ms (for `work_ms` of `calm`). */
int64_t job_script_ms (const char *script);
/* A script by chance (uses sim_random); NUL-terminated. */
void job_script_random (char *script, size_t bytes);

#define JOB_SCRIPT_BYTES 65

/* For sim_begin. */
void jobs_forget (void);
void actors_forget (void);
void gates_forget (void);

/* ---- what a job did, to be held against what is on the disk ---- */

/* The checksum (sum.h) of the first `bytes` of what its log should hold, where it holds `seen`.
 * `stopped`: it may end with the line that says so. */
uint64_t job_log_sum (const char *job_id, bool stopped, const char *seen, size_t bytes);
/* Its machine lost power while there was a shim for it: what was not synced may be zeros. */
void job_torn (const char *job_id);
unsigned job_results_count (const char *job_id);
/* Is this what the job wrote as that file ("file-N") of its results? */
bool job_results_right (const char *job_id, unsigned file, const char *data, size_t bytes);

#endif
