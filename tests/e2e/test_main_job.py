# SPDX-License-Identifier: MPL-2.0
"""From a run to its record, log and results, through the client tool in pipes."""
import json
import re

import pytest

import procs
from procs import eventually
from system import BIN

SEVEN = {"frame_rotation_bpn", "gmst_era", "equ_ecl", "equ_horizontal", "solar_position",
         "lunar_position", "kepler_solver"}
RUN_ID = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d{6})?")


def failed_cleanly(ems, job):
    """A job that did not complete has no results, and nothing of it is left."""
    return (job["results_dir"] is None and not ems.entries("results/.staging")
            and not ems.entries("run") and job["run_id"] not in ems.entries("results"))


def test_the_bundled_orchestrator_completes_its_seven_experiments(ems):
    done = ems.ems("run", "lab", "--n", 20, "--no-perf")
    assert done.returncode == 0, done.stderr
    [job] = ems.jobs()
    assert (job["status"], job["exit"]) == ("completed", {"code": 0, "signal": None})
    assert job["experiments"] == {"done": 7, "total": 7} and job["progress_pct"] == 100
    results = ems.state / "results" / job["run_id"]
    assert job["results_dir"] == str(results) and RUN_ID.fullmatch(job["run_id"])
    assert {path.name for path in results.iterdir() if path.is_dir()} == SEVEN
    assert json.loads((results / "manifest.json").read_text())
    assert ems.log(job["job_id"]).startswith(b"Starting benchmark: " + bytes(BIN))
    assert ems.record(job["job_id"])["experiments"] == {"done": 7, "total": 7}
    [run] = ems.client.do("results")["runs"]
    assert (run["run_id"], run["job_id"]) == (job["run_id"], job["job_id"])
    assert set(run["experiments"]) == SEVEN and run["path"] == str(results)


def test_two_runs_within_one_second_get_two_folders_that_sort_in_order(ems):
    runs = []

    def two_in_one_second():
        runs.append(ems.finished("say")["run_id"])
        return len({run[:19] for run in runs}) < len(runs)
    eventually(two_in_one_second)
    runs.append(ems.finished("say")["run_id"])
    assert len(set(runs)) == len(runs) and runs == sorted(runs)
    assert [name for name in ems.entries("results") if name[0] != "."] == runs
    for run in runs:
        assert (ems.state / "results" / run / "say" / "summary.md").read_text() == "done\n"


def test_a_second_run_is_refused_with_the_name_of_the_job_that_holds_the_slot(ems):
    first = ems.run("steps")
    second = ems.ems("run", "say")
    assert second.returncode == 75
    assert first["job_id"] in second.stderr, second.stderr
    reply = ems.client.ask("run", profile="say")
    assert reply.status == 409 and reply.body["job"]["job_id"] == first["job_id"]
    assert ems.status(first["job_id"])["status"] == "running"
    for step in range(1, 6):
        (ems.work / f"step.{step}").touch()
    assert ems.finish(first["job_id"])["status"] == "completed"
    assert ems.log(first["job_id"]).splitlines()[1:] == [b"step %d" % n for n in range(1, 6)]
    assert ems.ems("run", "say").returncode == 0
    assert [job["profile"] for job in ems.jobs()] == ["say", "steps"]


def test_a_job_that_exits_3_has_failed_with_this_code(ems):
    assert ems.ems("run", "exits", "--n", 3).returncode == 3
    [job] = ems.jobs()
    assert (job["status"], job["reason"]) == ("failed", "exit")
    assert job["exit"] == {"code": 3, "signal": None}
    assert failed_cleanly(ems, job)


def test_exit_code_137_is_not_taken_for_a_signal(ems):
    job = ems.finished("exits", params={"n": 137})
    assert (job["reason"], job["exit"]) == ("exit", {"code": 137, "signal": None})


def test_a_job_that_dies_of_sigsegv_has_failed_with_this_signal(ems):
    assert ems.ems("run", "crashes").returncode == 128 + 11
    [job] = ems.jobs()
    assert (job["status"], job["reason"]) == ("failed", "signal")
    assert job["exit"] == {"code": None, "signal": 11}
    assert failed_cleanly(ems, job)


