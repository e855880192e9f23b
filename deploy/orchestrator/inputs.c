/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/inputs.h"

#include <math.h>

#include "orchestrator/sphere.h"

double inputs_epoch (struct rng *rng, size_t index, size_t edges_count)
{
    static const double edges[INPUTS_EDGE_EPOCHS] = { INPUTS_J2000, INPUTS_J1900, INPUTS_J2100 };
    if (index < edges_count)
        return edges[index % INPUTS_EDGE_EPOCHS];
    if (rng_uniform (rng, 0, 1) < 0.5)
        return rng_uniform (rng, INPUTS_Y2000, INPUTS_Y2030);
    return rng_uniform (rng, INPUTS_J1900, INPUTS_J2100);
}

void inputs_direction (struct rng *rng, size_t index, double *longitude, double *latitude)
{
    const double quarter = SPHERE_PI / 2;
    /* The ecliptic's pole of J2000 lies this far from the equator's. */
    const double tilt = rad_from_deg (84381.406 / 3600);
    const double edges[INPUTS_EDGE_DIRECTIONS][2] = {
        { 0, 0 },
        { 0, quarter },
        { quarter, 0 },
        { 2 * quarter, 0 },
        { 0, -quarter },
        { 3 * quarter, 0 },
        { 3 * quarter, quarter - tilt },
        { quarter, tilt - quarter },
    };
    if (index < INPUTS_EDGES) {
        *longitude = edges[index / INPUTS_EDGE_EPOCHS][0];
        *latitude = edges[index / INPUTS_EDGE_EPOCHS][1];
        return;
    }
    *longitude = rng_uniform (rng, 0, 2 * SPHERE_PI);
    *latitude = asin (rng_uniform (rng, -1, 1));
}

void inputs_split (double jd, double *day, double *fraction)
{
    *day = floor (jd);
    *fraction = jd - *day;
}
