/* worker.pml - worker/io: one thread. It takes one event after the other to its end.
 *
 * SPDX-License-Identifier: MPL-2.0 */

#ifdef LOOK_FOR_OUTCOME_ONCE
#define LOOKS_ONCE 1
#else
#define LOOKS_ONCE 0
#endif

/* life_run.c make_durable(), the last step: from here on it is accepted */
inline put_first_record (j)
{
    I4 (record[j] == R_NONE && execs[j] == 0); /* never a second job for one request */
    record[j] = R_STARTING
}

#ifdef ADOPT_WHAT_IS_OVER
#define IS_OVER(j) 0
#else
#define IS_OVER(j) TERMINAL (record[j])
#endif

/* life_recover.c look_at_folder(), and results_sweep() for its staging folder */
inline look_at_folder (j)
{
    history[j] = (history[j] && record[j] != R_NONE); /* a line without a record means nothing */
    if
    :: !folder[j]
    /* discard(): nothing is started before there is a record */
    :: folder[j] && record[j] == R_NONE -> SURE (!TREE (j) && shim_json[j] == 0); folder[j] = 0
    :: folder[j] && IS_OVER (j) -> clean (j)
    /* adopt(): there is one at most, for a job holds the slot until its end is on record */
    :: folder[j] && record[j] != R_NONE && !IS_OVER (j) ->
        SURE (slot == S_IDLE);
        slot = S_STARTING;
        job = j;
        started = record_started[j];
        may_spawn = 1
    fi;
    CRASH_POINT;
    staging[j] = (staging[j] && record[j] != R_NONE && !TERMINAL (record[j]));
    CRASH_POINT
}

/* life_finish.c clean_step() */
inline clean (j)
{
    folder[j] = 0;
    shim_json[j] = 0;
    exit_json[j] = 0
}

