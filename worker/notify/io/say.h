/* say.h - one line about ourselves on stderr, which is the worker's; nothing in it can forge
 * another line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SAY_H
#define EMS_SAY_H

void notify_say (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

#endif
