/* actor.c - the processes of a job, as events.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "job_private.h"

#include <stdlib.h>
#include <string.h>
#include "disk.h"
#include "fd.h"
#include "process_private.h"

#define STEP_US        20
#define STEP_MORE_US   400
#define PIECE_MOST     4000
#define LINE_LEAST     20
#define LINE_MORE      100
#define CHILD_LIVES_MS 20000
#define HOP_US         800
#define LAST_HOP_US    5000000
#define NO_ROOM        74 /* what a job exits with that cannot write its results */
#define ASKED_TO_END   3
#define EXECS_MOST     32 /* more than any run of preemptions allows */
#define PATH_BYTES     256

struct actor {
    struct actor *next;
    struct process *process;
    struct job *job;
    bool leads;  /* the main process */
    bool runs;   /* after its exec */
    bool ending; /* nothing more is done */
    int status;  /* that it is about to end with */
    char script[JOB_SCRIPT_BYTES];
    const char *at;
    char results_dir[PATH_BYTES];
    unsigned long left; /* bytes of the step that are still to be made */
    bool half;          /* … without line ends */
    unsigned lines;
    char piece[PIECE_MOST]; /* made, but not written yet */
    size_t piece_bytes;
    unsigned long on_term;
    unsigned hops; /* it forks one like it and ends, so many times */
    bool hopped;
    struct pipe *pipe;
};

static struct actor *actors;

static void go (void *arg);

void actors_forget (void)
{
    while (actors) {
        struct actor *actor = actors;
        actors = actor->next;
        free (actor);
    }
}

static int64_t shortly_us (const struct actor *self)
{
    uint64_t slow_us = (uint64_t)self->process->host->slow_us[PROCESS_JOB];
    return STEP_US + (int64_t)sim_random (STEP_MORE_US + slow_us);
}

static void go_soon (struct actor *self)
{
    sim_after (shortly_us (self), go, self);
}

/* ---- the end ---- */

static void say (const struct actor *self, const char *what)
{
    sim_history ("job", what, "\"slot\":\"%s\",\"job\":\"%s\",\"pid\":%d",
                 host_name (self->process->host), self->job->id, (int)self->process->pid);
}

static void ended (void *arg)
{
    struct actor *self = arg;
    if (self->pipe->arg == self)
        self->pipe->on_room = NULL;
    /* Of those that follow each other only the last death is told: the others would fill books. */
    if (!self->runs || self->hopped)
        return;
    say (self, "dead");
    if (self->leads)
        sim_history ("job", "wrote", "\"job\":\"%s\",\"bytes\":%zu", self->job->id,
                     self->job->bytes);
}

static void end_now (void *arg)
{
    struct actor *self = arg;
    if (!process_defers (self->process, end_now, self))
        process_end (self->process, self->status);
}

/* The first reason counts. */
static void end_soon (struct actor *self, int status)
{
    if (self->ending)
        return;
    self->ending = true;
    self->status = status;
    sim_after (shortly_us (self), end_now, self);
}

static void exit_soon (struct actor *self, int code)
{
    end_soon (self, code << 8);
}

/* ---- its output ---- */

static size_t make_line (struct actor *self, char *out, size_t most)
{
    size_t bytes = LINE_LEAST + (size_t)sim_random (LINE_MORE);
    if (bytes > most)
        bytes = most;
    memset (out, 'a' + (int)(self->lines % 26), bytes);
    char head[LINE_LEAST];
    int n = snprintf (head, sizeof head, "%06u ", self->lines++ % 1000000);
    if ((size_t)n < bytes)
        memcpy (out, head, (size_t)n);
    if (!self->half)
        out[bytes - 1] = '\n';
    return bytes;
}

static void make_piece (struct actor *self)
{
    size_t wanted = 1 + (size_t)sim_random (PIECE_MOST);
    if (wanted > self->left)
        wanted = self->left;
    size_t have = 0;
    while (have < wanted)
        have += make_line (self, self->piece + have, wanted - have);
    self->piece_bytes = have;
    self->left -= have;
}

