#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MPL-2.0
"""Orchestrators that hide, fight back, or do to themselves what they can.

usage: hostile.py WHAT [N] - one of the functions below. Every process of theirs notes its pid in the
file "pids", one write each; "ready" is printed when all is as it should be for the test to go on.
Who comes to an end by itself writes "calm" into the history of the test (tests/judge) as its last deed.
"""
import ctypes
import os
import signal
import sys
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_TRACEME, CLONE_NEWPID, CLONE_NEWNS = 0, 0x20000000, 0x00020000
SHIM = os.getppid()
HISTORY = os.path.abspath("../jobs.jsonl")
LONGEST_S = 120
written = 0


def note():
    with open("pids", "ab", buffering=0) as pids:
        pids.write(b"%d\n" % os.getpid())


def tell(what, **fields):
    """A line of the history: one write, so that it is whole even if we are killed."""
    fields = "".join(f', "{key}": {value}' for key, value in fields.items())
    with open(HISTORY, "ab", buffering=0) as history:
        history.write(f'{{"at": {time.monotonic() * 1000:.3f}, "who": "job", "what": "{what}", '
                      f'"job": "{os.environ["EMS_JOB_ID"]}"{fields}}}\n'.encode())


def put(data):
    """Write all of it, then tell how much we have written so far."""
    global written
    left = memoryview(data)
    while left:
        left = left[os.write(1, left):]
    written += len(data)
    tell("wrote", bytes=written)


def say(text):
    put(text.encode() + b"\n")


def state():
    """The state folder of EMS."""
    return os.environ["EMS_RESULTS_DIR"].split("/results/")[0]


def say_and_wait(text):
    """Until it is in the log."""
    say(text)
    while text.encode() not in open(f"{state()}/logs/{os.environ['EMS_JOB_ID']}.log", "rb").read():
        time.sleep(0.005)


def leave(code):
    tell("calm")
    os._exit(code)


def send_to_shim(number):
    """Nobody else may be hit, should it be dead and its number be another's: look after holding it."""
    held = os.pidfd_open(SHIM)
    if os.getppid() == SHIM:
        signal.pidfd_send_signal(held, number)
    os.close(held)


def child(function, *arguments):
    """A child that does that and never comes back; its pid."""
    pid = os.fork()
    if pid == 0:
        note()
        function(*arguments)
        os._exit(0)
    return pid


def daemon(function, *arguments):
    """The same, of which the parent is gone and whose session is its own."""
    first = os.fork()
    if first == 0:
        os.setsid()
        child(function, *arguments)
        os._exit(0)
    os.waitpid(first, 0)


def wait_for_pids(count):
    """Until so many processes have noted themselves."""
    while open("pids", "rb").read().count(b"\n") < count:
        time.sleep(0.005)


def stay():
    """For long, but not for ever: nobody should have to look for us after a test."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        time.sleep(1)


def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    stay()


def spin():
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        pass


# What they do

def says(_count):
    say("ready")


def ignorers(count):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for number in range(count):
        (daemon if number % 2 else child)(deaf)
    wait_for_pids(count + 1)
    say("ready")
    stay()


def stops_itself(_count):
    say("ready")
    stop_for_ever()


def stop_for_ever():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        os.kill(os.getpid(), signal.SIGSTOP)


def stop_again_and_again(held):
    """The process of that pidfd, until it is dead."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say_and_wait("ready")
    until = time.monotonic() + LONGEST_S
    try:
        while time.monotonic() < until:
            signal.pidfd_send_signal(held, signal.SIGSTOP)
            open("stopped", "w", encoding="ascii").close()
            time.sleep(0.001)
    except ProcessLookupError:
        stay()


def is_stopped_by_a_child(_count):
    daemon(stop_again_and_again, os.pidfd_open(os.getpid()))
    stay()


def stops_its_shim(count):
    """Fills the pipe and exits with N while the shim cannot see it."""
    say("ready")
    send_to_shim(signal.SIGSTOP)
    put(b"owed\n" * 100000)
    leave(count)


def stops_its_shim_and_stays(_count):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say_and_wait("ready")
    send_to_shim(signal.SIGSTOP)
    open("stopped", "w", encoding="ascii").close()
    stay()


def stops_its_shim_for_ever(_count):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    held = os.pidfd_open(SHIM)
    if os.getppid() == SHIM:
        daemon(stop_again_and_again, held)
    stay()


