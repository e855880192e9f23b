/* setup.h - where the worker lives and what it was told: state folder, program folder, settings.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SETUP_H
#define EMS_SETUP_H

#include "settings.h"

/* Make the state folder if it is not there; its absolute path (free ()), and its descriptor in *fd.
 * NULL with *err. */
char *setup_state (const char *given, int *fd, struct err *err);

/* Be the only worker of the state folder. The descriptor that holds worker.lock, or -1: code 409
 * if another worker has it. */
int setup_lock (int statefd, const char *state, struct err *err);

/* The path of a program beside ours (free ()); NULL with *err. */
char *setup_beside (const char *program, struct err *err);

/* The settings from a file, or without one (NULL) the shipped ones. *out must be zeroed. */
int setup_settings (const char *config, const char *state, struct settings *out, struct err *err);

#endif
