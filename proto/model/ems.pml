/* ems.pml - a model of EMS for the verifier SPIN: two clients, one broker, one worker with its slot,
 * shims and jobs, and two crashes at any point between two durable steps.
 *
 *   state.pml   what is on disk, in memory and on the wire: the vocabulary of the others
 *   broker.pml  broker/core: what becomes of requests and answers when it dies
 *   client.pml  client/core/ask.c
 *   job.pml     the orchestrator, from worker/shim/launch.c on
 *   shim.pml    worker/shim/{attempt,supervise,reap,finish,peers}.c
 *   worker.pml  worker/io/{requests,waiting,commands,life*}.c, with the steps of worker_steps.pml
 *   check.py    runs the verifier: what must hold, and which broken rules it must find
 *
 * Each step names the function that it stands for. What is one step here (an atomic block) is either
 * one durable act or several that nobody else can see between; CRASH_POINT marks where the process
 * that takes it may die in their middle, and it may die wherever it waits.
 *
 * Left out, because it loses nothing or is shown by another suite:
 *   - Power loss and failing system calls are inflicted on the real programs. Here a durable step
 *     was taken or not.
 *   - Answers 503 change nothing, so a client asks when it can be heard. All waiting is for facts,
 *     never for a time: so there are no cycles (which check.py verifies), each run of the model comes
 *     to an end, and Judge looks whether everything happened by then that should have (I12).
 *   - The log and its events (I5, I6), several workers, what cannot be killed.
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
    /* I2, I12: what was accepted is over, unless its orchestrator never ends and nobody cancelled. */
    assert (record[j] == R_NONE || TERMINAL (record[j]) || (record[j] == R_RUNNING && main[j] == M_HANGS));
    /* I3: exactly once, unless cancelled, lost, or never started. */
    assert ((record[j] != R_COMPLETED && record[j] != R_FAILED) || execs[j] == 1);
    assert ((record[j] != R_SPAWN && record[j] != R_NONE) || execs[j] == 0);
    assert (published[j] == (record[j] == R_COMPLETED)); /* I8 */
    /* Nothing is left behind. */
    assert (record[j] == R_RUNNING || (!folder[j] && !staging[j] && !TREE (j)))
}

proctype Judge ()
{
    timeout; /* every process waits for something that will not come */
    d_step {
        assert (asks[0] == NOTHING && asks[1] == NOTHING); /* I12: everybody has an answer */
        judge_job (0);
        judge_job (1);
        assert (!SLOT_HELD || record[0] == R_RUNNING || record[1] == R_RUNNING)
    }
}

init
{
    atomic {
        faults = FAULTS; /* or less: to kill a broker that has nothing to lose changes nothing else */
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
