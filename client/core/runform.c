/* runform.c - the rows of the form, and the request that they make.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "runform.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "paramtext.h"
#include "text.h"

#define ANY_WORKER "any"
#define ALL        "all"

static const char *text_of (const struct value *map, const char *key)
{
    const char *text = value_string (value_get (map, key));
    return text ? text : "";
}

void runform_init (struct runform *self)
{
    memset (self, 0, sizeof *self);
}

static void clear_rows (struct runform *self)
{
    free (self->rows);
    self->rows = NULL;
    self->count = self->current = self->first = 0;
    value_destroy (&self->workers);
}

void runform_free (struct runform *self)
{
    clear_rows (self);
    value_destroy (&self->names);
    value_destroy (&self->profiles);
    runform_init (self);
}

/* ---- rows ---- */

static struct form_row *add (struct runform *self, enum form_kind kind, enum form_field field,
                             const char *name)
{
    if (self->count == FORM_ROWS_MOST)
        return NULL;
    struct form_row *more = realloc (self->rows, (self->count + 1) * sizeof *more);
    if (!more) {
        self->failed = true;
        return NULL;
    }
    self->rows = more;
    struct form_row *row = &more[self->count++];
    memset (row, 0, sizeof *row);
    row->kind = kind;
    row->field = field;
    row->name = name;
    return row;
}

static void set_text (struct form_row *row, const char *text)
{
    if (!row)
        return;
    size_t bytes = strlen (text);
    if (bytes >= sizeof row->text) {
        bytes = sizeof row->text - 1;
        while (bytes > 0 && ((unsigned char)text[bytes] & 0xc0) == 0x80)
            bytes--;
    }
    memcpy (row->text, text, bytes);
    row->text[bytes] = 0;
    row->cursor = bytes;
}

/* Is it one of these, with commas between them? */
static bool lists (const char *text, const char *item)
{
    size_t bytes = strlen (item);
    for (; *text; text += *text == ',') {
        size_t length = strcspn (text, ",");
        if (length == bytes && memcmp (text, item, bytes) == 0)
            return true;
        text += length;
    }
    return false;
}

static void add_item (struct runform *self, const struct value *parameter, const char *name,
                      bool all, bool on)
{
    struct form_row *row = add (self, FORM_ITEM, FIELD_PARAMETER, name);
    if (!row)
        return;
    row->parameter = parameter;
    row->all = all;
    row->on = on;
}

static void add_list (struct runform *self, const struct value *parameter, const char *given)
{
    const struct value *allowed = value_get (parameter, "allowed");
    struct form_row *head = add (self, FORM_HEAD, FIELD_PARAMETER, text_of (parameter, "name"));
    if (head)
        head->parameter = parameter;
    bool all = true;
    for (size_t i = 0; i < value_count (allowed); i++)
        all = all && lists (given, value_string (value_at (allowed, i)));
    all = all || lists (given, ALL);
    add_item (self, parameter, ALL, true, all);
    for (size_t i = 0; i < value_count (allowed); i++) {
        const char *name = value_string (value_at (allowed, i));
        add_item (self, parameter, name, false, !all && lists (given, name));
    }
}

/* The words of a list that may be only some are chosen one by one. */
static bool is_checklist (const struct value *parameter)
{
    const struct value *allowed = value_get (parameter, "allowed");
    if (strcmp (text_of (parameter, "type"), "list") != 0 || value_count (allowed) == 0)
        return false;
    for (size_t i = 0; i < value_count (allowed); i++)
        if (!value_string (value_at (allowed, i)))
            return false;
    return true;
}

