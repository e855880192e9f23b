/* fuzz_template.c - an argument with places: what the configuration accepts is filled exactly as a
 * plain reading of the rules fills it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <inttypes.h>
#include "config.h"
#include "fuzz.h"
#include "template.h"

#define TEXT_BYTES 4096
#define RUN_ID     "2026-02-13_14-30-00"
#define RESULTS    "/results/.staging"

static struct parameter parameters[] = {
    { .name = "n", .type = PARAMETER_INT },
    { .name = "fast", .type = PARAMETER_BOOL },
    { .name = "name", .type = PARAMETER_STRING },
    { .name = "items", .type = PARAMETER_LIST },
};

static const struct profile profile = { .name = "p",
                                        .parameters = parameters,
                                        .parameter_count = 4 };

/* Each parameter is there or not; strings are anything. */
static struct value *some_config (struct feed *feed)
{
    char text[256];
    struct value *config = value_new_map ();
    unsigned there = feed_byte (feed);
    if (there & 1)
        value_put_int (config, "n", feed_size (feed) - 1000);
    if (there & 2)
        value_put_bool (config, "fast", there & 16);
    if (there & 4)
        value_put_string (config, "name", feed_text (feed, text, sizeof text));
    if (there & 8) {
        struct value *list = value_new_list ();
        for (unsigned i = 1 + there / 32; i > 0; i--)
            value_append (list, value_new_string (feed_text (feed, text, sizeof text)));
        value_put (config, "items", list);
    }
    return config;
}

/* The value of a place as text; false if there is none. */
static bool plain_value (const struct value *config, const char *name, char *out, size_t bytes)
{
    const struct value *value = value_get (config, name);
    out[0] = '\0';
    if (strcmp (name, "run_id") == 0)
        snprintf (out, bytes, "%s", RUN_ID);
    else if (strcmp (name, "results_dir") == 0)
        snprintf (out, bytes, "%s", RESULTS);
    else if (!value)
        return false;
    else if (value_type (value) == VALUE_INT)
        snprintf (out, bytes, "%" PRId64, value_int (value));
    else if (value_type (value) == VALUE_BOOL)
        snprintf (out, bytes, "%s", value_bool (value) ? "true" : "false");
    else if (value_type (value) == VALUE_STRING)
        snprintf (out, bytes, "%s", value_string (value));
    for (size_t i = 0; i < value_count (value); i++)
        snprintf (out + strlen (out), bytes - strlen (out), "%s%s", i ? "," : "",
                  value_string (value_at (value, i)));
    return true;
}

/* The text of one place, from behind its '{'; false if the argument disappears. */
static bool plain_place (const char **text, const struct value *config, char *out, size_t bytes)
{
    char name[NAME_BYTES];
    size_t n = 0;
    for (; **text != '}' && **text != '?'; ++*text)
        name[n++] = **text;
    name[n] = '\0';
    if (!plain_value (config, name, out, bytes))
        return false;
    if (**text == '?') {
        const struct value *value = value_get (config, name);
        if (value_type (value) == VALUE_BOOL && !value_bool (value))
            return false;
        for (n = 0, ++*text; **text != '}'; ++*text)
            out[n++] = **text;
        out[n] = '\0';
    }
    ++*text;
    return true;
}

/* The rules of the design (section 8), read plainly: byte for byte, no cleverness. */
static bool expand_plainly (const char *text, const struct value *config, char *out, size_t bytes)
{
    size_t used = 0;
    while (*text) {
        char value[TEXT_BYTES];
        if (*text != '{') {
            out[used++] = *text++;
            continue;
        }
        text++;
        if (!plain_place (&text, config, value, sizeof value))
            return false;
        must (used + strlen (value) < bytes, "the test has room");
        memcpy (out + used, value, strlen (value));
        used += strlen (value);
    }
    out[used] = '\0';
    return true;
}

static void check_expansion (const char *text, const struct value *config)
{
    static char expected[512 * TEXT_BYTES];
    const struct template_values values = { config, RUN_ID, RESULTS };
    struct err err = { 0 };
    char *argument = NULL;
    bool there = expand_plainly (text, config, expected, sizeof expected);
    if (template_expand (&profile, text, &values, &argument, &err) < 0) {
        must (err.code == STATUS_BAD_REQUEST, "only an argument that is too long fails");
        must (!there || strlen (expected) > 100000, "and it is too long");
        return;
    }
    must (there == (argument != NULL), "an argument with nothing to say disappears");
    must (!argument || strcmp (argument, expected) == 0, "an argument is filled by the rules");
    free (argument);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct feed feed = { data, size };
    struct err err = { 0 };
    char text[1024];
    struct value *config = some_config (&feed);
    feed_text (&feed, text, sizeof text);
    struct config *item = config_new (NULL, "argument", text, 1);
    if (template_check (&profile, item, &err) == 0)
        check_expansion (text, config);
    else
        must_say_why (&err);
    config_destroy (&item);
    value_destroy (&config);
    return 0;
}
