/* mail.c - a notice as a mail, handed to a server by SMTP.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "delivery.h"
#include "files.h"
#include "letter.h"

static size_t next_piece (char *out, size_t size, size_t count, void *arg)
{
    struct delivery *self = arg;
    size_t left = self->bytes - self->sent;
    size_t bytes = size * count < left ? size * count : left;
    memcpy (out, self->text + self->sent, bytes);
    self->sent += bytes;
    return bytes;
}

/* A line of the server, "250 ok". A refusal counts until something is taken again; what it says to
 * our farewell counts for nothing. */
static size_t listen_to (char *data, size_t size, size_t count, void *arg)
{
    struct delivery *self = arg;
    char code[4] = "";
    if (size * count >= 3)
        memcpy (code, data, 3);
    if (code[0] == '4' || code[0] == '5')
        self->refused = strtol (code, NULL, 10);
    else if (strcmp (code, "221") != 0)
        self->refused = 0;
    return size * count;
}

/* Instead of the notice. */
static int write_letter (struct delivery *self, const struct notice *notice, struct err *err)
{
    struct record record;
    record_init (&record);
    char *letter = NULL;
    if (notice_decode (self->text, self->bytes, &record, NULL, err) == 0)
        letter = letter_write (self->target, notice, &record, clock_wall_ms (), err);
    record_clear (&record);
    if (!letter)
        return -1;
    free (self->text);
    self->text = letter;
    self->bytes = strlen (letter);
    return 0;
}

static int set_recipients (struct delivery *self, struct err *err)
{
    for (char **to = self->target->to; *to; to++) {
        struct curl_slist *more = curl_slist_append (self->list, *to);
        if (!more)
            return err_set (err, STATUS_FAILED, "out of memory");
        self->list = more;
    }
    return 0;
}

static int set_login (struct delivery *self, struct err *err)
{
    CURL *easy = self->easy;
    if (!self->target->user)
        return 0;
    struct err why = { 0 };
    char *password = secret_read (self->target->password_file, &why);
    if (!password)
        return err_set (err, STATUS_FAILED, "password_file: %s", why.text);
    CURLcode rc = curl_easy_setopt (easy, CURLOPT_USERNAME, self->target->user);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_PASSWORD, password);
    secret_free (&password);
    return rc == CURLE_OK ? 0 : err_set (err, STATUS_FAILED, "%s", curl_easy_strerror (rc));
}

/* With a login or a certificate's name, encryption with a server that proves who it is; smtps
 * always. Else, over smtp, as mail servers do among themselves: encryption if it is offered. Who
 * could cheat with a certificate could as well hide that there is any, so none is asked for; what
 * is sent is no more open than without. */
static CURLcode set_encryption (struct delivery *self)
{
    bool strict = self->target->user || self->target->ca_file ||
                  strncmp (self->target->place, "smtps:", 6) == 0;
    CURLcode rc = curl_easy_setopt (self->easy, CURLOPT_USE_SSL,
                                    (long)(strict ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    if (rc == CURLE_OK && !strict)
        rc = curl_easy_setopt (self->easy, CURLOPT_SSL_VERIFYPEER, 0L);
    if (rc == CURLE_OK && !strict)
        rc = curl_easy_setopt (self->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    return rc;
}

int mail_begin (struct delivery *self, const struct notice *notice, struct err *err)
{
    CURL *easy = self->easy;
    if (write_letter (self, notice, err) < 0 || set_recipients (self, err) < 0 ||
        set_login (self, err) < 0)
        return -1;
    CURLcode rc = curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    if (rc == CURLE_OK)
        rc = set_encryption (self);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_MAIL_FROM, self->target->from);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_MAIL_RCPT, self->list);
    /* One who has moved away must not keep it from the others. */
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_UPLOAD, 1L);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_READFUNCTION, next_piece);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_READDATA, self);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_HEADERFUNCTION, listen_to);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt (easy, CURLOPT_HEADERDATA, self);
    return rc == CURLE_OK ? 0 : err_set (err, STATUS_FAILED, "%s", curl_easy_strerror (rc));
}

void mail_end (struct delivery *self, CURLcode code, struct outcome *out)
{
    char answer[64] = "";
    *out = (struct outcome){ .verdict = VERDICT_DELIVERED };
    if (code == CURLE_OK)
        return;
    out->verdict = verdict_of_smtp (self->refused);
    if (self->refused)
        snprintf (answer, sizeof answer, " (the server said %ld)", self->refused);
    snprintf (out->reason, sizeof out->reason, "%s%s",
              self->error[0] ? self->error : curl_easy_strerror (code), answer);
}
