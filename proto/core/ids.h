/* ids.h - identifiers and their forms: job, request, run, worker and other names; topics.
 *
 * Pure: entropy and time come in as arguments.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_IDS_H
#define EMS_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOB_ID_BYTES     13 /* 12 lowercase hex digits and the terminator */
#define REQUEST_ID_BYTES 33 /* 32 lowercase hex digits and the terminator */
#define RUN_ID_BYTES     27 /* YYYY-MM-DD_HH-MM-SS[-ffffff] and the terminator */
#define NAME_BYTES       65 /* a name of at most 64 bytes and the terminator */
#define TIME_TEXT_BYTES  25 /* 2026-02-13T14:30:00.000Z and the terminator */

/* Lowercase hex of `random` (6 or 16 bytes of entropy). */
void job_id_from_random (const uint8_t random[6], char out[JOB_ID_BYTES]);
void request_id_from_random (const uint8_t random[16], char out[REQUEST_ID_BYTES]);

bool job_id_valid (const char *text);
bool job_prefix_valid (const char *text); /* 1 to 12 lowercase hex digits */
bool request_id_valid (const char *text);
bool run_id_valid (const char *text); /* also the older date-only form */
/* [A-Za-z0-9][A-Za-z0-9._-]{0,63}: workers, profiles, parameters, users, label names. */
bool name_valid (const char *text);

/* The run id of a start at wall_us (microseconds since 1970, UTC); with_us: the longer form. */
void run_id_from_time (int64_t wall_us, bool with_us, char out[RUN_ID_BYTES]);

/* UTC ISO 8601 with milliseconds and Z, and back. parse: 0, or -1 if the text is not of
 * exactly this form or no real date. */
void time_text (int64_t wall_ms, char out[TIME_TEXT_BYTES]);
int time_parse (const char *text, int64_t *wall_ms);

#endif
