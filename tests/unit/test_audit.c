/* The audit log: what a line says, files that are full, disks that are.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "audit.h"
#include "files.h"

#define WALL      INT64_C (1771000000000)
#define FILE_SIZE 400

struct room {
    char path[64];
    int statefd;
    struct audit *audit;
    struct broker_time now;
    int complaints;
    char complaint[1024];
};

static void complain (void *arg, const char *line)
{
    struct room *room = arg;
    room->complaints++;
    snprintf (room->complaint, sizeof room->complaint, "%s", line);
}

static void open_audit (struct room *room, int64_t most_bytes)
{
    const struct audit_options options = { room->statefd, most_bytes, complain, room };
    audit_destroy (&room->audit);
    room->audit = audit_new (&options, NULL);
    assert_non_null (room->audit);
}

static int set_up (void **state)
{
    struct room *room = calloc (1, sizeof *room);
    snprintf (room->path, sizeof room->path, "/tmp/ems-test-audit-XXXXXX");
    assert_non_null (mkdtemp (room->path));
    room->statefd = open (room->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    room->now = (struct broker_time){ 1000000, WALL };
    open_audit (room, 0);
    *state = room;
    return 0;
}

static int tear_down (void **state)
{
    struct room *room = *state;
    audit_destroy (&room->audit);
    audit_destroy (&room->audit);
    close (room->statefd);
    assert_int_equal (tree_remove (AT_FDCWD, room->path, NULL), 0);
    free (room);
    return 0;
}

static const struct broker_deed cancelled = {
    .user = "alice",
    .key = "Yne@$w-v",
    .verb = "cancel",
    .worker = "bench-1",
    .job = "abc123def456",
    .request = "0123456789abcdef0123456789abcdef",
    .status = 200,
};
#define LINE                                                                       \
    "2026-02-13T16:26:40.000Z user=alice key=Yne@$w-v verb=cancel worker=bench-1 " \
    "job=abc123def456 request=0123456789abcdef0123456789abcdef status=200\n"

static char *content (const struct room *room, const char *name)
{
    size_t bytes;
    struct err err;
    return file_read (room->statefd, name, 1 << 20, &bytes, &err);
}

static void expect_content (const struct room *room, const char *name, const char *text)
{
    char *found = content (room, name);
    assert_non_null (found);
    assert_string_equal (found, text);
    free (found);
}

static void a_line_says_who_did_what_to_which_job_and_how_it_went (void **state)
{
    struct room *room = *state;
    struct stat stat;
    audit_note (room->audit, &room->now, &cancelled);
    expect_content (room, "broker/audit.log", LINE);
    assert_int_equal (fstatat (room->statefd, "broker/audit.log", &stat, 0), 0);
    assert_int_equal (stat.st_mode & 0777, 0600);
}

static void what_is_not_known_is_a_dash (void **state)
{
    struct room *room = *state;
    const struct broker_deed deed = { "", "", "", "", "", "", 403 };
    audit_note (room->audit, &room->now, &deed);
    expect_content (room, "broker/audit.log",
                    "2026-02-13T16:26:40.000Z user=- key=- verb=- worker=- job=- request=- "
                    "status=403\n");
}

static void nobody_can_write_a_second_line_or_a_word_more (void **state)
{
    struct room *room = *state;
    struct broker_deed deed = cancelled;
    deed.user = "eve\n2026-02-13T16:26:40.000Z user=alice\x1b[2J\xff";
    deed.job = "x status=200";
    audit_note (room->audit, &room->now, &deed);
    char *text = content (room, "broker/audit.log");
    assert_int_equal (strlen (text), strcspn (text, "\n") + 1);
    assert_null (strchr (text, 0x1b));
    assert_non_null (strstr (text, " job=x_status=200 "));
    assert_non_null (strstr (text, " user=eve\\x0a2026"));
    free (text);
}

static void texts_without_end_make_a_line_that_ends (void **state)
{
    struct room *room = *state;
    char huge[5000];
    memset (huge, '\n', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    const struct broker_deed deed = { huge, huge, huge, huge, huge, huge, 200 };
    audit_note (room->audit, &room->now, &deed);
    audit_note (room->audit, &room->now, &cancelled);
    char *text = content (room, "broker/audit.log");
    assert_string_equal (text + strcspn (text, "\n") + 1, LINE);
    free (text);
}

static void lines_are_added_after_a_restart_and_half_a_line_is_ended (void **state)
{
    struct room *room = *state;
    audit_note (room->audit, &room->now, &cancelled);
    open_audit (room, 0);
    audit_note (room->audit, &room->now, &cancelled);
    expect_content (room, "broker/audit.log", LINE LINE);
    int fd = openat (room->statefd, "broker/audit.log", O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal (write (fd, "torn", 4), 4);
    close (fd);
    open_audit (room, 0);
    audit_note (room->audit, &room->now, &cancelled);
    expect_content (room, "broker/audit.log", LINE LINE "torn\n" LINE);
}

static void a_full_file_is_put_aside_and_the_oldest_goes (void **state)
{
    struct room *room = *state;
    struct broker_deed deed = cancelled;
    open_audit (room, FILE_SIZE); /* two lines */
    for (deed.status = 100; deed.status < 114; deed.status++)
        audit_note (room->audit, &room->now, &deed);
    for (int number = 0; number <= AUDIT_FILES; number++) {
        char name[64];
        char first[16];
        snprintf (name, sizeof name, number ? "broker/audit.log.%d" : "broker/audit.log", number);
        snprintf (first, sizeof first, "status=%d\n", 112 - 2 * number);
        char *text = content (room, name);
        assert_non_null (text);
        assert_true (strlen (text) <= FILE_SIZE);
        assert_non_null (strstr (text, first));
        free (text);
    }
    assert_null (content (room, "broker/audit.log.5"));
    assert_int_equal (room->complaints, 0);
}

