# SPDX-License-Identifier: MPL-2.0
"""The worker, end to end: what it is started with, what it keeps, and what crashes leave it."""
import fcntl
import json
import random
import resource
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

import msgpack
import pytest
import zmq

from conftest import running
from ems1 import Client, OVER
from procs import eventually, mentioning
from system import BIN, WORKER, System

SH = {"command": "/bin/sh", "arguments": ["-c", "{script}"],
      "parameters": {"script": {"type": "string", "pattern": ".*", "required": 1}}}
MANY = {"command": "/bin/true", "arguments": [],
        "parameters": {f"p{n}": {"type": "string", "pattern": ".*"} for n in range(4)}}
WAIT_FOR_GO = "while [ ! -e go ]; do sleep 0.01; done"


@pytest.fixture
def box(request):
    """A running system with a profile `sh` that runs any script."""
    yield from running(request.node, System(profiles={"sh": SH, "many": MANY}))


def run(box, script, **body):
    return box.run("sh", params={"script": script}, **body)


def run_request(script, **more):
    return {"id": secrets.token_hex(16), "type": "run",
            "body": {"profile": "sh", "params": {"script": script}}} | more


def worker_with(*arguments, **options):
    return subprocess.run([BIN / "ems-worker", *map(str, arguments)], capture_output=True,
                          text=True, timeout=60, check=False, **options)


# How it is started


@pytest.mark.parametrize("arguments, code", [
    (["--version"], 0), (["--help"], 0), ([], 64), (["--state"], 64), (["--nosuch"], 64),
    (["--state", "/tmp", "more"], 64),
], ids=str)
def test_the_command_line_ends_with_its_code(arguments, code):
    ended = worker_with(*arguments)
    assert ended.returncode == code
    assert ("ems-worker" in ended.stdout) == (code == 0)
    assert ("usage" in ended.stderr) == (code == 64)


@pytest.mark.parametrize("text, place", [
    ("worker\n    nam = \"x\"\n", ":2: worker/nam: "),
    ("worker\n  name = \"x\"\n", ":2: "),
    ("profiles\n    p\n        command = \"/bin/true\"\n        grace_ms = -1\n",
     ":4: profiles/p/grace_ms: "),
    ("profiles\n    p\n        command = \"/bin/true\"\n        cpus = \"0,1023\"\n",
     ":4: profiles/p/cpus: there is no processor 1023; this machine has 0 to "),
], ids=["key", "indentation", "value", "machine"])
def test_a_wrong_file_ends_it_with_78_and_names_file_line_and_key(tmp_path, text, place):
    file = tmp_path / "wrong.zpl"
    file.write_text(text)
    ended = worker_with("--state", tmp_path / "s", "--config", file)
    assert ended.returncode == 78
    assert f"{file}{place}" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_file_that_is_not_there_ends_it_with_78(tmp_path):
    ended = worker_with("--state", tmp_path / "s", "--config", tmp_path / "nosuch.zpl")
    assert ended.returncode == 78 and "nosuch.zpl" in ended.stderr


def test_a_second_worker_for_a_state_folder_ends_with_75_and_names_the_first(ems):
    ended = worker_with("--state", ems.state, "--config", ems.config)
    assert ended.returncode == 75
    assert f"process {ems.parts['worker'].pid}" in ended.stderr


def test_a_lock_that_a_dead_worker_left_to_a_child_is_waited_for(box):
    box.kill9("worker")
    with open(box.state / "worker.lock", encoding="ascii") as lock:  # still the dead one's pid
        fcntl.flock(lock, fcntl.LOCK_EX)
        box.start_part("worker")
        eventually(lambda: "waiting for its lock" in (box.base / "worker.stderr").read_text())
    box.wait_ready()


def install(box, *programs):
    """The worker and these programs in a folder of the test's own."""
    folder = box.base / "bin"
    folder.mkdir()
    for program in ("ems-worker", *programs):
        shutil.copy(BIN / program, folder)
    return folder


def start_from(box, folder, *arguments):
    """Exchange the worker for the one in that folder."""
    box.stop_part("worker")
    with open(box.base / "worker.stderr", "ab") as stderr:
        box.parts["worker"] = subprocess.Popen(
            [folder / "ems-worker", "--state", box.state, *arguments], stdin=subprocess.DEVNULL,
            stdout=stderr, stderr=stderr, cwd=box.base, env=box.environment)


