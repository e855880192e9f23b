/* value_private.h - what value.c shares with the codecs and nobody else.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_VALUE_PRIVATE_H
#define EMS_VALUE_PRIVATE_H

#include "value.h"

/* Put an item under a key that must be new: 0, 1 if the key is there already, -1 if memory is
 * short. The key need not be terminated; it has no NUL inside. Unless 0, the item has been
 * destroyed. */
int value_put_new (struct value *map, const char *key, size_t key_bytes, struct value *item);

#endif