static void what_cannot_be_written_is_said_once_a_minute_and_then_goes_on (void **state)
{
    struct room *room = *state;
    int fd = openat (room->statefd, "broker", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close (fd); /* a file where the folder should be */
    for (int i = 0; i < 10; i++)
        audit_note (room->audit, &room->now, &cancelled);
    assert_int_equal (room->complaints, 1);
    assert_non_null (strstr (room->complaint, "1 lines of the audit log are lost: "));
    room->now.mono_ms += 60000;
    audit_note (room->audit, &room->now, &cancelled);
    assert_int_equal (room->complaints, 2);
    assert_non_null (strstr (room->complaint, "10 lines of the audit log are lost: "));
    assert_int_equal (unlinkat (room->statefd, "broker", 0), 0);
    audit_note (room->audit, &room->now, &cancelled);
    audit_note (room->audit, &room->now, &cancelled);
    expect_content (room, "broker/audit.log", "2026-02-13T16:26:40.000Z lost=11\n" LINE LINE);
}

static void a_file_that_was_removed_is_made_anew (void **state)
{
    struct room *room = *state;
    audit_note (room->audit, &room->now, &cancelled);
    assert_int_equal (unlinkat (room->statefd, "broker/audit.log", 0), 0);
    audit_note (room->audit, &room->now, &cancelled);
    expect_content (room, "broker/audit.log", LINE);
    assert_int_equal (unlinkat (room->statefd, "broker/audit.log", 0), 0);
    assert_int_equal (unlinkat (room->statefd, "broker", AT_REMOVEDIR), 0);
    audit_note (room->audit, &room->now, &cancelled);
    expect_content (room, "broker/audit.log", LINE);
}

static void a_file_that_has_another_name_now_is_left_when_it_is_told_so (void **state)
{
    struct room *room = *state;
    audit_note (room->audit, &room->now, &cancelled);
    assert_int_equal (renameat (room->statefd, "broker/audit.log", room->statefd, "kept"), 0);
    audit_note (room->audit, &room->now, &cancelled);
    expect_content (room, "kept", LINE LINE);
    audit_reopen (room->audit);
    audit_note (room->audit, &room->now, &cancelled);
    expect_content (room, "kept", LINE LINE);
    expect_content (room, "broker/audit.log", LINE);
}

static void it_is_not_written_through_a_link (void **state)
{
    struct room *room = *state;
    assert_int_equal (mkdirat (room->statefd, "broker", 0700), 0);
    assert_int_equal (symlinkat ("../elsewhere", room->statefd, "broker/audit.log"), 0);
    audit_note (room->audit, &room->now, &cancelled);
    assert_int_equal (room->complaints, 1);
    assert_int_equal (faccessat (room->statefd, "elsewhere", F_OK, 0), -1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_line_says_who_did_what_to_which_job_and_how_it_went,
                                         set_up, tear_down),
        cmocka_unit_test_setup_teardown (what_is_not_known_is_a_dash, set_up, tear_down),
        cmocka_unit_test_setup_teardown (nobody_can_write_a_second_line_or_a_word_more, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (texts_without_end_make_a_line_that_ends, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (lines_are_added_after_a_restart_and_half_a_line_is_ended,
                                         set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_full_file_is_put_aside_and_the_oldest_goes, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (
            what_cannot_be_written_is_said_once_a_minute_and_then_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_file_that_was_removed_is_made_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown (
            a_file_that_has_another_name_now_is_left_when_it_is_told_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown (it_is_not_written_through_a_link, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
