/* outbox_start.c - starting and ending ems-notify.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "outbox_start.h"

#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "files.h"
#include "background.h"

#define END_MS 1000

int notify_start (const char *program, const char *state, struct err *err)
{
    char *argv[] = { (char *)program, "--state", (char *)state, NULL };
    return spawn_program (argv, -1, err);
}

void notify_end (int outboxfd)
{
    pid_t holder = 0;
    pid_t again = 0;
    struct err ignored;
    if (lock_held (outboxfd, "lock", &holder, &ignored) != 1 || holder <= 0)
        return;
    int fd = pidfd_open (holder, 0);
    /* It holds the lock still: so the descriptor is of no other process of that number. */
    if (fd >= 0 && lock_held (outboxfd, "lock", &again, &ignored) == 1 && again == holder &&
        pidfd_send_signal (fd, SIGTERM, NULL, 0) == 0) {
        struct pollfd end = { .fd = fd, .events = POLLIN };
        (void)poll (&end, 1, END_MS);
    }
    if (fd >= 0)
        close (fd);
}
