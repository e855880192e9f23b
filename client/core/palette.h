/* palette.h - colours, and the place where they can be turned off.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PALETTE_H
#define EMS_PALETTE_H

#include "record.h"

enum hue {
    HUE_PLAIN,
    HUE_GREEN,
    HUE_RED,
    HUE_ORANGE,
    HUE_YELLOW,
    HUE_GREY,
    HUE_BOLD,
};

/* The escape sequence that begins a colour; "" if `colour` is false or for HUE_PLAIN. */
const char *hue_on (enum hue hue, bool colour);
const char *hue_off (enum hue hue, bool colour);

enum hue hue_of_status (enum job_status status);

#endif
