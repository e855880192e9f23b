/* find.c - weighing the answers to `find`.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "find.h"

#include <string.h>

#include "roster.h"

#define LAST       "last"
#define WHOLE_ID   (JOB_ID_BYTES - 1)
#define MATCH_MOST 16 /* of one worker */

static bool wants_last (const struct find *self)
{
    return !self->by_request && strcmp (self->wanted, LAST) == 0;
}

/* A whole job id stands for one job wherever it is; a prefix and `last` depend on all workers. */
static bool wants_whole_id (const struct find *self)
{
    return !self->by_request && strlen (self->wanted) == WHOLE_ID;
}

struct value *find_body (const struct find *self)
{
    struct value *body = value_new_map ();
    if (value_put_string (body, self->by_request ? "request_id" : "job_id", self->wanted) < 0)
        value_destroy (&body);
    return body;
}

void find_offline (struct find *self, const char *name)
{
    if (self->offline[0] == '\0')
        strncpy (self->offline, name, sizeof self->offline - 1);
}

/* Is that the one that somebody else claimed already? The same run, under whatever job id, or the
 * same job. */
static void look_for_rival (struct find *self, const char *worker, const char *job_id)
{
    if (self->owner[0] != '\0' && strcmp (self->owner, worker) != 0 && self->rival[0] == '\0' &&
        (self->by_request || strcmp (self->newest_id, job_id) == 0))
        strncat (self->rival, worker, sizeof self->rival - 1);
}

static int take_match (struct find *self, const char *worker, const struct value *match)
{
    const char *job_id = value_string (value_get (match, "job_id"));
    const char *queued_at = value_string (value_get (match, "queued_at"));
    int64_t ms;
    if (!job_id || !queued_at || !job_id_valid (job_id) || time_parse (queued_at, &ms) < 0)
        return -1;
    if (self->matches < FIND_SHOWN)
        strcpy (self->shown[self->matches], job_id);
    self->matches++;
    look_for_rival (self, worker, job_id);
    if (self->rival[0] != '\0')
        return 0;
    /* Times of this form sort as text. */
    if (self->owner[0] == '\0' || strcmp (queued_at, self->newest) > 0) {
        strcpy (self->newest, queued_at);
        strcpy (self->newest_id, job_id);
        strncpy (self->owner, worker, sizeof self->owner - 1);
        self->owner[sizeof self->owner - 1] = '\0';
    }
    return 0;
}

int find_take (struct find *self, const char *worker, const struct value *body)
{
    const struct value *matches = value_get (body, "matches");
    if (value_type (matches) != VALUE_LIST || value_count (matches) > MATCH_MOST)
        return -1;
    for (size_t i = 0; i < value_count (matches); i++)
        if (take_match (self, worker, value_at (matches, i)) < 0)
            return -1;
    return 0;
}

static int unsure (const struct find *self, const struct value *missing, struct err *err)
{
    const char *name = value_string (value_at (missing, 0));
    if (self->by_request)
        return err_set (err, STATUS_NO_WORKER,
                        "worker \"%s\" did not say whether it has this run already; ask again "
                        "with the same id",
                        name);
    return err_set (err, STATUS_NO_WORKER,
                    "worker \"%s\" did not say whether \"%s\" is a job of its own; ask again%s",
                    name, self->wanted, wants_whole_id (self) ? "" : ", or give the whole job id");
}

/* Nobody who was asked has it, but one could not be asked. */
static int not_all_asked (const struct find *self, struct err *err)
{
    static const char gone[] =
        "if it is gone for good, delete its line from " ROSTER_FILE " while the broker is stopped";
    if (self->by_request)
        return err_set (err, STATUS_NO_WORKER,
                        "worker \"%s\" is not connected, and may have this run, which was sent "
                        "before; start it, and ask again with the same id; %s",
                        self->offline, gone);
    return err_set (err, STATUS_NO_WORKER,
                    "no connected worker has a job \"%s\", but worker \"%s\" is not connected; "
                    "start it, and ask again; %s",
                    self->wanted, self->offline, gone);
}

static int ambiguous (const struct find *self, struct err *err)
{
    char list[FIND_SHOWN * (JOB_ID_BYTES + 1) + 8] = "";
    for (int i = 0; i < self->matches && i < FIND_SHOWN; i++) {
        if (i > 0)
            strcat (list, ", ");
        strcat (list, self->shown[i]);
    }
    if (self->matches > FIND_SHOWN)
        strcat (list, " ...");
    return err_set (err, STATUS_CONFLICT,
                    "\"%s\" fits several jobs (%s); give more digits of the one that you mean",
                    self->wanted, list);
}

/* Of a run nothing is known then: it may be asked for again. */
static int claimed_twice (const struct find *self, struct err *err)
{
    /* Which of them was the first to claim it tells nothing. */
    if (self->by_request)
        return err_set (err, STATUS_NO_WORKER,
                        "workers \"%s\" and \"%s\" both say that they have this run; it goes to "
                        "neither until one of them is stopped, or loses its key",
                        self->owner, self->rival);
    return err_set (err, STATUS_CONFLICT,
                    "workers \"%s\" and \"%s\" both say that job \"%s\" is their own; name the "
                    "worker that you mean (--worker NAME)",
                    self->owner, self->rival, self->newest_id);
}

int find_verdict (const struct find *self, const struct value *missing, struct err *err)
{
    bool whole = wants_whole_id (self) || self->by_request;
    if (self->rival[0] != '\0')
        return claimed_twice (self, err);
    if (self->matches > 0 && whole)
        return 1;
    /* With a prefix or `last`, the job that is meant may be one of a worker that is silent. */
    if (value_count (missing) > 0)
        return unsure (self, missing, err);
    if (self->matches == 0 && self->offline[0] != '\0' && (self->repeated || !self->by_request))
        return not_all_asked (self, err);
    if (self->matches == 0 && self->by_request)
        return 0;
    if (self->matches == 0 && wants_last (self))
        return err_set (err, STATUS_UNKNOWN, "there is no job yet");
    if (self->matches == 0)
        return err_set (err, STATUS_UNKNOWN, "there is no job \"%s\"", self->wanted);
    if (self->matches > 1 && !wants_last (self))
        return ambiguous (self, err);
    return 1;
}
