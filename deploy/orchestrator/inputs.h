/* orchestrator/inputs.h - epochs and directions: a few by hand, the rest from the stream.
 *
 * An epoch is one double, a Julian date; ERFA and libnova are given exactly that number, so
 * no difference between them comes from rounding a date (1 ulp is 40 microseconds).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_INPUTS_H
#define LAB_INPUTS_H

#include <stddef.h>

#include "orchestrator/rng.h"

#define INPUTS_J1900 2415020.0
#define INPUTS_J2000 2451545.0
#define INPUTS_J2100 2488070.0
#define INPUTS_Y2000 2451544.5 /* 2000-01-01 0h */
#define INPUTS_Y2030 2462502.5 /* 2030-01-01 0h */

/* TT - UT1 where a sidereal function needs both: 32.184 s + 37 s, right for 2017 onwards. The
 * true value runs from -3 s (1900) to some 200 s (2100), which moves GMST by less than
 * 0.3 mas: only precession, 4612" a century, depends on TT. */
#define INPUTS_TT_MINUS_UT1_DAYS (69.184 / 86400.0)

enum {
    INPUTS_EDGE_EPOCHS = 3,     /* J2000, J1900, J2100 */
    INPUTS_EDGE_DIRECTIONS = 8, /* the six axes, the ecliptic poles */
    INPUTS_EDGES = INPUTS_EDGE_EPOCHS * INPUTS_EDGE_DIRECTIONS,
};

/* Case by case: every direction at every epoch, then random ones. Half of the random epochs
 * lie in 2000-2030, where observations are reduced, half in 1900-2100. */
double inputs_epoch (struct rng *rng, size_t index, size_t edges_count);

/* The same for a direction, uniform on the sphere. */
void inputs_direction (struct rng *rng, size_t index, double *longitude, double *latitude);

/* A Julian date as the two parts that ERFA takes; nothing is lost. */
void inputs_split (double jd, double *day, double *fraction);

#endif
