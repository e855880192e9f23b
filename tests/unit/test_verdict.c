/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "verdict.h"

static void answers_mean_what_the_page_says (void **state)
{
    (void)state;
    static const struct {
        long code;
        enum verdict verdict;
    } http[] = {
        { 200, VERDICT_DELIVERED }, { 204, VERDICT_DELIVERED }, { 299, VERDICT_DELIVERED },
        { 0, VERDICT_AGAIN },       { 100, VERDICT_AGAIN },     { 301, VERDICT_AGAIN },
        { 400, VERDICT_NEVER },     { 404, VERDICT_NEVER },     { 408, VERDICT_AGAIN },
        { 425, VERDICT_AGAIN },     { 429, VERDICT_AGAIN },     { 499, VERDICT_NEVER },
        { 500, VERDICT_AGAIN },     { 503, VERDICT_AGAIN },     { 600, VERDICT_AGAIN },
    }, smtp[] = {
        { 0, VERDICT_AGAIN },   { 421, VERDICT_AGAIN }, { 451, VERDICT_AGAIN },
        { 550, VERDICT_NEVER }, { 554, VERDICT_NEVER }, { 530, VERDICT_AGAIN },
        { 535, VERDICT_AGAIN }, { 250, VERDICT_AGAIN },
    };
    for (size_t i = 0; i < sizeof http / sizeof http[0]; i++)
        assert_int_equal (verdict_of_http (http[i].code), http[i].verdict);
    for (size_t i = 0; i < sizeof smtp / sizeof smtp[0]; i++)
        assert_int_equal (verdict_of_smtp (smtp[i].code), smtp[i].verdict);
    assert_int_equal (verdict_of_exit (false, 0), VERDICT_DELIVERED);
    assert_int_equal (verdict_of_exit (false, 75), VERDICT_AGAIN);
    assert_int_equal (verdict_of_exit (false, 1), VERDICT_NEVER);
    assert_int_equal (verdict_of_exit (true, 0), VERDICT_AGAIN);
}

static void waits_grow_from_a_second_to_an_hour_and_differ (void **state)
{
    (void)state;
    int64_t most = BACKOFF_FIRST_MS;
    for (unsigned failures = 1; failures < 40; failures++) {
        assert_int_equal (backoff_ms (failures, 0), most);
        for (uint32_t random = 1; random < 4000000000U; random += 99999989U) {
            int64_t wait = backoff_ms (failures, random);
            assert_true (wait > most / 2 && wait <= most);
        }
        assert_true (backoff_ms (failures, 7) != backoff_ms (failures, 8));
        most = most * 2 < BACKOFF_MOST_MS ? most * 2 : BACKOFF_MOST_MS;
    }
    assert_int_equal (backoff_ms (0, 0), BACKOFF_FIRST_MS);
    assert_int_equal (backoff_ms (UINT32_MAX, 0), BACKOFF_MOST_MS);
}

static void a_signature_is_hex (void **state)
{
    (void)state;
    uint8_t mac[MAC_BYTES] = { 0x00, 0x0f, 0xa5 };
    char text[SIGNATURE_BYTES];
    mac[MAC_BYTES - 1] = 0xff;
    signature_text (mac, text);
    assert_string_equal (text, "sha256=000fa5"
                               "00000000000000000000000000000000000000000000000000000000ff");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (answers_mean_what_the_page_says),
        cmocka_unit_test (waits_grow_from_a_second_to_an_hour_and_differ),
        cmocka_unit_test (a_signature_is_hex),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
