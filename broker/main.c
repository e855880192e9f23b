/* main.c - ems-broker: routes requests to workers and relays what they publish.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include "reactor.h"
#include "broker_service.h"
#include "broker_settings.h"

static const char help[] =
    "usage: ems-broker --state DIR [--config FILE] [--check]\n"
    "\n"
    "Routes requests to workers and relays what they publish, on the sockets\n"
    "clients, workers, publish and events in DIR/sock. It may be killed and started\n"
    "again at any time. All that it keeps are the names of the workers that it knows,\n"
    "in DIR/broker/workers. Of one that is gone for good delete the line, while the\n"
    "broker is stopped: until then what only that worker may know is answered 503.\n"
    "\n"
    "  --state DIR    the state folder\n"
    "  --config FILE  further endpoints, in the section `broker`\n"
    "  --check        only say what is wrong with the configuration\n"
    "  --version      print the version\n"
    "  --help         print this\n"
    "\n"
    "Exit codes: 0 stopped by a signal, or nothing is wrong; 64 wrong usage; 71 the\n"
    "system refused something; 75 another broker serves DIR; 78 wrong configuration,\n"
    "or a damaged DIR/broker/workers.\n";

static int complain (const struct err *err, int code)
{
    fprintf (stderr, "ems-broker: %s\n", err->text);
    return code;
}

static int serve (struct broker_settings *settings)
{
    struct err err = { 0 };
    if (broker_settings_load (settings, &err) < 0)
        return complain (&err, EX_CONFIG);
    int rc = settings->check ? broker_service_check (settings, &err)
                             : broker_service_run (settings, &err);
    if (rc == 0)
        return EX_OK;
    if (err.code == STATUS_CONFLICT)
        return complain (&err, EX_TEMPFAIL);
    return complain (&err, err.code == STATUS_BAD_REQUEST ? EX_CONFIG : EX_OSERR);
}

int main (int argc, char **argv)
{
    reactor_block_signals ();
    signal (SIGXFSZ, SIG_IGN); /* a limit on files is a full disk, not a reason to die */
    struct broker_settings settings;
    struct err err = { 0 };
    int code = EX_OK;
    if (broker_settings_arguments (&settings, argc, argv, &err) < 0)
        code = complain (&err, EX_USAGE);
    else if (settings.help)
        fputs (help, stdout);
    else if (settings.version)
        puts ("ems-broker " EMS_VERSION);
    else
        code = serve (&settings);
    broker_settings_clear (&settings);
    return code;
}
