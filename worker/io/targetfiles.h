/* targetfiles.h - the files that the section `notices` names, looked at when the worker starts.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TARGETFILES_H
#define EMS_TARGETFILES_H

#include "target.h"

/* Are they there, and fit for what they are for? -1 with *err that names line, key and reason. */
int targets_check_files (const struct config *section, const struct targets *targets,
                         struct err *err);

#endif