/* False: it is over with us, or we have to wait. */
static bool write_piece (struct actor *self)
{
    ssize_t n = pipe_write (self->pipe, self->piece, self->piece_bytes);
    if (n < 0) {
        end_soon (self, SIGPIPE);
        return false;
    }
    job_wrote (self->job, self->piece, (size_t)n);
    self->piece_bytes -= (size_t)n;
    memmove (self->piece, self->piece + n, self->piece_bytes);
    if (self->piece_bytes == 0)
        return true;
    self->pipe->on_room = go;
    self->pipe->arg = self;
    return false;
}

/* ---- what it does besides ---- */

static void write_results (struct actor *self, size_t bytes)
{
    char name[32];
    struct job *job = self->job;
    struct inode *dir = disk_look (host_disk (self->process->host), self->results_dir);
    struct inode *file = NULL;
    if (job->file_count == JOB_FILES_MOST)
        return;
    snprintf (name, sizeof name, "file-%u", job->file_count);
    if (!dir || disk_make (dir, name, INODE_FILE, 0644, &file) < 0) {
        exit_soon (self, NO_ROOM);
        return;
    }
    char *data = malloc (bytes + 1);
    for (size_t i = 0; data && i < bytes; i++)
        data[i] = job_file_byte (job, job->file_count, i);
    bool good = data && disk_write (file, data, bytes, 0) == (ssize_t)bytes;
    free (data);
    job->files[job->file_count++] = bytes;
    if (!good)
        exit_soon (self, NO_ROOM);
}

static void put_progress (struct actor *self, unsigned long number)
{
    self->piece_bytes = (size_t)snprintf (
        self->piece, sizeof self->piece,
        "[PROGRESS] experiment=e%lu step=run current=%lu total=9 | go\n", number, number);
}

static void put_experiment (struct actor *self, unsigned long number)
{
    self->piece_bytes =
        (size_t)snprintf (self->piece, sizeof self->piece,
                          "[PROGRESS] step=experiment_start current=%lu total=9 | go\n", number);
}

enum child {
    CHILD_STAYS,
    CHILD_LEAVES, /* the session */
    CHILD_HIDES,  /* so does its environment */
};

static struct actor *fork_child (struct actor *self, enum child kind);

static void fork_one (struct actor *self, enum child kind, int64_t lives_ms)
{
    struct actor *child = fork_child (self, kind);
    say (child, "fork");
    sim_after (lives_ms * 1000, end_now, child);
}

static void hop (void *arg);

static struct actor *fork_hopper (struct actor *self, unsigned hops)
{
    struct actor *child = fork_child (self, CHILD_HIDES);
    child->hops = hops;
    if (hops > 0)
        sim_after (1 + (int64_t)sim_random (HOP_US), hop, child);
    else
        sim_after (LAST_HOP_US, end_now, child);
    return child;
}

/* Whoever looks for it sees one that has just ended. */
static void hop (void *arg)
{
    struct actor *self = arg;
    if (!process_alive (self->process) || process_defers (self->process, hop, self))
        return;
    fork_hopper (self, self->hops - 1);
    self->hopped = true;
    end_now (self);
}

static void signal_shim (const struct actor *self, int signal)
{
    struct process *shim = self->process->parent;
    if (shim && shim->kind == PROCESS_SHIM)
        process_signal (shim, signal);
}

static void step (struct actor *self, char letter, unsigned long number)
{
    switch (letter) {
    case 'w':
    case 'h':
        self->left = number;
        self->half = letter == 'h';
        break;
    case 'g':
        put_progress (self, number);
        break;
    case 'e':
        put_experiment (self, number);
        break;
    case 'f':
        for (unsigned long i = 0; i < number; i++)
            fork_one (self, CHILD_STAYS, CHILD_LIVES_MS);
        break;
    case 'o':
        fork_one (self, CHILD_LEAVES, (int64_t)number);
        break;
    case 'u':
        fork_one (self, CHILD_HIDES, (int64_t)number);
        break;
    case 'd':
        say (fork_hopper (self, (unsigned)number), "fork");
        break;
    case 'p':
        signal_shim (self, (int)number);
        break;
    case 'i':
        self->on_term = number;
        break;
    case 'r':
        write_results (self, number);
        break;
    case 'k':
        end_soon (self, (int)number);
        break;
    default: /* 'x', and whatever is no step */
        exit_soon (self, (int)number & 0xff);
        break;
    }
}