proctype Worker ()
{
    byte rq, ref, place;
    bit may_spawn; /* life_look(): this is a restart, what never ran may be started */

end_serves:
    do
    :: atomic {
        if
        :: worker_at != AT_BOOT && faults > 0 -> faults--; goto worker_dies

        /* worker.c worker_new(), life_recover() */
        :: worker_at == AT_BOOT ->
            worker_at = AT_SERVICE;
            look_at_folder (0);
            look_at_folder (1);
            if
            :: slot != S_IDLE -> goto look
            :: else
            fi

        /* requests.c dispatch() */
        :: worker_at == AT_SERVICE && nempty (inbox) ->
            inbox?rq,ref;
            if
            /* waiting.c join(): its first is under way */
            :: waiter[rq] != REF_NONE -> waiter[rq] = (ref == REF_GOOD -> ref : waiter[rq])
            /* wait_repeated(), again() */
            :: waiter[rq] == REF_NONE && remembered[rq] != A_NONE && !IS_CANCEL (rq) ->
                reply_run (rq, ref, remembered[rq])
            :: waiter[rq] == REF_NONE && remembered[rq] != A_NONE && IS_CANCEL (rq) ->
                reply_cancel (CLIENT (rq), ref, remembered[rq])
            :: waiter[rq] == REF_NONE && remembered[rq] == A_NONE ->
                if
                :: IS_CANCEL (rq) -> goto take_cancel
                :: else -> goto take_run
                fi
            fi

        /* life.c heard(): what was said before the end, unless a reset overtakes it */
        :: worker_at == AT_SERVICE && ctl != 0 && heard_started ->
            heard_started = 0;
            goto hear_started
        :: worker_at == AT_SERVICE && ctl != 0 && heard_end ->
            ctl = 0;
            heard_started = 0;
            heard_end = 0;
            goto look

        /* life_look.c ended() */
        :: worker_at == AT_SERVICE && awaits_shim && shim_json[job] == SHIM_DEAD ->
            awaits_shim = 0;
            goto look

        /* life_look.c gather(), act(), core/attach.c: one fact after the other. First
         * look_for_exit(), at `look` below; then look_for_listener(): ATTACH_FOLLOW */
        :: worker_at == AT_LOOK_LISTENER && listener[job] != 0 ->
            may_spawn = 0;
            worker_at = AT_SERVICE;
            follow (listener[job] - 1)
        :: worker_at == AT_LOOK_LISTENER && listener[job] == 0 -> worker_at = AT_LOOK_SHIM
        /* look_for_shim(): ATTACH_WAIT: it does not listen any more, so it is about to end */
        :: worker_at == AT_LOOK_SHIM && (shim_json[job] == 1 || shim_json[job] == 2) ->
            may_spawn = 0;
            worker_at = AT_SERVICE;
            awaits_shim = 1;
            stop_again (shim_json[job] - 1)
        :: worker_at == AT_LOOK_SHIM && (shim_json[job] == 0 || shim_json[job] == SHIM_DEAD) ->
            worker_at = AT_LOOK_AGAIN
        /* look_for_exit() again: the shim may have written its outcome after that, and ended */
#ifndef LOOK_FOR_OUTCOME_ONCE
        :: worker_at == AT_LOOK_AGAIN && exit_json[job] != 0 -> goto collect
#endif
        :: worker_at == AT_LOOK_AGAIN && (exit_json[job] == 0 || LOOKS_ONCE) ->
            if
            :: shim_json[job] == 0 && may_spawn -> goto start_shim /* ATTACH_SPAWN: nothing ran */
            :: shim_json[job] == 0 && !may_spawn -> ending = R_SPAWN /* ATTACH_SPAWN_FAILED */
#ifdef LOOK_WITHOUT_END
            :: shim_json[job] != 0 -> goto look
#else
            :: shim_json[job] != 0 -> ending = R_LOST /* ATTACH_LOST */
#endif
            fi;
            goto collect_orphan

        /* life_finish.c drain_step(): requests are taken until the log was read to its end */
        :: worker_at == AT_SERVICE && slot == S_FINISHING -> goto finish
        fi;
        goto served;

take_run: /* commands.c call_run(), after waiting.c run_on_record() */
        if
#ifndef FORGET_ID
        /* made_before(): this very request made a job; it is answered when that is started */
        :: history[rq] && record[rq] != R_NONE ->
            if
            :: record[rq] == R_STARTING || (record[rq] == R_CANCELLING && !started) ->
                SURE (slot != S_IDLE && job == rq);
                waiter[rq] = ref
            :: else -> reply_run (rq, ref, A_OK)
            fi;
            goto served
#endif
        :: else
        fi;
        if
        :: slot != S_IDLE -> reply_run (rq, ref, A_BUSY); goto served /* refuse_busy() */
        :: else -> waiter[rq] = ref
        fi;
#ifdef ANSWER_BEFORE_RECORD
        hear_run (rq, A_OK);
#endif
        /* life_run.c fill_record(), make_durable(): in this order, each durable */
        CRASH_POINT;
        staging[rq] = 1; /* results.c results_reserve() */
        CRASH_POINT;
        history[rq] = 1;
        CRASH_POINT;
        folder[rq] = 1; /* with spec.json */
        CRASH_POINT;
        put_first_record (rq);
        slot = S_STARTING;
        job = rq;
        CRASH_POINT;

start_shim: /* life_look.c life_spawn(); results.c results_restage() */
        worker_at = AT_SERVICE;
        staging[job] = 1;
        may_spawn = 0;
        shim_job[0] == 0 || shim_job[1] == 0;
        place = (shim_job[0] == 0 -> 0 : 1);
        spawn_shim (place);
        place = 0;
        goto served;

take_cancel: /* commands.c call_cancel() */
        if
        :: slot != S_IDLE && job == TARGET (rq) -> waiter[rq] = ref
        /* cancel_other(): it is over */
        :: else ->
            if
            :: record[TARGET (rq)] == R_CANCELLED &&
               record_cancel[TARGET (rq)] == CLIENT (rq) + 1 ->
                reply_cancel (CLIENT (rq), ref, A_OK)
            :: else -> reply_cancel (CLIENT (rq), ref, A_OVER)
            fi;
            goto served
        fi;
        /* life.c life_cancel(), core/slot.c */
        if
        :: slot == S_FINISHING -> goto served /* SLOT_JOIN */
        :: else -> slot = S_STOPPING
        fi;
        if
        :: record[job] != R_CANCELLING ->
            record_cancel[job] = CLIENT (rq) + 1;
            put_record (job, R_CANCELLING)
        :: else
        fi;
        CRASH_POINT;
        /* send_stop(): to one that is gone it is lost, and its end of file comes next */
        if
        :: ctl != 0 && !heard_end -> shim_stop[ctl - 1] = 1
        :: else
        fi;
#ifdef ANSWER_CANCEL_EARLY
        hear_cancel (CLIENT (rq), A_OK);
#endif
        goto served;

hear_started: /* life.c started() */
        if
        :: slot == S_STARTING && record[job] == R_STARTING ->
            slot = S_RUNNING;
            started = 1;
            put_record (job, R_RUNNING);
            CRASH_POINT;
            answer_runs ()
        :: slot == S_STARTING && record[job] == R_RUNNING -> slot = S_RUNNING
        :: slot == S_STOPPING -> started = 1; answer_runs () /* SLOT_NOTE */
        fi;
        goto served;

look: /* life_look.c look_for_exit(); the rest is above */
#ifdef SPAWN_WITHOUT_LOOK
        if
        :: may_spawn && exit_json[job] == 0 -> goto start_shim
        :: else
        fi;
#endif
        if
        :: exit_json[job] == 0 -> worker_at = AT_LOOK_LISTENER; goto served
        :: else
        fi;

collect: /* ATTACH_FINISH: life_look.c finish() */
        ending = exit_json[job];
        slot = S_FINISHING;
        may_spawn = 0;
        worker_at = AT_SERVICE;
        goto served;

collect_orphan: /* life_look.c without_outcome(), life_finish.c kill_step() */
        slot = S_FINISHING;
        may_spawn = 0;
        worker_at = AT_SERVICE;
#ifndef LEAVE_LEFTOVERS
        kill_leftovers (job);
#endif
        goto served;

finish: /* life_finish.c results_step(), record_step(), clean_step(), release() */
#ifdef RECORD_BEFORE_RESULTS
        put_last_record (job, ending);
        CRASH_POINT;
#endif
        if
        /* results.c results_publish(): after a crash it may be done already */
        :: ending == R_COMPLETED -> SURE (staging[job] != published[job]); published[job] = 1
        :: else -> I8 (!published[job]) /* results_discard() */
        fi;
        staging[job] = 0;
        CRASH_POINT;
#ifndef RECORD_BEFORE_RESULTS
        put_last_record (job, ending);
        CRASH_POINT;
#endif
        clean (job);
        CRASH_POINT;
        /* requests.c requests_ended() */
        answer_runs ();
        answer_cancels ((ending == R_CANCELLED -> A_OK : A_OVER));
        slot = S_IDLE;
        job = 0;
        started = 0;
        ending = 0;
        goto served;

worker_dies:
#ifdef LOSE_PENDING
        deaf = 0;
#else
        connections_lost ();
#endif
        forget_all ();
        may_spawn = 0;
        worker_at = AT_BOOT;
served:
        rq = 0;
        ref = 0 }
    od
}