def terms_its_shim(_count):
    say("ready")
    tell("calm")
    send_to_shim(signal.SIGTERM)
    stay()


def kill_shim():
    say("ready")
    tell("calm")
    send_to_shim(signal.SIGKILL)
    deaf()


def kills_its_shim(count):
    for _ in range(count):
        daemon(deaf)
    wait_for_pids(count + 1)
    kill_shim()


def become(environment, *words):
    """Ourselves anew with another environment, which is then what the kernel shows of us."""
    os.execve("/usr/bin/python3", ["/usr/bin/python3", "-IS", os.path.abspath(__file__), *words],
              environment)


def kills_its_shim_without_environment(_count):
    """In a session of its own; what is left of its origin is the slot's descriptor."""
    daemon(become, {}, "deaf_again")
    wait_for_pids(2)
    kill_shim()


def kills_its_shim_without_descriptors(_count):
    """In a session of its own; what is left of its origin is the environment."""
    def closed():
        os.closerange(0, 1024)
        deaf()
    daemon(closed)
    wait_for_pids(2)
    kill_shim()


def thread_without_leader():
    """The first thread ends, another goes on: the process looks dead to who looks at it as a whole."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=deaf_thread).start()
    LIBC.pthread_exit(None)


def deaf_thread():
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        with open("beat", "ab", buffering=0) as file:
            file.write(b".")
        time.sleep(0.02)


def hides_behind_a_dead_thread(_count):
    daemon(thread_without_leader)
    while not os.path.exists("beat"):
        time.sleep(0.005)
    say("ready")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    stay()


def kills_its_shim_behind_a_dead_thread(_count):
    daemon(thread_without_leader)
    while not os.path.exists("beat"):
        time.sleep(0.005)
    kill_shim()


def deaf_again(_count):
    note()
    deaf()


def cgroup_folder():
    """The folder of the cgroup that was made for us, or None."""
    own = [line[3:].rstrip("\n") for line in open("/proc/self/cgroup", encoding="utf-8")
           if line.startswith("0::")]
    for line in open("/proc/mounts", encoding="utf-8"):
        _, place, kind = line.split()[:3]
        if kind == "cgroup2" and own and own[0].endswith("/ems-" + os.environ["EMS_JOB_ID"]):
            return place + own[0]
    return None


def leaves_its_cgroup(count):
    """Everybody moves to the group above and goes on there."""
    for number in range(count):
        (daemon if number % 2 else child)(deaf)
    wait_for_pids(count + 1)
    folder = cgroup_folder()
    if folder:
        for pid in open("pids", encoding="ascii").read().split():
            with open(os.path.dirname(folder) + "/cgroup.procs", "w", encoding="ascii") as procs:
                procs.write(pid)
        if cgroup_folder():
            raise SystemExit("still in the cgroup")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("ready")
    stay()


def nests_and_freezes_its_cgroup(count):
    """N groups below each other, a process in the deepest, all of them frozen from outside."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    top = deepest = cgroup_folder()
    pid = child(deaf)
    wait_for_pids(2)
    if top:
        for _ in range(count):
            deepest += "/g"
            os.mkdir(deepest)
        with open(deepest + "/cgroup.procs", "w", encoding="ascii") as procs:
            procs.write(str(pid))
    say("ready")
    if top:
        with open(top + "/cgroup.freeze", "w", encoding="ascii") as freeze:
            freeze.write("1")
    stay()


def is_traced(_count):
    """A child in a ptrace stop, which takes no signal but SIGKILL; so does its tracer, us."""
    def traced():
        LIBC.ptrace(PTRACE_TRACEME, 0, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)
        deaf()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.waitpid(child(traced), os.WUNTRACED)
    say("ready")
    stay()


def has_namespaces(_count):
    """The rest of the family lives in a pid namespace of its own, under its own first process."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if LIBC.unshare(CLONE_NEWPID | CLONE_NEWNS) != 0:
        raise SystemExit("cannot unshare")

    def first():
        os.fork() or deaf()
        say("ready")
        deaf()
    os.fork() or first()  # they note nothing: their numbers are of another namespace
    stay()


def hogs(count):
    """Most of the processors' time for us, little for the shim, and the first out of memory."""
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
        score.write("1000")
    os.setpriority(os.PRIO_PROCESS, SHIM, 10)
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for _ in range(count):
        daemon(spin)
    wait_for_pids(count + 1)
    say("ready")
    stay()


