# SPDX-License-Identifier: MPL-2.0
"""kill -9 at random moments of a run and of a cancel: what was promised holds whenever it comes."""
import random
import secrets
import time

import pytest

import procs
from ems1 import OVER

PARTS = ("worker", "broker", "shim")
ROUNDS = 12
LONGEST_S = (0.001, 0.005, 0.02, 0.08)

pytestmark = [pytest.mark.parametrize("cgroup", ["auto", "none"]),
              pytest.mark.parametrize("part", PARTS)]


def kill_at_some_moment(ems, part, chance):
    """Kill the part now or a little later, and have it back."""
    # The moment must be any, so this time is not one that anybody waits for.
    time.sleep(chance.random() * chance.choice(LONGEST_S))
    if part == "shim":
        for who, arguments in procs.mentioning(str(ems.state)).items():
            if arguments.split()[0].endswith("ems-shim"):
                procs.kill(who)
    else:
        ems.kill9(part)
        ems.start_part(part)
    ems.wait_ready()


def ask_without_waiting(ems, type, **body):
    request = {"id": secrets.token_hex(16), "type": type, "body": body}
    ems.client.send(request)
    return request["id"]


def check_end(ems, job):
    """What holds for every job that is over, however it ended."""
    assert job["status"] in OVER
    assert (job["run_id"] in ems.entries("results")) == (job["status"] == "completed")
    assert procs.mentioning(f"EMS_JOB_ID={job['job_id']}") == {}
    assert not ems.entries("run") and not ems.entries("results/.staging")
    assert not procs.cgroups(f"ems-{job['job_id']}")
    assert ems.record(job["job_id"])["status"] == job["status"]


@pytest.mark.parametrize("seed", [1])
def test_an_accepted_run_is_carried_out_once(ems, part, seed):
    chance = random.Random(f"{part} {seed}")
    for number in range(ROUNDS):
        id = ask_without_waiting(ems, "run", profile="once")
        kill_at_some_moment(ems, part, chance)
        reply = ems.client.ask("run", id=id, profile="once")
        assert reply.status == 200, reply
        job = ems.finish(reply.body["job"]["job_id"])
        check_end(ems, job)
        assert job["status"] == "completed" or part == "shim", job
        started = ems.work / "started"
        times = started.read_text().split().count(job["job_id"]) if started.exists() else 0
        assert times == 1 or (times == 0 and job["status"] != "completed")
        if job["status"] == "completed":
            assert ems.log(job["job_id"]).splitlines()[1:] == [b"done"]
        assert len(ems.jobs()) == number + 1


@pytest.mark.parametrize("seed", [1])
def test_a_cancel_is_carried_out_and_answered_as_it_was(ems, part, seed):
    chance = random.Random(f"{part} {seed}")
    for _ in range(ROUNDS):
        job = ems.run(chance.choice(["obeys", "exits-0", "once"]))
        id = ask_without_waiting(ems, "cancel", job_id=job["job_id"])
        kill_at_some_moment(ems, part, chance)
        reply = ems.client.ask("cancel", id=id, job_id=job["job_id"])
        job = reply.body["job"]
        check_end(ems, job)
        if job["status"] == "cancelled":
            assert reply.status == 200 and job["cancel"]["request_id"] == id
        else:
            # It ended by itself before, or its shim was killed.
            assert reply.status == 409 and (job["status"] == "completed" or part == "shim"), reply
        assert ems.client.ask("cancel", id=id, job_id=job["job_id"]) == reply
        ems.client.close()
