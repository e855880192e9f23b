/* place.c - where the broker is.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "place.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS     "/clients"
#define TCP         "tcp://"
#define EVENTS_PORT 3 /* after that of the clients: 5570 and 5573 */
#define PORT_MOST   65535

static const char *given (const char *first, const char *second)
{
    if (first && first[0])
        return first;
    return second && second[0] ? second : NULL;
}

static int put (char *out, size_t out_bytes, struct err *err, const char *a, const char *b,
                const char *c)
{
    int length = snprintf (out, out_bytes, "%s%s%s", a, b, c);
    if (length < 0 || (size_t)length >= out_bytes)
        return err_set (err, STATUS_BAD_REQUEST, "the path of the state folder is too long: %.80s…",
                        out);
    return 0;
}

static int find_state (const struct place_hints *hints, const char *cwd, struct place *out,
                       struct err *err)
{
    const char *state = given (hints->state, hints->env_state);
    const char *xdg = given (hints->xdg_state_home, NULL);
    const char *home = given (hints->home, NULL);
    size_t room = sizeof out->state;
    if (state && state[0] == '/')
        return put (out->state, room, err, state, "", "");
    if (state)
        return put (out->state, room, err, cwd, "/", state);
    if (xdg && xdg[0] == '/')
        return put (out->state, room, err, xdg, "/ems", "");
    if (home)
        return put (out->state, room, err, home, "/.local/state/ems", "");
    out->state[0] = 0;
    return 0;
}

/* The events socket beside an ipc://…/clients; false if the endpoint has another form. */
static bool sibling_events (const char *clients, char *out, size_t out_bytes)
{
    size_t length = strlen (clients);
    size_t tail = strlen (CLIENTS);
    if (strncmp (clients, "ipc://", 6) != 0 || length < tail ||
        strcmp (clients + length - tail, CLIENTS) != 0)
        return false;
    int written = snprintf (out, out_bytes, "%.*s/events", (int)(length - tail), clients);
    return written > 0 && (size_t)written < out_bytes;
}

/* The same host of a tcp://HOST:PORT, some ports on; false if the endpoint has another form. */
static bool further_events (const char *clients, char *out, size_t out_bytes)
{
    const char *colon = strrchr (clients, ':');
    const char *port = colon ? colon + 1 : "";
    size_t digits = strspn (port, "0123456789");
    if (strncmp (clients, TCP, strlen (TCP)) != 0 || digits == 0 || digits > 5 || port[digits])
        return false;
    int number = atoi (port) + EVENTS_PORT;
    int written = snprintf (out, out_bytes, "%.*s:%d", (int)(colon - clients), clients, number);
    return number <= PORT_MOST && written > 0 && (size_t)written < out_bytes;
}

int place_find (const struct place_hints *hints, const char *cwd, struct place *out,
                struct err *err)
{
    memset (out, 0, sizeof *out);
    if (find_state (hints, cwd, out, err) < 0)
        return -1;
    size_t slash = strlen (out->state);
    while (slash > 1 && out->state[slash - 1] == '/')
        out->state[--slash] = 0;
    const char *endpoint = given (hints->endpoint, hints->env_endpoint);
    if (endpoint) {
        if (put (out->clients, sizeof out->clients, err, endpoint, "", "") < 0)
            return -1;
    } else if (out->state[0]) {
        if (put (out->clients, sizeof out->clients, err, "ipc://", out->state, "/sock/clients") < 0)
            return -1;
    } else {
        return err_set (err, STATUS_BAD_REQUEST,
                        "where is the broker? give -e ENDPOINT or --state DIR, or set "
                        "EMS_ENDPOINT, EMS_STATE or HOME");
    }
    const char *events = given (hints->events, hints->env_events);
    if (events)
        return put (out->events, sizeof out->events, err, events, "", "");
    if (!sibling_events (out->clients, out->events, sizeof out->events) &&
        !further_events (out->clients, out->events, sizeof out->events))
        out->events[0] = 0;
    return 0;
}
