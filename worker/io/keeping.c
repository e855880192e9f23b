/* keeping.c - keep, unkeep and prune: what stays and what goes.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "requests_private.h"

static void set_kept (struct requests *self, const struct call *call, bool kept,
                      struct outcome_reply *out)
{
    char job_id[JOB_ID_BYTES];
    struct record space;
    struct record record;
    struct err err;
    record_init (&space);
    record_init (&record);
    if (job_to_change (self, call, job_id, &space, &err) &&
        life_keep (self->env.life, job_id, kept, &record, &err) == 0)
        reply_job (out, STATUS_OK, &record);
    else
        reply_refuse (out, &err);
    record_clear (&record);
    record_clear (&space);
}

void call_keep (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    set_kept (self, call, true, out);
}

void call_unkeep (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    set_kept (self, call, false, out);
}

void call_prune (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    bool dry_run = false;
    struct err err;
    if (rights_to_prune (call, &err) < 0 ||
        value_read_bool (call->body, "dry_run", &dry_run, &err) < 0 ||
        wait_add (self, call, dry_run ? ASK_PRUNE_DRY : ASK_PRUNE, &err) < 0)
        reply_refuse (out, &err);
    else
        pruning_ask (self->env.pruning, dry_run);
}
