/* curve.h - a socket made secure before it binds or connects over TCP.
 *
 * endpoint_bind and endpoint_connect refuse tcp:// for a socket that went through neither of these,
 * and ipc:// for one that did: there is no way to TCP without CURVE.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CURVE_H
#define EMS_CURVE_H

#include "cert.h"

/* Bound sockets: strangers are kept out by the ZAP handler, asked with `domain`, which must not be
 * empty. 0, or -1 with *err. */
int curve_server (void *socket, const struct cert *own, const char *domain, struct err *err);
/* Connecting sockets: `server_key` is the only server that they talk to. */
int curve_client (void *socket, const struct cert *own, const char *server_key, struct err *err);

enum curve_state { CURVE_NONE, CURVE_SERVER, CURVE_CLIENT };
/* What was done to the socket; a server without domain or without its enforcement counts as none.
 */
enum curve_state curve_state (void *socket);

#endif
