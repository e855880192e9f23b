/* results_diff.c - `ems results diff`: one run held against another.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "results_verbs.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

#define REGRESSION 1 /* exit code, as diff(1) says that there is a difference */

struct two_runs {
    struct runresults before, after;
    struct results_docs docs, others; /* of `before`; of `after`, until they are paired */
    struct result_file *files;        /* owned: all of them, in pairs; their documents are moved */
    size_t count;
    struct resultdiff_rules rules;
};

static void two_runs_free (struct two_runs *self)
{
    for (size_t i = 0; i < self->count; i++)
        result_file_free (&self->files[i]);
    free (self->files);
    results_docs_free (&self->docs);
    results_docs_free (&self->others);
    runresults_clear (&self->before);
    runresults_clear (&self->after);
}

/* ---- pairs ---- */

static void take (struct result_file *from, bool after, struct result_file *to)
{
    if (!to->path) {
        to->path = from->path;
        from->path = NULL;
    }
    *(after ? &to->after : &to->before) = from->before;
    *(after ? &to->has_after : &to->has_before) = true;
    memset (&from->before, 0, sizeof from->before);
}

/* Both lists are sorted by path. 0, or -1: no memory. */
static int pair_files (struct two_runs *self)
{
    size_t a = 0;
    size_t b = 0;
    self->files = calloc (self->docs.count + self->others.count + 1, sizeof *self->files);
    if (!self->files)
        return -1;
    while (a < self->docs.count || b < self->others.count) {
        struct result_file *one = a < self->docs.count ? &self->docs.files[a] : NULL;
        struct result_file *other = b < self->others.count ? &self->others.files[b] : NULL;
        int order = !one ? 1 : !other ? -1 : strcmp (one->path, other->path);
        struct result_file *pair = &self->files[self->count++];
        if (one && order <= 0) {
            take (one, false, pair);
            a++;
        }
        if (other && order >= 0) {
            take (other, true, pair);
            b++;
        }
    }
    return 0;
}

/* ---- what they may be held to ---- */

/* Where both were made is told by their manifests; where there are none, by their workers. */
static bool same_machine (struct tool *tool, const struct two_runs *self)
{
    static const char *const what[] = { "host", "architecture", "cpu", "cpus" };
    struct value *one = results_manifest (tool, &self->before);
    struct value *other = results_manifest (tool, &self->after);
    const struct value *before = value_get (one, "machine");
    const struct value *after = value_get (other, "machine");
    bool same = before && after ? true : strcmp (self->before.worker, self->after.worker) == 0;
    for (size_t i = 0; before && after && same && i < sizeof what / sizeof *what; i++)
        same = value_equal (value_get (before, what[i]), value_get (after, what[i]));
    value_destroy (&one);
    value_destroy (&other);
    return same;
}

static int judge (struct tool *tool, struct two_runs *self)
{
    const struct cmdline *line = &tool->line;
    bool given = line->given[OPTION_TOLERANCE];
    double tolerance = (double)line->number[OPTION_TOLERANCE] / 100;
    bool failed = false;
    self->rules = (struct resultdiff_rules){
        .tolerance = given ? tolerance : RESULTDIFF_TOLERANCE,
        .slower = given ? tolerance : RESULTDIFF_SLOWER,
        .drift = 1,
        .same_machine = same_machine (tool, self),
    };
    for (size_t i = 0; i < self->count; i++) {
        double drift = resultdiff_drift (&self->files[i].before, &self->files[i].after);
        self->rules.drift = drift > self->rules.drift ? drift : self->rules.drift;
    }
    for (size_t i = 0; i < self->count; i++) {
        struct result_file *file = &self->files[i];
        if (file->has_before && file->has_after)
            resultdiff_make (&file->before, &file->after, &self->rules, &file->diff);
        failed = failed || file->diff.failed;
    }
    if (failed)
        tool_remark (tool, "out of memory");
    return failed ? EXITS_SOFTWARE : 0;
}

/* ---- output ---- */

static void add_run (const char *what, const struct runresults *run, struct sbuf *out)
{
    sbuf_printf (out, "%s  ", what);
    sbuf_add_safe (out, run->run_id);
    if (run->job_id) {
        sbuf_add (out, "  job ");
        sbuf_add_safe (out, run->job_id);
    }
    sbuf_add (out, " on ");
    sbuf_add_safe (out, run->worker);
    sbuf_add (out, "\n");
}

