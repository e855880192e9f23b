/* wrap.h - the system calls of the production objects, redirected at link time (--wrap).
 *
 * Outside of a simulated process each of them is the real one. wrap_*.c define them; the list for
 * the linker is in CMakeLists.txt, and the test `sim_calls` fails when the production objects call
 * something of the system that is not in it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_WRAP_H
#define SIM_WRAP_H

#include <errno.h>
#include "process_private.h"

/* A result of the simulated kernel as one of the C library. */
static inline long result (long rc)
{
    if (rc >= 0)
        return rc;
    errno = (int)-rc;
    return -1;
}

#endif
