/* note.h - one line about ourselves on stderr: time, program, text; nothing in it can forge another
 * line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_WORKER_NOTE_H
#define EMS_WORKER_NOTE_H

void worker_note (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

#endif
