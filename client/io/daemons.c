/* daemons.c - broker and worker of this machine.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "daemons.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "limits.h"
#include "linebuf.h"
#include "proc.h"

#define OUT_MOST_BYTES   1048576 /* an output file larger than that begins anew */
#define LAST_WORDS_BYTES 4096
#define HOLDER_TRIES     100
#define HOLDER_PAUSE_NS  10000000
#define WORDS_MOST       8

extern char **environ;

static const struct {
    const char *name;
    const char *program;
    const char *lock;
    const char *out;
} facts[DAEMONS] = {
    [DAEMON_BROKER] = { "broker", "ems-broker", "sock/broker.lock", "broker.out" },
    [DAEMON_WORKER] = { "worker", "ems-worker", "worker.lock", "worker.out" },
};

const char *daemon_name (enum daemon_kind kind)
{
    return facts[kind].name;
}

/* Every folder on the way to `path`, and itself. */
static int make_folders (const char *path, struct err *err)
{
    char part[LIMIT_PATH_BYTES];
    size_t length = strlen (path);
    if (length >= sizeof part)
        return err_set (err, STATUS_BAD_REQUEST, "the path of the state folder is too long");
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy (part, path, i);
        part[i] = 0;
        if (mkdir (part, 0700) < 0 && errno != EEXIST)
            return err_set (err, STATUS_FAILED,
                            "cannot make the folder %.200s: %s; --state DIR or EMS_STATE names "
                            "another state folder",
                            part, strerror (errno));
    }
    return 0;
}

