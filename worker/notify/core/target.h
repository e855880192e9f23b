/* target.h - who is told of what, and how: the section `notices` of the configuration.
 *
 * The worker reads and checks it, and hands it to ems-notify as JSON (outbox/targets.json): so
 * there is one opinion on what the configuration says.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TARGET_H
#define EMS_TARGET_H

#include "config.h"
#include "notice.h"

#define DEFAULT_STATES     "completed,failed,cancelled"
#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_GIVE_UP_MS (3LL * 24 * 3600 * 1000)

enum target_kind { TARGET_WEBHOOK, TARGET_MAIL, TARGET_COMMAND, TARGET_KINDS };

struct target {
    char name[NAME_BYTES];
    enum target_kind kind;
    bool wants[NOTICE_EVENTS];
    char *place;       /* the URL of a webhook or mail server, or the absolute path of a command */
    char *secret_file; /* of a webhook; these are NULL when they are not given */
    char *ca_file;     /* of a webhook or mail server */
    char *from;        /* of a mail */
    char **to;         /* of a mail, NULL-ended */
    char *user;        /* at the mail server */
    char *password_file; /* the same */
    char **arguments;    /* of a command, NULL-ended, without its own name */
    int64_t timeout_ms;  /* for one try */
    int64_t give_up_ms;  /* since the job's end */
};

struct targets {
    struct target *items;
    size_t count;
};

/* From the section (NULL: none). *out must be zeroed; on -1 it is cleared and *err names line, key
 * and what it takes. */
int targets_from_config (const struct config *section, struct targets *out, struct err *err);

/* As JSON (free ()), and back. */
char *targets_encode (const struct targets *self, struct err *err);
int targets_decode (const char *text, size_t bytes, struct targets *out, struct err *err);

void targets_clear (struct targets *self);
const struct target *targets_find (const struct targets *self, const char *name); /* or NULL */
bool targets_want (const struct targets *self, enum notice_event event);          /* any of them */

/* "webhook", "mail", "command": the key that says the kind. */
const char *target_kind_name (enum target_kind kind);

#endif
