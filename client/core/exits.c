/* exits.c - exit codes.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "exits.h"

#include "ems.h"

int exits_of_status (int status, bool parameter)
{
    static const struct {
        int status;
        int code;
    } table[] = {
        { EMS_UNREACHABLE, EXITS_NOBODY },     { EMS_INTERRUPTED, EXITS_CANCELLED },
        { STATUS_BAD_REQUEST, EXITS_REFUSED }, { STATUS_FORBIDDEN, EXITS_FORBIDDEN },
        { STATUS_UNKNOWN, EXITS_UNKNOWN },     { STATUS_CONFLICT, EXITS_BUSY },
        { STATUS_TOO_LARGE, EXITS_REFUSED },   { STATUS_TOO_MANY, EXITS_BUSY },
        { STATUS_NO_WORKER, EXITS_NOBODY },    { STATUS_TOO_LATE, EXITS_BUSY },
    };
    /* A profile or worker that does not exist is a refused argument, not an unknown job. */
    if (parameter && status == STATUS_UNKNOWN)
        return EXITS_REFUSED;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].status == status)
            return table[i].code;
    return EXITS_SOFTWARE;
}

int exits_of_file (int status)
{
    return status == STATUS_FORBIDDEN ? EXITS_FORBIDDEN : EXITS_CONFIG;
}

static int exits_of_failure (const struct record *record)
{
    switch (record->reason) {
    case REASON_EXIT:
        /* A program that failed with 0 would read as success. */
        if (record->has_exit_code && record->exit_code > 0 && record->exit_code <= 255)
            return (int)record->exit_code;
        return EXITS_LOST;
    case REASON_SIGNAL:
        if (record->has_exit_signal && record->exit_signal > 0 && record->exit_signal < 128)
            return 128 + (int)record->exit_signal;
        return EXITS_LOST;
    case REASON_TIME_LIMIT:
    case REASON_SILENT:
    case REASON_LOG_LIMIT:
        return EXITS_LIMIT;
    default:
        return EXITS_LOST;
    }
}

int exits_of_record (const struct record *record)
{
    switch (record->status) {
    case JOB_COMPLETED:
        return EXITS_OK;
    case JOB_CANCELLED:
        return EXITS_CANCELLED;
    case JOB_FAILED:
        return exits_of_failure (record);
    default:
        return EXITS_LOST;
    }
}
