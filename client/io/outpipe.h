/* outpipe.h - stdout, written as far as it takes something, without ever waiting for it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_OUTPIPE_H
#define EMS_OUTPIPE_H

#include <stddef.h>

struct outpipe {
    int fd;              /* stdout, or the same for ourselves; poll it for writing */
    size_t piece;        /* most that is written at once */
    const char *pending; /* still to be written; not owned */
    size_t pending_bytes;
};

void outpipe_open (struct outpipe *self);
void outpipe_close (struct outpipe *self);
/* Write what is pending, as far as there is room: when it was polled writable. 0, or the errno of a
 * failure. */
int outpipe_write (struct outpipe *self);

#endif