def test_without_a_file_it_runs_the_orchestrator_beside_it(box):
    folder = install(box, "ems-shim")
    program = folder / "lab-orchestrator"
    program.write_text("#!/bin/sh\npwd\necho \"$@\"\n")
    program.chmod(0o755)
    start_from(box, folder)
    client = box.client
    profiles = eventually(lambda: client.ask("profiles").body.get("profiles"))
    assert [(p["name"], p["command"]) for p in profiles] == [("lab", str(program))]
    job = box.finished("lab", params={"experiments": ["gmst_era"], "n": 5, "ci_mode": True})
    assert job["status"] == "completed"
    assert job["config"] == {"experiments": ["gmst_era"], "n": 5, "seed": 42, "no_perf": False,
                             "perf_rounds": 5, "ci_mode": True}
    assert box.log(job["job_id"]).decode().splitlines()[1:] == [
        str(box.state), "--experiments=gmst_era --n=5 --seed=42 --perf-rounds=5 --ci"]
    box.restart("worker")  # the one that the others know by its name


def test_without_its_shim_a_job_fails_by_name_and_the_slot_stays_free(box):
    start_from(box, install(box), "--config", box.config)
    box.wait_ready()
    for _ in range(2):
        reply = box.client.ask("run", profile="say")
        assert reply.status == 200
        job = reply.body["job"]
        assert (job["status"], job["reason"]) == ("failed", "spawn")
        assert "ems-shim" in job["detail"] and job["started_at"] is None
    box.restart("worker")
    assert box.finished("say")["status"] == "completed"


def test_it_finds_a_broker_that_is_started_later(box):
    box.stop_part("broker")
    box.stop_part("worker")
    box.start_part("worker")
    eventually(lambda: "serves" in (box.base / "worker.stderr").read_text().splitlines()[-1])
    box.start_part("broker")
    box.wait_ready()
    assert box.finished("say")["status"] == "completed"


def test_one_that_is_refused_for_its_name_takes_over_when_the_other_ends(box):
    config = box.base / "other.zpl"
    text = box.config.read_text().replace(
        "worker\n", f"worker\n    workers = \"{box.endpoint('workers')}\"\n"
                    f"    publish = \"{box.endpoint('publish')}\"\n", 1)
    config.write_text(text)
    said = box.base / "other.stderr"
    with open(said, "wb") as stderr:
        other = subprocess.Popen(
            [BIN / "ems-worker", "--state", box.base / "other", "--config", config],
            stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, env=box.environment)
    box.programs.append(other)
    eventually(lambda: "refuses us" in said.read_text())
    box.stop_part("worker")
    job = box.client.do("run", profile="say")["job"]  # asks again until there is a worker
    assert box.finish(job["job_id"])["status"] == "completed"
    assert (box.base / "other" / "logs" / "jobs" / f"{job['job_id']}.json").exists()
    other.send_signal(signal.SIGTERM)
    assert other.wait(30) == 0
    box.restart("worker")


def test_sigterm_ends_it_cleanly_and_its_job_goes_on(box):
    job = run(box, f"echo ready; {WAIT_FOR_GO}; exit 7")
    box.wait_log(job["job_id"], b"ready\n")
    box.stop_part("worker")  # fails unless the exit code is 0
    assert job["job_id"] in box.entries("run")
    (box.work / "go").touch()
    eventually(lambda: (box.state / "run" / job["job_id"] / "exit.json").exists())
    box.start_part("worker")
    box.wait_ready()
    job = box.finish(job["job_id"])
    assert (job["status"], job["exit"]["code"]) == ("failed", 7)


# Requests


def test_one_id_sent_twice_at_once_is_one_job_and_both_are_answered(box):
    request = run_request("echo once >> count")
    clients = [Client(box.endpoint("clients")) for _ in range(5)]
    for client in clients:
        client.send(request)
    replies = [client.ask_once(request, 30) for client in clients]
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body["job"]["job_id"] for reply in replies}) == 1
    box.finish(replies[0].body["job"]["job_id"])
    assert (box.work / "count").read_text() == "once\n"
    for client in clients:
        client.close()


def test_an_id_cannot_be_used_for_another_kind_of_request(box):
    job = run(box, "sleep 60")
    refused = box.client.ask("run", id="f" * 32, profile="say")
    assert refused.status == 409
    reply = box.cancel(job["job_id"], id="f" * 32)
    assert reply.status == 400 and "another request" in reply.error
    assert box.cancel(job["job_id"]).status == 200


