/* publish.h - the worker's events: log pieces, records, sync marks.
 *
 * The order in which they are given is the order in which they are sent. When the broker does not
 * take them fast enough, a log piece is refused for now (the log waits on the disk) and small
 * events wait here, a bounded number of them. When it takes nothing for a while, events are
 * dropped: they are hints, and a job never waits for a monitor.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PUBLISH_H
#define EMS_PUBLISH_H

#include <zmq.h>

#include "cert.h"
#include "lines.h"
#include "reactor.h"
#include "record.h"

struct publish;

/* Where to; all of it outlives the publisher. */
struct publish_way {
    void *context;
    const char *endpoint;
    const struct cert *cert; /* for TCP; NULL: none */
    const char *server_key;
};

/* Connects to the broker's endpoint. `worker` is copied. */
struct publish *publish_new (struct reactor *reactor, const struct publish_way *way,
                             const char *worker, struct err *err);
/* Connect once more: a broker that refused a key is not asked again by itself. Over TCP only. */
void publish_renew (struct publish *self);
void publish_destroy (struct publish **self_p);

/* A piece of the log of a job, which came then (0: now); takes the payload. 1: on its way (or
 * dropped for good); 0: not now, try again in PUBLISH_RETRY_MS. */
#define PUBLISH_RETRY_MS 2
int publish_log (struct publish *self, const char *job_id, const struct lines_cut *cut,
                 int64_t time_ms, zmq_msg_t *payload);

void publish_status (struct publish *self, const struct record *record);
void publish_sync (struct publish *self, const char *nonce);

#endif
