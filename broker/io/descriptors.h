/* descriptors.h - how many files may be open, and a few of them kept back.
 *
 * Whoever can reach a TCP port can take descriptors, if only for the time of a handshake. When all
 * are taken an admin must still be able to remove a key, and what is done must still be noted: so
 * the last ones can be had only in between descriptors_give and descriptors_keep, which belong
 * around whatever opens a file.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_DESCRIPTORS_H
#define EMS_DESCRIPTORS_H

/* As many as the system grants, less those that are kept back. */
void descriptors_keep (void);
/* Those too. */
void descriptors_give (void);

/* How many connections one user may have at most. */
int descriptors_of_user (void);

#endif
