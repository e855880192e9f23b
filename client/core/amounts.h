/* amounts.h - moments and sizes as people read them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_AMOUNTS_H
#define EMS_AMOUNTS_H

#include "report.h"

/* "now", "30s ago", "10m ago", "5h ago", "10d ago"; what is still to come is now. */
void ago_text (int64_t wall_ms, int64_t now_ms, char *out, size_t out_bytes);

/* The moment in local time: "2026-02-13 14:30:45". */
#define MOMENT_TEXT_BYTES 20
void moment_text (int64_t wall_ms, const struct report *how, char out[MOMENT_TEXT_BYTES]);

/* "7 B", "1.5 KiB", "5.0 GiB" */
void size_text (int64_t bytes, char *out, size_t out_bytes);

#endif
