/* resultreport.c - figures for people.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "resultreport.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 2

void result_file_free (struct result_file *self)
{
    free (self->path);
    resultdiff_free (&self->diff);
    resultdoc_free (&self->before);
    resultdoc_free (&self->after);
    memset (self, 0, sizeof *self);
}

/* ---- one run ---- */

static bool ends_with (const char *text, const char *end)
{
    size_t bytes = strlen (text);
    size_t end_bytes = strlen (end);
    return bytes >= end_bytes && strcmp (text + bytes - end_bytes, end) == 0;
}

/* The largest value of a metric, and which takes most of its bound. */
static const struct figure *nearest_bound (const struct resultdoc *doc)
{
    const struct figure *nearest = NULL;
    double most = -1;
    for (size_t i = 0; i < doc->count; i++) {
        const struct figure *figure = &doc->figures[i];
        if (figure->kind != FIGURE_ERROR || !ends_with (figure->name, " max"))
            continue;
        double part = figure->bound > 0 ? fabs (figure->value) / figure->bound : 0;
        if (part > most) {
            most = part;
            nearest = figure;
        }
    }
    return nearest;
}

static double flaws (const struct resultdoc *doc)
{
    double sum = 0;
    for (size_t i = 0; i < doc->count; i++)
        sum += doc->figures[i].kind == FIGURE_FLAW ? doc->figures[i].value : 0;
    return sum;
}

static void add_times (struct texttable *table, const struct resultdoc *doc)
{
    struct sbuf text;
    sbuf_init (&text);
    bool doubtful = false;
    for (size_t i = 0; i < doc->count; i++) {
        char time[48];
        const struct figure *figure = &doc->figures[i];
        if (figure->kind != FIGURE_TIME)
            continue;
        figure_text (FIGURE_TIME, figure->value, time, sizeof time);
        sbuf_printf (&text, "%s%s %s%s", text.size ? ", " : "", figure->name, time,
                     figure->trusted ? "" : " ?");
        doubtful = doubtful || !figure->trusted;
    }
    texttable_add (table, doubtful ? HUE_ORANGE : HUE_PLAIN, text.size ? sbuf_text (&text) : "-");
    table->failed = table->failed || text.failed;
    sbuf_free (&text);
}

static void add_accuracy (struct texttable *table, const struct resultdoc *doc)
{
    char value[48] = "-";
    char part[48] = "-";
    const struct figure *figure = nearest_bound (doc);
    double wrong = flaws (doc);
    if (figure)
        figure_text (FIGURE_ERROR, figure->value, value, sizeof value);
    if (figure && figure->bound > 0)
        snprintf (part, sizeof part, "%.3g %%", 100 * fabs (figure->value) / figure->bound);
    texttable_add (table, HUE_PLAIN, figure ? figure->name : "-");
    texttable_add (table, HUE_PLAIN, value);
    texttable_add (table, HUE_PLAIN, part);
    if (!doc->known)
        texttable_printf (table, HUE_GREY, "%zu%s figures", doc->count, doc->more ? "+" : "");
    else if (wrong > 0)
        texttable_printf (table, HUE_RED, "%.0f wrong", wrong);
    else
        texttable_add (table, HUE_GREEN, "ok");
}

static const char *base_name (const char *path)
{
    const char *slash = strrchr (path, '/');
    return slash ? slash + 1 : path;
}

/* Is it the same name in every folder? Then the folder says it all. */
static bool one_name (const struct result_file *files, size_t count)
{
    bool one = true;
    for (size_t i = 0; i < count && one; i++)
        one = strchr (files[i].path, '/') &&
              strcmp (base_name (files[i].path), base_name (files[0].path)) == 0;
    return one;
}

void resultreport_overview (const struct result_file *files, size_t count,
                            const struct texttable_look *look, struct sbuf *out)
{
    static const char *const headings[] = { "RESULT",   "DEVIATION", "VALUE",
                                            "OF BOUND", "STATE",     "TIME" };
    struct texttable table;
    bool short_names = one_name (files, count);
    size_t name_bytes = short_names && count > 0 ? strlen (base_name (files[0].path)) + 1 : 0;
    texttable_init (&table, sizeof headings / sizeof *headings);
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        texttable_add (&table, HUE_PLAIN, headings[i]);
    for (size_t i = 0; i < count; i++) {
        size_t bytes = strlen (files[i].path) - name_bytes;
        texttable_add_n (&table, HUE_PLAIN, files[i].path, bytes);
        add_accuracy (&table, &files[i].before);
        add_times (&table, &files[i].before);
    }
    texttable_render (&table, look, out);
    texttable_free (&table);
}

/* ---- two runs ---- */

static enum hue hue_of (const struct difference *row)
{
    static const enum hue hues[VERDICTS] = {
        [VERDICT_SAME] = HUE_GREY,      [VERDICT_WORSE] = HUE_RED,   [VERDICT_BETTER] = HUE_GREEN,
        [VERDICT_CHANGED] = HUE_YELLOW, [VERDICT_UNSURE] = HUE_GREY, [VERDICT_ADDED] = HUE_YELLOW,
        [VERDICT_GONE] = HUE_YELLOW,
    };
    return hues[row->verdict];
}

static void add_value (struct texttable *table, const struct difference *row, bool has,
                       double value)
{
    char text[48] = "-";
    if (has)
        figure_text (row->kind, value, text, sizeof text);
    texttable_add (table, HUE_PLAIN, text);
}

