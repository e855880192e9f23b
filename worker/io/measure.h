/* measure.h - how many bytes there are in files and trees, a little at a time.
 *
 * The lengths of all files are counted, wherever they lie on the disk. What cannot be looked at,
 * and what is very deep, counts nothing: this is for people and for bounds, not for books.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_MEASURE_H
#define EMS_MEASURE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#define MEASURE_DEPTH 32 /* folders that are open at once */

struct measure {
    int64_t bytes; /* so far */
    DIR *open[MEASURE_DEPTH];
    int depth;
};

void measure_init (struct measure *self);
void measure_clear (struct measure *self); /* also in the middle */

/* Count that too: a file, or a tree, which is looked through by measure_step. Absent is fine. */
void measure_add (struct measure *self, int dirfd, const char *name);
/* Look at so many entries. True: that was all. */
bool measure_step (struct measure *self, int entries);

#endif
