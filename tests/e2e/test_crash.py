# SPDX-License-Identifier: MPL-2.0
"""kill -9 of each part, a restart of the machine, and a restart with a history."""
import json
import os
import subprocess
import uuid

import pytest

import procs
from procs import alive, eventually, identity
from system import BIN


def step(ems, *numbers):
    for number in numbers:
        (ems.work / f"step.{number}").touch()


ALL_STEPS = [b"step %d" % number for number in range(1, 6)]


def shim_of(ems, job_id):
    """The identity of the job's shim, from the arguments of the processes."""
    found = [who for who, arguments in procs.mentioning(job_id).items()
             if arguments.split()[0].endswith("ems-shim")]
    assert len(found) == 1, found
    return found[0]


def test_a_job_outlives_its_worker_and_a_new_one_attaches_to_it(ems):
    job = ems.run("steps")
    monitor = ems.follow(job["job_id"], ems.base / "copy")
    tool = ems.spawn(BIN / "ems", "attach", job["job_id"])
    step(ems, 1)
    ems.wait_log(job["job_id"], b"step 1\n")
    [main] = ems.pids()
    ems.kill9("worker")
    step(ems, 2)
    eventually(lambda: b"step 2\n" in ems.log(job["job_id"]))
    ems.restart("worker")
    now = ems.status(job["job_id"])
    assert now["status"] == "running" and alive(main)
    assert ems.client.ask("run", profile="say").status == 409
    step(ems, 3, 4, 5)
    job = ems.finish(job["job_id"])
    assert job["status"] == "completed" and job["attempt"] == 1
    log = ems.log(job["job_id"])
    assert log.splitlines()[1:] == ALL_STEPS
    assert job["log"] == {"bytes": len(log), "lines": 6}
    assert (ems.state / "results" / job["run_id"] / "steps").is_dir()
    for program in (monitor, tool):
        output, said = program.communicate(timeout=60)
        assert program.returncode == 0, said
    assert output == log and (ems.base / "copy").read_bytes() == log


def test_a_job_that_ends_while_there_is_no_worker_is_finished_by_the_next_one(ems):
    job = ems.run("steps")
    shim = shim_of(ems, job["job_id"])
    ems.kill9("worker")
    step(ems, 1, 2, 3, 4, 5)
    eventually(lambda: not alive(shim))
    assert job["run_id"] not in ems.entries("results")
    ems.restart("worker")
    job = ems.finish(job["job_id"])
    assert job["status"] == "completed" and job["exit"] == {"code": 0, "signal": None}
    assert ems.log(job["job_id"]).splitlines()[1:] == ALL_STEPS
    assert ems.entries("results/" + job["run_id"]) == ["steps"]
    assert ems.client.ask("run", profile="say").status == 200


def test_a_flood_is_whole_when_the_worker_is_killed_again_and_again_in_it(ems):
    job = ems.run("lines", params={"n": 1000000})
    monitor = ems.follow(job["job_id"], ems.base / "copy")
    (ems.work / "go").touch()
    for _ in range(3):
        ems.kill9("worker")
        ems.restart("worker")
    job = ems.finish(job["job_id"])
    log = ems.log(job["job_id"])
    assert job["log"] == {"bytes": len(log), "lines": 1000001}
    assert log.partition(b"\n")[2] == b"".join(b"%d\n" % number for number in range(1000000))
    _, said = monitor.communicate(timeout=60)
    assert monitor.returncode == 0, said
    assert (ems.base / "copy").read_bytes() == log


def test_a_cancel_on_record_is_carried_out_by_the_next_worker(ems):
    job = ems.run("ignores")
    ems.wait_log(job["job_id"], b"ready\n")
    request = {"id": uuid.uuid4().hex, "type": "cancel",
               "body": {"job_id": job["job_id"], "grace_ms": 1500}}
    ems.client.send(request)
    ems.wait_log(job["job_id"], b"got SIGTERM\n")
    ems.kill9("worker")
    ems.restart("worker")
    assert ems.finish(job["job_id"])["status"] == "cancelled"
    assert ems.pids() == []
    again = ems.client.ask_once(request, 30)
    assert (again.status, again.body["job"]["status"]) == (200, "cancelled")


