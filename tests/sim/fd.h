/* fd.h - open files of simulated processes: what is behind a descriptor.
 *
 * A struct file is an open file description, shared by descriptors that were duplicated or
 * inherited, and gone with the last of them. fd.c: tables, pipes, flock. local.c: sockets of
 * ctl.sock's kind. notify.c: inotify, signalfd, pidfd, timerfd.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_FD_H
#define SIM_FD_H

#include <signal.h>
#include "process.h"

struct inode;
struct file;

enum file_kind {
    FILE_REGULAR, /* a file or folder of the disk */
    FILE_TEXT,    /* of /proc: its content was made when it was opened */
    FILE_NULL,    /* /dev/null */
    FILE_NOTE,    /* standard error: into the trace */
    FILE_PIPE_READ,
    FILE_PIPE_WRITE,
    FILE_SOCKET,
    FILE_INOTIFY,
    FILE_SIGNALFD,
    FILE_PIDFD,
    FILE_TIMERFD,
};

#define MESSAGE_BYTES 64
#define QUEUE_MOST    16

/* A pipe's ends share this. */
struct pipe {
    char *data;
    size_t bytes, room, limit;
    struct file *reader, *writer;
    sim_fn *on_room; /* the writer of a job waits */
    void *arg;
};

struct message {
    char data[MESSAGE_BYTES];
    size_t bytes;
};

struct socket {
    bool listening;
    size_t backlog;
    struct inode *inode;              /* of a listener */
    struct file *waiting[QUEUE_MOST]; /* the far ends of those that connected */
    size_t waiting_count;
    struct file *peer; /* NULL: not connected, or gone */
    bool ended;        /* it was connected */
    int error;         /* told once */
    struct message queue[QUEUE_MOST];
    size_t count;
};

struct file {
    enum file_kind kind;
    int refs;
    int flags;         /* as open had them */
    struct file *next; /* of all */
    struct host *host;
    struct inode *inode; /* REGULAR */
    int64_t offset;
    bool exclusive, shared; /* flock */
    char *text;             /* TEXT */
    size_t text_bytes;
    struct pipe *pipe;
    struct socket *socket;
    struct inode *watched; /* INOTIFY */
    bool modified;
    sigset_t mask;           /* SIGNALFD */
    struct process *process; /* PIDFD */
    int64_t at_us;           /* TIMERFD: -1: not set */
    uint64_t timer;
};

/* ---- files ---- */

void files_forget (void); /* all of them, at sim_begin */
struct file *file_new (struct host *, enum file_kind kind, int flags);
struct file *file_ref (struct file *);
void file_unref (struct file *);
/* Something about it changed: who sleeps and has it looks again. */
void file_poke (struct file *);
/* Is there anything to be read from it (end of file included)? `owner` is who asks. */
bool file_readable (const struct file *, const struct process *owner);
void files_modified (const struct inode *); /* written to: inotify */
void files_process_ended (const struct process *);

/* ---- descriptors of a process ---- */

int fd_add (struct process *, struct file *, int least, bool cloexec); /* takes the file; -EMFILE */
struct file *fd_file (struct process *, int fd);                       /* NULL: EBADF */
void fd_close (struct process *, int fd);
void fd_close_all (struct process *);
void fd_standard (struct process *); /* 0, 1 and 2 */

/* ---- what each kind does; results as of the system calls, errors as negative errno ---- */

void pipe_new (struct host *, struct file **reader, struct file **writer);
ssize_t pipe_read (struct file *, void *out, size_t bytes);
/* Takes what has room. -EPIPE: nobody can read it. */
ssize_t pipe_write (struct pipe *, const void *data, size_t bytes);

int flock_take (struct file *, int operation);

struct file *socket_new (struct host *, int flags);
void socket_listen (struct file *, struct inode *);
int socket_connect (struct file *, struct inode *);
struct file *socket_accept (struct file *, int flags); /* NULL: EAGAIN */
ssize_t socket_send (struct file *, const void *data, size_t bytes);
ssize_t socket_receive (struct file *, void *out, size_t bytes, bool real_length);
void socket_close (struct file *);
bool socket_readable (const struct file *);

ssize_t signalfd_read (struct file *, struct process *, void *out, size_t bytes);
ssize_t inotify_read (struct file *, size_t bytes, void *out);
void timerfd_set (struct file *, int64_t at_us);
ssize_t timerfd_read (struct file *, void *out, size_t bytes);

#endif
