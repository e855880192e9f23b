# SPDX-License-Identifier: MPL-2.0
"""`ems watch` in a terminal of its own: tmux draws it, so that a test sees what a person would."""
import re
import shlex
import subprocess

from procs import eventually, mentioning
from system import BIN
from terminal import Terminal


class FullScreen:
    """Use as a context manager. The exit code is on the screen when the program has ended."""

    def __init__(self, folder, environment, rows=24, columns=80, arguments=("watch",)):
        self.socket = folder / "tmux"
        words = " ".join(shlex.quote(str(word)) for word in [BIN / "ems", *arguments])
        kept = {"TERM", "HOME", "PATH"}
        names = " ".join(shlex.quote(f"{key}={value}") for key, value in environment.items()
                         if key not in kept and (key.startswith(("EMS_", "LC_", "LANG", "NO_COLOR"))
                                                 or key.endswith("SAN_OPTIONS")))
        command = f"env {names} {words}; echo \"it ended with $?\"; exec sleep 1000"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, command,
                  env=environment)
        self.tmux("set-option", "-g", "status", "off")
        self.resize(rows, columns)

    def tmux(self, *arguments, env=None):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, *map(str, arguments)], env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=30,
                              encoding="utf-8", errors="replace", check=False)
        assert done.returncode == 0, f"tmux {arguments}: {done.stderr}"
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """The terminal goes away, and that ends the program."""
        self.tmux("kill-server")
        eventually(lambda: not any("/ems watch" in arguments for arguments in
                                   mentioning(str(self.socket.parent)).values()), 30)

    def keys(self, *keys):
        """Names of keys as tmux has them, or characters."""
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def resize(self, rows, columns):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def text(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def lines(self):
        return [line.rstrip() for line in self.text().splitlines()]

    def until(self, fact, why=None):
        """Wait until the lines of the screen are as fact() wants; it is called with them."""
        try:
            return eventually(lambda: fact(self.lines()), 30)
        except AssertionError:
            raise AssertionError(f"{why or 'not true in time'}; the screen:\n{self.text()}") from None

    def see(self, *texts):
        for text in texts:
            self.until(lambda lines: any(text in line for line in lines), f"`{text}` is not there")

    def see_not(self, text):
        self.until(lambda lines: not any(text in line for line in lines), f"`{text}` is there")

    def ended(self):
        """Its exit code."""
        self.see("it ended with ")
        return int(self.text().split("it ended with ")[1].split()[0])


class Unseen:
    """A screen that nobody looks at."""

    lines = [""]
    columns = 80

    def feed(self, text):
        pass


class RawTerminal(Terminal):
    """A pty without a picture, for what happens to the terminal itself."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.screen = Unseen()


# With a system of the test's own


def watch(ems, rows=24, columns=80, **more):
    return FullScreen(ems.base, ems.environment | {"LANG": "C.UTF-8", "TERM": "xterm-256color"} | more,
                      rows, columns)


def row_of(lines, job):
    """The line of the list that a job has; "" if it has none."""
    return next((line for line in lines if re.match(rf"[> ] {job['job_id']} ", line)), "")


def select(screen, job):
    """Walk to the job in the list."""
    screen.keys("Home")
    for _ in range(20):
        if screen.until(lambda lines: [line for line in lines if line.startswith("> ")])[0].startswith(
                f"> {job['job_id']}"):
            return
        before = screen.text()
        screen.keys("Down")
        screen.until(lambda lines, was=before: screen.text() != was)
    raise AssertionError("the job is not in the list")


def state(screen, job, word):
    screen.until(lambda lines: word in row_of(lines, job), f"{job['job_id']} is not {word}")


def queue(ems, profile, **body):
    return ems.run(profile, if_busy="queue", **body)


def go(ems, job=None):
    (ems.work / (f"go.{job['job_id']}" if job else "go")).touch()
