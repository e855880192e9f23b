# SPDX-License-Identifier: MPL-2.0
"""`ems logs`: the last lines, those since a moment, those with a text in them, each with its time, and
what is still to come; and all of that together."""
import json
import re
import subprocess
import time

import pytest

from client_tool import EMS, asked, environment, ems as run_tool, live, on_terminal, read_line, start
from fake_ems import FakeEms
from procs import eventually

BASE_MS = 1771000000000  # 2026-02-13 16:26:40 UTC
GREY, RED, END = "\x1b[90m", "\x1b[31m", "\x1b[0m"


@pytest.fixture
def fake():
    with FakeEms() as fake:
        yield fake


def at(seconds):
    return BASE_MS + int(seconds * 1000)


def write(fake, lines=10, end=True):
    """Line N came N s after the beginning; the odd ones are warnings."""
    fake.begin()
    for number in range(lines):
        kind = "warning" if number % 2 else "note"
        fake.say(b"%d %s\n" % (number, kind.encode()), time_ms=at(number))
    if end:
        fake.finish()


def numbers(result):
    assert result.returncode == 0, result
    return [int(line.split()[0]) for line in result.stdout.splitlines()]


def test_each_line_can_have_its_time_before_it(fake):
    write(fake, 3)
    out = run_tool(fake, "logs", "-t", TZ="UTC").stdout
    assert out == ("2026-02-13 16:26:40.000 0 note\n2026-02-13 16:26:41.000 1 warning\n"
                   "2026-02-13 16:26:42.000 2 note\n")
    assert run_tool(fake, "logs", "--timestamps", TZ="UTC").stdout == out
    assert run_tool(fake, "logs", "-t", TZ="EST5").stdout.startswith("2026-02-13 11:26:40.000 0 note\n")


def test_a_line_has_the_time_of_its_first_byte(fake):
    fake.begin()
    fake.say(b"wor", time_ms=at(1))
    fake.say(b"king\nne", time_ms=at(2))
    fake.say(b"xt", time_ms=at(3))
    fake.finish()
    assert run_tool(fake, "logs", "-t", TZ="UTC").stdout == (
        "2026-02-13 16:26:41.000 working\n2026-02-13 16:26:42.000 next\n")


def test_where_no_time_is_known_there_is_none(fake):
    fake.begin()
    fake.say(b"a\n")
    fake.say(b"b\n", time_ms=at(1))
    fake.finish()
    assert run_tool(fake, "logs", "-t", TZ="UTC").stdout == (
        "-                       a\n2026-02-13 16:26:41.000 b\n")


def test_only_what_came_since_a_moment(fake):
    write(fake)
    assert numbers(run_tool(fake, "logs", "--since", "2026-02-13 16:26:47", TZ="UTC")) == [7, 8, 9]
    assert numbers(run_tool(fake, "logs", "--since", "2026-02-13 11:26:47", TZ="EST5")) == [7, 8, 9]
    assert numbers(run_tool(fake, "logs", "--since", "2026-02-13T16:26:47.001Z", TZ="EST5")) == [8, 9]
    assert numbers(run_tool(fake, "logs", "--since", "1970-01-02")) == list(range(10))
    now = time.time() * 1000
    assert run_tool(fake, "logs", "--since", "2h").stdout == ""
    assert abs(asked(fake, "logs")[-1].get("since_ms", now - 7200000) - (now - 7200000)) < 60000


def test_only_lines_with_a_text_in_them(fake):
    write(fake)
    assert numbers(run_tool(fake, "logs", "--grep", "warn")) == [1, 3, 5, 7, 9]
    assert numbers(run_tool(fake, "logs", "--grep", "^[1-4] (note|none)$")) == [2, 4]
    assert run_tool(fake, "logs", "--grep", "nowhere").stdout == ""
    assert numbers(run_tool(fake, "logs", "--grep", "")) == list(range(10))


def test_the_last_lines_are_those_that_are_left(fake):
    write(fake)
    assert numbers(run_tool(fake, "logs", "-n", "3")) == [7, 8, 9]
    assert numbers(run_tool(fake, "logs", "-n", "3", "--grep", "note")) == [4, 6, 8]
    assert numbers(run_tool(fake, "logs", "-n", "30", "--grep", "note")) == [0, 2, 4, 6, 8]
    assert numbers(run_tool(fake, "logs", "-n", "0", "--grep", "note")) == []
    assert numbers(run_tool(fake, "logs", "-n", "3", "--grep", "nowhere")) == []
    since = ("--since", "2026-02-13T16:26:46Z")
    assert numbers(run_tool(fake, "logs", "-n", "2", *since)) == [8, 9]
    assert numbers(run_tool(fake, "logs", "-n", "9", *since)) == [6, 7, 8, 9]
    assert numbers(run_tool(fake, "logs", "-n", "9", *since, "--grep", "warn")) == [7, 9]
    assert numbers(run_tool(fake, "logs", "-n", "1", *since, "--grep", "warn")) == [9]


def test_all_together_also_for_what_is_still_to_come(fake):
    write(fake, end=False)
    tool = start(fake, "logs", "-f", "-t", "-n", "2", "--grep", "warn", "--since", "2026-02-13T16:26:42Z")
    assert [read_line(tool.stdout).split(" ", 2)[2] for _ in range(2)] == ["7 warning", "9 warning"]
    live(fake)
    fake.do(fake.say, b"10 note\n11 war", time_ms=at(10))
    fake.do(fake.say, b"ning\n", time_ms=at(11))
    assert read_line(tool.stdout).endswith(":50.000 11 warning")
    fake.do(fake.say, b"12 note\n", publish=False, time_ms=at(12))  # it is fetched
    fake.do(fake.say, b"13 warning\n", publish=False, time_ms=at(13))
    fake.do(fake.say, b"15 warning\n", time_ms=at(15))
    assert read_line(tool.stdout).endswith(":53.000 13 warning")
    assert read_line(tool.stdout).endswith(":55.000 15 warning")
    fake.do(fake.finish)
    output, said = tool.communicate(timeout=30)
    assert (tool.returncode, output, said) == (0, "", "")


