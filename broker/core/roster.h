/* roster.h - the known workers: all that this broker or one before it ever registered.
 *
 * What nobody of those who are connected knows may be known to one who is not. So nothing is called
 * unknown, and a run that was sent before is placed nowhere, unless all of the roster were asked.
 *
 * The roster is the one thing that is kept over a restart of the broker, as text: a name a line.
 * Losing it loses no job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ROSTER_H
#define EMS_ROSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "ids.h"
#include "limits.h"

/* How people are told where it is. */
#define ROSTER_FILE "broker/workers in the broker's state folder"
/* The longest text: in each line a newline takes the place of the name's NUL. */
#define ROSTER_TEXT_BYTES (LIMIT_WORKERS * NAME_BYTES)

struct roster {
    char names[LIMIT_WORKERS][NAME_BYTES];
    int count;
};

bool roster_has (const struct roster *self, const char *name);
/* Add a valid name that it does not have. -1 with *err: it is full. */
int roster_add (struct roster *self, const char *name, struct err *err);
/* Take back what was added last. */
void roster_drop_last (struct roster *self);

/* Its text, without a NUL; how many bytes. */
size_t roster_print (const struct roster *self, char out[ROSTER_TEXT_BYTES]);
/* Read a text, which people may have edited: empty lines, and names that are there twice, do not
 * count. 0, or -1 with *err (400), which names the line. */
int roster_read (struct roster *self, const char *text, size_t bytes, struct err *err);

#endif
