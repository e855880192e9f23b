/* exits.h - what `ems` tells its caller by its exit code (design, section 6).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_EXITS_H
#define EMS_EXITS_H

#include "record.h"

enum exits {
    EXITS_OK = 0,
    EXITS_USAGE = 64,     /* the command line is wrong */
    EXITS_REFUSED = 65,   /* a parameter was refused */
    EXITS_UNKNOWN = 66,   /* no such job */
    EXITS_NOBODY = 69,    /* no broker or no worker there */
    EXITS_SOFTWARE = 70,  /* it was tried and failed */
    EXITS_SYSTEM = 71,    /* a daemon could not be started */
    EXITS_OUTPUT = 74,    /* our own output could not be written */
    EXITS_BUSY = 75,      /* busy, timed out or not in the state for it */
    EXITS_FORBIDDEN = 77, /* not permitted */
    EXITS_CONFIG = 78,    /* a daemon refuses its configuration; a context or certificate is bad */
    EXITS_LIMIT = 124,    /* of run, attach, wait: stopped at a limit, as by timeout(1) */
    EXITS_LOST = 125,     /* lost, our failure, or it never ran */
    EXITS_CANCELLED = 130,
};

/* For a reply or error that is not 200 or 202: `status` of PROTOCOL.md or of ems.h (1: nobody
 * there, 2: interrupted); `parameter`: the reply named a parameter. */
int exits_of_status (int status, bool parameter);

/* For an error about contexts or a certificate: what it says of them is wrong, or (403) others
 * could read or write it. */
int exits_of_file (int status);

/* run, attach and wait: for a record whose job is over. */
int exits_of_record (const struct record *record);

#endif
