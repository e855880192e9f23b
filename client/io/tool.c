/* tool.c - what every command of `ems` works with.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "contexts.h"
#include "endpoint.h"
#include "files.h"
#include "hint.h"
#include "json.h"
#include "wording.h"
#include "workername.h"

#define REMARK_BYTES 2048
#define NO_COLUMNS   80
#define ERASE        "\r\033[J"

/* UTF-8 unless the environment clearly says otherwise. */
static bool is_utf8 (void)
{
    const char *names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv (names[i]);
        if (value && value[0])
            return strcasestr (value, "utf-8") || strcasestr (value, "utf8");
    }
    return true;
}

static bool is_dumb (void)
{
    const char *term = getenv ("TERM");
    return term && strcmp (term, "dumb") == 0;
}

void tool_init (struct tool *self)
{
    memset (self, 0, sizeof *self);
    self->out_tty = isatty (STDOUT_FILENO);
    self->err_tty = isatty (STDERR_FILENO);
    self->out_dumb = is_dumb ();
    self->utf8 = is_utf8 ();
}

static bool wants_colour (const struct tool *self, bool tty)
{
    const char *no_color = getenv ("NO_COLOR");
    if (self->line.color != COLOR_AUTO)
        return self->line.color == COLOR_ALWAYS;
    if (no_color && no_color[0])
        return false;
    return tty && !is_dumb ();
}

void tool_settle (struct tool *self)
{
    self->json = self->line.given[OPTION_JSON];
    self->colour = wants_colour (self, self->out_tty);
    self->colour_remarks = wants_colour (self, self->err_tty);
}

void tool_clear (struct tool *self)
{
    ems_destroy (&self->ems);
    cmdline_clear (&self->line);
}

/* `text` is what `error` is called here. */
static void remark_with_hint (struct tool *self, const char *text, const char *error)
{
    const char *hint = hint_of (error);
    tool_remark (self, "%s%s%s", text, hint ? "; " : "", hint ? hint : "");
}

static void notice (void *arg, const char *text)
{
    struct tool *self = arg;
    snprintf (self->noticed, sizeof self->noticed, "%s", text);
    if (!self->silent)
        remark_with_hint (self, text, text);
}

int tool_output_failed (struct tool *self, int number)
{
    if (number == EPIPE) {
        self->broken_pipe = true;
        return EXITS_OUTPUT;
    }
    tool_remark (self, "cannot write the output: %s", strerror (number));
    return EXITS_OUTPUT;
}

int tool_put (struct tool *self, const void *data, size_t bytes)
{
    return file_write_all (STDOUT_FILENO, data, bytes) < 0 ? tool_output_failed (self, errno) : 0;
}

int tool_put_text (struct tool *self, struct sbuf *text)
{
    int code = 0;
    if (text->failed) {
        tool_remark (self, "out of memory");
        code = EXITS_SOFTWARE;
    } else {
        code = tool_put (self, sbuf_text (text), text->size);
    }
    sbuf_free (text);
    return code;
}

int tool_put_json (struct tool *self, const struct ems_value *value)
{
    struct sbuf text;
    sbuf_init (&text);
    char *json = ems_json (value);
    if (json) {
        sbuf_add (&text, json);
        sbuf_add (&text, "\n");
    }
    text.failed = text.failed || !json;
    free (json);
    return tool_put_text (self, &text);
}

void tool_remark (struct tool *self, const char *format, ...)
{
    char text[REMARK_BYTES];
    struct sbuf line;
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    sbuf_init (&line);
    sbuf_add (&line, self->status_drawn ? ERASE "ems: " : "ems: ");
    self->status_drawn = false;
    sbuf_add_safe (&line, text);
    sbuf_add (&line, "\n");
    static const char scarce[] = "ems: out of memory, even for the reason\n";
    /* There is nowhere to say that this failed. */
    if (line.failed)
        (void)file_write_all (STDERR_FILENO, scarce, sizeof scarce - 1);
    else
        (void)file_write_all (STDERR_FILENO, sbuf_text (&line), line.size);
    sbuf_free (&line);
}

/* {"error", "status", "exit", "parameter"?, "body"?} on stdout. */
static void put_error_json (struct tool *self, const struct ems_error *error,
                            const struct ems_value *body, int code)
{
    struct value *map = value_new_map ();
    if (map && value_put_string (map, "error", error->text) == 0 &&
        value_put_int (map, "status", error->status) == 0 &&
        value_put_int (map, "exit", code) == 0 &&
        (!error->parameter[0] || value_put_string (map, "parameter", error->parameter) == 0) &&
        (!body || value_put (map, "body", value_copy (tool_peek (body))) == 0))
        (void)tool_put_json (self, (struct ems_value *)map);
    value_destroy (&map);
}

static int fail_with (struct tool *self, int code, const struct ems_error *error,
                      const struct ems_value *body)
{
    char text[sizeof error->text];
    wording_of (error->text, text, sizeof text);
    if (strcmp (error->text, self->noticed) != 0) /* else it was said while we waited */
        remark_with_hint (self, text, error->text);
    if (self->json)
        put_error_json (self, error, body, code);
    return code;
}

int tool_fail (struct tool *self, const struct ems_error *error, const struct ems_value *body)
{
    return fail_with (self, exits_of_status (error->status, error->parameter[0] != 0), error, body);
}

static bool is_set (const char *name)
{
    const char *value = getenv (name);
    return value && value[0];
}

