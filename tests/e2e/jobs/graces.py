#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MPL-2.0
"""Says that the experiment "brief" runs, ignores SIGTERM, and never ends."""
import os
import signal

signal.signal(signal.SIGTERM, lambda _signal, _frame: os.write(1, b"got SIGTERM\n"))
os.write(1, b"[PROGRESS] experiment=brief step=x current=1 total=2 | x\nready\n")
while True:
    signal.pause()
