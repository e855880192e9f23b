/* fuzz.h - what the fuzz targets share: bytes taken as choices, and properties that must hold.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FUZZ_H
#define EMS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "err.h"
#include "text.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* A property; one that does not hold is a finding. */
#define must(condition, sentence)                                                            \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            fprintf (stderr, "%s:%d: it must hold that %s\n", __FILE__, __LINE__, sentence); \
            abort ();                                                                        \
        }                                                                                    \
    } while (0)

/* The input as a sequence of choices; at its end every choice is 0. */
struct feed {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t feed_byte (struct feed *self)
{
    if (self->left == 0)
        return 0;
    self->left--;
    return *self->at++;
}

/* 0 to sides - 1 */
static inline unsigned feed_choice (struct feed *self, unsigned sides)
{
    return feed_byte (self) % sides;
}

static inline int64_t feed_number (struct feed *self)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | feed_byte (self);
    return (int64_t)number;
}

/* A number whose size is a choice too, so that small ones are as frequent as large ones. */
static inline int64_t feed_size (struct feed *self)
{
    int64_t number = 0;
    for (unsigned bytes = feed_choice (self, 6); bytes > 0; bytes--)
        number = number << 8 | feed_byte (self);
    return number;
}

/* The next bytes, as many as the byte before them says (two bytes if it is 255). */
static inline size_t feed_bytes (struct feed *self, const uint8_t **out)
{
    size_t wanted = feed_byte (self);
    if (wanted == 255)
        wanted = (size_t)feed_byte (self) << 8 | feed_byte (self);
    size_t bytes = wanted < self->left ? wanted : self->left;
    *out = self->at;
    self->at += bytes;
    self->left -= bytes;
    return bytes;
}

/* The same as a text that ends at its first NUL. */
static inline const char *feed_text (struct feed *self, char *out, size_t out_bytes)
{
    const uint8_t *data = NULL;
    size_t bytes = feed_bytes (self, &data);
    bytes = bytes < out_bytes ? bytes : out_bytes - 1;
    if (bytes > 0)
        memcpy (out, data, bytes);
    out[bytes] = '\0';
    return out;
}

/* A refusal says what was wrong, in UTF-8. */
static inline void must_say_why (const struct err *err)
{
    must (err->code >= 400 && err->code < 600, "a refusal has a code");
    must (err->text[0] && utf8_valid (err->text, strlen (err->text)),
          "a refusal has a sentence in UTF-8");
}

/* Can this character drive a terminal, or turn text around? By the letter of text.h. */
static inline bool drives_terminal (uint32_t point)
{
    bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    bool bidirectional = point == 0x061c || point == 0x200e || point == 0x200f ||
                         (point >= 0x202a && point <= 0x202e) ||
                         (point >= 0x2066 && point <= 0x2069);
    bool separator = point == 0x2028 || point == 0x2029;
    return (control && point != '\n' && point != '\t') || bidirectional || separator;
}

/* A text for a terminal is made of whole characters, none of which drives it. */
static inline void must_be_safe (const char *text)
{
    size_t left = strlen (text);
    while (left > 0) {
        uint32_t point = 0;
        size_t bytes = utf8_next (text, left, &point);
        must (bytes > 0, "a text for a terminal is UTF-8");
        must (!drives_terminal (point), "no character of it drives the terminal");
        text += bytes;
        left -= bytes;
    }
}

#endif
