/* descriptors.c - the soft limit is what all threads get, and it can be moved.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "descriptors.h"

#include <sys/resource.h>

#include "limits.h"

#define WANTED    65536 /* a monitor or client takes one each */
#define KEPT_BACK 64
#define OF_USER   8 /* the part of them that one user gets */

/* What the system grants is often only 1024 unless somebody asks. */
static rlim_t all (void)
{
    struct rlimit limit = { 0 };
    getrlimit (RLIMIT_NOFILE, &limit);
    return limit.rlim_max < WANTED ? limit.rlim_max : WANTED;
}

static rlim_t usual (void)
{
    rlim_t most = all ();
    return most - (most < 4 * KEPT_BACK ? most / 4 : KEPT_BACK);
}

static void allow (rlim_t count)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = count;
    setrlimit (RLIMIT_NOFILE, &limit);
}

void descriptors_keep (void)
{
    allow (usual ());
}

void descriptors_give (void)
{
    allow (all ());
}

int descriptors_of_user (void)
{
    rlim_t share = usual () / OF_USER;
    return share < LIMIT_CONNECTIONS ? (int)share : LIMIT_CONNECTIONS;
}