def test_a_cancel_without_grace_has_none_after_a_crash_of_the_worker_either(ems):
    job = ems.run("ignores", grace_ms=600000)
    ems.wait_log(job["job_id"], b"ready\n")
    ems.kill9("worker")
    control = ems.state / "run" / job["job_id"] / "ctl.sock"
    control.rename(control.with_name("aside"))  # so that the shim is not told by this worker
    ems.restart("worker")
    ems.client.send({"id": uuid.uuid4().hex, "type": "cancel",
                     "body": {"job_id": job["job_id"], "grace_ms": 0}})
    eventually(lambda: ems.record(job["job_id"])["status"] == "cancelling")
    ems.kill9("worker")
    control.with_name("aside").rename(control)
    ems.start_part("worker")
    assert ems.finish(job["job_id"])["cancel"]["grace_ms"] == 0


def test_clients_and_the_job_go_on_when_the_broker_is_killed(ems):
    tool = ems.spawn(BIN / "ems", "run", "steps")
    job = eventually(ems.jobs)[0]
    monitor = ems.follow(job["job_id"], ems.base / "copy")
    step(ems, 1)
    eventually(lambda: b"step 1\n" in (ems.base / "copy").read_bytes())
    ems.kill9("broker")
    step(ems, 2)
    eventually(lambda: b"step 2\n" in ems.log(job["job_id"]))
    ems.restart("broker")
    step(ems, 3)
    eventually(lambda: b"step 3\n" in (ems.base / "copy").read_bytes())
    step(ems, 4, 5)
    job = ems.finish(job["job_id"])
    assert job["status"] == "completed"
    for program in (tool, monitor):
        output, said = program.communicate(timeout=60)
        assert program.returncode == 0, said
        if program is tool:
            assert output == ems.log(job["job_id"])
    assert (ems.base / "copy").read_bytes() == ems.log(job["job_id"])


def test_cancels_that_lost_their_broker_are_answered_as_they_would_have_been(ems):
    job_id = ems.run("ignores", grace_ms=1000)["job_id"]
    ems.wait_log(job_id, b"ready")
    ids = [uuid.uuid4().hex, uuid.uuid4().hex]
    for request_id in ids:
        request = {"id": request_id, "type": "cancel", "body": {"job_id": job_id}}
        assert ems.client.ask_once(request, 0.2) is None
    ems.kill9("broker")
    eventually(lambda: ems.record(job_id)["status"] == "cancelled")
    ems.start_part("broker")
    for request_id in ids:
        reply = ems.client.ask("cancel", id=request_id, again=True, job_id=job_id)
        assert reply.status == 200 and reply.body["job"]["status"] == "cancelled"


def test_a_job_that_ends_while_there_is_no_broker_reaches_clients_afterwards(ems):
    tool = ems.spawn(BIN / "ems", "run", "steps")
    job = eventually(ems.jobs)[0]
    ems.kill9("broker")
    step(ems, 1, 2, 3, 4, 5)
    eventually(lambda: ems.record(job["job_id"])["status"] == "completed")
    ems.restart("broker")
    output, said = tool.communicate(timeout=60)
    assert tool.returncode == 0, said
    assert output == ems.log(job["job_id"])


@pytest.mark.parametrize("cgroup", ["auto", "none"])
@pytest.mark.parametrize("worker", ["alive", "dead"])
def test_a_job_whose_shim_is_killed_is_lost_and_nothing_of_it_survives(ems, worker):
    job = ems.run("family", params={"n": 10})
    ems.wait_log(job["job_id"], b"ready\n")
    family = ems.pids()
    if worker == "dead":
        ems.kill9("worker")
    procs.kill(shim_of(ems, job["job_id"]))
    if worker == "dead":
        ems.restart("worker")
    job = ems.finish(job["job_id"])
    assert (job["status"], job["reason"]) == ("failed", "lost")
    assert len(family) == 10 and [who for who in family if alive(who)] == []
    assert procs.mentioning(f"EMS_JOB_ID={job['job_id']}") == {}
    assert job["results_dir"] is None and not ems.entries("results/.staging")
    assert ems.client.ask("run", profile="say").status == 200


def test_the_client_that_is_attached_to_a_lost_job_ends_with_125(ems):
    tool = ems.spawn(BIN / "ems", "run", "obeys")
    job = eventually(ems.jobs)[0]
    ems.wait_log(job["job_id"], b"ready\n")
    procs.kill(shim_of(ems, job["job_id"]))
    tool.communicate(timeout=60)
    assert tool.returncode == 125


