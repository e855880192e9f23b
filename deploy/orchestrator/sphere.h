/* orchestrator/sphere.h - directions and rotations, with no model in them.
 * Angles in radians unless a name says otherwise; vectors are unit vectors.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_SPHERE_H
#define LAB_SPHERE_H

#define SPHERE_PI 3.14159265358979323846

double deg_from_rad (double rad);
double rad_from_deg (double deg);
double arcsec_from_rad (double rad);
double mas_from_rad (double rad);

/* Into (-pi, pi]: the difference of two angles, whatever turn they were given in. */
double sphere_wrap (double rad);

void sphere_to_vector (double longitude, double latitude, double v[3]);

/* longitude in [0, 2 pi), latitude in [-pi/2, pi/2]; v need not have length 1. */
void sphere_from_vector (const double v[3], double *longitude, double *latitude);

/* The angle between two directions, exact for small and for large ones (no acos). */
double sphere_angle (const double a[3], const double b[3]);

double vector_length (const double v[3]);
/* m is only read; C17 cannot say so without a cast at every call. */
void matrix_apply (double m[3][3], const double v[3], double out[3]);
void matrix_apply_transposed (double m[3][3], const double v[3], double out[3]);

#endif
