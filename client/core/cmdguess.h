/* cmdguess.h - what commands are called elsewhere.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CMDGUESS_H
#define EMS_CMDGUESS_H

#include <stddef.h>

#include "cmdline.h"

/* The command that is meant, where other tools of the trade have this word for the same thing: it
 * is understood. NULL: none. */
const char *cmdguess_same (const char *word);
/* Those words, from 0 on; NULL after the last. */
const char *cmdguess_word (size_t index);
/* What to type instead of a word that elsewhere means nearly this, as "ems run --detach". NULL:
 * nothing comes to mind. */
const char *cmdguess_instead (const char *word);
/* The status of a job that is meant where another tool has that word for it. NULL: none. */
const char *cmdguess_status (const char *word);
/* What to type instead of an option (without dashes) that the command does not have. NULL: nothing
 * comes to mind. */
const char *cmdguess_option (enum command command, const char *option);

#endif
