/* watchdraw.c - `ems watch`: the frame of the screen, and its plain pages.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "watch.h"

#include <stdio.h>
#include <string.h>

#include "statusline.h"
#include "text.h"

#define LABEL_COLUMN 14
#define PAGE_INDENT  14 /* of what is broken off a line */
#define LEAST_TYPED  12 /* columns for what is typed */

/* ---- pages of text ---- */

static void add_key (const struct watch *self, const struct watch_binding *binding,
                     struct sbuf *out)
{
    const char *label = self->utf8 || !binding->ascii_label ? binding->label : binding->ascii_label;
    sbuf_printf (out, "  %s", label);
    size_t columns = text_columns (label);
    sbuf_repeat (out, " ", columns < LABEL_COLUMN ? LABEL_COLUMN - columns : 1);
    sbuf_printf (out, "%s\n", binding->help);
}

static void make_help (const struct watch *self, struct sbuf *out)
{
    const struct watch_binding *binding;
    enum watch_view view = self->depth > 0 ? self->back[self->depth - 1] : VIEW_JOBS;
    sbuf_add (out, "Keys here\n\n");
    for (size_t i = 0; (binding = watchkeys_at (i)) != NULL; i++)
        if (binding->views & (1u << view))
            add_key (self, binding, out);
    if (view == VIEW_FORM)
        sbuf_add (out, "  Tab           the next field; Shift-Tab or Up the one before\n"
                       "  Space         a switch, an item of a list: on or off\n"
                       "  Enter         the next field; on [ Run ]: run the job\n"
                       "  F5 Ctrl-R     run the job at once\n"
                       "  Esc           back, without running anything\n");
    sbuf_add (out, "\nKeys elsewhere\n\n");
    for (size_t i = 0; (binding = watchkeys_at (i)) != NULL; i++)
        if (!(binding->views & (1u << view)))
            add_key (self, binding, out);
    sbuf_add (out, "\n  Ctrl-C        quit from anywhere; jobs go on\n"
                   "  Ctrl-Z        stop the program; `fg` comes back to it\n"
                   "  Ctrl-L        draw everything anew\n");
}

static void make_page (struct watch *self)
{
    sbuf_clear (&self->page);
    const struct watchjob *job = watchjobs_find (&self->jobs, self->selected);
    if (self->view == VIEW_HELP)
        make_help (self, &self->page);
    else if (job)
        report_job (&job->record, &self->how, &self->page);
    else
        sbuf_add (&self->page, "This job is not known any more.\n");
}

/* Walks through the page, broken at the edge; draws the lines from page_first on. Returns how many
 * there are. */
static size_t walk_page (const struct watch *self, struct canvas *canvas, int top, int rows)
{
    const char *text = sbuf_text (&self->page);
    size_t count = 0;
    int indent = 1;
    while (*text) {
        struct sbuf part;
        bool visible = count >= self->page_first && count < self->page_first + (size_t)rows;
        size_t line = strcspn (text, "\n");
        sbuf_init (&part);
        sbuf_add_n (&part, text, line);
        struct sbuf cut;
        sbuf_init (&cut);
        columns_clip (sbuf_text (&part), (size_t)(canvas->columns - indent), &cut);
        size_t bytes = cut.size > 0 || line == 0 ? cut.size : line;
        if (visible)
            canvas_put (canvas, top + (int)(count - self->page_first), indent, canvas->columns,
                        HUE_PLAIN, sbuf_text (&cut));
        sbuf_free (&part);
        sbuf_free (&cut);
        count++;
        text += bytes;
        indent = *text == '\n' ? 1 : PAGE_INDENT;
        text += *text == '\n';
    }
    return count;
}

