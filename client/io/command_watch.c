/* command_watch.c - `ems watch`: the full screen. What it shows and does is watch.h's decision;
 * here are the terminal, the signals and the connection.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "commands.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fullscreen.h"
#include "screen.h"
#include "watch.h"

#define GOING_ON    (-1)
#define FLIGHTS     32  /* requests under way */
#define EVENTS_MOST 256 /* taken before keys are looked at again */
#define PICTURE_MS  40  /* between two pictures under a flood */
#define NO_TIMEOUT  (-1)

struct flight {
    struct ems_ask *ask; /* NULL: free */
    struct watch_ask what;
};

struct screenwatch {
    struct tool *tool;
    struct screen screen;
    struct fullscreen terminal;
    struct canvas canvas;
    struct watch watch;
    struct ems_monitor *monitor;
    struct ems_follow *follow;
    char followed[JOB_ID_BYTES]; /* "": none */
    struct flight flights[FLIGHTS];
    bool changed; /* since the last picture */
    int64_t drawn_ms;
    int code; /* exit code, or GOING_ON */
    struct ems_error error;
    bool failed; /* …by this error, to be told when the terminal is given back */
};

static void fail (struct screenwatch *self)
{
    self->failed = true;
    self->code = EXITS_SOFTWARE;
}

/* ---- requests ---- */

static void answer (struct screenwatch *self, const struct watch_ask *what, int status,
                    const struct ems_error *error, const struct ems_value *body)
{
    struct watch_answer got = { .status = status,
                                .error = error ? error->text : NULL,
                                .parameter = error ? error->parameter : "",
                                .body = tool_peek (body) };
    watch_answer (&self->watch, what, &got);
    self->changed = true;
}

static void take_answers (struct screenwatch *self)
{
    for (size_t i = 0; i < FLIGHTS; i++) {
        struct flight *flight = &self->flights[i];
        struct ems_error error = { 0 };
        struct ems_value *body = NULL;
        int rc = flight->ask ? ems_ask_take (flight->ask, &body, &error) : 0;
        if (rc == 0)
            continue;
        struct watch_ask what = flight->what;
        ems_ask_destroy (&flight->ask);
        answer (self, &what, rc == 1 ? STATUS_OK : error.status, rc == 1 ? NULL : &error, body);
        ems_value_destroy (&body);
        value_destroy (&what.body);
    }
}

static struct flight *free_flight (struct screenwatch *self)
{
    for (size_t i = 0; i < FLIGHTS; i++)
        if (!self->flights[i].ask)
            return &self->flights[i];
    return NULL;
}

static void start_asks (struct screenwatch *self)
{
    struct flight *flight;
    struct watch_ask what;
    while ((flight = free_flight (self)) != NULL && watch_next_ask (&self->watch, &what)) {
        struct ems_error error = { 0 };
        flight->what = what;
        flight->ask = ems_ask_new (self->tool->ems, what.type, what.worker[0] ? what.worker : NULL,
                                   (struct ems_value *)what.body, &error);
        self->changed = true;
        if (flight->ask)
            continue;
        answer (self, &what, error.status, &error, NULL);
        value_destroy (&what.body);
    }
}

static void drop_asks (struct screenwatch *self)
{
    for (size_t i = 0; i < FLIGHTS; i++) {
        if (self->flights[i].ask)
            value_destroy (&self->flights[i].what.body);
        ems_ask_destroy (&self->flights[i].ask);
    }
}

/* ---- events ---- */

/* True if there may be more. */
static bool take_events (struct screenwatch *self)
{
    struct ems_monitor_event event;
    int rc = 0;
    for (int i = 0; i < EVENTS_MOST; i++) {
        rc = ems_monitor_next (self->monitor, 0, &event, &self->error);
        if (rc <= 0)
            break;
        self->changed = true;
        if (event.type == EMS_MONITOR_LOOK)
            watch_look (&self->watch);
        else if (event.type == EMS_MONITOR_JOB)
            watch_job (&self->watch, tool_peek (event.value));
        else if (event.type == EMS_MONITOR_WORKER)
            watch_worker (&self->watch, tool_peek (event.value));
        else
            watch_link (&self->watch, event.type == EMS_MONITOR_LOST);
    }
    if (rc < 0)
        fail (self);
    return rc == 1;
}

