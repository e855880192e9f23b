/* orchestrator/checkpoint.h - an experiment that an earlier attempt completed: is it the one that
 * this run would make?
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_CHECKPOINT_H
#define LAB_CHECKPOINT_H

#include "orchestrator/measure.h"
#include "orchestrator/options.h"

enum checkpoint {
    CHECKPOINT_NONE, /* nothing of that name is there */
    CHECKPOINT_GOOD, /* its files are, to the last byte, what this run would write */
    CHECKPOINT_BAD,  /* it must be made again; the reason says why */
};

enum { CHECKPOINT_REASON_BYTES = 256 };

/* Looks at the experiment's folder and changes nothing. GOOD fills *out as if it had just been
 * measured, with `complete` set; its figures of speed are those that were measured then. */
enum checkpoint checkpoint_look (int results_fd, const struct experiment *e,
                                 const struct options *options, struct outcome *out,
                                 char reason[CHECKPOINT_REASON_BYTES]);

#endif
