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
        sbuf_printf (out, "  %-*s %s\n", 10, command_spec (c)->name, command_spec (c)->summary);
    add_globals (out);
    sbuf_add (
        out,
        "\nA JOB is an id, the beginning of one, the id of a run, or `last` (the default where "
        "it\nis in brackets).\nThe broker is looked for at -e, EMS_ENDPOINT, then in the state "
        "folder: --state,\nEMS_STATE, $XDG_STATE_HOME/ems, ~/.local/state/ems.\n"
        "`ems help COMMAND` tells more, `ems run --help` lists a profile's "
        "parameters.\n\n"
        "Exit codes: 64 usage, 65 refused parameter, 66 unknown job, 69 nobody there,\n"
        "75 busy, timed out or not in the state for it, 77 not permitted.\n");
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
