/* ems_private.h - what the files of libems share and nobody else sees.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PRIVATE_H
#define EMS_PRIVATE_H

#include "ems.h"
#include "homes.h"
#include "place.h"
#include "session.h"
#include "value.h"

struct ems {
    struct place place;
    struct session *session;
    struct homes homes;
};

/* A struct ems_value is a struct value that the public header does not show. */
static inline struct ems_value *ems_value_from (struct value *value)
{
    return (struct ems_value *)value;
}

static inline struct value *ems_value_to (struct ems_value *value)
{
    return (struct value *)value;
}

static inline const struct value *ems_value_peek (const struct ems_value *value)
{
    return (const struct value *)value;
}

/* Fill *error (may be NULL) from *err; returns -1. */
int ems_fail (struct ems_error *error, const struct err *err);
int ems_fail_memory (struct ems_error *error);
/* Fill *error from a reply that is a refusal; returns -1. */
int ems_refused (struct ems_error *error, const struct wire_reply *reply);

#endif
