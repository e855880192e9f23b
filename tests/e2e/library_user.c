/* library_user.c - a stranger's program: what ems.h promises, in the order of a job's life.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <ems.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must (bool good, const char *what, const struct ems_error *error)
{
    if (good)
        return;
    printf ("%s: %d %s\n", what, error->status, error->text);
    exit (1);
}

/* Returns false at the first byte of the log that says so, and never again. */
static bool until_ready (void *arg, const struct ems_event *event)
{
    int64_t *seen = arg;
    if (event->type == EMS_EVENT_LOG && event->size > 0) {
        bool first = *seen == 0;
        *seen = event->offset + (int64_t)event->size;
        return !first;
    }
    return true;
}

/* Stopped by its own word, the follower goes on where it was. */
static void follow_in_two_parts (struct ems *ems, const struct ems_value *job)
{
    struct ems_error error;
    struct ems_value *reply = NULL;
    int64_t seen = 0, size = 0;
    struct ems_follow *follow = ems_follow_job (ems, job, 0, &error);
    must (follow != NULL, "follow", &error);
    must (ems_follow_each (follow, until_ready, &seen, &error) == 0, "the first part", &error);
    printf ("first ready\n");
    must (ems_follow_each (follow, until_ready, &seen, &error) == 1, "the second part", &error);
    must (ems_follow_each (follow, until_ready, &seen, &error) == 1, "after the end", &error);
    printf ("then over\n");
    ems_follow_destroy (&follow);
    must (ems_list (ems, 0, NULL, &reply, &error) == 0, "list", &error);
    printf ("listed %d\n", (int)ems_count (reply, "jobs"));
    ems_value_destroy (&reply);
    must (ems_status (ems, ems_text (job, "job_id"), &reply, &error) == 0, "status", &error);
    must (ems_int (reply, "log.bytes", &size) && size == seen, "the length of the log", &error);
    printf ("whole log\n");
    ems_value_destroy (&reply);
}

/* More at once than a broker would hold answers for. */
static void ask_for_much (struct ems *ems)
{
    static struct ems_ask *asks[900];
    struct ems_error error;
    struct ems_monitor_event event;
    const int many = (int)(sizeof asks / sizeof *asks);
    int answered = 0, open = many;
    struct ems_monitor *monitor = ems_monitor_new (ems, &error);
    must (monitor != NULL, "monitor", &error);
    for (int i = 0; i < many; i++) {
        asks[i] = ems_ask_new (ems, "ping", NULL, NULL, &error);
        must (asks[i] != NULL, "ask", &error);
    }
    while (open > 0) {
        must (ems_monitor_next (monitor, 1000, &event, &error) >= 0, "next", &error);
        for (int i = 0; i < many; i++) {
            int rc = asks[i] ? ems_ask_take (asks[i], NULL, &error) : 0;
            if (rc == 0)
                continue;
            must (rc == 1, "answer", &error);
            ems_ask_destroy (&asks[i]);
            answered++;
            open--;
        }
    }
    ems_monitor_destroy (&monitor);
    printf ("answered %d\n", answered);
}

static void take_nothing (struct ems *ems)
{
    struct ems_error error;
    struct ems_value *map = ems_map_new ();
    must (ems_files (ems, NULL, NULL, NULL, &error) == -1 && error.status == 400, "no run", &error);
    must (ems_file (ems, NULL, NULL, NULL, 0, 0, NULL, &error) == -1 && error.status == 400,
          "no file", &error);
    must (ems_log_piece (ems, NULL, NULL, NULL, &error) == -1 && error.status == 400, "no job",
          &error);
    must (ems_put_text (map, "k", NULL) == -1, "no text", &error);
    ems_value_destroy (&map);
    printf ("nothing taken\n");
}

int main (void)
{
    struct ems_error error = { 0 };
    struct ems_run run;
    struct ems_value *job = NULL, *other = NULL;
    struct ems *ems = ems_new (NULL, &error);
    must (ems != NULL, "new", &error);
    printf ("%s\n", ems_version ());
    ems_run_init (&run);
    run.profile = "once";
    must (ems_run (ems, &run, &job, &error) == 0, "run once", &error);
    must (ems_wait (ems, ems_text (job, "job_id"), -1, NULL, &error) == 0, "wait", &error);
    ems_value_destroy (&job);
    run.profile = "say";
    must (ems_run (ems, &run, &job, &error) == 0, "run say", &error);
    follow_in_two_parts (ems, job);
    ems_value_destroy (&job);

    run.profile = "obeys";
    must (ems_run (ems, &run, &job, &error) == 0, "run obeys", &error);
    const char *id = ems_text (job, "job_id");
    must (ems_run (ems, &run, &other, &error) == -1 && other != NULL, "a second run", &error);
    int busy = error.status;
    must (strcmp (ems_text (other, "job_id"), id) == 0, "who holds the slot", &error);
    ems_value_destroy (&other);
    must (ems_wait (ems, id, 10, &other, &error) == -1 && error.status == 504, "short", &error);
    must (ems_cancel (ems, id, 0, &other, &error) == 0, "cancel", &error);
    printf ("cancelled %d\nbusy %d\n", ems_job_exit_code (other), busy);
    ems_value_destroy (&other);
    ems_value_destroy (&job);
    must (ems_status (ems, "fedcba987654", &job, &error) == -1 && !job, "no such job", &error);
    printf ("unknown %d\n", error.status);
    take_nothing (ems);
    ask_for_much (ems);
    ems_destroy (&ems);
    return 0;
}
