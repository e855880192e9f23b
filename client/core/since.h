/* since.h - a moment as people type it: "2h" (ago), "14:30", "2026-11-23", "2026-11-23 14:30".
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SINCE_H
#define EMS_SINCE_H

#include <stdint.h>

#include "err.h"

/* The moment in *out_ms (wall clock, since 1970). Without a date it is today, or yesterday if it
 * would still be to come; without a zone it is local time, with a final Z it is UTC. `zone_ms`:
 * how far local time is ahead of UTC at a moment; NULL: it is UTC. `option`: what is named in the
 * error, as "since". 0, or -1 with *err (400). */
int since_parse (const char *option, const char *text, int64_t now_ms,
                 int64_t (*zone_ms) (int64_t wall_ms), int64_t *out_ms, struct err *err);

#endif
