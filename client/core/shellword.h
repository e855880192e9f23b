/* shellword.h - words as one would type them to a shell.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SHELLWORD_H
#define EMS_SHELLWORD_H

#include "sbuf.h"

/* The word, quoted where it must be. A shell (bash, zsh, ksh, POSIX 2024) reads back the very same
 * bytes, and a terminal is safe from them. */
void shellword_add (const char *word, struct sbuf *out);

#endif
