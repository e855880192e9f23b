/* owners.c - a ring of the newest runs and who got them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "owners.h"

#include <string.h>

static int index_of (const struct owners *self, const char *user, const char *request_id)
{
    for (int i = 0; i < self->count; i++)
        if (memcmp (self->items[i].request_id, request_id, REQUEST_ID_BYTES) == 0 &&
            strcmp (self->items[i].user, user) == 0)
            return i;
    return -1;
}

const char *owners_find (const struct owners *self, const char *user, const char *request_id)
{
    int index = index_of (self, user, request_id);
    return index < 0 ? NULL : self->items[index].worker;
}

void owners_remember (struct owners *self, const char *user, const char *request_id,
                      const char *worker)
{
    int index = index_of (self, user, request_id);
    if (index < 0) {
        index = self->next;
        self->next = (self->next + 1) % LIMIT_OWNERS;
        if (self->count < LIMIT_OWNERS)
            self->count++;
    }
    struct owner *item = &self->items[index];
    *item = (struct owner){ 0 };
    strncpy (item->user, user, sizeof item->user - 1);
    strncpy (item->request_id, request_id, sizeof item->request_id - 1);
    strncpy (item->worker, worker, sizeof item->worker - 1);
}
