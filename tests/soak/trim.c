/* trim.c - preloaded into broker and worker: what they have freed goes back to the system at once.
 *
 * The allocator keeps freed memory for later, megabytes of it after a moment in which many clients
 * came at once. So what a process has says how busy it once was, and a slow growth of what it holds
 * drowns in that. Programs that they start are left alone.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

static void *trim_for_ever (void *arg)
{
    (void)arg;
    for (;;) {
        nanosleep (&(struct timespec){ .tv_nsec = 500000000 }, NULL);
        malloc_trim (0);
    }
    return NULL;
}

/* Signals are for the threads of the program. */
__attribute__ ((constructor)) static void begin (void)
{
    sigset_t all, before;
    pthread_t thread;
    unsetenv ("LD_PRELOAD");
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    if (pthread_create (&thread, NULL, trim_for_ever, NULL) != 0)
        abort ();
    pthread_sigmask (SIG_SETMASK, &before, NULL);
}
