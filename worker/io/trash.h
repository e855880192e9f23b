/* trash.h - removing trees without holding up the loop.
 *
 * What is thrown away is renamed to .trash-* in one folder, which takes no time however large it
 * is, and the trash is emptied a little in each turn. What an earlier worker left there goes too.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TRASH_H
#define EMS_TRASH_H

#include <stdbool.h>

#include "err.h"
#include "reactor.h"

struct trash;

/* `dirfd` stays the caller's. */
struct trash *trash_new (struct reactor *reactor, int dirfd, struct err *err);
void trash_destroy (struct trash **self_p);

/* Throw away `name` of the folder; absent is fine. It is gone by that name when this returns 0, not
 * durably. */
int trash_throw (struct trash *self, const char *name, struct err *err);

/* The same with what another folder of this file system has. */
int trash_throw_from (struct trash *self, int dirfd, const char *name, struct err *err);

/* Empty some now, the rest later. */
void trash_empty (struct trash *self);

/* From now on nothing is emptied by itself, or it is again. */
void trash_rest (struct trash *self, bool rest);
/* Is there anything left that can be emptied now, as far as is known? */
bool trash_busy (const struct trash *self);

#endif
