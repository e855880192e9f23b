/* json_scan.c - the tokens of a JSON text, looked at strictly.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "json_scan.h"

#include <string.h>

#include "limits.h"
#include "text.h"

struct scan {
    const char *text;
    size_t bytes;
    size_t at;
    size_t depth;
    size_t values;
    struct err *err;
};

static int refuse (const struct scan *self, const char *what)
{
    return err_set (self->err, STATUS_BAD_REQUEST, "JSON byte %zu: %s", self->at, what);
}

static bool is_digit (const struct scan *self, size_t at)
{
    return at < self->bytes && self->text[at] >= '0' && self->text[at] <= '9';
}

/* At a backslash in a string: pass the escape. */
static int scan_escape (struct scan *self)
{
    if (self->bytes - self->at >= 6 && memcmp (self->text + self->at, "\\u0000", 6) == 0)
        return refuse (self, "a string with a NUL in it");
    self->at += self->bytes - self->at >= 2 ? 2 : 1;
    return 0;
}

/* At the opening quote: pass the string. */
static int scan_string (struct scan *self)
{
    self->at++;
    while (self->at < self->bytes && self->text[self->at] != '"') {
        if ((unsigned char)self->text[self->at] < 0x20)
            return refuse (self, "a control character in a string; it must be escaped");
        if (self->text[self->at] != '\\')
            self->at++;
        else if (scan_escape (self) < 0)
            return -1;
    }
    if (self->at == self->bytes)
        return refuse (self, "the text ends within a string");
    self->at++;
    return 0;
}

/* At a digit or minus: pass the number, which must be as in RFC 8259. */
static int scan_number (struct scan *self)
{
    size_t at = self->at;
    if (self->text[at] == '-')
        at++;
    bool good = is_digit (self, at);
    if (good && self->text[at] == '0')
        good = !is_digit (self, ++at);
    while (is_digit (self, at))
        at++;
    if (at < self->bytes && self->text[at] == '.') {
        good = good && is_digit (self, ++at);
        while (is_digit (self, at))
            at++;
    }
    if (at < self->bytes && (self->text[at] == 'e' || self->text[at] == 'E')) {
        at++;
        if (at < self->bytes && (self->text[at] == '+' || self->text[at] == '-'))
            at++;
        good = good && is_digit (self, at);
        while (is_digit (self, at))
            at++;
    }
    if (!good)
        return refuse (self, "not a number as JSON has them");
    self->at = at;
    return 0;
}

static int scan_bracket (struct scan *self)
{
    char c = self->text[self->at];
    if ((c == '[' || c == '{') && ++self->depth > LIMIT_DEPTH)
        return refuse (self, "maps and lists nested too deep; 8 levels are allowed");
    if ((c == ']' || c == '}') && self->depth > 0)
        self->depth--;
    /* Each comma and each opening bracket stands for one more value at most. */
    if (c != ']' && c != '}' && ++self->values >= LIMIT_VALUES)
        return refuse (self, "too many values in one text");
    self->at++;
    return 0;
}

static int scan_token (struct scan *self)
{
    char c = self->text[self->at];
    if (c == '"')
        return scan_string (self);
    if (c == '-' || is_digit (self, self->at))
        return scan_number (self);
    if (c != '\0' && strchr ("[]{},", c))
        return scan_bracket (self);
    /* The letters of true, false and null are left to the parser. */
    if (c == ':' || c == ' ' || c == '\t' || c == '\n' || c == '\r' || (c >= 'a' && c <= 'z')) {
        self->at++;
        return 0;
    }
    return refuse (self, "a character that begins nothing in JSON");
}

int json_scan (const char *text, size_t bytes, struct err *err)
{
    _Static_assert(LIMIT_DEPTH == 8, "the message in scan_bracket says 8");
    struct scan scan = { .text = text, .bytes = bytes, .err = err };
    if (!utf8_valid (text, bytes))
        return err_set (err, STATUS_BAD_REQUEST, "JSON that is not UTF-8");
    while (scan.at < bytes) {
        if (scan_token (&scan) < 0)
            return -1;
    }
    return 0;
}

const char *json_numbers_next (struct json_numbers *self, bool *is_integer)
{
    bool in_string = false;
    for (; self->at < self->end; self->at++) {
        char c = *self->at;
        if (c == '"')
            in_string = !in_string;
        else if (in_string && c == '\\')
            self->at++;
        else if (!in_string && (c == '-' || (c >= '0' && c <= '9')))
            break;
    }
    if (self->at >= self->end)
        return NULL;
    const char *number = self->at;
    *is_integer = true;
    for (; self->at < self->end && *self->at != '\0' && strchr ("0123456789+-.eE", *self->at);
         self->at++) {
        if (strchr (".eE", *self->at))
            *is_integer = false;
    }
    return number;
}
