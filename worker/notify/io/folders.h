/* folders.h - the outbox as ems-notify sees it (worker/io/outbox.h says what is where).
 *
 * A notice is in exactly one state: in its target's folder it waits; in failed/ it was given up;
 * and where there is none it was delivered. Each step is one rename or unlink, so whoever dies at
 * any point leaves a notice that waits, at worst one that was delivered.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FOLDERS_H
#define EMS_FOLDERS_H

#include "target.h"

struct folders {
    int dirfd;    /* outbox/ */
    int tofd;     /* outbox/to/ */
    int failedfd; /* outbox/failed/ */
};

int folders_open (struct folders *self, const char *state, struct err *err);
void folders_close (struct folders *self);

/* *out must be zeroed. */
int folders_targets (const struct folders *self, struct targets *out, struct err *err);

/* The notices that wait for a target, oldest first. */
struct listing {
    char (*names)[NOTICE_FILE_BYTES]; /* owned */
    size_t count;
    size_t room;
};
int folders_list (const struct folders *self, const char *target, struct listing *out,
                  struct err *err);
void listing_clear (struct listing *self);

/* Does anything wait? If that cannot be read, yes. */
bool folders_wait (const struct folders *self);

/* One notice (free ()); code 404: it is gone. */
char *folders_read (const struct folders *self, const char *target, const char *name, size_t *bytes,
                    struct err *err);
int folders_delivered (const struct folders *self, const char *target, const char *name,
                       struct err *err);
/* Into failed/, with the reason; the oldest there give way. */
int folders_give_up (const struct folders *self, const char *target, const char *name,
                     const char *reason, struct err *err);

/* The notices for whoever is no target any more go to failed/, and their folders with them. */
void folders_forget_strangers (const struct folders *self, const struct targets *targets);

#endif
