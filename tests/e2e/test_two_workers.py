# SPDX-License-Identifier: MPL-2.0
"""Two workers behind one broker: who runs what, and how jobs are found again."""
import contextlib
import fcntl
import secrets
import signal
import time

import pytest

from procs import eventually
from profiles import configuration
from system import BIN, WORKER

OTHER = "bench-2"


@pytest.fixture
def two(ems):
    """The test's system with a second worker, which has a state folder of its own."""
    config = ems.base / "other.zpl"
    config.write_text(configuration({
        "name": OTHER, "workers": ems.endpoint("workers"), "publish": ems.endpoint("publish")},
        ems.base / "work", BIN))
    start_other(ems)
    eventually(lambda: connected(ems) == {WORKER, OTHER})
    yield ems
    for job in ems.jobs():
        ems.cancel(job["job_id"], grace_ms=0)
    ems.other.send_signal(signal.SIGTERM)
    ems.other.communicate(timeout=30)
    assert ems.other.returncode == 0


def start_other(ems):
    ems.other = ems.spawn(BIN / "ems-worker", "--state", ems.base / "s2", "--config",
                          ems.base / "other.zpl")


def states(ems):
    return {worker["name"]: worker["state"] for worker in ems.client.do("workers")["workers"]}


def connected(ems):
    return {name for name, state in states(ems).items() if state != "offline"}


def once(ems, type, *, id=None, again=False, **body):
    """The answer to this request alone, whatever it is."""
    request = {"id": id or secrets.token_hex(16), "type": type, "again": again, "body": body}
    return ems.client.ask_once(request, 30)


def test_a_run_goes_to_an_idle_worker_until_all_are_busy(two):
    jobs = [two.run("obeys"), two.run("obeys")]
    assert {job["worker"] for job in jobs} == {WORKER, OTHER}
    assert states(two) == {WORKER: "busy", OTHER: "busy"}
    reply = two.client.ask("run", profile="say")
    assert reply.status == 409
    assert reply.body["job"]["job_id"] in [job["job_id"] for job in jobs]


def test_a_request_that_names_a_worker_goes_to_this_one(two):
    for name in (WORKER, OTHER, OTHER):
        job = two.client.ask("run", worker=name, profile="say").body["job"]
        assert job["worker"] == name
        two.finish(job["job_id"])
    mine = two.client.ask("list", worker=OTHER).body["jobs"]
    assert len(mine) == 2 and {job["worker"] for job in mine} == {OTHER}


def test_a_job_is_found_on_whichever_worker_it_is(two):
    for name in (WORKER, OTHER):
        job = two.client.ask("run", worker=name, profile="obeys").body["job"]
        monitor = two.monitor(job["job_id"])
        pieces, seen = monitor.follow(), b""
        while b"ready\n" not in seen:
            seen += next(pieces)
        assert two.status(job["job_id"])["worker"] == two.status("last")["worker"] == name
        reply = two.cancel(job["job_id"])
        assert reply.status == 200 and reply.body["job"]["status"] == "cancelled"
        seen += b"".join(pieces)
        logs = two.client.do("logs", job_id=job["job_id"])
        assert logs["data"] == seen and logs["eof"]
        monitor.close()
    assert two.cancel("0123456789ab").status == 404


def test_the_same_request_id_finds_its_job_though_another_worker_is_idle(two):
    id = secrets.token_hex(16)
    first = two.client.ask("run", id=id, profile="obeys").body["job"]
    again = two.client.ask("run", id=id, profile="obeys").body["job"]
    assert again["job_id"] == first["job_id"] and len(two.jobs()) == 1
    two.restart("broker")
    eventually(lambda: connected(two) == {WORKER, OTHER})
    after = two.client.ask("run", id=id, profile="obeys").body["job"]
    assert after["job_id"] == first["job_id"] and len(two.jobs()) == 1


