/* wording.h - what a worker says of a request, in the words of the command line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_WORDING_H
#define EMS_WORDING_H

#include <stddef.h>

/* Fields of the protocol, in quotation marks, become the options that set them: "grace_ms" becomes
 * --grace. "Ask again with the same id", which no person can, becomes what they can do. What is cut
 * off at out_bytes ends as it would anyway. */
void wording_of (const char *error, char *out, size_t out_bytes);

#endif
