/* verdict.h - what an answer means for a notice, and how long to wait before the next try.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_VERDICT_H
#define EMS_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

enum verdict {
    VERDICT_DELIVERED,
    VERDICT_AGAIN,
    VERDICT_NEVER /* it would be refused again and again */
};

/* A complete HTTP answer. */
enum verdict verdict_of_http (long code);
/* What a mail server said last; 0: nothing. */
enum verdict verdict_of_smtp (long code);
/* How a command ended; `code` counts when no signal ended it. */
enum verdict verdict_of_exit (bool signalled, int code);

#define BACKOFF_FIRST_MS 1000LL
#define BACKOFF_MOST_MS  3600000LL

/* After so many failures in a row (from 1): twice as long each time, of which up to a half is left
 * off by chance, so that many do not come at once. */
int64_t backoff_ms (unsigned failures, uint32_t random);

/* "sha256=" and the MAC in hex. */
#define MAC_BYTES       32
#define SIGNATURE_BYTES (7 + 2 * MAC_BYTES + 1)
void signature_text (const uint8_t mac[MAC_BYTES], char out[SIGNATURE_BYTES]);

#endif
