/* completions.h - the scripts that teach shells to complete `ems`: client/completions.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_COMPLETIONS_H
#define EMS_COMPLETIONS_H

struct completion {
    const char *shell;
    const char *script;
};

extern const struct completion completions[]; /* the last has no shell */

#endif
