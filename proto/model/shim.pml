/* shim.pml - worker/shim: one process for each attempt; place s has one after the other.
 *
 * SPDX-License-Identifier: MPL-2.0 */

/* kill -9. A deaf broker needs a fault for itself. */
#define SHIM_CRASH_POINT                           \
    if                                             \
    :: true                                        \
    :: faults > deaf -> faults--; goto shim_dies \
    fi

/* attempt.c taken() */
#ifdef SPAWN_WITHOUT_LOOK
#define TAKEN(j) 0
#else
#define TAKEN(j) (shim_json[j] != 0 || exit_json[j] != 0)
#endif

/* peers.c welcome(): "started" to a new connection */
inline greet (s)
{
    heard_started = (heard_started || (shim_greets[s] && ctl == s + 1));
    shim_greets[s] = 0
}

/* supervise.c put_shim_record(): durable */
inline put_shim_record (s, j)
{
    SURE (folder[j]);
    shim_json[j] = s + 1
}

/* What the end of a process closes. */
inline close_all (s, j)
{
    shim_lock[s] = 0;
    shim_greets[s] = 0;
    shim_stop[s] = 0;
    listener[j] = (listener[j] == s + 1 -> 0 : listener[j]);
    heard_end = (heard_end || ctl == s + 1)
}

inline exit_shim (s, j)
{
    shim_json[j] = (shim_json[j] == s + 1 -> SHIM_DEAD : shim_json[j]);
    shim_job[s] = 0
}

/* What becomes of its child: the gate falls shut; init reaps a zombie. */
inline orphan_main (s, j)
{
    if
    :: parent[j] == s + 1 ->
        parent[j] = 0;
        if
        :: main[j] == M_GATED -> main[j] = M_GATE_SHUT
        :: main[j] == M_ZOMBIE || main[j] == M_EXEC_FAILED -> main[j] = M_NONE; main_good[j] = 0
        :: else
        fi
    :: else
    fi
}

/* By a worker that begins anew. If there is none, nobody sees the last steps one by one. */
#define CAN_BE_LOOKED_AT (faults > 0 || worker_at != AT_SERVICE)

#define AT_ATTEMPT 0
#define AT_RECORD  1
#define AT_WATCH   2
#define AT_OUTCOME 3
#define AT_CLOSE   4
#define AT_EXIT    5

#define STARTED(j) (RUNS (j) || main[j] == M_ZOMBIE)
#define J          (shim_job[s] - 1)

proctype Shim (byte s)
{
    byte at;
    byte how;    /* the record that will follow from the outcome */
    bit stopped; /* reap.c: REAP_STOPPING, REAP_KILLING */

end_waits:
    do
    :: atomic {
        if
        :: shim_job[s] != 0 && faults > deaf -> faults--; goto shim_dies

        /* attempt.c take_slot(), then attempt_open() looks under the lock (a look before that only
         * saves time) */
        :: shim_job[s] != 0 && at == AT_ATTEMPT && TAKEN (J) -> at = AT_CLOSE
        :: shim_job[s] != 0 && at == AT_ATTEMPT && !TAKEN (J) && !SLOT_HELD ->
            shim_lock[s] = 1;
            SHIM_CRASH_POINT;
            /* supervise.c start(), fork_main() */
            I1 (!TREE (J));
            main[J] = M_GATED;
            parent[J] = s + 1;
            SHIM_CRASH_POINT;
#ifdef GATE_BEFORE_START_RECORD
            main[J] = M_GO;
            at = AT_RECORD
        :: at == AT_RECORD ->
            put_shim_record (s, J);
#else
            put_shim_record (s, J);
            SHIM_CRASH_POINT;
            main[J] = M_GO; /* launch.c launch_go(): a byte into the gate */
#endif
            at = AT_WATCH
        /* ATTEMPT_REFUSED, main.c supervise_refuse(): it waited for 5 s */
        :: shim_job[s] != 0 && at == AT_ATTEMPT && !TAKEN (J) && SLOT_HELD ->
            how = R_SPAWN;
            at = AT_OUTCOME

        /* launch.c launch_go(): what the report pipe says */
        :: at == AT_WATCH && main[J] == M_EXEC_FAILED ->
            main[J] = M_NONE;
            parent[J] = 0;
            how = R_SPAWN;
            at = AT_OUTCOME
        /* supervise.c turn(), reap.c: of a stop and an exit, the one that is seen first counts */
        :: at == AT_WATCH && STARTED (J) && shim_greets[s] -> greet (s)
        :: at == AT_WATCH && STARTED (J) && shim_stop[s] -> greet (s); shim_stop[s] = 0; stopped = 1
        /* the grace is over: supervise.c kill_round() */
        :: at == AT_WATCH && RUNS (J) && stopped -> main_ends (J, 0)
        /* supervise.c reap_children() */
        :: at == AT_WATCH && main[J] == M_ZOMBIE ->
            how = (stopped -> R_CANCELLED : (main_good[J] -> R_COMPLETED : R_FAILED));
            ended_first[J] = !stopped;
            main[J] = M_NONE;
            main_good[J] = 0;
            parent[J] = 0;
            SHIM_CRASH_POINT;
            /* reap.c REAP_SWEEPING: everything that the job ever started */
            kid[J] = 0;
            at = AT_OUTCOME

        :: at == AT_OUTCOME ->
#ifdef STOP_AFTER_EXIT_IS_CANCEL
            how = (shim_stop[s] -> R_CANCELLED : how);
#endif
            /* supervise.c put_outcome(), finish.c write_record(): durable */
            exit_json[J] = how;
            outcome[J] = how;
            if
            :: CAN_BE_LOOKED_AT -> at = AT_CLOSE
            :: else -> close_all (s, J); goto exits
            fi
        /* supervise.c fini(): the lock, "exited" (peers.c peers_farewell), the listening socket */
        :: at == AT_CLOSE -> close_all (s, J); at = AT_EXIT
        :: at == AT_EXIT -> goto exits
        fi;
        goto lives;
shim_dies:
        orphan_main (s, J);
        close_all (s, J);
exits:
        exit_shim (s, J);
        at = AT_ATTEMPT;
        how = 0;
        stopped = 0;
lives:
        skip }
    od
}
