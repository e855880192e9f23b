/* strings.c - NULL-ended arrays of strings.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

void strings_free (strings *self_p)
{
    if (!self_p || !*self_p)
        return;
    for (char **item = *self_p; *item; item++)
        free (*item);
    free (*self_p);
    *self_p = NULL;
}

static size_t parts_most (const char *text)
{
    size_t parts = 1;
    for (; *text; text++)
        parts += *text == ',';
    return parts;
}

strings strings_split (const char *text)
{
    strings out = calloc (parts_most (text) + 1, sizeof *out);
    if (!out)
        return NULL;
    size_t count = 0;
    while (*text) {
        size_t bytes = strcspn (text, ",");
        const char *start = text + strspn (text, " \t");
        const char *end = text + bytes;
        text = *end ? end + 1 : end;
        while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        if (end <= start)
            continue;
        out[count] = strndup (start, (size_t)(end - start));
        if (!out[count++]) {
            strings_free (&out);
            return NULL;
        }
    }
    return out;
}
