/* lineedit.h - typing into one line of text.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LINEEDIT_H
#define EMS_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

/* `text` has room for `room` bytes and is UTF-8; *cursor counts bytes. False: it is no key of an
 * editor. */
bool lineedit_key (char *text, size_t room, size_t *cursor, int key);

#endif
