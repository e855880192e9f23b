/* audit.h - a line for each change that somebody made, or was not permitted to make, in
 * broker/audit.log of the state folder.
 *
 *     2026-02-13T14:30:00.000Z user=alice key=Yne@$w-v verb=cancel worker=bench-1 job=abc123def456
 *     request=0123456789abcdef0123456789abcdef status=200
 *
 * (one line). "-" stands for what is not known or does not apply. Lines are appended whole and not
 * forced to the disk. At 16 MiB the file becomes audit.log.1, and so on up to audit.log.4. What
 * cannot be written is lost, and said: the audit log stops no work. When it can be written again, a
 * line `TIME lost=COUNT` stands for those that are missing. A file that was removed is made anew.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_AUDIT_H
#define EMS_AUDIT_H

#include "broker.h"

#define AUDIT_FILES 4 /* old ones */

struct audit_options {
    int statefd;                                /* the state folder; stays the caller's */
    int64_t most_bytes;                         /* of one file; 0: 16 MiB */
    void (*complain) (void *arg, const char *); /* a line for the operator */
    void *arg;
};

struct audit;

/* NULL with *err: memory. */
struct audit *audit_new (const struct audit_options *options, struct err *err);
void audit_destroy (struct audit **self_p);

/* Open the file anew with the next line: somebody may have given it another name. */
void audit_reopen (struct audit *self);

/* Now, on either clock. */
void audit_note (struct audit *self, const struct broker_time *now, const struct broker_deed *deed);

#endif
