/* settings.h - what the worker's configuration says, with its defaults.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SETTINGS_H
#define EMS_SETTINGS_H

#include "config.h"
#include "profile.h"
#include "retention.h"
#include "signers.h"
#include "target.h"

struct settings {
    char name[NAME_BYTES]; /* of this worker */
    char *workers;         /* endpoint of the broker; owned */
    char *publish;
    char *certificate; /* path of ours, for TCP; NULL: none; owned */
    char *server_key;  /* the broker's public key; NULL: none; owned */
    char *server;      /* path of the broker's public certificate, instead; NULL: none; owned */
    bool use_cgroup;   /* give each job a cgroup of its own where one can be made */
    struct retention_policy retention;
    struct profiles profiles;
    struct targets targets; /* who is told of what */
    struct signers signers; /* who can sign a request */
};

/* Where the defaults come from. */
struct settings_origin {
    const char *state; /* absolute path of the state folder */
    const char *host;  /* the host's name, as it is */
};

/* *out must be zeroed; on -1 it is cleared and *err says line, key and reason. */
int settings_from_config (const struct config *root, const struct settings_origin *origin,
                          struct settings *out, struct err *err);
void settings_clear (struct settings *self);

/* The shipped configuration (deploy/config/ems.zpl), as text. */
const char *settings_shipped (void);

#endif
