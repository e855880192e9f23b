#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""A command that is told of notices: appends what it got to the file in its first argument, and then
does what the file beside it, NAME.act, says: "exit N" or "hang" (with a child, deaf to SIGTERM); takes
the first line away, unless it is the only one."""
import json
import os
import signal
import sys
import time
from pathlib import Path

notes = Path(sys.argv[1])
note = {"argv": sys.argv[1:], "env": dict(os.environ), "stdin": sys.stdin.read(), "cwd": os.getcwd(),
        "sid": os.getsid(0), "pid": os.getpid(), "nice": os.nice(0),
        "fds": [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                if os.path.exists(f"/proc/self/fd/{fd}")]}
acts = notes.with_suffix(".act")
lines = acts.read_text().splitlines() if acts.exists() else ["exit 0"]
if len(lines) > 1:
    acts.write_text("\n".join(lines[1:]) + "\n")
if lines[0] == "hang":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
    note["child"] = child
    if child == 0:
        time.sleep(600)
with open(notes, "a", encoding="utf-8") as out:
    out.write(json.dumps(note) + "\n")
if lines[0] == "hang":
    time.sleep(600)
sys.exit(int(lines[0].split()[1]))
