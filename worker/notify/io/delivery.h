/* delivery.h - one notice on its way to one target.
 *
 * A webhook or a mail is a transfer of libcurl in the caller's multi handle; a command is a process
 * with a pidfd. The caller waits for both, and asks.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_DELIVERY_H
#define EMS_DELIVERY_H

#include <curl/curl.h>
#include <sys/types.h>

#include "target.h"
#include "verdict.h"

struct delivery {
    const struct target *target; /* outlives it */
    char *text;                  /* what is sent */
    size_t bytes;
    size_t sent;
    /* webhook, mail */
    CURLM *multi;
    CURL *easy; /* NULL: a command */
    struct curl_slist *list;
    size_t answered; /* bytes of the answer's body */
    bool cut;        /* there were too many */
    long refused;    /* what a mail server said when it took something not; 0: it did not */
    char error[CURL_ERROR_SIZE];
    /* command */
    pid_t pid; /* also its session */
    int pidfd; /* -1: none */
    int64_t deadline_ms;
    bool asked_to_end;
};

struct outcome {
    enum verdict verdict;
    int64_t wait_ms; /* at least, before the next try, as the receiver wishes */
    char reason[ERR_TEXT_BYTES];
};

/* Begin. NULL with *err: code 400, the notice is none; else it can be tried again. */
struct delivery *delivery_new (const struct target *target, const struct notice *notice,
                               const char *text, size_t bytes, CURLM *multi, struct err *err);
/* One that is under way is broken off: it may have been delivered. */
void delivery_destroy (struct delivery **self_p);

/* The transfer is over. */
void delivery_transferred (struct delivery *self, CURLcode code, struct outcome *out);
/* A command: true if it has ended, and then *out says how; else it is told to end, or killed, when
 * it is time, and *next_ms is when that is to be looked at again (monotonic). */
bool delivery_look (struct delivery *self, struct outcome *out, int64_t *next_ms);

/* ---- of the kinds; the text is the caller's ---- */

/* webhook.c */
int webhook_begin (struct delivery *self, const struct notice *notice, struct err *err);
void webhook_end (struct delivery *self, CURLcode code, struct outcome *out);
/* mail.c */
int mail_begin (struct delivery *self, const struct notice *notice, struct err *err);
void mail_end (struct delivery *self, CURLcode code, struct outcome *out);
/* command.c */
int command_begin (struct delivery *self, const struct notice *notice, struct err *err);
bool command_look (struct delivery *self, struct outcome *out, int64_t *next_ms);
void command_kill (struct delivery *self);

#endif
