/* measure.c - a walk through trees that can be interrupted.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "measure.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"

void measure_init (struct measure *self)
{
    *self = (struct measure){ 0 };
}

void measure_clear (struct measure *self)
{
    while (self->depth > 0)
        closedir (self->open[--self->depth]);
    measure_init (self);
}

static void enter (struct measure *self, int dirfd, const char *name)
{
    if (self->depth == MEASURE_DEPTH)
        return;
    int fd = beneath_open (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (dir)
        self->open[self->depth++] = dir;
    else if (fd >= 0)
        close (fd);
}

void measure_add (struct measure *self, int dirfd, const char *name)
{
    struct stat st;
    if (fstatat (dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (S_ISDIR (st.st_mode))
        enter (self, dirfd, name);
    else if (S_ISREG (st.st_mode) && st.st_size <= INT64_MAX - self->bytes)
        self->bytes += st.st_size;
}

bool measure_step (struct measure *self, int entries)
{
    for (; self->depth > 0 && entries > 0; entries--) {
        DIR *dir = self->open[self->depth - 1];
        const struct dirent *item = readdir (dir);
        if (!item)
            closedir (self->open[--self->depth]);
        else if (strcmp (item->d_name, ".") != 0 && strcmp (item->d_name, "..") != 0)
            measure_add (self, dirfd (dir), item->d_name);
    }
    return self->depth == 0;
}
