/* text.c - UTF-8, text made safe for a terminal, numbers and durations.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "text.h"

#include <stdio.h>
#include <string.h>

size_t utf8_next (const char *data, size_t bytes, uint32_t *code_point)
{
    if (bytes == 0)
        return 0;
    const unsigned char *at = (const unsigned char *)data;
    uint32_t point = at[0];
    size_t width = 1;
    uint32_t least = 0;
    if (point >= 0xf0 && point < 0xf8) {
        width = 4, least = 0x10000, point &= 0x07;
    } else if (point >= 0xe0 && point < 0xf0) {
        width = 3, least = 0x800, point &= 0x0f;
    } else if (point >= 0xc0 && point < 0xe0) {
        width = 2, least = 0x80, point &= 0x1f;
    } else if (point >= 0x80) {
        return 0;
    }
    if (width > bytes)
        return 0;
    for (size_t i = 1; i < width; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3fU);
    }
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0;
    *code_point = point;
    return width;
}

bool utf8_valid (const char *data, size_t bytes)
{
    while (bytes > 0) {
        uint32_t point;
        size_t width = (unsigned char)*data < 0x80 ? 1 : utf8_next (data, bytes, &point);
        if (width == 0)
            return false;
        data += width;
        bytes -= width;
    }
    return true;
}

/* Code points that move the cursor, reorder what is shown or break the line. */
static bool is_unsafe (uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c || point == 0x200e ||
           point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069);
}

/* What stands for the character at the front of `data`, in `piece`; the bytes it takes there. */
static size_t safe_piece (const char *data, size_t bytes, bool keep_newlines, char piece[12],
                          size_t *piece_bytes)
{
    uint32_t point = 0;
    size_t width = utf8_next (data, bytes, &point);
    int length;
    if (width == 0) {
        width = 1;
        length = snprintf (piece, 12, "\\x%02x", (unsigned char)data[0]);
    } else if (!is_unsafe (point) || point == '\t' || (point == '\n' && keep_newlines)) {
        memcpy (piece, data, width);
        length = (int)width;
    } else if (point < 0x80) {
        length = snprintf (piece, 12, "\\x%02x", (unsigned)point);
    } else {
        length = snprintf (piece, 12, "\\u{%04x}", (unsigned)point);
    }
    *piece_bytes = (size_t)length;
    return width;
}

size_t text_safe (const char *data, size_t bytes, bool keep_newlines, char *out, size_t out_bytes)
{
    if (out_bytes == 0)
        return 0;
    size_t consumed = 0;
    size_t used = 0;
    while (consumed < bytes) {
        /* Most of a log is plain ASCII. */
        if (data[consumed] >= 0x20 && data[consumed] < 0x7f && used + 1 < out_bytes) {
            out[used++] = data[consumed++];
            continue;
        }
        char piece[12];
        size_t piece_bytes;
        size_t width =
            safe_piece (data + consumed, bytes - consumed, keep_newlines, piece, &piece_bytes);
        if (used + piece_bytes >= out_bytes)
            break;
        memcpy (out + used, piece, piece_bytes);
        used += piece_bytes;
        consumed += width;
    }
    out[used] = '\0';
    return consumed;
}

int integer_parse (const char *text, int64_t *out)
{
    bool negative = *text == '-';
    const char *digit = text + (negative ? 1 : 0);
    if (*digit < '0' || *digit > '9' || (*digit == '0' && digit[1] != '\0'))
        return -1;
    /* Counted downwards, since INT64_MIN has no positive twin. */
    int64_t sum = 0;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        if (__builtin_mul_overflow (sum, 10, &sum) ||
            __builtin_sub_overflow (sum, *digit - '0', &sum))
            return -1;
    }
    if (*digit != '\0' || (!negative && sum == INT64_MIN))
        return -1;
    *out = negative ? sum : -sum;
    return 0;
}

/* The unit that those letters name; 0: none does. */
static int64_t unit_ms (const char *letters, size_t count)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen (units[i].unit) == count && strncmp (letters, units[i].unit, count) == 0)
            return units[i].ms;
    return 0;
}

/* The digits that *at begins with, which moves behind them. */
static int take_count (const char **at, int64_t *out)
{
    char number[20];
    size_t digits = strspn (*at, "0123456789");
    if (digits == 0 || digits >= sizeof number)
        return -1;
    memcpy (number, *at, digits);
    number[digits] = '\0';
    *at += digits;
    return integer_parse (number, out);
}

int duration_parse (const char *text, int64_t max_ms, int64_t *out_ms)
{
    int64_t sum_ms = 0;
    int64_t last_ms = INT64_MAX; /* the unit before: 1h30m, not 30m1h */
    for (const char *at = text; at == text || *at;) {
        int64_t count;
        at += at > text && at[0] == '0' && at[1] >= '0' && at[1] <= '9'; /* 3m05s */
        const char *begin = at;
        if (take_count (&at, &count) < 0)
            return -1;
        size_t letters = strcspn (at, "0123456789");
        bool bare = begin == text && *at == '\0'; /* seconds */
        int64_t one_ms = bare ? 1000 : unit_ms (at, letters);
        if (one_ms == 0 || one_ms >= last_ms || __builtin_mul_overflow (count, one_ms, &count) ||
            __builtin_add_overflow (sum_ms, count, &sum_ms))
            return -1;
        last_ms = one_ms;
        at += letters;
    }
    if (sum_ms > max_ms)
        return -1;
    *out_ms = sum_ms;
    return 0;
}

void duration_text (int64_t ms, char *out, size_t out_bytes)
{
    if (ms < 0)
        ms = 0;
    long long s = ms / 1000;
    if (s < 10)
        snprintf (out, out_bytes, "%lld.%llds", s, (long long)(ms % 1000 / 100));
    else if (s < 60)
        snprintf (out, out_bytes, "%llds", s);
    else if (s < 3600)
        snprintf (out, out_bytes, "%lldm%02llds", s / 60, s % 60);
    else if (s < 86400)
        snprintf (out, out_bytes, "%lldh%02lldm", s / 3600, s / 60 % 60);
    else
        snprintf (out, out_bytes, "%lldd%02lldh", s / 86400, s / 3600 % 24);
}
