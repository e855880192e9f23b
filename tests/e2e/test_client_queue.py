# SPDX-License-Identifier: MPL-2.0
"""The client tool and the line: waiting, being preempted, pausing, moving, running again, keeping.

Against a broker that says what the test wants (fake_ems.py), on pipes and on a terminal;
test_client_queue_real.py does it with the real one.
"""
import json
import re
import signal

import pytest

from client_tool import asked, ems, live, on_terminal, read_line, start
from fake_ems import FakeEms, WAITING, record
from procs import eventually
from terminal import CTRL_BACKSLASH, CTRL_C

JOB = "abc123def456"
OTHER = "1a2b3c4d5e6f"


@pytest.fixture
def fake():
    with FakeEms() as fake:
        yield fake


@pytest.fixture
def line(fake):
    """Whoever asks for a job gets the second place in the line."""
    def accept(request_id, _body):
        if request_id not in fake.runs:
            fake.runs[request_id] = True
            fake.begin(**WAITING | {"position": 2})
        return 202, None, {"job": fake.job}
    fake.on_run = accept
    return fake


def starts(fake):
    fake.change(status="running", position=None, started_at="2026-02-13T14:30:46.000Z",
                run_id="2026-02-13_14-30-46")


# Waiting in line, in pipes


def test_the_place_in_line_is_told_when_it_changes_and_then_the_job_is_watched(line):
    tool = start(line, "run", "lab", "--queue", "--priority", "20")
    assert read_line(tool.stderr) == f"ems: job {JOB} on bench-1"
    assert read_line(tool.stderr) == f"ems: job {JOB} is queued, 2nd in line"
    live(line)
    assert asked(line, "run")[0] == {"profile": "lab", "if_busy": "queue", "priority": 20}
    line.do(line.change, detail="the disk is full")
    assert read_line(tool.stderr) == f"ems: job {JOB} is queued, 2nd in line: the disk is full"
    line.do(line.change, detail=None, priority=20)
    assert read_line(tool.stderr) == f"ems: job {JOB} is queued, 2nd in line"
    line.do(line.change, labels={"nothing": "that is shown"})
    line.do(line.change, position=1)
    assert read_line(tool.stderr) == f"ems: job {JOB} is queued, 1st in line"
    line.do(starts, line)
    assert read_line(tool.stderr) == f"ems: job {JOB} starts"
    line.do(line.say, b"hello\n")
    line.do(line.finish)
    output, said = tool.communicate(timeout=30)
    assert (tool.returncode, output) == (0, "hello\n"), said
    assert said.startswith(f"job {JOB} completed")


def test_a_place_whose_change_nobody_told_is_asked_for(line):
    """Of a move that is not about this job only the worker's event tells."""
    tool = start(line, "run", "lab", "--queue")
    for _ in range(2):
        read_line(tool.stderr)
    live(line)
    line.job["position"] = 1
    line.do(line.publish, "worker", "bench-1",
            {"worker": "bench-1", "state": "busy", "job_id": None, "queued": 1})
    assert read_line(tool.stderr) == f"ems: job {JOB} is queued, 1st in line"
    line.do(line.finish, "cancelled")
    assert tool.wait(30) == 130
    tool.communicate()


def test_an_answer_that_is_older_than_an_event_takes_nothing_back(line):
    tool = start(line, "run", "lab", "--queue")
    for _ in range(2):
        read_line(tool.stderr)
    live(line)
    stale = dict(line.job)
    line.do(starts, line)
    assert read_line(tool.stderr) == f"ems: job {JOB} starts"
    line.refuse["status"] = [(200, None, {"job": stale})]
    line.do(line.publish, "worker", "bench-1",
            {"worker": "bench-1", "state": "busy", "job_id": JOB, "queued": 0})
    eventually(lambda: not line.refuse["status"])
    line.do(line.finish)
    _, said = tool.communicate(timeout=30)
    assert tool.returncode == 0 and "queued" not in said


def test_detached_the_id_is_the_output_and_the_place_a_remark(line):
    result = ems(line, "run", "lab", "--queue", "--detach")
    assert (result.returncode, result.stdout) == (0, f"{JOB}\n")
    assert result.stderr == "ems: queued, 2nd in line\n"
    result = ems(line, "run", "lab", "-qd", "--json")
    assert json.loads(result.stdout)["position"] == 2 and result.stderr == ""


