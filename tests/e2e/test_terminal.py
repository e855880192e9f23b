# SPDX-License-Identifier: MPL-2.0
"""The client tool on a terminal: the log scrolls above a status line, keys do what they say, and the
terminal is afterwards as it was.
"""
import os
import re
import signal

import pytest

from fake_ems import FakeEms, record
from procs import eventually
from system import BIN
from terminal import CTRL_BACKSLASH, CTRL_C, CTRL_Z, Terminal

EMS = str(BIN / "ems")
JOB = "abc123def456"
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


@pytest.fixture
def fake():
    with FakeEms() as fake:
        fake.begin(started_at="2026-02-13T14:30:45.100Z")
        yield fake


def environment(state, **more):
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("EMS_", "LC_", "LANG", "NO_COLOR"))}
    return kept | {"EMS_STATE": str(state), "HOME": "/nonexistent", "TERM": "xterm-256color",
                   "LANG": "C.UTF-8"} | more


def on_terminal(state, *arguments, rows=24, columns=80, **more):
    return Terminal([EMS, *arguments], environment(state, **more), rows, columns)


def live(fake, terminal):
    """Until the tool follows the job and shows its status line."""
    terminal.until(lambda: any(kind == "sync" for kind, _ in fake.requests))
    terminal.until(lambda: "Running" in terminal.last_line())


def asked(fake, kind):
    return [body for what, body in fake.requests if what == kind]


def test_the_log_scrolls_above_a_status_line_with_spinner_bar_and_count(fake):
    with on_terminal(fake.state, "attach") as terminal:
        live(fake, terminal)
        for number in range(50):
            fake.do(fake.say, b"line %d\n" % number)
        fake.do(fake.change, experiments={"done": 3, "total": 7}, progress_pct=42.9,
                current_experiment="equ_ecl", current_step="accuracy")
        terminal.until(lambda: "3/7 experiments" in terminal.last_line())
        terminal.until(lambda: terminal.screen.lines[-2] == "line 49")
        line = terminal.last_line()
        assert line[0] in SPINNER and "█" in line and "░" in line and "equ_ecl: accuracy" in line
        assert [text for text in terminal.screen.lines if text.startswith("line ")] == [
            f"line {number}" for number in range(50)]
        frames = {line[0]}
        terminal.until(lambda: frames.add(terminal.last_line()[:1]) or len(frames & set(SPINNER)) > 2)
        fake.do(fake.finish)
        assert terminal.finish() == 0
        assert terminal.is_restored()
        assert "\x1b[32mcompleted" in terminal.text()
        # Nothing of the status line is left.
        assert not any(mark in "\n".join(terminal.screen.lines) for mark in SPINNER + "█")


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_the_status_line_never_wraps(fake, columns):
    with on_terminal(fake.state, "attach", columns=columns) as terminal:
        live(fake, terminal)
        fake.do(fake.change, experiments={"done": 3, "total": 7},
                current_experiment="a_name_that_is_very_long" * 4, current_step="step" * 10)
        if columns >= 40:
            terminal.until(lambda: "3/7" in terminal.last_line())
        rows = len(terminal.screen.lines)
        fake.do(fake.say, b"short\n")
        terminal.until_text("short")
        terminal.until(lambda: "Running" in terminal.last_line())
        assert len(terminal.screen.lines) == rows + 1
        assert len(terminal.last_line()) < columns
        fake.do(fake.finish)
        assert terminal.finish() == 0


def test_ctrl_c_shows_cancelling_and_a_second_one_kills(fake):
    fake.silent = {"cancel"}
    with on_terminal(fake.state, "attach") as terminal:
        live(fake, terminal)
        terminal.type(CTRL_C)
        terminal.until(lambda: "Cancelling…" in terminal.last_line())
        terminal.until(lambda: asked(fake, "cancel") == [{"job_id": JOB}])
        terminal.type(CTRL_C)
        terminal.until(lambda: len(asked(fake, "cancel")) == 2)
        assert asked(fake, "cancel")[1]["grace_ms"] == 0
        fake.do(fake.finish, "cancelled")
        assert terminal.finish() == 130
        assert terminal.is_restored()
        assert "\x1b[38;5;208mcancelled" in terminal.text()
        assert "^C" not in terminal.text()


