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
#define FILE_BYTES (NAME_BYTES + 16)

static void file_of (const char *profile, const char *end, char out[FILE_BYTES])
{
    snprintf (out, FILE_BYTES, "%s.json%s", profile, end);
}

static int decode (const char *text, size_t bytes, struct durations *out, struct err *err)
{
    struct value *map = json_decode (text, bytes, err);
    int rc = map ? durations_from_value (map, out, err) : -1;
    value_destroy (&map);
    return rc;
}

static void set_aside (int folder, const char *profile, const struct err *why)
{
    char file[FILE_BYTES], aside[FILE_BYTES];
    file_of (profile, "", file);
    file_of (profile, ".broken", aside);
    worker_note (FOLDER "/%s is broken and is set aside as %s: %s", file, aside, why->text);
    if (renameat (folder, file, folder, aside) < 0)
        worker_note ("cannot set it aside: %s", strerror (errno));
}

static int read_in (int folder, const char *profile, struct durations *out, struct err *err)
{
    char file[FILE_BYTES];
    size_t bytes = 0;
    file_of (profile, "", file);
    char *text = file_read (folder, file, DURATIONS_BYTES, &bytes, err);
    if (!text && err->code == STATUS_UNKNOWN)
        return 0;
    int rc = text ? decode (text, bytes, out, err) : -1;
    free (text);
    if (rc == 0 || err->code == STATUS_FAILED) /* no fault of what it says */
        return rc < 0 ? err_prefix (err, FOLDER "/%s", file) : 0;
    set_aside (folder, profile, err);
    return 0;
}

int durationfile_read (int statefd, const char *profile, struct durations *out, struct err *err)
{
    int folder = openat (statefd, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return errno == ENOENT ? 0 : err_sys (err, "cannot open the folder " FOLDER);
    int rc = read_in (folder, profile, out, err);
    close (folder);
    return rc;
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
    char file[FILE_BYTES];
    int folder = dir_open_make (statefd, FOLDER, 0750, err);
    if (folder < 0)
        return -1;
    file_of (profile, "", file);
    char *text = encode (history, err);
    int rc = text ? file_replace (folder, file, text, strlen (text), 0640, err) : -1;
    free (text);
    close (folder);
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
