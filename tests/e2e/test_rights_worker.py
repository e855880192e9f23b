# SPDX-License-Identifier: MPL-2.0
"""What a worker sees to itself: whose job it is, whose profile, whose signature. Its broker is a false one, which
claims any user and sends what it likes."""
import secrets

import msgpack
import pytest

from false_broker import FalseBroker, request_of
from procs import eventually
from profiles import job, zpl
from signing import Signer
from system import WORKER, System

ALICE, ALICE_NEW, BOB, EVE = (Signer(bytes([number]) * 32) for number in range(1, 5))
PROFILES = {
    "sealed": job("say.sh", signed=1),
    "sealed-waits": job("waits.sh", signed=1),
    "shut": job("say.sh", users="alice, bob"),
}
SIGNERS = {"signers": {"alice": [ALICE.public, ALICE_NEW.public], "bob": BOB.public}}
CHANGES = ("cancel", "pause", "resume", "priority", "keep", "unkeep", "rerun")


@pytest.fixture
def ems(request):
    """A system of which only the worker runs."""
    system = System(profiles=PROFILES)
    request.node.ems_system = system
    system.config.write_text(system.config.read_text() + "\n".join(zpl(SIGNERS)) + "\n")
    yield system
    request.node.ems_said = system.said()
    system.close()


@pytest.fixture
def broker(ems):
    false = FalseBroker(ems.state)
    ems.start_part("worker")
    false.wait_for_worker()
    yield false
    false.close()


def job_ids(broker):
    return [job["job_id"] for job in broker.ask("list", limit=500).body["jobs"]]


def run_of(profile="sealed", worker=WORKER, **changes):
    return request_of("run", profile=profile, if_busy="queue") | {"worker": worker} | changes


# Signatures

def test_a_signed_profile_runs_what_its_user_signed(ems, broker):
    reply = broker.send(ALICE.sign(run_of()))
    assert reply.status == 200, reply.error
    assert reply.body["job"]["user"] == "alice"
    assert ems.record(reply.body["job"]["job_id"])["user"] == "alice"
    assert broker.send(ALICE_NEW.sign(run_of())).status in (200, 202)  # while keys are changed
    assert broker.send(BOB.sign(run_of()), user="bob").status in (200, 202)


def changed(**changes):
    """A request that Alice signed, each under an id of its own, and that was changed afterwards."""
    signed = ALICE.sign(run_of()) | changes
    return {key: value for key, value in signed.items() if value is not None}


def unnamed(request):
    return {key: value for key, value in request.items() if key != "worker"}


def flipped():
    signed = changed()
    return signed | {"sig": signed["sig"][:-1] + bytes([signed["sig"][-1] ^ 1])}


def refusals():
    """What a false broker could try: {name: (request, user, a word of the answer)}."""
    not_hers, later = "not one of user", run_of()["not_after_ms"] + 60000
    return {
        "unsigned": (run_of(), "alice", "has no sig"),
        "made up": (run_of(sig=secrets.token_bytes(64)), "alice", not_hers),
        "of nothing": (run_of(sig=bytes(64)), "alice", not_hers),
        "with a changed bit": (flipped(), "alice", not_hers),
        "by somebody else": (BOB.sign(run_of()), "alice", not_hers),
        "by an unknown key": (EVE.sign(run_of()), "alice", not_hers),
        "for another user": (changed(), "bob", not_hers),
        "for a user without a key": (EVE.sign(run_of()), "eve", not_hers),
        "of another request": (run_of(sig=changed()["sig"]), "alice", not_hers),
        "with another body": (changed(body={"profile": "sealed", "priority": 31}), "alice",
                              not_hers),
        "under another id": (changed(id=secrets.token_hex(16)), "alice", not_hers),
        "made to last": (changed(not_after_ms=later), "alice", not_hers),
        "with a key more": (changed(x=1), "alice", not_hers),
        "without its worker": (changed(worker=None), "alice", "names none"),
        "for any worker": (ALICE.sign(unnamed(run_of())), "alice", "names none"),
        "given a worker": (ALICE.sign(unnamed(run_of())) | {"worker": WORKER}, "alice", not_hers),
        "for another worker": (ALICE.sign(run_of(worker="bench-2")), "alice", "another one"),
        "good for ever": (ALICE.sign(run_of(not_after_ms=0)), "alice", "not_after_ms"),
    }


