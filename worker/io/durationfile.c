/* durationfile.c - read whole, replaced whole.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "durationfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "json.h"
#include "note.h"

#define FOLDER     "logs/durations"
#define PATH_BYTES (sizeof FOLDER + NAME_BYTES + 16)

static void path_of (const char *profile, const char *end, char out[PATH_BYTES])
{
    snprintf (out, PATH_BYTES, FOLDER "/%s.json%s", profile, end);
}

static int decode (const char *text, size_t bytes, struct durations *out, struct err *err)
{
    struct value *map = json_decode (text, bytes, err);
    int rc = map ? durations_from_value (map, out, err) : -1;
    value_destroy (&map);
    return rc;
}

static void set_aside (int statefd, const char *profile, const struct err *why)
{
    char path[PATH_BYTES], aside[PATH_BYTES];
    path_of (profile, "", path);
    path_of (profile, ".broken", aside);
    worker_note ("%s is broken and is set aside as %s: %s", path, aside, why->text);
    if (renameat (statefd, path, statefd, aside) < 0)
        worker_note ("cannot set it aside: %s", strerror (errno));
}

int durationfile_read (int statefd, const char *profile, struct durations *out, struct err *err)
{
    char path[PATH_BYTES];
    size_t bytes = 0;
    path_of (profile, "", path);
    char *text = file_read (statefd, path, DURATIONS_BYTES, &bytes, err);
    if (!text && err->code == STATUS_UNKNOWN)
        return 0;
    int rc = text ? decode (text, bytes, out, err) : -1;
    free (text);
    if (rc == 0 || err->code == STATUS_FAILED) /* no fault of what it says */
        return rc < 0 ? err_prefix (err, "%s", path) : 0;
    set_aside (statefd, profile, err);
    return 0;
}

/* The text; older runs go until it is short enough. NULL with *err. */
static char *encode (struct durations *history, struct err *err)
{
    for (;;) {
        struct value *map = durations_to_value (history);
        char *text = map ? json_encode (map, false, err) : NULL;
        if (!map)
            err_set (err, STATUS_FAILED, "out of memory");
        value_destroy (&map);
        if (!text || strlen (text) <= DURATIONS_BYTES)
            return text;
        free (text);
        if (history->count <= 1) {
            err_set (err, STATUS_TOO_LARGE, "its parameters are longer than what is kept");
            return NULL;
        }
        durations_drop_oldest (history);
    }
}

static int write_all (int statefd, const char *profile, struct durations *history, struct err *err)
{
    char path[PATH_BYTES];
    int folder = dir_open_make (statefd, FOLDER, 0750, err);
    if (folder < 0)
        return -1;
    close (folder);
    path_of (profile, "", path);
    char *text = encode (history, err);
    int rc = text ? file_replace (statefd, path, text, strlen (text), 0640, err) : -1;
    free (text);
    return rc;
}

int durationfile_learn (int statefd, const char *profile, const struct value *params,
                        const struct stopwatch *watch, struct err *err)
{
    struct durations history;
    durations_init (&history);
    int rc = durationfile_read (statefd, profile, &history, err);
    if (rc == 0 && durations_add (&history, params, watch) < 0)
        rc = err_set (err, STATUS_FAILED, "out of memory");
    if (rc == 0)
        rc = write_all (statefd, profile, &history, err);
    durations_clear (&history);
    return rc;
}
