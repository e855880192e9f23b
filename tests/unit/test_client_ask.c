/* test_client_ask.c - when a request is sent again, and when it is given up.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ask.h"
#include "ems.h"

#define T0 1000
#define ID "0123456789abcdef0123456789abcdef"

static const struct ask_limits limits = { .endpoint = "ipc:///x/clients",
                                          .connect_ms = 2000,
                                          .reply_ms = 10000 };

static struct ask *make (enum patience patience)
{
    struct ask *ask = ask_new ("run", NULL, NULL, ID, patience, T0, NULL);
    assert_non_null (ask);
    return ask;
}

static void answer (struct ask *ask, int status, int64_t now_ms)
{
    struct wire_reply reply = { .status = status };
    ask_answer (ask, &reply, now_ms);
}

static void a_request_without_a_connection_is_given_up_soon (void **state)
{
    (void)state;
    struct err err = { 0 };
    const struct wire_reply *reply;
    for (int patience = PATIENCE_REPLY; patience <= PATIENCE_LONG; patience++) {
        struct ask *ask = make ((enum patience)patience);
        assert_int_equal (ask_give_up_ms (ask, &limits, false), T0 + 2000);
        ask_give_up (ask, &limits, false);
        assert_true (ask_done (ask));
        assert_int_equal (ask_reply (ask, &reply, &err), -1);
        assert_int_equal (err.code, EMS_UNREACHABLE);
        assert_non_null (strstr (err.text, "ipc:///x/clients"));
        assert_non_null (strstr (err.text, "ems up"));
        ask_destroy (&ask);
    }
}

static void fails (struct ask_limits over, const char *endpoint, int code, const char *word)
{
    struct err err = { 0 };
    const struct wire_reply *reply;
    struct ask *ask = make (PATIENCE_REPLY);
    over.endpoint = endpoint;
    ask_give_up (ask, &over, false);
    assert_int_equal (ask_reply (ask, &reply, &err), -1);
    assert_int_equal (err.code, code);
    assert_non_null (strstr (err.text, endpoint));
    assert_non_null (strstr (err.text, word));
    assert_true (endpoint[0] == 'i' || !strstr (err.text, "ems up"));
    ask_destroy (&ask);
}

static void why_there_is_no_connection_is_said_by_the_kind_of_endpoint (void **state)
{
    (void)state;
    struct ask_limits unfit = limits;
    unfit.news = LINK_UNFIT;
    fails (limits, "tcp://far:5570", EMS_UNREACHABLE, "port");
    fails (unfit, "tcp://far:5570", EMS_UNREACHABLE, "public key");
    fails (unfit, "ipc:///x/clients", STATUS_FORBIDDEN, "its own user and root");
}

static void an_answer_ends_it (void **state)
{
    (void)state;
    const struct wire_reply *reply;
    struct ask *ask = make (PATIENCE_REPLY);
    ask_link (ask, true, T0);
    ask_sent (ask, true, T0);
    answer (ask, 409, T0 + 5);
    assert_true (ask_done (ask));
    assert_int_equal (ask_reply (ask, &reply, NULL), 0);
    assert_int_equal (reply->status, 409);
    ask_destroy (&ask);
}

static void after_503_it_is_sent_again_and_not_at_once (void **state)
{
    (void)state;
    struct ask *ask = make (PATIENCE_REPLY);
    int64_t pause_ms = 0;
    int64_t now = T0;
    for (int i = 0; i < 10; i++) {
        ask_sent (ask, true, now);
        answer (ask, 503, now + 1);
        assert_false (ask_done (ask));
        assert_true (ask->due_ms - now >= pause_ms);
        pause_ms = ask->due_ms - now - 1;
        assert_true (pause_ms >= 50 && pause_ms <= 1000);
        now = ask->due_ms;
    }
    assert_int_equal (ask_give_up_ms (ask, &limits, true), T0 + 10000);
    ask_destroy (&ask);
}

static void answer_hasty (struct ask *ask, int64_t retry_after_ms, int64_t now_ms)
{
    struct wire_reply reply = { .status = 429, .root = value_new_map () };
    struct value *body = value_new_map ();
    value_put_int (body, "retry_after_ms", retry_after_ms);
    value_put (reply.root, "body", body);
    reply.body = value_get (reply.root, "body");
    ask_answer (ask, &reply, now_ms);
}

static void who_asked_too_often_asks_again_when_told (void **state)
{
    (void)state;
    struct ask *ask = make (PATIENCE_REPLY);
    ask_sent (ask, true, T0);
    answer_hasty (ask, 700, T0 + 1);
    assert_false (ask_done (ask));
    assert_int_equal (ask->due_ms, T0 + 701);
    assert_false (ask->again); /* nobody has looked at it yet */
    ask_sent (ask, true, T0 + 701);
    answer_hasty (ask, INT64_MAX, T0 + 702);
    assert_int_equal (ask->due_ms, T0 + 702 + 10000);
    ask_sent (ask, true, T0 + 11000);
    answer (ask, 503, T0 + 11001); /* somebody has */
    ask_sent (ask, true, T0 + 12000);
    answer_hasty (ask, 1, T0 + 12001);
    assert_true (ask->again);
    assert_true (ask->due_ms >= T0 + 12051);
    ask_sent (ask, true, T0 + 12100);
    answer (ask, 429, T0 + 12101); /* another bound, of which nobody says when it is over */
    assert_true (ask_done (ask));
    ask_destroy (&ask);
}

