/* clock.h - time and entropy from the kernel, for the shells only (cores get them as arguments).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CLOCK_H
#define EMS_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include "err.h"

int64_t clock_mono_ms (void); /* CLOCK_MONOTONIC: for deadlines */
int64_t clock_wall_ms (void); /* ms since 1970 UTC: to print and to record */
int64_t clock_wall_us (void);

/* Fill with random bytes (getrandom). 0, or -1 with *err. */
int entropy_fill (void *out, size_t bytes, struct err *err);

#endif
