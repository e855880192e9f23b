/* broker_service.h - the broker as a service: sockets bound, served until a signal, and gone again.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_BROKER_SERVICE_H
#define EMS_BROKER_SERVICE_H

#include "broker_settings.h"

/* Runs until SIGTERM or SIGINT. 0, or -1 with *err: code 409 if another broker is there, 400 if
 * the settings cannot be or the roster's file is damaged, 500 otherwise. */
int broker_service_run (const struct broker_settings *settings, struct err *err);

/* Only look whether the certificate and the users are good. 0, or -1 with *err, as above. */
int broker_service_check (const struct broker_settings *settings, struct err *err);

#endif
