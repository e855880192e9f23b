#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MPL-2.0
"""An orchestrator that says what it does in a history (tests/judge/history.md) and whose output is known.

usage: crash_job.py --seed=N --lines=N --pause_ms=N --children=N --term=obey|ignore|exit --end=END
END: an exit code, or "signal" (it kills itself). The environment names the history (CRASH_HISTORY), the
slot (CRASH_SLOT) and a file that all processes of a job lock (CRASH_GUARD): two jobs cannot.
"""
import os
import sys
import time

CHILD_S = 60
PIECES = 8
RESULT = b"result of %d\n"


def output(seed, lines):
    """All that it writes: lines of any length, sometimes a huge one, sometimes none at the end."""
    made = [b"%d %d %s\n" % (seed, i, b"x" * ((seed * 31 + i * i * 17) % 160)) for i in range(lines)]
    if seed % 11 == 0:
        made.insert(lines // 2, b"y" * 200000 + b"\n")
    if seed % 7 == 0:
        made.append(b"an unfinished line")
    return b"".join(made)


def note(what, **fields):
    """One write, so that the line is whole even if we are killed."""
    fields = "".join(f', "{key}": {value}' for key, value in fields.items())
    line = (f'{{"at": {time.monotonic() * 1000:.3f}, "who": "job", "what": "{what}", '
            f'"job": "{JOB}"{fields}}}\n')
    os.write(HISTORY, line.encode())


def guard_slot():
    """Lock the slot for all our processes; whoever has it already is alive beside us."""
    import fcntl
    fd = os.open(os.environ["CRASH_GUARD"], os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.pwrite(fd, JOB.encode(), 0)
    except BlockingIOError:
        holder = os.pread(fd, 12, 0).decode()
        note("alive", slot=SLOT, jobs=f'["{JOB}", "{holder}"]')


def make_child(number, pause_s):
    """Plain, or a grandchild in a session of its own; every third ignores SIGTERM."""
    if os.fork():
        return
    if number % 3:
        os.setsid()
        if os.fork():
            os._exit(0)
    if number % 3 == 2:
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note("fork", slot=SLOT, pid=os.getpid())
    time.sleep(pause_s / 2 if number % 2 else CHILD_S)
    note("dead", pid=os.getpid())
    os._exit(0)


def write_all(data):
    while data:
        data = data[os.write(1, data):]


def heed(term):
    if term != "obey":
        import signal
        signal.signal(signal.SIGTERM,
                      signal.SIG_IGN if term == "ignore" else lambda *_: os._exit(0))


def put_result(name, data):
    folder = os.environ["EMS_RESULTS_DIR"] + "/experiment"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{name}", "wb") as file:
        file.write(data)


def end(how):
    note("dead", pid=os.getpid())
    if how == "signal":
        os.kill(os.getpid(), 9)
    os._exit(int(how))


def main(options):
    seed, pause_s = int(options["seed"]), int(options["pause_ms"]) / 1000
    heed(options["term"])
    for number in range(int(options["children"])):
        make_child(number, pause_s)
    put_result("begun", RESULT % seed)
    data, done = output(seed, int(options["lines"])), 0
    for piece in range(1, PIECES + 1):
        until = len(data) * piece // PIECES if piece < PIECES else len(data)
        write_all(data[done:until])
        done = until
        note("wrote", bytes=done)
        time.sleep(pause_s / PIECES)
    put_result("whole", RESULT % seed)
    end(options["end"])


if __name__ == "__main__":
    JOB = os.environ["EMS_JOB_ID"]
    HISTORY = os.open(os.environ["CRASH_HISTORY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    SLOT = f'"{os.environ["CRASH_SLOT"]}"'
    note("exec", slot=SLOT, attempt=os.environ["EMS_ATTEMPT"], pid=os.getpid())
    guard_slot()
    main(dict(argument[2:].split("=", 1) for argument in sys.argv[1:]))