static void add_parameter (struct runform *self, const struct value *parameter,
                           const struct value *config)
{
    struct sbuf text;
    const struct value *given = value_get (config, text_of (parameter, "name"));
    if (!given || value_type (given) == VALUE_NIL)
        given = value_get (parameter, "default");
    sbuf_init (&text);
    paramtext_add (given, &text);
    if (is_checklist (parameter)) {
        add_list (self, parameter, sbuf_text (&text));
    } else {
        bool is_switch = strcmp (text_of (parameter, "type"), "bool") == 0;
        struct form_row *row = add (self, is_switch ? FORM_SWITCH : FORM_TEXT, FIELD_PARAMETER,
                                    text_of (parameter, "name"));
        if (row) {
            row->parameter = parameter;
            row->on = value_bool (given);
            set_text (row, sbuf_text (&text));
        }
    }
    self->failed = self->failed || text.failed;
    sbuf_free (&text);
}

static void find_workers (struct runform *self)
{
    const char *name = text_of (self->profile, "name");
    self->workers = value_new_list ();
    size_t found = 0;
    for (size_t i = 0; i < value_count (self->profiles); i++)
        found += strcmp (text_of (value_at (self->profiles, i), "name"), name) == 0;
    if (self->workers && found != 1)
        value_append (self->workers, value_new_string (ANY_WORKER));
    for (size_t i = 0; self->workers && i < value_count (self->profiles); i++)
        if (strcmp (text_of (value_at (self->profiles, i), "name"), name) == 0)
            value_append (self->workers,
                          value_new_string (text_of (value_at (self->profiles, i), "worker")));
}

static void add_options (struct runform *self, const struct record *like)
{
    char number[32];
    find_workers (self);
    if (value_count (self->workers) > 1)
        add (self, FORM_CHOICE, FIELD_WORKER, "worker");
    struct form_row *row = add (self, FORM_SWITCH, FIELD_QUEUE, "wait in line");
    if (row)
        row->on = true;
    snprintf (number, sizeof number, "%" PRId64, like ? like->priority : 16);
    set_text (add (self, FORM_TEXT, FIELD_PRIORITY, "priority"), number);
    set_text (add (self, FORM_TEXT, FIELD_TIME_LIMIT, "time limit"), "");
    set_text (add (self, FORM_TEXT, FIELD_NOTES, "notes"), like && like->notes ? like->notes : "");
    add (self, FORM_RUN, FIELD_RUN, "Run");
}

/* The rows of another profile. */
static void make_rows (struct runform *self, size_t choice, const struct record *like)
{
    const char *name = value_string (value_at (self->names, choice));
    clear_rows (self);
    self->why[0] = self->wrong[0] = 0;
    for (size_t i = value_count (self->profiles); name && i > 0; i--)
        if (strcmp (text_of (value_at (self->profiles, i - 1), "name"), name) == 0)
            self->profile = value_at (self->profiles, i - 1);
    struct form_row *row = add (self, FORM_CHOICE, FIELD_PROFILE, "profile");
    if (row)
        row->choice = choice;
    const struct value *parameters = value_get (self->profile, "parameters");
    for (size_t i = 0; i < value_count (parameters); i++)
        add_parameter (self, value_at (parameters, i), like ? like->config : NULL);
    add_options (self, like);
    self->current = value_count (self->names) > 1 || self->count < 2 ? 0 : 1;
    while (self->rows && self->rows[self->current].kind == FORM_HEAD)
        self->current++;
}

static bool is_named (const struct value *names, const char *name)
{
    for (size_t i = 0; i < value_count (names); i++)
        if (strcmp (value_string (value_at (names, i)), name) == 0)
            return true;
    return false;
}

int runform_open (struct runform *self, struct value *profiles, const struct record *like)
{
    runform_free (self);
    self->profiles = profiles;
    self->names = value_new_list ();
    size_t choice = 0;
    const char *wanted = like ? like->profile : "lab"; /* the one that `ems run` means, too */
    for (size_t i = 0; self->names && i < value_count (profiles); i++) {
        const char *name = text_of (value_at (profiles, i), "name");
        if (!name_valid (name) || is_named (self->names, name))
            continue;
        if (strcmp (name, wanted) == 0)
            choice = value_count (self->names);
        value_append (self->names, value_new_string (name));
    }
    if (value_count (self->names) == 0)
        return -1;
    make_rows (self, choice, like);
    return self->failed ? -1 : 0;
}

