/* watchlists.c - `ems watch`: workers, jobs, files and logs as they are drawn.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "standing.h"
#include "statusline.h"
#include "text.h"

#define WORKER_COLUMNS 14
#define LINE_BYTES     8192
#define TAB            8
#define LEAST_REST     13 /* columns for the user, and the beginning of the notes */

/* ---- workers ---- */

static const char *text_of (const struct value *map, const char *key)
{
    const char *text = value_string (value_get (map, key));
    return text ? text : "";
}

/* What runs: spinner, bar, count, time, ETA, experiment. */
static void draw_progress (const struct watch *self, struct canvas *canvas, int row, int column,
                           const struct watchjob *job, bool current)
{
    struct sbuf text;
    int64_t told_ms = self->now_ms - job->told_ms;
    if (!current)
        column += canvas_put (canvas, row, column, canvas->columns, HUE_RED, "last known: ");
    struct statusline view = {
        .job = &job->record,
        .elapsed_ms = report_waited_ms (&job->record, self->how.now_ms - (current ? 0 : told_ms)),
        .told_ms = job->record.status == JOB_PAUSED || !current ? 0 : told_ms,
        .how = &self->how,
        .frame = current ? (unsigned)(self->now_ms / WATCH_FRAME_MS) : 0,
        .utf8 = self->utf8,
        .columns = canvas->columns > column ? (size_t)(canvas->columns - column) : 0,
    };
    sbuf_init (&text);
    statusline_render (&view, &text);
    canvas_put (canvas, row, column, canvas->columns - column,
                current ? hue_of_status (job->record.status) : HUE_GREY, sbuf_text (&text));
    for (int i = column; current && i < canvas->columns; i++) {
        struct canvas_cell *cell = &canvas->cells[row * canvas->columns + i];
        if (strcmp (cell->text, "█") == 0)
            cell->style = HUE_GREEN;
        else if (strcmp (cell->text, "░") == 0)
            cell->style = HUE_GREY;
    }
    sbuf_free (&text);
}

static void draw_worker (const struct watch *self, struct canvas *canvas, int *row, int last,
                         const struct value *worker)
{
    struct sbuf name;
    int64_t queued = 0;
    const char *state = text_of (worker, "state");
    const struct watchjob *job = watchjobs_of_worker (&self->jobs, text_of (worker, "name"));
    bool offline = strcmp (state, "offline") == 0;
    unsigned hue = offline ? HUE_RED : job ? HUE_PLAIN : HUE_GREEN;
    sbuf_init (&name);
    sbuf_add (&name, " ");
    sbuf_add_safe (&name, text_of (worker, "name"));
    canvas_put (canvas, *row, 0, WORKER_COLUMNS, STYLE_BOLD, sbuf_text (&name));
    int column = (int)text_columns (sbuf_text (&name)) + 2;
    column = column > WORKER_COLUMNS ? column < 30 ? column : 30 : WORKER_COLUMNS;
    canvas_put (canvas, *row, 0, column - 1, STYLE_BOLD, sbuf_text (&name));
    sbuf_free (&name);
    bool two = job && last > *row;
    if (job && !two) {
        draw_progress (self, canvas, (*row)++, column, job, !offline);
        return;
    }
    (void)value_read_int (worker, "queued", 0, INT64_MAX, &queued, NULL);
    column += canvas_printf (canvas, *row, column, 10, hue, "%s  ",
                             job && strcmp (state, "idle") == 0 ? "busy" : state);
    if (!offline) /* its line is where it is, too */
        column +=
            canvas_printf (canvas, *row, column, 30, HUE_PLAIN, "%" PRId64 " in line  ", queued);
    if (two) {
        column += canvas_printf (canvas, *row, column, canvas->columns - column, HUE_PLAIN,
                                 "job %s  ", job->record.job_id);
        canvas_printf (canvas, *row, column, canvas->columns - column, HUE_PLAIN, "%s  by %s",
                       job->record.profile, job->record.user);
        draw_progress (self, canvas, ++*row, 1, job, !offline);
    }
    ++*row;
}