/* With its title; that says whether there is more of it. */
static void draw_page (struct watch *self, struct canvas *canvas, int top, int rows,
                       const char *title)
{
    char text[160];
    struct canvas nowhere = { .columns = canvas->columns };
    size_t lines = walk_page (self, &nowhere, 0, rows);
    size_t most = lines > (size_t)rows ? lines - (size_t)rows : 0;
    if (self->page_first > most)
        self->page_first = most;
    size_t end = self->page_first + (size_t)rows;
    if (most == 0)
        snprintf (text, sizeof text, "%s", title);
    else
        snprintf (text, sizeof text, "%s: %zu-%zu of %zu%s", title, self->page_first + 1, end,
                  lines, end < lines ? ", PgDn: more" : "");
    watch_draw_rule (self, canvas, top - 1, text);
    walk_page (self, canvas, top, rows);
}

/* ---- the frame ---- */

static void draw_title (const struct watch *self, struct canvas *canvas)
{
    struct sbuf left;
    const char *link = self->lost      ? "CONNECTION LOST, reconnecting"
                       : !self->listed ? "connecting"
                                       : "connected";
    int right = (int)strlen (link) + 1;
    unsigned style = STYLE_REVERSE | (self->lost ? STYLE_BOLD | HUE_RED : 0);
    sbuf_init (&left);
    sbuf_add (&left, " EMS  ");
    sbuf_add_safe (&left, self->endpoint);
    canvas_repeat (canvas, 0, 0, canvas->columns, style, " ");
    canvas_put (canvas, 0, 0, canvas->columns - right - 1, style, sbuf_text (&left));
    canvas_put (canvas, 0, canvas->columns - right, right, style, link);
    sbuf_free (&left);
}

void watch_draw_rule (const struct watch *self, struct canvas *canvas, int row, const char *title)
{
    canvas_repeat (canvas, row, 0, canvas->columns, HUE_GREY, self->utf8 ? "─" : "-");
    int used = canvas_put (canvas, row, 2, canvas->columns - 4, STYLE_BOLD, " ");
    used += canvas_put (canvas, row, 2 + used, canvas->columns - 4 - used, STYLE_BOLD, title);
    canvas_put (canvas, row, 2 + used, 1, STYLE_BOLD, " ");
}

static int draw_hint (struct canvas *canvas, int row, int column, const char *key, const char *what)
{
    int begin = column;
    column += canvas_put (canvas, row, column, canvas->columns - column, STYLE_REVERSE, key);
    column += 1;
    column += canvas_put (canvas, row, column, canvas->columns - column, HUE_PLAIN, what);
    return column + 2 - begin;
}

static int hint_columns (const struct watch_binding *binding)
{
    return (int)(strcspn (binding->label, " ") + 1 + strlen (binding->brief) + 2);
}

static bool is_vital (const struct watch_binding *binding)
{
    return binding->action == ACTION_HELP || binding->action == ACTION_BACK ||
           binding->action == ACTION_QUIT;
}

/* What always has its place is counted first; of the others as many as fit. */
static void draw_keys (const struct watch *self, struct canvas *canvas, int row)
{
    const struct watch_binding *binding;
    int left = canvas->columns;
    int column = 0;
    if (self->view == VIEW_FORM) {
        column += draw_hint (canvas, row, column, "Tab", "Next");
        column += draw_hint (canvas, row, column, "Space", "Change");
        column += draw_hint (canvas, row, column, "F5", "Run");
        column += draw_hint (canvas, row, column, "F1", "Keys");
        draw_hint (canvas, row, column, "Esc", "Back");
        return;
    }
    for (size_t i = 0; (binding = watchkeys_at (i)) != NULL; i++)
        if ((binding->views & (1u << self->view)) && binding->brief && is_vital (binding))
            left -= hint_columns (binding);
    for (size_t i = 0; (binding = watchkeys_at (i)) != NULL; i++) {
        char key[16];
        if (!(binding->views & (1u << self->view)) || !binding->brief)
            continue;
        if (!is_vital (binding) && hint_columns (binding) > left)
            continue;
        if (!is_vital (binding))
            left -= hint_columns (binding);
        snprintf (key, sizeof key, "%.*s", (int)strcspn (binding->label, " "), binding->label);
        column += draw_hint (canvas, row, column, key, binding->brief);
    }
}

