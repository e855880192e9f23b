# SPDX-License-Identifier: MPL-2.0
"""The independent client, ems1.py, does all that PROTOCOL.md says, with DEALER and with REQ."""
import json
import re
import secrets
import time

import msgpack
import pytest
import zmq

from ems1 import Client, OVER
from system import ROOT, WORKER

JOB_ID, TIME = re.compile("[0-9a-f]{12}"), re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
RECORD = {"job_id", "status", "reason", "detail", "attempt", "profile", "config", "notes", "labels",
          "priority", "worker", "user", "request_id", "run_id", "results_dir", "grace_ms",
          "time_limit_ms", "queued_at", "started_at", "finished_at", "exit", "cancel",
          "current_experiment", "current_step", "experiments", "progress_pct", "log", "resources",
          "leftovers_killed", "position", "arrival", "after", "not_before", "preempt",
          "preemptions", "preempted_by", "resumed_from", "partial", "kept", "silence_limit_ms",
          "log_limit_bytes", "paused_at", "paused_ms"}


@pytest.fixture(params=["DEALER", "REQ"])
def client(request, ems):
    """The client with either kind of socket; its monitors use it, too."""
    ems.client.close()
    ems.client = Client(ems.endpoint("clients"), getattr(zmq, request.param))
    return ems.client


def test_it_runs_a_job_follows_it_and_reads_its_log(ems, client):
    id = secrets.token_hex(16)
    reply = client.ask("run", id=id, profile="progress", labels={"who": "me"}, notes="a test",
                       priority=20, time_limit_ms=600000, grace_ms=1234)
    assert reply.status == 200
    job = reply.body["job"]
    assert set(job) >= RECORD and JOB_ID.fullmatch(job["job_id"]) and job["status"] == "running"
    assert (job["request_id"], job["worker"], job["attempt"]) == (id, WORKER, 1)
    assert (job["labels"], job["notes"], job["priority"]) == ({"who": "me"}, "a test", 20)
    assert (job["time_limit_ms"], job["grace_ms"]) == (600000, 1234)
    assert TIME.fullmatch(job["queued_at"]) and TIME.fullmatch(job["started_at"])
    assert job["finished_at"] is None and job["exit"] == {"code": None, "signal": None}
    (ems.work / "go").touch()
    monitor = ems.monitor(job["job_id"])
    seen = b"".join(monitor.follow())
    monitor.close()
    assert monitor.job["status"] == "completed" and monitor.job == client.do(
        "status", job_id=job["job_id"])["job"]
    assert seen == ems.log(job["job_id"])
    chunk = client.do("logs", job_id=job["job_id"])
    assert (chunk["data"], chunk["offset"], chunk["size"]) == (seen, 0, len(seen)) and chunk["eof"]
    assert ems.record(job["job_id"]).keys() == monitor.job.keys()


def test_it_cancels_a_job_and_sees_the_last_line_and_status(ems, client):
    job = client.do("run", profile="ignores")["job"]
    monitor = ems.monitor(job["job_id"])
    pieces, seen = monitor.follow(), b""
    while b"ready\n" not in seen:
        seen += next(pieces)
    cancelled = client.do("cancel", job_id=job["job_id"], grace_ms=50)["job"]
    seen += b"".join(pieces)
    assert seen.endswith(b"got SIGTERM\nBenchmark execution cancelled by user.\n")
    assert monitor.job == cancelled and cancelled["status"] == "cancelled"
    assert cancelled["cancel"]["by"] == cancelled["user"]
    assert TIME.fullmatch(cancelled["cancel"]["at"])
    monitor.close()


def test_it_is_refused_while_another_job_holds_the_slot(client):
    job = client.do("run", profile="obeys")["job"]
    reply = client.ask("run", profile="say")
    assert (reply.status, reply.body["job"]["job_id"]) == (409, job["job_id"])
    assert job["job_id"] in reply.error
    [worker] = client.do("workers")["workers"]
    assert (worker["state"], worker["job_id"]) == ("busy", job["job_id"])


def test_the_same_id_means_the_same_job_and_the_same_answer(ems, client):
    id = secrets.token_hex(16)
    first = client.ask("run", id=id, profile="obeys")
    job_id = first.body["job"]["job_id"]
    assert client.ask("run", id=id, profile="obeys").body["job"]["job_id"] == job_id
    cancel = secrets.token_hex(16)
    replies = [client.ask("cancel", id=cancel, job_id=job_id) for _ in range(3)]
    assert replies == [replies[0]] * 3 and replies[0].status == 200
    late = client.ask("run", id=id, profile="obeys")
    assert (late.status, late.body["job"]) == (200, replies[0].body["job"])
    assert len(ems.jobs()) == 1


def test_a_refusal_is_repeated_too(ems, client):
    job = client.do("run", profile="obeys")["job"]
    id = secrets.token_hex(16)
    assert client.ask("run", id=id, profile="say").status == 409
    client.do("cancel", job_id=job["job_id"])
    assert client.ask("run", id=id, profile="say").status == 409
    assert len(ems.jobs()) == 1


