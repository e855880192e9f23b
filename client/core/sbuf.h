/* sbuf.h - a text that grows; a shortage of memory is remembered and asked about once.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SBUF_H
#define EMS_SBUF_H

#include <stdbool.h>
#include <stddef.h>

struct sbuf {
    char *data;  /* owned; terminated whenever it is not NULL */
    size_t size; /* without the terminator */
    size_t room;
    bool failed; /* memory was short: what came after that is missing */
};

void sbuf_init (struct sbuf *self);
void sbuf_free (struct sbuf *self);  /* frees and inits */
void sbuf_clear (struct sbuf *self); /* empties, keeps the memory and `failed` */

void sbuf_add (struct sbuf *self, const char *text);
void sbuf_add_n (struct sbuf *self, const char *data, size_t bytes);
void sbuf_repeat (struct sbuf *self, const char *text, size_t times);
void sbuf_printf (struct sbuf *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
/* Untrusted text, made safe for a terminal and kept on one line; NULL adds nothing. */
void sbuf_add_safe (struct sbuf *self, const char *text);
/* The same for bytes, which may hold anything. */
void sbuf_add_safe_n (struct sbuf *self, const char *data, size_t bytes);

/* The text so far; "" if there is none. Valid until the next change. */
const char *sbuf_text (const struct sbuf *self);

#endif
