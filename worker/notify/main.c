/* main.c - ems-notify: tells others what the worker has put into its outbox.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "courier.h"
#include "files.h"
#include "say.h"

static const char usage[] =
    "usage: ems-notify --state DIR\n"
    "       ems-notify --version | --help\n"
    "\n"
    "Delivers the notices that wait in DIR/outbox by webhook, mail and command, and ends when "
    "none\n"
    "waits. ems-worker starts it; there is one at a time.\n"
    "\n"
    "Exit codes: 0 nothing waits, another one delivers, or ended by a signal; 64 usage; 71 the\n"
    "system refused something.\n";

/* A machine that measures something else is not to be disturbed. What of it is refused is no reason
 * not to deliver. */
static void step_back (void)
{
    static const struct sched_param none = { 0 };
    (void)setpriority (PRIO_PROCESS, 0, 19);
    (void)sched_setscheduler (0, SCHED_BATCH, &none);
}

static void block_signals (void)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGHUP);
    sigprocmask (SIG_BLOCK, &set, NULL);
    signal (SIGPIPE, SIG_IGN);
    signal (SIGXFSZ, SIG_IGN); /* a limit on files is a full disk, not a reason to die */
}

static int deliver (const char *state)
{
    struct err err = { 0 };
    if (secrets_guard (false, &err) == 0 && courier_run (state, &err) == 0)
        return EX_OK;
    notify_say ("%s", err.text);
    return EX_OSERR;
}

int main (int argc, char **argv)
{
    static const struct option options[] = {
        { "state", required_argument, NULL, 's' },
        { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    const char *state = NULL;
    int option;
    block_signals ();
    while ((option = getopt_long (argc, argv, "", options, NULL)) != -1) {
        if (option == 's')
            state = optarg;
        else if (option == 'v')
            return printf ("ems-notify %s\n", EMS_VERSION) < 0 ? EX_IOERR : EX_OK;
        else if (option == 'h')
            return fputs (usage, stdout) < 0 ? EX_IOERR : EX_OK;
        else
            return fputs (usage, stderr), EX_USAGE;
    }
    if (!state || optind < argc)
        return fputs (usage, stderr), EX_USAGE;
    step_back ();
    return deliver (state);
}
