/* logtimes.h - when the bytes of a piece of log came: the `times` of a `logs` reply.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LOGTIMES_H
#define EMS_LOGTIMES_H

#include <stdint.h>
#include "value.h"

/* When the byte at that offset came, 0 where that is not known, and in *until the offset from which
 * on they came later (INT64_MAX: none of this piece). `times` is as it came, whatever it is. */
int64_t logtimes_of (const struct value *times, int64_t offset, int64_t *until);

#endif
