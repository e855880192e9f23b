/* jobwatch.c - watching a job.
 *
 * Output that cannot be written at once waits in `out` while signals are still heard: a reader
 * that stands still must not take Ctrl-C away.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "jobwatch.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "eventjson.h"
#include "jobend.h"
#include "linebuf.h"
#include "outpipe.h"
#include "statusline.h"
#include "story.h"
#include "wording.h"

#define ERASE    "\r\033[J"
#define AGAIN_MS 2000 /* a second Ctrl-C within this kills at once */
#define GOING_ON (-1)

struct jobwatch {
    struct tool *tool;
    struct screen *screen;
    struct ems_follow *follow;
    struct record job;
    int64_t told_ms; /* when it came */
    struct story story;
    struct linebuf lines;
    struct sbuf text; /* made for this event: lines, JSON */
    struct outpipe out;
    bool draw; /* there is a status line */
    bool lost;
    bool cancelling;
    bool forced;
    bool known;        /* `job` is the record */
    bool over;         /* and delivered; what is pending is the last */
    int64_t cancel_ms; /* of the last Ctrl-C */
    int64_t drawn_ms;
    int64_t seen; /* bytes of the log that whoever reads the end has seen */
    unsigned frame;
    int code; /* exit code, or GOING_ON */
};

static void fail (struct jobwatch *self, const struct ems_error *error)
{
    self->code = tool_fail (self->tool, error, NULL);
}

/* ---- output ---- */

/* Write what is pending, as far as stdout takes it; hears signals while it waits. */
static void write_some (struct jobwatch *self)
{
    struct pollfd fds[3] = { { .fd = self->screen->quit_fd, .events = POLLIN },
                             { .fd = self->screen->shape_fd, .events = POLLIN },
                             { .fd = self->out.fd, .events = POLLOUT } };
    if (poll (fds, 3, -1) < 0 || fds[2].revents == 0)
        return;
    int number = outpipe_write (&self->out);
    if (number)
        self->code = tool_output_failed (self->tool, number);
}

/* What was made in `text` is to be written. */
static void send_text (struct jobwatch *self)
{
    if (self->text.failed) {
        tool_remark (self->tool, "out of memory");
        self->code = EXITS_SOFTWARE;
        return;
    }
    self->out.pending = sbuf_text (&self->text);
    self->out.pending_bytes = self->text.size;
}

/* ---- status line ---- */

/* At the end, or before the terminal is given away: at once or not at all. */
static void erase_status (struct jobwatch *self)
{
    if (!self->tool->status_drawn)
        return;
    self->tool->status_drawn = false;
    (void)!write (self->out.fd, ERASE, strlen (ERASE));
}

static void draw_status (struct jobwatch *self)
{
    if (!self->draw || self->out.pending_bytes > 0 || self->code != GOING_ON)
        return;
    self->drawn_ms = clock_mono_ms ();
    if (!screen_in_front ())
        return;
    struct report how = tool_report (self->tool);
    struct statusline view = {
        .job = &self->job,
        .elapsed_ms = report_waited_ms (&self->job, how.now_ms),
        /* What is left does not become less while nothing runs. */
        .told_ms = self->job.status == JOB_PAUSED ? 0 : self->drawn_ms - self->told_ms,
        .how = &how,
        .frame = (unsigned)(self->drawn_ms / STATUSLINE_FRAME_MS),
        .lost = self->lost,
        .cancelling = self->cancelling,
        .utf8 = self->tool->utf8,
        .colour = self->tool->colour,
        .columns = tool_columns (STDOUT_FILENO),
    };
    sbuf_clear (&self->text);
    sbuf_add (&self->text, "\r");
    statusline_render (&view, &self->text);
    sbuf_add (&self->text, "\033[K");
    self->tool->status_drawn = true;
    send_text (self);
}

/* A remark would stand in the middle of a half-written line, or wait for a terminal that stands
 * still: then the status line has to do. */
static bool may_remark (const struct jobwatch *self)
{
    return !self->draw || self->out.pending_bytes == 0;
}

/* ---- cancel ---- */

static void ask_cancel (struct jobwatch *self, int64_t grace_ms)
{
    struct ems_error error;
    if (ems_follow_cancel (self->follow, grace_ms, &error) < 0)
        fail (self, &error);
}