def test_a_request_that_came_too_late_may_be_sent_again_with_its_id(box):
    request = run_request("true", not_after_ms=1)
    assert box.client.ask_once(request, 30).status == 504
    assert box.jobs() == []
    del request["not_after_ms"]
    assert box.client.ask_once(request, 30).status == 200


def test_an_unknown_type_is_named(box):
    reply = box.client.ask("dance", job_id="last", worker=WORKER)
    assert reply.status == 400 and "dance" in reply.error


def test_what_was_asked_for_is_on_record(box):
    asked = {"notes": "first light\n\u00e4", "labels": {"night": "12"}, "priority": 31,
             "grace_ms": 5, "time_limit_ms": 60000}
    job = run(box, "true", **asked)
    record = box.record(box.finish(job["job_id"])["job_id"])
    assert {key: record[key] for key in asked} == asked
    assert record["config"] == {"script": "true"}
    assert record["attempt"] == 1 and record["worker"] == WORKER


def test_a_record_too_large_to_keep_is_refused_before_anything_runs(box):
    control = "\x01" * 60000  # six bytes each in JSON
    reply = box.client.ask("run", profile="many", params={f"p{n}": control for n in range(4)})
    assert reply.status == 413 and "larger than" in reply.error
    assert box.entries("run") == box.entries("results/.staging") == box.jobs() == []
    params = {"p0": control, "p1": control}
    job = box.finished("many", params=params)
    assert box.record(job["job_id"])["config"] == params


def test_a_log_that_was_removed_is_an_empty_one(box):
    job = box.finished("say")
    (box.state / "logs" / f"{job['job_id']}.log").unlink()
    reply = box.client.do("logs", job_id=job["job_id"])
    assert (reply["data"], reply["size"], reply["eof"]) == (b"", 0, True)
    assert box.client.do("logs", job_id=job["job_id"], tail_lines=5)["data"] == b""


def test_tail_lines_of_a_live_log_go_back_over_many_blocks(box):
    job = run(box, f"seq 100000; printf unfinished; touch said; {WAIT_FOR_GO}")
    eventually((box.work / "said").exists)
    eventually(lambda: box.log(job["job_id"]).endswith(b"unfinished"))
    reply = box.client.do("logs", job_id=job["job_id"], tail_lines=10000, max_bytes=1048576)
    lines = reply["data"].split(b"\n")
    assert lines[0] == b"90002" and lines[-1] == b"unfinished" and not reply["eof"]
    reply = box.client.do("logs", job_id=job["job_id"], tail_lines=2, max_bytes=3)
    assert reply["data"] == b"100"
    (box.work / "go").touch()
    box.finish(job["job_id"])


# Events


def subscribe(box, *topics):
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.set_hwm(0)
    for topic in topics:
        socket.subscribe(topic)
    socket.connect(box.endpoint("events"))
    return socket


def in_force(box, socket, job_id):
    """Wait until the subscriptions work; what arrived meanwhile is dropped."""
    nonce = secrets.token_hex(8)
    socket.subscribe(f"sync/{nonce}/")
    while True:
        box.client.do("sync", job_id=job_id, nonce=nonce)
        while socket.poll(500):
            if socket.recv_multipart()[0] == f"sync/{nonce}/".encode():
                return


def statuses(socket):
    """The status events up to a final one."""
    events = []
    while not events or events[-1]["job"]["status"] not in OVER:
        assert socket.poll(30000)
        topic, event, _ = socket.recv_multipart()
        if topic.startswith(b"status/"):
            events.append(msgpack.unpackb(event))
    return events


def test_each_change_of_status_is_published_in_order(box):
    first = box.finished("say")
    socket = subscribe(box, "status/")
    in_force(box, socket, first["job_id"])
    job = run(box, "trap '' TERM; echo ready; while :; do sleep 0.01; done", grace_ms=300)
    box.wait_log(job["job_id"], b"ready\n")
    box.cancel(job["job_id"])
    events = statuses(socket)
    assert [event["job"]["status"] for event in events] == ["starting", "running", "cancelling",
                                                            "cancelled"]
    numbers = [event["seq"] for event in events]
    assert numbers == sorted(set(numbers))
    assert {event["worker"] for event in events} == {WORKER}
    assert events[-1]["job"] == box.status(job["job_id"])
    assert events[-1]["job"]["cancel"]["forced"] is True
    socket.close(linger=0)


