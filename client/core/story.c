/* story.c - what is worth a line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "story.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "standing.h"

void story_init (struct story *self)
{
    memset (self, 0, sizeof *self);
}

static enum story_weight tell_queued (const struct story *before, const struct record *job,
                                      const char *standing, struct sbuf *out)
{
    bool again = before->begun && job->attempt > before->attempt;
    if (again)
        sbuf_printf (out, "job %s was stopped and waits again, ", job->job_id);
    else if (!before->begun || before->status != JOB_QUEUED ||
             strcmp (before->standing, standing) != 0)
        sbuf_printf (out, "job %s is queued, ", job->job_id);
    else
        return STORY_NOTHING;
    sbuf_add (out, standing);
    if (again && !job->detail[0] && before->preempted_by[0])
        sbuf_printf (out, ": it made room for job %s", before->preempted_by);
    return again ? STORY_LASTING : STORY_PASSING;
}

static enum story_weight tell_active (const struct story *before, const struct record *job,
                                      struct sbuf *out)
{
    bool waited = before->begun && before->status == JOB_QUEUED;
    if ((waited && job->attempt > 1) || (before->begun && job->attempt > before->attempt)) {
        sbuf_printf (out, "job %s runs again, attempt %" PRId64, job->job_id, job->attempt);
        return STORY_LASTING;
    }
    if (strcmp (job->detail, before->detail) != 0 && (job->detail[0] || before->detail[0])) {
        sbuf_printf (out, "job %s ", job->job_id);
        if (job->detail[0])
            sbuf_add (out, "is held up: ");
        sbuf_add_safe (out, job->detail[0] ? job->detail : "goes on");
        return STORY_LASTING;
    }
    if (job->preempted_by[0] && strcmp (job->preempted_by, before->preempted_by) != 0)
        sbuf_printf (out, "job %s is being stopped for job %s, and will wait in line again",
                     job->job_id, job->preempted_by);
    else if (job->status == JOB_PAUSED && before->status != JOB_PAUSED)
        sbuf_printf (out, "job %s is paused; to let it go on: ems resume %s", job->job_id,
                     job->job_id);
    else if (job->status == JOB_RUNNING && before->begun && before->status == JOB_PAUSED)
        sbuf_printf (out, "job %s goes on", job->job_id);
    else if (waited)
        sbuf_printf (out, "job %s starts", job->job_id);
    else
        return STORY_NOTHING;
    return STORY_PASSING;
}

enum story_weight story_tell (struct story *self, const struct record *job,
                              const struct report *how, struct sbuf *out)
{
    struct story now = { .begun = true, .status = job->status, .attempt = job->attempt };
    enum story_weight weight = STORY_NOTHING;
    memcpy (now.preempted_by, job->preempted_by, sizeof now.preempted_by);
    if (job->status != JOB_QUEUED)
        memcpy (now.detail, job->detail, sizeof now.detail);
    if (job->status == JOB_QUEUED) {
        struct sbuf standing;
        sbuf_init (&standing);
        standing_add (job, how, &standing);
        snprintf (now.standing, sizeof now.standing, "%s", sbuf_text (&standing));
        out->failed = out->failed || standing.failed;
        sbuf_free (&standing);
        weight = tell_queued (self, job, now.standing, out);
    } else if (!job_status_terminal (job->status)) {
        weight = tell_active (self, job, out);
    }
    *self = now;
    return weight;
}
