/* command_lists.c - `ems` workers, profiles, ping, version, help.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "commands.h"

#include "clock.h"
#include "pages.h"

/* A list that comes as a whole. */
static int show_list (struct tool *tool, enum list_kind kind,
                      int (*fetch) (struct ems *, struct ems_value **, struct ems_error *))
{
    struct ems_error error;
    struct listing listing;
    struct ems_value *list = NULL;
    int code = pages_read (tool, kind, &listing);
    if (code || listing.help)
        return code;
    code = tool_connect (tool);
    if (code)
        return code;
    if (fetch (tool->ems, &list, &error) < 0) {
        code = tool_fail (tool, &error, list);
        ems_value_destroy (&list);
        return code;
    }
    struct value *wanted = pages_select (tool, &listing, tool_peek (list));
    code = wanted ? pages_put (tool, &listing, wanted) : EXITS_SOFTWARE;
    value_destroy (&wanted);
    ems_value_destroy (&list);
    return code;
}

int command_workers (struct tool *tool)
{
    return show_list (tool, LIST_WORKERS, ems_workers);
}

int command_profiles (struct tool *tool)
{
    return show_list (tool, LIST_PROFILES, ems_profiles);
}

static void print_ping (const struct value *reply, const struct report *how, struct sbuf *out)
{
    (void)how;
    const char *broker = value_string (value_get (reply, "broker"));
    const char *worker = value_string (value_get (reply, "worker"));
    sbuf_add (out, broker ? "broker " : "worker ");
    sbuf_add_safe (out, broker ? broker : worker);
    sbuf_add (out, " answers, version ");
    sbuf_add_safe (out, value_string (value_get (reply, "version")));
}

int command_ping (struct tool *tool)
{
    struct ems_error error;
    struct ems_value *reply = NULL;
    struct sbuf text;
    int code = tool_connect (tool);
    if (code)
        return code;
    int64_t begun_ms = clock_mono_ms ();
    if (ems_ping (tool->ems, tool->line.text[OPTION_WORKER], &reply, &error) < 0) {
        code = tool_fail (tool, &error, reply);
    } else if (tool->json) {
        code = tool_put_json (tool, reply);
    } else {
        struct report how = tool_report (tool);
        sbuf_init (&text);
        print_ping (tool_peek (reply), &how, &text);
        sbuf_printf (&text, ", %d ms\n", (int)(clock_mono_ms () - begun_ms));
        code = tool_put_text (tool, &text);
    }
    ems_value_destroy (&reply);
    return code;
}

int command_version (struct tool *tool)
{
    struct sbuf text;
    sbuf_init (&text);
    sbuf_add (&text, tool->json ? "{\"version\":\"" EMS_VERSION "\"}\n" : "ems " EMS_VERSION "\n");
    return tool_put_text (tool, &text);
}

int command_help (struct tool *tool)
{
    struct sbuf text;
    sbuf_init (&text);
    cmdline_help (tool->line.help_for, &text);
    return tool_put_text (tool, &text);
}
