/* follow.c - the decisions of a monitor.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "follow.h"

#include <string.h>

void follow_init (struct follow *self, int64_t position, bool with_log, bool over, int64_t now_ms)
{
    memset (self, 0, sizeof *self);
    self->position = position;
    self->with_log = with_log;
    self->over = over;
    self->eof = !with_log;
    self->instead_at_ms = now_ms + FOLLOW_APART_MS;
    self->quiet_ms = FOLLOW_QUIET_FIRST_MS;
}

static void heard (struct follow *self, int64_t now_ms)
{
    self->check_at_ms = now_ms + self->quiet_ms;
}

/* Events may be missing: be quick to ask. */
static void distrust (struct follow *self, int64_t now_ms)
{
    self->quiet_ms = FOLLOW_QUIET_FIRST_MS;
    heard (self, now_ms);
}

static void fetch (struct follow *self, enum follow_fetch what, int64_t target)
{
    if (!self->with_log)
        return;
    self->fetch = what;
    self->target = target;
}

static int64_t smaller (int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct follow_step ask_logs (struct follow *self)
{
    struct follow_step step = { .want = FOLLOW_ASK_LOGS,
                                .offset = self->position,
                                .max_bytes = FOLLOW_CHUNK_BYTES,
                                .until_ms = INT64_MAX };
    /* What comes after the target waits in the socket; do not fetch it twice. */
    if (!self->over && self->fetch == FETCH_TO_TARGET)
        step.max_bytes = smaller (step.max_bytes, self->target - self->position);
    self->asking_logs = true;
    return step;
}

static struct follow_step ask_sync (struct follow *self, int64_t now_ms)
{
    int64_t pause_ms = FOLLOW_SYNC_MOST_MS;
    if (self->sync_tries < FOLLOW_SYNC_PATIENCE)
        pause_ms = smaller (pause_ms, FOLLOW_SYNC_FIRST_MS << self->sync_tries);
    self->sync_tries++;
    self->sync_at_ms = now_ms + pause_ms;
    self->asking_sync = true;
    if (self->sync_tries > FOLLOW_SYNC_PATIENCE) {
        self->want_status = true;
        fetch (self, FETCH_TO_SIZE, 0);
    }
    return (struct follow_step){ .want = FOLLOW_ASK_SYNC, .until_ms = INT64_MAX };
}

/* Times that have come make wishes. */
static void look_at_clock (struct follow *self, int64_t now_ms)
{
    if (self->fetch == FETCH_TO_TARGET && self->position >= self->target)
        self->fetch = FETCH_NOTHING;
    if (self->synced && now_ms >= self->check_at_ms) {
        self->want_status = true;
        self->quiet_ms = smaller (2 * self->quiet_ms, FOLLOW_QUIET_MS);
        heard (self, now_ms);
    }
    if (!self->link && now_ms >= self->instead_at_ms) {
        self->want_status = true;
        fetch (self, FETCH_TO_SIZE, 0);
        self->instead_at_ms = now_ms + FOLLOW_INSTEAD_MS;
    }
}

static struct follow_step wait_for (const struct follow *self, int64_t now_ms)
{
    struct follow_step step = { .want = FOLLOW_WAIT, .until_ms = INT64_MAX };
    step.read = self->link && (self->fetch == FETCH_NOTHING || !self->synced);
    if (!self->link)
        step.until_ms = self->instead_at_ms;
    else if (self->synced)
        step.until_ms = self->check_at_ms;
    else if (!self->asking_sync)
        step.until_ms = self->sync_at_ms;
    if (self->fetch != FETCH_NOTHING && !self->asking_logs && self->logs_at_ms > now_ms)
        step.until_ms = smaller (step.until_ms, self->logs_at_ms);
    return step;
}

/* The job has ended: only the rest of its log counts. */
static struct follow_step finish (struct follow *self, int64_t now_ms)
{
    struct follow_step step = { .want = FOLLOW_WAIT, .until_ms = INT64_MAX };
    if (self->eof)
        step.want = FOLLOW_DONE;
    else if (!self->asking_logs && now_ms >= self->logs_at_ms)
        step = ask_logs (self);
    else if (!self->asking_logs)
        step.until_ms = self->logs_at_ms;
    return step;
}

struct follow_step follow_next (struct follow *self, int64_t now_ms)
{
    if (self->over)
        return finish (self, now_ms);
    look_at_clock (self, now_ms);
    if (self->want_status && !self->asking_status) {
        self->want_status = false;
        self->asking_status = true;
        return (struct follow_step){ .want = FOLLOW_ASK_STATUS };
    }
    if (self->link && !self->synced && !self->asking_sync && now_ms >= self->sync_at_ms)
        return ask_sync (self, now_ms);
    if (self->fetch != FETCH_NOTHING && !self->asking_logs && now_ms >= self->logs_at_ms)
        return ask_logs (self);
    return wait_for (self, now_ms);
}

void follow_link (struct follow *self, bool up, int64_t now_ms)
{
    self->link = up;
    self->instead_at_ms = now_ms + FOLLOW_APART_MS;
    self->synced = false;
    self->sync_tries = 0;
    self->sync_at_ms = now_ms;
    if (up)
        self->epoch++;
}

void follow_sync_event (struct follow *self, uint32_t epoch, int64_t now_ms)
{
    if (self->synced || epoch != self->epoch)
        return;
    self->synced = true;
    self->want_status = true;
    fetch (self, FETCH_TO_SIZE, 0);
    distrust (self, now_ms);
}

enum follow_verdict follow_event (struct follow *self, int64_t offset, size_t bytes, bool eof,
                                  int64_t now_ms, struct follow_span *span)
{
    *span = (struct follow_span){ 0, 0 };
    heard (self, now_ms);
    if (!self->with_log)
        return FOLLOW_DROP;
    int64_t end = offset + (int64_t)bytes;
    if (offset > self->position) {
        if (!self->synced)
            return FOLLOW_DROP; /* what comes before it is fetched after the synchronisation */
        fetch (self, FETCH_TO_TARGET, offset);
        distrust (self, now_ms);
        return FOLLOW_HOLD;
    }
    if (eof && end >= self->position) {
        self->eof = true;
        self->check_at_ms = now_ms + FOLLOW_LAST_STATUS_MS;
    }
    if (end <= self->position)
        return eof ? FOLLOW_TAKE : FOLLOW_DROP;
    span->skip = (size_t)(self->position - offset);
    span->bytes = bytes - span->skip;
    self->position = end;
    return FOLLOW_TAKE;
}

void follow_status_event (struct follow *self, bool over, int64_t now_ms)
{
    heard (self, now_ms);
    if (over)
        self->over = true;
}

void follow_worker_event (struct follow *self)
{
    self->want_status = true;
}

void follow_sync_reply (struct follow *self)
{
    self->asking_sync = false;
}

void follow_status_reply (struct follow *self, bool over, int64_t log_bytes, int64_t now_ms)
{
    self->asking_status = false;
    heard (self, now_ms);
    if (over)
        self->over = true;
    else if (log_bytes > self->position && self->fetch == FETCH_NOTHING)
        fetch (self, FETCH_TO_TARGET, log_bytes);
}

void follow_logs_reply (struct follow *self, int64_t offset, size_t bytes, int64_t size, bool eof,
                        int64_t now_ms, struct follow_span *span)
{
    *span = (struct follow_span){ 0, 0 };
    self->asking_logs = false;
    heard (self, now_ms);
    int64_t end = offset + (int64_t)bytes;
    if (offset <= self->position && end > self->position) {
        span->skip = (size_t)(self->position - offset);
        span->bytes = bytes - span->skip;
        self->position = end;
    }
    if (span->bytes == 0)
        self->logs_at_ms = now_ms + FOLLOW_EMPTY_MS;
    if (eof && end >= self->position)
        self->eof = true;
    if (self->position >= size || self->eof ||
        (self->fetch == FETCH_TO_TARGET && self->position >= self->target))
        self->fetch = FETCH_NOTHING;
}

void follow_logs_refused (struct follow *self)
{
    self->asking_logs = false;
    self->fetch = FETCH_NOTHING;
    self->want_status = true;
    if (self->over)
        self->eof = true;
}
