#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MPL-2.0
"""Runs until it gets SIGTERM, and then: obeys (dies of it), ignores it, or exits 0.

usage: on_term.py obey|ignore|exit0 - writes its pid into "pids" and a half result.
"""
import os
import signal
import sys


def on_term(_signal, _frame):
    os.write(1, b"got SIGTERM\n")
    if sys.argv[1] == "exit0":
        os._exit(0)


if sys.argv[1] != "obey":
    signal.signal(signal.SIGTERM, on_term)
with open("pids", "w", encoding="ascii") as pids:
    print(os.getpid(), file=pids)
with open(os.environ["EMS_RESULTS_DIR"] + "/half", "w", encoding="ascii") as half:
    half.write("half a result")
os.write(1, b"ready\n")
while True:
    signal.pause()
