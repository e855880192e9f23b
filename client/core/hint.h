/* hint.h - what to type after an error that does not say it itself.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_HINT_H
#define EMS_HINT_H

/* For the text of an error, as broker and worker say it: "`ems ps` lists jobs". NULL: none. */
const char *hint_of (const char *error);

#endif