void runform_choose (struct runform *self, size_t row, size_t choice)
{
    if (self->rows[row].field == FIELD_PROFILE)
        make_rows (self, choice, NULL);
    else
        self->rows[row].choice = choice;
    if (self->rows)
        self->current = row;
}

const char *runform_choice (const struct runform *self, size_t row)
{
    const struct form_row *at = &self->rows[row];
    const struct value *list = at->field == FIELD_PROFILE ? self->names : self->workers;
    const char *name = value_string (value_at (list, at->choice));
    return name ? name : "";
}

/* ---- the request ---- */

static struct value *list_of (const char *text)
{
    struct value *list = value_new_list ();
    while (list && *text) {
        size_t bytes = strcspn (text, ",");
        if (value_append (list, value_new_string_n (text, bytes)) < 0)
            value_destroy (&list);
        text += bytes + (text[bytes] == ',');
    }
    return list;
}

static struct value *value_of (const struct form_row *row)
{
    const char *type = text_of (row->parameter, "type");
    int64_t number = 0;
    if (row->kind == FORM_SWITCH)
        return value_new_bool (row->on);
    if (strcmp (type, "int") == 0 && integer_parse (row->text, &number) == 0)
        return value_new_int (number);
    if (strcmp (type, "list") == 0)
        return list_of (row->text);
    return value_new_string (row->text);
}

/* All that is on of the list whose head is at `row`. */
static struct value *items_of (const struct runform *self, size_t row)
{
    struct value *list = value_new_list ();
    for (size_t i = row + 1; list && i < self->count && self->rows[i].kind == FORM_ITEM; i++)
        if (self->rows[i].on && value_append (list, value_new_string (self->rows[i].name)) < 0)
            value_destroy (&list);
    return list;
}

static int put_parameter (const struct runform *self, size_t at, struct value *params)
{
    const struct form_row *row = &self->rows[at];
    if (row->kind == FORM_ITEM || (row->kind == FORM_TEXT && !row->text[0]))
        return 0;
    struct value *item = row->kind == FORM_HEAD ? items_of (self, at) : value_of (row);
    if (row->kind == FORM_HEAD && item && value_count (item) == 0) {
        value_destroy (&item);
        return 0;
    }
    return value_put (params, row->name, item);
}

static int put_option (const struct form_row *row, struct value *body)
{
    int64_t number = 0;
    switch (row->field) {
    case FIELD_QUEUE:
        return row->on ? value_put_string (body, "if_busy", "queue") : 0;
    case FIELD_PRIORITY:
        /* What nobody changed is not asked for: some may not ask. */
        return row->text[0] && integer_parse (row->text, &number) == 0 && number != 16
                   ? value_put_int (body, "priority", number)
                   : 0;
    case FIELD_TIME_LIMIT:
        return row->text[0] && duration_parse (row->text, LIMIT_TIME_LIMIT_MS, &number) == 0
                   ? value_put_int (body, "time_limit_ms", number)
                   : 0;
    case FIELD_NOTES:
        return row->text[0] ? value_put_string (body, "notes", row->text) : 0;
    default:
        return 0;
    }
}

struct value *runform_body (const struct runform *self, const char **worker)
{
    struct value *body = value_new_map ();
    struct value *params = value_new_map ();
    int rc = body && params ? 0 : -1;
    *worker = value_count (self->workers) == 1 ? value_string (value_at (self->workers, 0)) : NULL;
    if (rc == 0)
        rc = value_put_string (body, "profile", text_of (self->profile, "name"));
    for (size_t i = 0; rc == 0 && i < self->count; i++) {
        if (self->rows[i].field == FIELD_PARAMETER)
            rc = put_parameter (self, i, params);
        else
            rc = put_option (&self->rows[i], body);
        if (self->rows[i].field == FIELD_WORKER && self->rows[i].choice > 0)
            *worker = runform_choice (self, i);
    }
    if (rc == 0)
        rc = value_put (body, "params", params);
    else
        value_destroy (&params);
    if (rc < 0)
        value_destroy (&body);
    return body;
}
