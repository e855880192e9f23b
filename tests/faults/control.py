# SPDX-License-Identifier: MPL-2.0
"""The memory through which libfailcall.so is told what to let fail: see failcalls.h."""
import ctypes
import mmap
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = ("broker", "worker", "shim", "ems")
CALLS = tuple(re.findall(r"^ +CALL \((\w+)\)", (HERE / "failcalls.h").read_text(), re.MULTILINE))
SHORT = -1


class Memory(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("program", "call", "first", "forever")] + [
        ("number", ctypes.c_int32)] + [(name, ctypes.c_uint32) for name in (
            "library", "hits", "spare")] + [
        ("started", ctypes.c_uint32 * len(PROGRAMS)), ("ended", ctypes.c_uint32 * len(PROGRAMS)),
        ("counts", ctypes.c_uint32 * len(CALLS) * len(PROGRAMS))]


class Control:
    """One file for one system."""

    def __init__(self, path):
        self.path = path
        with open(path, "w+b") as file:
            file.truncate(ctypes.sizeof(Memory))
            self.map = mmap.mmap(file.fileno(), ctypes.sizeof(Memory))
        self.memory = Memory.from_buffer(self.map)
        self.counted = None  # {(program, call): how often} between arm and disarm

    def arm(self, fault=None, library=False):
        """Count from now on, and let `fault` fail if there is one."""
        self.memory.first = 0
        self.counted = None
        ctypes.memset(self.memory.counts, 0, ctypes.sizeof(self.memory.counts))
        self.memory.hits = 0
        self.memory.library = library
        if fault:
            self.memory.program = PROGRAMS.index(fault.program)
            self.memory.call = CALLS.index(fault.call)
            self.memory.number = fault.number
            self.memory.forever = fault.forever
            self.memory.first = fault.first

    def disarm(self):
        """What was counted so far is what counts."""
        self.memory.first = 0
        if not self.counted:
            self.counted = self.counts()

    def hits(self):
        return self.memory.hits

    def counts(self):
        """{(program, call): how often} since it was armed."""
        return {(program, call): self.memory.counts[i][j] for i, program in enumerate(PROGRAMS)
                for j, call in enumerate(CALLS) if self.memory.counts[i][j]}

    def alive(self, program):
        """Processes that started and have not ended; one that a signal ended counts for ever."""
        index = PROGRAMS.index(program)
        return self.memory.started[index] - self.memory.ended[index]
