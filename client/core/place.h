/* place.h - where the broker is: from options and environment to two endpoints.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PLACE_H
#define EMS_PLACE_H

#include "err.h"
#include "limits.h"

#define ENDPOINT_BYTES (LIMIT_PATH_BYTES + 32)

/* What the user and the environment say; each may be NULL, and empty counts as NULL. */
struct place_hints {
    const char *endpoint; /* -e */
    const char *events;   /* --events */
    const char *state;    /* --state */
    const char *env_endpoint;
    const char *env_events;
    const char *env_state;
    const char *xdg_state_home;
    const char *home;
};

struct place {
    char clients[ENDPOINT_BYTES];
    char events[ENDPOINT_BYTES];  /* "": not known, nothing can be followed */
    char state[LIMIT_PATH_BYTES]; /* the state folder; "": no way to tell */
};

/* The first that is given of: -e, EMS_ENDPOINT, the state folder (--state, EMS_STATE,
 * $XDG_STATE_HOME/ems, ~/.local/state/ems) with its sockets below sock/. Events: --events,
 * EMS_EVENTS, else the sibling `events` of an ipc endpoint that ends in /clients, or the same host
 * of a tcp endpoint at its port + 3. `cwd` (absolute) makes a relative state folder absolute. -1
 * with *err (400). */
int place_find (const struct place_hints *hints, const char *cwd, struct place *out,
                struct err *err);

#endif
