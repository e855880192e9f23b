/* parameter.h - one typed parameter of a profile. Private to the profile's files.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PARAMETER_H
#define EMS_PARAMETER_H

#include "profile.h"

/* *out must be zeroed; the caller clears it in every case. */
int parameter_from_config (const struct config *item, struct parameter *out, struct err *err);
void parameter_clear (struct parameter *self);

/* Check a given value: a new one in the form in which it is recorded, or NULL with *err, which says
 * what the parameter takes. */
struct value *parameter_accept (const struct parameter *self, const struct value *given,
                                struct err *err);

const char *parameter_type_name (enum parameter_type type);

/* "an integer from 1 to 100", "true or false", ...: for messages. */
void parameter_takes (const struct parameter *self, char *out, size_t bytes);

#endif
