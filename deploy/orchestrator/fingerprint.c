/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/fingerprint.h"

#include <string.h>

uint64_t fingerprint_bytes (uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *next = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ next[i]) * 0x100000001b3u;
    return hash;
}

uint64_t fingerprint_doubles (uint64_t hash, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy (&bits, &values[i], sizeof bits);
        unsigned char bytes[8];
        for (int b = 0; b < 8; b++)
            bytes[b] = (unsigned char)(bits >> (8 * b));
        hash = fingerprint_bytes (hash, bytes, sizeof bytes);
    }
    return hash;
}
