/* doors.h - the sockets of a broker: each place has one for ipc and, if it is to be reached over a
 * network, one for TCP. They are never the same socket: CURVE belongs to a socket as a whole.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_DOORS_H
#define EMS_DOORS_H

#include "broker_settings.h"
#include "cert.h"
#include "endpoint.h"

enum door { DOOR_IPC, DOOR_TCP, DOORS };

struct doors {
    void *context;
    struct cert cert;             /* of the broker, for TCP */
    void *sockets[PLACES][DOORS]; /* NULL: there is none */
    char tcp[PLACES][LIMIT_ENDPOINTS]
            [ENDPOINT_TEXT_BYTES]; /* where they are bound, ports resolved */
    int tcp_count[PLACES];
};

/* The usual endpoint of a place. */
#define USUAL_BYTES (LIMIT_PATH_BYTES + 32)
void doors_usual (const struct broker_settings *settings, enum place place, char out[USUAL_BYTES]);

/* Read the broker's certificate, if it has one: first of all. 0, or -1 with *err (400). */
int doors_identify (struct doors *self, const struct broker_settings *settings, struct err *err);
/* Make and bind all, ipc first, clients last. The ZAP handler of the context must be there. 0, or
 * -1 with *err; close them in both cases. */
int doors_open (struct doors *self, void *context, const struct broker_settings *settings,
                struct err *err);
/* Make the TCP socket of a place anew: all its connections end. Then bind it, again and again while
 * that gives 0: the old one gives its port back in its own time. 1, 0, or -1 with *err. */
int doors_renew (struct doors *self, enum place place, struct err *err);
int doors_bind_again (struct doors *self, enum place place, struct err *err);
void doors_close (struct doors *self);

#endif
