/* paramtext.h - the value of a parameter as one would type it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PARAMTEXT_H
#define EMS_PARAMTEXT_H

#include "sbuf.h"
#include "value.h"

/* Lists are joined with commas; nil adds nothing. Made safe for a terminal. */
void paramtext_add (const struct value *value, struct sbuf *out);
/* The items of a list with something else between them. */
void paramtext_add_items (const struct value *list, const char *between, struct sbuf *out);

#endif
