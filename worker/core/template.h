/* template.h - an argument with places: "--n={n}", "{no_perf?--no-perf}", "{results_dir}/x".
 *
 * Private to the profile's files.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TEMPLATE_H
#define EMS_TEMPLATE_H

#include "profile.h"

/* What the places of one run are filled from. */
struct template_values {
    const struct value *config;
    const char *run_id;
    const char *results_dir;
};

/* Does every place name a parameter? -1 with *err about that line of the configuration. */
int template_check (const struct profile *profile, const struct config *item, struct err *err);

/* The argument in *out (free ()), or NULL there if it disappears. 0, or -1 with *err. */
int template_expand (const struct profile *profile, const char *text,
                     const struct template_values *values, char **out, struct err *err);

#endif
