/* watchform.c - `ems watch`: the form that runs a job, as it is drawn.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "watch.h"

#include "text.h"

#define NAME_COLUMN  2
#define VALUE_COLUMN 18
#define LEAST_HINT   8 /* columns: less says nothing */

static void draw_text (const struct form_row *row, struct canvas *canvas, int at, bool current,
                       int *used)
{
    int width = canvas->columns - VALUE_COLUMN - 1;
    width = width > 30 ? 30 : width;
    canvas_repeat (canvas, at, VALUE_COLUMN, width, HUE_PLAIN, "_");
    int column =
        canvas_put_typed (canvas, at, VALUE_COLUMN, width, STYLE_BOLD, row->text, row->cursor);
    if (current)
        canvas_cursor (canvas, at, column);
    *used = width;
}

static void draw_value (const struct watch *self, size_t index, struct canvas *canvas, int at,
                        int *used)
{
    const struct runform *form = &self->form;
    const struct form_row *row = &form->rows[index];
    int width = canvas->columns - VALUE_COLUMN;
    switch (row->kind) {
    case FORM_CHOICE:
        *used = canvas_printf (canvas, at, VALUE_COLUMN, width, STYLE_BOLD, "< %s >",
                               runform_choice (form, index));
        break;
    case FORM_TEXT:
        draw_text (row, canvas, at, index == form->current, used);
        break;
    case FORM_SWITCH:
        *used = canvas_put (canvas, at, VALUE_COLUMN, width, STYLE_BOLD, row->on ? "[x]" : "[ ]");
        break;
    case FORM_ITEM:
        *used = canvas_printf (canvas, at, VALUE_COLUMN, width, row->on ? STYLE_BOLD : HUE_PLAIN,
                               "[%c] %s", row->on ? 'x' : ' ', row->name);
        break;
    case FORM_RUN:
        *used = canvas_put (canvas, at, VALUE_COLUMN, width,
                            STYLE_BOLD | (index == form->current ? STYLE_REVERSE : 0),
                            form->asking ? "Starting" : "[ Run ]");
        break;
    case FORM_HEAD:
        break;
    }
}

static void draw_row (const struct watch *self, size_t index, struct canvas *canvas, int at)
{
    const struct runform *form = &self->form;
    const struct form_row *row = &form->rows[index];
    bool current = index == form->current;
    int used = 0;
    struct sbuf words;
    sbuf_init (&words);
    if (row->kind != FORM_ITEM && row->kind != FORM_RUN)
        canvas_put (canvas, at, NAME_COLUMN, VALUE_COLUMN - NAME_COLUMN - 1,
                    current ? STYLE_BOLD : HUE_PLAIN, row->name);
    draw_value (self, index, canvas, at, &used);
    if (current)
        canvas_put (canvas, at, 0, 1, STYLE_BOLD, ">");
    bool wrong = runform_wrong (form, index, &words);
    if (wrong)
        canvas_put (canvas, at, 1, 1, HUE_RED | STYLE_BOLD, "!");
    if (!wrong && current && row->kind != FORM_RUN)
        runform_hint (form, index, &words);
    int column = VALUE_COLUMN + used + 2;
    unsigned hue = wrong ? HUE_RED : HUE_GREY;
    if (canvas->columns - column >= LEAST_HINT)
        canvas_put_short (canvas, at, column, canvas->columns - column, hue, sbuf_text (&words));
    /* What does not fit beside it stands whole where messages stand. */
    if (current && !self->message[0] &&
        (int)text_columns (sbuf_text (&words)) > canvas->columns - column)
        canvas_put_short (canvas, canvas->rows - WATCH_BOTTOM_ROWS, 0, canvas->columns, hue,
                          sbuf_text (&words));
    sbuf_free (&words);
}

void watch_draw_form (struct watch *self, struct canvas *canvas, int top, int bottom)
{
    struct runform *form = &self->form;
    int rows = bottom - top - 1;
    watch_draw_rule (self, canvas, top,
                     self->like[0] ? "Run a job like that once more" : "Run a job");
    if (form->count == 0) {
        canvas_put (canvas, top + 1, 2, canvas->columns - 2, HUE_GREY, "asking for the profiles");
        return;
    }
    /* The name of a list stays in sight with its first item. */
    size_t at = form->current;
    if (at > 0 && form->rows[at - 1].kind == FORM_HEAD)
        at--;
    if (at < form->first)
        form->first = at;
    if (form->current >= form->first + (size_t)rows)
        form->first = form->current + 1 - (size_t)rows;
    for (int i = 0; i < rows && form->first + (size_t)i < form->count; i++)
        draw_row (self, form->first + (size_t)i, canvas, top + 1 + i);
}
