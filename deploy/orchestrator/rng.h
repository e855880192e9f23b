/* orchestrator/rng.h - xoshiro256** 1.0, seeded through splitmix64.
 * Both by David Blackman and Sebastiano Vigna, "Scrambled linear pseudorandom number
 * generators", ACM TOMS 47(4), 2021; https://prng.di.unimi.it. Same seed, same numbers,
 * on every machine.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_RNG_H
#define LAB_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state[4];
};

/* The next output of splitmix64; *state moves on. */
uint64_t rng_splitmix64 (uint64_t *state);

/* One stream per experiment: inputs do not depend on which other experiments run. */
void rng_init (struct rng *self, uint64_t seed, const char *stream);

uint64_t rng_next (struct rng *self);

/* Uniform in [low, high), from the upper 53 bits. */
double rng_uniform (struct rng *self, double low, double high);

#endif
