/* outbox.h - what is to be told to others, durably, until ems-notify has told it.
 *
 * outbox/to/<target>/<notice>.json   waits for that target; its bytes are what a webhook gets
 * outbox/targets.json                who the targets are, as our configuration says
 * outbox/failed/                     what was given up, and why
 * outbox/lock                        held by the one ems-notify that runs
 *
 * Delivery is another program's: a receiver that is slow or dead costs us nothing.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_OUTBOX_H
#define EMS_OUTBOX_H

#include "limits.h"
#include "reactor.h"
#include "target.h"

struct outbox;

struct outbox_env {
    struct reactor *reactor;
    int statefd;
    const char *state; /* absolute path; these outlive the outbox */
    const char *program;
    const struct targets *targets;
};

/* The targets that have a notice already, so that who tries again does not repeat it to them. */
struct outbox_done {
    bool target[LIMIT_TARGETS];
};

/* Also takes care of what earlier workers left in it. */
struct outbox *outbox_new (const struct outbox_env *env, struct err *err);
/* The ems-notify that runs is told to end; what it has not delivered stays. */
void outbox_destroy (struct outbox **self_p);

/* Does any target want to be told? `self` may be NULL. */
bool outbox_wants (const struct outbox *self, enum notice_event event);

/* Put it there, durably, for every target that wants it and is not in *done. -1 with *err: some
 * have it; try again with the same *done. */
int outbox_put (struct outbox *self, const struct notice *notice, const struct record *record,
                struct outbox_done *done, struct err *err);

/* See to it that ems-notify runs as long as something waits. */
void outbox_deliver (struct outbox *self);

#endif
