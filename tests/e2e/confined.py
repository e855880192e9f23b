# SPDX-License-Identifier: MPL-2.0
"""Running a function where it harms nobody: in a PID namespace, cgroups and a folder of its own.

    caller -- janitor (a session of its own) -- first process of the namespace -- the function

When the first process ends the kernel kills all that is in the namespace; it ends with the function,
with the janitor, and when the caller is gone, however that happened. Then the janitor removes the rest.
Needs root.
"""
import ctypes
import json
import os
import select
import signal
import subprocess
import tempfile
import time
import traceback
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWPID, CLONE_NEWNS = 0x20000000, 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
PREFIX = "ems-torture-"
PROCESSES = 2000  # in one namespace, where the machine can count them
CLEANED_S = 60


def run(function, deadline_s):
    """function (place) in a world of its own; `place` is an empty folder.

    Returns (what the function returned, which must fit into JSON, or None if it did not come to its
    end; what was left of it, in words). TimeoutError if it takes longer than deadline_s."""
    life, life_of_caller = os.pipe()
    reports, report = os.pipe()
    between = os.fork()
    if between == 0:
        try:  # nothing of ours may go on as the caller
            os.close(life_of_caller)
            os.close(reports)
            os.setsid()  # and not our child: who kills us and our children does not reach it
            if os.fork() == 0:
                be_the_janitor(function, life, report)
        finally:
            os._exit(0)
    os.close(life)
    os.close(report)
    os.waitpid(between, 0)
    try:
        text = read_to_the_end(reports, deadline_s)
    finally:
        os.close(life_of_caller)
        read_to_the_end(reports, CLEANED_S)
        os.close(reports)
    found = {}
    for line in text.splitlines():
        found |= json.loads(line)
    assert "left" in found, "the janitor did not come to its end"
    return found.get("returned"), found["left"]


def read_to_the_end(descriptor, deadline_s):
    data, until = b"", time.monotonic() + deadline_s
    while select.select([descriptor], [], [], max(0, until - time.monotonic()))[0]:
        piece = os.read(descriptor, 65536)
        if not piece:
            return data
        data += piece
    raise TimeoutError(f"not over after {deadline_s} s")


def tell(report, **words):
    data = json.dumps(words).encode() + b"\n"
    while data:
        data = data[os.write(report, data):]


def be_the_janitor(function, life, report):
    """What goes wrong is told as something that is left."""
    place, groups, left = tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"), [], []
    for step in (lambda: make_groups(os.path.basename(place), groups),
                 lambda: live(function, life, report, Path(place), groups),
                 lambda: left.extend(clean(place, groups))):
        try:
            step()
        except BaseException:
            left.append(traceback.format_exc())
    tell(report, left=left)  # BrokenPipeError: to nobody any more


def live(function, life, report, place, groups):
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    check(LIBC.unshare(CLONE_NEWPID), "unshare: is this root?")
    first = os.fork()
    if first == 0:
        be_the_first_process(function, place, groups, report)
    wait_for(first, life)
    check(LIBC.setns(own, CLONE_NEWPID), "setns")  # in one whose first process is dead nobody can fork


def wait_for(first, life):
    """Until it ends; it is killed if the caller is gone first."""
    ended = os.pidfd_open(first)
    if life in select.select([ended, life], [], [])[0]:
        os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)


def be_the_first_process(function, place, groups, report):
    try:
        check(LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
        for group in groups:
            Path(group, "cgroup.procs").write_text("0")
        check(LIBC.unshare(CLONE_NEWNS), "unshare")
        check(LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
        check(LIBC.mount(b"proc", b"/proc", b"proc", 0, None), "mount /proc")
        second = os.fork()
        if second == 0:
            tell(report, returned=function(place))
            os._exit(0)
        while os.wait()[0] != second:  # orphans come to us
            pass
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def make_groups(name, made):
    """Our own cgroups: a unified one, for those that EMS makes, and where processes are counted."""
    for place in group_places():
        group = os.path.join(place, name)
        try:
            os.mkdir(group)
        except OSError:
            continue
        made.append(group)
        if os.path.exists(f"{group}/pids.max"):
            Path(group, "pids.max").write_text(str(PROCESSES))


def group_places():
    """The folders of the groups that we are in: the unified one, and that of the pids controller."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text("utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        own |= {controller: path for controller in controllers.split(",")}
    for line in Path("/proc/mounts").read_text("utf-8").splitlines():
        _, point, kind, options = line.split()[:4]
        controller = "" if kind == "cgroup2" else "pids"
        if (kind == "cgroup2" or kind == "cgroup" and "pids" in options.split(",")) and controller in own:
            yield point + own[controller].rstrip("/")


def clean(place, groups):
    """Remove all; in words what else there was."""
    left = [f"{place}/{name}" for name in os.listdir(place)]
    for group in groups:
        for folder, _, _ in os.walk(group, topdown=False):
            left += [folder] if folder != group else []
            os.rmdir(folder)
    subprocess.run(["rm", "-rf", place], check=True)  # rmtree cannot go as deep as some jobs do
    return left
