/* orderfile.c - what was ordered, as a file; and the files of one attempt.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "orderfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "frozen.h"
#include "jobdir.h"
#include "json.h"
#include "limits.h"

/* Nobody reads it before there is a record, and none is written unless this succeeds. */
static int put (int dirfd, const char *text, struct err *err)
{
    int fd = openat (dirfd, JOBDIR_ORDER, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return err_sys (err, "cannot make " JOBDIR_ORDER);
    int rc = 0;
    if (file_write_all (fd, text, strlen (text)) < 0 || fsync (fd) < 0)
        rc = err_sys (err, "cannot write " JOBDIR_ORDER);
    close (fd);
    return rc;
}

int orderfile_write (int dirfd, const struct profile *profile, struct err *err)
{
    struct value *map = frozen_to_value (profile);
    if (!map)
        return err_set (err, STATUS_FAILED, "out of memory");
    char *text = json_encode (map, true, err);
    value_destroy (&map);
    if (!text)
        return -1;
    int rc = strlen (text) > LIMIT_RECORD_BYTES
                 ? err_set (err, STATUS_TOO_LARGE,
                            "the profile %s would be larger than the %d bytes that it may have",
                            profile->name, LIMIT_RECORD_BYTES)
                 : put (dirfd, text, err);
    free (text);
    return rc;
}

int orderfile_read (int dirfd, struct profile *out, struct err *err)
{
    size_t bytes = 0;
    memset (out, 0, sizeof *out);
    char *text = file_read (dirfd, JOBDIR_ORDER, LIMIT_RECORD_BYTES, &bytes, err);
    struct value *map = text ? json_decode (text, bytes, err) : NULL;
    int rc = map ? frozen_from_value (map, out, err) : -1;
    value_destroy (&map);
    free (text);
    return rc < 0 ? err_prefix (err, JOBDIR_ORDER) : 0;
}

int attempt_clear (int dirfd, struct err *err)
{
    static const char *const names[] = { JOBDIR_CTL, JOBDIR_SPEC, JOBDIR_SHIM, JOBDIR_EXIT };
    bool removed = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (unlinkat (dirfd, names[i], 0) == 0)
            removed = true;
        else if (errno != ENOENT)
            return err_sys (err, "cannot remove %s of an earlier attempt", names[i]);
    }
    return removed ? dir_sync (dirfd, err) : 0;
}
