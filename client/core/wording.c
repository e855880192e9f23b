/* wording.c - fields and their options.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "wording.h"

#include <string.h>

static const struct {
    const char *field;
    const char *option;
} words[] = {
    { "\"after\"", "--after" },     { "\"after_any\"", "--after-any" },
    { "\"delay_ms\"", "--delay" },  { "\"grace_ms\"", "--grace" },
    { "\"if_busy\"", "--queue" },   { "\"notes\"", "--notes" },
    { "\"preempt\"", "--preempt" }, { "\"priority\"", "--priority" },
    { "\"resume\"", "--resume" },   { "\"time_limit_ms\"", "--time-limit" },
};

/* The word that begins here, or NULL. */
static const char *option_at (const char *text, size_t *field_bytes)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        *field_bytes = strlen (words[i].field);
        if (strncmp (text, words[i].field, *field_bytes) == 0)
            return words[i].option;
    }
    return NULL;
}

void wording_of (const char *error, char *out, size_t out_bytes)
{
    size_t used = 0;
    while (*error && used + 1 < out_bytes) {
        size_t bytes = 0;
        const char *option = option_at (error, &bytes);
        size_t room = out_bytes - 1 - used;
        size_t wanted = option ? strlen (option) : 1;
        if (wanted > room)
            break;
        memcpy (out + used, option ? option : error, wanted);
        used += wanted;
        error += option ? bytes : 1;
    }
    out[used] = '\0';
}