int daemons_open_state (const char *state, bool make, struct err *err)
{
    if (make && make_folders (state, err) < 0)
        return -1;
    int fd = open (state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set (err, STATUS_FAILED,
                        "cannot open the state folder %.200s: %s; --state DIR or EMS_STATE names "
                        "another",
                        state, strerror (errno));
    return fd;
}

static bool is_alive (pid_t pid)
{
    struct proc_identity who;
    return pid > 0 && proc_identify (pid, &who, NULL) == 0;
}

int daemon_look (int state_fd, enum daemon_kind kind, struct daemon *out, struct err *err)
{
    const struct timespec pause = { .tv_nsec = HOLDER_PAUSE_NS };
    pid_t holder = 0;
    *out = (struct daemon){ .kind = kind, .pidfd = -1 };
    /* One that has just taken the lock writes its name an instant later; one that is dead leaves
     * the lock, for a moment, to a child of its. */
    for (int i = 0; i < HOLDER_TRIES && !is_alive (holder); i++) {
        if (i > 0)
            nanosleep (&pause, NULL);
        int held = lock_held (state_fd, facts[kind].lock, &holder, err);
        if (held < 0)
            return -1;
        if (!held)
            return 0;
    }
    if (!is_alive (holder))
        return err_set (err, STATUS_FAILED,
                        "somebody holds %s, but the file does not say who (it says process %d)",
                        facts[kind].lock, (int)holder);
    out->pid = holder;
    return 0;
}

/* The program beside this one, else by name, for PATH. */
static void find_program (enum daemon_kind kind, char *out, size_t out_bytes)
{
    char here[LIMIT_PATH_BYTES];
    ssize_t length = readlink ("/proc/self/exe", here, sizeof here - 1);
    snprintf (out, out_bytes, "%s", facts[kind].program);
    if (length <= 0)
        return;
    here[length] = 0;
    char *slash = strrchr (here, '/');
    if (!slash)
        return;
    size_t folder = (size_t)(slash - here) + 1;
    if (folder + strlen (facts[kind].program) >= sizeof here)
        return;
    strcpy (here + folder, facts[kind].program);
    if (access (here, X_OK) == 0 && strlen (here) < out_bytes)
        strcpy (out, here);
}

/* Its output goes to its own end of the file: after what earlier ones said. */
static int open_out (int state_fd, struct daemon *self, struct err *err)
{
    struct stat info;
    const char *name = facts[self->kind].out;
    int fd = openat (state_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_sys (err, "cannot open %s", name);
    if (fstat (fd, &info) < 0 || (info.st_size > OUT_MOST_BYTES && ftruncate (fd, 0) < 0)) {
        err_sys (err, "cannot use %s", name);
        close (fd);
        return -1;
    }
    self->out_before = info.st_size > OUT_MOST_BYTES ? 0 : (long)info.st_size;
    return fd;
}

static int prepare (posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int out_fd)
{
    sigset_t none;
    sigset_t all;
    sigemptyset (&none);
    sigfillset (&all);
    if (posix_spawn_file_actions_addopen (actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) != 0 ||
        posix_spawn_file_actions_adddup2 (actions, out_fd, STDOUT_FILENO) != 0 ||
        posix_spawn_file_actions_adddup2 (actions, out_fd, STDERR_FILENO) != 0 ||
        posix_spawn_file_actions_addclosefrom_np (actions, STDERR_FILENO + 1) != 0 ||
        posix_spawn_file_actions_addchdir_np (actions, "/") != 0 ||
        posix_spawnattr_setsigmask (attributes, &none) != 0 ||
        posix_spawnattr_setsigdefault (attributes, &all) != 0 ||
        posix_spawnattr_setflags (attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                  POSIX_SPAWN_SETSIGDEF) != 0)
        return -1;
    return 0;
}

static int no_memory (enum daemon_kind kind, struct err *err)
{
    return err_set (err, STATUS_FAILED, "no memory to start the %s", daemon_name (kind));
}

static int spawn (struct daemon *self, char *const argv[], int out_fd, struct err *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = -1;
    if (posix_spawn_file_actions_init (&actions) != 0)
        return no_memory (self->kind, err);
    if (posix_spawnattr_init (&attributes) != 0) {
        posix_spawn_file_actions_destroy (&actions);
        return no_memory (self->kind, err);
    }
    if (prepare (&actions, &attributes, out_fd) < 0) {
        err_set (err, STATUS_FAILED, "cannot prepare to start the %s", daemon_name (self->kind));
    } else {
        errno = posix_spawnp (&self->pid, argv[0], &actions, &attributes, argv, environ);
        rc = errno == 0 ? 0 : err_sys (err, "cannot start %.200s", argv[0]);
    }
    posix_spawnattr_destroy (&attributes);
    posix_spawn_file_actions_destroy (&actions);
    return rc;
}

static void free_words (char ***argv_p)
{
    char **argv = *argv_p;
    for (size_t i = 0; argv && argv[i]; i++)
        free (argv[i]);
    free (argv);
    *argv_p = NULL;
}

/* The words of its command line; `more`: a further one, or NULL. NULL: memory. Free them. */
static char **make_words (enum daemon_kind kind, const char *more, const char *state,
                          const char *config)
{
    char program[LIMIT_PATH_BYTES];
    find_program (kind, program, sizeof program);
    const char *words[] = { program,
                            "--state",
                            state,
                            config ? "--config" : more,
                            config ? config : NULL,
                            config ? more : NULL };
    char **argv = calloc (WORDS_MOST, sizeof *argv);
    for (size_t i = 0; argv && i < sizeof words / sizeof *words && words[i]; i++) {
        argv[i] = strdup (words[i]);
        if (!argv[i])
            free_words (&argv);
    }
    return argv;
}

int daemon_start (int state_fd, const char *state, const char *config, struct daemon *self,
                  struct err *err)
{
    char **argv = make_words (self->kind, NULL, state, config);
    int rc = -1;
    int out_fd = open_out (state_fd, self, err);
    if (!argv)
        no_memory (self->kind, err);
    else if (out_fd >= 0)
        rc = spawn (self, argv, out_fd, err);
    if (rc == 0) {
        self->started = true;
        self->pidfd = (int)syscall (SYS_pidfd_open, self->pid, 0);
        if (self->pidfd < 0)
            rc = err_sys (err, "cannot watch the %s", daemon_name (self->kind));
    }
    if (out_fd >= 0)
        close (out_fd);
    free_words (&argv);
    return rc;
}

bool daemon_ended (struct daemon *self, int *exit_code)
{
    int status = 0;
    if (!self->started || waitpid (self->pid, &status, WNOHANG) != self->pid)
        return false;
    *exit_code = WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
    self->started = false;
    return true;
}

void daemon_last_words (int state_fd, const struct daemon *self, struct sbuf *out)
{
    char data[LAST_WORDS_BYTES];
    struct stat info;
    struct linebuf lines;
    int fd = openat (state_fd, facts[self->kind].out, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    linebuf_init (&lines);
    if (fstat (fd, &info) == 0) {
        off_t from = info.st_size - LAST_WORDS_BYTES;
        from = from < self->out_before ? self->out_before : from;
        ssize_t bytes = pread (fd, data, sizeof data, from);
        if (bytes > 0)
            linebuf_feed (&lines, data, (size_t)bytes, out);
        linebuf_finish (&lines, out);
    }
    linebuf_free (&lines);
    close (fd);
}

/* The last line of what stands at the end of the file, made safe, without time and name. */
static void put_last_line (int fd, enum daemon_kind kind, char *out, size_t out_bytes)
{
    char data[LAST_WORDS_BYTES + 1];
    char name[32];
    struct sbuf safe;
    off_t size = lseek (fd, 0, SEEK_END);
    ssize_t bytes =
        pread (fd, data, LAST_WORDS_BYTES, size > LAST_WORDS_BYTES ? size - LAST_WORDS_BYTES : 0);
    while (bytes > 0 && data[bytes - 1] == '\n')
        bytes--;
    data[bytes > 0 ? bytes : 0] = '\0';
    const char *line = memrchr (data, '\n', strlen (data));
    line = line ? line + 1 : data;
    snprintf (name, sizeof name, "%s: ", facts[kind].program);
    const char *after = strstr (line, name);
    sbuf_init (&safe);
    sbuf_add_safe (&safe, after ? after + strlen (name) : line);
    snprintf (out, out_bytes, "%s", sbuf_text (&safe));
    sbuf_free (&safe);
}

void daemon_last_line (int state_fd, enum daemon_kind kind, char *out, size_t out_bytes)
{
    int fd = openat (state_fd, facts[kind].out, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    out[0] = '\0';
    if (fd < 0)
        return;
    put_last_line (fd, kind, out, out_bytes);
    close (fd);
}

int64_t daemon_since_ms (int state_fd, enum daemon_kind kind)
{
    struct stat info;
    if (fstatat (state_fd, facts[kind].lock, &info, 0) < 0)
        return 0;
    return (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
}

int daemon_check_config (enum daemon_kind kind, const char *state, const char *config, char *out,
                         size_t out_bytes, struct err *err)
{
    struct daemon self = { .kind = kind, .pidfd = -1 };
    int status = 0;
    char **argv = make_words (kind, "--check", state, config);
    int out_fd = memfd_create ("said", MFD_CLOEXEC);
    int rc = -1;
    out[0] = '\0';
    if (!argv)
        no_memory (kind, err);
    else if (out_fd < 0)
        err_sys (err, "cannot hear what the %s says", daemon_name (kind));
    else if (spawn (&self, argv, out_fd, err) == 0 && waitpid (self.pid, &status, 0) == self.pid)
        rc = 0;
    if (rc == 0 && status != 0) {
        put_last_line (out_fd, kind, out, out_bytes);
        if (out[0] == '\0')
            rc = err_set (err, STATUS_FAILED, "the %s could not look at it", daemon_name (kind));
    }
    if (out_fd >= 0)
        close (out_fd);
    free_words (&argv);
    return rc;
}

/* A descriptor of exactly the process that holds the lock. */
static int open_holder (int state_fd, const struct daemon *self, struct err *err)
{
    struct proc_identity who;
    struct daemon now;
    if (proc_identify (self->pid, &who, err) < 0)
        return -1;
    int fd = proc_open (&who, err);
    if (fd < 0)
        return -1;
    /* It held the lock before it was identified; if it still does, it is the one. */
    if (daemon_look (state_fd, self->kind, &now, err) < 0 || now.pid != self->pid) {
        close (fd);
        return err_set (err, STATUS_UNKNOWN, "the %s has just ended", daemon_name (self->kind));
    }
    return fd;
}

int daemon_stop (int state_fd, struct daemon *self, int timeout_ms, struct err *err)
{
    int fd = open_holder (state_fd, self, err);
    if (fd < 0)
        return err && err->code == STATUS_UNKNOWN ? 1 : -1;
    if (syscall (SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) < 0 && errno != ESRCH) {
        err_sys (err, "cannot stop the %s (process %d)", daemon_name (self->kind), (int)self->pid);
        close (fd);
        return -1;
    }
    struct pollfd item = { .fd = fd, .events = POLLIN };
    int rc = poll (&item, 1, timeout_ms);
    close (fd);
    return rc > 0 ? 1 : 0;
}

void daemon_forget (struct daemon *self)
{
    if (self->pidfd >= 0)
        close (self->pidfd);
    self->pidfd = -1;
}

int daemons_slot_taken (int state_fd, struct err *err)
{
    return lock_held (state_fd, "slot.lock", NULL, err);
}
