/* coroutine.c - stacks, and switching between them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "process_private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifndef WITH_ASAN
#define WITH_ASAN 0
#endif

#if WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#define STACK_BYTES (1024 * 1024)
#define GUARD_BYTES 4096

struct coroutine {
    ucontext_t context;
    char *stack;
    void (*fn) (void *arg);
    void *arg;
    int errno_kept;
    void *fake_stack;
    struct coroutine *next; /* in the list of free ones */
};

static ucontext_t simulator;
static struct coroutine *free_ones;
#if WITH_ASAN
static void *simulator_fake_stack;
static const void *simulator_stack;
static size_t simulator_stack_bytes;
#endif

/* The address sanitizer must know which stack is in use. */
static void switching_to (void **keep, const void *stack, size_t bytes)
{
#if WITH_ASAN
    __sanitizer_start_switch_fiber (keep, stack, bytes);
#else
    (void)keep;
    (void)stack;
    (void)bytes;
#endif
}

static void switched_into (struct coroutine *self)
{
#if WITH_ASAN
    __sanitizer_finish_switch_fiber (self->fake_stack, &simulator_stack, &simulator_stack_bytes);
#else
    (void)self;
#endif
}

static void switched_back (void)
{
#if WITH_ASAN
    __sanitizer_finish_switch_fiber (simulator_fake_stack, NULL, NULL);
#endif
}

/* makecontext passes only ints. */
static struct coroutine *starting;

static void run (void)
{
    struct coroutine *self = starting;
    switched_into (self);
    self->fn (self->arg);
    sim_fail ("a coroutine came to its end without process_exit");
}

static struct coroutine *make (void)
{
    struct coroutine *self = calloc (1, sizeof *self);
    void *stack = mmap (NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!self || stack == MAP_FAILED || mprotect (stack, GUARD_BYTES, PROT_NONE) < 0)
        sim_fail ("out of memory for a stack");
    self->stack = stack;
    return self;
}

/* On its own: the compiler keeps nothing in registers across such a call. */
static int context_begin (ucontext_t *context)
{
    return getcontext (context);
}

struct coroutine *coroutine_new (void (*fn) (void *arg), void *arg)
{
    struct coroutine *self = free_ones;
    if (self)
        free_ones = self->next;
    else
        self = make ();
#if WITH_ASAN
    __asan_unpoison_memory_region (self->stack + GUARD_BYTES, STACK_BYTES - GUARD_BYTES);
#endif
    self->fn = fn;
    self->arg = arg;
    self->fake_stack = NULL;
    self->errno_kept = 0;
    if (context_begin (&self->context) < 0)
        sim_fail ("getcontext");
    self->context.uc_stack.ss_sp = self->stack + GUARD_BYTES;
    self->context.uc_stack.ss_size = STACK_BYTES - GUARD_BYTES;
    self->context.uc_link = NULL;
    makecontext (&self->context, run, 0);
    return self;
}

void coroutine_enter (struct coroutine *self)
{
    int kept = errno;
    errno = self->errno_kept;
    starting = self;
#if WITH_ASAN
    switching_to (&simulator_fake_stack, self->stack, STACK_BYTES);
#else
    switching_to (NULL, NULL, 0);
#endif
    if (swapcontext (&simulator, &self->context) < 0)
        sim_fail ("swapcontext");
    switched_back ();
    errno = kept;
}

void coroutine_leave (struct coroutine *self)
{
    self->errno_kept = errno;
#if WITH_ASAN
    switching_to (&self->fake_stack, simulator_stack, simulator_stack_bytes);
#else
    switching_to (NULL, NULL, 0);
#endif
    if (swapcontext (&self->context, &simulator) < 0)
        sim_fail ("swapcontext");
    switched_into (self);
    errno = self->errno_kept;
}

void coroutine_free (struct coroutine *self)
{
    self->next = free_ones;
    free_ones = self;
}
