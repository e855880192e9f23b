/* broker_settings.h - what the broker is told: its command line and its part of the configuration
 * file.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_BROKER_SETTINGS_H
#define EMS_BROKER_SETTINGS_H

#include <stdbool.h>
#include "config.h"
#include "limits.h"

/* The four places that a broker binds, in the order of their names. */
enum place { PLACE_CLIENTS, PLACE_WORKERS, PLACE_PUBLISH, PLACE_EVENTS, PLACES };

struct broker_settings {
    const char *state;  /* argv's */
    const char *config; /* argv's; NULL: none */
    bool check;         /* only the configuration */
    bool help;
    bool version;
    const char *extra[PLACES][LIMIT_ENDPOINTS]; /* endpoints besides the usual one; the tree's */
    int extras[PLACES];
    const char *certificate; /* for TCP; NULL: none. The tree's */
    const char *users;       /* likewise */
    struct config *tree;     /* owned */
};

const char *place_name (enum place place); /* "clients" ... */

/* The command line. 0, or -1 with *err. Clear it in both cases. */
int broker_settings_arguments (struct broker_settings *self, int argc, char **argv,
                               struct err *err);
/* The configuration file, if there is one. 0, or -1 with *err. */
int broker_settings_load (struct broker_settings *self, struct err *err);
void broker_settings_clear (struct broker_settings *self);

#endif
