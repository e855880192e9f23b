/* orchestrator/fingerprint.h - FNV-1a, 64 bits (Fowler, Noll, Vo): tells at a glance whether
 * two runs used the same inputs. Not a cryptographic hash.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_FINGERPRINT_H
#define LAB_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

#define FINGERPRINT_START 0xcbf29ce484222325u

uint64_t fingerprint_bytes (uint64_t hash, const void *bytes, size_t size);

/* Numbers as their IEEE 754 bits, lowest byte first, whatever the machine's order is. */
uint64_t fingerprint_doubles (uint64_t hash, const double *values, size_t count);

#endif
