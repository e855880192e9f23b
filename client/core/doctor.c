/* doctor.c - findings: a list, and its looks.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "palette.h"

#define VERDICT_WIDTH 8
#define CHECK_WIDTH   14
#define LONGEST_BYTES 2048 /* of one text */

static const struct {
    const char *name;
    enum hue hue;
} looks[VERDICTS] = {
    [VERDICT_OK] = { "ok", HUE_GREEN },
    [VERDICT_WARNING] = { "warning", HUE_ORANGE },
    [VERDICT_WRONG] = { "wrong", HUE_RED },
};

void findings_init (struct findings *self)
{
    *self = (struct findings){ 0 };
}

void findings_free (struct findings *self)
{
    for (size_t i = 0; i < self->count; i++) {
        sbuf_free (&self->items[i].text);
        sbuf_free (&self->items[i].advice);
    }
    free (self->items);
    findings_init (self);
}

static void put (struct sbuf *out, const char *format, va_list args)
{
    char text[LONGEST_BYTES];
    vsnprintf (text, sizeof text, format, args);
    sbuf_add_safe (out, text);
}

void findings_add (struct findings *self, enum verdict verdict, const char *check,
                   const char *format, ...)
{
    va_list args;
    struct finding *items = realloc (self->items, (self->count + 1) * sizeof *items);
    if (!items) {
        self->failed = true;
        return;
    }
    self->items = items;
    struct finding *item = &items[self->count++];
    *item = (struct finding){ .verdict = verdict };
    snprintf (item->check, sizeof item->check, "%s", check);
    sbuf_init (&item->text);
    sbuf_init (&item->advice);
    va_start (args, format);
    put (&item->text, format, args);
    va_end (args);
}

void findings_advise (struct findings *self, const char *format, ...)
{
    va_list args;
    if (self->failed || self->count == 0)
        return;
    va_start (args, format);
    put (&self->items[self->count - 1].advice, format, args);
    va_end (args);
}

size_t findings_number (const struct findings *self, enum verdict verdict)
{
    size_t number = 0;
    for (size_t i = 0; i < self->count; i++)
        number += self->items[i].verdict == verdict;
    return number;
}

static void print_one (const struct finding *item, bool colour, struct sbuf *out)
{
    enum hue hue = looks[item->verdict].hue;
    sbuf_printf (out, "%s%-*s%s %-*s %s\n", hue_on (hue, colour), VERDICT_WIDTH,
                 looks[item->verdict].name, hue_off (hue, colour), CHECK_WIDTH, item->check,
                 sbuf_text (&item->text));
    if (item->advice.size > 0)
        sbuf_printf (out, "%*s -> %s\n", VERDICT_WIDTH + 1 + CHECK_WIDTH, "",
                     sbuf_text (&item->advice));
}

void findings_print (const struct findings *self, bool colour, struct sbuf *out)
{
    size_t wrong = findings_number (self, VERDICT_WRONG);
    size_t warnings = findings_number (self, VERDICT_WARNING);
    for (size_t i = 0; i < self->count; i++)
        print_one (&self->items[i], colour, out);
    if (wrong + warnings == 0)
        sbuf_add (out, "All is well.\n");
    else
        sbuf_printf (out, "%zu wrong, %zu warning%s.\n", wrong, warnings, warnings == 1 ? "" : "s");
}

static struct value *one_value (const struct finding *item)
{
    struct value *map = value_new_map ();
    if (value_put_string (map, "check", item->check) < 0 ||
        value_put_string (map, "verdict", looks[item->verdict].name) < 0 ||
        value_put_string (map, "text", sbuf_text (&item->text)) < 0 ||
        value_put_string (map, "advice", item->advice.size > 0 ? sbuf_text (&item->advice) : NULL) <
            0)
        value_destroy (&map);
    return map;
}

struct value *findings_value (const struct findings *self)
{
    struct value *map = value_new_map ();
    struct value *list = value_new_list ();
    for (size_t i = 0; list && i < self->count; i++)
        if (value_append (list, one_value (&self->items[i])) < 0)
            value_destroy (&list);
    if (value_put (map, "findings", list) < 0 ||
        value_put_int (map, "warnings", (int64_t)findings_number (self, VERDICT_WARNING)) < 0 ||
        value_put_int (map, "wrong", (int64_t)findings_number (self, VERDICT_WRONG)) < 0)
        value_destroy (&map);
    return map;
}
