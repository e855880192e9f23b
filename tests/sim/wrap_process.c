/* wrap_process.c - processes, signals, time, and who and where we are.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "wrap.h"

#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "fd.h"
#include "programs.h"

#define MICROSECONDS  1000000
#define NS_IN_US      1000
#define USER          1000
#define SPAWN_US      200
#define SPAWN_MORE_US 1500

/* ---- starting a shim ---- */

/* What posix_spawn is told of descriptors, kept in the C library's own (larger) struct. */
struct spawn_dup {
    int from, to;
};

int __wrap_posix_spawn_file_actions_init (posix_spawn_file_actions_t *self)
{
    struct spawn_dup none = { -1, -1 };
    memcpy (self, &none, sizeof none);
    return 0;
}

int __wrap_posix_spawn_file_actions_destroy (posix_spawn_file_actions_t *self)
{
    (void)self;
    return 0;
}

int __wrap_posix_spawn_file_actions_addopen (posix_spawn_file_actions_t *self, int fd,
                                             const char *path, int flags, mode_t mode)
{
    (void)self;
    (void)fd;
    (void)path;
    (void)flags;
    (void)mode;
    return 0; /* 0 and 1 are /dev/null in every simulated process */
}

int __wrap_posix_spawn_file_actions_adddup2 (posix_spawn_file_actions_t *self, int from, int to)
{
    struct spawn_dup dup = { from, to };
    memcpy (self, &dup, sizeof dup);
    return 0;
}

int __wrap_posix_spawn_file_actions_addclosefrom_np (posix_spawn_file_actions_t *self, int from)
{
    (void)self;
    (void)from;
    return 0; /* a simulated process gets nothing but what it is given */
}

static int shim_main (void *arg)
{
    struct process *self = arg;
    char *argv[PROCESS_ARGS + 1] = { 0 };
    for (int i = 0; i < self->argc; i++)
        argv[i] = self->args[i];
    return ems_shim_main (self->argc, argv);
}

static struct process *make_shim (struct process *parent, char *const argv[], struct spawn_dup dup)
{
    struct process *shim = process_new (process_host (parent), PROCESS_SHIM, "ems-shim", parent);
    for (int i = 0; i < PROCESS_ARGS && argv[i]; i++) {
        snprintf (shim->args[i], sizeof shim->args[i], "%s", argv[i]);
        shim->argc = i + 1;
    }
    snprintf (shim->job, sizeof shim->job, "%.12s", shim->argc > 2 ? shim->args[2] : "");
    fd_standard (shim);
    struct file *listener = fd_file (parent, dup.from);
    if (listener)
        fd_add (shim, file_ref (listener), dup.to, false);
    process_run (shim, shim_main, shim);
    return shim;
}

int __wrap_posix_spawn (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[],
                        char *const environment[])
{
    struct process *self = process_current ();
    struct spawn_dup dup;
    (void)path;
    (void)attributes;
    (void)environment;
    memcpy (&dup, actions, sizeof dup);
    call_enter ("posix_spawn", CALL_PLAIN);
    sim_count_event ();
    process_yield_us (SPAWN_US + (int64_t)sim_random (SPAWN_MORE_US));
    bool fails = self->host->spawns_that_fail > 0;
    if (fails)
        self->host->spawns_that_fail--;
    else
        *pid = make_shim (self, argv, dup)->pid;
    call_leave ();
    return fails ? EAGAIN : 0;
}

/* ---- processes ---- */

pid_t __real_waitpid (pid_t pid, int *status, int options);
pid_t __wrap_waitpid (pid_t pid, int *status, int options)
{
    struct process *self = process_current ();
    int ignored;
    if (!self)
        return __real_waitpid (pid, status, options);
    call_enter ("waitpid", CALL_PLAIN);
    pid_t rc = process_reap (self, pid, status ? status : &ignored);
    if (rc == 0 && !(options & WNOHANG))
        sim_fail ("waitpid is simulated only with WNOHANG");
    call_leave ();
    return (pid_t)result (rc < 0 ? -ECHILD : rc);
}

static int send_signal (struct process *target, int signal)
{
    if (!target)
        return -ESRCH;
    process_signal (target, signal);
    return 0;
}