static bool has_pair (const struct two_runs *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->files[i].has_before && self->files[i].has_after)
            return true;
    return false;
}

static int put_text (struct tool *tool, const struct two_runs *self)
{
    struct sbuf text;
    struct texttable_look look = results_look (tool);
    sbuf_init (&text);
    add_run ("before", &self->before, &text);
    add_run ("after ", &self->after, &text);
    for (size_t i = 0; i < self->count; i++) {
        sbuf_add (&text, "\n");
        resultreport_diff (&self->files[i], tool->line.given[OPTION_ALL], &look, &text);
    }
    sbuf_add (&text, "\n");
    if (has_pair (self))
        resultreport_totals (self->files, self->count, &self->rules, tool->colour, &text);
    return tool_put_text (tool, &text);
}

static void add_json (struct value *map, struct sbuf *out)
{
    struct err err = { 0 };
    char *text = map ? json_encode (map, false, &err) : NULL;
    sbuf_add (out, text ? text : "null");
    out->failed = out->failed || !text;
    free (text);
    value_destroy (&map);
}

/* {run_id, job_id, worker, path}: the answer without the files. */
static struct value *run_json (const struct runresults *run)
{
    struct value *map = value_new_map ();
    if (map && value_put_string (map, "run_id", run->run_id) == 0 &&
        value_put_string (map, "job_id", run->job_id) == 0 &&
        value_put_string (map, "worker", run->worker) == 0 &&
        value_put_string (map, "path", run->path) == 0)
        return map;
    value_destroy (&map);
    return NULL;
}

/* File by file: all of it would be more than one value may hold. */
static int put_json (struct tool *tool, const struct two_runs *self)
{
    struct sbuf text;
    sbuf_init (&text);
    sbuf_add (&text, "{\"before\":");
    add_json (run_json (&self->before), &text);
    sbuf_add (&text, ",\"after\":");
    add_json (run_json (&self->after), &text);
    for (enum verdict v = 0; v < VERDICTS; v++)
        sbuf_printf (&text, ",\"%s\":%zu", verdict_name (v),
                     resultreport_count (self->files, self->count, v));
    sbuf_printf (&text, ",\"same_machine\":%s,\"drift\":%.4f,\"files\":[",
                 self->rules.same_machine ? "true" : "false", self->rules.drift);
    for (size_t i = 0; i < self->count; i++) {
        sbuf_add (&text, i ? ",\n" : "\n");
        add_json (resultreport_json (&self->files[i]), &text);
    }
    sbuf_add (&text, "]}\n");
    return tool_put_text (tool, &text);
}

/* ---- the command ---- */

static int find_both (struct tool *tool, struct two_runs *self)
{
    const struct cmdline *line = &tool->line;
    const char *before = line->argument_count > 1 ? line->arguments[1] : "last";
    const char *after = line->argument_count > 2 ? line->arguments[2] : "last";
    int code = runresults_find (tool, before, line->argument_count > 1 ? 0 : 1, &self->before);
    if (code == 0)
        code = runresults_find (tool, after, 0, &self->after);
    if (code == 0)
        code = results_docs_read (tool, &self->before, &self->docs);
    if (code == 0)
        code = results_docs_read (tool, &self->after, &self->others);
    if (code == 0 && pair_files (self) < 0) {
        tool_remark (tool, "out of memory");
        code = EXITS_SOFTWARE;
    }
    return code;
}

int results_diff (struct tool *tool)
{
    struct two_runs self = { 0 };
    int code = find_both (tool, &self);
    if (code == 0)
        code = judge (tool, &self);
    if (code == 0)
        code = tool->json ? put_json (tool, &self) : put_text (tool, &self);
    /* Nobody shall take it for a good sign. */
    if (code == 0 && !has_pair (&self)) {
        tool_remark (tool, "there is nothing to compare: the two runs have no JSON file in common");
        code = EXITS_UNKNOWN;
    }
    if (code == 0 && resultreport_count (self.files, self.count, VERDICT_WORSE) > 0)
        code = REGRESSION;
    two_runs_free (&self);
    return code;
}
