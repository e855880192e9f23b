/* tailfile.c - the worker's bookmark.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "tailfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "files.h"
#include "jobdir.h"
#include "json.h"

#define TAILFILE_BYTES 4096

void tailfile_write (int fd, const struct lines *lines, const struct progress *progress)
{
    char text[TAILFILE_BYTES + 1];
    struct value *map = value_new_map ();
    char *json = NULL;
    if (value_put_int (map, "offset", lines->offset) == 0 &&
        value_put_int (map, "line", lines->line) == 0 &&
        value_put_bool (map, "in_line", lines->in_line) == 0 &&
        value_put (map, "progress", progress_to_value (progress)) == 0)
        json = json_encode (map, false, NULL);
    /* Blanks behind it cover what was longer before. With nothing to say, say nothing wrong. */
    snprintf (text, sizeof text, "%-*s", TAILFILE_BYTES, json ? json : "");
    ssize_t ignored = pwrite (fd, text, TAILFILE_BYTES, 0);
    (void)ignored;
    free (json);
    value_destroy (&map);
}

int tailfile_read (int dirfd, struct lines *lines, struct progress *progress)
{
    size_t bytes = 0;
    int rc = -1;
    const struct value *inner = NULL;
    char *text = file_read (dirfd, JOBDIR_TAIL, TAILFILE_BYTES, &bytes, NULL);
    struct value *map = text ? json_decode (text, bytes, NULL) : NULL;
    if (map && value_read_big (map, "offset", 0, INT64_MAX, &lines->offset, NULL) == 1 &&
        value_read_big (map, "line", 1, INT64_MAX, &lines->line, NULL) == 1 &&
        value_read_bool (map, "in_line", &lines->in_line, NULL) == 1 &&
        value_read_map (map, "progress", &inner, NULL) == 1)
        rc = progress_from_value (inner, progress);
    value_destroy (&map);
    free (text);
    return rc;
}