def test_a_flood_of_progress_is_a_trickle_of_status_events(box):
    first = box.finished("say")
    socket = subscribe(box, "status/")
    in_force(box, socket, first["job_id"])
    began = time.monotonic()
    line = "[PROGRESS] experiment=e step=s current=%s total=20000 | text"
    run(box, "echo '[PROGRESS] step=experiment_start current=1 total=1'; "
             f"for i in 1 2 3 4 5; do seq -f '{line % '%.0f'}' 1 20000; sleep 0.1; done")
    events = statuses(socket)
    most = 4 + (time.monotonic() - began) * 11
    assert 3 <= len(events) <= most
    assert events[-1]["job"]["experiments"] == {"done": 1, "total": 1}
    assert events[-1]["job"]["progress_pct"] == 100
    socket.close(linger=0)


def test_a_broker_that_hangs_holds_up_neither_a_job_nor_its_outcome(box):
    job = run(box, f"{WAIT_FOR_GO}; yes | head -c 50000000; exit 4")
    monitor = box.follow(job["job_id"], box.base / "copy")
    eventually(lambda: (box.base / "copy").read_bytes())
    broker = box.parts["broker"]
    broker.send_signal(signal.SIGSTOP)
    try:
        (box.work / "go").touch()
        eventually(lambda: box.record(job["job_id"])["status"] == "failed")
        eventually(lambda: box.entries("run") == [])
    finally:
        broker.send_signal(signal.SIGCONT)
    _, said = monitor.communicate(timeout=60)
    assert monitor.returncode == 0, said
    assert (box.base / "copy").read_bytes() == box.log(job["job_id"])


# What crashes leave


def test_a_job_is_run_exactly_once_however_often_the_worker_dies_around_its_start(box):
    chance = random.Random(7)
    asked = []
    for number in range(12):
        request = run_request(f"echo {number} >> count")
        asked.append(request["id"])
        box.client.send(request)
        time.sleep(chance.uniform(0, 0.03))  # the moment of the crash, not a wait for anything
        box.kill9("worker")
        box.restart("worker")
        while (reply := box.client.ask_once(request, 30)) is None or reply.status == 503:
            pass
        assert reply.status == 200, reply
        job = box.finish(reply.body["job"]["job_id"])
        assert (job["status"], job["request_id"]) == ("completed", request["id"]), job
    assert (box.work / "count").read_text() == "".join(f"{number}\n" for number in range(12))
    assert [job["request_id"] for job in reversed(box.jobs())] == asked


def accepted(box, **more):
    """A job on record of which nothing ran: as a worker leaves it that dies right after accepting."""
    job = run(box, WAIT_FOR_GO)
    folder = box.state / "run" / job["job_id"]
    spec = json.loads((folder / "spec.json").read_text())
    record = box.record(job["job_id"])
    (box.work / "go").touch()
    box.finish(job["job_id"])
    box.stop_part("worker")
    new = {"job_id": "00000000abcd", "run_id": "2020-01-01_00-00-00"}
    text = json.dumps(spec).replace(job["job_id"], new["job_id"]).replace(job["run_id"], new["run_id"])
    folder = box.state / "run" / new["job_id"]
    folder.mkdir()
    (folder / "spec.json").write_text(text)
    record |= new | {"status": "starting", "started_at": None, "request_id": "0" * 32} | more
    (box.state / "logs" / "jobs" / "00000000abcd.json").write_text(json.dumps(record))
    with open(box.state / "logs" / "history", "a", encoding="ascii") as history:
        history.write(f"00000000abcd {int(time.time() * 1000):015d} {'0' * 32}\n")
    return folder


def test_a_job_that_was_accepted_but_not_begun_is_run_by_the_next_worker(box):
    accepted(box)
    box.start_part("worker")
    box.wait_ready()
    job = box.finish("00000000abcd")
    assert job["status"] == "completed"
    assert job["results_dir"] == str(box.state / "results" / "2020-01-01_00-00-00")
    assert box.entries("results/2020-01-01_00-00-00") == []


