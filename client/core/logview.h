/* logview.h - a line of a log as `ems logs` prints it: with its time, with what was looked for
 * marked, safe for a terminal, or as JSON.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LOGVIEW_H
#define EMS_LOGVIEW_H

#include "loglines.h"
#include "logmatch.h"
#include "sbuf.h"

struct logview {
    const struct logmatch *match; /* what is marked */
    bool safe;                    /* for a terminal */
    bool json;                    /* {"type":"log","offset":N,"time_ms":N,"text":"…\n"} */
    bool times;
    bool colour;
    int64_t (*zone_ms) (int64_t wall_ms); /* as in struct report */
};

/* A shortage of memory shows in out->failed. */
void logview_line (const struct logview *self, const struct logline *line, struct sbuf *out);

#endif