static void stop_following (struct screenwatch *self)
{
    ems_follow_destroy (&self->follow);
    self->followed[0] = 0;
}

static void choose_followed (struct screenwatch *self)
{
    int64_t offset = 0;
    const struct record *job = watch_followed (&self->watch, &offset);
    if (job && strcmp (job->job_id, self->followed) == 0)
        return;
    /* One that has ended meanwhile is followed to the end of its log. */
    if (!job && self->follow && strcmp (self->watch.log_job, self->followed) == 0)
        return;
    stop_following (self);
    struct value *value = job ? record_to_value (job) : NULL;
    if (!value)
        return;
    self->follow =
        ems_follow_job (self->tool->ems, (struct ems_value *)value, offset, &self->error);
    value_destroy (&value);
    if (self->follow)
        memcpy (self->followed, job->job_id, sizeof self->followed);
    else
        watch_log_failed (&self->watch, job->job_id, self->error.text);
    self->changed = true;
}

static bool take_log (struct screenwatch *self)
{
    struct ems_event event;
    int rc = 0;
    for (int i = 0; self->follow && i < EVENTS_MOST; i++) {
        rc = ems_follow_next (self->follow, 0, &event, &self->error);
        if (rc <= 0)
            break;
        self->changed = true;
        if (event.type == EMS_EVENT_LOG)
            watch_log (&self->watch, self->followed, event.offset, event.data, event.size);
        else if (event.type == EMS_EVENT_STATUS || event.type == EMS_EVENT_OVER)
            watch_job (&self->watch, tool_peek (event.job));
        if (event.type == EMS_EVENT_OVER) {
            stop_following (self);
            return true;
        }
    }
    if (rc < 0) {
        watch_log_failed (&self->watch, self->followed, self->error.text);
        stop_following (self);
        self->changed = true;
    }
    return rc == 1;
}

/* ---- the terminal ---- */

static void resize (struct screenwatch *self)
{
    int rows, columns;
    fullscreen_size (&rows, &columns);
    if ((rows != self->canvas.rows || columns != self->canvas.columns) &&
        canvas_resize (&self->canvas, rows, columns) < 0) {
        snprintf (self->error.text, sizeof self->error.text, "out of memory");
        fail (self);
    }
    self->changed = true;
}

static void take_signals (struct screenwatch *self)
{
    int number;
    while ((number = screen_signal (self->screen.quit_fd)) != 0)
        self->code = number == SIGINT || number == SIGQUIT ? EXITS_OK : 128 + number;
    while ((number = screen_signal (self->screen.shape_fd)) != 0) {
        if (number == SIGTSTP) {
            fullscreen_leave (&self->terminal);
            screen_stop (&self->screen);
        }
        if (number == SIGTSTP || number == SIGCONT)
            fullscreen_return (&self->terminal);
        resize (self);
    }
}

static void take_keys (struct screenwatch *self)
{
    int key;
    while (self->code == GOING_ON && (key = fullscreen_key ()) > 0) {
        self->changed = true;
        if (key == KEY_CODE_CTRL_L)
            fullscreen_redraw ();
        else
            watch_key (&self->watch, key);
        if (self->watch.over)
            self->code = EXITS_OK;
    }
}

static void draw (struct screenwatch *self)
{
    self->drawn_ms = clock_mono_ms ();
    self->changed = false;
    watch_draw (&self->watch, &self->canvas);
    fullscreen_show (&self->terminal, &self->canvas);
}

/* ---- the loop ---- */

/* What was said while a request waits for longer than usual has its place on the screen. */
static void take_notice (struct screenwatch *self)
{
    if (!self->tool->noticed[0])
        return;
    watch_notice (&self->watch, self->tool->noticed);
    self->tool->noticed[0] = 0;
    self->changed = true;
}

