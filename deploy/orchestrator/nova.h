/* orchestrator/nova.h - libnova as vectors and radians.
 *
 * What its headers do not say, and what was found by reading and trying version 0.16:
 *  - ln_get_nutation takes UT and adds its own Delta T; it answers from a cache for any date
 *    within 0.1 day of the last one; `ecliptic` is the mean obliquity (IAU 1980, 84381.448").
 *  - ln_get_equ_prec and ln_get_equ_prec2 keep only the linear terms of IAU 1976 precession:
 *    they scale the time before they square it. 1.4" x T^2 in right ascension, 0.43" x T^2 in
 *    declination, T in centuries from J2000.
 *  - it keeps state between calls (see nova_forget), so libnova is not for threads.
 *  - heliocentric (VSOP87) and lunar (ELP 2000-82B) coordinates are referred to the mean
 *    ecliptic and equinox of J2000, though Meeus's formulae around them expect those of date.
 *  - there is no frame bias: GCRS and the mean equator of J2000 are one and the same to it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_NOVA_H
#define LAB_NOVA_H

/* Brings libnova's nutation into a state that does not depend on what was computed before. It
 * does not clear its sums: 1/36 000 000 of the last result stays in the next (0.5 microarcsec),
 * enough for the same inputs to give other digits after another experiment. */
void nova_forget (void);

/* The date to hand to ln_get_nutation and its users so that it computes for this TT. */
double nova_ut_for_tt (double tt_jd);

/* Between the mean equators of two dates, by ln_get_equ_prec2 (IAU 1976; Meeus 21.2 - 21.4). */
void nova_precess (double from_tt_jd, double to_tt_jd, const double v[3], double out[3]);

/* Mean to true equator and equinox of date, from libnova's IAU 1980 angles. libnova rotates
 * nothing itself; the matrix is R1(-eps-deps) R3(-dpsi) R1(eps). */
void nova_nutation_matrix (double tt_jd, double m[3][3]);

/* Mean ecliptic of J2000 to mean equator of J2000, by ln_get_equ_from_ecl. */
void nova_equator_from_ecliptic_j2000 (double longitude_deg, double latitude_deg, double out[3]);

/* Annual aberration (Ron and Vondrak, ln_get_equ_aber) on a direction of J2000. */
void nova_aberrate_j2000 (double tt_jd, const double v[3], double out[3]);

#endif
