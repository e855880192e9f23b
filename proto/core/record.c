/* record.c - the job's record; one table of its fields drives writing and reading.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

enum kind {
    KIND_TEXT,    /* char[size]; "" is nil */
    KIND_OWNED,   /* char *, at most size bytes; NULL is nil */
    KIND_MAP,     /* struct value *, at most size items; NULL is nil */
    KIND_LABELS,  /* the same, of short strings */
    KIND_INT,     /* int64_t from min to max */
    KIND_PLACE,   /* the same from 1; 0 is nil */
    KIND_MAYBE,   /* the same; nil unless the bool at `flag` says so */
    KIND_TIME,    /* int64_t, as ISO text; 0 is nil */
    KIND_REAL,    /* double, 0 or more */
    KIND_PERCENT, /* double, 0 to 100; negative is nil */
    KIND_BOOL,
    KIND_STATUS,
    KIND_REASON,
};

/* What a text must look like. */
struct form {
    bool (*valid) (const char *text);
    const char *wanted;
};

struct field {
    const char *group; /* the map that it stands in; NULL: the record itself */
    const char *name;
    enum kind kind;
    size_t offset;
    size_t size;
    const struct form *form; /* of a text; NULL: any */
    int64_t min, max;
    size_t flag;
    bool required;
};

static bool path_valid (const char *text)
{
    return text[0] == '/';
}

static const struct form job_id_form = { job_id_valid, "12 lowercase hex digits" };
static const struct form request_id_form = { request_id_valid, "32 lowercase hex digits" };
static const struct form run_id_form = { run_id_valid, "a start time as 2026-02-13_14-30-00" };
static const struct form path_form = { path_valid, "an absolute path" };
static const struct form name_form = {
    name_valid, "a name: A-Z a-z 0-9 . _ - and the first a letter or digit"
};

#define AT(member)    .offset = offsetof (struct record, member)
#define TEXT(member)  .kind = KIND_TEXT, AT (member), .size = sizeof ((struct record *)0)->member
#define COUNT(member) .kind = KIND_INT, AT (member), .max = INT64_MAX
#define TIME(member)  .kind = KIND_TIME, AT (member)
#define REAL(member)  .kind = KIND_REAL, AT (member)

