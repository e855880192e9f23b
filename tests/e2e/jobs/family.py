#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MPL-2.0
"""Spawns N double-forked descendants in sessions of their own that ignore SIGTERM, then waits.

usage: family.py quiet|restless N - the restless ones fork a successor and exit, again and again.
Each writes its pid into the file "pids", one write each.
"""
import os
import signal
import sys
import time


def descend():
    """Returns in a grandchild whose parent is gone and whose session is its own."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return False
    os.setsid()
    if os.fork():
        os._exit(0)
    return True


def live(kind, pids):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(pids, b"%d\n" % os.getpid())
    while True:
        time.sleep(0.005 if kind == "restless" else 600)
        if kind == "restless":
            if os.fork():
                os._exit(0)
            os.setsid()


def main():
    kind, count = sys.argv[1], int(sys.argv[2])
    pids = os.open("pids", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for _ in range(count):
        if descend():
            live(kind, pids)
    while os.fstat(pids).st_size == 0 or open("pids").read().count("\n") < count:
        time.sleep(0.01)
    print("ready", flush=True)
    while True:
        signal.pause()


main()
