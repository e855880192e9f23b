/* origin.c - a look at the map and the topic of an event.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "origin.h"

#include <string.h>

#include "limits.h"
#include "wire.h"

#define OF_WORKERS "worker/"

static bool is_granted (const struct broker_peer *peer, const char *name)
{
    for (const char *const *granted = peer->workers; *granted; granted++)
        if (strcmp (*granted, name) == 0)
            return true;
    return false;
}

/* Either about something else than a worker, or worker/<name>/. */
static bool topic_fits (struct bytes topic, const char *name)
{
    size_t prefix = strlen (OF_WORKERS);
    size_t bytes = strlen (name);
    const char *text = topic.data;
    if (topic.size < prefix || memcmp (text, OF_WORKERS, prefix) != 0)
        return true;
    return topic.size == prefix + bytes + 1 && memcmp (text + prefix, name, bytes) == 0 &&
           text[prefix + bytes] == '/';
}

bool origin_good (const struct broker_peer *peer, struct bytes topic, struct bytes map)
{
    if (!peer->workers)
        return true;
    /* The whole of it: a reader may take another one of two keys than we do. */
    struct value *event = wire_decode (map.data, map.size, LIMIT_FRAME_BYTES, NULL);
    const char *name = value_string (value_get (event, "worker"));
    bool good = name && is_granted (peer, name) && topic_fits (topic, name);
    value_destroy (&event);
    return good;
}