/* The first Ctrl-C cancels, a second one soon after it kills. */
static void on_interrupt (struct jobwatch *self)
{
    const struct cmdline *line = &self->tool->line;
    int64_t now_ms = clock_mono_ms ();
    bool again = self->cancelling && now_ms - self->cancel_ms <= AGAIN_MS;
    self->cancel_ms = now_ms;
    if (self->forced)
        return;
    if (again) {
        self->forced = true;
        ask_cancel (self, 0);
        if (may_remark (self))
            tool_remark (self->tool, "killing job %s", self->job.job_id);
    } else if (!self->cancelling) {
        self->cancelling = true;
        ask_cancel (self, line->given[OPTION_GRACE] ? line->number[OPTION_GRACE] : -1);
        if (may_remark (self))
            tool_remark (self->tool, "Cancelling%s job %s%s", self->tool->utf8 ? "…" : "...",
                         self->job.job_id,
                         self->known && self->job.status == JOB_QUEUED
                             ? ""
                             : "; Ctrl-C again kills it at once");
    }
    draw_status (self);
}

static void on_cancel_answer (struct jobwatch *self, const struct ems_event *event)
{
    /* 409: it was over before; how it ended is told anyway. */
    if (event->status == 200 || event->status == 409)
        return;
    char text[512];
    wording_of (event->text ? event->text : "no reason given", text, sizeof text);
    self->cancelling = self->forced = false;
    tool_remark (self->tool, "the job was not cancelled: %s", text);
}

/* ---- signals ---- */

static void detach (struct jobwatch *self)
{
    erase_status (self);
    if (!may_remark (self))
        (void)!write (self->out.fd, "\n", 1);
    tool_remark (self->tool, "detached; the job %s. To watch it again: ems attach %s",
                 self->known && self->job.status == JOB_QUEUED ? "stays in line" : "goes on",
                 self->job.job_id);
    self->code = EXITS_OK;
}

static void take_signals (struct jobwatch *self)
{
    int signal;
    while (self->code == GOING_ON && (signal = screen_signal (self->screen->quit_fd)) != 0) {
        if (signal == SIGINT)
            on_interrupt (self);
        else if (signal == SIGQUIT)
            detach (self);
        else
            self->code = 128 + signal;
    }
    while (self->code == GOING_ON && (signal = screen_signal (self->screen->shape_fd)) != 0) {
        if (signal == SIGTSTP) {
            erase_status (self);
            screen_stop (self->screen);
        } else if (signal == SIGCONT) {
            screen_resume (self->screen);
        } else {
            erase_status (self);
        }
        draw_status (self);
    }
}

/* ---- events ---- */

static void take_record (struct jobwatch *self, const struct ems_event *event)
{
    record_clear (&self->job);
    int code = tool_record (self->tool, event->job, &self->job);
    if (code)
        self->code = code;
    self->known = code == 0;
    self->told_ms = clock_mono_ms ();
}

/* Where there is a status line, it tells how the job stands. */
static void tell_story (struct jobwatch *self)
{
    struct sbuf text;
    struct report how = tool_report (self->tool);
    sbuf_init (&text);
    enum story_weight weight = story_tell (&self->story, &self->job, &how, &text);
    if (weight == STORY_LASTING || (weight == STORY_PASSING && !self->draw))
        tool_remark (self->tool, "%s", sbuf_text (&text));
    sbuf_free (&text);
}

/* Does whoever sees what we say also see the log? In a file they do not. */
static bool is_seen (const struct jobwatch *self)
{
    struct stat info;
    return fstat (self->out.fd, &info) < 0 || !(S_ISREG (info.st_mode) || S_ISCHR (info.st_mode)) ||
           self->tool->out_tty;
}

static void on_log (struct jobwatch *self, const struct ems_event *event)
{
    if (is_seen (self))
        self->seen += (int64_t)event->size;
    if (self->tool->json) {
        eventjson_log (event->offset, event->data, event->size, &self->text);
    } else if (self->tool->out_tty) {
        linebuf_feed (&self->lines, event->data, event->size, &self->text);
    } else {
        self->out.pending = event->data;
        self->out.pending_bytes = event->size;
    }
}

