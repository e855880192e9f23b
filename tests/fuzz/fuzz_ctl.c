/* fuzz_ctl.c - what comes in at a shim's control socket: only a proper "stop" stops a job, with the
 * smallest grace that was asked for; the end is told when it is on record.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fuzz.h"
#include "jobdir.h"
#include "peers.h"

/* The grace of a message by the letter of jobdir.h; -1: it is none. */
static int64_t grace_of (const char *text, size_t bytes)
{
    char copy[CTL_MESSAGE_BYTES + 1];
    if (bytes <= 5 || bytes > CTL_MESSAGE_BYTES || memcmp (text, "stop ", 5) != 0)
        return -1;
    memcpy (copy, text, bytes);
    copy[bytes] = '\0';
    if (strlen (copy) != bytes || copy[5 + strspn (copy + 5, "0123456789")] != '\0')
        return -1;
    unsigned long long grace_ms = strtoull (copy + 5, NULL, 10);
    return grace_ms <= LIMIT_GRACE_MS ? (int64_t)grace_ms : -1;
}

static int64_t send_some (struct feed *feed, int fd)
{
    int64_t least = -1;
    for (int i = 0; i < 8 && feed->left > 0; i++) {
        const uint8_t *data = NULL;
        size_t bytes = feed_bytes (feed, &data);
        if (bytes == 0) /* would be read as the end */
            continue;
        must (send (fd, data, bytes, MSG_DONTWAIT) == (ssize_t)bytes, "the test can send");
        int64_t grace_ms = grace_of ((const char *)data, bytes);
        if (grace_ms >= 0 && (least < 0 || grace_ms < least))
            least = grace_ms;
    }
    return least;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct feed feed = { data, size };
    struct peers peers;
    struct pollfd fds[PEERS_POLL];
    char word[CTL_MESSAGE_BYTES];
    int ends[2];
    peers_init (&peers, dup (STDIN_FILENO)); /* it is no listener: nobody new comes */
    must (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "there are sockets");
    peers.fds[peers.count++] = ends[0];
    for (int turn = 0; turn < 4; turn++) {
        int64_t least = send_some (&feed, ends[1]);
        peers_poll (&peers, fds, turn);
        fds[0].revents = 0;
        fds[1].revents = POLLIN;
        must (peers_serve (&peers, fds, turn) == least, "the smallest proper grace counts");
        must (peers.count == 1, "whatever it says, a peer stays");
    }
    bool recorded = feed_choice (&feed, 2);
    peers_farewell (&peers, recorded);
    ssize_t n = recv (ends[1], word, sizeof word, MSG_DONTWAIT);
    must (recorded ? n == 6 && memcmp (word, "exited", 6) == 0 : n == 0,
          "the end is told when it is on record, and only then");
    close (ends[1]);
    return 0;
}
