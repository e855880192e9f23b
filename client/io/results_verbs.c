/* results_verbs.c - `ems results` and its verbs, and what they share.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "results_verbs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ids.h"
#include "json.h"
#include "suggest.h"

#define MANIFEST   "manifest.json"
#define DOCUMENTS  128      /* of one run; more are not read */
#define MOST_BYTES 16777216 /* of all of them together */

struct texttable_look results_look (const struct tool *tool)
{
    return (struct texttable_look){ .width = tool->out_tty ? tool_columns (STDOUT_FILENO) : 0,
                                    .colour = tool->colour,
                                    .utf8 = tool->utf8 };
}

/* ---- documents ---- */

void results_docs_free (struct results_docs *self)
{
    for (size_t i = 0; i < self->count; i++)
        result_file_free (&self->files[i]);
    free (self->files);
    memset (self, 0, sizeof *self);
}

/* NULL: it cannot be read; with `say`, that was told. */
static struct value *read_json (struct tool *tool, const struct runresults *run, const char *path,
                                bool say)
{
    struct sbuf text;
    struct ems_error error;
    struct err err = { 0 };
    struct value *root = NULL;
    sbuf_init (&text);
    if (runresults_read (tool, run, path, &text, &error) < 0) {
        if (say)
            tool_remark (tool, "%s of run %s is left out: %s", path, run->run_id, error.text);
    } else {
        root = json_decode (sbuf_text (&text), text.size, &err);
        if (!root && say)
            tool_remark (tool, "%s of run %s is left out: %s", path, run->run_id, err.text);
    }
    sbuf_free (&text);
    return root;
}

struct value *results_manifest (struct tool *tool, const struct runresults *run)
{
    size_t at = 0;
    int64_t size = 0;
    const char *path;
    while ((path = runresults_next (run, MANIFEST, &at, &size)) != NULL)
        if (strcmp (path, MANIFEST) == 0)
            return read_json (tool, run, path, false);
    return NULL;
}

/* 0, or -1: no memory. */
static int add_document (struct results_docs *self, const char *path, struct value *root)
{
    struct result_file *files = realloc (self->files, (self->count + 1) * sizeof *files);
    char *copy = strdup (path);
    if (files)
        self->files = files;
    if (!files || !copy) {
        free (copy);
        value_destroy (&root);
        return -1;
    }
    struct result_file *file = &self->files[self->count++];
    *file = (struct result_file){ .path = copy, .has_before = true };
    resultdoc_read (&file->before, root);
    return file->before.failed ? -1 : 0;
}

int results_docs_read (struct tool *tool, const struct runresults *run, struct results_docs *out)
{
    const char *path;
    size_t at = 0;
    size_t left_out = 0;
    int64_t size = 0;
    int64_t bytes = 0;
    int rc = 0;
    memset (out, 0, sizeof *out);
    while (rc == 0 && (path = runresults_next (run, ".json", &at, &size)) != NULL) {
        if (strcmp (path, MANIFEST) == 0)
            continue;
        bytes += size;
        if (out->count == DOCUMENTS || bytes > MOST_BYTES) {
            left_out++;
            continue;
        }
        struct value *root = read_json (tool, run, path, true);
        if (root)
            rc = add_document (out, path, root);
    }
    if (left_out > 0)
        tool_remark (tool, "%zu more documents of run %s are left out", left_out, run->run_id);
    if (rc < 0)
        tool_remark (tool, "out of memory");
    return rc < 0 ? EXITS_SOFTWARE : 0;
}

/* ---- verbs ---- */

static int results_open (struct tool *tool)
{
    struct runresults run;
    const char *typed = tool->line.argument_count > 1 ? tool->line.arguments[1] : "last";
    int code = runresults_find (tool, typed, 0, &run);
    if (code == 0 && tool->json) {
        code = tool_put_json (tool, run.reply);
    } else if (code == 0) {
        struct sbuf text;
        sbuf_init (&text);
        /* A path with something strange in it is none that we could safely show. */
        sbuf_add_safe (&text, run.path);
        sbuf_add (&text, "\n");
        bool here = run.path && access (run.path, F_OK) == 0;
        code = tool_put_text (tool, &text);
        if (code == 0 && !here)
            tool_remark (tool,
                         "that folder is on the host of worker %s; `ems results show %s` shows "
                         "what is in it",
                         run.worker, run.run_id);
    }
    runresults_clear (&run);
    return code;
}

static const struct verb {
    const char *name;
    int most; /* arguments, itself included */
    const char *usage;
    int (*function) (struct tool *tool);
} verbs[] = {
    { "show", 3, "show [RUN [EXPERIMENT|PATH]]", results_show },
    { "diff", 3, "diff [RUN [RUN]]", results_diff },
    { "open", 2, "open [RUN]", results_open },
};

static int refuse (struct tool *tool, const char *typed)
{
    struct suggest near;
    suggest_init (&near, typed);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        suggest_offer (&near, verbs[i].name);
    /* A job or a run, for which a verb is missing. */
    if (strcmp (typed, "last") == 0 || run_id_valid (typed) || job_prefix_valid (typed))
        tool_remark (tool,
                     "`ems results` does not know `%.64s`; did you mean `ems results show %.64s`?",
                     typed, typed);
    else if (near.best)
        tool_remark (tool, "`ems results` does not know `%.64s`; did you mean `%s`?", typed,
                     near.best);
    else
        tool_remark (tool,
                     "`ems results` does not know `%.64s`; it takes show, diff or open, or nothing",
                     typed);
    return EXITS_USAGE;
}

int results_verb (struct tool *tool)
{
    const struct cmdline *line = &tool->line;
    const struct verb *verb = NULL;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp (verbs[i].name, line->arguments[0]) == 0)
            verb = &verbs[i];
    if (!verb)
        return refuse (tool, line->arguments[0]);
    if (line->argument_count > verb->most) {
        tool_remark (tool, "`ems results %s` does not take `%.64s`; usage: ems results %s",
                     verb->name, line->arguments[verb->most], verb->usage);
        return EXITS_USAGE;
    }
    if (line->given[OPTION_PARTIAL]) {
        tool_remark (tool,
                     "`ems results %s` is for complete runs and does not take --partial; `ems "
                     "results --partial` lists what the others left",
                     verb->name);
        return EXITS_USAGE;
    }
    int code = tool_connect (tool);
    return code ? code : verb->function (tool);
}
