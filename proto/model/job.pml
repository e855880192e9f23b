/* job.pml - the main process of a job, and what it leaves behind.
 *
 * SPDX-License-Identifier: MPL-2.0 */

/* launch.c child(): execve. */
inline exec (j)
{
    execs[j]++;
    I3 (execs[j] == 1);
    I1 (!RUNS (1 - j) && !kid[1 - j] && !kid[j]);
    I9 (record[j] != R_NONE && !TERMINAL (record[j])); /* no cancel was answered */
    main[j] = (hangs -> M_HANGS : M_RUNS);
    kid[j] = 1
}

/* A zombie of its shim, or reaped by init. */
inline main_ends (j, good)
{
    main[j] = (parent[j] != 0 -> M_ZOMBIE : M_NONE);
    main_good[j] = (parent[j] != 0 && good)
}

proctype Job (byte j)
{
end_job:
    do
    /* launch.c child_wait_at_gate(): end of file, _exit (127) */
    :: atomic { main[j] == M_GATE_SHUT -> main[j] = M_NONE }
    :: atomic { main[j] == M_GO -> exec (j) }
    /* launch.c explain(): the program cannot be executed. That, and an exit code, are of no
     * interest to another job: it is enough if job 0 has them. */
    :: atomic { main[j] == M_GO && j == 0 ->
        main[j] = (parent[j] != 0 -> M_EXEC_FAILED : M_NONE) }
    :: atomic { main[j] == M_RUNS -> main_ends (j, 1) }
    :: atomic { main[j] == M_RUNS && j == 0 -> main_ends (j, 0) }
    od
}