@pytest.mark.parametrize("profile", ["not-executable", "missing"])
def test_a_program_that_cannot_be_executed_is_a_failed_job(ems, profile):
    done = ems.ems("run", profile)
    assert done.returncode == 125, done.stderr
    [job] = ems.jobs()
    assert (job["status"], job["reason"]) == ("failed", "spawn")
    assert job["exit"] == {"code": None, "signal": None} and job["detail"]
    assert failed_cleanly(ems, job)
    assert ems.ems("run", "say").returncode == 0


@pytest.mark.parametrize("cgroup", ["auto", "none"])
def test_a_grandchild_that_keeps_the_pipe_neither_delays_the_end_nor_survives(ems):
    job = ems.run("grandchild")
    eventually((ems.work / "pids").exists)
    job = ems.finish(job["job_id"])
    assert ems.pids() == []
    assert job["status"] == "completed" and job["leftovers_killed"] >= 1
    assert seconds(job["finished_at"]) - seconds(job["started_at"]) < 3


def seconds(text):
    """The seconds of the day in a record's time; good enough for short differences."""
    hours, minutes, rest = text[11:-1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_a_job_that_passes_its_time_limit_is_ended_and_has_failed(ems):
    done = ems.ems("run", "ignores", "--time-limit", "1s")
    assert done.returncode == 124, done.stderr
    [job] = ems.jobs()
    assert (job["status"], job["reason"]) == ("failed", "time_limit")
    assert ems.pids() == [] and failed_cleanly(ems, job)


def test_the_record_follows_the_progress_lines(ems):
    job = ems.run("progress")

    def generating():
        now = ems.status(job["job_id"])
        return now if now["current_step"] == "generate_inputs" else None
    now = eventually(generating)
    assert now["current_experiment"] == "second"
    assert now["experiments"] == {"done": 1, "total": 3} and 0 < now["progress_pct"] < 100
    (ems.work / "go").touch()
    assert ems.finish(job["job_id"])["experiments"] == {"done": 3, "total": 3}


def test_the_client_tool_in_a_pipe_prints_the_log_in_plain_lines(ems):
    (ems.work / "go").touch()
    done = ems.ems("run", "progress")
    [job] = ems.jobs()
    assert done.stdout == ems.log(job["job_id"]).decode()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", done.stdout + done.stderr)
    attached = ems.ems("attach", job["job_id"])
    assert (attached.returncode, attached.stdout) == (0, done.stdout)
    logs = ems.ems("logs", "last")
    assert (logs.returncode, logs.stdout) == (0, done.stdout)


@pytest.mark.parametrize("command", [
    ("run", "say"), ("ps",), ("show", "last"), ("wait", "last"), ("results",), ("workers",),
    ("profiles",), ("ping",), ("version",)], ids=lambda command: command[0])
def test_the_client_tool_speaks_json_when_asked_to(shared_ems, command):
    shared_ems.finished("say")
    done = shared_ems.ems("--json", *command)
    assert done.returncode == 0, done.stderr
    assert parse_json(done.stdout)


def parse_json(text):
    """One document, or one a line."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]


def test_the_orchestrator_gets_only_the_environment_that_the_profile_lets_through(ems):
    ems.environment["SECRET"] = "not for the job"
    ems.restart("worker")
    job = ems.finished("typed", params={"must": "x"})
    seen = json.loads(ems.log(job["job_id"]).splitlines()[1])
    assert "SECRET" not in seen["env"] and seen["env"]["PATH"]
    assert seen["env"]["EMS_JOB_ID"] == job["job_id"]
    assert seen["env"]["EMS_RUN_ID"] == job["run_id"]
    assert seen["env"]["PYTHONUNBUFFERED"] == "1"
    assert seen["cwd"] == str(ems.work)
    staging = str(ems.state / "results" / ".staging" / job["run_id"])
    assert seen["env"]["EMS_RESULTS_DIR"] == staging
    assert seen["argv"] == [staging, job["run_id"], "--count=10", "--items=all", "--must=x"]


def test_when_everything_is_over_the_worker_is_idle_and_no_process_is_left(ems):
    job = ems.finished("say")
    [worker] = ems.client.do("workers")["workers"]
    assert (worker["state"], worker["job_id"], worker["queued"]) == ("idle", None, 0)
    eventually(lambda: not procs.mentioning(job["job_id"]))  # its shim has said its word, and ends
