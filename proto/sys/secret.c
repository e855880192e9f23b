/* secret.c - keys and passwords in files of their own.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "limits.h"

int secrets_guard (bool childless, struct err *err)
{
    const struct rlimit none = { 0, 0 };
    if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
        (childless && setrlimit (RLIMIT_CORE, &none) < 0))
        return err_sys (err, "cannot keep secrets out of core dumps");
    return 0;
}

char *secret_read (const char *path, struct err *err)
{
    struct stat st = { 0 };
    size_t bytes = 0;
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0) {
        (void)fstat (fd, &st);
        close (fd);
    }
    if ((st.st_mode & S_IRWXO) != 0) {
        err_set (err, STATUS_FORBIDDEN,
                 "%.200s is open to everybody on this machine (mode %03o); chmod o-rwx it", path,
                 (unsigned)(st.st_mode & 0777));
        return NULL;
    }
    char *text = file_read (AT_FDCWD, path, LIMIT_SECRET_BYTES, &bytes, err);
    if (!text)
        return NULL;
    size_t used = strcspn (text, "\r\n");
    if (used > 0 && strspn (text + used, "\r\n") == bytes - used) {
        text[used] = '\0';
        return text;
    }
    err_set (err, STATUS_FAILED, "%.200s takes one line, which is the secret", path);
    secret_free (&text);
    return NULL;
}

void secret_free (char **secret)
{
    if (*secret)
        explicit_bzero (*secret, strlen (*secret));
    free (*secret);
    *secret = NULL;
}
