/* doors.c - sockets made, bound, and made anew.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "doors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "curve.h"
#include "files.h"

static const enum endpoint_kind kinds[PLACES] = {
    [PLACE_CLIENTS] = ENDPOINT_CLIENTS_ROUTER,
    [PLACE_WORKERS] = ENDPOINT_WORKERS_ROUTER,
    [PLACE_PUBLISH] = ENDPOINT_PUBLISH_XSUB,
    [PLACE_EVENTS] = ENDPOINT_EVENTS_XPUB,
};

void doors_usual (const struct broker_settings *settings, enum place place, char out[USUAL_BYTES])
{
    snprintf (out, USUAL_BYTES, "ipc://%s/sock/%s", settings->state, place_name (place));
}

static int open_ipc (struct doors *self, const struct broker_settings *settings, enum place place,
                     struct err *err)
{
    char usual[USUAL_BYTES];
    doors_usual (settings, place, usual);
    void *socket = endpoint_new (self->context, kinds[place], err);
    self->sockets[place][DOOR_IPC] = socket;
    if (!socket || endpoint_bind (socket, usual, err) < 0)
        return -1;
    for (int i = 0; i < settings->extras[place]; i++)
        if (!endpoint_is_tcp (settings->extra[place][i]) &&
            endpoint_bind (socket, settings->extra[place][i], err) < 0)
            return -1;
    return 0;
}

/* A socket for TCP that is bound nowhere yet. */
static int make_tcp (struct doors *self, enum place place, struct err *err)
{
    void *socket = endpoint_new (self->context, kinds[place], err);
    self->sockets[place][DOOR_TCP] = socket;
    if (!socket || curve_server (socket, &self->cert, place_name (place), err) < 0)
        return -1;
    return place == PLACE_EVENTS ? endpoint_grant_topics (socket, err) : 0;
}

static int open_tcp (struct doors *self, const struct broker_settings *settings, enum place place,
                     struct err *err)
{
    for (int i = 0; i < settings->extras[place]; i++) {
        const char *endpoint = settings->extra[place][i];
        if (!endpoint_is_tcp (endpoint))
            continue;
        if (!self->sockets[place][DOOR_TCP] && make_tcp (self, place, err) < 0)
            return -1;
        void *socket = self->sockets[place][DOOR_TCP];
        if (endpoint_bind (socket, endpoint, err) < 0 ||
            endpoint_bound (socket, self->tcp[place][self->tcp_count[place]], err) < 0)
            return -1;
        self->tcp_count[place]++;
    }
    return 0;
}

int doors_identify (struct doors *self, const struct broker_settings *settings, struct err *err)
{
    if (settings->certificate && secrets_guard (true, err) < 0)
        return -1;
    if (settings->certificate && cert_load (settings->certificate, &self->cert, err) < 0) {
        err->code = STATUS_BAD_REQUEST;
        return -1;
    }
    return 0;
}

int doors_open (struct doors *self, void *context, const struct broker_settings *settings,
                struct err *err)
{
    self->context = context;
    for (int place = PLACES - 1; place >= 0; place--)
        if (open_ipc (self, settings, (enum place)place, err) < 0 ||
            open_tcp (self, settings, (enum place)place, err) < 0)
            return -1;
    return 0;
}

int doors_renew (struct doors *self, enum place place, struct err *err)
{
    endpoint_drop (&self->sockets[place][DOOR_TCP]);
    return make_tcp (self, place, err);
}

int doors_bind_again (struct doors *self, enum place place, struct err *err)
{
    void *socket = self->sockets[place][DOOR_TCP];
    char last[ENDPOINT_TEXT_BYTES] = "";
    int first = 0;
    /* Go on after the one that was bound last. */
    endpoint_bound (socket, last, NULL);
    for (int i = 0; last[0] != '\0' && i < self->tcp_count[place]; i++)
        if (strcmp (last, self->tcp[place][i]) == 0)
            first = i + 1;
    for (int i = first; i < self->tcp_count[place]; i++)
        if (endpoint_bind (socket, self->tcp[place][i], err) < 0)
            return errno == EADDRINUSE ? 0 : -1;
    return 1;
}

void doors_close (struct doors *self)
{
    for (int place = 0; place < PLACES; place++)
        for (int door = 0; door < DOORS; door++)
            endpoint_close (&self->sockets[place][door]);
    cert_clear (&self->cert);
}
