/* suggest.c - edit distance with neighbouring letters swapped (Damerau, restricted), without case.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "suggest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LONGEST 64 /* words beyond that are not compared */

static size_t smaller (size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same (char a, char b)
{
    return strncasecmp (&a, &b, 1) == 0;
}

static size_t distance (const char *a, const char *b)
{
    size_t n = strlen (a);
    size_t m = strlen (b);
    if (n > LONGEST || m > LONGEST)
        return SIZE_MAX;
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= m; j++)
        before[j] = last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t cost = same (a[i - 1], b[j - 1]) ? 0 : 1;
            row[j] = smaller (last[j - 1] + cost, smaller (last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same (a[i - 1], b[j - 2]) && same (a[i - 2], b[j - 1]))
                row[j] = smaller (row[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[m];
}

void suggest_init (struct suggest *self, const char *word)
{
    self->word = word;
    self->best = NULL;
    self->distance = SIZE_MAX;
}

void suggest_offer (struct suggest *self, const char *candidate)
{
    size_t length = strlen (self->word);
    size_t far = distance (self->word, candidate);
    /* "stat" for "status": the beginning of a word is near, however much is missing. */
    if (length >= 2 && strncasecmp (self->word, candidate, length) == 0)
        far = smaller (far, 1);
    size_t most = length <= 4 ? 1 : length <= 7 ? 2 : 3;
    if (far <= most && far < self->distance) {
        self->best = candidate;
        self->distance = far;
    }
}