def test_a_false_broker_cannot_make_a_signed_profile_run_anything(ems, broker):
    for name, (request, user, word) in refusals().items():
        reply = broker.send(request, user)
        assert reply.status == 403 and word in reply.error, (name, reply)
    assert broker.send(run_of(sig=b"short")).status == 400
    assert broker.send(run_of(sig="text")).status == 400
    assert job_ids(broker) == [] and ems.entries("run") == [] and ems.entries("logs/jobs") == []


def test_a_signed_request_that_was_kept_does_not_run_twice_or_late(ems, broker):
    signed = ALICE.sign(run_of("sealed-waits"))
    first = broker.send(signed)
    assert first.status == 200
    again = broker.send(signed | {"again": True})
    assert (again.status, again.body["job"]["job_id"]) == (200, first.body["job"]["job_id"])
    # The same id with another body is the same request, of which the job exists.
    other = broker.send(signed | {"body": {"profile": "sealed", "if_busy": "queue"}})
    assert other.body["job"]["job_id"] == first.body["job"]["job_id"]
    assert other.body["job"]["profile"] == "sealed-waits"
    late = ALICE.sign(run_of(not_after_ms=1))
    assert broker.send(late).status == 504
    # Nor as somebody else.
    assert broker.send(signed, user="bob").status == 403
    assert job_ids(broker) == [first.body["job"]["job_id"]]
    (ems.work / "go").touch()


def test_a_dry_run_of_a_signed_profile_is_signed_and_is_good_for_no_run(ems, broker):
    wish = run_of(body={"profile": "sealed", "dry_run": True})
    assert "has no sig" in broker.send(wish).error
    assert broker.send(ALICE.sign(unnamed(wish))).body == {"worker": WORKER}
    signed = ALICE.sign(wish)
    reply = broker.send(signed)
    assert reply.status == 200 and reply.body["profile"] == "sealed" and "job" not in reply.body
    assert broker.send(signed | {"body": {"profile": "sealed"}}).status == 403
    assert job_ids(broker) == []


def test_who_names_no_worker_is_told_which_one_and_may_name_it_under_the_same_id(ems, broker):
    request = unnamed(run_of())
    for _ in range(2):
        reply = broker.send(ALICE.sign(request))
        assert (reply.status, reply.body) == (403, {"worker": WORKER})
    reply = broker.send(ALICE.sign(request | {"worker": WORKER, "again": True}))
    assert reply.status == 200 and reply.body["job"]["request_id"] == request["id"]
    assert broker.send(ALICE.sign(request)).body["job"]["job_id"] == reply.body["job"]["job_id"]


def test_it_runs_no_second_time_after_a_restart_of_the_worker(ems, broker):
    signed = ALICE.sign(run_of())
    first = broker.send(signed).body["job"]["job_id"]
    ems.stop_part("worker")
    broker.route = None
    ems.start_part("worker")
    broker.wait_for_worker()
    again = broker.send(signed)
    assert again.body["job"]["job_id"] == first and job_ids(broker) == [first]


