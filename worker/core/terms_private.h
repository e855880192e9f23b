/* terms_private.h - what terms.c and terms_value.c share.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TERMS_PRIVATE_H
#define EMS_TERMS_PRIVATE_H

#include "terms.h"

#define NICE_LEAST (-20)
#define NICE_MOST  19

extern const char *const terms_rlimit_names[TERMS_RLIMITS];
bool terms_rlimit_known (const char *name);

#endif