static void a_reconnection_sends_it_again_at_once (void **state)
{
    (void)state;
    struct ask *ask = make (PATIENCE_REPLY);
    ask_sent (ask, true, T0);
    assert_int_equal (ask->due_ms, T0 + 5000);
    ask_link (ask, false, T0 + 100);
    ask_link (ask, true, T0 + 300);
    assert_int_equal (ask->due_ms, T0 + 300);
    assert_false (ask->sent);
    ask_destroy (&ask);
}

static void a_long_request_waits_while_the_broker_is_there (void **state)
{
    (void)state;
    struct ask *ask = make (PATIENCE_LONG);
    ask_link (ask, true, T0);
    ask_sent (ask, true, T0);
    assert_int_equal (ask_give_up_ms (ask, &limits, true), INT64_MAX);
    /* The connection goes after an hour: ten seconds from then. */
    ask_link (ask, false, T0 + 3600000);
    assert_int_equal (ask_give_up_ms (ask, &limits, false), T0 + 3600000 + 10000);
    ask_link (ask, true, T0 + 3601000);
    ask_sent (ask, true, T0 + 3601000);
    assert_int_equal (ask_give_up_ms (ask, &limits, true), INT64_MAX);
    ask_destroy (&ask);
}

static void a_long_request_that_only_gets_503_is_given_up (void **state)
{
    (void)state;
    struct err err = { 0 };
    const struct wire_reply *reply;
    struct ask *ask = make (PATIENCE_LONG);
    int64_t now = T0;
    ask_link (ask, true, now);
    while (now < ask_give_up_ms (ask, &limits, true)) {
        ask_sent (ask, true, now);
        answer (ask, 503, now + 1);
        now = ask->due_ms;
    }
    assert_true (now - T0 >= 10000 && now - T0 < 12000);
    ask_give_up (ask, &limits, true);
    assert_int_equal (ask_reply (ask, &reply, &err), -1);
    assert_int_equal (err.code, 503);
    ask_destroy (&ask);
}

static void a_long_request_that_somebody_worked_on_has_its_time_again (void **state)
{
    (void)state;
    struct ask *ask = make (PATIENCE_LONG);
    ask_link (ask, true, T0);
    ask_sent (ask, true, T0);
    answer (ask, 504, T0 + 30000);
    assert_false (ask_done (ask));
    assert_int_equal (ask_give_up_ms (ask, &limits, true), T0 + 40000);
    ask_sent (ask, true, T0 + 30100);
    answer (ask, 504, T0 + 60100);
    assert_int_equal (ask_give_up_ms (ask, &limits, true), T0 + 70100);
    ask_destroy (&ask);
}

static void too_late_is_an_answer_to_a_plain_request (void **state)
{
    (void)state;
    struct ask *ask = make (PATIENCE_REPLY);
    ask_sent (ask, true, T0);
    answer (ask, 504, T0 + 5);
    assert_true (ask_done (ask));
    ask_destroy (&ask);
}

static void some_requests_are_never_given_up (void **state)
{
    (void)state;
    struct ask *ask = make (PATIENCE_EVER);
    assert_int_equal (ask_give_up_ms (ask, &limits, false), INT64_MAX);
    ask_link (ask, true, T0);
    ask_sent (ask, true, T0);
    answer (ask, 503, T0 + 1);
    answer (ask, 429, T0 + 2);
    ask_link (ask, false, T0 + 3);
    assert_false (ask_done (ask));
    assert_int_equal (ask_give_up_ms (ask, &limits, false), INT64_MAX);
    ask_destroy (&ask);
}

static void silence_is_broken_by_asking_again (void **state)
{
    (void)state;
    struct ask *ask = make (PATIENCE_LONG);
    ask_sent (ask, true, T0);
    assert_int_equal (ask->due_ms, T0 + 5000);
    ask_sent (ask, true, T0 + 5000);
    assert_int_equal (ask->due_ms, T0 + 10000);
    ask_destroy (&ask);
}

