# SPDX-License-Identifier: MPL-2.0
"""A program on a terminal of its own: what it wrote, what stands on the screen, keys to type."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


class Screen:
    """As much of a terminal as our programs use: CR, LF, BS, wrapping, erasing, colours ignored."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines = [""]  # all that scrolled by, too
        self.row = self.column = 0

    def feed(self, text):
        while text:
            found = SEQUENCE.match(text)
            if found:
                self.control(*found.groups())
                text = text[found.end():]
            elif text[0] == "\x1b":
                raise AssertionError(f"a sequence that nobody knows: {text[:10]!r}")
            else:
                self.put(text[0])
                text = text[1:]

    def control(self, arguments, letter):
        line = self.lines[self.row]
        if letter in "KJ" and arguments in ("", "0"):
            self.lines[self.row] = line[:self.column]
            if letter == "J":
                del self.lines[self.row + 1:]
        elif letter != "m":
            raise AssertionError(f"a sequence that nobody knows: {arguments}{letter}")

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
        else:
            assert character >= " ", f"a raw control character: {character!r}"
            if self.column == self.columns:
                self.row, self.column = self.row + 1, 0
            while len(self.lines) <= self.row:
                self.lines.append("")
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + character + line[self.column + 1:]
            self.column += 1
        while len(self.lines) <= self.row:
            self.lines.append("")


class Terminal:
    """Use as a context manager; the program is ended with it."""

    def __init__(self, arguments, environment, rows=24, columns=80, cwd="/"):
        self.own, self.theirs = pty.openpty()
        self.screen = Screen(rows, columns)
        self.resize(rows, columns)
        self.raw = b""
        self.ended = False
        self.before = termios.tcgetattr(self.theirs)
        self.program = subprocess.Popen(
            list(map(str, arguments)), env=environment, stdin=self.theirs, stdout=self.theirs,
            stderr=self.theirs, cwd=cwd, start_new_session=True, preexec_fn=self.take)

    def take(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.program.poll() is None:
            self.program.kill()
        self.program.wait()
        os.close(self.own)
        os.close(self.theirs)

    def resize(self, rows, columns):
        self.screen.columns = columns
        fcntl.ioctl(self.own, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.own, keys)

    def read(self, wait_s):
        """Take what there is to read within this time; False if nothing came."""
        if not select.select([self.own], [], [], wait_s)[0]:
            return False
        data = os.read(self.own, 65536)
        self.raw += data
        # The screen is fed whole characters and sequences only.
        fed = getattr(self, "fed", 0)
        text = self.raw[fed:].decode(errors="ignore")
        cut = re.search(r"\x1b(\[[0-9;?]*)?$", text)
        text = text[:cut.start()] if cut else text
        self.fed = fed + len(text.encode())
        self.screen.feed(text)
        return True

    def text(self):
        return self.raw.decode(errors="replace")

    def until(self, fact, deadline_s=30):
        """Read until fact() is true."""
        end = time.monotonic() + deadline_s
        while not fact():
            left = end - time.monotonic()
            assert left > 0, f"not true in time; the screen:\n" + "\n".join(self.screen.lines[-30:])
            self.read(min(left, 0.2))

    def until_text(self, text, deadline_s=30):
        self.until(lambda: text in self.text(), deadline_s)

    def last_line(self):
        return self.screen.lines[-1]

    def finish(self, deadline_s=30):
        """Read to the end of the program; its exit code."""
        self.until(lambda: self.program.poll() is not None, deadline_s)
        while self.read(0):
            pass
        return self.program.returncode

    def is_restored(self):
        return termios.tcgetattr(self.theirs) == self.before

    def echo(self):
        return bool(termios.tcgetattr(self.theirs)[3] & termios.ECHO)

    def signal(self, number):
        self.program.send_signal(number)

    def is_stopped(self):
        with open(f"/proc/{self.program.pid}/stat", encoding="latin-1") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "T"


CTRL_C, CTRL_BACKSLASH, CTRL_Z = b"\x03", b"\x1c", b"\x1a"
ALL_SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
