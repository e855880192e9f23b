# SPDX-License-Identifier: MPL-2.0
"""`run` and `rerun` with `dry_run`: what would be run, checked like a run, and nothing is changed."""
import json
import secrets

import pytest

from profiles import JOBS, job
from conftest import running
from system import WORKER, System

DRY = {"job", "run_id"}  # what only a job has


@pytest.fixture
def ems(request):
    with_limits = job("say.sh", "{n}", parameters={"n": {"type": "int", "min": 0, "max": 9, "default": 4}},
                      time_limit_ms=5000, grace_ms=700, max_grace_ms=3000, silence_limit_ms=60000,
                      log_limit_bytes=100000, environment="PATH,NO_SUCH_VARIABLE")
    yield from running(request.node, System(profiles={"limits": with_limits}))


def dry(ems, profile, type="run", **body):
    return ems.client.do(type, profile=profile, dry_run=True, **body)


def test_it_tells_the_command_and_all_that_holds_for_the_run(ems):
    assert dry(ems, "limits") == {
        "worker": WORKER, "profile": "limits", "command": [str(JOBS / "say.sh"), "4"],
        "workdir": str(ems.work), "params": {"n": 4}, "user": None, "priority": 16, "grace_ms": 700,
        "time_limit_ms": 5000, "silence_limit_ms": 60000, "log_limit_bytes": 100000,
        "environment": ["PATH", "EMS_JOB_ID", "EMS_RUN_ID", "EMS_RESULTS_DIR", "EMS_ATTEMPT",
                        "PYTHONUNBUFFERED"]}
    told = dry(ems, "limits", params={"n": 7}, grace_ms=1, time_limit_ms=2, priority=3)
    assert told["command"][1] == "7" and told["params"] == {"n": 7}
    assert (told["grace_ms"], told["time_limit_ms"], told["priority"]) == (1, 2, 3)


def test_it_is_the_command_that_a_run_gets_but_for_its_name_and_folder(ems):
    params = {"fast": True, "items": ["alpha", "gamma"], "must": "it", "name": "n.1"}
    told = dry(ems, "typed", params=params)
    done = ems.finished("typed", params=params)
    said = json.loads(ems.log(done["job_id"]).splitlines()[1])
    assert told["command"] == [str(JOBS / "arguments.py"), "{results_dir}", "{run_id}", "--count=10",
                               "--fast", "--name=n.1", "--items=alpha,gamma", "--must=it"]
    assert told["command"][3:] == said["argv"][2:] and said["argv"][1] == done["run_id"]
    assert told["params"] == done["config"]
    assert set(told["environment"]) == set(said["env"]) - {"LC_CTYPE"}
    assert told["workdir"] == said["cwd"]


def test_it_changes_nothing(ems):
    first = ems.finished("say")
    before = sorted(path for path in ems.state.rglob("*"))
    for type, body in (("run", {"profile": "say"}), ("rerun", {"job_id": first["job_id"]})):
        for more in ({}, {"if_busy": "queue"}, {"delay_ms": 5}, {"after": "last"}):
            assert not DRY & set(ems.client.do(type, dry_run=True, **body, **more))
    assert sorted(path for path in ems.state.rglob("*")) == before
    assert [job["job_id"] for job in ems.jobs()] == [first["job_id"]]
    audit = (ems.state / "broker" / "audit.log").read_text()
    assert audit.count("verb=run") == 1 and "rerun" not in audit


def test_it_is_answered_while_another_job_holds_the_slot(ems):
    held = ems.run("waits")
    assert dry(ems, "say")["command"] == [str(JOBS / "say.sh")]
    assert ems.client.do("rerun", job_id=held["job_id"], dry_run=True)["profile"] == "waits"
    (ems.work / "go").touch()


def test_its_id_is_that_of_no_job_and_is_free_for_one(ems):
    id = secrets.token_hex(16)
    told = ems.client.ask("run", id=id, profile="say", dry_run=True).body
    assert ems.client.ask("run", id=id, profile="say", dry_run=True).body == told
    made = ems.client.ask("run", id=id, profile="say").body["job"]
    assert made["request_id"] == id
    assert ems.client.ask("run", id=id, profile="say", dry_run=True).body == told
    assert ems.client.ask("run", id=id, profile="say").body["job"]["job_id"] == made["job_id"]


@pytest.mark.parametrize("body, status, word", [
    ({"profile": "nosuch"}, 404, "nosuch"), ({"profile": "typed"}, 400, "must"),
    ({"profile": "limits", "params": {"n": 10}}, 400, "n"),
    ({"profile": "limits", "params": {"m": 1}}, 400, "m"),
    ({"profile": "limits", "grace_ms": 3001}, 400, "grace_ms"),
    ({"profile": "say", "preempt": True}, 403, "preempt"),
    ({"profile": "say", "after": "0123456789ab"}, 404, "0123456789ab"),
    ({"profile": "say", "priority": 32}, 400, "priority"),
    ({"profile": "say", "dry_run": "yes"}, 400, "dry_run"),
    ({"profile": "exits", "params": {"n": 1}, "labels": {"a b": "x"}}, 400, "labels")], ids=str)
def test_what_would_be_refused_is_refused(ems, body, status, word):
    reply = ems.client.ask("run", **{"dry_run": True} | body)
    assert reply.status == status and word in reply.error, reply
    assert ems.jobs() == []
