#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MPL-2.0
"""Writes a known output and notes in "sent" how many bytes it was and their SHA-256.

usage: output.py raw|unfinished|long|lines N
raw: N KiB of every byte value, NUL and invalid UTF-8 among them; unfinished: N lines, the last
without a newline; long: one line of N MiB; lines: N short lines, halfway waiting for the file "go".
"""
import hashlib
import os
import random
import sys
import time

BLOCK = 10000


def raw(count):
    chance = random.Random(20260213)
    yield bytes(range(256)) + b"\xff\xfe\x00 \xc3\x28 \xed\xa0\x80 \xf8\x88\x80\x80\x80\n"
    for _ in range(count):
        yield chance.randbytes(1024)


def unfinished(count):
    yield b"".join(b"line %d\n" % number for number in range(1, count)) + b"the last line"


def long(count):
    for number in range(count):
        yield (b"%08d" % number) * (1024 * 1024 // 8)
    yield b"\n"


def lines(count):
    for first in range(0, count, BLOCK):
        if first >= count // 2 and not os.path.exists("go"):
            with open("halfway", "w", encoding="ascii"):
                pass
            while not os.path.exists("go"):
                time.sleep(0.005)
        yield b"".join(b"%d\n" % n for n in range(first, min(first + BLOCK, count)))


def main():
    kind, count = sys.argv[1], int(sys.argv[2])
    digest, total = hashlib.sha256(), 0
    for piece in {"raw": raw, "unfinished": unfinished, "long": long, "lines": lines}[kind](count):
        digest.update(piece)
        total += len(piece)
        while piece:
            piece = piece[os.write(1, piece):]
    with open("sent", "w", encoding="ascii") as sent:
        print(total, digest.hexdigest(), file=sent)


main()
