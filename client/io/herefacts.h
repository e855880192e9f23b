/* herefacts.h - the facts of doctor.h about this machine's state folder.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_HEREFACTS_H
#define EMS_HEREFACTS_H

#include "doctor.h"

struct herefacts {
    struct doctor_here here; /* points into what follows */
    char config[LIMIT_PATH_BYTES];
    char config_error[128];
    char error_text[128];
    struct doctor_disk disk; /* of the state folder; total_bytes 0: not known */
};

/* Looks, and changes nothing. `state` outlives *out. */
void herefacts_gather (struct herefacts *out, const char *state);

#endif