def crash_the_machine(ems, job_id):
    """Worker, broker, shim and job end at once, as when the power fails."""
    for part in ("worker", "broker"):
        ems.kill9(part)
    for who in procs.mentioning(job_id):
        procs.kill(who)
    eventually(lambda: not procs.mentioning(job_id))


def test_a_job_is_lost_when_the_machine_was_restarted(ems):
    job = ems.run("obeys")
    ems.wait_log(job["job_id"], b"ready\n")
    crash_the_machine(ems, job["job_id"])
    ems.start_part("broker")
    ems.restart("worker", EMS_TEST_BOOT_ID=str(uuid.uuid4()))
    job = ems.finish(job["job_id"])
    assert (job["status"], job["reason"]) == ("failed", "lost")
    assert not ems.entries("results/.staging") and job["exit"] == {"code": None, "signal": None}
    assert ems.client.ask("run", profile="say").status == 200


def test_a_process_that_got_a_lost_jobs_pid_after_a_restart_is_not_touched(ems):
    job = ems.run("obeys")
    ems.wait_log(job["job_id"], b"ready\n")
    crash_the_machine(ems, job["job_id"])
    innocent = subprocess.Popen(["/usr/bin/sleep", "600"])
    try:
        start_record = ems.state / "run" / job["job_id"] / "shim.json"
        start_record.write_text(json.dumps(with_identity(
            json.loads(start_record.read_text()), *identity(innocent.pid))))
        ems.start_part("broker")
        ems.restart("worker", EMS_TEST_BOOT_ID=str(uuid.uuid4()))
        assert ems.finish(job["job_id"])["reason"] == "lost"
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def with_identity(tree, pid, start):
    """A start record whose processes have this pid and start time; their boot id stays."""
    if not isinstance(tree, dict):
        return tree
    if "pid" in tree:
        other = [key for key in tree if key.startswith("start")]
        assert len(other) == 1, tree
        # Numbers that can pass 2^53 are strings.
        return tree | {"pid": pid, other[0]: type(tree[other[0]])(start)}
    return {key: with_identity(value, pid, start) for key, value in tree.items()}


def test_history_logs_and_results_are_served_after_a_restart(ems):
    for profile, params in (("say", {}), ("exits", {"n": 3}), ("raw", {"n": 20}), ("say", {})):
        ems.finished(profile, params=params)
    cancelled = ems.run("obeys")
    assert ems.cancel(cancelled["job_id"]).status == 200

    def served():
        jobs = ems.jobs()
        logs = [ems.client.do("logs", job_id=job["job_id"]) for job in jobs]
        return jobs, logs, ems.client.do("results"), ems.status("last")
    before = served()
    assert [job["status"] for job in before[0]] == [
        "cancelled", "completed", "completed", "failed", "completed"]
    for part in ("worker", "broker"):
        ems.stop_part(part)
    ems.start()
    assert served() == before
    ems.kill9("worker")
    ems.restart("worker")
    assert served() == before


def test_a_broken_record_is_set_aside_and_the_worker_starts(ems):
    good, bad = ems.finished("say"), ems.finished("say")
    ems.stop_part("worker")
    (ems.state / "logs" / "jobs" / f"{bad['job_id']}.json").write_text('{"job_id": ')
    ems.restart("worker")
    assert ems.status(good["job_id"]) == good
    assert good in ems.jobs()
    assert ems.client.ask("run", profile="say").status == 200


def test_a_second_worker_or_broker_on_the_same_state_does_not_start(ems):
    for name in ("worker", "broker"):
        second = subprocess.run(
            [BIN / f"ems-{name}", "--state", ems.state, "--config", ems.config],
            env=ems.environment, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode != 0
        assert str(ems.parts[name].pid) in second.stderr, "it names the one that runs"
    assert ems.finished("say")["status"] == "completed"


def test_the_same_request_id_means_the_same_job_across_a_crash_of_the_worker(ems):
    request = {"id": uuid.uuid4().hex, "type": "run", "body": {"profile": "steps"}}
    first = ems.client.ask_once(request, 30).body["job"]
    ems.kill9("worker")
    ems.restart("worker")
    assert ems.client.ask_once(request, 30).body["job"]["job_id"] == first["job_id"]
    step(ems, 1, 2, 3, 4, 5)
    ems.finish(first["job_id"])
    again = ems.client.ask_once(request, 30)
    assert again.status == 200 and again.body["job"] == ems.status(first["job_id"])
    assert len(ems.jobs()) == 1
