/* logtimes.c - when the bytes of a piece of log came.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "logtimes.h"

static int64_t number (const struct value *entry, size_t index)
{
    const struct value *item = value_at (entry, index);
    return value_type (entry) == VALUE_LIST && value_type (item) == VALUE_INT ? value_int (item)
                                                                              : -1;
}

int64_t logtimes_of (const struct value *times, int64_t offset, int64_t *until)
{
    size_t low = 0;
    size_t high = value_type (times) == VALUE_LIST ? value_count (times) : 0;
    size_t count = high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number (value_at (times, middle), 0) <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    int64_t next = low < count ? number (value_at (times, low), 0) : INT64_MAX;
    int64_t time_ms = low > 0 ? number (value_at (times, low - 1), 1) : 0;
    *until = next > offset ? next : INT64_MAX;
    return time_ms > 0 ? time_ms : 0;
}
