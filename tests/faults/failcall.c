/* failcall.c - a preloaded library that lets chosen calls of EMS fail.
 *
 * What counts as a call of EMS is one from the program itself (its parts are linked statically)
 * or, on its behalf, from libmsgpackc and libcjson. ZeroMQ and CZMQ are left alone: without memory
 * they abort by design. With `library` it is the other way round.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "failcall.h"

#define OBJECTS 8

static struct failcontrol *control;
static uint32_t program;

/* Where the code is that counts as EMS. */
static struct {
    uintptr_t from, to;
} ours[OBJECTS];
static size_t ours_count;

static int find_object (struct dl_phdr_info *info, size_t bytes, void *arg)
{
    bool *first = arg;
    (void)bytes;
    bool mine = *first || strstr (info->dlpi_name, "libmsgpackc") ||
                strstr (info->dlpi_name, "libmsgpack-c") || strstr (info->dlpi_name, "libcjson");
    *first = false;
    for (int i = 0; mine && i < info->dlpi_phnum; i++) {
        const ElfW (Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || ours_count == OBJECTS)
            continue;
        ours[ours_count].from = info->dlpi_addr + part->p_vaddr;
        ours[ours_count++].to = info->dlpi_addr + part->p_vaddr + part->p_memsz;
    }
    return 0;
}

static uint32_t which_program (void)
{
    static const char *const names[PROGRAMS] = { "ems-broker", "ems-worker", "ems-shim", "ems" };
    for (uint32_t i = 0; i < PROGRAMS; i++)
        if (strcmp (program_invocation_short_name, names[i]) == 0)
            return i;
    return PROGRAMS;
}

__attribute__ ((constructor)) static void start (void)
{
    bool first = true;
    const char *path = getenv ("FAILCALL_CONTROL");
    program = which_program ();
    if (!path || program == PROGRAMS)
        return;
    int fd = (int)syscall (SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED
                       : mmap (NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        syscall (SYS_close, fd);
    if (map == MAP_FAILED)
        return;
    dl_iterate_phdr (find_object, &first);
    control = map;
    __atomic_add_fetch (&control->started[program], 1, __ATOMIC_SEQ_CST);
}

__attribute__ ((destructor)) static void end (void)
{
    if (control)
        __atomic_add_fetch (&control->ended[program], 1, __ATOMIC_SEQ_CST);
}

static bool is_ours (const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    for (size_t i = 0; i < ours_count; i++)
        if (at >= ours[i].from && at < ours[i].to)
            return true;
    return false;
}

int failcall_due (enum failcall call, const void *caller)
{
    if (!control || is_ours (caller) == (control->library != 0))
        return 0;
    uint32_t count = __atomic_add_fetch (&control->counts[program][call], 1, __ATOMIC_SEQ_CST);
    uint32_t first = control->first;
    if (control->program != program || control->call != (uint32_t)call || first == 0 ||
        count < first || (count > first && !control->forever))
        return 0;
    __atomic_add_fetch (&control->hits, 1, __ATOMIC_SEQ_CST);
    if (control->number > 0)
        errno = control->number;
    return control->number;
}

void *failcall_real (const char *name)
{
    void *found = dlsym (RTLD_NEXT, name);
    if (!found) {
        dprintf (STDERR_FILENO, "failcall: there is no %s\n", name);
        abort ();
    }
    return found;
}
