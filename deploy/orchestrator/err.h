/* orchestrator/err.h - one error: the code that the program exits with, and a sentence.
 * Functions that may fail return 0, or -1 with the caller's struct filled.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_ERR_H
#define LAB_ERR_H

enum lab_exit {
    LAB_EXIT_OK = 0,
    LAB_EXIT_FAILED = 1,
    LAB_EXIT_USAGE = 64,
    LAB_EXIT_INTERNAL = 70,
    LAB_EXIT_IO = 74,
};

struct lab_err {
    enum lab_exit code;
    char text[512];
};

/* Fills *err; always -1, so that a caller can return it. */
int lab_err_set (struct lab_err *err, enum lab_exit code, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* The same for a failed system call: adds what errno says; the code is LAB_EXIT_IO. */
int lab_err_sys (struct lab_err *err, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

#endif
