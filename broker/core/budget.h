/* budget.h - how many requests a user may make: a bucket of tokens each. Pure; time comes in.
 *
 * A bucket fills by `per_second` tokens a second up to twice that many, and a request takes one.
 * Only buckets that are not full are in the table, so that its bound holds for those who ask just
 * now; whoever comes when all places are taken waits until one is free.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_BUDGET_H
#define EMS_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ids.h"
#include "limits.h"

struct budget {
    char user[NAME_BYTES];
    int64_t full_us; /* when it is full again */
    bool refused;    /* its last request was */
};

struct budgets {
    struct budget items[LIMIT_BUDGETS];
    size_t count;
};

struct budget_verdict {
    int64_t retry_after_ms; /* 0: granted */
    bool first;             /* refused, and the one before was not: worth a line in the audit log */
};

/* A request of that user; per_second 0: as many as it likes. */
struct budget_verdict budget_take (struct budgets *self, const char *user, int64_t per_second,
                                   int64_t now_ms);

#endif
