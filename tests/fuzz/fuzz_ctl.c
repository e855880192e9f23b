/* fuzz_ctl.c - what comes in at a shim's control socket: only a proper "stop" or "preempt" stops
 * a job, with the smallest grace that was asked for; the end is told when it is on record.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fuzz.h"
#include "jobdir.h"
#include "peers.h"

/* The grace of a message by the letter of jobdir.h; -1: it is none. */
static int64_t grace_of (const char *text, size_t bytes, const char *word)
{
    char copy[CTL_MESSAGE_BYTES + 1];
    size_t skip = strlen (word);
    if (bytes <= skip || bytes > CTL_MESSAGE_BYTES || memcmp (text, word, skip) != 0)
        return -1;
    memcpy (copy, text, bytes);
    copy[bytes] = '\0';
    if (strlen (copy) != bytes || copy[skip + strspn (copy + skip, "0123456789")] != '\0')
        return -1;
    unsigned long long grace_ms = strtoull (copy + skip, NULL, 10);
    return grace_ms <= LIMIT_GRACE_MS ? (int64_t)grace_ms : -1;
}

static void note_least (int64_t *least, int64_t grace_ms)
{
    if (grace_ms >= 0 && (*least < 0 || grace_ms < *least))
        *least = grace_ms;
}

static struct peers_wish send_some (struct feed *feed, int fd)
{
    struct peers_wish wish = { .stop_ms = -1, .preempt_ms = -1 };
    for (int i = 0; i < 8 && feed->left > 0; i++) {
        const uint8_t *data = NULL;
        size_t bytes = feed_bytes (feed, &data);
        if (bytes == 0) /* would be read as the end */
            continue;
        must (send (fd, data, bytes, MSG_DONTWAIT) == (ssize_t)bytes, "the test can send");
        note_least (&wish.stop_ms, grace_of ((const char *)data, bytes, "stop "));
        note_least (&wish.preempt_ms, grace_of ((const char *)data, bytes, "preempt "));
        if (bytes == 5 && memcmp (data, "pause", 5) == 0)
            wish.hold = PEERS_PAUSE;
        if (bytes == 6 && memcmp (data, "resume", 6) == 0)
            wish.hold = PEERS_RESUME;
    }
    return wish;
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
        struct peers_wish sent = send_some (&feed, ends[1]);
        peers_poll (&peers, fds, turn);
        fds[0].revents = 0;
        fds[1].revents = POLLIN;
        struct peers_wish wish = peers_serve (&peers, fds, turn);
        must (wish.stop_ms == sent.stop_ms && wish.preempt_ms == sent.preempt_ms,
              "the smallest proper grace counts");
        must (wish.hold == sent.hold, "the last of pause and resume counts");
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
