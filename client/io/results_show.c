/* results_show.c - `ems results show`: what is in a run.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "results_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amounts.h"
#include "json.h"
#include "linebuf.h"
#include "markdown.h"
#include "paramtext.h"
#include "suggest.h"
#include "text.h"

#define SUMMARY_NAME "summary.md"
#define FILES_SHOWN  40 /* of those of a run, without --all */
#define CHUNK_BYTES  1048576

/* ---- the head ---- */

static void add_line (struct sbuf *out, const char *name, const char *text)
{
    sbuf_printf (out, "%-12s ", name);
    sbuf_add_safe (out, text);
    sbuf_add (out, "\n");
}

/* The job, as far as its record is still there. */
static void add_job (const struct ems_value *value, const struct report *how, struct sbuf *out)
{
    struct record job;
    struct err err = { 0 };
    char took[32];
    record_init (&job);
    if (value && record_from_value (tool_peek (value), &job, &err) == 0) {
        duration_text (report_elapsed_ms (&job, how->now_ms), took, sizeof took);
        sbuf_printf (out, "%-12s %s, ", "Job", job.job_id);
        sbuf_add_safe (out, job.profile);
        sbuf_printf (out, ", took %s\n", took);
        for (size_t i = 0; i < value_count (job.config); i++) {
            sbuf_printf (out, i ? " " : "%-12s ", "Parameters");
            sbuf_add_safe (out, value_key_at (job.config, i));
            sbuf_add (out, "=");
            paramtext_add (value_at (job.config, i), out);
        }
        sbuf_add (out, value_count (job.config) ? "\n" : "");
        if (job.notes && job.notes[0])
            add_line (out, "Notes", job.notes);
    }
    record_clear (&job);
}

static void add_head (struct tool *tool, const struct runresults *run, const struct ems_value *job,
                      struct sbuf *out)
{
    struct report how = tool_report (tool);
    char size[32];
    const struct ems_value *files = ems_get (run->reply, "files");
    int64_t bytes = 0;
    bool more = false;
    for (size_t i = 0; i < ems_count (files, NULL); i++) {
        int64_t one = 0;
        if (ems_int (ems_at (files, i), "size", &one) && one > 0 && one < INT64_MAX - bytes)
            bytes += one;
    }
    size_text (bytes, size, sizeof size);
    (void)ems_bool (run->reply, "more", &more);
    add_line (out, "Run", run->run_id);
    add_job (job, &how, out);
    if (!job && run->job_id)
        add_line (out, "Job", run->job_id);
    add_line (out, "Worker", run->worker);
    add_line (out, "Path", run->path);
    sbuf_printf (out, "%-12s %zu%s, %s\n", "Files", ems_count (files, NULL),
                 more ? " and more" : "", size);
}

static void add_files (struct tool *tool, const struct runresults *run, const char *folder,
                       struct sbuf *out)
{
    struct texttable table;
    struct texttable_look look = results_look (tool);
    size_t at = 0;
    size_t shown = 0;
    size_t left_out = 0;
    int64_t size = 0;
    const char *path;
    texttable_init (&table, 2);
    table.align[0] = TEXTTABLE_RIGHT;
    texttable_add (&table, HUE_PLAIN, "SIZE");
    texttable_add (&table, HUE_PLAIN, "FILE");
    while ((path = runresults_next (run, "", &at, &size)) != NULL) {
        char text[32];
        size_t bytes = strlen (folder);
        if (bytes > 0 && (strncmp (path, folder, bytes) != 0 || path[bytes] != '/'))
            continue;
        if (shown == FILES_SHOWN && !tool->line.given[OPTION_ALL]) {
            left_out++;
            continue;
        }
        shown++;
        size_text (size, text, sizeof text);
        texttable_add (&table, HUE_PLAIN, text);
        texttable_add (&table, HUE_PLAIN, path);
    }
    sbuf_add (out, "\n");
    texttable_render (&table, &look, out);
    if (left_out > 0)
        sbuf_printf (out, "%zu more: --all\n", left_out);
    texttable_free (&table);
}

/* ---- summaries ---- */

