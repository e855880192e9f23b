/* text.h - text from the other side made safe, and small text helpers.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TEXT_H
#define EMS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool utf8_valid (const char *data, size_t bytes);

/* The length (1 to 4) of the well-formed character that `data` begins with, and its code point;
 * 0 if there is none. */
size_t utf8_next (const char *data, size_t bytes, uint32_t *code_point);

/* Make `bytes` of untrusted output safe for a terminal (pitfall 39): C0 and C1 controls, DEL,
 * escapes, bidirectional controls (U+202A-202E, U+2066-2069, U+200E/F, U+061C), line and
 * paragraph separators and invalid UTF-8 become visible (\xNN or \u{NNNN}); tab stays; newline
 * stays if keep_newlines. Writes at most out_bytes with the terminator, never half a
 * character, and returns how many input bytes were consumed (all of them if they fitted), so a
 * caller can go on from there; with 16 bytes of room or more it always moves on. A sequence that
 * `data` ends in the middle of counts as invalid. */
size_t text_safe (const char *data, size_t bytes, bool keep_newlines, char *out, size_t out_bytes);

/* Columns that a safe UTF-8 text takes on a terminal: combining marks 0, wide 2, others 1. */
size_t text_columns (const char *text);

/* A decimal integer: an optional minus, digits without leading zeros, nothing else. 0 or -1. */
int integer_parse (const char *text, int64_t *out);

/* "90s" "2m" "1h30m" "1d" "1500ms" or plain seconds, into milliseconds. 0, or -1 if it is not
 * one of these forms or past max_ms. */
int duration_parse (const char *text, int64_t max_ms, int64_t *out_ms);

/* Milliseconds as people read them: "0.4s", "12s", "3m05s", "1h02m". */
void duration_text (int64_t ms, char *out, size_t out_bytes);

#endif
