/* jobfile.h - one JSON file of a job's folder, read and written as a value.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_JOBFILE_H
#define EMS_JOBFILE_H

#include "err.h"
#include "value.h"

/* A new map. NULL with code 404 if there is none, 400 if it is not a JSON map. */
struct value *jobfile_read (int dirfd, const char *name, struct err *err);
/* Durable when it returns 0; errno tells a full disk. Takes the value; NULL means no memory. */
int jobfile_write (int dirfd, const char *name, struct value *map, struct err *err);

/* A field that must be there. 0, or -1 with code 400. */
int jobfile_int (const struct value *map, const char *key, int64_t min, int64_t max, int64_t *out,
                 struct err *err);
int jobfile_text (const struct value *map, const char *key, char *out, size_t out_bytes,
                  struct err *err);
/* The job id, checked for its form. */
int jobfile_job_id (const struct value *map, char *out, struct err *err);

#endif
