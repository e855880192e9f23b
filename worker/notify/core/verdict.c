/* verdict.c - answers, waits and signatures.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "verdict.h"

#include <stdio.h>

#define EXIT_TEMPORARY 75 /* EX_TEMPFAIL */
#define DOUBLINGS      12 /* past the most */

enum verdict verdict_of_http (long code)
{
    if (code >= 200 && code < 300)
        return VERDICT_DELIVERED;
    if (code >= 400 && code < 500 && code != 408 && code != 425 && code != 429)
        return VERDICT_NEVER;
    return VERDICT_AGAIN;
}

enum verdict verdict_of_smtp (long code)
{
    /* Refused for want of a login or encryption: our settings, which somebody may mend. */
    if (code == 530 || code == 534 || code == 535 || code == 538)
        return VERDICT_AGAIN;
    return code >= 500 && code < 600 ? VERDICT_NEVER : VERDICT_AGAIN;
}

enum verdict verdict_of_exit (bool signalled, int code)
{
    if (signalled || code == EXIT_TEMPORARY)
        return VERDICT_AGAIN;
    return code == 0 ? VERDICT_DELIVERED : VERDICT_NEVER;
}

int64_t backoff_ms (unsigned failures, uint32_t random)
{
    unsigned doublings = failures > 0 ? failures - 1 : 0;
    int64_t most = BACKOFF_FIRST_MS << (doublings < DOUBLINGS ? doublings : DOUBLINGS);
    if (most > BACKOFF_MOST_MS)
        most = BACKOFF_MOST_MS;
    return most - (int64_t)(random % (uint32_t)(most / 2));
}

void signature_text (const uint8_t mac[MAC_BYTES], char out[SIGNATURE_BYTES])
{
    int used = snprintf (out, SIGNATURE_BYTES, "sha256=");
    for (int i = 0; i < MAC_BYTES; i++)
        snprintf (out + used + 2 * i, 3, "%02x", mac[i]);
}
