/* ems.pml - a model of EMS for the verifier SPIN: two clients, one broker, one worker with its
 * slot, shims and jobs, and two crashes at any point between two durable steps.
 *
 *   state.pml   what must hold; what is on disk, in memory and on the wire
 *   broker.pml  broker/core: what becomes of requests and answers when it dies
 *   client.pml  client/core/ask.c
 *   job.pml     the orchestrator, from worker/shim/launch.c on
 *   shim.pml    worker/shim/{attempt,supervise,reap,finish,peers}.c
 *   worker.pml, worker_steps.pml  worker/io/{requests,waiting,commands,life*}.c
 *   check.py    runs the verifier: what must hold, and which broken rules it must find
 *
 * Each step names the function that it stands for. What is one step here (an atomic block) is
 * either one durable act, or several that nobody else can look between; CRASH_POINT marks where the
 * process that takes them may die in their middle. And it may die wherever it waits.
 *
 * Answers 503 change nothing, so a client asks when it can be heard. All waiting is for facts,
 * never for a time: so there are no cycles (check.py verifies that), each run of the model comes to
 * an end, and Judge looks whether all has happened by then that should have (I12).
 *
 * Left out, since other suites show it: loss of power and failing system calls (here a durable step
 * was taken or not), the log and its events (I5, I6), several workers, what cannot be killed.
 *
 * SPDX-License-Identifier: MPL-2.0 */

#ifndef FAULTS
#define FAULTS 2
#endif

#include "state.pml"
#include "broker.pml"
#include "client.pml"
#include "job.pml"
#include "shim.pml"
#include "worker_steps.pml"
#include "worker.pml"

/* One job at the end, when nothing moves any more. */
inline judge_job (j)
{
    /* What was accepted is over, unless its orchestrator never ends and nobody cancelled it. */
    I12 (record[j] == R_NONE || TERMINAL (record[j]) ||
         (record[j] == R_RUNNING && main[j] == M_HANGS));
    /* Exactly once, unless cancelled, lost, or never started. */
    I3 ((record[j] != R_COMPLETED && record[j] != R_FAILED) || execs[j] == 1);
    I3 ((record[j] != R_SPAWN && record[j] != R_NONE) || execs[j] == 0);
    I8 (published[j] == (record[j] == R_COMPLETED));
    /* Nothing is left behind. */
    I12 (record[j] == R_RUNNING || (!folder[j] && !staging[j] && !TREE (j)))
}

proctype Judge ()
{
    timeout; /* every process waits for something that will not come */
    d_step {
        I12 (asks[0] == NOTHING && asks[1] == NOTHING); /* everybody has an answer */
        judge_job (0);
        judge_job (1);
        I12 (!SLOT_HELD || record[0] == R_RUNNING || record[1] == R_RUNNING)
    }
}

init
{
    atomic {
        faults = FAULTS; /* or fewer: that of a broker which has nothing to lose is none */
        if
        :: hangs = 0
        :: hangs = 1
        fi;
        run Client (0);
        run Client (1);
        run Broker ();
        run Worker ();
        run Shim (0);
        run Shim (1);
        run Job (0);
        run Job (1);
        run Judge ()
    }
}