void watch_draw_workers (const struct watch *self, struct canvas *canvas, int top, int rows)
{
    size_t count = value_count (self->workers);
    size_t i = 0;
    int row = top;
    if (count == 0)
        canvas_put (canvas, top, 1, canvas->columns - 1, HUE_GREY,
                    self->workers ? "no worker is connected" : "");
    for (; i < count && row < top + rows; i++) {
        size_t behind = count - i - 1;
        /* A second line only if every other one still has its first. */
        int last = top + rows - 1 - (int)behind;
        draw_worker (self, canvas, &row, last, value_at (self->workers, i));
    }
    if (i < count)
        canvas_printf (canvas, top + rows - 1, canvas->columns - 20, 20, HUE_GREY,
                       " and %zu more workers", count - i);
}

/* ---- jobs ---- */

enum column { COLUMN_ID, COLUMN_STATE, COLUMN_PROFILE, COLUMN_TOOK, COLUMN_WHEN, COLUMN_REST };

static const struct {
    const char *title;
    int columns;
    int least; /* width of the screen from which it is shown */
} columns[] = {
    [COLUMN_ID] = { "JOB", 12, 0 },           [COLUMN_STATE] = { "STATE", 20, 0 },
    [COLUMN_PROFILE] = { "PROFILE", 10, 50 }, [COLUMN_TOOK] = { "TIME", 7, 60 },
    [COLUMN_WHEN] = { "ACCEPTED", 16, 78 },   [COLUMN_REST] = { "USER, NOTES", 400, 90 },
};

#define STATE_MOST 64 /* columns: more than any reason needs */

/* The state tells why a job failed: it shares with the notes what others leave. */
static int width_of (const struct canvas *canvas, enum column column)
{
    int spare = canvas->columns - 2;
    if (column != COLUMN_STATE)
        return columns[column].columns;
    for (enum column c = COLUMN_ID; c < COLUMN_REST; c++)
        if (canvas->columns >= columns[c].least)
            spare -= columns[c].columns + 2;
    if (canvas->columns >= columns[COLUMN_REST].least)
        spare = (spare - LEAST_REST) / 2;
    else
        spare += 2; /* nothing stands behind the last one */
    int width = columns[COLUMN_STATE].columns + (spare > 0 ? spare : 0);
    return width < STATE_MOST ? width : STATE_MOST;
}

static void add_rest (const struct watch *self, const struct record *job, struct sbuf *out)
{
    sbuf_add_safe (out, job->user);
    if (job->notes && job->notes[0]) {
        sbuf_add (out, "  ");
        sbuf_add_safe (out, job->notes);
    }
    if (job->status == JOB_QUEUED) {
        sbuf_add (out, "  ");
        standing_add_waits (job, &self->how, out);
    }
}

static void cell_text (const struct watch *self, const struct record *job, enum column column,
                       struct sbuf *out)
{
    char text[64] = "";
    switch (column) {
    case COLUMN_ID:
        sbuf_add (out, job->job_id);
        break;
    case COLUMN_STATE:
        report_state (job, out);
        break;
    case COLUMN_PROFILE:
        sbuf_add_safe (out, job->profile);
        break;
    case COLUMN_TOOK:
        if (report_elapsed_ms (job, self->how.now_ms) >= 0)
            duration_text (report_elapsed_ms (job, self->how.now_ms), text, sizeof text);
        sbuf_add (out, text);
        break;
    case COLUMN_WHEN:
        standing_clock (job->queued_at_ms, &self->how, text, sizeof text);
        sbuf_add (out, text);
        break;
    case COLUMN_REST:
        add_rest (self, job, out);
        break;
    }
}

