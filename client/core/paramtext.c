/* paramtext.c - the value of a parameter as text.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "paramtext.h"

#include <inttypes.h>

static void add_scalar (const struct value *value, struct sbuf *out)
{
    switch (value_type (value)) {
    case VALUE_BOOL:
        sbuf_add (out, value_bool (value) ? "true" : "false");
        break;
    case VALUE_INT:
        sbuf_printf (out, "%" PRId64, value_int (value));
        break;
    case VALUE_REAL:
        sbuf_printf (out, "%g", value_real (value));
        break;
    case VALUE_STRING:
        sbuf_add_safe (out, value_string (value));
        break;
    default:
        break;
    }
}

void paramtext_add_items (const struct value *list, const char *between, struct sbuf *out)
{
    for (size_t i = 0; i < value_count (list); i++) {
        sbuf_add (out, i ? between : "");
        add_scalar (value_at (list, i), out);
    }
}

void paramtext_add (const struct value *value, struct sbuf *out)
{
    if (value_type (value) == VALUE_LIST)
        paramtext_add_items (value, ",", out);
    else
        add_scalar (value, out);
}