def test_a_rerun_of_a_signed_profile_is_signed_too(ems, broker):
    first = broker.send(ALICE.sign(run_of())).body["job"]["job_id"]
    reply = broker.ask("rerun", job_id=first, if_busy="queue")
    assert reply.status == 403 and "has no sig" in reply.error
    rerun = request_of("rerun", job_id=first, if_busy="queue") | {"worker": WORKER}
    assert broker.send(ALICE.sign(rerun) | {"body": rerun["body"] | {"notes": "x"}}).status == 403
    turned = ALICE.sign(run_of(body={"profile": "sealed", "job_id": first})) | {"type": "rerun"}
    assert broker.send(turned).status == 403
    nobodys = request_of("rerun", job_id=first, if_busy="queue")
    reply = broker.send(ALICE.sign(nobodys))
    assert (reply.status, reply.body) == (403, {"worker": WORKER})
    assert broker.send(ALICE.sign(nobodys | {"worker": WORKER})).status in (200, 202)


def test_a_profile_that_is_not_signed_asks_for_no_signature(broker):
    assert broker.send(run_of("say")).status == 200
    assert broker.send(run_of("say", sig=bytes(64))).status in (200, 202)


# Users

def test_a_profile_is_for_the_users_that_it_names(ems, broker):
    assert broker.send(run_of("shut"), "alice").status == 200
    assert broker.send(run_of("shut"), "bob").status in (200, 202)
    for user, head in (("eve", {}), ("alice.", {}), ("eve", {"scope": "all"})):
        reply = broker.send(run_of("shut"), user, **head)
        assert reply.status == 403 and f'"{user}"' in reply.error
    last = job_ids(broker)[0]
    reply = broker.ask("rerun", "eve", job_id=last, if_busy="queue")
    assert reply.status == 403 and "shut" in reply.error


def test_the_user_is_on_record_and_in_events(ems, broker):
    held = broker.send(run_of("waits"), "carol").body["job"]
    assert held["user"] == "carol"
    broker.synchronise(held["job_id"])
    cancelled = broker.ask("cancel", "dave", job_id=held["job_id"]).body["job"]
    assert (cancelled["user"], cancelled["cancel"]["by"]) == ("carol", "dave")
    record = ems.record(held["job_id"])
    assert (record["user"], record["cancel"]["by"]) == ("carol", "dave")
    status = None
    while status != "cancelled":
        topic, event = broker.event()
        if topic.startswith("status/"):
            assert event["job"]["user"] == "carol"
            status = event["job"]["status"]


# Scope

@pytest.mark.parametrize("change", CHANGES)
def test_scope_own_leaves_the_jobs_of_others_alone(ems, broker, change):
    held = broker.send(run_of("waits"), "alice").body["job"]["job_id"]
    queued = broker.send(run_of("waits"), "alice").body["job"]["job_id"]
    body = {"priority": 20} if change == "priority" else {}
    before = {id: ems.record(id) for id in (held, queued)}
    for id in (held, queued):
        for name in (id, id[:11]):
            reply = broker.ask(change, "bob", {"scope": "own"}, job_id=name, **body)
            assert reply.status == 403, reply
            assert '"alice"' in reply.error and '"bob"' in reply.error and "job" not in reply.body
    assert {id: ems.record(id) for id in before} == before and len(job_ids(broker)) == 2
    # Its own, and with the other scope anybody's.
    own = broker.ask(change, "alice", {"scope": "own"}, job_id=queued, if_busy="queue", **body)
    assert own.status in (200, 202, 409) and own.body["job"], own
    other = broker.ask(change, "bob", {"scope": "all"}, job_id=held, if_busy="queue", **body)
    assert other.status in (200, 202, 409) and other.body["job"], other
    (ems.work / "go").touch()


