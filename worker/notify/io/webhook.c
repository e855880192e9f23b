/* webhook.c - POST of a notice.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "delivery.h"
#include "files.h"

#define ANSWER_BYTES 65536 /* of an answer's body are listened to; it is not kept */
#define HEADER_BYTES 256

static_assert (MAC_BYTES == crypto_auth_hmacsha256_BYTES, "a MAC of SHA-256");

static size_t listen_to (char *data, size_t size, size_t count, void *arg)
{
    struct delivery *self = arg;
    (void)data;
    self->answered += size * count;
    self->cut = self->answered > ANSWER_BYTES;
    return self->cut ? 0 : size * count;
}

static int add_header (struct delivery *self, const char *name, const char *text, struct err *err)
{
    char header[HEADER_BYTES];
    snprintf (header, sizeof header, "%s:%s%s", name, text[0] ? " " : "", text);
    struct curl_slist *more = curl_slist_append (self->list, header);
    if (!more)
        return err_set (err, STATUS_FAILED, "out of memory");
    self->list = more;
    return 0;
}

static int sign (struct delivery *self, struct err *err)
{
    crypto_auth_hmacsha256_state state;
    uint8_t mac[MAC_BYTES];
    char signature[SIGNATURE_BYTES];
    struct err why = { 0 };
    char *secret = secret_read (self->target->secret_file, &why);
    if (!secret)
        return err_set (err, STATUS_FAILED, "secret_file: %s", why.text);
    crypto_auth_hmacsha256_init (&state, (const unsigned char *)secret, strlen (secret));
    crypto_auth_hmacsha256_update (&state, (const unsigned char *)self->text, self->bytes);
    crypto_auth_hmacsha256_final (&state, mac);
    sodium_memzero (&state, sizeof state);
    secret_free (&secret);
    signature_text (mac, signature);
    return add_header (self, "EMS-Signature", signature, err);
}

static int set_headers (struct delivery *self, const struct notice *notice, struct err *err)
{
    char id[NOTICE_ID_BYTES];
    notice_id (notice, id);
    if (add_header (self, "Content-Type", "application/json", err) < 0 ||
        add_header (self, "EMS-Notice-Id", id, err) < 0 ||
        add_header (self, "EMS-Event", notice_event_name (notice->event), err) < 0 ||
        add_header (self, "Expect", "", err) < 0) /* not asked for: a body is small */
        return -1;
    return self->target->secret_file ? sign (self, err) : 0;
}

int webhook_begin (struct delivery *self, const struct notice *notice, struct err *err)
{
    CURL *easy = self->easy;
    if (set_headers (self, notice, err) < 0)
        return -1;
    CURLcode rc = curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "http,https");
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 0L);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_HTTPHEADER, self->list);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)self->bytes);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_POSTFIELDS, self->text);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, listen_to);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_WRITEDATA, self);
    return rc == CURLE_OK ? 0 : err_set (err, STATUS_FAILED, "%s", curl_easy_strerror (rc));
}

void webhook_end (struct delivery *self, CURLcode code, struct outcome *out)
{
    long status = 0;
    curl_off_t wait_s = 0;
    *out = (struct outcome){ .verdict = VERDICT_AGAIN };
    curl_easy_getinfo (self->easy, CURLINFO_RESPONSE_CODE, &status);
    /* An answer that we have cut short is one; any other counts when it is whole. */
    if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && self->cut)) {
        snprintf (out->reason, sizeof out->reason, "%s",
                  self->error[0] ? self->error : curl_easy_strerror (code));
        return;
    }
    out->verdict = verdict_of_http (status);
    snprintf (out->reason, sizeof out->reason, "HTTP status %ld", status);
    if (curl_easy_getinfo (self->easy, CURLINFO_RETRY_AFTER, &wait_s) == CURLE_OK && wait_s > 0)
        out->wait_ms = wait_s < BACKOFF_MOST_MS / 1000 ? (int64_t)wait_s * 1000 : BACKOFF_MOST_MS;
}