static void rest (struct screenwatch *self, int timeout_ms)
{
    struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                            { .fd = self->screen.quit_fd, .events = POLLIN },
                            { .fd = self->screen.shape_fd, .events = POLLIN },
                            { .fd = ems_monitor_fd (self->monitor), .events = POLLIN },
                            { .fd = self->follow ? ems_follow_fd (self->follow) : -1,
                              .events = POLLIN } };
    int count = poll (fds, sizeof fds / sizeof *fds, timeout_ms);
    if (count == 0)
        self->changed = true; /* the clock went on */
    if (count > 0 && (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)))
        self->code = 128 + SIGHUP;
}

static void turn (struct screenwatch *self)
{
    watch_time (&self->watch, clock_mono_ms (), clock_wall_ms ());
    take_signals (self);
    if (self->code == GOING_ON)
        take_keys (self);
    if (self->code != GOING_ON)
        return;
    bool more = take_events (self);
    choose_followed (self);
    more = take_log (self) || more;
    take_answers (self);
    start_asks (self);
    take_notice (self);
    if (self->code != GOING_ON)
        return;
    int64_t since_ms = self->watch.now_ms - self->drawn_ms;
    if (self->changed && since_ms >= PICTURE_MS) {
        draw (self);
        since_ms = 0;
    }
    int timeout_ms = self->changed ? (int)(PICTURE_MS - since_ms) : watch_timeout_ms (&self->watch);
    rest (self, more ? 0 : timeout_ms);
}

static int64_t zone_of (int64_t wall_ms)
{
    struct tool unused = { 0 };
    return tool_report (&unused).zone_ms (wall_ms);
}

static int begin (struct screenwatch *self)
{
    struct err err = { 0 };
    struct tool *tool = self->tool;
    bool utf8 = tool->utf8;
    if (fullscreen_begin (&self->terminal, tool->colour, &utf8, &err) < 0) {
        tool_remark (tool, "%s", err.text);
        return EXITS_USAGE;
    }
    tool->silent = true;
    canvas_init (&self->canvas, utf8);
    watch_init (&self->watch, ems_endpoint (tool->ems), utf8, zone_of);
    self->monitor = ems_monitor_new (tool->ems, &self->error);
    self->code = GOING_ON;
    if (!self->monitor)
        fail (self);
    else
        resize (self);
    return 0;
}

static int show (struct tool *tool, struct screen *screen)
{
    struct screenwatch self = { .tool = tool, .screen = *screen };
    int code = begin (&self);
    if (code)
        return code;
    while (self.code == GOING_ON)
        turn (&self);
    fullscreen_end (&self.terminal);
    tool->silent = false;
    tool->noticed[0] = 0;
    drop_asks (&self);
    stop_following (&self);
    ems_monitor_destroy (&self.monitor);
    watch_free (&self.watch);
    canvas_free (&self.canvas);
    return self.failed ? tool_fail (tool, &self.error, NULL) : self.code;
}

/* Nobody there, or we may not: that is said at once, on the plain terminal. */
static int greet (struct tool *tool)
{
    struct ems_error error;
    if (ems_ping (tool->ems, NULL, NULL, &error) == 0)
        return 0;
    int signal = error.status == EMS_INTERRUPTED ? SIGINT : 0;
    return signal ? 128 + signal : tool_fail (tool, &error, NULL);
}

int command_watch (struct tool *tool)
{
    struct screen screen;
    struct err err = { 0 };
    if (tool->json) {
        tool_remark (tool, "watch shows a screen, not JSON; for programs: ems --json ps");
        return EXITS_USAGE;
    }
    if (!tool->out_tty || !isatty (STDIN_FILENO)) {
        tool_remark (tool, "watch needs a terminal for its screen and its keys; in a pipe: ems ps");
        return EXITS_USAGE;
    }
    if (screen_begin (&screen, false, &err) < 0) {
        tool_remark (tool, "%s", err.text);
        return EXITS_SOFTWARE;
    }
    tool->interrupt_fd = screen.quit_fd;
    int code = tool_connect_to_follow (tool);
    if (code == 0)
        code = greet (tool);
    if (code == 0)
        code = show (tool, &screen);
    screen_end (&screen);
    return code;
}
