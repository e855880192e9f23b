/* house.h - the folders of a broker and the locks that make them its alone.
 *
 * A second bind would silently take a socket's path away from the first (pitfall 25), so every
 * path is locked before it is bound, and stays locked until the sockets are gone.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_HOUSE_H
#define EMS_HOUSE_H

#include <stdbool.h>
#include "broker_settings.h"

#define HOUSE_LOCKS (1 + PLACES * LIMIT_ENDPOINTS)

struct house {
    int statefd; /* the state folder; -1: not entered */
    int fds[HOUSE_LOCKS];
    int count;
};

/* Open the state folder, make <state>/sock of mode 0700, and lock it and every other path of the
 * settings. 0, or -1 with *err: code 409 if another broker holds one. Leave it in both cases. */
int house_enter (struct house *self, const struct broker_settings *settings, struct err *err);
void house_leave (struct house *self);

#endif
