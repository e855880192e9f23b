# SPDX-License-Identifier: MPL-2.0
"""The client tool and the line of a real worker: waiting in it, moving in it, being preempted, going on
from what was left.
"""
import signal

from client_tool import EMS, environment
from procs import eventually
from terminal import CTRL_C, Terminal


def hold(system, profile="waits", *arguments):
    """A job that holds the slot until let_go; its id."""
    job_id = system.ems("run", "-d", profile, *arguments).stdout.strip()
    system.wait_log(job_id, b"ready\n")
    return job_id


def let_go(system, job_id):
    (system.work / f"go.{job_id}").touch()


def waiting(system):
    jobs = system.client.do("list", limit=500, status=["queued"])["jobs"]
    return [job["job_id"] for job in sorted(jobs, key=lambda job: job["position"])]


def test_a_real_line_is_waited_in_moved_in_and_left(ems):
    holder = hold(ems)
    result = ems.ems("run", "say")
    assert result.returncode == 75 and "--queue" in result.stderr and holder in result.stderr
    tool = ems.spawn(EMS, "run", "--queue", "say")
    said = [tool.stderr.readline().decode() for _ in range(2)]
    assert said[1].endswith("is queued, 1st in line\n")
    first = said[0].split()[2]
    result = ems.ems("run", "-qd", "waits", "--priority", "20")
    second = result.stdout.strip()
    assert result.stderr == "ems: queued, 1st in line\n"
    # The other's place is told without being asked for.
    assert tool.stderr.readline().decode().endswith("is queued, 2nd in line\n")
    result = ems.ems("priority", first, "31")
    assert result.stdout == f"job {first} queued, priority 31, 1st in line\n", result.stderr
    assert tool.stderr.readline().decode().endswith("is queued, 1st in line\n")
    assert waiting(ems) == [first, second]
    rows = ems.ems("ps").stdout.splitlines()
    assert [row.split()[0] for row in rows[1:]] == [second, first, holder]
    result = ems.ems("priority", holder, "3")
    assert result.returncode == 75 and "while it waits" in result.stderr
    assert ems.ems("cancel", second).returncode == 0
    let_go(ems, holder)
    output, said = tool.communicate(timeout=60)
    assert tool.returncode == 0, said
    assert output == ems.log(first) and b"starts\n" in said
    assert ems.ems("wait", second).returncode == 130


def test_the_log_of_a_job_that_waits_is_not_silent(ems):
    holder = hold(ems)
    job_id = ems.ems("run", "-qd", "say").stdout.strip()
    late = ems.ems("run", "-d", "say", "--delay", "1h").stdout.strip()
    result = ems.ems("logs", job_id)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == f"ems: job {job_id} waits, 1st in line; it has written nothing yet\n"
    assert f"job {late} " in ems.ems("logs", late).stderr
    tool = ems.spawn(EMS, "logs", "-f", job_id)
    assert tool.stderr.readline().decode().endswith("waits, 1st in line; it has written nothing yet\n")
    let_go(ems, holder)
    output, _ = tool.communicate(timeout=60)
    assert output == ems.log(job_id) != b""
    assert "waits" not in ems.ems("logs", job_id).stderr


def test_a_real_queued_job_shows_its_place_on_the_terminal(ems):
    holder = hold(ems)
    with Terminal([EMS, "run", "--queue", "waits"], environment(ems.state),
                  cwd=str(ems.base)) as terminal:
        terminal.until(lambda: "Queued, 1st in line" in terminal.last_line())
        job_id = waiting(ems)[0]
        let_go(ems, holder)
        terminal.until_text("ready")
        terminal.until(lambda: "Running" in terminal.last_line())
        assert ems.ems("pause", job_id).stdout == f"job {job_id} paused\n"
        terminal.until(lambda: "Paused" in terminal.last_line())
        result = ems.ems("priority", job_id, "3")
        assert result.returncode == 75 and "paused" in result.stderr
        assert ems.ems("resume", job_id).returncode == 0
        terminal.until(lambda: "Running" in terminal.last_line())
        let_go(ems, job_id)
        assert terminal.finish() == 0
    with Terminal([EMS, "run", "say", "--delay", "1h"], environment(ems.state),
                  cwd=str(ems.base)) as terminal:
        terminal.until(lambda: "not before" in terminal.last_line())
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
    result = ems.ems("pause", job_id)
    assert result.returncode == 75 and "completed" in result.stderr


