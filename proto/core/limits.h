/* limits.h - every bound of EMS in one place.
 *
 * A peer, a file or a program can make nothing grow past what stands here. The protocol's
 * own limits are also in PROTOCOL.md, section "Limits"; change both in one commit.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifdef _GCC_NEXT_LIMITS_H
/* gcc's <limits.h> is on its way to that of the C library, and -iquote leads it here: let it pass.
 */
#pragma GCC system_header
#include_next <limits.h>
#endif
#ifndef EMS_LIMITS_H
#define EMS_LIMITS_H

/* The wire (PROTOCOL.md). */
#define LIMIT_REQUEST_BYTES   262144  /* one request map */
#define LIMIT_FRAME_BYTES     1310720 /* any frame: a log chunk and its envelope */
#define LIMIT_LOG_CHUNK_BYTES 1048576 /* `data` of one logs reply */
#define LIMIT_DEPTH           8       /* nested maps and lists */
#define LIMIT_ITEMS           1024    /* of one map or list */
#define LIMIT_VALUES          131072  /* values in one message, at all depths together */
#define LIMIT_STRING_BYTES    65536   /* one string */
#define LIMIT_EVENT_BYTES     65536   /* payload of one log event; a line per event */
#define LIMIT_TOPIC_BYTES     128

/* Names and texts. */
#define LIMIT_NAME_BYTES       64 /* worker, profile, parameter, user, label name */
#define LIMIT_NOTES_BYTES      4096
#define LIMIT_LABELS           16
#define LIMIT_LABEL_BYTES      256
#define LIMIT_PATH_BYTES       4096
#define LIMIT_PARAMETERS       64
#define LIMIT_ARGUMENTS        256
#define LIMIT_PROFILES         64
#define LIMIT_CPUS             1024    /* numbers of processors below this */
#define LIMIT_EXPERIMENT_TIMES 64      /* of one profile */
#define LIMIT_PREEMPTIONS      1000000 /* of one job */
#define LIMIT_RECORD_BYTES     1048576 /* a record, spec or outcome file */
#define LIMIT_CONFIG_BYTES     1048576 /* a configuration file */
#define LIMIT_CONFIG_KEYS      10000   /* keys in it */

/* Times, in milliseconds. */
#define LIMIT_GRACE_MS      600000                     /* ten minutes */
#define LIMIT_TIME_LIMIT_MS (366LL * 24 * 3600 * 1000) /* a year */
#define BEAT_MS             5000                       /* liveness message, both ways */
#define ASK_MS              5000   /* a worker that is asked for a job answers within this */
#define PENDING_MS          900000 /* a request without not_after_ms is given up */
#define DEAD_MS             15000  /* no message for so long: gone */

/* Tables and queues. */
#define LIMIT_QUEUE         10000    /* jobs waiting */
#define LIMIT_WORKERS       256      /* known to one broker, connected or not */
#define LIMIT_PENDING       10000    /* requests under way in one broker */
#define LIMIT_PENDING_BYTES 16777216 /* of their request maps together */
#define LIMIT_USER_SHARE    4        /* one user has at most this part of either, and of gathers */
#define LIMIT_GATHERS       64       /* of them answered by several workers together */
#define LIMIT_OWNERS        1024     /* runs of which a broker remembers who got them */
#define LIMIT_BUDGETS       1024     /* users who asked a broker for something just now */
#define LIMIT_ENDPOINTS     16       /* of one kind, besides the ipc one */
#define LIMIT_LIST          500      /* jobs or runs in one reply */
#define LIMIT_FILES         1000     /* of one run in one reply */
#define LIMIT_TIMES         1000     /* when the bytes of a log came, in one reply */
#define LIMIT_PRIORITY      31
#define DEFAULT_PRIORITY    16

/* Users of a broker over TCP. */
#define LIMIT_USERS            1024
#define LIMIT_USER_KEYS        2    /* the one in use and the next one */
#define LIMIT_USER_WORKERS     64   /* names that a user may register workers under */
#define LIMIT_SUBSCRIPTIONS    256  /* of one user, at one broker */
#define LIMIT_CONNECTIONS      1024 /* likewise; and at most an eighth of its descriptors */
#define LIMIT_REQUESTS_PER_S   100000
#define DEFAULT_REQUESTS_PER_S 50
#define DEFAULT_QUEUED         1000  /* jobs of one user in one line */
#define DEFAULT_REQUEST_BYTES  65536 /* one request map of one user */

/* Notices. */
#define LIMIT_TARGETS       16    /* who is told */
#define LIMIT_RECIPIENTS    16    /* of one mail */
#define LIMIT_URL_BYTES     2048  /* of a target */
#define LIMIT_SECRET_BYTES  4096  /* a key or a password */
#define LIMIT_OUTBOX        10000 /* notices that wait for one target */
#define LIMIT_OUTBOX_FAILED 1000  /* notices that were given up and are kept */

#endif
