/* signers.c - reading keys that sign.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "signers.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"

void signers_clear (struct signers *self)
{
    free (self->items);
    *self = (struct signers){ 0 };
}

static int digit (char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_key (const char *text, uint8_t out[SIGNER_KEY_BYTES])
{
    if (strlen (text) != (size_t)2 * SIGNER_KEY_BYTES)
        return -1;
    for (size_t i = 0; i < SIGNER_KEY_BYTES; i++) {
        int high = digit (text[2 * i]);
        int low = digit (text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static int read_signer (const struct config *item, struct signers *out, struct err *err)
{
    struct signer *signer = &out->items[out->count];
    int keys = 1;
    if (!name_valid (item->name))
        return config_error (item, err,
                             "is no name of a user; it takes letters, digits, '.', '_' and '-', a "
                             "letter or digit first");
    if (!item->value || item->child || read_key (item->value, signer->key) < 0)
        return config_error (item, err,
                             "takes a public key for signatures: 64 lowercase hex digits");
    strcpy (signer->user, item->name);
    for (size_t i = 0; i < out->count; i++) {
        keys += strcmp (out->items[i].user, signer->user) == 0;
        if (memcmp (out->items[i].key, signer->key, SIGNER_KEY_BYTES) == 0)
            return config_error (item, err, "has the key of \"%s\"; each takes its own",
                                 out->items[i].user);
    }
    if (keys > LIMIT_USER_KEYS)
        return config_error (item, err, "has more than %d keys", LIMIT_USER_KEYS);
    out->count++;
    return 0;
}

int signers_from_config (const struct config *section, struct signers *out, struct err *err)
{
    size_t count = 0;
    for (const struct config *item = section ? section->child : NULL; item; item = item->next)
        count++;
    if (count > (size_t)LIMIT_USERS * LIMIT_USER_KEYS)
        return config_error (section, err, "has more than %d keys", LIMIT_USERS * LIMIT_USER_KEYS);
    out->items = calloc (count + 1, sizeof *out->items);
    if (!out->items)
        return err_set (err, STATUS_FAILED, "out of memory");
    for (const struct config *item = section ? section->child : NULL; item; item = item->next)
        if (read_signer (item, out, err) < 0) {
            signers_clear (out);
            return -1;
        }
    return 0;
}