def test_what_follows_after_the_last_lines_and_none_are_wanted(fake):
    write(fake, end=False)
    tool = start(fake, "logs", "-f", "-n", "0", "--grep", "warn")
    live(fake)
    fake.do(fake.say, b"10 warning\n")
    assert read_line(tool.stdout) == "10 warning"
    fake.do(fake.finish)
    assert tool.communicate(timeout=30)[0] == ""


def test_as_json_each_line_has_its_time(fake):
    write(fake, 3)
    lines = [json.loads(line) for line in run_tool(fake, "logs", "-t", "--json").stdout.splitlines()]
    assert lines == [
        {"type": "log", "offset": 0, "time_ms": at(0), "text": "0 note\n"},
        {"type": "log", "offset": 7, "time_ms": at(1), "text": "1 warning\n"},
        {"type": "log", "offset": 17, "time_ms": at(2), "text": "2 note\n"}]
    [line] = run_tool(fake, "logs", "--json", "--grep", "warn").stdout.splitlines()
    assert json.loads(line) == {"type": "log", "offset": 7, "text": "1 warning\n"}


@pytest.mark.parametrize("how", [(), ("-f",)], ids=["whole", "followed"])
def test_in_a_pipe_bytes_are_left_as_they_are_but_for_what_is_asked_for(fake, how):
    fake.begin()
    fake.say(bytes(range(256)) * 3000 + b"\xff no newline", time_ms=at(0))
    fake.finish()
    assert ems_bytes(fake, "logs", *how, "--grep", "") == fake.log + b"\n"
    assert ems_bytes(fake, "logs", *how) == fake.log
    assert ems_bytes(fake, "logs", *how, "--since", "1971-01-01") == fake.log


def ems_bytes(fake, *arguments):
    return subprocess.run([EMS, *arguments], env=environment(fake.state), timeout=60, check=True,
                          capture_output=True, stdin=subprocess.DEVNULL).stdout


def test_on_a_terminal_what_was_looked_for_is_marked(fake):
    fake.begin()
    fake.say(b"a note\nan \x1b[2Jerror and an error\n", time_ms=at(0))
    fake.finish()
    with on_terminal(fake, "logs", "-t", "--grep", "err(or)?") as terminal:
        terminal.finish()
        raw = terminal.raw.decode()
    assert f"{RED}error{END} and an {RED}error{END}" in raw and "a note" not in raw
    assert re.search(re.escape(GREY) + r"2026-02-1\d \d\d:\d\d:40\.000" + re.escape(END) + " an ", raw)
    assert "\\x1b[2J" in raw and "\x1b[2J" not in raw
    plain = run_tool(fake, "logs", "--grep", "error").stdout
    assert RED not in plain
    assert f"{RED}error{END}" in run_tool(fake, "logs", "--grep", "error", "--color", "always").stdout


@pytest.mark.parametrize("options, words", [
    (("--grep", "a(b"), ("--grep", "a(b", "regular expression")),
    (("--grep", "[z-a]"), ("--grep", "[z-a]")),
    (("--since", "yesterday"), ("--since", "yesterday", "2026-11-23")),
    (("--grep",), ("--grep needs a value",)), (("--since",), ("--since needs a value",))], ids=str)
def test_what_cannot_be_understood_is_refused_before_anybody_is_asked(fake, options, words):
    result = run_tool(fake, "logs", *options)
    assert result.returncode == 64 and all(word in result.stderr for word in words), result
    assert result.stdout == "" and fake.requests == []


def test_a_log_is_looked_through_without_being_kept(fake):
    """It is read in pieces; of a match only its place is remembered."""
    fake.begin()
    fake.say(b"".join(b"%d %s\n" % (number, b"x" * 100) for number in range(30000)), time_ms=at(0))
    fake.finish()
    assert numbers(run_tool(fake, "logs", "-n", "3", "--grep", "00 ")) == [29700, 29800, 29900]


def stamps(result):
    return {line[24:]: line[:23] for line in result.stdout.splitlines()}


def test_the_times_of_a_real_job_are_those_at_which_its_lines_came(ems):
    job = ems.run("steps")
    tool = ems.spawn(ems.bin / "ems", "logs", "-f", "-t", job["job_id"])
    came = {}
    for step in range(1, 6):
        until = time.time() + 0.12
        eventually(lambda until=until: time.time() > until)
        begin = time.time()
        (ems.work / f"step.{step}").touch()
        ems.wait_log(job["job_id"], b"step %d\n" % step)
        came[f"step {step}"] = (begin, time.time())
    ems.finish(job["job_id"])
    live_stamps = tool.communicate(timeout=30)[0].decode()
    result = ems.ems("logs", "-t", job["job_id"])
    found = stamps(result)
    for line, (begin, end) in came.items():
        assert local(begin) <= found[line] <= local(end)
    assert {line: stamp for line, stamp in found.items() if line in came} == {
        line[24:]: line[:23] for line in live_stamps.splitlines() if line[24:] in came}
    middle = ems.ems("logs", "--since", found["step 3"].replace(" ", "T"), job["job_id"]).stdout
    assert middle.splitlines() == ["step 3", "step 4", "step 5"]


def local(seconds):
    ms = int(seconds * 1000)
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ms // 1000)) + f".{ms % 1000:03}"
