/* line.c - one target's turn after the other.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "say.h"

void line_init (struct line *self, const struct folders *folders, const struct target *target,
                CURLM *multi)
{
    *self = (struct line){ .folders = folders, .target = target, .multi = multi, .stale = true };
}

void line_clear (struct line *self)
{
    delivery_destroy (&self->delivery);
    listing_clear (&self->listing);
}

bool line_idle (const struct line *self)
{
    return !self->delivery && !self->stale && self->listing.count == 0;
}

static void wait_a_while (struct line *self, int64_t now_ms, int64_t least_ms)
{
    uint32_t random = 0;
    struct err ignored;
    (void)entropy_fill (&random, sizeof random, &ignored);
    self->failures++;
    int64_t wait_ms = backoff_ms (self->failures, random);
    self->due_ms = now_ms + (wait_ms > least_ms ? wait_ms : least_ms);
}

/* Nothing was learnt about the target: the disk, or memory, is in the way. */
static void trouble (struct line *self, int64_t now_ms, const struct err *err)
{
    notify_say ("%s: %s", self->target->name, err->text);
    wait_a_while (self, now_ms, 0);
}

static void give_up (struct line *self, int64_t now_ms, const char *reason)
{
    struct err err = { 0 };
    if (folders_give_up (self->folders, self->target->name, self->name, reason, &err) < 0)
        trouble (self, now_ms, &err);
}

static void conclude (struct line *self, const struct outcome *outcome, int64_t now_ms)
{
    struct err err = { 0 };
    char reason[ERR_TEXT_BYTES + 64];
    const char *name = self->target->name;
    delivery_destroy (&self->delivery);
    if (outcome->verdict == VERDICT_DELIVERED) {
        self->failures = 0;
        if (folders_delivered (self->folders, name, self->name, &err) < 0)
            trouble (self, now_ms, &err);
        return;
    }
    if (outcome->verdict == VERDICT_NEVER) {
        self->failures = 0; /* it was reached */
        give_up (self, now_ms, outcome->reason);
        return;
    }
    wait_a_while (self, now_ms, outcome->wait_ms);
    if (clock_wall_ms () - self->notice.at_ms >= self->target->give_up_ms) {
        snprintf (reason, sizeof reason, "not delivered in time; the last time: %s",
                  outcome->reason);
        give_up (self, now_ms, reason);
        return;
    }
    if (self->failures == 1)
        notify_say ("%s was not told of %s: %s; trying again", name, self->name, outcome->reason);
}

static void look_again (struct line *self, int64_t now_ms)
{
    struct err err = { 0 };
    self->next = 0;
    self->stale = false;
    if (folders_list (self->folders, self->target->name, &self->listing, &err) == 0)
        return;
    self->stale = true;
    trouble (self, now_ms, &err);
}

static void begin (struct line *self, int64_t now_ms)
{
    struct err err = { 0 };
    size_t bytes = 0;
    memcpy (self->name, self->listing.names[self->next++], sizeof self->name);
    notice_file_parse (self->name, &self->notice); /* or it would not be in the list */
    char *text = folders_read (self->folders, self->target->name, self->name, &bytes, &err);
    if (!text) {
        if (err.code == STATUS_TOO_LARGE)
            give_up (self, now_ms, err.text);
        else if (err.code != STATUS_UNKNOWN)
            trouble (self, now_ms, &err);
        return;
    }
    self->delivery = delivery_new (self->target, &self->notice, text, bytes, self->multi, &err);
    free (text);
    if (self->delivery)
        return;
    bool broken = err.code == STATUS_BAD_REQUEST || err.code == STATUS_TOO_LARGE;
    struct outcome outcome = { .verdict = broken ? VERDICT_NEVER : VERDICT_AGAIN };
    memcpy (outcome.reason, err.text, sizeof outcome.reason);
    conclude (self, &outcome, now_ms);
}

static void less (int64_t *wake_ms, int64_t at_ms)
{
    if (at_ms < *wake_ms)
        *wake_ms = at_ms;
}

void line_turn (struct line *self, int64_t now_ms, bool may_begin, int64_t *wake_ms)
{
    struct outcome outcome;
    int64_t next_ms = INT64_MAX;
    if (self->delivery && delivery_look (self->delivery, &outcome, &next_ms))
        conclude (self, &outcome, now_ms);
    while (may_begin && !self->delivery && now_ms >= self->due_ms) {
        bool done = self->next == self->listing.count;
        if (done && !self->stale && self->listing.count == 0)
            return;
        if (done)
            look_again (self, now_ms);
        else
            begin (self, now_ms);
    }
    if (self->delivery && delivery_look (self->delivery, &outcome, &next_ms)) {
        conclude (self, &outcome, now_ms); /* over already */
        less (wake_ms, now_ms);
    }
    less (wake_ms, next_ms);
    if (!self->delivery && may_begin)
        less (wake_ms, self->due_ms);
}

void line_transferred (struct line *self, CURLcode code, int64_t now_ms)
{
    struct outcome outcome;
    delivery_transferred (self->delivery, code, &outcome);
    conclude (self, &outcome, now_ms);
}