def test_ctrl_c_is_heard_under_a_flood(fake):
    fake.silent = {"cancel"}
    with on_terminal(fake.state, "attach") as terminal:
        live(fake, terminal)
        fake.do(fake.say, b"x" * 70 + b"\n", publish=False)
        fake.log *= 20000
        fake.do(fake.say, b"the end\n")
        terminal.until_text("xxxx")
        terminal.type(CTRL_C)
        # The terminal is not read here: the tool cannot write, and hears us all the same.
        eventually(lambda: asked(fake, "cancel"))
        fake.do(fake.finish, "cancelled")
        terminal.until(lambda: terminal.program.poll() is not None, 60)
        assert terminal.finish() == 130
        assert "the end" in terminal.text()
        assert terminal.is_restored()


def test_a_cancel_that_is_refused_is_told_and_the_job_goes_on(fake):
    fake.on_cancel = lambda _body: (403, "you may not", None)
    with on_terminal(fake.state, "attach") as terminal:
        live(fake, terminal)
        terminal.type(CTRL_C)
        terminal.until_text("you may not")
        terminal.until(lambda: "Running" in terminal.last_line())
        fake.do(fake.finish)
        assert terminal.finish() == 0


def test_ctrl_backslash_detaches(fake):
    with on_terminal(fake.state, "attach") as terminal:
        live(fake, terminal)
        terminal.type(CTRL_BACKSLASH)
        assert terminal.finish() == 0
        assert f"ems attach {JOB}" in terminal.text()
        assert terminal.is_restored()
        assert not asked(fake, "cancel")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal_and_leaves_the_job(fake, number):
    with on_terminal(fake.state, "attach") as terminal:
        live(fake, terminal)
        assert not terminal.echo()
        terminal.signal(number)
        assert terminal.finish() == 128 + number
        assert terminal.is_restored()
        assert not asked(fake, "cancel")


def test_ctrl_z_gives_the_terminal_back_until_fg(fake):
    with on_terminal(fake.state, "attach") as terminal:
        live(fake, terminal)
        terminal.type(CTRL_Z)
        terminal.until(terminal.is_stopped)
        assert terminal.is_restored()
        fake.do(fake.say, b"while it was stopped\n")
        terminal.signal(signal.SIGCONT)
        terminal.until_text("while it was stopped")
        terminal.until(lambda: not terminal.echo())
        fake.do(fake.finish)
        assert terminal.finish() == 0
        assert terminal.is_restored()


def test_a_lost_connection_is_shown_and_loses_nothing(fake):
    with on_terminal(fake.state, "attach") as terminal:
        live(fake, terminal)
        fake.do(fake.say, b"before\n")
        terminal.until_text("before")
        fake.down()
        terminal.until(lambda: "Connection lost, reconnecting…" in terminal.last_line())
        fake.say(b"meanwhile\n", publish=False)
        fake.up()
        terminal.until_text("meanwhile")
        terminal.until(lambda: "Running" in terminal.last_line())
        fake.do(fake.finish)
        assert terminal.finish() == 0
        assert [line for line in terminal.screen.lines if line in ("before", "meanwhile")] == [
            "before", "meanwhile"]


def test_the_line_follows_the_size_of_the_terminal(fake):
    with on_terminal(fake.state, "attach", columns=120) as terminal:
        live(fake, terminal)
        fake.do(fake.change, experiments={"done": 3, "total": 7}, current_experiment="x" * 60)
        terminal.until(lambda: "3/7" in terminal.last_line() and len(terminal.last_line()) > 80)
        terminal.resize(24, 40)
        terminal.until(lambda: "3/7" in terminal.last_line() and len(terminal.last_line()) < 40)
        fake.do(fake.finish)
        assert terminal.finish() == 0


def test_log_lines_cannot_drive_the_terminal(fake):
    with on_terminal(fake.state, "attach") as terminal:
        live(fake, terminal)
        fake.do(fake.say, b"\x1b]0;title\x07\x1b[2J\xe2\x80\xae evil \xff\r\n")
        terminal.until_text("evil")
        fake.do(fake.finish)
        assert terminal.finish() == 0
        assert r"\x1b]0;title\x07\x1b[2J\u{202e} evil \xff" in "\n".join(terminal.screen.lines)
        assert "\x1b]" not in terminal.text() and "\u202e" not in terminal.text()