def test_a_job_that_was_begun_is_not_run_again(box):
    folder = accepted(box)
    dead = {"pid": 4194304, "start_ticks": "1", "boot_id": "x"}
    (folder / "shim.json").write_text(json.dumps({"job_id": "00000000abcd", "attempt": 1,
                                                  "shim": dead, "main": dead}))
    box.start_part("worker")
    box.wait_ready()
    job = box.finish("00000000abcd")
    assert (job["status"], job["reason"]) == ("failed", "lost")
    assert "2020-01-01_00-00-00" not in box.entries("results")


def test_a_job_whose_folder_was_taken_away_is_lost(box):
    shutil.rmtree(accepted(box, status="running"))
    box.start_part("worker")
    box.wait_ready()
    job = box.finish("00000000abcd")
    assert (job["status"], job["reason"]) == ("failed", "lost")


def test_a_run_folder_without_a_record_is_removed(box):
    accepted(box)
    (box.state / "logs" / "jobs" / "00000000abcd.json").unlink()
    box.start_part("worker")
    box.wait_ready()
    assert box.entries("run") == []
    assert box.client.ask("status", job_id="00000000abcd").status == 404
    assert len(box.jobs()) == 1


def test_the_processes_of_a_job_whose_record_is_broken_are_killed(box):
    job = run(box, "echo ready; sleep 600")
    box.wait_log(job["job_id"], b"ready\n")
    box.kill9("worker")
    (box.state / "logs" / "jobs" / f"{job['job_id']}.json").write_text("{}")
    box.start_part("worker")
    box.wait_ready()
    assert box.entries("run") == []
    eventually(lambda: not mentioning(job["job_id"]))
    assert f"{job['job_id']}.json.broken" in box.entries("logs/jobs")
    assert box.finished("say")["status"] == "completed"


def test_what_an_earlier_worker_left_in_staging_is_removed(box):
    box.stop_part("worker")
    (box.state / "results" / ".staging" / "2020-01-01_00-00-00" / "x").mkdir(parents=True)
    box.start_part("worker")
    box.wait_ready()
    assert box.entries("results/.staging") == []


@pytest.mark.parametrize("spoiled", ["", "{}", "\0" * 100, '{"offset": 9999999, "line": 1, '
                                     '"in_line": false, "progress": {}}'], ids=repr)
def test_a_spoiled_bookmark_costs_work_and_nothing_else(box, spoiled):
    line = "[PROGRESS] step=experiment_start current={} total=4"
    job = run(box, f"echo '{line.format(2)}'; touch said; {WAIT_FOR_GO}; echo '{line.format(3)}'; "
                   "exit 1")
    eventually((box.work / "said").exists)
    eventually(lambda: box.status(job["job_id"])["experiments"]["done"] == 1)
    box.kill9("worker")
    (box.state / "run" / job["job_id"] / "tail.json").write_text(spoiled)
    monitor = box.follow(job["job_id"], box.base / "copy")
    box.start_part("worker")
    box.wait_ready()
    assert eventually(lambda: box.status(job["job_id"])["experiments"] == {"done": 1, "total": 4})
    (box.work / "go").touch()
    job = box.finish(job["job_id"])
    log = box.log(job["job_id"])
    assert job["experiments"] == {"done": 2, "total": 4}
    assert job["log"] == {"bytes": len(log), "lines": 3}
    monitor.communicate(timeout=60)
    assert (box.base / "copy").read_bytes() == log


# What cannot be found out now


def descriptors(box, most):
    """What the worker opens from now on must get a number below this; what is open stays so."""
    pid = box.parts["worker"].pid
    hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, hard))


def said(box, text):
    return text in (box.base / "worker.stderr").read_text()


