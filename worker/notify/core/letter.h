/* letter.h - a notice as a mail (RFC 5322) that a person likes to read.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LETTER_H
#define EMS_LETTER_H

#include <stddef.h>

#include "notice.h"
#include "target.h"

/* "EMS: completed: lab 1a2b3c4d5e6f on bench-1" */
#define SUBJECT_BYTES 256
void letter_subject (const struct notice *notice, const struct record *record,
                     char out[SUBJECT_BYTES]);

/* Headers and text, with CRLF at each end of a line, at now_ms (free ()). NULL with *err. What
 * comes from outside is in the text alone, and there it is encoded: it cannot make a header. */
char *letter_write (const struct target *target, const struct notice *notice,
                    const struct record *record, int64_t now_ms, struct err *err);

#endif