def test_what_is_waited_for_is_asked_for_by_its_whole_id(fake):
    fake.begin(job_id=OTHER)
    waits = record(**WAITING, after={"job_id": OTHER, "any": False})
    fake.on_run = lambda _id, _body: (202, None, {"job": waits})
    result = ems(fake, "run", "lab", "-d", "--after", "last", "--delay", "90m", "--preempt")
    assert result.returncode == 0, result.stderr
    assert f"1st in line, after {OTHER}" in result.stderr
    assert asked(fake, "run") == [{"profile": "lab", "after": OTHER, "delay_ms": 5400000,
                                   "preempt": True}]
    # The job stands in the line of one worker.
    assert [request["worker"] for request in fake.maps if request["type"] == "run"] == ["bench-1"]
    ems(fake, "run", "lab", "-d", "--after-any", OTHER)
    assert asked(fake, "run")[1] == {"profile": "lab", "after": OTHER, "after_any": True}
    result = ems(fake, "run", "lab", "--after", "ffff")
    assert result.returncode == 66 and len(asked(fake, "run")) == 2


def test_the_time_that_is_waited_for_is_told_as_the_clock_shows_it(fake):
    fake.on_run = lambda _id, _body: (
        202, None, {"job": record(**WAITING, not_before="2126-02-13T14:30:00.000Z")})
    assert "not before 2126-02-13 14:30" in ems(fake, "run", "lab", "-d", TZ="UTC").stderr
    assert "not before 2126-02-13 20:00" in ems(fake, "run", "lab", "-d", TZ="IST-5:30").stderr


def test_a_job_that_can_no_longer_start_is_no_busy_slot(fake):
    over = record(OTHER, status="failed", reason="exit")
    fake.begin(job_id=OTHER)
    fake.on_run = lambda _id, _body: (409, f"job {OTHER} did not complete", {"job": over})
    result = ems(fake, "run", "lab", "--after", OTHER)
    assert result.returncode == 75
    assert result.stderr == f"ems: job {OTHER} did not complete\n"


def test_a_full_line_is_told(fake):
    fake.on_run = lambda _id, _body: (429, "the queue is full: 10000 jobs wait; try again", None)
    result = ems(fake, "run", "lab", "--queue")
    assert result.returncode == 75 and "10000 jobs wait" in result.stderr


def test_ctrl_c_leaves_the_line_also_in_a_pipe(line):
    tool = start(line, "run", "lab", "--queue")
    for _ in range(2):
        read_line(tool.stderr)
    live(line)
    tool.send_signal(signal.SIGINT)
    _, said = tool.communicate(timeout=30)
    assert tool.returncode == 130
    assert "again kills" not in said and f"job {JOB} cancelled" in said
    assert asked(line, "cancel") == [{"job_id": JOB}]


def test_a_preempted_job_is_followed_over_its_attempts(fake):
    fake.begin()
    commands = [["attach"], ["logs", "-f"], ["wait"]]
    tools = [start(fake, *command) for command in commands]
    eventually(lambda: len(asked(fake, "sync")) >= len(tools) and len(asked(fake, "logs")) >= 2)
    fake.do(fake.say, b"first\n")
    fake.do(fake.change, preempted_by=OTHER)
    fake.do(fake.say, b"Benchmark execution preempted.\n")
    fake.do(fake.change, **WAITING, preempted_by=None, attempt=2, preemptions=1, reason="preempted",
            detail=f"it made room for job {OTHER}")
    fake.do(fake.change, position=2)
    fake.do(starts, fake)
    fake.do(fake.say, b"second\n")
    fake.do(fake.finish)
    said = []
    for command, tool in zip(commands, tools):
        output, remarks = tool.communicate(timeout=30)
        assert tool.returncode == 0, (command, remarks)
        if command != ["wait"]:
            assert output.encode() == fake.log
        said.append(remarks)
    assert f"job {JOB} is being stopped for job {OTHER}, and will wait in line again" in said[0]
    assert f"job {JOB} was stopped and waits again, 1st in line: it made room for job {OTHER}" in said[0]
    assert f"job {JOB} runs again, attempt 2" in said[0]


# On a terminal


def test_the_status_line_shows_the_place_and_then_the_progress(line):
    with on_terminal(line, "run", "lab", "--queue", columns=120) as terminal:
        terminal.until(lambda: "Queued, 2nd in line" in terminal.last_line())
        line.do(line.change, position=1, after={"job_id": OTHER, "any": False})
        terminal.until(lambda: "1st in line" in terminal.last_line())
        terminal.until(lambda: f"after {OTHER}" in terminal.last_line())
        line.do(starts, line)
        terminal.until(lambda: "Running" in terminal.last_line())
        line.do(line.change, experiments={"done": 1, "total": 4}, progress_pct=37.5,
                current_experiment="equ_ecl", eta_ms=250000, experiment_eta_ms=60000)
        both = "1/4 experiments.*  ETA (4m..|3m..)s  equ_ecl  ███░░░  ETA (1m00|[0-9]+)s"
        terminal.until(lambda: re.search(both, terminal.last_line()))
        terminal.until(lambda: re.search("ETA (4m0|3m).*ETA [0-9]+s", terminal.last_line()))  # it became less
        line.do(line.change, eta_ms=None, experiment_eta_ms=None)
        terminal.until(lambda: "ETA" not in terminal.last_line())
        # What passed by in the status line leaves no trace.
        assert "in line" not in "\n".join(terminal.screen.lines)
        line.do(line.finish)
        assert terminal.finish() == 0
        assert terminal.is_restored()


