/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/stop.h"

#include <signal.h>
#include <stddef.h>

/* The one mutable global: a signal handler has no other place to write to. */
static volatile sig_atomic_t first_signal;

static void note_signal (int number)
{
    if (first_signal == 0)
        first_signal = number;
}

void stop_install (void)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
    struct sigaction action = { .sa_handler = note_signal };
    /* No SA_RESTART: a write into a pipe that nobody reads must not outlive the signal. */
    sigemptyset (&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaction (numbers[i], &action, NULL);
    /* A limit on the size of files is an error of write, not a reason to die in the middle. */
    signal (SIGXFSZ, SIG_IGN);
}

int stop_signal (void)
{
    return first_signal;
}
