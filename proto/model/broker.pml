/* broker.pml - broker/core with one worker. It has nothing durable, and while it lives it only
 * routes: a request reaches the worker's inbox in the step in which the client sends it (request.c
 * dispatch, route.c broker_forward), an answer reaches the client in the step in which the worker
 * gives it (registry.c take_reply, answer.c broker_hand_over). If that took longer it would be no
 * different from a client that sends later and looks later at its answers. Only an answer that is
 * lost on the way makes a difference: the broker, or the worker and with it the connection, is
 * about to die and handles no more of them. Until that crash comes the broker is `deaf`.
 *
 * The death of the worker is answered 503 (broker.c bury, release), that of the broker is seen by
 * the clients as the end of their connection (ask.c ask_link): both times they send again. The
 * broker's restart is when they do.
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

/* waiting.c requests_forget(), when agent.c watched() sees the end of the connection */
inline forget_ref (rq)
{
    waiter[rq] = (waiter[rq] == REF_NONE -> REF_NONE : REF_GONE)
}

proctype Broker ()
{
    byte n, rq;
end_calm:
    do
    /* kill -9. Its pending table (pending.c) is forgotten. What it had sent to the worker arrives,
     * or does not. */
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
