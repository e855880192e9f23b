/* orchestrator/stop.h - the wish to stop, as signals bring it.
 * Every loop over cases asks stop_signal, so that the program leaves within milliseconds.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_STOP_H
#define LAB_STOP_H

/* From now on SIGTERM, SIGINT, SIGHUP and SIGPIPE are noted instead of killing at once. */
void stop_install (void);

/* The number of the first signal that came; 0 while none has. */
int stop_signal (void);

#endif