static void draw_job (const struct watch *self, struct canvas *canvas, int row,
                      const struct record *job, bool selected)
{
    int at = 2;
    for (enum column c = COLUMN_ID; c <= COLUMN_REST; c++) {
        struct sbuf text;
        unsigned style = c == COLUMN_STATE ? hue_of_status (job->status) : HUE_PLAIN;
        if (canvas->columns < columns[c].least)
            continue;
        sbuf_init (&text);
        cell_text (self, job, c, &text);
        canvas_put_short (canvas, row, at, width_of (canvas, c), style, sbuf_text (&text));
        at += width_of (canvas, c) + 2;
        sbuf_free (&text);
    }
    if (selected) {
        canvas_put (canvas, row, 0, 1, STYLE_BOLD, ">");
        canvas_restyle (canvas, row, 0, canvas->columns, STYLE_REVERSE);
    }
}

static void draw_headings (struct canvas *canvas, int row)
{
    int at = 2;
    for (enum column c = COLUMN_ID; c <= COLUMN_REST; c++) {
        if (canvas->columns < columns[c].least)
            continue;
        canvas_put (canvas, row, at, width_of (canvas, c), HUE_GREY, columns[c].title);
        at += width_of (canvas, c) + 2;
    }
}

static void draw_summary (const struct watch *self, struct canvas *canvas, int row)
{
    char text[FORM_TEXT_BYTES + 128] = "Jobs: ";
    int used = (int)strlen (text);
    if (self->filter[0]) /* first, so that a narrow screen has it, too */
        used += snprintf (text + used, sizeof text - (size_t)used, "only those with `%s`; ",
                          self->filter);
    snprintf (text + used, sizeof text - (size_t)used, "%zu running, %zu in line, %zu%s over",
              watchjobs_count (&self->jobs, SECTION_RUNS),
              watchjobs_count (&self->jobs, SECTION_LINE),
              watchjobs_count (&self->jobs, SECTION_OVER), self->older ? "+" : "");
    watch_draw_rule (self, canvas, row, text);
}

/* The selected one stays on the screen; the list moves no more than it must. */
static void scroll_to (size_t *first, size_t at, int rows)
{
    if (at < *first)
        *first = at;
    if (rows > 0 && at >= *first + (size_t)rows)
        *first = at + 1 - (size_t)rows;
}

void watch_draw_jobs (struct watch *self, struct canvas *canvas, int top, int bottom)
{
    const struct watchjob *chosen = watch_selected (self);
    int rows = bottom - top - 2;
    size_t shown = 0, at = 0;
    draw_summary (self, canvas, top);
    draw_headings (canvas, top + 1);
    self->list_rows = rows;
    for (size_t i = 0; i < self->jobs.count; i++) {
        if (self->jobs.items[i] == chosen)
            at = shown;
        shown += watch_passes (self, &self->jobs.items[i]->record);
    }
    if (self->first + (size_t)rows > shown)
        self->first = shown > (size_t)rows ? shown - (size_t)rows : 0;
    scroll_to (&self->first, at, rows);
    size_t number = 0;
    for (size_t i = 0; i < self->jobs.count; i++) {
        const struct watchjob *job = self->jobs.items[i];
        if (!watch_passes (self, &job->record))
            continue;
        if (number >= self->first && number < self->first + (size_t)rows)
            draw_job (self, canvas, top + 2 + (int)(number - self->first), &job->record,
                      job == chosen);
        number++;
    }
    if (shown == 0)
        canvas_put (canvas, top + 2, 2, canvas->columns - 2, HUE_GREY,
                    !self->listed     ? ""
                    : self->filter[0] ? "no job has this in it; Esc shows all"
                                      : "no job yet: press r to run one");
}

/* ---- files ---- */

