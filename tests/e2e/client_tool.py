# SPDX-License-Identifier: MPL-2.0
"""Running the client tool against a broker of the test's own: to its end, beside the test, on a
terminal; and what it asked for.
"""
import os
import subprocess

from procs import eventually
from system import BIN
from terminal import Terminal

EMS = str(BIN / "ems")


def environment(state, **more):
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("EMS_", "LC_", "LANG", "NO_COLOR", "TZ"))}
    return kept | {"EMS_STATE": str(state), "HOME": "/nonexistent", "TERM": "xterm-256color",
                   "LANG": "C.UTF-8"} | more


def ems(fake, *arguments, **more):
    """Run the tool to its end; a CompletedProcess with text."""
    return subprocess.run([EMS, *arguments], env=environment(fake.state, **more), timeout=60,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False, text=True)


def start(fake, *arguments):
    return subprocess.Popen([EMS, *arguments], env=environment(fake.state), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def on_terminal(fake, *arguments, columns=80):
    return Terminal([EMS, *arguments], environment(fake.state), 24, columns)


def asked(fake, kind):
    """The bodies of the requests of that type."""
    return [body for what, body in fake.requests if what == kind]


def read_line(pipe):
    text = pipe.readline()
    assert text, "ended"
    return text.rstrip("\n")


def live(fake):
    """Until the tool's subscriptions are in force."""
    eventually(lambda: len(asked(fake, "status")) >= 2 and asked(fake, "logs"))
