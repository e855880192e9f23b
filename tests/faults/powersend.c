/* powersend.c - the part of libpowerlog.so that notes what the worker is about to send: from that
 * moment on somebody may rely on it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dlfcn.h>
#include "journal.h"

#define SENT_BYTES  65536 /* of a frame at most; longer ones are log output */
#define ZMQ_SNDMORE 2

int zmq_msg_send (void *msg, void *socket, int flags);

int zmq_msg_send (void *msg, void *socket, int flags)
{
    static int (*send_it) (void *, void *, int);
    static void *(*data_of) (void *);
    static size_t (*size_of) (const void *);
    if (!send_it) {
        *(void **)&data_of = dlsym (RTLD_NEXT, "zmq_msg_data");
        *(void **)&size_of = dlsym (RTLD_NEXT, "zmq_msg_size");
        *(void **)&send_it = dlsym (RTLD_NEXT, "zmq_msg_send");
    }
    if (journal_active ()) {
        size_t bytes = size_of (msg);
        journal_lock ();
        journal_note ((struct journal_entry){ .op = JOURNAL_SEND,
                                              .a = (flags & ZMQ_SNDMORE) != 0,
                                              .b = (int64_t)bytes },
                      "", data_of (msg), bytes < SENT_BYTES ? bytes : 0);
        journal_unlock ();
    }
    return send_it (msg, socket, flags);
}
