/* delivery.c - what the three kinds have in common.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGENT "ems-notify/" EMS_VERSION

static int set_common (struct delivery *self, struct err *err)
{
    const struct target *target = self->target;
    self->easy = curl_easy_init ();
    if (!self->easy)
        return err_set (err, STATUS_FAILED, "out of memory");
    CURL *easy = self->easy;
    CURLcode rc = curl_easy_setopt (easy, CURLOPT_URL, target->place);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_ERRORBUFFER, self->error);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_PRIVATE, self);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    /* A name that is still being looked up when its time is over must not keep us. */
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_QUICK_EXIT, 1L);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_USERAGENT, AGENT);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, (long)target->timeout_ms);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS, (long)target->timeout_ms);
    if (rc == CURLE_OK && target->ca_file)
        rc = curl_easy_setopt (easy, CURLOPT_CAINFO, target->ca_file);
    return rc == CURLE_OK ? 0 : err_set (err, STATUS_FAILED, "%s", curl_easy_strerror (rc));
}

static int begin (struct delivery *self, const struct notice *notice, struct err *err)
{
    if (self->target->kind == TARGET_COMMAND)
        return command_begin (self, notice, err);
    if (set_common (self, err) < 0)
        return -1;
    int rc = self->target->kind == TARGET_MAIL ? mail_begin (self, notice, err)
                                               : webhook_begin (self, notice, err);
    if (rc < 0)
        return -1;
    CURLMcode code = curl_multi_add_handle (self->multi, self->easy);
    return code == CURLM_OK ? 0 : err_set (err, STATUS_FAILED, "%s", curl_multi_strerror (code));
}

struct delivery *delivery_new (const struct target *target, const struct notice *notice,
                               const char *text, size_t bytes, CURLM *multi, struct err *err)
{
    struct delivery *self = calloc (1, sizeof *self);
    if (self)
        self->text = malloc (bytes + 1);
    if (!self || !self->text) {
        free (self);
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    memcpy (self->text, text, bytes);
    self->text[bytes] = '\0';
    self->bytes = bytes;
    self->target = target;
    self->multi = multi;
    self->pidfd = -1;
    if (begin (self, notice, err) < 0)
        delivery_destroy (&self);
    return self;
}

void delivery_destroy (struct delivery **self_p)
{
    struct delivery *self = *self_p;
    if (!self)
        return;
    if (self->easy) {
        curl_multi_remove_handle (self->multi, self->easy);
        curl_easy_cleanup (self->easy);
    }
    curl_slist_free_all (self->list);
    if (self->pidfd >= 0)
        command_kill (self);
    free (self->text);
    free (self);
    *self_p = NULL;
}

void delivery_transferred (struct delivery *self, CURLcode code, struct outcome *out)
{
    if (self->target->kind == TARGET_MAIL)
        mail_end (self, code, out);
    else
        webhook_end (self, code, out);
}

bool delivery_look (struct delivery *self, struct outcome *out, int64_t *next_ms)
{
    return self->pidfd >= 0 && command_look (self, out, next_ms);
}
