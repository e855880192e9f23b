/* cmdline.h - the command line of `ems`: one table of commands, one of options.
 *
 * Help, completion and manual pages are made from the same two tables.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CMDLINE_H
#define EMS_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "limits.h"
#include "sbuf.h"

enum command {
    COMMAND_NONE, /* none given */
    COMMAND_UP,
    COMMAND_DOWN,
    COMMAND_RUN,
    COMMAND_PS,
    COMMAND_WATCH,
    COMMAND_SHOW,
    COMMAND_LOGS,
    COMMAND_ATTACH,
    COMMAND_CANCEL,
    COMMAND_WAIT,
    COMMAND_PAUSE,
    COMMAND_RESUME,
    COMMAND_PRIORITY,
    COMMAND_RERUN,
    COMMAND_RESULTS,
    COMMAND_KEEP,
    COMMAND_UNKEEP,
    COMMAND_PRUNE,
    COMMAND_WORKERS,
    COMMAND_PROFILES,
    COMMAND_PING,
    COMMAND_DOCTOR,
    COMMAND_KEYGEN,
    COMMAND_GRANT,
    COMMAND_CONTEXT,
    COMMAND_RELOAD,
    COMMAND_COMPLETION,
    COMMAND_COMPLETE, /* of the scripts that `completion` prints */
    COMMAND_VERSION,
    COMMAND_HELP,
    COMMANDS
};

enum option {
    OPTION_ENDPOINT,
    OPTION_EVENTS,
    OPTION_STATE,
    OPTION_JSON,
    OPTION_COLOR,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_CONFIG,
    OPTION_CANCEL,
    OPTION_PARAM,
    OPTION_QUEUE,
    OPTION_PRIORITY, /* also the second argument of `priority` */
    OPTION_PREEMPT,
    OPTION_AFTER,
    OPTION_AFTER_ANY,
    OPTION_DELAY,
    OPTION_RESUME,
    OPTION_TIME_LIMIT,
    OPTION_GRACE,
    OPTION_DETACH,
    OPTION_NOTES,
    OPTION_LABEL,
    OPTION_WORKER,
    OPTION_FOLLOW,
    OPTION_LINES,
    OPTION_ALL,
    OPTION_TIMEOUT,
    OPTION_PARTIAL,
    OPTION_DRY_RUN,
    OPTION_SUMMARY,
    OPTION_NO_SUMMARY,
    OPTION_TOLERANCE,
    OPTION_CONTEXT,
    OPTION_ROLE,
    OPTION_WORKERS,
    OPTION_DIRECTORY,
    OPTION_SIGNER,
    OPTION_SERVER,
    OPTION_SERVER_KEY,
    OPTION_CERTIFICATE,
    OPTION_COLUMNS,
    OPTION_SINCE,
    OPTION_STATUS,
    OPTION_FILTER,
    OPTION_TIMESTAMPS,
    OPTION_GREP,
    OPTIONS
};

struct command_spec {
    const char *name;
    const char *arguments; /* as shown in the usage line; "" if it takes none */
    int arguments_min;
    int arguments_max;
    const char *summary; /* one line */
    const char *text;    /* what else to know; may be "" */
};

enum option_kind {
    KIND_FLAG,
    KIND_TEXT,     /* UTF-8 */
    KIND_LIST,     /* UTF-8 with commas; may be repeated */
    KIND_PATH,     /* any bytes */
    KIND_NUMBER,   /* integer from min to max */
    KIND_DURATION, /* 90s 2m 1h, in ms, at most max */
    KIND_COLOR,    /* auto, always, never */
    KIND_PAIR,     /* NAME=VALUE, may be repeated */
};

struct option_spec {
    char letter; /* 0: none */
    const char *name;
    const char *takes; /* what its value is called in help; NULL: it takes none */
    enum option_kind kind;
    uint32_t commands; /* bit 1 << command for each command that takes it; ALL_COMMANDS: global */
    int64_t min, max;
    const char *help;
};

#define ALL_COMMANDS UINT32_MAX

/* NULL for COMMAND_NONE. */
const struct command_spec *command_spec (enum command command);
/* Is it for programs? Then it is left out of lists. */
bool command_hidden (enum command command);
const struct option_spec *option_spec (enum option option);
bool cmdline_takes (enum command command, enum option option);

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* A word of `run` that is no option of ours: a profile's parameter or a plain word. Points into
 * argv. What belongs together is known only when the server has told the types (params.h). */
struct run_word {
    const char
        *name; /* the parameter as typed, without dashes, up to name_bytes; NULL: plain word */
    size_t name_bytes;
    const char *value; /* after '=', or the plain word; NULL: none */
};

#define LIMIT_WORDS       512
#define LIMIT_FILTERS     16
#define COMMAND_ARGUMENTS 3

struct cmdline {
    enum command command;
    bool given[OPTIONS];
    const char *text[OPTIONS]; /* KIND_TEXT, KIND_PATH: points into argv; KIND_LIST */
    char *joined[OPTIONS];     /* KIND_LIST: all that was given; owned */
    int64_t number[OPTIONS];   /* KIND_NUMBER and KIND_DURATION */
    enum color color;
    const char *arguments[COMMAND_ARGUMENTS]; /* of the command, except of `run` */
    int argument_count;
    struct run_word *words; /* of `run`; of `complete` all, as they are; owned */
    size_t word_count;
    const char *labels[LIMIT_LABELS]; /* NAME=VALUE as typed */
    size_t label_count;
    const char *filters[LIMIT_FILTERS]; /* the same */
    size_t filter_count;
    enum command help_for; /* of `help COMMAND` */
};

/* argv must outlive *out. 0, or -1 with *err (400) that says what to type; clear it in both
 * cases. With --help given, missing arguments are no error. */
int cmdline_parse (int argc, char *const argv[], struct cmdline *out, struct err *err);
void cmdline_clear (struct cmdline *self);

/* What can come after the words of a command line that is still being typed. */
struct cmdline_next {
    enum option value_of; /* the value of this option; OPTIONS: no value is due */
    bool only_plain;      /* after --: no option any more */
};

/* For completion: reads the words as far as they make sense and passes over the rest. Clear *out.
 */
void cmdline_read_part (int argc, char *const argv[], struct cmdline *out,
                        struct cmdline_next *next);

/* Help as text: all commands, or one. For `run` the parameters come from elsewhere. */
void cmdline_help (enum command command, struct sbuf *out);

#endif
