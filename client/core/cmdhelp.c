/* cmdhelp.c - help, made from the tables.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "cmdline.h"

#include <stdio.h>

#define OPTION_COLUMN 25

static void add_option (struct sbuf *out, const struct option_spec *spec)
{
    char left[64];
    char letter[8] = "    ";
    if (spec->letter)
        snprintf (letter, sizeof letter, "-%c, ", spec->letter);
    snprintf (left, sizeof left, "%s--%s%s%s", letter, spec->name, spec->takes ? " " : "",
              spec->takes ? spec->takes : "");
    sbuf_printf (out, "  %-*s %s\n", OPTION_COLUMN, left, spec->help);
}

static void add_globals (struct sbuf *out)
{
    sbuf_add (out, "\nOptions of every command:\n");
    for (enum option o = 0; o < OPTIONS; o++)
        if (option_spec (o)->commands == ALL_COMMANDS)
            add_option (out, option_spec (o));
}

static void help_all (struct sbuf *out)
{
    sbuf_add (out, "usage: ems [OPTION]… COMMAND [ARGUMENT]…\n\n"
                   "Runs benchmark jobs, one at a time, and shows what they do.\n\n");
    for (enum command c = COMMAND_NONE + 1; c < COMMANDS; c++)
        if (!command_hidden (c))
            sbuf_printf (out, "  %-*s %s\n", 10, command_spec (c)->name, command_spec (c)->summary);
    add_globals (out);
    sbuf_add (
        out,
        "\nA JOB is an id, the beginning of one, the id of a run, or `last` (the default where "
        "it\nis in brackets).\nThe broker is where the first of these says that there is: -e or "
        "the context -c,\nEMS_ENDPOINT, the state folder --state, the context EMS_CONTEXT, the "
        "state folder EMS_STATE,\nthe context in use (`ems context`), $XDG_STATE_HOME/ems, "
        "~/.local/state/ems.\n"
        "list, ls, jobs and queue mean ps; status and inspect mean show; log means logs; stop and "
        "kill\nmean cancel.\n"
        "`ems help COMMAND` tells more, `ems run --help` lists a profile's "
        "parameters.\n\n"
        "Exit codes: 64 usage, 65 refused parameter, 66 unknown job, 69 nobody there,\n"
        "70 it was tried and failed, 75 busy, timed out or not in the state for it,\n"
        "77 not permitted, or a file of yours is open to others, 78 a context, certificate\nor "
        "configuration is missing or wrong.\n");
}

void cmdline_help (enum command command, struct sbuf *out)
{
    const struct command_spec *spec = command_spec (command);
    if (!spec) {
        help_all (out);
        return;
    }
    sbuf_printf (out, "usage: ems %s%s%s [OPTION]…\n\n%s\n", spec->name,
                 spec->arguments[0] ? " " : "", spec->arguments, spec->summary);
    if (spec->text[0])
        sbuf_printf (out, "\n%s\n", spec->text);
    bool own = false;
    for (enum option o = 0; o < OPTIONS; o++) {
        uint32_t where = option_spec (o)->commands;
        if (where == ALL_COMMANDS || !(where & (UINT32_C (1) << command)))
            continue;
        if (!own)
            sbuf_add (out, "\nOptions:\n");
        own = true;
        add_option (out, option_spec (o));
    }
    add_globals (out);
}
