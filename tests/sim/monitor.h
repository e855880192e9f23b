/* monitor.h - a simulated monitor: replays the log of a job and follows it, by
 * client/core/follow.h.
 *
 * It writes what it delivers to the history, and at the end that it has all.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_MONITOR_H
#define SIM_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

struct monitor;

/* `slow_us`: what it takes to show one event; 0: nothing. */
struct monitor *monitor_new (const char *who, const char *host, int64_t slow_us);
void monitor_destroy (struct monitor **self_p);

/* Follow that job from its first byte. A monitor follows one job in its life. */
void monitor_follow (struct monitor *self, const char *job_id, const char *worker);
/* It is stopped for a while (SIGSTOP), or goes on. */
void monitor_stop (struct monitor *self, bool stopped);
bool monitor_is_done (const struct monitor *self);      /* or was never told to follow anything */
const char *monitor_state (const struct monitor *self); /* for people */

#endif
