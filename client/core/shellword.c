/* shellword.c - quoting.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "shellword.h"

#include <ctype.h>
#include <string.h>

#include "text.h"

#define SAFE_BYTES 1024 /* looked at at a time */

static bool is_plain (const char *word)
{
    static const char marks[] = "_@%+=:,./-";
    /* "NAME=value" in front would be an assignment, but a command begins with its program. */
    for (const char *at = word; *at; at++)
        if (!isascii ((unsigned char)*at) ||
            (!isalnum ((unsigned char)*at) && !strchr (marks, *at)))
            return false;
    return word[0] != 0;
}

/* Does it stay as it is when it is made safe for a terminal? */
static bool is_safe (const char *word)
{
    char safe[SAFE_BYTES];
    size_t left = strlen (word);
    while (left > 0) {
        size_t used = text_safe (word, left, false, safe, sizeof safe);
        if (used == 0 || strlen (safe) != used || memcmp (safe, word, used) != 0 ||
            memchr (word, '\t', used))
            return false;
        word += used;
        left -= used;
    }
    return true;
}

static void add_quoted (const char *word, struct sbuf *out)
{
    sbuf_add (out, "'");
    for (; *word; word++) {
        if (*word == '\'')
            sbuf_add (out, "'\\''");
        else
            sbuf_add_n (out, word, 1);
    }
    sbuf_add (out, "'");
}

/* $'…', with everything but printable ASCII as octal digits: they end after three. */
static void add_escaped (const char *word, struct sbuf *out)
{
    sbuf_add (out, "$'");
    for (; *word; word++) {
        unsigned char c = (unsigned char)*word;
        if (c == '\'' || c == '\\')
            sbuf_printf (out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            sbuf_printf (out, "\\%03o", c);
        else
            sbuf_add_n (out, word, 1);
    }
    sbuf_add (out, "'");
}

void shellword_add (const char *word, struct sbuf *out)
{
    if (is_plain (word))
        sbuf_add (out, word);
    else if (is_safe (word))
        add_quoted (word, out);
    else
        add_escaped (word, out);
}
