#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The n-th call of a function fails, once or from then on, on every way through EMS.

    syscalls.py --bin DIR --helpers DIR [--long] [--seed N] [--only PATH:PROGRAM:CALL[:N[:MODE:ERROR]]]

First each path is gone without a fault, and the calls of each program are counted; then each of those
calls fails (libfailcall.so, failcalls.h). Nobody may crash. Nobody may lie: what was answered is so, or
the caller was told, or can ask again and hears the truth. Without the fault everything goes on.
"""
import argparse
import collections
import errno
import multiprocessing
import random
import signal
import sys
import traceback
from pathlib import Path

from control import SHORT
from fault_paths import OF_LIBRARIES, PATHS, PROGRAMS_OF, Trial
from fault_system import Broken, FaultSystem, judge

LANES = 8
LEAST = 200  # faults in a run that is whole

# What each call may fail with.
ERRORS = {
    "malloc": ("ENOMEM",), "calloc": ("ENOMEM",), "realloc": ("ENOMEM",), "strdup": ("ENOMEM",),
    "asprintf": ("ENOMEM",), "realpath": ("ENOMEM", "EIO"), "fdopendir": ("ENOMEM",),
    "fopen": ("EMFILE", "ENOMEM"), "open": ("EMFILE", "EIO"),
    "openat": ("EMFILE", "EIO", "ENOSPC", "ENOMEM"), "read": ("EIO", "EINTR"),
    "pread": ("EIO", "EINTR"), "write": ("ENOSPC", "EIO", "EINTR", "SHORT"),
    "pwrite": ("ENOSPC", "EIO", "EINTR", "SHORT"), "ftruncate": ("EIO",), "fsync": ("EIO", "ENOSPC"),
    "fdatasync": ("EIO", "ENOSPC"), "syncfs": ("EIO",), "renameat": ("EIO", "ENOSPC"),
    "renameat2": ("EIO", "ENOSPC", "EINVAL"), "mkdir": ("ENOSPC", "EIO"),
    "mkdirat": ("ENOSPC", "EMLINK"), "unlinkat": ("EIO",), "flock": ("ENOLCK", "EINTR"),
    "fork": ("EAGAIN", "ENOMEM"), "execve": ("ENOMEM", "E2BIG"),
    "posix_spawn": ("EAGAIN", "ENOMEM"), "pipe2": ("EMFILE",), "dup3": ("EMFILE",),
    "socket": ("EMFILE", "ENOBUFS"), "bind": ("EADDRINUSE", "ENOSPC"), "listen": ("EADDRINUSE",),
    "connect": ("EAGAIN", "ECONNREFUSED"), "accept4": ("EMFILE", "ECONNABORTED"),
    "send": ("EAGAIN", "EPIPE", "EINTR"), "recv": ("EINTR", "ECONNRESET"), "poll": ("EINTR", "ENOMEM"),
    "epoll_create1": ("EMFILE",), "epoll_ctl": ("ENOSPC", "ENOMEM"), "epoll_wait": ("EINTR",),
    "pidfd_open": ("EMFILE",), "waitpid": ("EINTR",), "signalfd": ("EMFILE",),
    "timerfd_create": ("EMFILE",), "inotify_init1": ("EMFILE",), "inotify_add_watch": ("ENOSPC",),
    "getrandom": ("EINTR",), "zmq_ctx_new": ("EMFILE",), "zmq_socket": ("EMFILE",),
    "zmq_setsockopt": ("EINVAL",), "zmq_bind": ("EADDRINUSE",), "zmq_connect": ("EMFILE",),
    "zmq_socket_monitor": ("EMFILE",), "zmq_msg_init_size": ("ENOMEM",),
    "zmq_msg_init_data": ("ENOMEM",), "zmq_msg_move": ("EFAULT",), "zmq_msg_copy": ("EFAULT",),
    "zmq_msg_send": ("EAGAIN", "EINTR", "EHOSTUNREACH"), "zmq_msg_recv": ("EAGAIN", "EINTR"),
    "zmq_poll": ("EINTR",), "zloop_new": ("ENOMEM",), "zloop_poller": ("ENOMEM",),
}
# What ZeroMQ and CZMQ must bear; without memory, or without descriptors for themselves, they abort by
# design.
LIBRARY_ERRORS = {"accept4": ("EMFILE", "ECONNABORTED"), "connect": ("ECONNREFUSED",),
                  "poll": ("EINTR",), "epoll_wait": ("EINTR",), "send": ("EINTR", "EPIPE"),
                  "recv": ("EINTR", "ECONNRESET")}
# An error that is over by the next call; for good it would only be a loop without end.
ONCE_ONLY = ("EINTR", "ECONNABORTED", "SHORT")

Size = collections.namedtuple("Size", "calls forever errors")
NORMAL = Size(calls=2, forever=1, errors=1)
LONG = Size(calls=10 ** 9, forever=3, errors=10)


class Fault(collections.namedtuple("Fault", "path program call first forever error")):
    @property
    def number(self):
        return SHORT if self.error == "SHORT" else getattr(errno, self.error)

    def __str__(self):
        mode = "forever" if self.forever else "once"
        return f"{self.path}:{self.program}:{self.call}:{self.first}:{mode}:{self.error}"


def spread(count, most):
    """1 to count, or so many of them, evenly, the first and the last with them."""
    if count <= most:
        return range(1, count + 1)
    if most == 1:
        return [1]
    return sorted({1 + round(number * (count - 1) / (most - 1)) for number in range(most)})


def plan(path, counts, size, chance):
    """The faults of one path."""
    faults = []
    possible = LIBRARY_ERRORS if path in OF_LIBRARIES else ERRORS
    for (program, call), count in sorted(counts.items()):
        if program not in PROGRAMS_OF[path] or call not in possible:
            continue
        errors = possible[call]
        for number, first in enumerate(spread(count, size.calls)):
            shift = chance.randrange(len(errors))
            for error in (errors[shift:] + errors[:shift])[:size.errors]:
                faults.append(Fault(path, program, call, first, 0, error))
        lasting = [error for error in errors if error not in ONCE_ONLY]
        for first in spread(count, size.forever):
            if lasting:
                faults.append(Fault(path, program, call, first, 1, chance.choice(lasting)))
    return faults


class Sweep:
    """The part of one lane."""

    def __init__(self, options, lane):
        self.options, self.lane = options, lane
        self.size = LONG if options.long else NORMAL
        self.failures, self.trials, self.hits, self.aborts = [], 0, 0, 0
        self.possible = 0  # calls that there are, on all paths
        self.owed, self.shown = set(), set()  # evidence, see tests/judge
        self.system = None

    def fresh(self):
        self.end()
        self.system = FaultSystem(Path(self.options.bin).resolve(),
                                  Path(self.options.helpers).resolve())
        self.system.start()

    def end(self):
        if self.system:
            system, self.system = self.system, None
            self.owed |= system.owed
            self.shown |= system.shown
            system.control.disarm()
            system.close()

    def go(self, path, fault):
        """One trial; what is wrong."""
        system = self.system
        system.note_known()
        trial = Trial(system, fault)
        problems = list(PATHS[path](trial))
        self.hits += system.control.hits() > 0
        self.aborts += trial.aborted
        return problems

    def count(self, path):
        """How often each program calls what on this path."""
        counts = collections.Counter()
        for program in PROGRAMS_OF[path]:
            nobody = Fault(path, program, "malloc", 0, 0, "ENOMEM")
            problems = self.go(path, nobody)
            if problems:
                raise Broken(f"{path} without a fault: {problems}")
            for key, number in self.system.control.counted.items():
                counts[key] = max(counts[key], number)
        if not counts:
            raise Broken(f"{path}: no call was counted; is libfailcall.so there?")
        self.possible += sum(counts.values()) if self.lane == 0 else 0
        return counts

    def sweep(self, path):
        self.fresh()
        counts = self.count(path)
        faults = plan(path, counts, self.size, random.Random(f"{self.options.seed} {path}"))
        mine = [fault for fault in faults if self.wanted(fault)][self.lane::LANES]
        for fault in mine:
            self.trials += 1
            try:
                problems = self.go(path, fault)
            except (Broken, AssertionError, OSError) as error:
                problems = [repr(error)]
            if problems:
                self.failures.append(self.report(fault, problems))
                self.restart()
                print(self.failures[-1], file=sys.stderr, flush=True)
        self.end()

    def wanted(self, fault):
        only = self.options.only
        return not only or str(fault).startswith(only) or only.startswith(str(fault))

    def report(self, fault, problems):
        said = "".join(f"\n  {name}: " + self.system.remarks(name)[-1500:]
                       for name in ("broker", "worker"))
        return (f"{fault} (hit {self.system.control.hits()} times)\n  repeat: --only {fault}\n  "
                + "\n  ".join(problems) + said)

    def restart(self):
        """After a violation nothing of that system is used any more."""
        try:
            self.end()
        except AssertionError as error:
            self.failures[-1] += f"\n  afterwards: {error}"
        self.fresh()


def end_by_signal(_signal, _frame):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
    raise SystemExit("ended by a signal")


def run_lane(options, lane, results):
    sweep = Sweep(options, lane)
    try:
        for path in PATHS:
            if not options.only or options.only.split(":")[0] == path:
                sweep.sweep(path)
    except BaseException:  # whatever it was, the other side waits for a word
        sweep.failures.append(traceback.format_exc())
        print(sweep.failures[-1], file=sys.stderr, flush=True)
        try:
            sweep.end()
        except AssertionError as error:
            print(error, file=sys.stderr, flush=True)
    results.send((sweep.trials, sweep.hits, sweep.failures, sweep.aborts, sweep.possible, sweep.owed,
                  sweep.shown))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--helpers", required=True, help="folder of libfailcall.so and power_job")
    parser.add_argument("--long", action="store_true", help="every call with every error")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="PATH[:PROGRAM[:CALL[:N[:MODE:ERROR]]]]")
    return parser.parse_args()


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, end_by_signal)  # so that everything is cleaned up
    lanes = []
    for number in range(LANES):
        here, there = multiprocessing.Pipe(duplex=False)
        lanes.append((here, multiprocessing.Process(target=run_lane, args=(options, number, there))))
        lanes[-1][1].start()
        there.close()
    try:
        found = [results.recv() for results, _ in lanes]
    finally:
        for _, lane in lanes:
            if sys.exc_info()[0]:
                lane.terminate()
            lane.join()
    failures = [failure for one in found for failure in one[2]]
    trials, hits = sum(one[0] for one in found), sum(one[1] for one in found)
    print(f"syscalls: seed {options.seed}, {trials} faults on {len(PATHS)} paths with "
          f"{sum(one[4] for one in found)} calls, {hits} of them met, "
          f"{sum(one[3] for one in found)} aborts by design of libraries, {len(failures)} violations")
    gaps = not_shown(options, trials, hits, set().union(*(one[5] for one in found)),
                     set().union(*(one[6] for one in found)))
    for gap in gaps:
        print(f"syscalls: {gap}", file=sys.stderr)
    return 1 if failures or gaps else 0


def not_shown(options, trials, hits, owed, shown):
    """Sentences: what was not tried, and so is not shown."""
    gaps = []
    if trials == 0:
        gaps.append("nothing was tried; is there such a path, program, call and error?")
    elif hits <= trials / 2:
        gaps.append("too few calls failed for this to mean anything")
    if not options.only and trials < LEAST:
        gaps.append(f"{trials} faults are too few to show anything")
    return gaps if options.only else gaps + judge.unshown(owed, shown)


if __name__ == "__main__":
    sys.exit(main())
