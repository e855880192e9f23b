/* tableprint.h - tables as text, by libsmartcols.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TABLEPRINT_H
#define EMS_TABLEPRINT_H

#include "report.h"
#include "table.h"

/* Headings and rows, aligned by what they take on a terminal. With how->width no line is longer:
 * cells are cut as table_fit does, and what is still too long is cut at the right. Nothing without
 * columns. If memory is short, out->failed. */
void table_print (struct table *table, const struct report *how, struct sbuf *out);

#endif
