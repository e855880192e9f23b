# SPDX-License-Identifier: MPL-2.0
"""kill -9 of a program before its n-th system call.

Whatever a program does to the disk it does by system calls: to have been killed before each of
them is to have been killed at every moment that matters.
"""

import ctypes
import os
import signal

TRACEME, SYSCALL, SETOPTIONS = 0, 24, 0x4200
SYSGOOD, EXITKILL = 1, 1 << 20
AT_SYSCALL = signal.SIGTRAP | 0x80

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, data=0):
    if libc.ptrace(request, pid, None, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "ptrace")


def start(command, env, output):
    """The pid of the program, which waits before its first instruction; all it says goes to output."""
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            ptrace(TRACEME, 0)
            os.execve(command[0], command, env)
        finally:
            os._exit(127)
    os.waitpid(pid, 0)
    ptrace(SETOPTIONS, pid, SYSGOOD | EXITKILL)
    return pid


def run(command, env, output, kill_before=None, count_from=lambda: True):
    """Run it; (system calls made, exit code or -signal).

    Calls count from the first one at which count_from () is true.
    """
    # The leak checker of AddressSanitizer cannot work in a program that is traced.
    options = f"{env.get('ASAN_OPTIONS', '')}:detect_leaks=0".lstrip(":")
    pid = start(command, {**env, "ASAN_OPTIONS": options}, output)
    calls, inside, counting, pending = 0, False, False, 0
    while True:
        ptrace(SYSCALL, pid, pending)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            return calls, os.waitstatus_to_exitcode(status)
        if os.WSTOPSIG(status) != AT_SYSCALL:
            pending = os.WSTOPSIG(status)
            continue
        pending = 0
        inside = not inside
        counting = counting or count_from()
        if not inside or not counting:
            continue
        calls += 1
        if calls == kill_before:
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            return calls, os.waitstatus_to_exitcode(status)
