/* rebuild.h - making logs/history anew from the records when it is gone.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_REBUILD_H
#define EMS_REBUILD_H

#include "err.h"

/* Nothing is done if logs/history is there. `logs` and `jobs` are the folders. */
int history_rebuild (int logs, int jobs, struct err *err);

#endif
