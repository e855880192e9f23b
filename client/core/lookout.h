/* lookout.h - when whoever watches everything has to look again (list anew), as a pure machine.
 *
 * Events are hints: none come while there is no connection, the first are published before a
 * subscription is in force, and the broker drops them for who does not keep up.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LOOKOUT_H
#define EMS_LOOKOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "ids.h"
#include "limits.h"

#define LOOKOUT_SETTLE_MS  1000  /* so soon after subscribing they are in force for sure */
#define LOOKOUT_INSTEAD_MS 2000  /* as often without events */
#define LOOKOUT_QUIET_MS   60000 /* the last event of all may have been dropped */

struct lookout {
    bool link;    /* events come */
    bool looked;  /* …and there was a look since */
    bool settled; /* …and one since they are in force for sure */
    int64_t look_ms;
    struct {
        char worker[NAME_BYTES];
        int64_t seq;
    } last[LIMIT_WORKERS];
    int workers;
};

void lookout_init (struct lookout *self, int64_t now_ms);
void lookout_link (struct lookout *self, bool up, int64_t now_ms);
/* An event of that worker came; seq < 0: one without a number. */
void lookout_event (struct lookout *self, const char *worker, int64_t seq, int64_t now_ms);

/* Is it time to look? Then it counts as done. Else *until_ms says when to ask again. */
bool lookout_due (struct lookout *self, int64_t now_ms, int64_t *until_ms);

#endif
