/* line.h - the notices that wait for one target, and the one that is on its way to it.
 *
 * One at a time, oldest first. One that fails is left for later, and the whole target is left alone
 * for a while, longer each time; then the next one is tried, so that one which is refused again and
 * again does not hold up the others.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LINE_H
#define EMS_LINE_H

#include "delivery.h"
#include "folders.h"

struct line {
    const struct folders *folders; /* these three outlive it */
    const struct target *target;
    CURLM *multi;
    struct listing listing; /* as the folder was when it was last looked at */
    size_t next;            /* of it, to be tried */
    bool stale;             /* something was added since */
    unsigned failures;      /* in a row */
    int64_t due_ms;         /* not before (monotonic) */
    struct delivery *delivery;
    struct notice notice; /* the one on its way */
    char name[NOTICE_FILE_BYTES];
};

void line_init (struct line *self, const struct folders *folders, const struct target *target,
                CURLM *multi);
void line_clear (struct line *self);

/* Does nothing wait, as far as is known? */
bool line_idle (const struct line *self);
/* Go on, if it is time. *wake_ms becomes less if something is to be done then. */
void line_turn (struct line *self, int64_t now_ms, bool may_begin, int64_t *wake_ms);
/* The transfer under way is over. */
void line_transferred (struct line *self, CURLcode code, int64_t now_ms);

#endif
