/* ems_each.c - libems: followers for those who would rather be called.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ems.h"

int ems_follow_each (struct ems_follow *self,
                     bool (*each) (void *arg, const struct ems_event *event), void *arg,
                     struct ems_error *error)
{
    struct ems_event event;
    int rc = 1;
    while ((rc = ems_follow_next (self, -1, &event, error)) == 1)
        if (!each (arg, &event))
            return event.type == EMS_EVENT_OVER ? 1 : 0;
    return rc < 0 ? -1 : 1; /* without a deadline nothing else is left to say */
}
