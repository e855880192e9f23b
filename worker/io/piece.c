/* piece.c - a piece of a file.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "piece.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "limits.h"

#define DEFAULT_BYTES (256 * 1024)

int piece_read (const struct value *body, struct piece *out, struct err *err)
{
    *out = (struct piece){ .max_bytes = DEFAULT_BYTES };
    int offset = value_read_int (body, "offset", 0, INT64_MAX, &out->offset, err);
    if (offset < 0 ||
        value_read_int (body, "max_bytes", 1, LIMIT_LOG_CHUNK_BYTES, &out->max_bytes, err) < 0)
        return -1;
    return offset;
}

ssize_t piece_pread (int fd, void *out, size_t bytes, int64_t offset)
{
    ssize_t n;
    do
        n = pread (fd, out, bytes, offset);
    while (n < 0 && errno == EINTR);
    return n;
}

struct value *piece_data (int fd, const struct piece *piece, int64_t size, struct err *err)
{
    int64_t left = size - piece->offset;
    size_t bytes = (size_t)(left < piece->max_bytes ? left : piece->max_bytes);
    struct value *data = value_new_bytes (NULL, bytes);
    if (!data) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    if (bytes == 0)
        return data;
    ssize_t n = piece_pread (fd, value_bytes_mutable (data), bytes, piece->offset);
    if (n < 0) {
        err_set (err, STATUS_FAILED, "%s", strerror (errno));
        value_destroy (&data);
        return NULL;
    }
    value_bytes_truncate (data, (size_t)n);
    return data;
}
