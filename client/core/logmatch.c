/* logmatch.c - lines that are looked for.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "logmatch.h"

int logmatch_init (struct logmatch *self, const char *pattern, struct err *err)
{
    *self = (struct logmatch){ .wanted = pattern != NULL };
    if (!pattern)
        return 0;
    int rc = regcomp (&self->regex, pattern, REG_EXTENDED);
    if (rc == 0)
        return 0;
    char why[128];
    self->wanted = false;
    regerror (rc, &self->regex, why, sizeof why);
    return err_set (err, STATUS_BAD_REQUEST,
                    "--grep takes an extended regular expression (as grep -E), not `%.64s`: %s",
                    pattern, why);
}

void logmatch_clear (struct logmatch *self)
{
    if (self->wanted)
        regfree (&self->regex);
    self->wanted = false;
}

/* Not inside of a character, which in bytes goes on with 10xxxxxx. */
static bool goes_on (const char *data, size_t bytes, size_t at)
{
    return at < bytes && ((unsigned char)data[at] & 0xc0) == 0x80;
}

bool logmatch_find (const struct logmatch *self, const char *data, size_t bytes, size_t from,
                    size_t *begin, size_t *end)
{
    if (bytes > 0 && data[bytes - 1] == '\r')
        bytes--;
    *begin = *end = from;
    if (!self->wanted)
        return true;
    if (from > bytes)
        return false;
    regmatch_t found = { .rm_so = (regoff_t)from, .rm_eo = (regoff_t)bytes };
    int flags = REG_STARTEND | (from > 0 ? REG_NOTBOL : 0);
    if (regexec (&self->regex, data, 1, &found, flags) != 0)
        return false;
    *begin = (size_t)found.rm_so;
    *end = (size_t)found.rm_eo;
    while (*begin > from && goes_on (data, bytes, *begin))
        --*begin;
    while (goes_on (data, bytes, *end))
        ++*end;
    return true;
}
