/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/experiment.h"

#include <string.h>

const struct experiment *const experiments_all[EXPERIMENTS_COUNT] = {
    &exp_frame_rotation_bpn, &exp_gmst_era,       &exp_equ_ecl,       &exp_equ_horizontal,
    &exp_solar_position,     &exp_lunar_position, &exp_kepler_solver,
};

const struct experiment *experiment_find (const char *name, size_t length)
{
    for (size_t i = 0; i < EXPERIMENTS_COUNT; i++) {
        const char *known = experiments_all[i]->name;
        if (strlen (known) == length && memcmp (known, name, length) == 0)
            return experiments_all[i];
    }
    return NULL;
}
