/* pslist.h - what `ems ps` shows, and in which order: the line with its end first, so that who
 * starts next stands above what runs, then what runs, then what is over, newest first.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PSLIST_H
#define EMS_PSLIST_H

#include "value.h"

/* From the jobs that are not over and the newest of all, each list newest first, at most `most`:
 * what runs before the line from its head, before what is over. *cut: so many more wait. A new list
 * of copies, or NULL: no memory. */
struct value *pslist_merge (const struct value *active, const struct value *recent, int64_t most,
                            size_t *cut);

#endif