def test_lists_are_merged_newest_first_and_can_be_read_in_pages(two):
    made = []
    for name in (WORKER, OTHER, WORKER, WORKER, OTHER):
        job = two.client.ask("run", worker=name, profile="say").body["job"]
        made.insert(0, two.finish(job["job_id"]))
    assert two.jobs() == made
    pages, before = [], None
    while len(pages) < 5:
        page = two.client.do("list", limit=2, before=before)
        pages += page["jobs"]
        before = page.get("next")
        if before is None:
            break
    assert pages == made
    runs = two.client.do("results")["runs"]
    assert [run["run_id"] for run in runs] == sorted((job["run_id"] for job in made), reverse=True)
    assert {(run["job_id"], run["worker"]) for run in runs} == {
        (job["job_id"], job["worker"]) for job in made}
    profiles = two.client.do("profiles")["profiles"]
    offering = {profile["worker"] for profile in profiles if profile["name"] == "say"}
    assert offering == {WORKER, OTHER}


def test_one_worker_that_is_killed_does_not_hold_up_the_other(two):
    job = two.client.ask("run", worker=WORKER, profile="obeys").body["job"]
    two.kill9("worker")
    done = two.client.ask("run", profile="say")
    assert done.status == 200 and done.body["job"]["worker"] == OTHER
    two.finish(done.body["job"]["job_id"])
    two.restart("worker")
    assert two.status(job["job_id"])["status"] == "running"