static void add_summary (struct tool *tool, const struct runresults *run, const char *path,
                         bool whole, struct sbuf *out)
{
    struct ems_error error;
    struct sbuf page;
    struct texttable_look look = results_look (tool);
    struct markdown_look how = {
        .width = look.width, .colour = look.colour, .utf8 = look.utf8, .tables_only = !whole
    };
    sbuf_init (&page);
    if (runresults_read (tool, run, path, &page, &error) == 0) {
        sbuf_add (out, "\n");
        markdown_render (sbuf_text (&page), page.size, &how, out);
    } else {
        tool_remark (tool, "%s cannot be shown: %s", path, error.text);
    }
    sbuf_free (&page);
}

/* Those in a folder ("": in all). Returns how many there are. */
static size_t add_summaries (struct tool *tool, const struct runresults *run, const char *folder,
                             bool whole, struct sbuf *out)
{
    size_t bytes = strlen (folder);
    size_t at = 0;
    size_t count = 0;
    int64_t size = 0;
    const char *path;
    while ((path = runresults_next (run, SUMMARY_NAME, &at, &size)) != NULL) {
        if (bytes > 0 && (strncmp (path, folder, bytes) != 0 || path[bytes] != '/'))
            continue;
        add_summary (tool, run, path, whole, out);
        count++;
    }
    return count;
}

/* ---- one file ---- */

static bool is_page (const char *path)
{
    size_t bytes = strlen (path);
    return bytes > 3 && strcmp (path + bytes - 3, ".md") == 0;
}

/* As it is; on a terminal, safe. */
static int put_file (struct tool *tool, const struct runresults *run, const char *path)
{
    struct linebuf lines;
    int64_t offset = 0;
    int code = 0;
    bool eof = false;
    linebuf_init (&lines);
    while (code == 0 && !eof) {
        struct ems_error error;
        struct ems_value *reply = NULL;
        struct sbuf text;
        size_t bytes = 0;
        sbuf_init (&text);
        if (ems_file (tool->ems, run->worker, run->run_id, path, offset, CHUNK_BYTES, &reply,
                      &error) < 0)
            code = tool_fail (tool, &error, reply);
        const char *data = code == 0 ? ems_bytes (reply, "data", &bytes) : NULL;
        eof = !ems_bool (reply, "eof", &eof) || eof || bytes == 0;
        if (data && !tool->out_tty)
            code = tool_put (tool, data, bytes);
        else if (data)
            linebuf_feed (&lines, data, bytes, &text);
        if (eof && code == 0 && tool->out_tty)
            linebuf_finish (&lines, &text);
        int written = tool_put_text (tool, &text);
        code = code ? code : written;
        offset += (int64_t)bytes;
        ems_value_destroy (&reply);
    }
    linebuf_free (&lines);
    return code;
}

/* ---- what is wanted ---- */

/* Is it a file, or the folder of an experiment? */
static bool has_file (const struct runresults *run, const char *name, bool *folder)
{
    size_t bytes = strlen (name);
    size_t at = 0;
    int64_t size = 0;
    const char *path;
    while ((path = runresults_next (run, "", &at, &size)) != NULL) {
        *folder = strncmp (path, name, bytes) == 0 && path[bytes] == '/';
        if (*folder || strcmp (path, name) == 0)
            return true;
    }
    return false;
}

static int refuse_part (struct tool *tool, const struct runresults *run, const char *typed)
{
    char text[512];
    char folder[256];
    struct suggest near;
    struct ems_error error = { .status = STATUS_UNKNOWN };
    size_t at = 0;
    int64_t size = 0;
    const char *path;
    char best[256] = "";
    size_t distance = SIZE_MAX;
    while ((path = runresults_next (run, "", &at, &size)) != NULL) {
        snprintf (folder, sizeof folder, "%.*s", (int)(strcspn (path, "/") % sizeof folder), path);
        const char *names[] = { folder, path };
        for (size_t i = 0; i < 2; i++) {
            suggest_init (&near, typed);
            suggest_offer (&near, names[i]);
            if (near.best && near.distance < distance) {
                distance = near.distance;
                snprintf (best, sizeof best, "%s", near.best);
            }
        }
    }
    snprintf (text, sizeof text,
              best[0]
                  ? "run %s has no experiment and no file `%.64s`; did you mean `%.128s`?"
                  : "run %s has no experiment and no file `%.64s`; `ems results show` lists them",
              run->run_id, typed, best);
    snprintf (error.text, sizeof error.text, "%s", text);
    return tool_fail (tool, &error, NULL);
}

