/* permit.h - which request which role may make. Pure; what is not in the table is for admins.
 *
 * The broker does not know whose a job is: "its own" goes to the worker as the scope of the
 * request, and the worker answers 403 for another's job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PERMIT_H
#define EMS_PERMIT_H

#include <stdbool.h>
#include "err.h"
#include "value.h"

enum permit {
    PERMIT_NO,
    PERMIT_OWN, /* its own jobs */
    PERMIT_ALL,
};

/* May these roles (bits of enum role) make that request? */
enum permit permit_request (unsigned roles, const char *type, const struct value *body);

/* Why not (403): who, what, and which role would do. Returns -1. */
int permit_refuse (const char *user, unsigned roles, const char *type, const struct value *body,
                   struct err *err);

/* Does it change something, so that it belongs into the audit log? */
bool permit_changes (const char *type, const struct value *body);

#endif
