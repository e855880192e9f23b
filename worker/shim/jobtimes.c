/* jobtimes.c - when the bytes of the log came.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "jobtimes.h"

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "clock.h"
#include "logname.h"

#define DISTANCE_MS  100
#define TIME_MOST_MS 253402300799999 /* the end of the year 9999 */
#define BACK_MOST    4096            /* entries that may be lost at the end, and not all be */
#define BACK_ONCE    256             /* read at once */

void jobtimes_encode (const struct jobtimes_entry *entry, unsigned char out[JOBTIMES_ENTRY_BYTES])
{
    const uint64_t words[2] = { htole64 ((uint64_t)entry->offset),
                                htole64 ((uint64_t)entry->time_ms) };
    memcpy (out, words, sizeof words);
}

int jobtimes_decode (const unsigned char in[JOBTIMES_ENTRY_BYTES], struct jobtimes_entry *out)
{
    uint64_t words[2];
    memcpy (words, in, sizeof words);
    words[0] = le64toh (words[0]);
    words[1] = le64toh (words[1]);
    if (words[0] > INT64_MAX || words[1] == 0 || words[1] > TIME_MOST_MS)
        return -1;
    *out = (struct jobtimes_entry){ (int64_t)words[0], (int64_t)words[1] };
    return 0;
}

/* How many there are up to the last that is one of this log, as far as that can be told. A loss of
 * power may take the newest ones and leave their length. */
static int64_t count_good (const struct jobtimes *self, int64_t count, int64_t log_bytes)
{
    unsigned char bytes[BACK_ONCE * JOBTIMES_ENTRY_BYTES];
    struct jobtimes_entry entry;
    const int64_t least = count > BACK_MOST ? count - BACK_MOST : 0;
    for (int64_t end = count, from; end > least; end = from) {
        from = end - least > BACK_ONCE ? end - BACK_ONCE : least;
        const size_t size = (size_t)(end - from) * JOBTIMES_ENTRY_BYTES;
        if (pread (self->fd, bytes, size, from * JOBTIMES_ENTRY_BYTES) != (ssize_t)size)
            return 0;
        for (int64_t at = end; at > from; at--)
            if (jobtimes_decode (bytes + (at - 1 - from) * JOBTIMES_ENTRY_BYTES, &entry) == 0 &&
                entry.offset <= log_bytes)
                return at;
    }
    return 0;
}

void jobtimes_open (struct jobtimes *self, int statefd, const char *job_id, int64_t log_bytes)
{
    char name[LOGNAME_BYTES];
    struct stat st;
    *self = (struct jobtimes){ .next_ms = INT64_MIN };
    logname_times (job_id, name);
    self->fd = beneath_open_in (statefd, "logs", name, O_RDWR | O_CREAT | O_NONBLOCK, 0640);
    if (self->fd < 0)
        return;
    if (fstat (self->fd, &st) < 0 || !S_ISREG (st.st_mode)) {
        jobtimes_close (self);
        return;
    }
    const int64_t count = st.st_size / JOBTIMES_ENTRY_BYTES; /* a torn one is written over */
    self->count =
        count_good (self, count < JOBTIMES_ENTRIES_MOST ? count : JOBTIMES_ENTRIES_MOST, log_bytes);
    if (self->count < count && ftruncate (self->fd, self->count * JOBTIMES_ENTRY_BYTES) < 0)
        jobtimes_close (self);
}

void jobtimes_close (struct jobtimes *self)
{
    if (self->fd >= 0)
        close (self->fd);
    self->fd = -1;
}

static int64_t distance_ms (int64_t count)
{
    int64_t steps = count / JOBTIMES_ENTRIES_A_STEP;
    return (int64_t)DISTANCE_MS << (steps < JOBTIMES_STEPS_MOST ? steps : JOBTIMES_STEPS_MOST);
}

void jobtimes_note (struct jobtimes *self, int64_t offset, int64_t now_ms)
{
    unsigned char bytes[JOBTIMES_ENTRY_BYTES];
    if (self->fd < 0 || now_ms < self->next_ms || self->count >= JOBTIMES_ENTRIES_MOST)
        return;
    const struct jobtimes_entry entry = { offset, clock_wall_ms () };
    jobtimes_encode (&entry, bytes);
    if (pwrite (self->fd, bytes, sizeof bytes, self->count * JOBTIMES_ENTRY_BYTES) ==
        (ssize_t)sizeof bytes)
        self->count++;
    self->next_ms = now_ms + distance_ms (self->count);
}