static int show_part (struct tool *tool, const struct runresults *run, const char *name)
{
    struct sbuf text;
    bool folder = false;
    if (!has_file (run, name, &folder))
        return refuse_part (tool, run, name);
    if (!folder && !(tool->out_tty && is_page (name)))
        return put_file (tool, run, name);
    sbuf_init (&text);
    if (!folder) {
        add_summary (tool, run, name, true, &text);
    } else {
        add_summaries (tool, run, name, true, &text);
        add_files (tool, run, name, &text);
    }
    /* What stands apart from something stands apart from nothing here. */
    if (text.size > 0 && text.data[0] == '\n')
        memmove (text.data, text.data + 1, text.size--);
    return tool_put_text (tool, &text);
}

static int show_run (struct tool *tool, const struct runresults *run, const struct ems_value *job)
{
    struct results_docs docs;
    struct sbuf text;
    struct texttable_look look = results_look (tool);
    int code = results_docs_read (tool, run, &docs);
    sbuf_init (&text);
    if (code == 0) {
        add_head (tool, run, job, &text);
        if (docs.count > 0) {
            sbuf_add (&text, "\n");
            resultreport_overview (docs.files, docs.count, &look, &text);
        }
        add_files (tool, run, "", &text);
        add_summaries (tool, run, "", false, &text);
        code = tool_put_text (tool, &text);
    }
    sbuf_free (&text);
    results_docs_free (&docs);
    return code;
}

/* The answer to `files`, the record, and the documents by their paths; piece by piece, because all
 * of it is more than one value may hold. */
static int show_json (struct tool *tool, const struct runresults *run, const struct ems_value *job)
{
    struct results_docs docs;
    struct sbuf text;
    struct err err = { 0 };
    int code = results_docs_read (tool, run, &docs);
    sbuf_init (&text);
    char *head = ems_json (run->reply);
    char *record = job ? ems_json (job) : NULL;
    text.failed = !head || (job && !record);
    sbuf_printf (&text, "{\"run\":%s,\n\"job\":%s,\n\"results\":{", head ? head : "",
                 record ? record : "null");
    free (head);
    free (record);
    for (size_t i = 0; code == 0 && i < docs.count; i++) {
        struct value *path = value_new_string (docs.files[i].path);
        char *name = path ? json_encode (path, false, &err) : NULL;
        char *body = json_encode (docs.files[i].before.root, false, &err);
        text.failed = text.failed || !name || !body;
        sbuf_printf (&text, "%s%s:%s", i ? ",\n" : "\n", name ? name : "", body ? body : "");
        free (name);
        free (body);
        value_destroy (&path);
    }
    sbuf_add (&text, "}}\n");
    if (code == 0)
        code = tool_put_text (tool, &text);
    sbuf_free (&text);
    results_docs_free (&docs);
    return code;
}

int results_show (struct tool *tool)
{
    const struct cmdline *line = &tool->line;
    struct runresults run;
    struct ems_error error;
    struct ems_value *job = NULL;
    const char *typed = line->argument_count > 1 ? line->arguments[1] : "last";
    int code = runresults_find (tool, typed, 0, &run);
    /* The record may be gone while the results are kept by hand. */
    if (code == 0 && line->argument_count < 3 && run.job_id &&
        ems_status (tool->ems, run.job_id, &job, &error) < 0)
        ems_value_destroy (&job);
    if (code == 0 && line->argument_count == 3)
        code = show_part (tool, &run, line->arguments[2]);
    else if (code == 0)
        code = tool->json ? show_json (tool, &run, job) : show_run (tool, &run, job);
    ems_value_destroy (&job);
    runresults_clear (&run);
    return code;
}