/* In one row, or in both if it is longer: the keys give way until one is pressed. True if so. */
static bool draw_words (struct canvas *canvas, int row, unsigned style, const char *text)
{
    struct sbuf first;
    if ((int)text_columns (text) <= canvas->columns) {
        canvas_put (canvas, row, 0, canvas->columns, style, text);
        return false;
    }
    sbuf_init (&first);
    columns_clip (text, (size_t)canvas->columns, &first);
    const char *rest = text + first.size;
    const char *blank = strrchr (sbuf_text (&first), ' ');
    if (blank && *rest != ' ')
        rest = text + (blank - sbuf_text (&first));
    canvas_put (canvas, row, 0, canvas->columns, style, sbuf_text (&first));
    int kept = (int)text_columns (sbuf_text (&first)) - (int)(first.size - (size_t)(rest - text));
    canvas_repeat (canvas, row, kept, canvas->columns - kept, HUE_PLAIN, " ");
    canvas_put_short (canvas, row + 1, 0, canvas->columns, style, rest + (*rest == ' '));
    sbuf_free (&first);
    return true;
}

/* True if it took the row of the keys, too. */
static bool draw_question (const struct watch *self, struct canvas *canvas, int row)
{
    struct sbuf text;
    unsigned style = STYLE_BOLD | HUE_YELLOW;
    bool two = false;
    sbuf_init (&text);
    watch_prompt_text (self, &text);
    if (self->prompt >= PROMPT_PRIORITY) {
        int column = canvas_put_short (canvas, row, 0, canvas->columns - LEAST_TYPED, style,
                                       sbuf_text (&text));
        canvas_cursor (canvas, row,
                       canvas_put_typed (canvas, row, column, canvas->columns - column, HUE_PLAIN,
                                         self->typed, self->typed_cursor));
        if (self->message[0])
            canvas_put_short (canvas, row + 1, 0, canvas->columns, self->message_hue | STYLE_BOLD,
                              self->message);
        two = self->message[0] != 0;
    } else {
        two = draw_words (canvas, row, style, sbuf_text (&text));
        canvas_cursor (canvas, row, canvas->columns - 1);
    }
    sbuf_free (&text);
    return two;
}

/* How a search goes, or went. */
static void add_search (const struct watch *self, const struct pager *pager, struct sbuf *out)
{
    if (pager_is_searching (pager))
        sbuf_printf (out, "searching%s %d %%, Esc stops", self->utf8 ? "…" : "...",
                     pager_searched_percent (pager));
    else if (pager->search == SEARCH_BROKEN)
        sbuf_add (out, "the search stopped: the rest cannot be read");
    else if (pager->search == SEARCH_MISSED) {
        sbuf_add (out, "no `");
        sbuf_add_safe (out, pager->pattern);
        sbuf_printf (out, "` in this %s", pager == &self->log ? "log" : "file");
    } else if (pager->turned != TURN_NONE)
        sbuf_printf (out, "search went on from the %s",
                     pager->turned == TURN_TO_TOP ? "top" : "end");
}

static void draw_search (const struct watch *self, const struct pager *pager, struct canvas *canvas,
                         int row)
{
    struct sbuf text;
    sbuf_init (&text);
    add_search (self, pager, &text);
    canvas_put (canvas, row, 0, canvas->columns, STYLE_BOLD | HUE_YELLOW, sbuf_text (&text));
    sbuf_free (&text);
}

static void draw_bottom (struct watch *self, struct canvas *canvas)
{
    int row = canvas->rows - WATCH_BOTTOM_ROWS;
    const struct pager *pager = watch_pager (self);
    bool two = false;
    if (self->prompt != PROMPT_NONE)
        two = draw_question (self, canvas, row);
    else if (pager && !self->message[0])
        draw_search (self, pager, canvas, row);
    else
        two = draw_words (canvas, row, self->message_hue | STYLE_BOLD, self->message);
    if (!two)
        draw_keys (self, canvas, row + 1);
}

