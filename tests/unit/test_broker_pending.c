/* The table of requests under way: refs, deadlines and bounds, against a plain model.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "limits.h"
#include "owners.h"
#include "pending.h"

#define STEPS 200000
#define MODEL 700

static uint64_t next_random (uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static struct pending *added (struct pendings *table, const char *route, size_t bytes)
{
    struct err err;
    return pendings_add (table, (struct bytes){ route, strlen (route) }, bytes, &err);
}

static int64_t earliest_of (struct pending *const *items, int count)
{
    int64_t earliest = INT64_MAX;
    for (int i = 0; i < count; i++)
        if (items[i]->deadline_ms < earliest)
            earliest = items[i]->deadline_ms;
    return earliest;
}

static void refs_and_deadlines_stay_right_through_many_changes (void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252;
    struct pendings *table = pendings_new (seed);
    struct pending *items[MODEL];
    int count = 0;
    int64_t newest = 0;
    for (int step = 0; step < STEPS; step++) {
        uint64_t dice = next_random (&seed) % 10;
        int which = count > 0 ? (int)(next_random (&seed) % (uint64_t)count) : 0;
        if (dice < 5 && count < MODEL) {
            items[count] = added (table, "client", 10);
            assert_non_null (items[count]);
            assert_true (items[count]->ref >> 14 > newest >> 14);
            newest = items[count]->ref;
            count++;
        } else if (dice < 8 && count > 0) {
            pendings_set_deadline (table, items[which], (int64_t)(next_random (&seed) % 1000));
        } else if (dice < 9 && count > 0) {
            int64_t old = items[which]->ref;
            pendings_renew (table, items[which]);
            newest = items[which]->ref;
            assert_null (pendings_find (table, old));
        } else if (count > 0) {
            int64_t old = items[which]->ref;
            pendings_remove (table, items[which]);
            assert_null (pendings_find (table, old));
            items[which] = items[--count];
        }
        if (count > 0) {
            which = (int)(next_random (&seed) % (uint64_t)count);
            assert_ptr_equal (pendings_find (table, items[which]->ref), items[which]);
        }
        if (step % 64 == 0) {
            const struct pending *first = pendings_earliest (table);
            assert_int_equal (first ? first->deadline_ms : INT64_MAX, earliest_of (items, count));
        }
    }
    pendings_destroy (&table);
    pendings_destroy (&table);
}

static void refs_that_were_never_given_are_not_found (void **state)
{
    (void)state;
    struct pendings *table = pendings_new (1);
    assert_null (pendings_find (table, 0));
    assert_null (pendings_find (table, -1));
    assert_null (pendings_find (table, INT64_MAX));
    assert_null (pendings_earliest (table));
    struct pending *item = added (table, "c", 1);
    assert_true (item->ref > 0);
    assert_null (pendings_find (table, item->ref + 1));
    assert_null (pendings_find (table, item->ref ^ ((int64_t)1 << 20)));
    pendings_destroy (&table);
}

static void the_table_is_full_at_its_limits_and_not_before (void **state)
{
    (void)state;
    struct pendings *table = pendings_new (UINT64_MAX);
    struct pending *first = NULL;
    for (int i = 0; i < LIMIT_PENDING; i++) {
        struct pending *item = added (table, "c", 1);
        assert_non_null (item);
        first = first ? first : item;
    }
    struct err err = { 0 };
    assert_null (pendings_add (table, (struct bytes){ "c", 1 }, 1, &err));
    assert_int_equal (err.code, STATUS_TOO_MANY);
    pendings_remove (table, first);
    assert_non_null (added (table, "c", 1));
    pendings_destroy (&table);

    table = pendings_new (0);
    first = added (table, "c", LIMIT_PENDING_BYTES);
    assert_non_null (first);
    assert_null (pendings_add (table, (struct bytes){ "c", 1 }, 1, &err));
    assert_int_equal (err.code, STATUS_TOO_MANY);
    pendings_remove (table, first);
    assert_non_null (added (table, "c", LIMIT_PENDING_BYTES));
    pendings_destroy (&table);
}

static void the_newest_runs_are_remembered_and_older_ones_forgotten (void **state)
{
    (void)state;
    struct owners *owners = calloc (1, sizeof *owners);
    char id[REQUEST_ID_BYTES];
    for (int i = 0; i <= LIMIT_OWNERS; i++) {
        snprintf (id, sizeof id, "%032x", (unsigned)i);
        owners_remember (owners, "alice", id, i % 2 ? "odd" : "even");
    }
    snprintf (id, sizeof id, "%032x", 0U);
    assert_null (owners_find (owners, "alice", id));
    snprintf (id, sizeof id, "%032x", 1U);
    assert_string_equal (owners_find (owners, "alice", id), "odd");
    /* The same again takes no second place. */
    owners_remember (owners, "alice", id, "other");
    assert_string_equal (owners_find (owners, "alice", id), "other");
    snprintf (id, sizeof id, "%032x", 2U);
    assert_string_equal (owners_find (owners, "alice", id), "even");
    /* Another user's request with the same id is another request. */
    assert_null (owners_find (owners, "bob", id));
    owners_remember (owners, "bob", id, "other");
    assert_string_equal (owners_find (owners, "alice", id), "even");
    free (owners);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (refs_and_deadlines_stay_right_through_many_changes),
        cmocka_unit_test (refs_that_were_never_given_are_not_found),
        cmocka_unit_test (the_table_is_full_at_its_limits_and_not_before),
        cmocka_unit_test (the_newest_runs_are_remembered_and_older_ones_forgotten),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