/* In the order of design, section 3; the fields of a group stand together. */
static const struct field fields[] = {
    { NULL, "job_id", TEXT (job_id), .form = &job_id_form, .required = true },
    { NULL, "status", .kind = KIND_STATUS, AT (status), .required = true },
    { NULL, "reason", .kind = KIND_REASON, AT (reason) },
    { NULL, "detail", TEXT (detail) },
    { NULL, "attempt", .kind = KIND_INT, AT (attempt), .min = 1, .max = INT64_MAX },
    { NULL, "profile", TEXT (profile), .form = &name_form },
    { NULL, "config", .kind = KIND_MAP, AT (config), .size = LIMIT_PARAMETERS },
    { NULL, "notes", .kind = KIND_OWNED, AT (notes), .size = LIMIT_NOTES_BYTES },
    { NULL, "labels", .kind = KIND_LABELS, AT (labels), .size = LIMIT_LABELS },
    { NULL, "priority", .kind = KIND_INT, AT (priority), .max = LIMIT_PRIORITY },
    { NULL, "position", .kind = KIND_PLACE, AT (position), .min = 1, .max = INT64_MAX },
    { NULL, "arrival", COUNT (arrival) },
    { "after", "job_id", TEXT (after.job_id), .form = &job_id_form },
    { "after", "any", .kind = KIND_BOOL, AT (after.any) },
    { "after", "over", .kind = KIND_BOOL, AT (after.over) },
    { NULL, "not_before", TIME (not_before_ms) },
    { NULL, "preempt", .kind = KIND_BOOL, AT (preempt) },
    { NULL, "preemptions", COUNT (preemptions) },
    { NULL, "preempted_by", TEXT (preempted_by), .form = &job_id_form },
    { NULL, "worker", TEXT (worker), .form = &name_form },
    { NULL, "user", TEXT (user), .form = &name_form },
    { NULL, "request_id", TEXT (request_id), .form = &request_id_form },
    { NULL, "run_id", TEXT (run_id), .form = &run_id_form },
    { NULL, "results_dir", .kind = KIND_OWNED, AT (results_dir), .size = LIMIT_PATH_BYTES,
      .form = &path_form },
    { NULL, "resumed_from", TEXT (resumed_from), .form = &job_id_form },
    { NULL, "partial", .kind = KIND_BOOL, AT (partial) },
    { NULL, "kept", .kind = KIND_BOOL, AT (kept) },
    { NULL, "grace_ms", .kind = KIND_INT, AT (grace_ms), .max = LIMIT_GRACE_MS },
    { NULL, "time_limit_ms", .kind = KIND_INT, AT (time_limit_ms), .max = LIMIT_TIME_LIMIT_MS },
    { NULL, "silence_limit_ms", .kind = KIND_INT, AT (silence_limit_ms),
      .max = LIMIT_TIME_LIMIT_MS },
    { NULL, "log_limit_bytes", COUNT (log_limit_bytes) },
    { NULL, "queued_at", TIME (queued_at_ms) },
    { NULL, "started_at", TIME (started_at_ms) },
    { NULL, "finished_at", TIME (finished_at_ms) },
    { NULL, "paused_at", TIME (paused_at_ms) },
    { NULL, "paused_ms", COUNT (paused_ms) },
    { "exit", "code", .kind = KIND_MAYBE, AT (exit_code), .max = 255,
      .flag = offsetof (struct record, has_exit_code) },
    { "exit", "signal", .kind = KIND_MAYBE, AT (exit_signal), .min = 1, .max = 127,
      .flag = offsetof (struct record, has_exit_signal) },
    { "cancel", "by", TEXT (cancel.by), .form = &name_form },
    { "cancel", "at", TIME (cancel.at_ms) },
    { "cancel", "forced", .kind = KIND_BOOL, AT (cancel.forced) },
    { "cancel", "grace_ms", .kind = KIND_INT, AT (cancel.grace_ms), .max = LIMIT_GRACE_MS },
    { "cancel", "request_id", TEXT (cancel.request_id), .form = &request_id_form },
    { NULL, "current_experiment", TEXT (current_experiment) },
    { NULL, "current_step", TEXT (current_step) },
    { "experiments", "done", COUNT (experiments_done) },
    { "experiments", "total", COUNT (experiments_total) },
    { NULL, "progress_pct", .kind = KIND_PERCENT, AT (progress_pct) },
    { NULL, "eta_ms", .kind = KIND_MAYBE, AT (eta_ms), .max = LIMIT_TIME_LIMIT_MS,
      .flag = offsetof (struct record, has_eta) },
    { NULL, "experiment_eta_ms", .kind = KIND_MAYBE, AT (experiment_eta_ms),
      .max = LIMIT_TIME_LIMIT_MS, .flag = offsetof (struct record, has_experiment_eta) },
    { "log", "bytes", COUNT (log_bytes) },
    { "log", "lines", COUNT (log_lines) },
    { "resources", "user_s", REAL (user_s) },
    { "resources", "system_s", REAL (system_s) },
    { "resources", "max_rss_kb", COUNT (max_rss_kb) },
    { NULL, "leftovers_killed", COUNT (leftovers_killed) },
};

#define FIELDS (sizeof fields / sizeof *fields)

static struct value *new_time (int64_t wall_ms)
{
    char text[TIME_TEXT_BYTES];
    if (wall_ms == 0)
        return value_new_nil ();
    time_text (wall_ms, text);
    return value_new_string (text);
}

static struct value *new_text (const char *text)
{
    return text ? value_new_string (text) : value_new_nil ();
}

/* A new value for the field, or NULL (memory). */
static struct value *field_write (const struct field *field, const struct record *record)
{
    const char *base = (const char *)record;
    const void *at = base + field->offset;
    switch (field->kind) {
    case KIND_TEXT:
        return new_text (*(const char *)at ? at : NULL);
    case KIND_OWNED:
        return new_text (*(char *const *)at);
    case KIND_MAP:
    case KIND_LABELS:
        return value_copy (*(struct value *const *)at);
    case KIND_MAYBE:
        if (!*(const bool *)(base + field->flag))
            return value_new_nil ();
        return value_new_int (*(const int64_t *)at);
    case KIND_PLACE:
        return *(const int64_t *)at ? value_new_int (*(const int64_t *)at) : value_new_nil ();
    case KIND_INT:
        return value_new_int (*(const int64_t *)at);
    case KIND_TIME:
        return new_time (*(const int64_t *)at);
    case KIND_PERCENT:
        if (!(*(const double *)at >= 0))
            return value_new_nil ();
        return value_new_real (*(const double *)at);
    case KIND_REAL:
        return value_new_real (*(const double *)at);
    case KIND_BOOL:
        return value_new_bool (*(const bool *)at);
    case KIND_STATUS:
        return new_text (job_status_name (*(const enum job_status *)at));
    case KIND_REASON:
        return new_text (job_reason_name (*(const enum job_reason *)at));
    }
    return NULL;
}