def test_an_outcome_that_cannot_be_looked_at_is_no_lost_job(box):
    job = run(box, f"echo ready; {WAIT_FOR_GO}; exit 3")
    box.wait_log(job["job_id"], b"ready\n")
    # All low numbers are taken, and there are still more than it polls.
    descriptors(box, len(list(Path(f"/proc/{box.parts['worker'].pid}/fd").iterdir())) // 2)
    (box.work / "go").touch()
    eventually(lambda: said(box, "cannot be found out"))
    assert box.record(job["job_id"])["status"] == "running"
    descriptors(box, 1024)
    job = box.finish(job["job_id"])
    assert (job["status"], job["exit"]["code"]) == ("failed", 3)


@pytest.mark.parametrize("back", [False, True], ids=["by a signal", "by its socket"])
def test_a_shim_that_cannot_be_connected_to_is_stopped_all_the_same(box, back):
    job = run(box, "echo ready; sleep 600")
    box.wait_log(job["job_id"], b"ready\n")
    box.kill9("worker")
    folder = box.state / "run" / job["job_id"]
    (folder / "ctl.sock").rename(folder / "aside")
    box.start_part("worker")
    box.wait_ready()
    if back:
        (folder / "aside").rename(folder / "ctl.sock")
    reply = box.cancel(job["job_id"])
    assert reply.status == 200 and reply.body["job"]["status"] == "cancelled"


def test_a_stop_that_could_only_be_signalled_is_repeated_with_its_grace(box):
    job = run(box, "trap '' TERM; echo ready; while :; do sleep 0.01; done", grace_ms=600000)
    box.wait_log(job["job_id"], b"ready\n")
    box.kill9("worker")
    folder = box.state / "run" / job["job_id"]
    (folder / "ctl.sock").rename(folder / "aside")
    box.start_part("worker")
    box.wait_ready()
    body = {"job_id": job["job_id"], "grace_ms": 0}
    request = {"id": secrets.token_hex(16), "type": "cancel", "body": body}
    box.client.send(request)
    eventually(lambda: box.record(job["job_id"])["status"] == "cancelling")
    (folder / "aside").rename(folder / "ctl.sock")
    reply = box.client.ask("cancel", id=request["id"], **body)
    assert reply.status == 200 and reply.body["job"]["cancel"]["forced"] is True


def test_a_job_that_cannot_be_taken_over_yet_is_neither_dropped_nor_passed_by(box):
    folder = accepted(box)
    folder.rename(box.base / "aside")
    folder.symlink_to(box.base / "aside")
    box.start_part("worker")
    box.wait_ready()
    assert said(box, "cannot be taken over")
    refused = box.client.ask_once(run_request("true"), 30)
    assert refused.status == 503 and "taken over" in refused.error
    cancel = {"id": "c" * 32, "type": "cancel", "body": {"job_id": "00000000abcd"}}
    refused = box.client.ask_once(cancel, 30)
    assert refused.status == 503 and "taken over" in refused.error
    same = box.client.ask_once(run_request("true") | {"id": "0" * 32}, 30)
    assert same.status == 503 and "taken over" in same.error
    folder.unlink()
    (box.base / "aside").rename(folder)
    assert box.finish("00000000abcd")["status"] == "completed"
    assert box.finished("say")["status"] == "completed"


def test_a_record_that_cannot_be_read_now_keeps_no_worker_from_starting(box):
    job = run(box, f"echo ready; {WAIT_FOR_GO}")
    box.wait_log(job["job_id"], b"ready\n")
    box.stop_part("worker")
    record = box.state / "logs" / "jobs" / f"{job['job_id']}.json"
    record.rename(box.base / "aside")
    record.mkdir()  # as good as a disk that cannot read it
    box.start_part("worker")
    box.wait_ready()
    assert said(box, "left as it is")
    assert box.entries("run") == [job["job_id"]]
    assert box.entries("results/.staging") == [job["run_id"]]
    box.stop_part("worker")
    record.rmdir()
    (box.base / "aside").rename(record)
    (box.work / "go").touch()
    box.start_part("worker")
    box.wait_ready()
    assert box.finish(job["job_id"])["status"] == "completed"


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("{}"),
                                   lambda path: (path.unlink(), path.mkdir())],
                         ids=["broken", "unreadable"])
def test_a_request_whose_job_cannot_be_read_makes_no_second_one(box, spoil):
    request = run_request("echo once >> count")
    job = box.client.ask_once(request, 30).body["job"]
    box.finish(job["job_id"])
    box.stop_part("worker")
    record = box.state / "logs" / "jobs" / f"{job['job_id']}.json"
    spoil(record)
    box.start_part("worker")
    box.wait_ready()
    for _ in range(2):
        reply = box.client.ask_once(request, 30)
        assert reply.status == 500 and f"{job['job_id']}, cannot be read" in reply.error
    assert (box.work / "count").read_text() == "once\n"
    if record.is_dir():
        record.rmdir()


