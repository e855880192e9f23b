/* failcall.h - what decides whether a call fails.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FAILCALL_H
#define EMS_FAILCALL_H

#include "failcalls.h"

/* Counts the call. 0: it is to be carried out; else it fails, errno is set, and this is it, or
 * FAIL_SHORT. */
int failcall_due (enum failcall call, const void *caller);

/* The function that is behind ours. */
void *failcall_real (const char *name);

/* A function of ours in front of NAME: it counts as CALL, and fails with FAILED or hands over. */
#define FAILCALL_AS(CALL, TYPE, NAME, PARAMETERS, ARGUMENTS, FAILED)  \
    TYPE NAME PARAMETERS;                                             \
    TYPE NAME PARAMETERS                                              \
    {                                                                 \
        static TYPE (*real) PARAMETERS;                               \
        if (failcall_due (CALL_##CALL, __builtin_return_address (0))) \
            return FAILED;                                            \
        if (!real)                                                    \
            *(void **)&real = failcall_real (#NAME);                  \
        return real ARGUMENTS;                                        \
    }
#define FAILCALL(TYPE, NAME, PARAMETERS, ARGUMENTS, FAILED) \
    FAILCALL_AS (NAME, TYPE, NAME, PARAMETERS, ARGUMENTS, FAILED)

#endif
