/* describe.c - profiles as the request `profiles` answers them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "parameter.h"
#include "profile.h"

static struct value *list_of (const strings items)
{
    struct value *list = value_new_list ();
    for (char **item = items; list && *item; item++)
        if (value_append (list, value_new_string (*item)) < 0)
            value_destroy (&list);
    return list;
}

static int put_range (struct value *map, const struct parameter *parameter)
{
    if (parameter->type != PARAMETER_INT)
        return value_put_nil (map, "min") < 0 || value_put_nil (map, "max") < 0 ? -1 : 0;
    return value_put_int (map, "min", parameter->min) < 0 ||
                   value_put_int (map, "max", parameter->max) < 0
               ? -1
               : 0;
}

static struct value *describe_parameter (const struct parameter *parameter)
{
    struct value *map = value_new_map ();
    if (!map)
        return NULL;
    struct value *filler = parameter->filler ? value_copy (parameter->filler) : value_new_nil ();
    struct value *allowed = parameter->allowed ? list_of (parameter->allowed) : value_new_nil ();
    int rc = 0;
    if (value_put_string (map, "name", parameter->name) < 0 ||
        value_put_string (map, "type", parameter_type_name (parameter->type)) < 0 ||
        value_put_bool (map, "required", parameter->required) < 0 ||
        put_range (map, parameter) < 0 || value_put_string (map, "pattern", parameter->pattern) < 0)
        rc = -1;
    /* A put destroys what it cannot take. */
    if (value_put (map, "default", filler) < 0)
        rc = -1;
    if (value_put (map, "allowed", allowed) < 0)
        rc = -1;
    if (rc < 0)
        value_destroy (&map);
    return map;
}

static struct value *describe_parameters (const struct profile *self)
{
    struct value *list = value_new_list ();
    for (size_t i = 0; list && i < self->parameter_count; i++)
        if (value_append (list, describe_parameter (&self->parameters[i])) < 0)
            value_destroy (&list);
    return list;
}

struct value *profile_describe (const struct profile *self, const char *worker)
{
    struct value *map = value_new_map ();
    if (!map)
        return NULL;
    if (value_put_string (map, "name", self->name) < 0 ||
        value_put_string (map, "worker", worker) < 0 ||
        value_put_string (map, "command", self->command) < 0 ||
        value_put_string (map, "user", self->user) < 0 || terms_to_value (&self->terms, map) < 0 ||
        value_put (map, "parameters", describe_parameters (self)) < 0)
        value_destroy (&map);
    return map;
}