@contextlib.contextmanager
def slots_held(ems):
    """Whatever is accepted meanwhile is not started, and so not answered."""
    with contextlib.ExitStack() as files:
        for folder in ("s", "s2"):
            file = files.enter_context(open(ems.base / folder / "slot.lock", "ab"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def accepted(ems):
    """The workers that have a record of a job, and its id."""
    folders = {WORKER: ems.base / "s", OTHER: ems.base / "s2"}
    return [(name, path.stem) for name, folder in folders.items()
            for path in folder.glob("logs/jobs/[!.]*.json")]


def take_away(ems, name, how):
    """That worker is stopped or killed."""
    worker = ems.parts["worker"] if name == WORKER else ems.other
    worker.send_signal(how)
    if how == signal.SIGKILL:
        worker.wait()


def bring_back(ems, name, how):
    if how == signal.SIGSTOP:
        (ems.parts["worker"] if name == WORKER else ems.other).send_signal(signal.SIGCONT)
    elif name == WORKER:
        del ems.parts["worker"]
        ems.start_part("worker")
    else:
        start_other(ems)


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_run_accepted_and_not_answered_is_never_given_to_the_other_worker(two, how):
    id = secrets.token_hex(16)
    with slots_held(two):
        two.client.send({"id": id, "type": "run", "body": {"profile": "obeys"}})
        [(owner, job_id)] = eventually(lambda: accepted(two))
        two.kill9("broker")
        take_away(two, owner, how)
    two.start_part("broker")
    eventually(lambda: connected(two) == {WORKER, OTHER} - {owner})
    until = time.monotonic() + 4  # time makes no difference
    while time.monotonic() < until:
        reply = once(two, "run", id=id, again=True, profile="obeys")
        assert reply.status == 503 and f'"{owner}"' in reply.error, reply
    assert accepted(two) == [(owner, job_id)]
    bring_back(two, owner, how)
    again = two.client.ask("run", id=id, again=True, profile="obeys")
    assert (again.status, again.body["job"]["job_id"]) == (200, job_id)
    eventually(lambda: connected(two) == {WORKER, OTHER})
    assert accepted(two) == [(owner, job_id)]
    assert two.cancel(job_id).status == 200


def test_what_only_an_offline_worker_may_know_is_answered_503_and_not_404(two):
    job_id = two.client.ask("run", worker=WORKER, profile="obeys").body["job"]["job_id"]
    theirs = two.client.ask("run", worker=OTHER, profile="say").body["job"]["job_id"]
    cancel = secrets.token_hex(16)
    two.kill9("worker")
    for broker in ("that one", "another one"):
        eventually(lambda: states(two) == {WORKER: "offline", OTHER: "idle"})
        for type in ("cancel", "status", "logs"):
            for unknown in (job_id, job_id[:6], "0123456789ab"):
                reply = once(two, type, id=cancel if type == "cancel" else None, job_id=unknown)
                assert reply.status == 503 and f'"{WORKER}"' in reply.error, (broker, type, reply)
        assert once(two, "status", job_id=theirs).status == 200
        listed = two.client.do("list")
        assert [job["job_id"] for job in listed["jobs"]] == [theirs]
        assert listed["missing"] == [WORKER]
        if broker == "that one":
            two.kill9("broker")
            two.start_part("broker")
    listed = two.ems("ps")
    assert theirs in listed.stdout and WORKER in listed.stderr
    assert "offline" in two.ems("workers").stdout
    two.start_part("worker")
    eventually(lambda: connected(two) == {WORKER, OTHER})
    assert once(two, "status", job_id="0123456789ab").status == 404
    assert once(two, "cancel", id=cancel, again=True, job_id=job_id).status == 200
    assert "missing" not in two.client.do("list")


def test_followers_outlive_restarts_of_the_worker_and_of_the_broker(two):
    job = two.client.ask("run", worker=WORKER, profile="obeys").body["job"]
    job_id = job["job_id"]
    monitor = two.monitor(job_id)
    pieces, seen = monitor.follow(), b""
    while b"ready\n" not in seen:
        seen += next(pieces)
    tools = [two.spawn(BIN / "ems", "attach", "last"),
             two.spawn(BIN / "ems", "logs", "--follow", job_id[:6])]
    for tool in tools:
        assert tool.stdout.readline()  # it follows
    two.kill9("worker")
    eventually(lambda: connected(two) == {OTHER})
    two.kill9("broker")
    two.start_part("broker")
    eventually(lambda: connected(two) == {OTHER})
    assert once(two, "status", job_id=job_id).status == 503
    two.start_part("worker")
    eventually(lambda: connected(two) == {WORKER, OTHER})
    assert two.cancel(job_id).status == 200
    seen += b"".join(pieces)
    assert monitor.job["status"] == "cancelled" and seen == two.log(job_id)
    monitor.close()
    for tool, code in zip(tools, (130, 0)):
        out, err = tool.communicate(timeout=60)
        assert tool.returncode == code, (out, err)


def test_a_job_is_found_by_its_run_and_kept_where_it_is(two):
    job = two.finish(two.client.do("run", worker=OTHER, profile="say")["job"]["job_id"])
    for type in ("status", "keep", "unkeep"):
        reply = two.client.ask(type, job_id=job["run_id"])
        assert reply.status == 200 and reply.body["job"]["job_id"] == job["job_id"], reply
    reply = two.client.ask("keep", job_id="2020-02-02_02-02-02")
    assert reply.status == 404
    reply = two.client.ask("prune")
    assert reply.status == 400 and "--worker NAME" in reply.error
    assert two.client.ask("prune", worker=OTHER, dry_run=True).status == 200


def test_a_run_that_was_removed_is_not_given_to_the_other_worker(two):
    id = secrets.token_hex(16)
    job = two.client.ask("run", id=id, worker=WORKER, profile="say").body["job"]
    two.finish(job["job_id"])
    newer = two.finish(two.client.do("run", worker=WORKER, profile="say")["job"]["job_id"])
    two.config.write_text(two.config.read_text() + "retention\n    keep_last = 1\n")
    two.restart("worker")
    assert two.client.ask("prune", worker=WORKER).status == 200
    two.restart("broker")
    eventually(lambda: connected(two) == {WORKER, OTHER})
    for again in (True, False):
        reply = two.client.ask("run", id=id, again=again, profile="say")
        assert reply.status == 404 and "was removed" in reply.error, reply
    assert [job["job_id"] for job in two.jobs()] == [newer["job_id"]]