def test_a_real_preempted_job_is_watched_to_its_end(ems):
    tool = ems.spawn(EMS, "run", "waits")
    job_id = tool.stderr.readline().decode().split()[2]
    ems.wait_log(job_id, b"ready\n")
    result = ems.ems("run", "-d", "waits", "--preempt", "--priority", "31")
    assert result.returncode == 77 and "may_preempt" in result.stderr
    result = ems.ems("run", "-d", "first", "--preempt", "--priority", "31")
    assert result.returncode == 0, result.stderr
    urgent = result.stdout.strip()
    eventually(lambda: ems.status(urgent)["status"] == "running")
    ems.wait_log(urgent, b"ready\n")
    rows = {row.split()[0]: row for row in ems.ems("ps").stdout.splitlines()[1:]}
    assert "queued, 1st, preempted" in rows[job_id] and "running" in rows[urgent]
    assert urgent in ems.ems("show", job_id).stdout
    let_go(ems, urgent)
    eventually(lambda: ems.log(job_id).count(b"ready\n") == 2)
    let_go(ems, job_id)
    output, said = tool.communicate(timeout=60)
    assert tool.returncode == 0, said
    assert output == ems.log(job_id) and b"Benchmark execution preempted.\n" in output
    assert b"runs again, attempt 2\n" in said


def test_a_real_dependency_and_the_limits_have_their_exit_codes(ems):
    holder = hold(ems)
    waits = ems.ems("run", "-d", "say", "--after", holder).stdout.strip()
    any_end = ems.ems("run", "-d", "say", "--after-any", waits).stdout.strip()
    assert ems.ems("cancel", holder).returncode == 0
    result = ems.ems("wait", waits)
    assert result.returncode == 125 and f"job {holder} did not complete" in result.stdout
    assert ems.ems("wait", any_end).returncode == 0
    result = ems.ems("run", "say", "--after", holder)
    assert result.returncode == 75 and "busy" not in result.stderr and "--after-any" in result.stderr
    assert ems.ems("run", "silent").returncode == 124
    assert ems.ems("run", "chatty").returncode == 124


def test_a_real_run_goes_on_from_what_it_left(ems):
    tool = ems.spawn(EMS, "run", "checkpoint")
    job_id = tool.stderr.readline().decode().split()[2]
    (ems.work / "go.1").touch()
    ems.wait_log(job_id, b"did 1\n")
    tool.send_signal(signal.SIGINT)
    _, said = tool.communicate(timeout=60)
    assert tool.returncode == 130, said
    assert f"ems rerun --resume {job_id}".encode() in said
    result = ems.ems("rerun", "--resume", "-d", job_id)
    assert result.returncode == 0, result.stderr
    again = result.stdout.strip()
    eventually(lambda: ems.status(again)["status"] == "running")
    ems.wait_log(again, b"kept 1\n")
    assert f"Resumed from {job_id}" in ems.ems("show", again).stdout
    assert ems.ems("cancel", again).returncode == 0
    result = ems.ems("rerun", "--resume", job_id)
    assert result.returncode == 75 and "left nothing" in result.stderr
    fresh = ems.finished("say", notes="first light")
    result = ems.ems("rerun", fresh["job_id"])
    assert result.returncode == 0 and result.stdout.startswith("Starting benchmark: "), result.stderr
    assert ems.jobs()[0]["notes"] == "first light"


def test_down_with_cancel_ends_the_whole_line(ems):
    jobs = [hold(ems)] + [ems.ems("run", "-qd", "waits").stdout.strip() for _ in range(3)]
    result = ems.ems("down", "--cancel")
    for job_id in jobs:
        assert f"job {job_id} cancelled" in result.stderr
        assert ems.record(job_id)["status"] == "cancelled"
    assert len((ems.work / "started").read_text().splitlines()) == 1
    for part in ems.parts.values():
        part.wait(30)
    ems.parts.clear()


def test_who_waits_in_line_outlives_broker_and_worker(ems):
    holder = hold(ems)
    tool = ems.spawn(EMS, "run", "--queue", "say")
    said = [tool.stderr.readline().decode() for _ in range(2)]
    job_id = said[0].split()[2]
    for name in ("broker", "worker"):
        ems.kill9(name)
        ems.start_part(name)
        ems.wait_ready()
    result = ems.ems("run", "-qd", "say", "--priority", "31")
    assert result.returncode == 0, result.stderr
    while "2nd in line" not in said[-1]:
        said.append(tool.stderr.readline().decode())
        assert said[-1]
    assert ems.ems("cancel", result.stdout.strip()).returncode == 0
    let_go(ems, holder)
    output, rest = tool.communicate(timeout=60)
    assert tool.returncode == 0, said + [rest]
    assert output == ems.log(job_id)
    # Whatever was lost meanwhile, the story is told once.
    assert sum("is queued, 1st in line" in line for line in said + rest.decode().splitlines()) <= 2
