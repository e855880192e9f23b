/* lookout.c - when to look again.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "lookout.h"

#include <stdio.h>
#include <string.h>

void lookout_init (struct lookout *self, int64_t now_ms)
{
    memset (self, 0, sizeof *self);
    self->look_ms = now_ms + LOOKOUT_INSTEAD_MS;
}

void lookout_link (struct lookout *self, bool up, int64_t now_ms)
{
    self->link = up;
    self->looked = self->settled = false;
    self->workers = 0; /* what was published meanwhile is looked at anyway */
    self->look_ms = up ? now_ms : now_ms + LOOKOUT_INSTEAD_MS;
}

/* The number that this worker's event had last; -1: none is known. */
static int64_t exchange (struct lookout *self, const char *worker, int64_t seq)
{
    int i = 0;
    while (i < self->workers && strcmp (self->last[i].worker, worker) != 0)
        i++;
    if (i == LIMIT_WORKERS)
        return -1;
    int64_t before = i < self->workers ? self->last[i].seq : -1;
    if (i == self->workers)
        snprintf (self->last[self->workers++].worker, NAME_BYTES, "%s", worker);
    self->last[i].seq = seq;
    return before;
}

void lookout_event (struct lookout *self, const char *worker, int64_t seq, int64_t now_ms)
{
    int64_t before = seq < 0 ? -1 : exchange (self, worker, seq);
    if (before >= 0 && seq != before + 1) /* some were dropped, or the worker began anew */
        self->look_ms = now_ms;
    else if (self->settled && self->look_ms > now_ms)
        self->look_ms = now_ms + LOOKOUT_QUIET_MS;
}

bool lookout_due (struct lookout *self, int64_t now_ms, int64_t *until_ms)
{
    *until_ms = self->look_ms;
    if (now_ms < self->look_ms)
        return false;
    self->settled = self->looked;
    self->looked = self->link;
    self->look_ms = now_ms + (!self->link      ? LOOKOUT_INSTEAD_MS
                              : !self->settled ? LOOKOUT_SETTLE_MS
                                               : LOOKOUT_QUIET_MS);
    return true;
}
