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

/* The milliseconds of a message by the letter of jobdir.h, and what comes after them and a space;
 * -1: it is no such message. */
static int64_t times_of (const char *text, const char *word, int64_t most, const char **rest)
{
    size_t skip = strlen (word);
    size_t digits = strncmp (text, word, skip) == 0 ? strspn (text + skip, "0123456789") : 0;
    unsigned long long ms = digits ? strtoull (text + skip, NULL, 10) : 0;
    if (digits == 0 || ms > (unsigned long long)most || text[skip + digits] != (rest ? ' ' : '\0'))
        return -1;
    if (rest)
        *rest = text + skip + digits + 1;
    return (int64_t)ms;
}

static void note_least (int64_t *least, int64_t grace_ms)
{
    if (grace_ms >= 0 && (*least < 0 || grace_ms < *least))
        *least = grace_ms;
}

static void note_message (struct peers_wish *wish, const char *text)
{
    const char *experiment = NULL;
    int64_t limit_ms = times_of (text, "limit ", LIMIT_TIME_LIMIT_MS, &experiment);
    int64_t grace_ms = times_of (text, "grace ", LIMIT_GRACE_MS, NULL);
    if (grace_ms >= 0)
        wish->grace_ms = grace_ms;
    if (limit_ms >= 0) {
        wish->limit_ms = limit_ms;
        strcpy (wish->experiment, experiment);
    }
    note_least (&wish->stop_ms, times_of (text, "stop ", LIMIT_GRACE_MS, NULL));
    note_least (&wish->preempt_ms, times_of (text, "preempt ", LIMIT_GRACE_MS, NULL));
    if (strcmp (text, "pause") == 0)
        wish->hold = PEERS_PAUSE;
    if (strcmp (text, "resume") == 0)
        wish->hold = PEERS_RESUME;
}

static struct peers_wish send_some (struct feed *feed, int fd)
{
    char text[CTL_MESSAGE_BYTES + 1];
    struct peers_wish wish = { .stop_ms = -1, .preempt_ms = -1, .grace_ms = -1, .limit_ms = -1 };
    for (int i = 0; i < 8 && feed->left > 0; i++) {
        const uint8_t *data = NULL;
        size_t bytes = feed_bytes (feed, &data);
        if (bytes == 0) /* would be read as the end */
            continue;
        must (send (fd, data, bytes, MSG_DONTWAIT) == (ssize_t)bytes, "the test can send");
        if (bytes > CTL_MESSAGE_BYTES || memchr (data, '\0', bytes))
            continue;
        memcpy (text, data, bytes);
        text[bytes] = '\0';
        note_message (&wish, text);
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
        must (wish.grace_ms == sent.grace_ms && wish.limit_ms == sent.limit_ms &&
                  strcmp (wish.experiment, sent.experiment) == 0,
              "the last grace and the last limit count");
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