static void go (void *arg)
{
    struct actor *self = arg;
    unsigned long number = 0;
    if (!process_alive (self->process) || self->ending || process_defers (self->process, go, self))
        return;
    if (self->piece_bytes == 0 && self->left > 0)
        make_piece (self);
    if (self->piece_bytes > 0 && !write_piece (self))
        return;
    if (self->left > 0) {
        go_soon (self);
        return;
    }
    char letter = script_step (&self->at, &number);
    if (letter == 's') {
        sim_after ((int64_t)number * 1000 + 1, go, self);
        return;
    }
    if (letter == '\0')
        exit_soon (self, 0);
    else
        step (self, letter, number);
    go_soon (self);
}

/* ---- signals ---- */

static void say_and_exit (struct actor *self)
{
    static const char text[] = "terminated\n";
    ssize_t n = pipe_write (self->pipe, text, sizeof text - 1);
    if (n > 0)
        job_wrote (self->job, text, (size_t)n);
    exit_soon (self, ASKED_TO_END);
}

static void signalled (void *arg)
{
    struct actor *self = arg;
    int signal = self->process->signal;
    if (signal == SIGCHLD)
        return;
    if (signal != SIGTERM || !self->leads || !self->runs || self->on_term == 0)
        end_soon (self, signal);
    else if (self->on_term == 2)
        exit_soon (self, 0);
    else if (self->on_term == 3 && !self->ending)
        say_and_exit (self);
}

/* ---- being born ---- */

static struct actor *actor_new (struct process *process, struct job *job)
{
    struct actor *self = calloc (1, sizeof *self);
    if (!self)
        sim_fail ("out of memory");
    self->process = process;
    self->job = job;
    self->at = self->script;
    self->next = actors;
    actors = self;
    snprintf (process->job, sizeof process->job, "%s", job->id);
    process->on_signal = signalled;
    process->on_end = ended;
    process->on_signal_arg = self;
    return self;
}

static void give (struct process *to, struct process *from, int from_fd, int to_fd)
{
    struct file *file = fd_file (from, from_fd);
    if (file)
        fd_add (to, file_ref (file), to_fd, false);
}

struct process *actor_hold (struct process *parent, struct job *job, int output, int slot_fd)
{
    struct process *process = process_new (parent->host, PROCESS_HELD, "job", parent);
    struct actor *self = actor_new (process, job);
    self->leads = true;
    memcpy (process->args, parent->args, sizeof process->args);
    process->argc = parent->argc;
    give (process, parent, output, 1);
    give (process, parent, output, 2);
    give (process, parent, slot_fd, slot_fd);
    self->pipe = fd_file (process, 1)->pipe;
    return process;
}

void actor_exec (struct process *process, const char *mark, const char *script,
                 const char *results_dir, const char *attempt)
{
    struct actor *self = process->on_signal_arg;
    self->runs = true;
    process->kind = PROCESS_JOB;
    snprintf (process->mark, sizeof process->mark, "%s", mark);
    snprintf (process->args[0], sizeof process->args[0], "/opt/job");
    process->argc = 1;
    snprintf (self->script, sizeof self->script, "%s", script);
    snprintf (self->results_dir, sizeof self->results_dir, "%s", results_dir);
    sim_history ("job", "exec", "\"slot\":\"%s\",\"job\":\"%s\",\"attempt\":%s,\"pid\":%d",
                 host_name (process->host), self->job->id, attempt, (int)process->pid);
    /* The judge would notice too, but at the end of the history, which may be far. */
    if (++self->job->execs == EXECS_MOST)
        sim_violation ("job %s was executed %d times", self->job->id, EXECS_MOST);
    go_soon (self);
}

void actor_give_up (struct process *process)
{
    process_end (process, 127 << 8);
}

static struct actor *fork_child (struct actor *self, enum child kind)
{
    struct process *parent = self->process;
    struct process *process = process_new (parent->host, PROCESS_JOB, "child", parent);
    struct actor *child = actor_new (process, self->job);
    child->runs = true;
    child->pipe = self->pipe;
    process->sid = kind == CHILD_STAYS ? parent->sid : process->pid;
    if (kind != CHILD_HIDES)
        memcpy (process->mark, parent->mark, sizeof process->mark);
    memcpy (process->args, parent->args, sizeof process->args);
    process->argc = parent->argc;
    for (int fd = 0; fd < PROCESS_FDS; fd++)
        give (process, parent, fd, fd);
    return child;
}
