/* ems_private.h - what the files of libems share and nobody else sees.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PRIVATE_H
#define EMS_PRIVATE_H

#include "cert.h"
#include "ems.h"
#include "homes.h"
#include "place.h"
#include "session.h"
#include "value.h"

struct ems {
    struct place place;
    struct cert cert; /* empty: none was given */
    char server_key[KEY_TEXT_BYTES];
    struct sign_keys sign;
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

/* A request of ours; NULL is what need not be given. */
struct call {
    const char *type;
    const char *worker;
    const struct value *body;
    const char *id;
    bool again; /* the id was sent before */
    enum patience patience;
};

/* Ask, and wait: 0 with a copy of the reply's body (NULL: it has none) in *out, or -1 with *error;
 * then *out is the body of the refusal, or NULL. */
int ems_call (struct ems *self, const struct call *call, struct value **out,
              struct ems_error *error);
/* How long to wait for the answer to a request of that type. */
enum patience ems_patience (const char *type);
/* Hand out one field of a reply's body, also of a refusal's, and destroy the body; rc is what the
 * request returned. */
int ems_hand_out (int rc, struct value **body, const char *field, struct ems_value **out,
                  struct ems_error *error);

#endif
