/* family.h - all processes of the shim's job: in its cgroup if there is one, and below the shim.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FAMILY_H
#define EMS_FAMILY_H

#include <stdbool.h>
#include "err.h"
#include "hold.h"
#include "jobdir.h"

#define FAMILY_AGAIN_MS 50

struct family {
    char cgroup[LIMIT_PATH_BYTES]; /* "": none */
    int events;                    /* cgroup.events; -1 until it is of interest */
    int kill_rounds;               /* so far */
    struct hold hold;
    int64_t release_ms; /* not all could be let go: again at this time; -1: all were */
    int64_t memory_limit_bytes;
};

/* Make a cgroup if the spec wants one. -1 with *err only if it sets a limit that cannot be had
 * without one. */
int family_make (struct family *self, const struct spec *spec, struct err *err);
/* The main process could not enter the cgroup: as if there were none. The same errors. */
int family_without_cgroup (struct family *self, struct err *err);

void family_kill (struct family *self); /* one round */
bool family_hold (struct family *self); /* one round; true when nobody runs */
void family_release (struct family *self, int64_t now_ms);
/* Something happened in the cgroup: be quiet until the next time. */
void family_rearm (struct family *self);
bool family_in_cgroup (const struct family *self); /* anybody? */

/* Processor time, and memory; why the kernel killed it; who is still alive. */
void family_put_usage (const struct family *self, struct exit_record *record);
void family_put_alive (const struct family *self, struct exit_record *record);
/* Remove the cgroup, let go of everything. Twice is harmless. */
void family_clear (struct family *self);

#endif