/* ---- views ---- */

static void add_place (const struct pager *pager, bool over, struct sbuf *out)
{
    if (pager->follow)
        sbuf_add (out, over ? ": the end" : ": following");
    else
        sbuf_printf (out, ": %d %%", pager_percent (pager));
}

static void draw_log (struct watch *self, struct canvas *canvas, int top, int rows)
{
    const struct watchjob *job = watchjobs_find (&self->jobs, self->log_job);
    struct sbuf title;
    sbuf_init (&title);
    sbuf_add (&title, "Log");
    if (job) {
        sbuf_printf (&title, " of %s, ", self->log_job);
        report_state (&job->record, &title);
        add_place (&self->log, job_status_terminal (job->record.status), &title);
    }
    watch_draw_rule (self, canvas, top, sbuf_text (&title));
    pager_rows (&self->log, rows - 1);
    if (job)
        watch_draw_pager (self, &self->log, canvas, top + 1, rows - 1);
    sbuf_free (&title);
}

static void draw_file (struct watch *self, struct canvas *canvas, int top, int rows)
{
    struct sbuf title;
    sbuf_init (&title);
    sbuf_add_safe (&title, self->file_path);
    add_place (&self->file, true, &title);
    watch_draw_rule (self, canvas, top, sbuf_text (&title));
    pager_rows (&self->file, rows - 1);
    watch_draw_pager (self, &self->file, canvas, top + 1, rows - 1);
    sbuf_free (&title);
}

/* Workers, jobs and the log of one of them, one above the other. */
static void draw_main (struct watch *self, struct canvas *canvas, int top, int rows)
{
    int workers = (int)value_count (self->workers);
    if (rows >= 12)
        workers += (int)watchjobs_count (&self->jobs, SECTION_RUNS);
    int most = rows / 4 > 1 ? rows / 4 : 1;
    workers = workers < 1 ? 1 : workers > most ? most : workers;
    watch_draw_workers (self, canvas, top, workers);
    top += workers;
    rows -= workers;
    int list = (rows - 3) / 2 + 2; /* with rule and headings */
    int need = (int)self->jobs.count + 2;
    if (list > need)
        list = need < 5 ? 5 : need;
    if (rows - list < 4)
        list = rows;
    watch_draw_jobs (self, canvas, top, top + list);
    if (rows > list)
        draw_log (self, canvas, top + list, rows - list);
}

static void draw_view (struct watch *self, struct canvas *canvas, int top, int rows)
{
    char title[64];
    self->page_rows = rows - 1;
    switch (self->view) {
    case VIEW_JOBS:
        draw_main (self, canvas, top, rows);
        break;
    case VIEW_LOG:
        draw_log (self, canvas, top, rows);
        break;
    case VIEW_FILE:
        draw_file (self, canvas, top, rows);
        break;
    case VIEW_FILES:
        watch_draw_files (self, canvas, top, top + rows);
        break;
    case VIEW_FORM:
        watch_draw_form (self, canvas, top, top + rows);
        break;
    case VIEW_DETAILS:
    case VIEW_HELP:
        make_page (self); /* times go on */
        snprintf (title, sizeof title, "%s%s", self->view == VIEW_HELP ? "Help" : "Job ",
                  self->view == VIEW_HELP ? "" : self->selected);
        draw_page (self, canvas, top + 1, rows - 1, title);
        break;
    }
}

void watch_draw (struct watch *self, struct canvas *canvas)
{
    canvas_clear (canvas);
    if (canvas->rows < WATCH_LEAST_ROWS || canvas->columns < WATCH_LEAST_WIDTH) {
        canvas_printf (canvas, 0, 0, canvas->columns, HUE_PLAIN, "too small: %dx%d at least",
                       WATCH_LEAST_WIDTH, WATCH_LEAST_ROWS);
        return;
    }
    draw_title (self, canvas);
    draw_view (self, canvas, 1, canvas->rows - 1 - WATCH_BOTTOM_ROWS);
    draw_bottom (self, canvas);
}
