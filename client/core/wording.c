/* wording.c - fields and their options, and advice for programs that is none for people.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "wording.h"

#include <string.h>

/* A request that was sent and not answered may have been carried out all the same. */
#define UNSURE                                                                               \
    "; what was asked for may still happen: `ems ps` and `ems show JOB` tell, `ems doctor` " \
    "looks for why"

static const struct {
    const char *field; /* or what programs are told */
    const char *option;
} words[] = {
    { "\"after\"", "--after" },
    { "\"after_any\"", "--after-any" },
    { "\"delay_ms\"", "--delay" },
    { "\"grace_ms\"", "--grace" },
    { "\"if_busy\"", "--queue" },
    { "\"notes\"", "--notes" },
    { "\"preempt\"", "--preempt" },
    { "\"priority\"", "--priority" },
    { "\"resume\"", "--resume" },
    { "\"time_limit_ms\"", "--time-limit" },
    { "there was no answer before not_after_ms; a worker may still act on the request, so ask "
      "again with the same id to know",
      "the worker did not answer in time" UNSURE },
    { "the worker did not answer in time; ask again with the same id",
      "the worker did not answer in time" UNSURE },
    { " was lost before it answered; ask again with the same id",
      " was lost before it answered" UNSURE },
    { " is gone; ask again with the same id", " is gone; `ems doctor` looks for why" },
    { " has too much to do now; ask again with the same id",
      " has too much to do now; try again in a moment" },
    { "start it, and ask again with the same id",
      "start it, and `ems ps` tells whether the job is there" },
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
