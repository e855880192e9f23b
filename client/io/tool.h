/* tool.h - what every command of `ems` works with.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TOOL_H
#define EMS_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "cmdline.h"
#include "contexts.h"
#include "ems.h"
#include "exits.h"
#include "report.h"
#include "sbuf.h"
#include "value.h"

struct tool {
    struct cmdline line;
    struct ems *ems; /* NULL until tool_connect */
    bool json;
    bool colour;         /* on stdout */
    bool colour_remarks; /* on stderr */
    bool out_tty;        /* stdout is a terminal */
    bool err_tty;
    bool out_dumb; /* a terminal that cannot draw a line anew (TERM=dumb) */
    bool utf8;
    bool broken_pipe;  /* the reader of stdout is gone: end quietly, as SIGPIPE does */
    bool status_drawn; /* the status line stands on the terminal and must go before a remark */
    bool silent;       /* a full screen is shown: notices are only kept in `noticed` */
    int interrupt_fd;  /* given to the connection; 0: none */
    /* What the other side said while we waited for it, as it was remarked last. */
    char noticed[sizeof ((struct ems_error *)0)->text];
};

void tool_init (struct tool *self);
/* After the command line is known: colours and the like. */
void tool_settle (struct tool *self);
void tool_clear (struct tool *self);

/* The context that was asked for, or the one in use where nothing says where the broker is; all
 * NULL if there is none. The file is read only if it matters: *root is its tree, which *out points
 * into; config_destroy it. 0, or -1 with *err. */
int tool_find_context (const struct tool *self, struct config **root, struct context *out,
                       struct err *err);
/* Connect as the options say. 0, or the exit code, after a message. */
int tool_connect (struct tool *self);
/* The same for what will follow a job: 64 if nothing says where events come from. */
int tool_connect_to_follow (struct tool *self);

/* Data, to stdout. 0, or the exit code, after a message. */
int tool_put (struct tool *self, const void *data, size_t bytes);
int tool_put_text (struct tool *self, struct sbuf *text); /* frees it; says if memory was short */
int tool_put_json (struct tool *self, const struct ems_value *value); /* one line */
/* What a write to stdout that failed with this errno ends with. */
int tool_output_failed (struct tool *self, int number);

/* A remark, to stderr: "ems: …", made safe, with a newline. */
void tool_remark (struct tool *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* Report a failure, as text and with --json as an object on stdout too; returns the exit code.
 * `body` (may be NULL) is the body of the refusal. */
int tool_fail (struct tool *self, const struct ems_error *error, const struct ems_value *body);

/* The same for a command line that is wrong. */
int tool_fail_usage (struct tool *self, const struct err *err);
/* The same for a file of the user's that cannot be used: contexts, certificates. */
int tool_fail_file (struct tool *self, const struct err *err);

/* Print a reply: as JSON, or by `print`; destroys it. Returns the exit code. */
int tool_show (struct tool *self, struct ems_value **value,
               void (*print) (const struct value *, const struct report *, struct sbuf *));

struct report tool_report (const struct tool *self);
size_t tool_columns (int fd); /* of the terminal behind it; 80 if unknown */

/* The job that the command is about: its argument or `last`. */
const char *tool_job (const struct tool *self);
/* Its record: `last` and the beginning of an id must go on meaning the same job, and requests for
 * its whole id go to its worker. 0, or the exit code, after a message. */
int tool_find_job (struct tool *self, struct ems_value **job);
const struct value *tool_peek (const struct ems_value *value);
/* A record from a value that came as a job. 0, or the exit code after a message. Clear it. */
int tool_record (struct tool *self, const struct ems_value *job, struct record *out);

#endif
