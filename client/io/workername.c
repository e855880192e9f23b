/* workername.c - the worker of --worker.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "workername.h"

#include <stdio.h>
#include <string.h>

#include "suggest.h"

int tool_check_worker (struct tool *tool)
{
    const char *name = tool->line.text[OPTION_WORKER];
    struct ems_error error;
    struct ems_value *list = NULL;
    struct suggest near;
    bool known = false;
    if (ems_workers (tool->ems, &list, &error) < 0)
        return tool_fail (tool, &error, NULL);
    suggest_init (&near, name);
    for (size_t i = 0; i < ems_count (list, NULL); i++) {
        const char *other = ems_text (ems_at (list, i), "name");
        known = known || (other && strcmp (other, name) == 0);
        if (other)
            suggest_offer (&near, other);
    }
    error = (struct ems_error){ .status = STATUS_UNKNOWN, .parameter = "worker" };
    if (near.best)
        snprintf (error.text, sizeof error.text,
                  "there is no worker `%.64s`; did you mean `%.64s`?", name, near.best);
    else
        snprintf (error.text, sizeof error.text,
                  "there is no worker `%.64s`; `ems workers` lists what there is", name);
    ems_value_destroy (&list);
    return known ? 0 : tool_fail (tool, &error, NULL);
}