def test_ctrl_c_in_the_line_cancels_and_ctrl_backslash_stays_in_it(line):
    with on_terminal(line, "run", "lab", "--queue") as terminal:
        terminal.until(lambda: "Queued, 2nd in line" in terminal.last_line())
        live(line)
        terminal.type(CTRL_BACKSLASH)
        assert terminal.finish() == 0
        assert "stays in line" in terminal.text() and f"ems attach {JOB}" in terminal.text()
        assert not asked(line, "cancel")
    with on_terminal(line, "attach") as terminal:
        terminal.until(lambda: "Queued, 2nd in line" in terminal.last_line())
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
        assert asked(line, "cancel") == [{"job_id": JOB}]
        assert terminal.is_restored()


def test_a_pause_and_a_preemption_show_on_the_terminal(fake):
    fake.begin()
    with on_terminal(fake, "attach") as terminal:
        terminal.until(lambda: "Running" in terminal.last_line())
        live(fake)
        assert ems(fake, "pause", JOB).stdout == f"job {JOB} paused\n"
        terminal.until(lambda: "Paused" in terminal.last_line())
        fake.do(fake.change, eta_ms=5000)
        terminal.until(lambda: "ETA 5s" in terminal.last_line())
        assert ems(fake, "resume", JOB).stdout == f"job {JOB} running\n"
        terminal.until(lambda: "Running" in terminal.last_line())
        # Now it becomes less, and in the end nothing is claimed any more.
        terminal.until(lambda: "ETA" not in terminal.last_line())
        fake.do(fake.say, b"Benchmark execution preempted.\n")
        fake.do(fake.change, **WAITING, attempt=2, preemptions=1, reason="preempted")
        terminal.until(lambda: "Queued, 1st in line" in terminal.last_line())
        fake.do(starts, fake)
        fake.do(fake.say, b"once more\n")
        terminal.until(lambda: terminal.screen.lines[-2] == "once more")
        assert terminal.screen.lines[-5:-2] == [
            "Benchmark execution preempted.", f"ems: job {JOB} was stopped and waits again, 1st in line",
            f"ems: job {JOB} runs again, attempt 2"]
        fake.do(fake.finish)
        assert terminal.finish() == 0


# Lists and single requests


def test_ps_shows_the_line_with_what_each_waits_for(fake):
    fake.list = [
        record("000000000004", **WAITING | {"position": 3}, after={"job_id": OTHER, "any": False}),
        record("000000000003", **WAITING | {"position": 1}, priority=31, reason="preempted"),
        record("000000000002", status="paused"),
        record("000000000001", **WAITING | {"position": 2}, not_before="2126-02-13T14:30:00.000Z"),
        record("000000000000", status="completed")]
    rows = ems(fake, "ps", TZ="UTC").stdout.splitlines()
    assert [row.split()[0] for row in rows[1:]] == [f"{n:012x}" for n in (4, 1, 3, 2, 0)]
    assert "PRIO" in rows[0]
    assert re.search(f"queued, 3rd +16 .* after {OTHER}", rows[1])
    assert re.search("queued, 2nd +16 .* not before 2126-02-13 14:30", rows[2])
    assert re.search("queued, 1st, preempted +31 ", rows[3])
    assert re.search("paused +16 ", rows[4])
    assert "\x1b[90mqueued, 3rd" in ems(fake, "--color", "always", "ps").stdout
    assert "\x1b[33mpaused" in ems(fake, "--color", "always", "ps").stdout
    result = ems(fake, "ps", "-n", "2")
    assert [row.split()[0] for row in result.stdout.splitlines()[1:]] == ["000000000003", "000000000002"]
    assert "2 more wait in line" in result.stderr
    # Nothing waits, and all of one worker: no columns for that.
    fake.list = fake.list[-1:]
    assert "PRIO" not in ems(fake, "ps").stdout and "WORKER" not in ems(fake, "ps").stdout
    fake.list.append(record("1" * 12, status="completed", worker="bench-2"))
    assert re.search("completed +bench-2 ", ems(fake, "ps").stdout)
    fake.refuse["list"] = [(200, None, {"jobs": [], "missing": ["bench-2"]})] * 2
    assert ems(fake, "ps").stderr.count("worker bench-2 does not answer") == 1


