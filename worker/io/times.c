/* times.c - looking up when bytes came.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "times.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "limits.h"
#include "logname.h"
#include "piece.h"

#define NEAR 8   /* entries looked at before it is searched anew */
#define MANY 512 /* read at once; what is unreadable hides nothing that is nearer than that */

/* One that makes sense, and which of all it is. */
struct found {
    struct jobtimes_entry entry;
    int64_t index;
};

void times_open (struct times *self, int statefd, const char *job_id, bool create)
{
    char name[LOGNAME_BYTES];
    int flags = O_RDONLY | O_NONBLOCK | (create ? O_CREAT : 0);
    logname_times (job_id, name);
    self->fd = beneath_open_in (statefd, "logs", name, flags, 0640);
    self->index = -1;
}

void times_close (struct times *self)
{
    if (self->fd >= 0)
        close (self->fd);
    self->fd = -1;
}

/* The bytes of at most MANY entries; how many there are. */
static size_t read_block (const struct times *self, int64_t index, size_t most, unsigned char *out)
{
    const int64_t room = JOBTIMES_ENTRIES_MOST - index;
    if (self->fd < 0 || room <= 0)
        return 0;
    if ((int64_t)most > room)
        most = (size_t)room;
    ssize_t n =
        piece_pread (self->fd, out, most * JOBTIMES_ENTRY_BYTES, index * JOBTIMES_ENTRY_BYTES);
    return n > 0 ? (size_t)n / JOBTIMES_ENTRY_BYTES : 0;
}

/* Among `count` entries, the first `most` good ones as far as they follow each other. *whole: all
 * of these were good. */
static size_t take_good (const unsigned char *bytes, size_t count, int64_t index, size_t most,
                         struct found *out, bool *whole)
{
    size_t good = 0;
    *whole = true;
    for (size_t i = 0; i < count && good < most; i++) {
        struct jobtimes_entry *entry = &out[good].entry;
        if (jobtimes_decode (bytes + i * JOBTIMES_ENTRY_BYTES, entry) < 0) {
            *whole = false;
            continue;
        }
        if (good > 0 && entry->offset < out[good - 1].entry.offset)
            break;
        out[good++].index = index + (int64_t)i;
    }
    return good;
}

/* As many good ones as follow each other from `index` on. */
static size_t read_entries (const struct times *self, int64_t index, struct found *out, size_t most)
{
    unsigned char bytes[MANY * JOBTIMES_ENTRY_BYTES];
    bool whole;
    size_t good =
        take_good (bytes, read_block (self, index, most, bytes), index, most, out, &whole);
    if (whole)
        return good;
    return take_good (bytes, read_block (self, index, MANY, bytes), index, most, out, &whole);
}

/* The last entry that is at `offset` or before, by halves; -1: there is none. */
static int64_t search (const struct times *self, int64_t offset)
{
    struct stat st;
    int64_t low = 0;
    int64_t high =
        self->fd >= 0 && fstat (self->fd, &st) == 0 ? st.st_size / JOBTIMES_ENTRY_BYTES : 0;
    if (high > JOBTIMES_ENTRIES_MOST)
        high = JOBTIMES_ENTRIES_MOST;
    while (low < high) {
        struct found found;
        int64_t middle = low + (high - low) / 2;
        if (read_entries (self, middle, &found, 1) == 1 && found.entry.offset <= offset)
            low = found.index + 1;
        else
            high = middle;
    }
    return low - 1;
}

/* Of those that begin at or before `offset`, as the first does, the last. */
static size_t last_before (const struct found *found, size_t count, int64_t offset)
{
    size_t at = 0;
    while (at + 1 < count && found[at + 1].entry.offset <= offset)
        at++;
    return at;
}

int64_t times_of (struct times *self, int64_t offset, int64_t *until)
{
    struct found near[NEAR];
    size_t count = self->index < 0 ? 0 : read_entries (self, self->index, near, NEAR);
    if (count == 0 || near[0].entry.offset > offset ||
        (count == NEAR && near[NEAR - 1].entry.offset <= offset)) {
        int64_t found = search (self, offset);
        self->index = found;
        count = read_entries (self, found < 0 ? 0 : found, near, NEAR);
    }
    *until = INT64_MAX;
    if (count == 0)
        return 0;
    if (near[0].entry.offset > offset) { /* nothing is known of what was before */
        *until = near[0].entry.offset;
        return 0;
    }
    size_t at = last_before (near, count, offset);
    self->index = near[at].index;
    if (at + 1 < count)
        *until = near[at + 1].entry.offset;
    return near[at].entry.time_ms;
}

int times_since (const struct times *self, int64_t time_ms, int64_t *offset)
{
    unsigned char bytes[MANY * JOBTIMES_ENTRY_BYTES];
    int64_t index = 0;
    size_t count;
    int known = -1;
    /* The clock may have been set back: the first one counts, wherever it is. */
    while ((count = read_block (self, index, MANY, bytes)) > 0) {
        for (size_t i = 0; i < count; i++) {
            struct jobtimes_entry entry;
            if (jobtimes_decode (bytes + i * JOBTIMES_ENTRY_BYTES, &entry) < 0)
                continue;
            known = 0;
            if (entry.time_ms >= time_ms) {
                *offset = entry.offset;
                return 1;
            }
        }
        index += (int64_t)count;
    }
    return known;
}

static struct value *pair (const struct jobtimes_entry *entry)
{
    struct value *list = value_new_list ();
    if (list && (value_append (list, value_new_int (entry->offset)) < 0 ||
                 value_append (list, value_new_int (entry->time_ms)) < 0))
        value_destroy (&list);
    return list;
}

struct value *times_list (struct times *self, int64_t offset, int64_t *end)
{
    struct value *list = value_new_list ();
    for (int64_t at = offset; list && at < *end;) {
        int64_t until;
        const struct jobtimes_entry entry = { at, times_of (self, at, &until) };
        if (value_count (list) == LIMIT_TIMES)
            *end = at;
        else if (entry.time_ms > 0 && value_append (list, pair (&entry)) < 0)
            value_destroy (&list);
        /* Only of the beginning nothing can be known, unless the file is broken. */
        at = entry.time_ms > 0 || at == offset ? until : *end;
    }
    return list;
}
