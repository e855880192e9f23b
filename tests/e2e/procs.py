# SPDX-License-Identifier: MPL-2.0
"""Facts about processes, and waiting for facts."""
import os
import signal
import time
from pathlib import Path

PAUSE_S = 0.01


def eventually(fact, deadline_s=60, why=None):
    """The first true value of fact(); an AssertionError if there is none in time."""
    until = time.monotonic() + deadline_s
    while True:
        value = fact()
        if value:
            return value
        assert time.monotonic() < until, f"not true after {deadline_s} s: {why or describe(fact)}"
        time.sleep(PAUSE_S)


def describe(fact):
    code = fact.__code__
    return f"{code.co_name} ({Path(code.co_filename).name}:{code.co_firstlineno})"


def stat_fields(pid):
    """The fields of /proc/PID/stat from the state on; [] if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("latin-1").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def identity(pid):
    """(pid, start time), or None if the process is not alive: gone or a zombie."""
    fields = stat_fields(pid)
    return (pid, int(fields[19])) if fields and fields[0] not in "ZX" else None


def alive(who):
    return identity(who[0]) == who


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def mentioning(text):
    """Live processes that have `text` in their arguments or environment: {identity: arguments}."""
    found = {}
    for pid in processes():
        try:
            who = identity(pid)
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if who and text.encode() in arguments + b"\0" + environment and pid != os.getpid():
            found[who] = arguments.replace(b"\0", b" ").decode("utf-8", "replace")
    return found


def kill(who):
    """SIGKILL to exactly that process, if it is still there."""
    try:
        descriptor = os.pidfd_open(who[0])
    except ProcessLookupError:
        return
    try:
        if alive(who):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except ProcessLookupError:
        pass
    finally:
        os.close(descriptor)


def cgroups(prefix):
    """All cgroup v2 folders whose name begins so."""
    found = []
    for line in Path("/proc/mounts").read_text("utf-8").splitlines():
        _, place, kind = line.split()[:3]
        if kind == "cgroup2":
            found += [os.path.join(folder, name) for folder, names, _ in os.walk(place)
                      for name in names if name.startswith(prefix)]
    return found


def cgroup_can_be_made():
    """Can we, as we are, make a cgroup below our own?"""
    own = [line.split("::")[1] for line in Path("/proc/self/cgroup").read_text("utf-8").splitlines()
           if line.startswith("0::")]
    for line in Path("/proc/mounts").read_text("utf-8").splitlines():
        _, place, kind = line.split()[:3]
        if kind == "cgroup2" and own:
            probe = Path(place + own[0].rstrip("/"), f"ems-probe-{os.getpid()}")
            try:
                probe.mkdir()
                probe.rmdir()
                return True
            except OSError:
                continue
    return False
