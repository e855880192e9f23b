/* statusline.c - the line below the log.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "statusline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "palette.h"
#include "standing.h"
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

void statusline_eta (bool known, int64_t eta_ms, char *out, size_t out_bytes)
{
    out[0] = 0;
    if (!known || eta_ms <= 0)
        return;
    int64_t s = eta_ms / 1000 + (eta_ms % 1000 != 0);
    if (s < 10)
        snprintf (out, out_bytes, "%" PRId64 "s", s); /* an estimate has no tenths */
    else
        duration_text (s * 1000, out, out_bytes);
}

static const char *state_word (const struct statusline *view)
{
    if (view->lost)
        return view->cancelling ? "Cancelling, connection lost" : "Connection lost, reconnecting";
    if (view->cancelling || view->job->status == JOB_CANCELLING)
        return "Cancelling";
    if (view->job->preempted_by[0] && view->job->status != JOB_QUEUED)
        return "Stopping for another job";
    switch (view->job->status) {
    case JOB_QUEUED:
        return "Queued";
    case JOB_STARTING:
        return "Starting";
    case JOB_PAUSED:
        return "Paused";
    default:
        return "Running";
    }
}

static void word (const struct statusline *view, char *out, size_t out_bytes)
{
    const char *what = state_word (view);
    char place[PLACE_TEXT_BYTES];
    standing_place (view->job->position, place);
    if (strcmp (what, "Queued") == 0 && place[0])
        snprintf (out, out_bytes, "Queued, %s in line%s", place, view->utf8 ? "…" : "...");
    else if (strcmp (what, "Running") == 0 || strcmp (what, "Paused") == 0)
        snprintf (out, out_bytes, "%s", what);
    else
        snprintf (out, out_bytes, "%s%s", what, view->utf8 ? "…" : "...");
}

static double within (double part)
{
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

static double fraction (const struct record *job)
{
    if (job->progress_pct >= 0)
        return within (job->progress_pct / 100);
    if (job->experiments_total > 0)
        return within ((double)job->experiments_done / (double)job->experiments_total);
    return 0;
}

/* Of the experiment that runs; negative: not known, or no other than the run's. */
static double experiment_fraction (const struct record *job)
{
    if (!job->current_experiment[0] || job->progress_pct < 0 || job->experiments_total < 2 ||
        job->status == JOB_QUEUED)
        return -1;
    return within (job->progress_pct / 100 * (double)job->experiments_total -
                   (double)job->experiments_done);
}

static void add_bar (const struct statusline *view, double part, size_t columns, struct sbuf *out)
{
    size_t full = (size_t)(part * (double)columns + 0.5);
    sbuf_add (out, "  ");
    sbuf_add (out, hue_on (HUE_GREEN, view->colour));
    sbuf_repeat (out, view->utf8 ? "█" : "#", full);
    sbuf_add (out, hue_off (HUE_GREEN, view->colour));
    sbuf_add (out, hue_on (HUE_GREY, view->colour));
    sbuf_repeat (out, view->utf8 ? "░" : ".", columns - full);
    sbuf_add (out, hue_off (HUE_GREY, view->colour));
}

/* What is under way: the experiment and its step, or what is waited for. */
static void label (const struct statusline *view, struct sbuf *out)
{
    const struct record *job = view->job;
    if (job->status == JOB_QUEUED) {
        if (view->how)
            standing_add_waits (job, view->how, out);
        return;
    }
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
    char eta[48];            /* "ETA 4m10s" */
    char experiment_eta[48]; /* the same of the experiment that runs */
    size_t bar;              /* columns; 0: none */
    size_t experiment_bar;
    size_t label;
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

/* A text that has no place is not shown. */
static void settle_text (char *text, size_t *left)
{
    if (text[0] && !reserve (left, strlen (text) + 2))
        text[0] = 0;
}

static void eta_words (const struct statusline *view, bool known, int64_t eta_ms, char *out,
                       size_t out_bytes)
{
    char text[32];
    statusline_eta (known && view->job->status != JOB_QUEUED, eta_ms - view->told_ms, text,
                    sizeof text);
    snprintf (out, out_bytes, "%s%s", text[0] ? "ETA " : "", text);
}

static void lay_out (const struct statusline *view, size_t label_columns, struct layout *out)
{
    const struct record *job = view->job;
    memset (out, 0, sizeof *out);
    word (view, out->word, sizeof out->word);
    statusline_count (job, out->count, sizeof out->count);
    eta_words (view, job->has_eta, job->eta_ms, out->eta, sizeof out->eta);
    eta_words (view, job->has_experiment_eta, job->experiment_eta_ms, out->experiment_eta,
               sizeof out->experiment_eta);
    if (view->elapsed_ms >= 0)
        duration_text (view->elapsed_ms, out->time, sizeof out->time);
    size_t left = view->columns > 1 ? view->columns - 1 : 0;
    size_t first = 2 + text_columns (out->word);
    left -= left < first ? left : first;
    out->with_count = out->count[0] && reserve (&left, strlen (out->count) + 2);
    out->with_time = out->time[0] && reserve (&left, strlen (out->time) + 2);
    settle_text (out->eta, &left);
    out->long_count = out->with_count && reserve (&left, strlen (" experiments"));
    if (out->with_count && reserve (&left, BAR_LEAST + 2))
        out->bar = BAR_LEAST;
    if (label_columns > 0 && reserve (&left, 2 + LABEL_LEAST)) {
        size_t more = label_columns > LABEL_LEAST ? label_columns - LABEL_LEAST : 0;
        more = more < left ? more : left;
        out->label = LABEL_LEAST + more;
        left -= more;
    }
    if (out->label < label_columns)
        out->experiment_eta[0] = 0;
    settle_text (out->experiment_eta, &left);
    if (out->label >= label_columns && experiment_fraction (job) >= 0 &&
        reserve (&left, BAR_LEAST + 2))
        out->experiment_bar = BAR_LEAST;
    if (out->bar > 0)
        out->bar += left < BAR_MOST - BAR_LEAST ? left : BAR_MOST - BAR_LEAST;
}

static void add_words (const char *text, struct sbuf *out)
{
    if (text[0])
        sbuf_printf (out, "  %s", text);
}

/* The run as a whole, then the experiment. */
static void add_parts (const struct statusline *view, const struct layout *layout,
                       const char *about, struct sbuf *out)
{
    if (layout->bar > 0)
        add_bar (view, fraction (view->job), layout->bar, out);
    if (layout->with_count)
        sbuf_printf (out, "  %s%s", layout->count, layout->long_count ? " experiments" : "");
    add_words (layout->with_time ? layout->time : "", out);
    add_words (layout->eta, out);
    if (layout->label > 0) {
        sbuf_add (out, "  ");
        columns_clip (about, layout->label, out);
    }
    if (layout->experiment_bar > 0)
        add_bar (view, experiment_fraction (view->job), layout->experiment_bar, out);
    add_words (layout->experiment_eta, out);
}

void statusline_render (const struct statusline *view, struct sbuf *out)
{
    struct layout layout;
    struct sbuf about;
    sbuf_init (&about);
    label (view, &about);
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
    add_parts (view, &layout, sbuf_text (&about), out);
    out->failed = out->failed || about.failed;
    sbuf_free (&about);
}
