/* lab-orchestrator: libnova against ERFA in seven experiments. See README.md.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>

#include "orchestrator/options.h"
#include "orchestrator/report.h"
#include "orchestrator/run.h"
#include "orchestrator/stop.h"

int main (int argc, char *argv[])
{
    struct options options;
    struct lab_err err;
    /* A line is a message to whoever follows the run: also into a pipe, at once. */
    setvbuf (stdout, NULL, _IOLBF, BUFSIZ);
    stop_install ();
    if (options_parse (&options, argc, argv, &err) < 0) {
        fprintf (stderr, "lab-orchestrator: %s\n", err.text);
        return (int)err.code;
    }
    switch (options.action) {
    case OPTIONS_HELP:
        fputs (options_usage, stdout);
        return LAB_EXIT_OK;
    case OPTIONS_VERSION:
        puts (REPORT_PROGRAM " " REPORT_VERSION);
        return LAB_EXIT_OK;
    case OPTIONS_RUN:
        break;
    }
    return run_all (&options);
}