def test_it_lists_and_finds_jobs(client):
    made = []
    for number in range(5):
        job = client.do("run", profile="exits", params={"n": number % 2})["job"]
        while job["status"] not in OVER:
            job = client.do("status", job_id=job["job_id"])["job"]
        made.insert(0, job)
    assert client.do("list")["jobs"] == made
    first = client.do("list", limit=2)
    rest = client.do("list", limit=3, before=first["next"])
    assert first["jobs"] + rest["jobs"] == made
    failed = client.do("list", status=["failed"])["jobs"]
    assert failed == [job for job in made if job["status"] == "failed"] and len(failed) == 2
    assert client.do("status", job_id="last")["job"] == made[0]
    id = made[3]["job_id"]
    short = next(id[:n] for n in range(1, 13)
                 if sum(job["job_id"].startswith(id[:n]) for job in made) == 1)
    assert client.do("status", job_id=short)["job"] == made[3]
    matches = client.do("find", job_id=id)["matches"]
    assert [match["job_id"] for match in matches] == [id]
    matches = client.do("find", request_id=made[1]["request_id"])["matches"]
    assert [match["job_id"] for match in matches] == [made[1]["job_id"]]
    assert client.do("find", request_id=secrets.token_hex(16))["matches"] == []


def test_it_reads_ranges_and_tails_of_a_log(ems, client):
    job = client.do("run", profile="unfinished", params={"n": 50})["job"]
    list(ems.monitor(job["job_id"]).follow())
    log = ems.log(job["job_id"])

    def logs(**body):
        return client.do("logs", job_id=job["job_id"], **body)
    part = logs(offset=100, max_bytes=50)
    assert (part["data"], part["offset"], part["eof"]) == (log[100:150], 100, False)
    assert logs(offset=len(log))["data"] == b"" and logs(offset=len(log))["eof"]
    for count in (1, 2, 10, 51, 10000):
        tail = logs(tail_lines=count)
        assert tail["data"] == b"".join(log.splitlines(keepends=True)[-count:])
        assert tail["offset"] == len(log) - len(tail["data"]) and tail["eof"]


def test_it_lists_complete_runs_alone(ems, client):
    runs = []
    for profile, params in (("say", {}), ("exits", {"n": 3}), ("say", {})):
        job = ems.finished(profile, params=params)
        if job["status"] == "completed":
            runs.insert(0, {"run_id": job["run_id"], "job_id": job["job_id"], "worker": WORKER,
                            "path": job["results_dir"], "experiments": ["say"]})
    assert client.do("results")["runs"] == runs and len(runs) == 2
    first = client.do("results", limit=1)
    assert first["runs"] == runs[:1]
    assert client.do("results", limit=1, before=first["next"])["runs"] == runs[1:]
    (ems.state / "results" / "2025-01-02" / "gmst_era").mkdir(parents=True)
    old = client.do("results")["runs"][-1]
    assert (old["run_id"], old["job_id"], old["experiments"]) == ("2025-01-02", None, ["gmst_era"])


def test_it_asks_who_is_there_and_what_can_be_run(client):
    [worker] = client.do("workers")["workers"]
    assert (worker["name"], worker["state"], worker["job_id"]) == (WORKER, "idle", None)
    profiles = {profile["name"]: profile for profile in client.do("profiles")["profiles"]}
    assert set(worker["profiles"]) == set(profiles)
    typed = {parameter["name"]: parameter for parameter in profiles["typed"]["parameters"]}
    assert [(name, typed[name]["type"], typed[name]["required"]) for name in typed] == [
        ("count", "int", False), ("fast", "bool", False), ("name", "string", False),
        ("code", "string", False), ("items", "list", False), ("must", "string", True)]
    count = typed["count"]
    assert (count["min"], count["max"], count["default"]) == (1, 1000, 10)
    assert typed["items"]["allowed"] == ["alpha", "beta", "gamma"]
    assert typed["code"]["pattern"] == "[a-z]{2,4}" and typed["name"]["default"] is None
    for worker in (None, WORKER):
        ping = client.ask("ping", worker=worker)
        assert ping.status == 200 and abs(ping.body["time_ms"] - time.time() * 1000) < 60000
        assert ping.body["version"]


def test_parameters_arrive_as_one_argument_each(ems, client):
    job = client.do("run", profile="typed", params={
        "must": "a.b_c-1", "count": 1000, "fast": True, "items": ["gamma", "alpha"],
        "code": "abcd", "name": "n"})["job"]
    list(ems.monitor(job["job_id"]).follow())
    argv = json.loads(ems.log(job["job_id"]).splitlines()[1])["argv"]
    assert argv[2:] == ["--count=1000", "--fast", "--name=n", "--code=abcd", "--items=gamma,alpha",
                        "--must=a.b_c-1"]
    assert job["config"] == {"must": "a.b_c-1", "count": 1000, "fast": True,
                             "items": ["gamma", "alpha"], "code": "abcd", "name": "n"}


def test_a_request_before_any_worker_is_there_is_answered_503(ems, client):
    ems.stop_part("worker")
    request = {"id": secrets.token_hex(16), "type": "run", "body": {"profile": "say"}}
    assert client.ask_once(request, 30).status == 503
    ems.restart("worker")
    assert client.ask_once(request, 30).status == 200
    ems.finish("last")


def test_the_golden_vectors_of_the_document_are_what_msgpack_says():
    text = (ROOT / "proto" / "PROTOCOL.md").read_text(encoding="utf-8")
    vectors = golden(text)
    assert len(vectors) >= 5
    for value, packed in vectors:
        assert msgpack.unpackb(packed) == value
        assert msgpack.packb(value) == packed


def golden(text):
    """[(value, bytes)] of the blocks marked `golden`."""
    vectors = []
    for block in re.findall(r"```golden\n(.*?)```", text, re.S):
        for line in block.splitlines():
            value, arrow, packed = line.rpartition(" -> ")
            if arrow:
                vectors.append((json.loads(value, object_hook=binary), bytes.fromhex(packed)))
    return vectors


def binary(map):
    """{"bytes": HEX} stands for a msgpack bin."""
    return bytes.fromhex(map["bytes"]) if map.keys() == {"bytes"} else map
