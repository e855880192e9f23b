/* deed.c - who did what, for the audit log.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "broker_private.h"

#define SOME_PER_SECOND 5

static void copy (char *out, size_t bytes, const char *text)
{
    out[0] = '\0';
    if (text)
        strncat (out, text, bytes - 1);
}

void broker_asker (struct asker *out, const struct broker_peer *peer)
{
    *out = (struct asker){ 0 };
    if (!peer)
        return;
    copy (out->user, sizeof out->user, peer->user);
    copy (out->key, sizeof out->key, peer->fingerprint);
    out->limited = peer->requests_per_second > 0;
    out->max_queued = peer->max_queued;
}

void broker_note (struct broker *self, const struct asker *asker, const char *request_id,
                  const char *worker, const char *job, int status)
{
    if (!asker->changes)
        return;
    const struct broker_deed deed = { .user = asker->user,
                                      .key = asker->key,
                                      .verb = asker->verb,
                                      .worker = worker ? worker : "",
                                      .job = job ? job : asker->job,
                                      .request = request_id,
                                      .status = status };
    self->sink.audit (self->sink.arg, &deed);
}

void broker_note_some (struct broker *self, const struct asker *asker, const char *source,
                       const char *worker, int status)
{
    if (asker->changes &&
        budget_take (&self->deeds, source, SOME_PER_SECOND, self->now_ms).retry_after_ms == 0)
        broker_note (self, asker, "", worker, NULL, status);
}
