/* rosterfile.h - <state>/broker/workers: the roster between one broker and the next.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ROSTERFILE_H
#define EMS_ROSTERFILE_H

#include "broker.h"

/* `statefd` is the state folder. */

/* Tell the broker what is in the file, if there is one. 0, or -1 with *err: code 400 if it is
 * damaged or too long, 500 if it cannot be read. */
int rosterfile_load (int statefd, struct broker *broker, struct err *err);
/* Replace the file; when this is 0 it outlives loss of power. */
int rosterfile_save (int statefd, struct bytes text, struct err *err);

#endif
