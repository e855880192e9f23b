/* eventjson.h - what `run --json` and `attach --json` print: one JSON object a line.
 *
 *   {"type":"status","job":{…}}                      the record, at first and at each change
 *   {"type":"log","offset":N,"text":"…"}             the next piece of the log, if it is text …
 *   {"type":"log","offset":N,"data":"BASE64"}        … and if it is not; 64 KiB at most
 *   {"type":"link","up":false}                       connection lost, or back
 *   {"type":"end","exit":0,"job":{…}}                the last line
 *
 * `logs --json` prints those of type "log"; with -t or --grep one for each line, and with -t each
 * has "time_ms": when the line came, null if that is not known.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_EVENTJSON_H
#define EMS_EVENTJSON_H

#include "sbuf.h"
#include "value.h"

/* A shortage of memory shows in out->failed. */
void eventjson_status (const struct value *job, struct sbuf *out);
void eventjson_log (int64_t offset, const char *data, size_t bytes, struct sbuf *out);
/* One line, `ended` with a newline. time_ms: negative if it is not to be told, 0 if it is not
 * known. */
void eventjson_line (int64_t offset, int64_t time_ms, const char *data, size_t bytes, bool ended,
                     struct sbuf *out);
void eventjson_link (bool up, struct sbuf *out);
void eventjson_end (const struct value *job, int exit_code, struct sbuf *out);

#endif