def test_a_process_that_the_shim_could_not_kill_is_gone_before_the_job_is_over(box):
    folder = accepted(box, status="running")
    sleeper = box.spawn("/bin/sleep", "600")
    fields = Path(f"/proc/{sleeper.pid}/stat").read_text("latin-1").rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    outcome = {
        "job_id": "00000000abcd", "attempt": 1, "outcome": "exited", "code": 0, "forced": False,
        "started_at_ms": 1, "finished_at_ms": 2, "user_s": 0.0, "system_s": 0.0, "max_rss_kb": 0,
        "leftovers_killed": 0, "drained": True, "detail": "", "unkilled": 1,
        "unkilled_processes": [{"pid": sleeper.pid, "start_ticks": fields[19], "boot_id": boot}]}
    (folder / "exit.json").write_text(json.dumps(outcome))
    (box.state / "results" / ".staging" / "2020-01-01_00-00-00").mkdir()
    box.start_part("worker")
    box.wait_ready()
    job = box.finish("00000000abcd")
    assert job["status"] == "completed"
    assert sleeper.wait(0) == -signal.SIGKILL
    assert said(box, f"process {sleeper.pid} of the job does not die")


# The history


def multiply(box, count):
    """Copies of one finished job, a second apart; their ids, newest first."""
    record = box.record(box.finished("say")["job_id"])
    box.stop_part("worker")
    folder = box.state / "logs" / "jobs"
    ids = []
    for number in range(count):
        copy = record | {"job_id": f"ab{number:010x}", "request_id": f"{number:032x}",
                         "status": "failed" if number % 2 else "completed",
                         "queued_at": f"2020-01-01T00:{number // 60:02d}:{number % 60:02d}.000Z"}
        (folder / f"{copy['job_id']}.json").write_text(json.dumps(copy))
        ids.insert(0, copy["job_id"])
    return [record["job_id"], *ids]


def pages(box, **body):
    """All jobs, page by page."""
    found, reply = [], box.client.do("list", **body)
    while True:
        found += reply["jobs"]
        if not reply.get("next"):
            return [job["job_id"] for job in found]
        reply = box.client.do("list", before=reply["next"], **body)


def test_a_history_that_is_gone_is_made_anew_from_the_records(box):
    ids = multiply(box, 40)
    (box.state / "logs" / "history").unlink()
    box.start_part("worker")
    box.wait_ready()
    assert pages(box) == pages(box, limit=7) == ids
    assert pages(box, status=["failed"], limit=3) == [i for i in ids[1:] if int(i[2:], 16) % 2]
    assert box.status("last")["job_id"] == ids[0]
    reply = box.client.ask("status", job_id="ab")
    assert reply.status == 409 and ids[1] in reply.error
    matches = box.client.do("find", job_id="ab")["matches"]
    assert [match["job_id"] for match in matches] == ids[1:17]
    same = box.client.ask("run", id=f"{3:032x}", profile="say")
    assert same.status == 200 and same.body["job"]["job_id"] == f"ab{3:010x}"


def test_a_torn_last_line_of_the_history_is_cut_off(box):
    first = box.finished("say")
    box.stop_part("worker")
    history = box.state / "logs" / "history"
    whole = history.read_bytes()
    history.write_bytes(whole + b"0123456789ab 00")
    box.start_part("worker")
    box.wait_ready()
    assert history.read_bytes() == whole
    second = box.finished("say")
    assert [job["job_id"] for job in box.jobs()] == [second["job_id"], first["job_id"]]


def test_a_filter_that_fits_nothing_is_looked_for_piece_by_piece(box):
    ids = multiply(box, 1500)
    (box.state / "logs" / "history").unlink()
    box.start_part("worker")
    box.wait_ready()
    reply = box.client.do("list", status=["cancelled"])
    assert reply["jobs"] == [] and reply["next"]
    assert pages(box, status=["cancelled"]) == []
    assert pages(box, limit=500) == ids


# A full disk: a limit on the size of files makes every write of the worker fail


