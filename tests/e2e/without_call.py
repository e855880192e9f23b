#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Run a program to which the kernel says that it does not know a system call.

usage: without_call.py NUMBER ERRNO PROGRAM [ARGUMENT…]
"""
import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD_NUMBER, IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # of classic BPF
ALLOW, REFUSE = 0x7FFF0000, 0x00050000


class Filter(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def main():
    number, error, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    code = b"".join(struct.pack("=HBBI", *step) for step in (
        (LOAD_NUMBER, 0, 0, 0), (IF_EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE | error), (RETURN, 0, 0, ALLOW)))
    libc = ctypes.CDLL(None, use_errno=True)
    if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Filter(4, code)), 0, 0)):
        sys.exit(f"no filter of system calls: {os.strerror(ctypes.get_errno())}")
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
