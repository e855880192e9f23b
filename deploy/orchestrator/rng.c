/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/rng.h"

#include <string.h>

#include "orchestrator/fingerprint.h"

uint64_t rng_splitmix64 (uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void rng_init (struct rng *self, uint64_t seed, const char *stream)
{
    uint64_t mixed = seed ^ fingerprint_bytes (FINGERPRINT_START, stream, strlen (stream));
    for (int i = 0; i < 4; i++)
        self->state[i] = rng_splitmix64 (&mixed);
}

static uint64_t rotate_left (uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

uint64_t rng_next (struct rng *self)
{
    uint64_t *s = self->state;
    uint64_t result = rotate_left (s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left (s[3], 45);
    return result;
}

double rng_uniform (struct rng *self, double low, double high)
{
    double unit = (double)(rng_next (self) >> 11) * 0x1p-53;
    return low + unit * (high - low);
}