static bool is_told_where (const struct cmdline *line)
{
    return line->text[OPTION_ENDPOINT] || line->text[OPTION_STATE] || is_set ("EMS_ENDPOINT") ||
           is_set ("EMS_STATE");
}

/* The context that was asked for by name; NULL: none. */
static const char *named_context (const struct cmdline *line)
{
    if (line->text[OPTION_CONTEXT])
        return line->text[OPTION_CONTEXT];
    if (line->text[OPTION_ENDPOINT] || line->text[OPTION_STATE] || is_set ("EMS_ENDPOINT"))
        return NULL;
    return is_set ("EMS_CONTEXT") ? getenv ("EMS_CONTEXT") : NULL;
}

int tool_find_context (const struct tool *self, struct config **root, struct context *out,
                       struct err *err)
{
    const char *name = named_context (&self->line);
    *out = (struct context){ 0 };
    if (!name && is_told_where (&self->line))
        return 0;
    *root = contexts_load (err);
    if (!*root)
        return -1;
    if (!name)
        name = contexts_current (*root);
    return name ? contexts_find (*root, name, out, err) : 0;
}

static int fail_by (struct tool *self, int code, const struct err *err)
{
    struct ems_error error = { .status = err->code };
    snprintf (error.text, sizeof error.text, "%s", err->text);
    return fail_with (self, code, &error, NULL);
}

int tool_fail_usage (struct tool *self, const struct err *err)
{
    return fail_by (self, EXITS_USAGE, err);
}

int tool_fail_file (struct tool *self, const struct err *err)
{
    return fail_by (self, exits_of_file (err->code), err);
}

static int connect_by (struct tool *self, const struct context *context)
{
    struct ems_error error;
    struct err err = { 0 };
    const char *endpoint = self->line.text[OPTION_ENDPOINT];
    const char *events = self->line.text[OPTION_EVENTS];
    struct ems_options options = {
        .clients = endpoint ? endpoint : context->clients,
        .events = events ? events : context->events,
        .server_key = context->server_key,
        .certificate = context->certificate,
        .state = self->line.text[OPTION_STATE],
        .interrupt_fd = self->interrupt_fd,
        .notice = notice,
        .notice_arg = self,
    };
    if (events && endpoint_check (events, &err) < 0)
        return fail_by (self, EXITS_USAGE, &err);
    if (context->certificate && secrets_guard (true, &err) < 0)
        return fail_by (self, EXITS_SOFTWARE, &err);
    self->ems = ems_new (&options, &error);
    if (self->ems)
        return 0;
    /* Nobody was asked yet: what is wrong stands in the context or on the command line. */
    if (context->clients)
        return fail_with (self, exits_of_file (error.status), &error, NULL);
    return error.status == STATUS_BAD_REQUEST ? fail_with (self, EXITS_USAGE, &error, NULL)
                                              : tool_fail (self, &error, NULL);
}

int tool_connect (struct tool *self)
{
    struct err err = { 0 };
    struct context context;
    struct config *root = NULL;
    if (self->ems)
        return 0;
    int code = tool_find_context (self, &root, &context, &err) == 0 ? connect_by (self, &context)
                                                                    : tool_fail_file (self, &err);
    config_destroy (&root);
    if (code == 0 && self->line.text[OPTION_WORKER])
        code = tool_check_worker (self);
    return code;
}

int tool_connect_to_follow (struct tool *self)
{
    struct ems_error error;
    int code = tool_connect (self);
    if (code == 0 && ems_can_follow (self->ems, &error) < 0)
        code = fail_with (self, EXITS_USAGE, &error, NULL);
    return code;
}

static int64_t zone_ms (int64_t wall_ms)
{
    time_t when = (time_t)(wall_ms / 1000);
    struct tm local;
    return localtime_r (&when, &local) ? (int64_t)local.tm_gmtoff * 1000 : 0;
}

struct report tool_report (const struct tool *self)
{
    return (struct report){ .colour = self->colour,
                            .width = self->out_tty ? tool_columns (STDOUT_FILENO) : 0,
                            .now_ms = clock_wall_ms (),
                            .zone_ms = zone_ms };
}

size_t tool_columns (int fd)
{
    struct winsize size;
    if (ioctl (fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return NO_COLUMNS;
    return size.ws_col;
}

int tool_show (struct tool *self, struct ems_value **value,
               void (*print) (const struct value *, const struct report *, struct sbuf *))
{
    int code;
    if (self->json) {
        code = tool_put_json (self, *value);
    } else {
        struct sbuf text;
        struct report how = tool_report (self);
        sbuf_init (&text);
        print (tool_peek (*value), &how, &text);
        code = tool_put_text (self, &text);
    }
    ems_value_destroy (value);
    return code;
}

const char *tool_job (const struct tool *self)
{
    return self->line.argument_count > 0 ? self->line.arguments[0] : "last";
}

int tool_find_job (struct tool *self, struct ems_value **job)
{
    struct ems_error error;
    if (ems_status (self->ems, tool_job (self), job, &error) == 0)
        return 0;
    int code = tool_fail (self, &error, *job);
    ems_value_destroy (job);
    return code;
}

const struct value *tool_peek (const struct ems_value *value)
{
    return (const struct value *)value;
}

int tool_record (struct tool *self, const struct ems_value *job, struct record *out)
{
    struct err err = { 0 };
    record_init (out);
    if (record_from_value (tool_peek (job), out, &err) == 0)
        return 0;
    tool_remark (self, "the record of the job makes no sense: %s", err.text);
    return EXITS_SOFTWARE;
}
