/* paramhelp.c - what the parameters of a profile take, in words.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "params.h"

#include <inttypes.h>
#include <string.h>

#include "paramtext.h"

#define NAME_COLUMN 20

static void add_range (const struct value *parameter, struct sbuf *out)
{
    const struct value *min = value_get (parameter, "min");
    const struct value *max = value_get (parameter, "max");
    bool has_min = value_type (min) == VALUE_INT;
    bool has_max = value_type (max) == VALUE_INT;
    if (has_min && has_max)
        sbuf_printf (out, ", %" PRId64 " to %" PRId64, value_int (min), value_int (max));
    else if (has_min)
        sbuf_printf (out, ", at least %" PRId64, value_int (min));
    else if (has_max)
        sbuf_printf (out, ", at most %" PRId64, value_int (max));
}

void params_takes (const struct value *parameter, struct sbuf *out)
{
    const char *type = value_string (value_get (parameter, "type"));
    const struct value *allowed = value_get (parameter, "allowed");
    const char *pattern = value_string (value_get (parameter, "pattern"));
    if (!type || strcmp (type, "string") == 0) {
        sbuf_add (out, "text");
        if (pattern) {
            sbuf_add (out, " like ");
            sbuf_add_safe (out, pattern);
        }
    } else if (strcmp (type, "int") == 0) {
        sbuf_add (out, "integer");
        add_range (parameter, out);
    } else if (strcmp (type, "bool") == 0) {
        sbuf_add (out, "a switch");
    } else if (strcmp (type, "list") == 0) {
        sbuf_add (out, "list of ");
        paramtext_add_items (allowed, ", ", out);
        sbuf_add (out, value_count (allowed) ? ", or all" : "words");
    } else {
        sbuf_add_safe (out, type);
    }
}

static void help_one (const struct value *parameter, struct sbuf *out)
{
    struct sbuf name;
    sbuf_init (&name);
    sbuf_add (&name, "--");
    sbuf_add_safe (&name, value_string (value_get (parameter, "name")));
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] == '_')
            name.data[i] = '-';
    sbuf_printf (out, "  %-*s ", NAME_COLUMN, sbuf_text (&name));
    out->failed = out->failed || name.failed;
    sbuf_free (&name);
    params_takes (parameter, out);
    size_t before = out->size;
    sbuf_add (out, " (default ");
    size_t begin = out->size;
    paramtext_add (value_get (parameter, "default"), out);
    if (out->size > begin) {
        sbuf_add (out, ")");
    } else if (out->size >= before && out->data) {
        out->size = before;
        out->data[before] = 0;
    }
    if (value_bool (value_get (parameter, "required")))
        sbuf_add (out, " (required)");
    sbuf_add (out, "\n");
}

void params_help (const struct value *profile, struct sbuf *out)
{
    const struct value *parameters = value_get (profile, "parameters");
    sbuf_add (out, "\nParameters of the profile ");
    sbuf_add_safe (out, value_string (value_get (profile, "name")));
    sbuf_add (out, value_count (parameters) ? ":\n" : ": none\n");
    for (size_t i = 0; i < value_count (parameters); i++)
        help_one (value_at (parameters, i), out);
}
