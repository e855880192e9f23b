/* test_life_look.c - what a worker decides about a shim that ends while it is looked for.
 *
 * ctl_connect is wrapped: it is called between the question for exit.json and that for the shim.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "files.h"
#include "life_private.h"

#define JOB "0123456789ab"

struct place {
    char path[64];
    int statefd;
    struct life life;
};

static struct exit_record outcome; /* what the shim writes down meanwhile */
static bool writes_outcome;
static int connect_error; /* with which nobody lets us in */

int __wrap_ctl_connect (int dirfd, struct err *err);
int __wrap_ctl_connect (int dirfd, struct err *err)
{
    if (writes_outcome)
        assert_int_equal (exit_record_write (dirfd, &outcome, err), 0);
    errno = connect_error;
    err_sys (err, "cannot connect");
    errno = connect_error;
    return -1;
}

/* The start record of a shim that is dead by now. */
static void put_dead_shim (int dirfd)
{
    struct err err;
    struct shim_record record = { .job_id = JOB, .attempt = 1, .started_at_ms = 1 };
    pid_t pid = fork ();
    assert_true (pid >= 0);
    if (pid == 0) {
        pause ();
        _exit (0);
    }
    assert_int_equal (proc_identify (pid, &record.shim, &err), 0);
    record.main = record.shim;
    assert_int_equal (kill (pid, SIGKILL), 0);
    assert_int_equal (waitpid (pid, NULL, 0), pid);
    assert_int_equal (shim_record_write (dirfd, &record, &err), 0);
}

/* A job that a new worker takes over: it is on record as running, its shim was there. */
static int setup (void **state)
{
    struct err err;
    struct place *place = calloc (1, sizeof *place);
    assert_non_null (place);
    strcpy (place->path, "/tmp/ems-test-life-look-XXXXXX");
    assert_non_null (mkdtemp (place->path));
    struct life *life = &place->life;
    place->statefd = open (place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    life->env.statefd = place->statefd;
    life->env.reactor = reactor_new (&err);
    assert_non_null (life->env.reactor);
    life->runfd = dir_open_make (place->statefd, "run", 0750, &err);
    life->dirfd = dir_open_make (life->runfd, JOB, 0750, &err);
    assert_true (life->dirfd >= 0);
    life->ctl = life->shim = -1;
    life->draining = true; /* so far and no further: the log is not of interest here */
    record_init (&life->record);
    strcpy (life->record.job_id, JOB);
    life->record.status = JOB_RUNNING;
    slot_init (&life->slot, 0);
    slot_step (&life->slot, SLOT_EV_ADOPT, 0);
    put_dead_shim (life->dirfd);
    outcome = (struct exit_record){ .job_id = JOB,
                                    .attempt = 1,
                                    .outcome = OUTCOME_EXITED,
                                    .has_code = true,
                                    .drained = true,
                                    .started_at_ms = 1,
                                    .finished_at_ms = 2 };
    writes_outcome = false;
    connect_error = ECONNREFUSED;
    *state = place;
    return 0;
}

static int teardown (void **state)
{
    struct place *place = *state;
    struct err err;
    record_clear (&place->life.record);
    close (place->life.dirfd);
    close (place->life.runfd);
    close (place->statefd);
    reactor_destroy (&place->life.env.reactor);
    int rc = tree_remove (AT_FDCWD, place->path, &err);
    free (place);
    return rc;
}

static void an_outcome_that_was_written_while_we_looked_is_not_lost (void **state)
{
    struct life *life = &((struct place *)*state)->life;
    writes_outcome = true;
    life_look (life, true);
    assert_int_equal (life->slot.state, SLOT_FINISHING);
    assert_int_equal (life->ending.kind, ENDING_EXITED);
    assert_true (ending_complete (&life->ending));
    assert_false (life->orphaned);
}

static void without_an_outcome_a_dead_shim_means_lost (void **state)
{
    struct life *life = &((struct place *)*state)->life;
    life_look (life, true);
    assert_int_equal (life->slot.state, SLOT_FINISHING);
    assert_int_equal (life->ending.kind, ENDING_LOST);
    assert_true (life->orphaned);
}

/* Else a later worker would start it, whose monitors were told that its log has ended. */
static void a_failure_to_start_is_durable_before_the_log_ends (void **state)
{
    struct err err;
    struct exit_record found;
    struct life *life = &((struct place *)*state)->life;
    assert_int_equal (unlinkat (life->dirfd, JOBDIR_SHIM, 0), 0);
    life_look (life, false);
    assert_int_equal (life->ending.kind, ENDING_SPAWN);
    assert_int_equal (life->step, FINISH_DRAIN);
    assert_int_equal (exit_record_read (life->dirfd, &found, &err), 0);
    assert_int_equal (found.outcome, OUTCOME_SPAWN);
    assert_string_equal (found.detail, life->ending.detail);
}

static void a_shim_that_has_no_room_for_us_is_looked_after_all_the_same (void **state)
{
    struct life *life = &((struct place *)*state)->life;
    connect_error = EAGAIN;
    life_look (life, true);
    assert_true (life->unsure);
    assert_true (life->retry.armed);
    assert_true (life->watch.armed);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (an_outcome_that_was_written_while_we_looked_is_not_lost,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (without_an_outcome_a_dead_shim_means_lost, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_failure_to_start_is_durable_before_the_log_ends, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (
            a_shim_that_has_no_room_for_us_is_looked_after_all_the_same, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
