/* permit.c - the table of requests and roles.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "permit.h"

#include <string.h>

#include "limits.h"
#include "users.h"
#include "wire.h"

struct rule {
    const char *type;
    enum permit viewer;
    enum permit operator_;
    enum permit admin;
    bool changes;
};

static const struct rule table[] = {
    { "ping", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "check", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "workers", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "profiles", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "status", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "list", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "logs", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "results", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "files", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "file", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "find", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "sync", PERMIT_ALL, PERMIT_ALL, PERMIT_ALL, false },
    { "run", PERMIT_NO, PERMIT_OWN, PERMIT_ALL, true },
    { "rerun", PERMIT_NO, PERMIT_OWN, PERMIT_ALL, true },
    { "cancel", PERMIT_NO, PERMIT_OWN, PERMIT_ALL, true },
    { "pause", PERMIT_NO, PERMIT_OWN, PERMIT_ALL, true },
    { "resume", PERMIT_NO, PERMIT_OWN, PERMIT_ALL, true },
    { "priority", PERMIT_NO, PERMIT_NO, PERMIT_ALL, true },
    { "keep", PERMIT_NO, PERMIT_NO, PERMIT_ALL, true },
    { "unkeep", PERMIT_NO, PERMIT_NO, PERMIT_ALL, true },
    { "prune", PERMIT_NO, PERMIT_NO, PERMIT_ALL, true },
    { "reload", PERMIT_NO, PERMIT_NO, PERMIT_ALL, true },
};

/* A type of a later version, or of nobody: an admin learns from the worker that there is none. */
static const struct rule unknown = { "", PERMIT_NO, PERMIT_NO, PERMIT_ALL, true };

static const struct rule *rule_of (const char *type)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp (table[i].type, type) == 0)
            return &table[i];
    return &unknown;
}

/* What takes an admin in a request that else does not: stopping another's job, or starting before
 * those of others. NULL: nothing. What is no bool, or no integer, is refused by the worker. */
static const char *beyond_operator (const char *type, const struct value *body)
{
    enum value_type preempt = value_type (value_get (body, "preempt"));
    const struct value *priority = value_get (body, "priority");
    if (strcmp (type, "run") != 0 && strcmp (type, "rerun") != 0)
        return NULL;
    if (preempt != VALUE_NIL && (preempt != VALUE_BOOL || value_bool (value_get (body, "preempt"))))
        return "\"preempt\"";
    if (value_type (priority) == VALUE_INT && value_int (priority) > DEFAULT_PRIORITY)
        return "a higher \"priority\" than usual";
    return NULL;
}

enum permit permit_request (unsigned roles, const char *type, const struct value *body)
{
    const struct rule *rule = rule_of (type);
    enum permit best = PERMIT_NO;
    if ((roles & ROLE_VIEWER) && rule->viewer > best)
        best = rule->viewer;
    if ((roles & ROLE_OPERATOR) && rule->operator_ > best && !beyond_operator (type, body))
        best = rule->operator_;
    if ((roles & ROLE_ADMIN) && rule->admin > best)
        best = rule->admin;
    return best;
}

bool permit_changes (const char *type, const struct value *body)
{
    return rule_of (type)->changes && !wire_request_is_dry (type, body);
}

static const char *who_may (const char *type, const struct value *body)
{
    const struct rule *rule = rule_of (type);
    if (rule->viewer != PERMIT_NO)
        return "viewer, operator or admin";
    if (rule->operator_ == PERMIT_OWN && !beyond_operator (type, body))
        return strcmp (type, "run") == 0 ? "operator or admin"
                                         : "operator (for its own jobs) or admin";
    return "admin";
}

int permit_refuse (const char *user, unsigned roles, const char *type, const struct value *body,
                   struct err *err)
{
    char have[ROLES_TEXT_BYTES];
    const char *beyond = roles & ROLE_OPERATOR ? beyond_operator (type, body) : NULL;
    roles_text (roles, have);
    return err_set (err, STATUS_FORBIDDEN,
                    "user \"%s\" (%s) is not permitted to %s%s%s; that takes the role %s", user,
                    roles ? have : "no role", type, beyond ? " with " : "", beyond ? beyond : "",
                    who_may (type, body));
}
