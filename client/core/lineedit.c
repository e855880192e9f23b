/* lineedit.c - typing into one line of text.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "lineedit.h"

#include <string.h>

#include "text.h"
#include "watchkeys.h"

#define CODE_POINTS 0x110000

static size_t before (const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[--at] & 0xc0) == 0x80)
        ;
    return at;
}

static size_t behind (const char *text, size_t at)
{
    if (text[at])
        at++;
    while (((unsigned char)text[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static void erase (char *text, size_t from, size_t to)
{
    memmove (text + from, text + to, strlen (text + to) + 1);
}

static size_t encode (unsigned point, char out[5])
{
    size_t bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    memset (out, 0, 5);
    for (size_t i = bytes; i > 1; i--, point >>= 6)
        out[i - 1] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(lead[bytes] | point);
    return bytes;
}

/* Only what would be shown as it is. */
static void insert (char *text, size_t room, size_t *cursor, unsigned point)
{
    char one[5];
    char safe[32];
    size_t bytes = encode (point, one);
    size_t size = strlen (text);
    text_safe (one, bytes, false, safe, sizeof safe);
    if (strcmp (one, safe) != 0 || size + bytes >= room)
        return;
    memmove (text + *cursor + bytes, text + *cursor, size - *cursor + 1);
    memcpy (text + *cursor, one, bytes);
    *cursor += bytes;
}

bool lineedit_key (char *text, size_t room, size_t *cursor, int key)
{
    size_t at = *cursor;
    switch (key) {
    case KEY_CODE_LEFT:
        *cursor = before (text, at);
        return true;
    case KEY_CODE_RIGHT:
        *cursor = behind (text, at);
        return true;
    case KEY_CODE_HOME:
        *cursor = 0;
        return true;
    case KEY_CODE_END:
        *cursor = strlen (text);
        return true;
    case KEY_CODE_ERASE:
        *cursor = before (text, at);
        erase (text, *cursor, at);
        return true;
    case KEY_CODE_DELETE:
        erase (text, at, behind (text, at));
        return true;
    case KEY_CODE_CTRL_U:
        text[0] = 0;
        *cursor = 0;
        return true;
    default:
        break;
    }
    if (key < ' ' || key >= CODE_POINTS)
        return false;
    insert (text, room, cursor, (unsigned)key);
    return true;
}
