/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/sphere.h"

#include <math.h>

double deg_from_rad (double rad)
{
    return rad * (180.0 / SPHERE_PI);
}

double rad_from_deg (double deg)
{
    return deg * (SPHERE_PI / 180.0);
}

double arcsec_from_rad (double rad)
{
    return deg_from_rad (rad) * 3600.0;
}

double mas_from_rad (double rad)
{
    return arcsec_from_rad (rad) * 1000.0;
}

double sphere_wrap (double rad)
{
    double wrapped = remainder (rad, 2 * SPHERE_PI);
    return wrapped <= -SPHERE_PI ? wrapped + 2 * SPHERE_PI : wrapped;
}

void sphere_to_vector (double longitude, double latitude, double v[3])
{
    v[0] = cos (longitude) * cos (latitude);
    v[1] = sin (longitude) * cos (latitude);
    v[2] = sin (latitude);
}

void sphere_from_vector (const double v[3], double *longitude, double *latitude)
{
    double across = hypot (v[0], v[1]);
    double angle = across > 0 ? atan2 (v[1], v[0]) : 0;
    *longitude = angle < 0 ? angle + 2 * SPHERE_PI : angle;
    *latitude = atan2 (v[2], across);
}

double sphere_angle (const double a[3], const double b[3])
{
    double cross[3] = {
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    };
    double dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    return atan2 (vector_length (cross), dot);
}

double vector_length (const double v[3])
{
    return sqrt (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

void matrix_apply (double m[3][3], const double v[3], double out[3])
{
    double result[3];
    for (int i = 0; i < 3; i++)
        result[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
    for (int i = 0; i < 3; i++)
        out[i] = result[i];
}

void matrix_apply_transposed (double m[3][3], const double v[3], double out[3])
{
    double result[3];
    for (int i = 0; i < 3; i++)
        result[i] = m[0][i] * v[0] + m[1][i] * v[1] + m[2][i] * v[2];
    for (int i = 0; i < 3; i++)
        out[i] = result[i];
}