def fill_disk(box):
    resource.prlimit(box.parts["worker"].pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def free_disk(box):
    resource.prlimit(box.parts["worker"].pid, resource.RLIMIT_FSIZE,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_with_a_full_disk_a_run_is_refused_and_leaves_nothing(box):
    box.finished("say")
    before = box.entries("logs/jobs")
    fill_disk(box)
    for _ in range(3):
        reply = box.client.ask("run", profile="say")
        assert reply.status == 500 and "File too large" in reply.error
    free_disk(box)
    assert box.entries("logs/jobs") == before
    assert box.entries("run") == box.entries("results/.staging") == []
    assert len(box.jobs()) == 1
    assert box.finished("say")["status"] == "completed"
    assert len(box.jobs()) == 2


def test_an_outcome_waits_for_room_and_is_not_lost(box):
    job = run(box, f"echo ready; {WAIT_FOR_GO}; exit 3")
    box.wait_log(job["job_id"], b"ready\n")
    fill_disk(box)
    (box.work / "go").touch()
    eventually(lambda: (box.state / "run" / job["job_id"] / "exit.json").exists())
    assert box.status(job["job_id"])["status"] == "running"  # nothing else is durable
    assert box.client.ask("run", profile="say").status == 409
    free_disk(box)
    job = box.finish(job["job_id"])
    assert (job["status"], job["exit"]["code"]) == ("failed", 3)
    assert box.record(job["job_id"]) == job


def test_a_job_can_be_cancelled_while_the_disk_is_full(box):
    job = run(box, "echo ready; sleep 600")
    box.wait_log(job["job_id"], b"ready\n")
    fill_disk(box)
    request = {"id": secrets.token_hex(16), "type": "cancel", "body": {"job_id": job["job_id"]}}
    box.client.send(request)
    eventually(lambda: (box.state / "run" / job["job_id"] / "exit.json").exists())
    free_disk(box)
    reply = box.client.ask("cancel", id=request["id"], job_id=job["job_id"])
    assert reply.status == 200
    assert box.record(job["job_id"])["status"] == "cancelled"


# Results


def test_what_a_job_leaves_is_removed_however_deep_and_wide_it_is(box):
    job = box.finish(run(box, "cd \"$EMS_RESULTS_DIR\"; seq 3000 | xargs touch; i=0; while [ $i -lt "
                              "300 ]; do mkdir d; cd d; i=$((i + 1)); done; exit 1")["job_id"])
    assert (job["status"], job["exit"]["code"]) == ("failed", 1)
    eventually(lambda: box.entries("results/.staging") == [])


def test_results_that_are_there_already_are_not_taken_for_those_of_the_job(box):
    job = run(box, f"echo new > $EMS_RESULTS_DIR/file; {WAIT_FOR_GO}")
    place = box.state / "results" / job["run_id"]
    place.mkdir()
    (box.work / "go").touch()
    eventually(lambda: said(box, f"cannot publish results/{job['run_id']}"))
    assert box.record(job["job_id"])["status"] == "running"
    place.rmdir()
    assert box.finish(job["job_id"])["status"] == "completed"
    assert (place / "file").read_text() == "new\n"


def test_a_job_that_removes_its_results_folder_did_not_complete(box):
    job = box.finish(run(box, "rmdir \"$EMS_RESULTS_DIR\"")["job_id"])
    assert (job["status"], job["reason"]) == ("failed", "disk")
    assert "removed" in job["detail"]
    assert box.client.do("results")["runs"] == []


def test_results_are_listed_page_by_page_with_older_folders(box):
    job = box.finished("say")
    for name in ("2019-12-31", "2020-01-01_00-00-00", "2020-01-01_00-00-00-000001", "notes"):
        (box.state / "results" / name / "gmst_era").mkdir(parents=True)
    found, reply = [], box.client.do("results", limit=2)
    while reply.get("next"):
        found += reply["runs"]
        reply = box.client.do("results", limit=2, before=reply["next"])
    found += reply["runs"]
    assert [(one["run_id"], one["job_id"]) for one in found] == [
        (job["run_id"], job["job_id"]), ("2020-01-01_00-00-00-000001", None),
        ("2020-01-01_00-00-00", None), ("2019-12-31", None)]
    assert found[1]["experiments"] == ["gmst_era"]


# Size


def pss_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


@pytest.mark.unsanitized
def test_its_memory_stays_small_after_a_flood(box):
    job = run(box, "yes 0123456789012345678901234567890123456789 | head -c 300000000")
    monitor = box.follow(job["job_id"], "/dev/null")
    box.finish(job["job_id"])
    monitor.communicate(timeout=120)
    for _ in range(20):
        box.client.do("logs", job_id=job["job_id"], max_bytes=1048576)
    assert pss_kb(box.parts["worker"].pid) <= 6 * 1024
