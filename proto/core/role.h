/* role.h - what a user is to EMS: bits, since one may be several things.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ROLE_H
#define EMS_ROLE_H

enum role {
    ROLE_VIEWER = 1 << 0,   /* looks */
    ROLE_OPERATOR = 1 << 1, /* runs jobs, and does with its own what it likes */
    ROLE_ADMIN = 1 << 2,    /* does so with everybody's */
    ROLE_WORKER = 1 << 3,   /* is a worker, under the names that it is granted */
};

#define ROLES    4
#define ROLE_ALL (ROLE_VIEWER | ROLE_OPERATOR | ROLE_ADMIN | ROLE_WORKER)

#endif
