/* rosterfile.c - reading and replacing the roster's file.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "rosterfile.h"

#include <stdlib.h>
#include <unistd.h>
#include "files.h"
#include "roster.h"

#define FOLDER "broker"
#define ROSTER FOLDER "/workers"

static int recall (struct broker *broker, struct bytes text, struct err *err)
{
    if (broker_recall (broker, text, err) < 0)
        return err_prefix (err, ROSTER " in the state folder");
    return 0;
}

int rosterfile_load (int statefd, struct broker *broker, struct err *err)
{
    size_t bytes = 0;
    char *text = file_read (statefd, ROSTER, ROSTER_TEXT_BYTES, &bytes, err);
    if (text) {
        int rc = recall (broker, (struct bytes){ text, bytes }, err);
        free (text);
        return rc;
    }
    if (err->code == STATUS_UNKNOWN)
        return 0;
    if (err->code == STATUS_TOO_LARGE)
        err->code = STATUS_BAD_REQUEST;
    return -1;
}

int rosterfile_save (int statefd, struct bytes text, struct err *err)
{
    int dirfd = dir_open_make (statefd, FOLDER, 0700, err);
    if (dirfd < 0)
        return -1;
    close (dirfd);
    if (file_replace (statefd, ROSTER, text.data, text.size, 0600, err) < 0)
        return -1;
    /* The folder may be new, and the state folder too. */
    if (dir_sync (statefd, err) < 0)
        return -1;
    return dir_sync_above (statefd, err);
}
