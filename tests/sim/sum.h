/* sum.h - the checksum by which the history compares logs: FNV-1a of 64 bits.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_SUM_H
#define SIM_SUM_H

#include <stddef.h>
#include <stdint.h>

#define SUM_BEGIN UINT64_C (14695981039346656037)

static inline uint64_t sum_add (uint64_t sum, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < bytes; i++)
        sum = (sum ^ at[i]) * UINT64_C (1099511628211);
    return sum;
}

#endif
