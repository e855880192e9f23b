/* clock.c - time and entropy from the kernel.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <sys/random.h>
#include <time.h>
#include "clock.h"

static int64_t clock_us (clockid_t clock)
{
    struct timespec now = { 0 };
    clock_gettime (clock, &now); /* cannot fail for the two clocks used here */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_ms (void)
{
    return clock_us (CLOCK_MONOTONIC) / 1000;
}

int64_t clock_wall_ms (void)
{
    return clock_us (CLOCK_REALTIME) / 1000;
}

int64_t clock_wall_us (void)
{
    return clock_us (CLOCK_REALTIME);
}

int entropy_fill (void *out, size_t bytes, struct err *err)
{
    char *at = out;
    while (bytes > 0) {
        ssize_t n = getrandom (at, bytes, 0);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return err_sys (err, "cannot get %zu random bytes", bytes);
        }
        at += n;
        bytes -= (size_t)n;
    }
    return 0;
}