int __real_kill (pid_t pid, int signal);
int __wrap_kill (pid_t pid, int signal)
{
    struct process *self = process_current ();
    if (!self)
        return __real_kill (pid, signal);
    call_enter ("kill", CALL_PLAIN);
    int rc = send_signal (process_find (process_host (self), pid), signal);
    call_leave ();
    return (int)result (rc);
}

int __real_pidfd_send_signal (int fd, int signal, siginfo_t *info, unsigned flags);
int __wrap_pidfd_send_signal (int fd, int signal, siginfo_t *info, unsigned flags)
{
    struct process *self = process_current ();
    if (!self)
        return __real_pidfd_send_signal (fd, signal, info, flags);
    call_enter ("pidfd_send_signal", CALL_PLAIN);
    const struct file *file = fd_file (self, fd);
    int rc =
        !file ? -EBADF
              : send_signal (file->process->state == PROCESS_GONE ? NULL : file->process, signal);
    call_leave ();
    return (int)result (rc);
}

pid_t __real_getpid (void);
pid_t __wrap_getpid (void)
{
    const struct process *self = process_current ();
    return self ? self->pid : __real_getpid ();
}

pid_t __real_getsid (pid_t pid);
pid_t __wrap_getsid (pid_t pid)
{
    const struct process *self = process_current ();
    if (!self)
        return __real_getsid (pid);
    const struct process *target = process_find (self->host, pid);
    return target ? target->sid : (pid_t)result (-ESRCH);
}

int __real_prctl (int option, ...);
int __wrap_prctl (int option, ...)
{
    struct process *self = process_current ();
    va_list args;
    va_start (args, option);
    unsigned long argument = va_arg (args, unsigned long);
    va_end (args);
    if (!self)
        return __real_prctl (option, argument, 0, 0, 0);
    if (option == PR_SET_CHILD_SUBREAPER)
        self->subreaper = true;
    return 0;
}

int __real_chdir (const char *path);
int __wrap_chdir (const char *path)
{
    return process_current () ? 0 : __real_chdir (path);
}

int __real_getrusage (int who, struct rusage *out);
int __wrap_getrusage (int who, struct rusage *out)
{
    if (!process_current ())
        return __real_getrusage (who, out);
    *out = (struct rusage){ .ru_utime.tv_usec = 1500, .ru_maxrss = 1000 };
    return 0;
}

/* ---- signals ---- */

int __real_sigprocmask (int how, const sigset_t *set, sigset_t *old);
int __wrap_sigprocmask (int how, const sigset_t *set, sigset_t *old)
{
    struct process *self = process_current ();
    if (!self)
        return __real_sigprocmask (how, set, old);
    if (old)
        *old = self->blocked;
    for (int i = 1; i < 32; i++) {
        if (how == SIG_SETMASK)
            sigdelset (&self->blocked, i);
        if (!sigismember (set, i))
            continue;
        if (how == SIG_UNBLOCK)
            sigdelset (&self->blocked, i);
        else
            sigaddset (&self->blocked, i);
    }
    return 0;
}

typedef void handler_fn (int signal);

handler_fn *__real_signal (int number, handler_fn *handler);
handler_fn *__wrap_signal (int number, handler_fn *handler)
{
    struct process *self = process_current ();
    if (!self)
        return __real_signal (number, handler);
    if (handler == SIG_IGN)
        sigaddset (&self->ignored, number);
    else
        sigdelset (&self->ignored, number);
    return SIG_DFL;
}

/* ---- time and chance ---- */

int __real_clock_gettime (clockid_t clock, struct timespec *out);
int __wrap_clock_gettime (clockid_t clock, struct timespec *out)
{
    if (!process_current ())
        return __real_clock_gettime (clock, out);
    int64_t us = clock == CLOCK_MONOTONIC ? sim_now_us () : sim_wall_us ();
    *out = (struct timespec){ us / MICROSECONDS, us % MICROSECONDS * NS_IN_US };
    return 0;
}

