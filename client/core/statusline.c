/* statusline.c - the line below the log.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "statusline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "palette.h"
#include "text.h"

#define BAR_MOST    20
#define BAR_LEAST   6
#define LABEL_LEAST 8

size_t columns_clip (const char *text, size_t columns, struct sbuf *out)
{
    size_t used = 0;
    while (*text) {
        uint32_t point = 0;
        size_t bytes = utf8_next (text, strlen (text), &point);
        char one[8] = "";
        memcpy (one, text, bytes ? bytes : 1);
        size_t width = text_columns (one);
        if (used + width > columns)
            break;
        sbuf_add (out, one);
        used += width;
        text += bytes ? bytes : 1;
    }
    return used;
}

void statusline_count (const struct record *job, char *out, size_t out_bytes)
{
    out[0] = 0;
    if (job->experiments_total > 0)
        snprintf (out, out_bytes, "%" PRId64 "/%" PRId64, job->experiments_done,
                  job->experiments_total);
}

static const char *spinner (const struct statusline *view)
{
    static const char *const dots[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };
    static const char *const sticks[] = { "|", "/", "-", "\\" };
    return view->utf8 ? dots[view->frame % 10] : sticks[view->frame % 4];
}

static void word (const struct statusline *view, char *out, size_t out_bytes)
{
    const char *more = view->utf8 ? "…" : "...";
    const char *what = "Running";
    if (view->lost)
        what = view->cancelling ? "Cancelling, connection lost" : "Connection lost, reconnecting";
    else if (view->cancelling || view->job->status == JOB_CANCELLING)
        what = "Cancelling";
    else if (view->job->status == JOB_QUEUED)
        what = "Queued";
    else if (view->job->status == JOB_STARTING)
        what = "Starting";
    else if (view->job->status == JOB_PAUSED)
        what = "Paused";
    else
        more = "";
    snprintf (out, out_bytes, "%s%s", what, more);
}

static double fraction (const struct record *job)
{
    double part = 0;
    if (job->progress_pct >= 0)
        part = job->progress_pct / 100;
    else if (job->experiments_total > 0)
        part = (double)job->experiments_done / (double)job->experiments_total;
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

static void add_bar (const struct statusline *view, size_t columns, struct sbuf *out)
{
    size_t full = (size_t)(fraction (view->job) * (double)columns + 0.5);
    sbuf_add (out, hue_on (HUE_GREEN, view->colour));
    sbuf_repeat (out, view->utf8 ? "█" : "#", full);
    sbuf_add (out, hue_off (HUE_GREEN, view->colour));
    sbuf_add (out, hue_on (HUE_GREY, view->colour));
    sbuf_repeat (out, view->utf8 ? "░" : ".", columns - full);
    sbuf_add (out, hue_off (HUE_GREY, view->colour));
}

static void label (const struct record *job, struct sbuf *out)
{
    sbuf_add_safe (out, job->current_experiment);
    if (job->current_step[0])
        sbuf_add (out, job->current_experiment[0] ? ": " : "");
    sbuf_add_safe (out, job->current_step);
}

/* How the columns are shared out. What matters most gets its place first. */
struct layout {
    char word[64];
    char count[48];
    char time[32];
    size_t bar;   /* columns; 0: none */
    size_t label; /* columns; 0: none */
    bool with_time;
    bool with_count;
    bool long_count; /* "3/7 experiments" */
};

static bool reserve (size_t *left, size_t need)
{
    if (*left < need)
        return false;
    *left -= need;
    return true;
}

static void lay_out (const struct statusline *view, size_t label_columns, struct layout *out)
{
    memset (out, 0, sizeof *out);
    word (view, out->word, sizeof out->word);
    statusline_count (view->job, out->count, sizeof out->count);
    if (view->elapsed_ms >= 0)
        duration_text (view->elapsed_ms, out->time, sizeof out->time);
    size_t left = view->columns > 1 ? view->columns - 1 : 0;
    size_t first = 2 + text_columns (out->word);
    left -= left < first ? left : first;
    out->with_count = out->count[0] && reserve (&left, strlen (out->count) + 2);
    out->with_time = out->time[0] && reserve (&left, strlen (out->time) + 2);
    out->long_count = out->with_count && reserve (&left, strlen (" experiments"));
    if (out->with_count && reserve (&left, BAR_LEAST + 2)) {
        out->bar = BAR_LEAST;
        size_t more = left > label_columns + 2 ? left - label_columns - 2 : 0;
        more = more > BAR_MOST - BAR_LEAST ? BAR_MOST - BAR_LEAST : more;
        out->bar += more;
        left -= more;
    }
    if (label_columns > 0 && left >= LABEL_LEAST + 2)
        out->label = left - 2 < label_columns ? left - 2 : label_columns;
}

void statusline_render (const struct statusline *view, struct sbuf *out)
{
    struct layout layout;
    struct sbuf about;
    sbuf_init (&about);
    label (view->job, &about);
    lay_out (view, text_columns (sbuf_text (&about)), &layout);
    enum hue hue = view->lost         ? HUE_RED
                   : view->cancelling ? HUE_ORANGE
                                      : hue_of_status (view->job->status);
    size_t room = view->columns > 1 ? view->columns - 1 : 0;
    sbuf_add (out, hue_on (hue, view->colour));
    size_t used = columns_clip (spinner (view), room, out);
    used += columns_clip (" ", room - used, out);
    columns_clip (layout.word, room - used, out);
    sbuf_add (out, hue_off (hue, view->colour));
    if (layout.bar > 0) {
        sbuf_add (out, "  ");
        add_bar (view, layout.bar, out);
    }
    if (layout.with_count)
        sbuf_printf (out, "  %s%s", layout.count, layout.long_count ? " experiments" : "");
    if (layout.label > 0) {
        sbuf_add (out, "  ");
        columns_clip (sbuf_text (&about), layout.label, out);
    }
    if (layout.with_time)
        sbuf_printf (out, "  %s", layout.time);
    out->failed = out->failed || about.failed;
    sbuf_free (&about);
}
