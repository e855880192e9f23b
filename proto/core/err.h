/* err.h - how EMS says that something failed.
 *
 * A function that can fail returns 0 or -1 (or NULL) and fills a struct err. The text says
 * what was wrong, with what, and what would be right, in one sentence without a full stop.
 * It is logged or answered once, at the top.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ERR_H
#define EMS_ERR_H

#define ERR_TEXT_BYTES 512

/* The status codes of PROTOCOL.md; an error's code is the status that answers it. */
enum status {
    STATUS_OK = 200,
    STATUS_QUEUED = 202,
    STATUS_BAD_REQUEST = 400,
    STATUS_FORBIDDEN = 403,
    STATUS_UNKNOWN = 404,
    STATUS_CONFLICT = 409,
    STATUS_TOO_LARGE = 413,
    STATUS_TOO_MANY = 429,
    STATUS_FAILED = 500,
    STATUS_NO_WORKER = 503,
    STATUS_TOO_LATE = 504,
};

struct err {
    int code;                  /* an enum status; 0: no error */
    char text[ERR_TEXT_BYTES]; /* always terminated; UTF-8 without control characters */
};

/* Fill *err (which may be NULL) and return -1, so that `return err_set (...)` reads well.
 * Control characters in the text are replaced by '?'. */
int err_set (struct err *err, int code, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* The same with ": strerror (errno)" added and code 500. Leaves errno as it was. */
int err_sys (struct err *err, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/* Put "CONTEXT: " before the text of an error that is already set; returns -1. */
int err_prefix (struct err *err, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
