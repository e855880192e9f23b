/* standing.h - how a job stands that waits, in words.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_STANDING_H
#define EMS_STANDING_H

#include "report.h"

#define PLACE_TEXT_BYTES 32

/* "1st", "22nd"; "" for one that has no place. */
void standing_place (int64_t position, char out[PLACE_TEXT_BYTES]);

/* The time of day for a time of today, else the date too: "14:30", "2026-02-13 14:30". With seconds
 * if it is near. */
void standing_clock (int64_t wall_ms, const struct report *how, char *out, size_t out_bytes);

/* What it waits for besides its turn: "after 1a2b3c4d5e6f, not before 14:30"; adds nothing if there
 * is nothing. */
void standing_add_waits (const struct record *job, const struct report *how, struct sbuf *out);

/* All of it: "3rd in line, after 1a2b3c4d5e6f: it cannot be started yet: …". */
void standing_add (const struct record *job, const struct report *how, struct sbuf *out);

#endif
