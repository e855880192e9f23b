# SPDX-License-Identifier: MPL-2.0
"""`ems watch` and the terminal itself: whatever ends it gives the terminal back; and what it asks for."""
import os
import re
import signal
import time

import pytest

from client_tool import EMS, asked, environment, ems
from fake_ems import FakeEms, record
from fullscreen import FullScreen, RawTerminal
from procs import eventually
from terminal import CTRL_C, CTRL_Z

JOB = "abc123def456"
ENTER_SCREEN, LEAVE_SCREEN = "\x1b[?1049h", "\x1b[?1049l"


@pytest.fixture(name="fake")
def fake_with_a_job():
    with FakeEms() as fake:
        fake.begin()
        fake.list = [fake.job]
        yield fake


def terminal(fake, **more):
    return RawTerminal([EMS, "watch"], environment(fake.state, **more))


def drawn(screen):
    screen.until_text("Quit")


@pytest.mark.parametrize("keys", [b"q", CTRL_C])
def test_quitting_gives_the_terminal_back(fake, keys):
    with terminal(fake) as screen:
        drawn(screen)
        assert not screen.is_restored()
        screen.type(keys)
        assert screen.finish() == 0
        assert screen.is_restored()
        assert ENTER_SCREEN in screen.text() and LEAVE_SCREEN in screen.text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(fake, number):
    with terminal(fake) as screen:
        drawn(screen)
        screen.signal(number)
        assert screen.finish() == 128 + number
        assert screen.is_restored() and LEAVE_SCREEN in screen.text()


def test_ctrl_z_stops_it_with_the_terminal_given_back_and_sigcont_draws_again(fake):
    with terminal(fake) as screen:
        drawn(screen)
        screen.type(CTRL_Z)
        screen.until(screen.is_stopped)
        while screen.read(0):
            pass
        assert screen.is_restored() and LEAVE_SCREEN in screen.text()
        before = len(screen.text())
        screen.signal(signal.SIGCONT)
        screen.until(lambda: "Quit" in screen.text()[before:])
        screen.type(b"q")
        assert screen.finish() == 0
        assert screen.is_restored()


def test_a_terminal_that_is_gone_ends_it(fake):
    screen = terminal(fake)
    drawn(screen)
    os.close(screen.theirs)
    os.close(screen.own)
    assert screen.program.wait(30) == 128 + signal.SIGHUP


def test_where_there_is_no_terminal_it_says_so(fake):
    done = ems(fake, "watch")
    assert done.returncode == 64 and "needs a terminal" in done.stderr and "ems ps" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("term, words", [
    ("nonsense-9", 'the terminal "nonsense-9" (TERM) is not known here'),
    ("dumb", 'the terminal "dumb" (TERM) cannot show a full screen'), ("", "TERM is not set")])
def test_a_terminal_that_cannot_do_it_gets_a_sentence(fake, term, words):
    with terminal(fake, TERM=term) as screen:
        assert screen.finish() == 64
        assert words in screen.text() and ENTER_SCREEN not in screen.text()
        assert screen.is_restored()


def test_json_is_for_other_commands(fake):
    with RawTerminal([EMS, "watch", "--json"], environment(fake.state)) as screen:
        assert screen.finish() == 64
        assert "ems --json ps" in screen.text()


def test_nobody_there_is_said_within_two_seconds_on_the_plain_terminal(fake):
    fake.down()
    begun = time.monotonic()
    with terminal(fake) as screen:
        assert screen.finish() == 69
        assert time.monotonic() - begun < 5
        assert ENTER_SCREEN not in screen.text() and "ems: " in screen.text()


def test_a_terminal_without_colours_gets_none(fake):
    with terminal(fake, TERM="vt100") as screen:
        drawn(screen)
        fake.do(fake.change, progress_pct=50.0, experiments={"done": 1, "total": 2})
        screen.until_text("1/2")
        screen.type(b"q")
        assert screen.finish() == 0
        assert not re.search(r"\x1b\[[0-9;]*\b[349]\d[0-9;]*m", screen.text())


def test_nothing_is_asked_while_nothing_happens(fake):
    fake.finish()
    with terminal(fake) as screen:
        drawn(screen)
        screen.until_text("completed")
        # The second look, when the subscriptions are in force for sure.
        screen.until(lambda: len(asked(fake, "list")) == 4)
        count, size = len(fake.requests), len(screen.raw)
        until = time.monotonic() + 2
        while time.monotonic() < until:
            screen.read(0.1)
        assert len(fake.requests) == count and len(screen.raw) == size
        fake.list.insert(0, record("fedcba987654", queued_at="2026-02-13T14:31:45.000Z"))
        fake.do(fake.publish, "status", "fedcba987654",
                {"worker": "bench-1", "seq": fake.sequence + 1, "job": fake.list[0]})
        screen.until_text("fedcba987654")
        screen.type(b"q")
        assert screen.finish() == 0


class WithResults(FakeEms):
    """As a worker that shows the files of a run."""

    files = {"lab/summary.md": b"| a | b |\n|---|---|\n| 1 | 2 |\n", "manifest.json": b"{}\n" * 300000}

    def do_files(self, _id, _body):
        return 200, None, {"run_id": self.job["run_id"], "worker": "bench-1", "more": False, "files": [
            {"path": path, "size": len(data)} for path, data in self.files.items()]}

    def do_file(self, _id, body):
        data, offset = self.files[body["path"]], body["offset"]
        piece = data[offset:offset + body["max_bytes"]]
        return 200, None, {"run_id": self.job["run_id"], "path": body["path"], "offset": offset,
                           "data": piece, "size": len(data), "eof": offset + len(piece) == len(data)}


def test_results_are_opened_listed_and_read():
    with WithResults() as fake:
        fake.begin()
        fake.list = [fake.job]
        fake.finish()
        with FullScreen(fake.base, environment(fake.state) | dict(PATH=os.environ["PATH"])) as screen:
            screen.see("completed")
            screen.keys("o")
            screen.see("Results 2026-02-13_14-30-45", "lab/summary.md", "manifest.json")
            screen.keys("Enter")
            screen.see("lab/summary.md: 100 %", "| 1 | 2 |")
            screen.keys("q", "Down", "Enter")
            screen.see("manifest.json: 0 %", "{}")
            screen.keys("End")
            screen.see("manifest.json: the end")
            screen.keys("q", "q", "q")
            assert screen.ended() == 0


def test_a_form_that_is_refused_shows_why_at_the_parameter(fake):
    fake.on_run = lambda _id, _body: (400, "n must be odd", {"parameter": "n"})
    with FullScreen(fake.base, environment(fake.state) | dict(PATH=os.environ["PATH"])) as screen:
        screen.see("running")
        screen.keys("r")
        screen.see("[ Run ]")
        screen.keys("F5")
        screen.see("n must be odd")
        screen.until(lambda lines: any(line.startswith(">!n ") for line in lines))
        screen.keys("Escape")
        screen.see("JOB ")
    assert eventually(lambda: asked(fake, "run"))[0]["params"] == {
        "experiments": ["all"], "n": 1000, "no_perf": False}