def unlocks_the_slot(_count):
    """The lock is inherited, so we can let it go for the shim as well."""
    import fcntl
    for number in range(3, 1024):
        try:
            if os.readlink(f"/proc/self/fd/{number}").endswith("/slot.lock"):
                fcntl.flock(number, fcntl.LOCK_UN)
                say("ready")
        except OSError:
            continue
    deaf()


def crowds_the_control_socket(count):
    """More connections to the shim than it keeps, all of them silent."""
    import socket
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    kept = []
    for _ in range(count):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        peer.settimeout(0.2)
        try:
            peer.connect(f"{state()}/run/{os.environ['EMS_JOB_ID']}/ctl.sock")
        except OSError:
            break
        kept.append(peer)
    say("ready")
    stay()


# What they do to their output

def closes_everything(count):
    say("before")
    os.closerange(0, 1024)
    leave(count)


def reopens_its_output(_count):
    say("one")
    again = os.open("/proc/self/fd/1", os.O_WRONLY)
    far = os.dup2(again, 200)
    os.close(1)
    os.close(2)
    os.write(again, b"two\n")
    os.close(again)
    os.write(far, b"three\n\0\xff")
    both = os.open(f"/proc/self/fd/{far}", os.O_RDWR)
    os.write(both, b"four\n")
    if os.fork() == 0:
        note()
        os.write(far, b"five, and no newline")
        os._exit(0)
    os.wait()
    leave(0)


def keeps_its_output_open(count):
    """The daemons hold the pipe and write into it when the main process is gone already; how many lines
    daemon K has written is in the file said-K."""
    def babble(number):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        said = os.open(f"said-{number}", os.O_WRONLY | os.O_CREAT, 0o644)
        until, line = time.monotonic() + LONGEST_S, 0
        while time.monotonic() < until:
            os.write(1, b"%d %d\n" % (number, line))
            line += 1
            os.pwrite(said, b"%20d" % line, 0)
    for number in range(count):
        daemon(babble, number)
    wait_for_pids(count + 1)
    leave(0)


def writes(count):
    """N MiB as fast as it can: the same block of every byte value again and again."""
    block = bytes(range(256)) * 4096
    for _ in range(count):
        put(block)
    tell("calm", work_ms=20 * count)  # for whoever still reads
    os._exit(0)


def exits_in_the_middle_of_a_line(count):
    put(b"a whole line\nhalf a li")
    leave(count)


def dies_in_the_middle_of_a_line(_count):
    put(b"a whole line\nhalf a li")
    tell("calm")
    os.kill(os.getpid(), signal.SIGKILL)


def stops_in_the_middle_of_a_line(_count):
    put(b"ready\nhalf a li")
    stop_for_ever()


# What they do to their results

def results():
    return os.environ["EMS_RESULTS_DIR"]


def turns_its_results_into_a_link(count):
    os.rmdir(results())
    os.symlink(os.getcwd(), results())
    leave(count)


def turns_its_results_into_a_file(count):
    os.rmdir(results())
    with open(results(), "w", encoding="ascii") as file:
        file.write("no folder")
    leave(count)


def takes_its_results_away(count):
    os.rmdir(results())
    leave(count)


def fills_its_results(count):
    """2 000 files in 20 folders, one tree 1 000 deep, links to the outside, a pipe, a closed folder."""
    os.chdir(results())
    for folder in range(20):
        os.mkdir(f"{folder}")
        for number in range(100):
            open(f"{folder}/{number}", "w", encoding="ascii").close()
    os.symlink("/", "root")
    os.symlink("../../..", "up")
    os.mkfifo("pipe")
    os.mkdir("closed", 0o000)
    for _ in range(1000):
        os.mkdir("deeper")
        os.chdir("deeper")
    os.chmod(results(), 0o000)
    leave(count)


if __name__ == "__main__":
    WHAT = globals()[sys.argv[1].replace("-", "_")]
    N = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    if WHAT is not deaf_again:
        tell("exec", slot='"bench-1"', attempt=os.environ["EMS_ATTEMPT"], pid=os.getpid())
        note()
    WHAT(N)