int __real_nanosleep (const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep (const struct timespec *wanted, struct timespec *left)
{
    if (!process_current ())
        return __real_nanosleep (wanted, left);
    call_enter ("nanosleep", CALL_PLAIN);
    int64_t us = (int64_t)wanted->tv_sec * MICROSECONDS + wanted->tv_nsec / NS_IN_US + 1;
    bool interrupted = call_interrupted ();
    process_yield_us (interrupted ? (int64_t)sim_random ((uint64_t)us) : us);
    call_leave ();
    return (int)result (interrupted ? -EINTR : 0);
}

ssize_t __real_getrandom (void *out, size_t bytes, unsigned flags);
ssize_t __wrap_getrandom (void *out, size_t bytes, unsigned flags)
{
    if (!process_current ())
        return __real_getrandom (out, bytes, flags);
    for (size_t i = 0; i < bytes; i++)
        ((unsigned char *)out)[i] = (unsigned char)sim_random (256);
    return (ssize_t)bytes;
}

/* ---- who and where ---- */

int __real_gethostname (char *out, size_t bytes);
int __wrap_gethostname (char *out, size_t bytes)
{
    const struct process *self = process_current ();
    if (!self)
        return __real_gethostname (out, bytes);
    snprintf (out, bytes, "%s", host_name (process_host (self)));
    return 0;
}

int __wrap___gethostname_chk (char *out, size_t bytes, size_t room)
{
    (void)room;
    return __wrap_gethostname (out, bytes);
}

uid_t __real_getuid (void);
uid_t __wrap_getuid (void)
{
    return process_current () ? USER : __real_getuid ();
}

uid_t __real_geteuid (void);
uid_t __wrap_geteuid (void)
{
    return process_current () ? USER : __real_geteuid ();
}

int __real_getpwuid_r (uid_t user, struct passwd *out, char *room, size_t bytes,
                       struct passwd **found);
int __wrap_getpwuid_r (uid_t user, struct passwd *out, char *room, size_t bytes,
                       struct passwd **found)
{
    static char name[] = "sim";
    if (!process_current ())
        return __real_getpwuid_r (user, out, room, bytes, found);
    *out = (struct passwd){ .pw_name = name, .pw_uid = user };
    *found = out;
    return 0;
}

char *__real_getenv (const char *name);
char *__wrap_getenv (const char *name)
{
    static char path[] = "/usr/bin";
    if (!process_current ())
        return __real_getenv (name);
    return strcmp (name, "PATH") == 0 ? path : NULL;
}

int __real_getrlimit (int resource, struct rlimit *out);
int __wrap_getrlimit (int resource, struct rlimit *out)
{
    if (!process_current ())
        return __real_getrlimit (resource, out);
    *out = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
    return 0;
}

int __real_setrlimit (int resource, const struct rlimit *limit);
int __wrap_setrlimit (int resource, const struct rlimit *limit)
{
    return process_current () ? 0 : __real_setrlimit (resource, limit);
}

int __real_getpriority (int which, id_t who);
int __wrap_getpriority (int which, id_t who)
{
    return process_current () ? 0 : __real_getpriority (which, who);
}

int __real_setpriority (int which, id_t who, int priority);
int __wrap_setpriority (int which, id_t who, int priority)
{
    return process_current () ? 0 : __real_setpriority (which, who, priority);
}

/* ---- what would only cost the simulator time ---- */

int __wrap_malloc_trim (size_t pad)
{
    (void)pad;
    return 0;
}

int __wrap_mallopt (int parameter, int value)
{
    (void)parameter;
    (void)value;
    return 1;
}

static int say (FILE *file, const char *format, va_list args)
{
    char line[1024];
    if (!process_current () || file != stderr)
        return vfprintf (file, format, args);
    int n = vsnprintf (line, sizeof line, format, args);
    sim_note ("%.*s", (int)strcspn (line, "\n"), line);
    return n;
}

int __wrap_fprintf (FILE *file, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    int n = say (file, format, args);
    va_end (args);
    return n;
}

int __wrap___fprintf_chk (FILE *file, int flag, const char *format, ...)
{
    va_list args;
    (void)flag;
    va_start (args, format);
    int n = say (file, format, args);
    va_end (args);
    return n;
}