static void on_over (struct jobwatch *self, const struct ems_event *event)
{
    take_record (self, event);
    self->over = true;
    if (self->tool->json)
        eventjson_end (tool_peek (event->job), exits_of_record (&self->job), &self->text);
    else if (self->tool->out_tty)
        linebuf_finish (&self->lines, &self->text);
}

static void on_link (struct jobwatch *self, bool lost)
{
    self->lost = lost;
    if (self->tool->json)
        eventjson_link (!lost, &self->text);
    else if (!self->draw)
        tool_remark (self->tool, lost ? "connection lost, reconnecting" : "connected again");
}

static void on_event (struct jobwatch *self, const struct ems_event *event)
{
    sbuf_clear (&self->text);
    if (self->tool->status_drawn)
        sbuf_add (&self->text, ERASE);
    size_t before = self->text.size;
    switch (event->type) {
    case EMS_EVENT_STATUS:
        take_record (self, event);
        if (self->tool->json)
            eventjson_status (tool_peek (event->job), &self->text);
        else if (self->known)
            tell_story (self);
        break;
    case EMS_EVENT_LOG:
        on_log (self, event);
        break;
    case EMS_EVENT_LOST:
    case EMS_EVENT_BACK:
        on_link (self, event->type == EMS_EVENT_LOST);
        break;
    case EMS_EVENT_CANCEL:
        on_cancel_answer (self, event);
        break;
    case EMS_EVENT_OVER:
        on_over (self, event);
        break;
    }
    if (self->text.failed || self->text.size > before) {
        self->tool->status_drawn = false;
        send_text (self);
    }
}

/* ---- the loop ---- */

/* Nothing to do: wait for an event, a signal, or the spinner's next turn. */
static void rest (struct jobwatch *self)
{
    struct pollfd fds[3] = { { .fd = self->screen->quit_fd, .events = POLLIN },
                             { .fd = self->screen->shape_fd, .events = POLLIN },
                             { .fd = ems_follow_fd (self->follow), .events = POLLIN } };
    if (!self->tool->status_drawn)
        draw_status (self);
    if (self->out.pending_bytes == 0)
        (void)poll (fds, 3, self->draw ? STATUSLINE_FRAME_MS : -1);
}

/* The job is over and all is written: say how it ended. */
static void finish (struct jobwatch *self)
{
    erase_status (self);
    self->code = exits_of_record (&self->job);
    if (!self->tool->json)
        jobend_tell (self->tool, &self->job, self->seen);
}

static void turn (struct jobwatch *self)
{
    struct ems_event event;
    struct ems_error error;
    take_signals (self);
    if (self->code != GOING_ON)
        return;
    if (self->out.pending_bytes > 0) {
        write_some (self);
        return;
    }
    if (self->over) {
        finish (self);
        return;
    }
    if (clock_mono_ms () - self->drawn_ms >= STATUSLINE_FRAME_MS)
        draw_status (self);
    if (self->out.pending_bytes > 0)
        return;
    int rc = ems_follow_next (self->follow, 0, &event, &error);
    if (rc < 0)
        fail (self, &error);
    else if (rc == 1)
        on_event (self, &event);
    else
        rest (self);
}

/* The follower, and a Ctrl-C that came before it was there. */
static void start (struct jobwatch *self, const struct jobwatch_options *options)
{
    struct ems_error error;
    self->follow = ems_follow_job (self->tool->ems, options->job, options->offset, &error);
    if (!self->follow) {
        fail (self, &error);
    } else if (options->cancel) {
        snprintf (self->job.job_id, sizeof self->job.job_id, "%.12s",
                  ems_text (options->job, "job_id"));
        on_interrupt (self);
    }
}

int jobwatch (struct tool *tool, struct screen *screen, const struct jobwatch_options *options)
{
    struct jobwatch self = { .tool = tool, .screen = screen, .code = GOING_ON };
    record_init (&self.job);
    story_init (&self.story);
    linebuf_init (&self.lines);
    sbuf_init (&self.text);
    self.draw = tool->out_tty && !tool->out_dumb && !tool->json;
    outpipe_open (&self.out);
    start (&self, options);
    while (self.code == GOING_ON)
        turn (&self);
    erase_status (&self);
    outpipe_close (&self.out);
    ems_follow_destroy (&self.follow);
    linebuf_free (&self.lines);
    sbuf_free (&self.text);
    record_clear (&self.job);
    return self.code;
}
