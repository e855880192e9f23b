/* asker.h - who asks for what: noted for as long as a request is under way, whatever becomes of the
 * peer and its rights meanwhile.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ASKER_H
#define EMS_ASKER_H

#include "broker.h"
#include "ids.h"
#include "users.h"

#define VERB_BYTES 17 /* 16 letters and the terminator */

struct asker {
    char user[NAME_BYTES];       /* "": not known */
    char key[FINGERPRINT_BYTES]; /* "": none */
    char verb[VERB_BYTES];       /* "": not read yet */
    char job[RUN_ID_BYTES];      /* as named in the request; "": none */
    bool changes;                /* it wants to, and is for the audit log */
    bool own;                    /* only what concerns its own jobs */
    bool limited;                /* it has limits, and shares what the broker holds with others */
    int64_t max_queued;          /* 0: no limit */
};

#endif
