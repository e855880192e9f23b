/* worker_steps.pml - what the worker does in several places.
 *
 * SPDX-License-Identifier: MPL-2.0 */

/* kill -9 */
#define CRASH_POINT                               \
    if                                            \
    :: true                                       \
    :: faults > 0 -> faults--; goto worker_dies \
    fi

/* ---- records ---- */

/* store.c store_write(): durable */
inline put_record (j, status)
{
    I7 (record[j] != R_NONE && !TERMINAL (record[j]));
    record[j] = status;
    record_started[j] = started
}

/* life_finish.c record_step() */
inline put_last_record (j, status)
{
    SURE (!MAY_RUN (j));
    S3 (outcome[j] == 0 || status == outcome[j]);
    S3 (status != R_CANCELLED || !ended_first[j]);
    started = 0;
    put_record (j, status);
    outcome[j] = 0;
    ended_first[j] = 0
}

/* ---- answers: requests.c, waiting.c ---- */

/* waiting.c wait_remember(): what was said is said again */
inline remember (rq, what)
{
    I4 (told[rq] == A_NONE || told[rq] == what);
    told[rq] = what;
    remembered[rq] = what
}

/* agent.c agent_reply(). What it says must be so when it is given. */
inline reply_run (c, ref, what)
{
    I2 (what != A_OK || record[c] != R_NONE);
    remember (RUN (c), what);
    if
    :: ref == REF_GOOD && !deaf && faults > 0 -> deaf = 1 /* it is lost */
    :: ref == REF_GOOD && !deaf && asks[c] == RUN (c) -> hear_run (c, what)
    :: else
    fi
}

inline reply_cancel (c, ref, what)
{
    I9 (TERMINAL (record[target[c]]));
    I9 (what != A_OK || (record[target[c]] == R_CANCELLED && !TREE (target[c])));
    remember (CANCEL (c), what);
    if
    :: ref == REF_GOOD && !deaf && faults > 0 -> deaf = 1
    :: ref == REF_GOOD && !deaf && asks[c] == CANCEL (c) -> hear_cancel (c, what)
    :: else
    fi
}

/* waiting.c answer_all(), requests_started(): whoever waits for the start of the live job */
inline answer_run (c)
{
    if
    :: waiter[RUN (c)] != REF_NONE ->
        reply_run (c, waiter[RUN (c)], A_OK);
        waiter[RUN (c)] = REF_NONE
    :: else
    fi
}

inline answer_runs ()
{
    answer_run (0);
    answer_run (1)
}

/* answer_all(), requests_ended(), reply_cancelled(): whoever waits for its end */
inline answer_cancel (c, what)
{
    if
    :: waiter[CANCEL (c)] != REF_NONE ->
        reply_cancel (c, waiter[CANCEL (c)], what);
        waiter[CANCEL (c)] = REF_NONE
    :: else
    fi
}

inline answer_cancels (what)
{
    answer_cancel (0, what);
    answer_cancel (1, what)
}

/* ---- the shim: life.c, life_look.c, shimstart.c ---- */

/* life.c life_stop_again(): over the connection, or as a signal */
inline stop_again (s)
{
#ifndef FORGET_STOP
    if
    :: record[job] == R_CANCELLING -> slot = S_STOPPING; shim_stop[s] = 1
    :: else
    fi
#else
    skip
#endif
}

inline follow (s)
{
    ctl = s + 1;
    heard_started = 0;
    heard_end = 0;
    shim_greets[s] = 1;
    stop_again (s)
}

/* spawn_shim(), as shim s: the listening socket and the connection are there before it */
inline spawn_shim (s)
{
    shim_job[s] = job + 1;
    listener[job] = s + 1;
    follow (s)
}

/* leftovers.c job_kill_leftovers(): the main process bears the job's mark, what bears none is found
 * by the lock; until there is nothing and the lock is free */
inline kill_leftovers (j)
{
    if
    :: main[j] >= M_GATED -> main_ends (j, 0)
    :: else
    fi;
    CRASH_POINT;
#if !defined (NO_SLOT_LOCK) && !defined (WAIT_FOR_THE_HIDDEN)
    kid[j] = 0;
#endif
    !SLOT_HELD
}

/* ---- kill -9: its memory is gone; a stop that it sent stays in the shim's socket ---- */

/* What must be said again after a restart: that the run was accepted, and that the cancel which is
 * on record did it. The rest may be judged anew. */
inline loosen (rq)
{
    if
    :: told[rq] == A_OK && (!IS_CANCEL (rq) || record_cancel[TARGET (rq)] == CLIENT (rq) + 1)
    :: else -> told[rq] = A_NONE
    fi;
    waiter[rq] = REF_NONE;
    remembered[rq] = A_NONE
}

inline forget_all ()
{
    do
    :: nempty (inbox) -> inbox?_,_
    :: empty (inbox) -> break
    od;
    loosen (0); loosen (1); loosen (2); loosen (3);
    slot = S_IDLE;
    job = 0;
    started = 0;
    ending = 0;
    ctl = 0;
    heard_started = 0;
    heard_end = 0;
    awaits_shim = 0;
    shim_greets[0] = 0;
    shim_greets[1] = 0
}
