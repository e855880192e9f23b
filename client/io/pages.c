/* pages.c - lists that come in pages.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "pages.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_COUNT 20

static int out_of_memory (struct tool *tool)
{
    tool_remark (tool, "out of memory");
    return EXITS_SOFTWARE;
}

/* A list that is not whole must not look like one that is. */
static void tell_missing (struct tool *tool, const struct ems_value *reply)
{
    const struct value *missing = tool_peek (ems_get (reply, "missing"));
    for (size_t i = 0; i < value_count (missing); i++) {
        const char *name = value_string (value_at (missing, i));
        tool_remark (tool, "worker %s does not answer; what it has is missing here",
                     name ? name : "?");
    }
}

/* All of them as one list, so that the columns of a table fit all rows: bounded by -n; -a is the
 * user's wish. */
int pages_gather (struct tool *tool, pages_fetch *fetch, const char *field, int64_t left, bool tell,
                  struct value *all)
{
    struct ems_error error;
    char *before = NULL;
    int code = 0;
    while (code == 0 && left > 0) {
        struct ems_value *reply = NULL;
        int limit = left > LIMIT_LIST ? LIMIT_LIST : (int)left;
        if (fetch (tool->ems, limit, before, &reply, &error) < 0) {
            code = tool_fail (tool, &error, reply);
            ems_value_destroy (&reply);
            break;
        }
        if (!before && tell)
            tell_missing (tool, reply);
        const struct value *list = tool_peek (ems_get (reply, field));
        const char *next = ems_text (reply, "next");
        size_t count = value_count (list);
        bool more = next && count > 0;
        bool good = true;
        for (size_t i = 0; i < count && good; i++)
            good = value_append (all, value_copy (value_at (list, i))) == 0;
        left -= (int64_t)count;
        free (before);
        before = more ? strdup (next) : NULL;
        ems_value_destroy (&reply);
        if (!good || (more && !before))
            code = out_of_memory (tool);
        if (!before || code)
            break;
    }
    free (before);
    return code;
}

static int put_json (struct tool *tool, const struct value *list)
{
    struct sbuf text;
    sbuf_init (&text);
    sbuf_add (&text, "[");
    for (size_t i = 0; i < value_count (list); i++) {
        char *json = ems_json ((const struct ems_value *)value_at (list, i));
        text.failed = text.failed || !json;
        sbuf_add (&text, i ? ",\n" : "\n");
        sbuf_add (&text, json ? json : "");
        free (json);
    }
    sbuf_add (&text, value_count (list) ? "\n]\n" : "]\n");
    return tool_put_text (tool, &text);
}

int pages_put (struct tool *tool, const struct value *list,
               void (*print) (const struct value *, const struct report *, struct sbuf *))
{
    if (tool->json)
        return put_json (tool, list);
    struct sbuf text;
    struct report how = tool_report (tool);
    sbuf_init (&text);
    print (list, &how, &text);
    return tool_put_text (tool, &text);
}

int64_t pages_count (const struct tool *tool)
{
    const struct cmdline *line = &tool->line;
    if (line->given[OPTION_ALL])
        return INT64_MAX;
    return line->given[OPTION_LINES] ? line->number[OPTION_LINES] : DEFAULT_COUNT;
}

int pages_show (struct tool *tool, pages_fetch *fetch, const char *field,
                void (*print) (const struct value *, const struct report *, struct sbuf *))
{
    int code = tool_connect (tool);
    if (code)
        return code;
    struct value *all = value_new_list ();
    if (!all)
        return out_of_memory (tool);
    code = pages_gather (tool, fetch, field, pages_count (tool), true, all);
    if (code == 0)
        code = pages_put (tool, all, print);
    value_destroy (&all);
    return code;
}
