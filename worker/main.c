/* main.c - ems-worker: one slot, one job at a time, and all that is durable.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "note.h"
#include "reactor.h"
#include "worker.h"

#define LARGE_BYTES (64 * 1024)

static const char usage[] =
    "usage: ems-worker --state DIR [--config FILE]\n"
    "       ems-worker --check --state DIR [--config FILE]\n"
    "       ems-worker --version | --help\n"
    "\n"
    "Runs benchmark jobs, one at a time, and keeps their records, logs and results.\n"
    "\n"
    "  --state DIR    everything durable; one worker for each\n"
    "  --config FILE  profiles and names; without it, the bundled profile `lab`\n"
    "  --check        only say what is wrong with the configuration\n"
    "\n"
    "SIGTERM ends the worker; its job goes on, and the next worker attaches to it.\n"
    "Exit codes: 0 ended by a signal, or nothing is wrong, 64 usage, 71 the system\n"
    "refused something, 75 another worker serves the folder, 78 the configuration is\n"
    "wrong.\n";

static int exit_code (const struct err *err)
{
    switch (err->code) {
    case STATUS_BAD_REQUEST:
    case STATUS_FORBIDDEN: /* a file with a secret is open to others */
    case STATUS_UNKNOWN:
    case STATUS_TOO_LARGE:
        return EX_CONFIG;
    case STATUS_CONFLICT:
        return EX_TEMPFAIL;
    default:
        return EX_OSERR;
    }
}

/* Large pieces go back to the system when they are freed, so that a burst of them leaves no mark
 * (the allocator would else learn to keep them). */
static void keep_memory_flat (void)
{
    mallopt (M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt (M_TRIM_THRESHOLD, 2 * LARGE_BYTES);
}

static int check (const char *state, const char *config)
{
    struct err err = { 0 };
    if (worker_check (state, config, &err) == 0)
        return EX_OK;
    worker_note ("%s", err.text);
    return exit_code (&err);
}

static int serve (const char *state, const char *config)
{
    struct err err = { 0 };
    struct worker *worker = worker_new (state, config, &err);
    int rc = worker ? worker_serve (worker, &err) : -1;
    worker_destroy (&worker);
    if (rc == 0)
        return EX_OK;
    worker_note ("%s", err.text);
    return exit_code (&err);
}

int main (int argc, char **argv)
{
    static const struct option options[] = {
        { "state", required_argument, NULL, 's' }, { "config", required_argument, NULL, 'c' },
        { "check", no_argument, NULL, 'k' },       { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },        { 0 },
    };
    const char *state = NULL;
    const char *config = NULL;
    int (*what) (const char *, const char *) = serve;
    int option;
    keep_memory_flat ();
    reactor_block_signals ();
    signal (SIGXFSZ, SIG_IGN); /* a limit on files is a full disk, not a reason to die */
    while ((option = getopt_long (argc, argv, "", options, NULL)) != -1) {
        if (option == 's')
            state = optarg;
        else if (option == 'c')
            config = optarg;
        else if (option == 'k')
            what = check;
        else if (option == 'v')
            return printf ("ems-worker %s\n", EMS_VERSION) < 0 ? EX_IOERR : EX_OK;
        else if (option == 'h')
            return fputs (usage, stdout) < 0 ? EX_IOERR : EX_OK;
        else
            return fputs (usage, stderr), EX_USAGE;
    }
    if (!state || optind < argc)
        return fputs (usage, stderr), EX_USAGE;
    return what (state, config);
}