def test_scope_own_forbids_preempting_going_first_and_pruning(ems, broker):
    broker.send(run_of("waits"), "alice")
    urgent = {"profile": "first", "preempt": True, "priority": 20}
    reply = broker.ask("run", "bob", {"scope": "own"}, **urgent)
    assert reply.status == 403 and "admin" in reply.error
    # Nor whose job goes first, as a run or as one that is made again.
    reply = broker.ask("run", "bob", {"scope": "own"}, profile="waits", if_busy="queue", priority=17)
    assert reply.status == 403 and "admin" in reply.error
    high = broker.ask("run", "bob", {"scope": "all"}, profile="waits", if_busy="queue", priority=17)
    assert high.status == 202
    job_id = high.body["job"]["job_id"]
    reply = broker.ask("rerun", "bob", {"scope": "own"}, job_id=job_id, if_busy="queue")
    assert reply.status == 403 and "admin" in reply.error
    usual = broker.ask("rerun", "bob", {"scope": "own"}, job_id=job_id, if_busy="queue", priority=16)
    assert usual.status == 202, usual
    for id in (job_id, usual.body["job"]["job_id"]):
        assert broker.ask("cancel", "bob", {"scope": "own"}, job_id=id).status == 200
    for dry in (True, False):
        reply = broker.ask("prune", "bob", {"scope": "own"}, dry_run=dry)
        assert reply.status == 403 and "admin" in reply.error
    assert len(job_ids(broker)) == 3
    assert broker.ask("run", "bob", {"scope": "all"}, **urgent).status == 202
    assert broker.ask("prune", "bob", {"scope": "all"}).status == 200
    (ems.work / "go").touch()


def test_a_scope_that_nobody_knows_is_no_request(broker):
    assert broker.send(run_of("say"), scope="none", wait_s=0.5) is None
    assert broker.send(run_of("say"), max_queued=-1, wait_s=0.5) is None
    assert broker.send(run_of("say"), user="no name", wait_s=0.5) is None
    assert broker.ask("ping").status == 200 and job_ids(broker) == []


# Limits

def test_a_user_does_not_fill_what_a_worker_holds_for_all(ems, broker):
    job_id = broker.send(run_of("patient"), "alice", max_queued=9).body["job"]["job_id"]
    eventually(lambda: b"ready\n" in ems.log(job_id))  # now it does not end by itself
    for _ in range(256):
        broker.tell({"type": "request", "ref": 0, "user": "alice", "scope": "own", "max_queued": 9},
                    msgpack.packb(request_of("cancel", job_id=job_id)))
    reply = broker.ask("cancel", "alice", {"max_queued": 9}, job_id=job_id)
    assert reply.status == 429 and '"alice"' in reply.error
    # An admin's is not lost among them.
    assert broker.ask("cancel", "ada", {"max_queued": 9}, job_id=job_id, grace_ms=0).status == 200


def test_a_broker_that_dies_while_it_talks_does_not_take_the_worker_along(ems, broker):
    job_id = broker.send(run_of("waits"), "alice").body["job"]["job_id"]
    for _ in range(20):
        for _ in range(1000):
            broker.tell({"type": "beat"})
        broker.close()
        broker.open()
        broker.wait_for_worker()
    assert ems.parts["worker"].poll() is None
    assert broker.ask("status", job_id=job_id).body["job"]["status"] == "running"
    (ems.work / "go").touch()


def test_a_user_has_no_more_jobs_in_the_line_than_it_may(ems, broker):
    assert broker.send(run_of("waits"), "alice", max_queued=2).status == 200  # holds the slot
    for _ in range(2):
        assert broker.send(run_of("waits"), "alice", max_queued=2).status == 202
    refused = run_of("waits")
    reply = broker.send(refused, "alice", max_queued=2)
    assert reply.status == 429 and '"alice" has 2 jobs in the line' in reply.error
    assert broker.send(run_of("waits"), "bob", max_queued=2).status == 202
    assert broker.send(run_of("waits"), "carol").status == 202
    # When there is room again the same request is served.
    line = [job for job in broker.ask("list").body["jobs"]
            if job["status"] == "queued" and job["user"] == "alice"]
    assert broker.ask("cancel", "alice", job_id=line[0]["job_id"]).status == 200
    assert broker.send(refused, "alice", max_queued=2).status == 202
    (ems.work / "go").touch()
