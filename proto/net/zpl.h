/* zpl.h - the configuration file (ZPL, read with CZMQ's zconfig) as a struct config tree.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ZPL_H
#define EMS_ZPL_H

#include "config.h"

/* The tree, with the line number of every key (zconfig does not keep them: the n-th key in
 * document order stands on the n-th line that is neither blank nor comment). NULL with *err that
 * names the file and, where known, the line: unreadable, too large, not ZPL. */
struct config *zpl_load (const char *path, struct err *err);
struct config *zpl_parse (const char *text, const char *source, struct err *err);

#endif