static void add_row (struct texttable *table, const struct difference *row, bool utf8)
{
    char change[48];
    const char *mark = "";
    if (row->verdict == VERDICT_WORSE)
        mark = utf8 ? "✗ " : "! ";
    else if (row->verdict == VERDICT_BETTER)
        mark = utf8 ? "✓ " : "+ ";
    texttable_printf (table, HUE_PLAIN, "%s%s", row->name, row->kind == FIGURE_TIME ? " time" : "");
    add_value (table, row, row->has_before, row->before);
    add_value (table, row, row->has_after, row->after);
    difference_text (row, change, sizeof change);
    texttable_add (table, HUE_PLAIN, change);
    texttable_printf (table, hue_of (row), "%s%s", mark, resultdiff_word (row));
}

static void put_title (const struct result_file *file, bool colour, struct sbuf *out)
{
    sbuf_add (out, hue_on (HUE_BOLD, colour));
    sbuf_add_safe (out, file->path);
    sbuf_add (out, hue_off (HUE_BOLD, colour));
    if (!file->has_after)
        sbuf_add (out, ": only before");
    else if (!file->has_before)
        sbuf_add (out, ": only after");
    else if (!file->diff.same_inputs)
        sbuf_add (out, ": other inputs, so deviations and times are not judged");
    sbuf_add (out, "\n");
}

void resultreport_diff (const struct result_file *file, bool all, const struct texttable_look *look,
                        struct sbuf *out)
{
    static const char *const headings[] = { "FIGURE", "BEFORE", "AFTER", "CHANGE", "" };
    struct texttable_look inside = *look;
    struct texttable table;
    size_t left_out = 0;
    put_title (file, look->colour, out);
    if (!file->has_before || !file->has_after)
        return;
    texttable_init (&table, sizeof headings / sizeof *headings);
    table.align[1] = table.align[2] = table.align[3] = TEXTTABLE_RIGHT;
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        texttable_add (&table, HUE_PLAIN, headings[i]);
    for (size_t i = 0; i < file->diff.count; i++) {
        const struct difference *row = &file->diff.rows[i];
        if (all || row->verdict != VERDICT_SAME || row->kind == FIGURE_TIME)
            add_row (&table, row, look->utf8);
        else
            left_out++;
    }
    inside.indent = INDENT;
    if (table.count > table.columns)
        texttable_render (&table, &inside, out);
    texttable_free (&table);
    if (left_out > 0)
        sbuf_printf (out, "  %s%zu %s the same\n", left_out < file->diff.count ? "" : "all ",
                     left_out, left_out == 1 ? "figure is" : "figures are");
    if (file->before.more || file->after.more)
        sbuf_printf (out, "  only the first %d figures were compared\n", RESULTDOC_FIGURES);
}

size_t resultreport_count (const struct result_file *files, size_t count, enum verdict verdict)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += files[i].diff.verdicts[verdict];
    return sum;
}

void resultreport_totals (const struct result_file *files, size_t count,
                          const struct resultdiff_rules *rules, bool colour, struct sbuf *out)
{
    static const struct {
        enum verdict verdict;
        const char *words;
    } others[] = {
        { VERDICT_BETTER, "better" },     { VERDICT_CHANGED, "changed" },
        { VERDICT_ADDED, "added" },       { VERDICT_GONE, "gone" },
        { VERDICT_UNSURE, "not judged" }, { VERDICT_SAME, "the same" },
    };
    size_t worse = resultreport_count (files, count, VERDICT_WORSE);
    enum hue hue = worse ? HUE_RED : HUE_GREEN;
    if (rules->drift > 1 + rules->slower)
        sbuf_printf (
            out,
            "drift of the machine: the reference, the same code, differs by up to %.0f %%;\n"
            "so a time counts only if it differs by more than %.0f %%\n",
            100 * (rules->drift - 1), 100 * (rules->drift * rules->drift - 1));
    sbuf_add (out, hue_on (hue, colour));
    sbuf_printf (out, worse == 0 ? "no regression" : "%zu regression%s", worse,
                 worse == 1 ? "" : "s");
    sbuf_add (out, hue_off (hue, colour));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        size_t many = resultreport_count (files, count, others[i].verdict);
        if (many > 0)
            sbuf_printf (out, ", %zu %s", many, others[i].words);
    }
    sbuf_add (out, "\n");
}

/* ---- JSON ---- */

static struct value *row_json (const struct difference *row)
{
    static const char *const kinds[] = { [FIGURE_ERROR] = "deviation",
                                         [FIGURE_FLAW] = "flaw",
                                         [FIGURE_TIME] = "time_ns",
                                         [FIGURE_PLAIN] = "number" };
    struct value *map = value_new_map ();
    if (map && value_put_string (map, "figure", row->name) == 0 &&
        value_put_string (map, "kind", kinds[row->kind]) == 0 &&
        (row->has_before ? value_put_real (map, "before", row->before)
                         : value_put_nil (map, "before")) == 0 &&
        (row->has_after ? value_put_real (map, "after", row->after)
                        : value_put_nil (map, "after")) == 0 &&
        value_put_string (map, "verdict", verdict_name (row->verdict)) == 0 &&
        (row->why[0] == 0 || value_put_string (map, "why", row->why) == 0))
        return map;
    value_destroy (&map);
    return NULL;
}

struct value *resultreport_json (const struct result_file *file)
{
    struct value *map = value_new_map ();
    struct value *rows = value_new_list ();
    bool good = map && rows && value_put_string (map, "path", file->path) == 0 &&
                value_put_bool (map, "in_before", file->has_before) == 0 &&
                value_put_bool (map, "in_after", file->has_after) == 0 &&
                value_put_bool (map, "same_inputs", file->diff.same_inputs) == 0;
    for (size_t i = 0; good && i < file->diff.count; i++)
        good = value_append (rows, row_json (&file->diff.rows[i])) == 0;
    if (good) {
        good = value_put (map, "figures", rows) == 0;
        rows = NULL;
    }
    if (!good)
        value_destroy (&map);
    value_destroy (&rows);
    return map;
}
