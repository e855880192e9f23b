/* hint.c - sentences of broker and worker, and what the user of the tool can do about them.
 *
 * They serve every client, so they do not speak of commands of this one.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "hint.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *begins; /* NULL-ended table; the first that fits counts */
    const char *hint;
} hints[] = {
    { "there is no job yet", "`ems run` starts one" },
    { "there is no job", "`ems ps` lists the jobs there are" },
    { "there is no run", "`ems results` lists the runs there are" },
    { "no worker is connected", "`ems up` starts one on this machine; else see `ems doctor`" },
    { "no worker is there", "`ems up` starts one on this machine; else see `ems doctor`" },
    { "no worker offers a profile", "`ems up` starts one on this machine; else see `ems doctor`" },
    { "worker \"", "`ems workers` lists them" },
    { "this broker has no table of users", "`users` in its configuration names one" },
    { "no answer from the broker", "`ems doctor` looks for why" },
    { NULL, NULL },
};

const char *hint_of (const char *error)
{
    size_t i = 0;
    const char *after = strncmp (error, "--", 2) == 0 ? strstr (error, ": ") : NULL;
    if (after) /* the option that it is about */
        error = after + 2;
    if (strstr (error, "; "))
        return NULL; /* it says already what to do */
    while (hints[i].begins && strncmp (error, hints[i].begins, strlen (hints[i].begins)) != 0)
        i++;
    return hints[i].hint;
}
