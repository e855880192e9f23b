/* piece.h - a piece of a file, as `logs` and `file` answer it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PIECE_H
#define EMS_PIECE_H

#include <stdint.h>
#include <sys/types.h>
#include "err.h"
#include "value.h"

struct piece {
    int64_t offset;
    int64_t max_bytes;
};

/* `offset` and `max_bytes` of a request, or what holds without. 1: it has an offset, 0: it has
 * none, -1 with *err. */
int piece_read (const struct value *body, struct piece *out, struct err *err);
/* The bytes of a file that is `size` long, at least to the offset. NULL with *err. */
struct value *piece_data (int fd, const struct piece *piece, int64_t size, struct err *err);
/* pread, through interruptions. */
ssize_t piece_pread (int fd, void *out, size_t bytes, int64_t offset);

#endif
