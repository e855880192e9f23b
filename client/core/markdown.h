/* markdown.h - a page of Markdown for a terminal: tables aligned, paragraphs and lists filled.
 *
 * What summaries are made of: headings, paragraphs, lists, tables (GitHub's), fenced code. All else
 * is shown as it is. The text is untrusted and made safe.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_MARKDOWN_H
#define EMS_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "sbuf.h"

#define MARKDOWN_TABLE_ROWS 1000 /* of one table; what is more is counted */

struct markdown_look {
    size_t width; /* columns of the terminal; 0: nothing is filled or broken */
    bool colour;
    bool utf8;
    /* Only the title, the tables with heading and paragraph before them, and what has a warning
     * sign. */
    bool tables_only;
};

void markdown_render (const char *text, size_t bytes, const struct markdown_look *look,
                      struct sbuf *out);

#endif