def test_behind_a_long_line_ps_shows_what_runs(fake):
    fake.list = [record(f"{number:012x}", **WAITING | {"position": number})
                 for number in range(1200, 0, -1)] + [record("0" * 12)]
    rows = ems(fake, "ps").stdout.splitlines()
    assert len(rows) == 21 and "running" in rows[-1] and "queued, 1st" in rows[-2]
    assert len(ems(fake, "ps", "-a").stdout.splitlines()) == 1202


def test_show_tells_how_a_waiting_job_stands(fake):
    fake.begin(**WAITING, reason="preempted", preemptions=2, attempt=3, priority=20,
               after={"job_id": OTHER, "any": True}, detail=f"it made room for job {OTHER}")
    output = ems(fake, "show").stdout
    for text in ("queued, 1st, preempted", f"made room for job {OTHER}", "Priority     20",
                 f"After        job {OTHER} is over", "Preempted    2 times, attempt 3"):
        assert text in output


@pytest.mark.parametrize("command,kind,body", [
    (["priority", JOB, "31"], "priority", {"job_id": JOB, "priority": 31}),
    (["pause", "last"], "pause", {"job_id": JOB}), (["resume", JOB], "resume", {"job_id": JOB}),
    (["keep", JOB], "keep", {"job_id": JOB}), (["unkeep", JOB], "unkeep", {"job_id": JOB})])
def test_a_change_is_asked_for_and_refusals_have_their_sentence(fake, command, kind, body):
    fake.begin()
    result = ems(fake, *command)
    assert result.returncode == 0 and result.stdout.startswith(f"job {JOB} "), result.stderr
    assert asked(fake, kind) == [body]
    assert json.loads(ems(fake, "--json", *command).stdout)["job_id"] == JOB
    fake.refuse[kind] = [(409, f"job {JOB} is completed; it is too late", {"job": fake.job})]
    result = ems(fake, *command)
    assert result.returncode == 75 and "it is too late" in result.stderr
    result = ems(fake, command[0], "ffff", *command[2:])
    assert result.returncode == 66 and "there is no job" in result.stderr


def test_prune_lists_what_goes_and_why(fake):
    fake.pruned = {"removed": [{"job_id": JOB, "run_id": "2026-02-13_14-30-45", "bytes": 3 << 20,
                                "reason": "older than 30 days"}], "count": 1, "bytes": 3 << 20}
    result = ems(fake, "prune", "--dry-run")
    assert result.returncode == 0
    assert result.stdout.splitlines()[1].split("  ") == [
        "2026-02-13_14-30-45", JOB, "3.0 MiB", "older than 30 days"]
    assert result.stdout.splitlines()[2] == "would be removed: 1 job, 3.0 MiB"
    assert "\nremoved: 1 job, 3.0 MiB" in ems(fake, "prune").stdout
    assert asked(fake, "prune") == [{"dry_run": True}, {"dry_run": False}]
    assert json.loads(ems(fake, "prune", "--json").stdout) == fake.pruned


def test_partial_results_are_listed(fake):
    fake.partial_runs = [{"run_id": "2026-02-13_14-30-45", "job_id": JOB, "worker": "bench-1",
                          "path": "/s/results/.partial/x", "experiments": ["a"]}]
    assert "2026-02-13_14-30-45" in ems(fake, "results", "--partial").stdout
    assert JOB not in ems(fake, "results").stdout


def test_rerun_asks_for_the_same_job_and_watches_it(fake):
    fake.begin()
    fake.finish("failed", reason="exit", exit={"code": 3, "signal": None}, partial=True)
    assert f"ems rerun --resume {JOB}" in ems(fake, "wait").stdout
    tool = start(fake, "rerun", "last", "--queue", "--notes", "again")
    live(fake)
    assert asked(fake, "rerun") == [{"job_id": JOB, "if_busy": "queue", "notes": "again"}]
    fake.do(fake.say, b"hello\n")
    fake.do(fake.finish)
    output, said = tool.communicate(timeout=30)
    assert (tool.returncode, output) == (0, "hello\n"), said
    result = ems(fake, "rerun", JOB, "--resume", "-d")
    assert result.stdout == f"{JOB}\n"
    assert asked(fake, "rerun")[1] == {"job_id": JOB, "resume": True}
    fake.refuse["rerun"] = [(409, f"job {JOB} left nothing", {"job": fake.job})]
    result = ems(fake, "rerun", JOB, "--resume")
    assert result.returncode == 75 and result.stderr == f"ems: job {JOB} left nothing\n"
    fake.refuse["rerun"] = [(409, "busy", {"job": record(OTHER)})]
    result = ems(fake, "rerun", JOB)
    assert result.returncode == 75 and f"busy: job {OTHER}" in result.stderr and "--queue" in result.stderr