static void what_was_sent_before_is_sent_again_as_such (void **state)
{
    (void)state;
    struct ask *ask = make (PATIENCE_LONG);
    assert_false (ask->again);
    ask_link (ask, true, T0);
    ask_sent (ask, false, T0);
    assert_false (ask->again);
    ask_sent (ask, true, T0);
    assert_true (ask->again);
    answer (ask, 503, T0 + 1);
    ask_link (ask, false, T0 + 2);
    assert_true (ask->again);
    ask_destroy (&ask);
}

static void a_bad_request_id_is_refused (void **state)
{
    (void)state;
    struct err err = { 0 };
    assert_null (ask_new ("run", NULL, NULL, "xyz", PATIENCE_LONG, T0, &err));
    assert_int_equal (err.code, 400);
}

static void what_comes_after_the_end_changes_nothing (void **state)
{
    (void)state;
    const struct wire_reply *reply;
    struct ask *ask = make (PATIENCE_REPLY);
    ask_link (ask, true, T0);
    ask_sent (ask, true, T0);
    answer (ask, 200, T0 + 1);
    answer (ask, 500, T0 + 2);
    ask_link (ask, false, T0 + 3);
    assert_int_equal (ask_reply (ask, &reply, NULL), 0);
    assert_int_equal (reply->status, 200);
    assert_int_equal (ask_notice_ms (ask), INT64_MAX);
    ask_destroy (&ask);
    ask_destroy (&ask);
}

static void too_many_is_an_answer_except_to_who_never_gives_up (void **state)
{
    (void)state;
    for (int patience = PATIENCE_REPLY; patience <= PATIENCE_EVER; patience++) {
        struct ask *ask = make ((enum patience)patience);
        ask_link (ask, true, T0);
        ask_sent (ask, true, T0);
        answer (ask, 429, T0 + 1);
        assert_int_equal (ask_done (ask), patience != PATIENCE_EVER);
        ask_destroy (&ask);
    }
}

static void a_person_is_told_when_refusals_go_on (void **state)
{
    (void)state;
    struct err err = { 0 };
    const struct wire_reply *reply;
    struct ask *ask = make (PATIENCE_REPLY);
    assert_int_equal (ask_notice_ms (ask), INT64_MAX);
    ask_link (ask, true, T0);
    ask_sent (ask, true, T0);
    answer (ask, 503, T0 + 1);
    assert_int_equal (ask_notice_ms (ask), T0 + 1000);
    ask_give_up (ask, &limits, true);
    assert_int_equal (ask_reply (ask, &reply, &err), -1);
    assert_non_null (strstr (err.text, "no worker is there"));
    assert_int_equal (ask_reply (ask, &reply, NULL), -1);
    ask_destroy (&ask);
}

static void silence_over_a_connection_is_told_as_such (void **state)
{
    (void)state;
    struct err err = { 0 };
    const struct wire_reply *reply;
    struct ask *ask = make (PATIENCE_LONG);
    ask_link (ask, true, T0);
    ask_sent (ask, true, T0);
    ask_link (ask, false, T0 + 5);
    assert_true (ask_give_up_ms (ask, &limits, true) < INT64_MAX);
    ask_give_up (ask, &limits, true);
    assert_int_equal (ask_reply (ask, &reply, &err), -1);
    assert_true (err.text[0]);
    ask_destroy (&ask);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_request_without_a_connection_is_given_up_soon),
        cmocka_unit_test (why_there_is_no_connection_is_said_by_the_kind_of_endpoint),
        cmocka_unit_test (an_answer_ends_it),
        cmocka_unit_test (after_503_it_is_sent_again_and_not_at_once),
        cmocka_unit_test (who_asked_too_often_asks_again_when_told),
        cmocka_unit_test (a_reconnection_sends_it_again_at_once),
        cmocka_unit_test (a_long_request_waits_while_the_broker_is_there),
        cmocka_unit_test (a_long_request_that_only_gets_503_is_given_up),
        cmocka_unit_test (a_long_request_that_somebody_worked_on_has_its_time_again),
        cmocka_unit_test (too_late_is_an_answer_to_a_plain_request),
        cmocka_unit_test (some_requests_are_never_given_up),
        cmocka_unit_test (silence_is_broken_by_asking_again),
        cmocka_unit_test (what_was_sent_before_is_sent_again_as_such),
        cmocka_unit_test (a_bad_request_id_is_refused),
        cmocka_unit_test (what_comes_after_the_end_changes_nothing),
        cmocka_unit_test (too_many_is_an_answer_except_to_who_never_gives_up),
        cmocka_unit_test (a_person_is_told_when_refusals_go_on),
        cmocka_unit_test (silence_over_a_connection_is_told_as_such),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
