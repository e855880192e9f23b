/* broker.pml - broker/core with one worker. It has nothing durable, and while it lives it only
 * routes: a request reaches the worker's inbox in the step in which the client sends it (request.c
 * dispatch, route.c broker_forward), an answer reaches the client in the step in which the worker gives
 * it (registry.c take_reply, answer.c broker_hand_over). Taking longer would be no different from a
 * client that sends later, and looks at its answers later. Only that an answer is lost on the way makes a
 * difference: the broker, or the worker and with it the connection, is about to die and will not handle it
 * any more. Then it is `deaf` until that crash comes.
 *
 * The death of the worker is answered 503 (broker.c bury, release), that of the broker is seen by the
 * clients as the end of their connection (ask.c ask_link): both times they send again. When it is
 * restarted is the same as when they do.
 *
 * SPDX-License-Identifier: MPL-2.0 */

/* Whoever waits sends again. */
inline send_again (c)
{
    unsent[c] = (asks[c] != NOTHING)
}

inline connections_lost ()
{
    send_again (0);
    send_again (1);
    deaf = 0
}

/* Its pending table is forgotten (pending.c). What it had sent to the worker arrives, or does not; agent.c
 * watched() and waiting.c requests_forget() forget where those came from who wait. */
inline forget_ref (rq)
{
    waiter[rq] = (waiter[rq] == REF_NONE -> REF_NONE : REF_GONE)
}

proctype Broker ()
{
    byte n, rq;
end_calm:
    do
    :: atomic {
        faults > 0 -> faults--;
        connections_lost ();
        forget_ref (0); forget_ref (1); forget_ref (2); forget_ref (3);
        n = len (inbox);
        do
        :: n > 0 -> inbox?rq,_; n--; if :: inbox!rq,REF_GONE :: true fi
        :: else -> break
        od;
        rq = 0 }
    od
}
