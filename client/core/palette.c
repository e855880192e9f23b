/* palette.c - colours.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "palette.h"

const char *hue_on (enum hue hue, bool colour)
{
    static const char *const sequences[] = {
        [HUE_PLAIN] = "",          [HUE_GREEN] = "\033[32m",
        [HUE_RED] = "\033[31m",    [HUE_ORANGE] = "\033[38;5;208m",
        [HUE_YELLOW] = "\033[33m", [HUE_GREY] = "\033[90m",
        [HUE_BOLD] = "\033[1m",
    };
    return colour ? sequences[hue] : "";
}

const char *hue_off (enum hue hue, bool colour)
{
    return colour && hue != HUE_PLAIN ? "\033[0m" : "";
}

enum hue hue_of_status (enum job_status status)
{
    switch (status) {
    case JOB_COMPLETED:
        return HUE_GREEN;
    case JOB_FAILED:
        return HUE_RED;
    case JOB_CANCELLED:
    case JOB_CANCELLING:
        return HUE_ORANGE;
    case JOB_STARTING:
    case JOB_RUNNING:
    case JOB_PAUSED:
        return HUE_YELLOW;
    default:
        return HUE_GREY;
    }
}
