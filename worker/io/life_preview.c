/* life_preview.c - what a run would be, for who only asks: made as for a start, and thrown away.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <string.h>

#include "jobdir.h"
#include "life_private.h"

#define SHOWN_RUN_ID  "{run_id}"
#define SHOWN_RESULTS "{results_dir}"

static struct value *list_of (char **items)
{
    struct value *list = value_new_list ();
    for (char **item = items; list && *item; item++)
        if (value_append (list, value_new_string (*item)) < 0)
            value_destroy (&list);
    return list;
}

/* Of "NAME=value" the names: values may be nobody's business. */
static struct value *names_of (char **variables)
{
    struct value *list = value_new_list ();
    for (char **item = variables; list && *item; item++)
        if (value_append (list, value_new_string_n (*item, strcspn (*item, "="))) < 0)
            value_destroy (&list);
    return list;
}

/* As fill_record fills it, as far as a spec is made of it. */
static void fill_probe (const struct order *order, struct record *probe)
{
    probe->attempt = 1;
    probe->grace_ms = order->grace_ms;
    probe->time_limit_ms = order->time_limit_ms;
    probe->silence_limit_ms = order->profile->terms.silence_limit_ms;
    probe->log_limit_bytes = order->profile->terms.log_limit_bytes;
    probe->config = order->config;             /* borrowed */
    run_id_from_time (0, true, probe->run_id); /* as long as any */
    if (order->resumes)
        memcpy (probe->resumed_from, order->resumes->job_id, sizeof probe->resumed_from);
}

struct value *life_preview (struct life *self, const struct order *order, struct err *err)
{
    struct record probe;
    struct spec spec;
    record_init (&probe);
    fill_probe (order, &probe);
    if (life_make_spec (self, &probe, order->profile, &spec, err) < 0)
        return NULL;
    struct value *map = NULL;
    strings shown = profile_argv (order->profile, order->config, SHOWN_RUN_ID, SHOWN_RESULTS, err);
    if (shown) {
        map = value_new_map ();
        if (value_put (map, "command", list_of (shown)) < 0 ||
            value_put_string (map, "workdir", spec.workdir) < 0 ||
            value_put (map, "environment", names_of (spec.env)) < 0) {
            value_destroy (&map);
            err_set (err, STATUS_FAILED, "out of memory");
        }
    }
    strings_free (&shown);
    spec_clear (&spec);
    return map;
}
