/* suggest.h - what a misspelt word was probably meant to be.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SUGGEST_H
#define EMS_SUGGEST_H

#include <stddef.h>

/* Collects candidates one by one, since they come from several tables. */
struct suggest {
    const char *word; /* as typed; not owned */
    const char *best; /* nearest candidate so far, close enough to be worth naming; or NULL */
    size_t distance;
};

void suggest_init (struct suggest *self, const char *word);
void suggest_offer (struct suggest *self, const char *candidate);

#endif
