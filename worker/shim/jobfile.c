/* jobfile.c - one JSON file of a job's folder.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "ids.h"
#include "jobfile.h"
#include "json.h"
#include "limits.h"

struct value *jobfile_read (int dirfd, const char *name, struct err *err)
{
    size_t bytes;
    char *text = file_read (dirfd, name, LIMIT_RECORD_BYTES, &bytes, err);
    if (!text)
        return NULL;
    struct value *map = json_decode (text, bytes, err);
    free (text);
    if (!map) {
        err_prefix (err, "%s", name);
        return NULL;
    }
    if (value_type (map) != VALUE_MAP) {
        value_destroy (&map);
        err_set (err, STATUS_BAD_REQUEST, "%s should hold a map", name);
    }
    return map;
}

int jobfile_write (int dirfd, const char *name, struct value *map, struct err *err)
{
    if (!map) {
        errno = ENOMEM;
        return err_sys (err, "cannot make %s", name);
    }
    errno = 0;
    char *text = json_encode (map, true, err);
    value_destroy (&map);
    if (!text)
        return err_prefix (err, "%s", name);
    int rc = file_replace (dirfd, name, text, strlen (text), 0600, err);
    int saved = errno;
    free (text);
    errno = saved;
    return rc;
}

static int missing (const char *key, struct err *err)
{
    return err_set (err, STATUS_BAD_REQUEST, "the field %s is missing", key);
}

int jobfile_int (const struct value *map, const char *key, int64_t min, int64_t max, int64_t *out,
                 struct err *err)
{
    int rc = value_read_big (map, key, min, max, out, err);
    if (rc == 0)
        return missing (key, err);
    return rc < 0 ? -1 : 0;
}

int jobfile_text (const struct value *map, const char *key, char *out, size_t out_bytes,
                  struct err *err)
{
    const char *text;
    int rc = value_read_string (map, key, out_bytes - 1, &text, err);
    if (rc == 0)
        return missing (key, err);
    if (rc < 0)
        return -1;
    strcpy (out, text); /* it fits: at most out_bytes - 1 */
    return 0;
}

int jobfile_job_id (const struct value *map, char *out, struct err *err)
{
    if (jobfile_text (map, "job_id", out, JOB_ID_BYTES, err) < 0)
        return -1;
    if (!job_id_valid (out))
        return err_set (err, STATUS_BAD_REQUEST, "the job id '%s' is not 12 hex digits", out);
    return 0;
}