/* Write the fields from `first` that share its group into `map`; the index after the last, or
 * 0 (memory). */
static size_t group_write (const struct record *self, size_t first, struct value *map)
{
    size_t i = first;
    for (; i < FIELDS && fields[i].group == fields[first].group; i++) {
        if (value_put (map, fields[i].name, field_write (&fields[i], self)) < 0)
            return 0;
    }
    return i;
}

/* A group that is nil as a whole while its first field is. */
static bool group_absent (const char *group, const struct record *record)
{
    return (strcmp (group, "cancel") == 0 && record->cancel.by[0] == '\0') ||
           (strcmp (group, "after") == 0 && record->after.job_id[0] == '\0');
}

struct value *record_to_value (const struct record *self)
{
    struct value *map = value_new_map ();
    if (!map)
        return NULL;
    for (size_t i = 0; i < FIELDS;) {
        const char *group = fields[i].group;
        struct value *into = group ? value_new_map () : map;
        i = into ? group_write (self, i, into) : 0;
        if (group && i > 0 && group_absent (group, self)) {
            value_destroy (&into);
            into = value_new_nil ();
        }
        bool good = i > 0;
        if (group && value_put (map, group, into) < 0)
            good = false;
        if (!good) {
            value_destroy (&map);
            return NULL;
        }
    }
    return map;
}

static int refuse (const struct field *field, const char *is, const char *wanted, struct err *err)
{
    return err_set (err, STATUS_BAD_REQUEST, "\"%s\" is \"%.80s\"; it must be %s", field->name, is,
                    wanted);
}

static int no_memory (struct err *err)
{
    return err_set (err, STATUS_FAILED, "out of memory while reading a record");
}

/* A text of either kind, checked: 1, 0 or -1 as the readers of value.h. */
static int read_text (const struct field *field, const struct value *map, size_t max_bytes,
                      const char **out, struct err *err)
{
    int rc = value_read_string (map, field->name, max_bytes, out, err);
    if (rc == 1 && field->form && !field->form->valid (*out))
        return refuse (field, *out, field->form->wanted, err);
    return rc;
}

static int read_owned (const struct field *field, const struct value *map, char **out,
                       struct err *err)
{
    const char *text = NULL;
    int rc = read_text (field, map, field->size, &text, err);
    if (rc != 1)
        return rc;
    *out = strdup (text);
    return *out ? 1 : no_memory (err);
}

static int labels_check (const struct value *labels, struct err *err)
{
    for (size_t i = 0; i < value_count (labels); i++) {
        const char *name = value_key_at (labels, i);
        const char *text = NULL;
        if (!name_valid (name))
            return err_set (err, STATUS_BAD_REQUEST, "the label \"%.80s\" has no valid name", name);
        if (value_type (value_at (labels, i)) == VALUE_NIL)
            return err_set (err, STATUS_BAD_REQUEST, "the label \"%s\" is nil; it must be a string",
                            name);
        if (value_read_string (labels, name, LIMIT_LABEL_BYTES, &text, err) < 0)
            return err_prefix (err, "label");
    }
    return 0;
}

static int read_map (const struct field *field, const struct value *map, struct value **out,
                     struct err *err)
{
    const struct value *from = NULL;
    int rc = value_read_map (map, field->name, &from, err);
    if (rc != 1)
        return rc;
    if (value_count (from) > field->size)
        return err_set (err, STATUS_BAD_REQUEST, "\"%s\" has %zu items; at most %zu are allowed",
                        field->name, value_count (from), field->size);
    if (field->kind == KIND_LABELS && labels_check (from, err) < 0)
        return -1;
    *out = value_copy (from);
    return *out ? 1 : no_memory (err);
}