void watch_draw_files (struct watch *self, struct canvas *canvas, int top, int bottom)
{
    const struct value *list = value_get (self->files, "files");
    char title[64];
    int rows = bottom - top - 1;
    snprintf (title, sizeof title, "Results %s",
              self->files  ? self->files_run
              : self->utf8 ? "…"
                           : "...");
    watch_draw_rule (self, canvas, top, title);
    scroll_to (&self->files_first, self->files_current, rows);
    for (size_t i = self->files_first;
         i < value_count (list) && (int)(i - self->files_first) < rows; i++) {
        struct sbuf path;
        int row = top + 1 + (int)(i - self->files_first);
        int64_t size = 0;
        (void)value_read_int (value_at (list, i), "size", 0, INT64_MAX, &size, NULL);
        sbuf_init (&path);
        sbuf_add_safe (&path, text_of (value_at (list, i), "path"));
        canvas_printf (canvas, row, 2, 12, HUE_GREY, "%12" PRId64, size);
        canvas_put (canvas, row, 16, canvas->columns - 16, HUE_PLAIN, sbuf_text (&path));
        if (i == self->files_current)
            canvas_restyle (canvas, row, 0, canvas->columns, STYLE_REVERSE);
        sbuf_free (&path);
    }
    if (self->files && value_count (list) == 0)
        canvas_put (canvas, top + 1, 2, canvas->columns - 2, HUE_GREY, "this run left no files");
}

/* ---- text ---- */

/* Safe, and with blanks for tabs. */
static size_t make_plain (const char *data, size_t bytes, char *out, size_t room)
{
    char safe[LINE_BYTES];
    size_t used = 0, column = 0;
    text_safe (data, bytes, false, safe, sizeof safe);
    for (const char *at = safe; *at && used + TAB + 1 < room; at++) {
        size_t blanks = *at == '\t' ? TAB - column % TAB : 0;
        memset (out + used, ' ', blanks);
        used += blanks;
        column += blanks;
        if (blanks == 0) {
            out[used++] = *at;
            column += ((unsigned char)*at & 0xc0) != 0x80;
        }
    }
    out[used] = 0;
    return text_columns (out);
}

/* The text from that column on. */
static const char *skip_columns (const char *text, int64_t count)
{
    while (*text && count > 0) {
        char one[8] = "";
        uint32_t point;
        size_t bytes = utf8_next (text, strlen (text), &point);
        bytes = bytes ? bytes : 1;
        memcpy (one, text, bytes);
        count -= (int64_t)text_columns (one);
        text += bytes;
    }
    return text;
}

static void draw_matches (const struct pager *pager, struct canvas *canvas, int row,
                          const char *line, size_t bytes)
{
    char plain[LINE_BYTES];
    int64_t at = -1;
    while ((at = pager_match (pager, line, bytes, (size_t)(at + 1))) >= 0) {
        size_t length = strlen (pager->pattern);
        int64_t from = (int64_t)make_plain (line, (size_t)at, plain, sizeof plain) - pager->shift;
        int64_t to =
            (int64_t)make_plain (line, (size_t)at + length, plain, sizeof plain) - pager->shift;
        if (from >= canvas->columns)
            return;
        if (to > 0)
            canvas_restyle (canvas, row, from > 0 ? (int)from : 0,
                            (int)(to - (from > 0 ? from : 0)), STYLE_REVERSE);
    }
}

void watch_draw_pager (const struct watch *self, const struct pager *pager, struct canvas *canvas,
                       int top, int rows)
{
    (void)self;
    for (int i = 0; i < rows; i++) {
        const char *line;
        size_t bytes;
        int64_t offset;
        char plain[LINE_BYTES];
        if (!pager_line (pager, i, &line, &bytes, &offset))
            break;
        size_t most = ((size_t)pager->shift + (size_t)canvas->columns) * 4 + 64;
        bytes = bytes < most ? bytes : most;
        make_plain (line, bytes, plain, sizeof plain);
        const char *shown = skip_columns (plain, pager->shift);
        unsigned style = offset == pager->match ? STYLE_BOLD : HUE_PLAIN;
        canvas_put (canvas, top + i, 0, canvas->columns, style, shown);
        if ((int)text_columns (shown) > canvas->columns)
            canvas_put (canvas, top + i, canvas->columns - 1, 1, STYLE_REVERSE, ">");
        if (pager->pattern[0])
            draw_matches (pager, canvas, top + i, line, bytes);
    }
}
