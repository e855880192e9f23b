/* runformkeys.c - typing into the form, and what is wrong with what was typed.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "runform.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "lineedit.h"
#include "limits.h"
#include "params.h"
#include "text.h"
#include "watchkeys.h"

#define PATTERN_BYTES 256

static const char *text_of (const struct value *map, const char *key)
{
    const char *text = value_string (value_get (map, key));
    return text ? text : "";
}

/* ---- what is wrong ---- */

static bool fits_range (const struct value *parameter, int64_t number)
{
    const struct value *min = value_get (parameter, "min");
    const struct value *max = value_get (parameter, "max");
    return (value_type (min) != VALUE_INT || number >= value_int (min)) &&
           (value_type (max) != VALUE_INT || number <= value_int (max));
}

/* The whole text must match; a pattern that cannot be used here is the server's to judge. */
static bool fits_pattern (const struct value *parameter, const char *text)
{
    const char *pattern = text_of (parameter, "pattern");
    char whole[PATTERN_BYTES + 8];
    regex_t regex;
    if (!pattern[0] || strlen (pattern) > PATTERN_BYTES)
        return true;
    snprintf (whole, sizeof whole, "^(%s)$", pattern);
    if (regcomp (&regex, whole, REG_EXTENDED | REG_NOSUB) != 0)
        return true;
    bool fits = regexec (&regex, text, 0, NULL, 0) == 0;
    regfree (&regex);
    return fits;
}

static bool fits_parameter (const struct form_row *row)
{
    int64_t number;
    const char *type = text_of (row->parameter, "type");
    if (row->kind != FORM_TEXT)
        return true;
    if (!row->text[0])
        return !value_bool (value_get (row->parameter, "required"));
    if (strcmp (type, "int") == 0)
        return integer_parse (row->text, &number) == 0 && fits_range (row->parameter, number);
    return strcmp (type, "string") != 0 || fits_pattern (row->parameter, row->text);
}

static bool fits_option (const struct form_row *row)
{
    int64_t number;
    if (!row->text[0])
        return true;
    if (row->field == FIELD_PRIORITY)
        return integer_parse (row->text, &number) == 0 && number >= 0 && number <= LIMIT_PRIORITY;
    if (row->field == FIELD_TIME_LIMIT)
        return duration_parse (row->text, LIMIT_TIME_LIMIT_MS, &number) == 0;
    return true;
}

static bool none_is_on (const struct runform *self, size_t head)
{
    for (size_t i = head + 1; i < self->count && self->rows[i].kind == FORM_ITEM; i++)
        if (self->rows[i].on)
            return false;
    return true;
}

bool runform_wrong (const struct runform *self, size_t at, struct sbuf *out)
{
    const struct form_row *row = &self->rows[at];
    if (row->field == FIELD_PARAMETER && row->kind != FORM_ITEM && self->why[0] &&
        strcmp (row->name, self->wrong) == 0) {
        sbuf_add_safe (out, self->why);
        return true;
    }
    if (row->kind == FORM_HEAD) {
        if (!none_is_on (self, at))
            return false;
        sbuf_add (out, "choose at least one");
        return true;
    }
    if (row->field == FIELD_PARAMETER ? fits_parameter (row) : fits_option (row))
        return false;
    runform_hint (self, at, out);
    return true;
}

void runform_hint (const struct runform *self, size_t at, struct sbuf *out)
{
    const struct form_row *row = &self->rows[at];
    switch (row->field) {
    case FIELD_PROFILE:
    case FIELD_WORKER:
        sbuf_add (out, "Left, Right or a first letter choose");
        break;
    case FIELD_PARAMETER:
        if (row->kind == FORM_ITEM)
            sbuf_add (out, "Space: on or off");
        else
            params_takes (row->parameter, out);
        break;
    case FIELD_QUEUE:
        sbuf_add (out, "if another job is running; else it is refused");
        break;
    case FIELD_PRIORITY:
        sbuf_printf (out, "integer, 0 to %d, higher first", LIMIT_PRIORITY);
        break;
    case FIELD_TIME_LIMIT:
        sbuf_add (out, "as 90s 2m 1h, 0 for none; empty: that of the profile");
        break;
    case FIELD_NOTES:
        sbuf_add (out, "text; may be empty");
        break;
    case FIELD_RUN:
        sbuf_add (out, "Enter runs the job");
        break;
    }
}

static void add_range (const struct value *parameter, struct sbuf *out)
{
    const struct value *min = value_get (parameter, "min");
    const struct value *max = value_get (parameter, "max");
    bool low = value_type (min) == VALUE_INT, high = value_type (max) == VALUE_INT;
    sbuf_add (out, "` is no integer");
    if (low)
        sbuf_printf (out, " from %" PRId64 "%s", value_int (min), high ? "" : " on");
    if (high)
        sbuf_printf (out, "%s to %" PRId64, low ? "" : " up", value_int (max));
}

