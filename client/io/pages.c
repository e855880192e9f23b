/* pages.c - lists, page by page.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "pages.h"

#include <stdlib.h>
#include <string.h>

#include "tableprint.h"

#define DEFAULT_COUNT 20

static int out_of_memory (struct tool *tool)
{
    tool_remark (tool, "out of memory");
    return EXITS_SOFTWARE;
}

int pages_read (struct tool *tool, enum list_kind kind, struct listing *out)
{
    struct err err = { 0 };
    struct report how = tool_report (tool);
    if (listing_read (kind, &tool->line, &how, out, &err) < 0) {
        tool_remark (tool, "%s", err.text);
        return EXITS_USAGE;
    }
    if (!out->help)
        return 0;
    struct sbuf text;
    sbuf_init (&text);
    columns_help (kind, &text);
    return tool_put_text (tool, &text);
}

int64_t pages_count (const struct tool *tool)
{
    const struct cmdline *line = &tool->line;
    if (line->given[OPTION_LINES])
        return line->number[OPTION_LINES];
    return line->given[OPTION_ALL] || line->given[OPTION_SINCE] ? INT64_MAX : DEFAULT_COUNT;
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

/* Take what counts of a page; *past: all of it is older than --since. 0, or -1: no memory. */
static int take (const struct listing *listing, const struct value *list, int64_t *left,
                 struct value *all, bool *past)
{
    *past = value_count (list) > 0;
    for (size_t i = 0; i < value_count (list) && *left > 0; i++) {
        const struct value *item = value_at (list, i);
        *past = *past && listing_older (listing, item);
        if (!listing_takes (listing, item))
            continue;
        if (value_append (all, value_copy (item)) < 0)
            return -1;
        (*left)--;
    }
    return 0;
}

/* Where to go on after this reply, or NULL: that was the last one. Only the absence of `next` says
 * so; but one that leads to the same page again leads nowhere. */
static const char *next_page (const struct ems_value *reply, const char *before)
{
    const char *next = ems_text (reply, "next");
    return next && before && strcmp (next, before) == 0 ? NULL : next;
}

/* All of them as one list, so that the columns of a table fit all rows: bounded by -n; -a is the
 * user's wish. */
int pages_gather (struct tool *tool, const struct pages *pages, int64_t left, struct value *all)
{
    struct ems_error error;
    char *before = NULL;
    int code = 0;
    bool more = left > 0;
    while (code == 0 && more) {
        struct ems_value *reply = NULL;
        bool past = false;
        bool whole = left > LIMIT_LIST || listing_selects (pages->listing);
        int limit = whole ? LIMIT_LIST : (int)left;
        if (pages->fetch (pages, tool->ems, limit, before, &reply, &error) < 0) {
            code = tool_fail (tool, &error, reply);
            ems_value_destroy (&reply);
            break;
        }
        if (!before && pages->tell)
            tell_missing (tool, reply);
        int rc =
            take (pages->listing, tool_peek (ems_get (reply, pages->field)), &left, all, &past);
        const char *next = next_page (reply, before);
        char *at = next ? strdup (next) : NULL;
        if (rc < 0 || (next && !at))
            code = out_of_memory (tool);
        free (before);
        before = at;
        more = at && left > 0 && !past;
        ems_value_destroy (&reply);
    }
    free (before);
    return code;
}

struct value *pages_select (struct tool *tool, const struct listing *listing,
                            const struct value *list)
{
    int64_t left = INT64_MAX;
    bool past;
    struct value *all = value_new_list ();
    if (all && take (listing, list, &left, all, &past) == 0)
        return all;
    value_destroy (&all);
    out_of_memory (tool);
    return NULL;
}

static int makes_no_sense (struct tool *tool, const struct err *err)
{
    tool_remark (tool, "what came as a list makes no sense: %s", err->text);
    return EXITS_SOFTWARE;
}

static int put_json (struct tool *tool, const struct listing *listing, const struct value *list)
{
    struct sbuf text;
    struct err err = { 0 };
    struct report how = tool_report (tool);
    sbuf_init (&text);
    sbuf_add (&text, "[");
    for (size_t i = 0; i < value_count (list); i++) {
        struct value *item = listing_pick (listing, value_at (list, i), &how, &err);
        char *json = item ? ems_json ((const struct ems_value *)item) : NULL;
        value_destroy (&item);
        if (err.code) {
            sbuf_free (&text);
            return makes_no_sense (tool, &err);
        }
        text.failed = text.failed || !json;
        sbuf_add (&text, i ? ",\n" : "\n");
        sbuf_add (&text, json ? json : "");
        free (json);
    }
    sbuf_add (&text, value_count (list) ? "\n]\n" : "]\n");
    return tool_put_text (tool, &text);
}

static int put_table (struct tool *tool, const struct listing *listing, const struct value *list)
{
    struct table table;
    struct sbuf text;
    struct err err = { 0 };
    struct report how = tool_report (tool);
    int code;
    table_init (&table);
    if (listing_table (listing, list, &how, &table, &err) < 0) {
        code = makes_no_sense (tool, &err);
    } else {
        sbuf_init (&text);
        table_print (&table, &how, &text);
        code = tool_put_text (tool, &text);
    }
    table_free (&table);
    return code;
}

int pages_put (struct tool *tool, const struct listing *listing, const struct value *list)
{
    return tool->json ? put_json (tool, listing, list) : put_table (tool, listing, list);
}

int pages_show (struct tool *tool, enum list_kind kind, const struct pages *wanted)
{
    struct listing listing;
    struct pages pages = *wanted;
    int code = pages_read (tool, kind, &listing);
    if (code || listing.help)
        return code;
    code = tool_connect (tool);
    if (code)
        return code;
    struct value *all = value_new_list ();
    if (!all)
        return out_of_memory (tool);
    pages.listing = &listing;
    code = pages_gather (tool, &pages, pages_count (tool), all);
    if (code == 0)
        code = pages_put (tool, &listing, all);
    value_destroy (&all);
    return code;
}
