/* client.pml - client/core/ask.c: asks for a run, then perhaps cancels the job that it learned of.
 *
 * SPDX-License-Identifier: MPL-2.0 */

bit begun; /* without loss of generality client 0 is the first */

/* What is remembered of a request that nobody asks again is of no interest: fewer states. */
inline over_and_done (c, which)
{
    if
    :: inbox??[eval (which),REF_GOOD] || inbox??[eval (which),REF_GONE]
    :: else ->
        told[which] = A_NONE;
        remembered[which] = A_NONE;
        target[c] = (IS_CANCEL (which) -> 0 : target[c])
    fi
}

/* ask.c ask_answer(), in the step in which it is given; one that is not waited for is dropped. */
inline hear_run (c, what)
{
    I2 (what != A_OK || record[c] != R_NONE);
    /* An acceptance names the new job, a refusal the one that holds the slot. */
    target[c] = (what == A_OK -> c : 1 - c);
    over_and_done (c, RUN (c));
    if
    :: asks[c] = CANCEL (c); unsent[c] = 1
    :: asks[c] = NOTHING; unsent[c] = 0
    fi
}

inline hear_cancel (c, what)
{
    I9 (TERMINAL (record[target[c]]));
    I9 (what != A_OK || (record[target[c]] == R_CANCELLED && !TREE (target[c])));
    over_and_done (c, CANCEL (c));
    asks[c] = NOTHING;
    unsent[c] = 0
}

/* Sends until there is an answer, always the same id. While the worker takes no requests they wait
 * here, not in its inbox. */
proctype Client (byte c)
{
    asks[c] = RUN (c);
    unsent[c] = 1;
end_waits:
    do
    :: atomic { unsent[c] && (c == 0 || begun) && worker_at == AT_SERVICE ->
        unsent[c] = 0;
        begun = 1;
        inbox!asks[c],REF_GOOD }
    /* for no reason but silence (REPEAT_MS): one of the faults */
    :: atomic { asks[c] != NOTHING && !unsent[c] && faults > deaf && worker_at == AT_SERVICE ->
        faults--;
        inbox!asks[c],REF_GOOD }
#ifdef ASK_WITHOUT_END
    :: atomic { asks[c] != NOTHING && !unsent[c] && empty (inbox) && worker_at == AT_SERVICE ->
        inbox!asks[c],REF_GOOD }
#endif
    od
}