def test_a_long_log_begins_near_its_end_and_says_so(fake):
    for number in range(2000):
        fake.say(b"line %d\n" % number)
    fake.finish()
    with on_terminal(fake.state, "attach") as terminal:
        assert terminal.finish() == 0
        assert "line 1999" in terminal.text() and "line 1500" in terminal.text()
        assert "line 1499" not in terminal.text()
        assert f"ems logs {JOB}" in terminal.text()


def test_without_utf8_it_is_plain(fake):
    with on_terminal(fake.state, "attach", LANG="C") as terminal:
        terminal.until(lambda: "Running" in terminal.last_line())
        fake.do(fake.change, experiments={"done": 1, "total": 2})
        terminal.until(lambda: "##" in terminal.last_line() and "1/2" in terminal.last_line())
        fake.do(fake.finish)
        assert terminal.finish() == 0
        assert terminal.text().isascii()


def test_no_color_is_respected(fake):
    with on_terminal(fake.state, "attach", NO_COLOR="1") as terminal:
        live(fake, terminal)
        fake.do(fake.finish)
        assert terminal.finish() == 0
        assert not re.search(r"\x1b\[[0-9;]*m", terminal.text())


def test_ps_fits_the_terminal(fake):
    fake.list = [record(f"{number:012x}", status="completed", notes="long notes " * 20)
                 for number in range(3)]
    with on_terminal(fake.state, "ps", columns=60) as terminal:
        assert terminal.finish() == 0
        lines = [line for line in terminal.screen.lines if line]
        assert len(lines) == 4 and all(len(line) <= 60 for line in lines)
        assert "\x1b[32mcompleted" in terminal.text()


def test_a_dumb_terminal_gets_no_status_line(fake):
    with on_terminal(fake.state, "attach", TERM="dumb") as terminal:
        terminal.until(lambda: any(kind == "sync" for kind, _ in fake.requests))
        fake.do(fake.say, b"one\n")
        terminal.until_text("one")
        terminal.type(CTRL_BACKSLASH)
        assert terminal.finish() == 0
        text = terminal.text()
        assert "\x1b" not in text and "\r" not in text.replace("\r\n", "")
        assert "Running" not in text and not any(frame in text for frame in SPINNER)


# The real one


def test_a_real_run_shows_its_progress(ems):
    with Terminal([EMS, "run", "progress"], environment(ems.state), cwd=str(ems.base)) as terminal:
        terminal.until(lambda: "1/3 experiments" in terminal.last_line())
        assert terminal.last_line()[0] in SPINNER
        terminal.until(lambda: "second: generate_inputs" in terminal.last_line())
        (ems.work / "go").touch()
        assert terminal.finish() == 0
        assert terminal.is_restored()
        assert "3/3 experiments" in terminal.text()
        assert "Starting benchmark: " in terminal.text()


def test_a_real_run_is_cancelled_and_then_killed(ems):
    with Terminal([EMS, "run", "ignores", "--grace", "10m"], environment(ems.state),
                  cwd=str(ems.base)) as terminal:
        terminal.until_text("ready")
        terminal.until(lambda: "Running" in terminal.last_line())
        terminal.type(CTRL_C)
        terminal.until(lambda: "Cancelling…" in terminal.last_line())
        terminal.until_text("got SIGTERM")
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
        assert terminal.is_restored()
        assert "Benchmark execution cancelled by user." in terminal.text()
    assert eventually(ems.jobs)[0]["cancel"]["forced"]


def test_a_real_run_is_detached_and_attached_again(ems):
    with Terminal([EMS, "run", "obeys"], environment(ems.state), cwd=str(ems.base)) as terminal:
        terminal.until_text("ready")
        terminal.type(CTRL_BACKSLASH)
        assert terminal.finish() == 0
    with Terminal([EMS, "attach"], environment(ems.state), cwd=str(ems.base)) as terminal:
        terminal.until_text("ready")
        terminal.until(lambda: "Running" in terminal.last_line())
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