static int read_time (const struct field *field, const struct value *map, int64_t *out,
                      struct err *err)
{
    const char *text = NULL;
    int rc = value_read_string (map, field->name, LIMIT_STRING_BYTES, &text, err);
    if (rc == 1 && time_parse (text, out) < 0)
        return refuse (field, text, "a time as 2026-02-13T14:30:00.000Z", err);
    return rc;
}

static int read_real (const struct field *field, const struct value *map, double max, double *out,
                      struct err *err)
{
    double number = 0;
    int rc = value_read_real (map, field->name, &number, err);
    if (rc != 1)
        return rc;
    if (!(number >= 0 && number <= max) || !isfinite (number))
        return err_set (err, STATUS_BAD_REQUEST, "\"%s\" is %g; it must be from 0 to %g",
                        field->name, number, max);
    *out = number;
    return 1;
}

static int read_status (const struct field *field, const struct value *map, enum job_status *out,
                        struct err *err)
{
    const char *name = NULL;
    int rc = value_read_string (map, field->name, LIMIT_STRING_BYTES, &name, err);
    if (rc == 1 && job_status_parse (name, out) < 0)
        return refuse (field, name, "a job's status", err);
    return rc;
}

static int read_reason (const struct field *field, const struct value *map, enum job_reason *out,
                        struct err *err)
{
    const char *name = NULL;
    int rc = value_read_string (map, field->name, LIMIT_STRING_BYTES, &name, err);
    if (rc != 1)
        return rc;
    if (job_reason_parse (name, out) == 0)
        return 1;
    return refuse (field, name, "a reason of failure", err);
}

/* 1, 0 or -1 as the readers of value.h. */
static int field_read (const struct field *field, const struct value *map, struct record *record,
                       struct err *err)
{
    char *base = (char *)record;
    void *at = base + field->offset;
    const char *text = NULL;
    int rc = -1;
    switch (field->kind) {
    case KIND_TEXT:
        rc = read_text (field, map, field->size - 1, &text, err);
        if (rc == 1)
            strcpy (at, text);
        return rc;
    case KIND_OWNED:
        return read_owned (field, map, at, err);
    case KIND_MAP:
    case KIND_LABELS:
        return read_map (field, map, at, err);
    case KIND_MAYBE:
        rc = value_read_big (map, field->name, field->min, field->max, at, err);
        *(bool *)(base + field->flag) = rc == 1;
        return rc;
    case KIND_INT:
    case KIND_PLACE:
        return value_read_big (map, field->name, field->min, field->max, at, err);
    case KIND_TIME:
        return read_time (field, map, at, err);
    case KIND_PERCENT:
        return read_real (field, map, 100, at, err);
    case KIND_REAL:
        return read_real (field, map, HUGE_VAL, at, err);
    case KIND_BOOL:
        return value_read_bool (map, field->name, at, err);
    case KIND_STATUS:
        return read_status (field, map, at, err);
    case KIND_REASON:
        return read_reason (field, map, at, err);
    }
    return rc;
}

static int fields_read (const struct value *map, struct record *out, struct err *err)
{
    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *field = &fields[i];
        const struct value *from = map;
        if (field->group) {
            from = NULL;
            if (value_read_map (map, field->group, &from, err) < 0)
                return -1;
        }
        int rc = field_read (field, from, out, err);
        if (rc < 0)
            return field->group ? err_prefix (err, "\"%s\"", field->group) : -1;
        if (rc == 0 && field->required)
            return err_set (err, STATUS_BAD_REQUEST, "\"%s\" is missing", field->name);
    }
    if (out->cancel.by[0] == '\0' && value_type (value_get (map, "cancel")) != VALUE_NIL)
        return err_set (err, STATUS_BAD_REQUEST, "\"cancel\": \"by\" is missing");
    if (out->after.job_id[0] == '\0' && value_type (value_get (map, "after")) != VALUE_NIL)
        return err_set (err, STATUS_BAD_REQUEST, "\"after\": \"job_id\" is missing");
    return 0;
}

int record_from_value (const struct value *map, struct record *out, struct err *err)
{
    int rc;
    record_clear (out);
    if (value_type (map) != VALUE_MAP)
        rc = err_set (err, STATUS_BAD_REQUEST, "a record's type is %s; it must be a map",
                      value_type_name (value_type (map)));
    else
        rc = fields_read (map, out, err);
    if (rc == 0)
        return 0;
    record_clear (out);
    return err_prefix (err, "record");
}