static void complain_of_text (const struct runform *self, size_t at, struct sbuf *out)
{
    const struct form_row *row = &self->rows[at];
    if (!row->text[0]) {
        sbuf_add (out, "it must be given: ");
        runform_hint (self, at, out);
        return;
    }
    sbuf_add (out, "`");
    sbuf_add_safe (out, row->text);
    if (row->field == FIELD_PRIORITY) {
        sbuf_printf (out, "` is no integer from 0 to %d", LIMIT_PRIORITY);
    } else if (strcmp (text_of (row->parameter, "type"), "int") == 0) {
        add_range (row->parameter, out);
    } else {
        sbuf_add (out, "` is wrong; right is: ");
        runform_hint (self, at, out);
    }
}

void runform_complain (const struct runform *self, struct sbuf *out)
{
    size_t at = self->current;
    if (at > 0 && self->rows[at].kind == FORM_ITEM && self->rows[at - 1].kind == FORM_HEAD)
        at--;
    sbuf_add_safe (out, self->rows[at].name);
    sbuf_add (out, ": ");
    if (self->rows[at].kind == FORM_TEXT && !self->why[0])
        complain_of_text (self, at, out);
    else
        runform_wrong (self, at, out);
}

void runform_refused (struct runform *self, const char *parameter, const char *why)
{
    self->asking = false;
    snprintf (self->wrong, sizeof self->wrong, "%s", parameter);
    snprintf (self->why, sizeof self->why, "%s", why);
    for (size_t i = 0; i < self->count; i++)
        if (self->rows[i].field == FIELD_PARAMETER && self->rows[i].kind != FORM_ITEM &&
            strcmp (self->rows[i].name, parameter) == 0)
            self->current = self->rows[i].kind == FORM_HEAD ? i + 1 : i;
}

/* ---- keys ---- */

static void move (struct runform *self, int step)
{
    size_t at = self->current;
    do
        at = (at + self->count + (size_t)(step > 0 ? 1 : self->count - 1)) % self->count;
    while (self->rows[at].kind == FORM_HEAD);
    self->current = at;
}

/* Either all of them, or some. */
static void toggle_item (struct runform *self)
{
    struct form_row *row = &self->rows[self->current];
    size_t first = self->current;
    while (first > 0 && self->rows[first - 1].kind == FORM_ITEM)
        first--;
    row->on = !row->on;
    for (size_t i = first; i < self->count && self->rows[i].kind == FORM_ITEM; i++)
        if (row->on && self->rows[i].all != row->all)
            self->rows[i].on = false;
}

static void choose (struct runform *self, int step)
{
    struct form_row *row = &self->rows[self->current];
    size_t count = value_count (row->field == FIELD_PROFILE ? self->names : self->workers);
    if (count > 1)
        runform_choose (self, self->current, (row->choice + (step > 0 ? 1 : count - 1)) % count);
}

/* The next one that begins with that letter. */
static bool jump (struct runform *self, int key)
{
    struct form_row *row = &self->rows[self->current];
    const struct value *list = row->field == FIELD_PROFILE ? self->names : self->workers;
    size_t count = value_count (list);
    for (size_t i = 1; row->kind == FORM_CHOICE && key > ' ' && i < count; i++) {
        size_t at = (row->choice + i) % count;
        const char *name = value_string (value_at (list, at));
        if (name && name[0] == key) {
            runform_choose (self, self->current, at);
            return true;
        }
    }
    return false;
}

/* Everything is right? Else the cursor goes to the first that is not. */
static bool all_right (struct runform *self)
{
    bool right = true;
    struct sbuf unused;
    sbuf_init (&unused);
    for (size_t i = 0; right && i < self->count; i++)
        if (runform_wrong (self, i, &unused)) {
            self->current = self->rows[i].kind == FORM_HEAD ? i + 1 : i;
            right = false;
        }
    sbuf_free (&unused);
    return right;
}

static bool edit (struct runform *self, int key)
{
    struct form_row *row = &self->rows[self->current];
    if (row->kind != FORM_TEXT)
        return false;
    return lineedit_key (row->text, sizeof row->text, &row->cursor, key);
}

static void change (struct runform *self, int key)
{
    struct form_row *row = &self->rows[self->current];
    bool sideways = key == KEY_CODE_LEFT || key == KEY_CODE_RIGHT;
    if (row->kind == FORM_CHOICE && (sideways || key == ' '))
        choose (self, key == KEY_CODE_LEFT ? -1 : 1);
    else if (row->kind == FORM_SWITCH && (sideways || key == ' '))
        row->on = !row->on;
    else if (row->kind == FORM_ITEM && key == ' ')
        toggle_item (self);
    else if (!jump (self, key) && !edit (self, key))
        return;
    self->why[0] = 0; /* it is another request now */
}

bool runform_key (struct runform *self, int key)
{
    self->refused = false;
    if (self->count == 0 || self->asking)
        return false;
    bool run = key == KEY_CODE_F5 || key == KEY_CODE_CTRL_R ||
               (key == KEY_CODE_ENTER && self->rows[self->current].kind == FORM_RUN);
    if (run) {
        self->why[0] = 0;
        self->refused = !all_right (self);
        return !self->refused;
    }
    if (key == KEY_CODE_DOWN || key == KEY_CODE_TAB || key == KEY_CODE_ENTER)
        move (self, 1);
    else if (key == KEY_CODE_UP || key == KEY_CODE_BACK_TAB)
        move (self, -1);
    else
        change (self, key);
    return false;
}
