# SPDX-License-Identifier: MPL-2.0
"""No notice is lost, whoever is killed and whatever is full meanwhile; what repeats can be recognised."""
import json
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

import kill_point
import procs
from office import OVER, ids, notice_id, opened, until_got
from procs import eventually
from receivers import free_port
from system import BIN

ALL = OVER + ",queue_empty"
STEP = 3  # of the worker's system calls at an end, every so many-th is the last


@pytest.fixture
def office(request):
    with opened(request.node) as it:
        yield it


def url(server):
    return f"http://127.0.0.1:{server.port}/"


def test_a_courier_that_is_killed_is_started_again_and_loses_nothing(office):
    server = office.hook("hang", "ok")
    office.start(ops={"webhook": url(server), "timeout_ms": 600000})
    jobs = [office.run() for _ in range(3)]
    eventually(lambda: server.hanging == 1)
    killed = office.courier()
    procs.kill(killed)
    office.settle()
    assert ids(server) == [notice_id(job) for job in [jobs[0], *jobs]], "one twice, none never"


def test_what_a_killed_courier_had_started_is_ended_by_the_next_one(office):
    office.start(ops=office.told("hang", "exit 0") | {"timeout_ms": 600000})
    job = office.run()
    hanging = eventually(office.notes)[0]
    procs.kill(office.courier())
    office.settle()
    assert [note["env"]["EMS_NOTICE_ID"] for note in office.notes()] == [notice_id(job)] * 2
    for pid in (hanging["pid"], hanging["child"]):
        eventually(lambda pid=pid: not os.path.exists(f"/proc/{pid}") or procs.identity(pid) is None)


def test_a_worker_that_ends_takes_the_courier_along_and_the_next_one_goes_on(office):
    port = free_port()
    office.start(ops={"webhook": f"http://127.0.0.1:{port}/"})
    jobs = [office.run() for _ in range(2)]
    office.courier()
    office.ems.stop_part("worker")
    assert not office.couriers()
    server = office.hook(port=port)
    office.ems.start_part("worker")
    office.settle()
    assert ids(server) == [notice_id(job) for job in jobs]


def test_the_courier_of_a_worker_that_was_killed_goes_on(office):
    server = office.hook("500", "500", "ok")
    office.start(ops={"webhook": url(server)})
    job = office.run()
    until_got(server, 1)
    office.ems.kill9("worker")
    until_got(server, 3)
    office.ems.start_part("worker")
    office.ems.wait_ready()
    office.settle()
    assert ids(server) == [notice_id(job)] * 3


def test_two_couriers_are_one(office):
    server = office.hook("hang", "ok")
    office.start(ops={"webhook": url(server)})
    office.run()
    eventually(lambda: server.hanging == 1)
    other = office.ems.spawn(BIN / "ems-notify", "--state", office.ems.state)
    assert other.wait(30) == 0 and len(office.couriers()) == 1
    procs.kill(office.courier())
    office.settle()


def traced_worker(office, kill_before, over):
    """A worker that dies before a certain system call after over (); the thread that follows it."""
    def follow():
        with open(office.ems.base / "worker.stderr", "ab") as output:
            kill_point.run([str(BIN / "ems-worker"), "--state", str(office.ems.state), "--config",
                            str(office.ems.config)], office.ems.environment, output, kill_before,
                           over)
    thread = threading.Thread(target=follow)
    thread.start()
    return thread


def end_worker(office):
    try:
        os.kill(int((office.ems.state / "worker.lock").read_text()), signal.SIGTERM)
    except ProcessLookupError:
        pass  # its moment has come meanwhile


def test_a_worker_killed_at_any_moment_of_an_end_tells_of_it_all_the_same(office):
    server = office.hook()
    office.configure({"ops": {"webhook": url(server), "states": ALL}})
    office.ems.start_part("broker")
    jobs, point, survived = [], 1, False
    while not survived:
        ended = threading.Event()
        over = office.ems.state / "logs" / "jobs"

        def is_over(ended=ended, known=len(jobs)):
            """The record that says so stands in its place."""
            if not ended.is_set() and len(list(over.glob("[0-9a-f]*.json"))) > known:
                newest = max(over.glob("[0-9a-f]*.json"), key=lambda path: path.stat().st_mtime_ns)
                if json.loads(newest.read_text())["finished_at"]:
                    ended.set()
            return ended.is_set()

        thread = traced_worker(office, point, is_over)
        office.ems.wait_ready()
        job = office.ems.run("waits")
        (office.ems.work / f"go.{job['job_id']}").touch()
        jobs.append(job)
        eventually(lambda job=job, thread=thread: not thread.is_alive() or
                   notice_id(job, "queue_empty") in ids(server))
        survived = thread.is_alive() and point > 20
        if thread.is_alive():
            end_worker(office)
        thread.join()
        point += STEP
    office.ems.start_part("worker")
    office.ems.wait_ready()
    office.settle()
    got = ids(server)
    for job in jobs:
        assert office.ems.record(job["job_id"])["status"] == "completed"
        assert notice_id(job, "completed") in got and notice_id(job, "queue_empty") in got
    bodies = {}
    for one in server.got:
        assert bodies.setdefault(one["headers"]["EMS-Notice-Id"], one["body"]) == one["body"]
    assert not office.ems.entries("run") and len(jobs) >= 8
    print(f"notices: killed at {len(jobs)} moments, {len(got) - 2 * len(jobs)} repeated, 0 lost")


def test_what_has_no_room_is_put_later_and_holds_up_nobody(office):
    server, good = office.hook(), office.hook()
    office.start(ops={"webhook": url(server), "states": ALL}, good={"webhook": url(good)})
    folder = office.ems.state / "outbox" / "to" / "good"
    shutil.rmtree(folder)
    folder.write_text("no folder")
    first, second = office.run(), office.run()
    assert office.ems.entries("run") == sorted([first["job_id"], second["job_id"]])
    until_got(server, 4)
    folder.unlink()
    eventually(lambda: not office.ems.entries("run"))
    office.settle()
    assert sorted(ids(good)) == sorted([notice_id(first), notice_id(second)])
    assert sorted(ids(server)) == sorted(
        notice_id(job, event) for job in (first, second) for event in ("completed", "queue_empty"))


def test_retention_leaves_alone_of_whom_somebody_is_still_to_be_told(office):
    good = office.hook()
    office.plain += "retention\n    keep_last = 1\n"
    office.start(good={"webhook": url(good)})
    folder = office.ems.state / "outbox" / "to" / "good"
    shutil.rmtree(folder)
    folder.write_text("no folder")
    jobs = [office.run() for _ in range(3)]
    assert office.ems.client.do("prune")["removed"] == []
    folder.unlink()
    eventually(lambda: not office.ems.entries("run"))
    office.settle()
    assert sorted(ids(good)) == sorted(notice_id(job) for job in jobs)
    removed = office.ems.client.do("prune")["removed"]
    assert sorted(job["job_id"] for job in removed) == sorted(job["job_id"] for job in jobs[:2])


def test_the_oldest_gives_way_when_ten_thousand_wait(office):
    office.start(ops={"webhook": f"http://127.0.0.1:{free_port()}/"})
    folder = office.ems.state / "outbox" / "to" / "ops"
    before_ms = int(time.time() * 1000) - 100000
    names = [f"{before_ms + number:015}-{number:012x}-1-completed.json" for number in range(10000)]
    for name in names:
        (folder / name).write_text("{}")
    job = office.run()
    left = sorted(path.name for path in folder.glob("[0-9]*.json"))
    assert left[:-1] == names[1:] and notice_id(job) in left[-1]
    assert "10000 notices wait for ops" in office.ems.said()["worker.stderr"]


def test_what_waits_for_a_target_that_is_gone_is_given_up(office):
    server = office.hook()
    gone = {"webhook": f"http://127.0.0.1:{free_port()}/"}
    office.start(ops={"webhook": url(server)}, gone=gone)
    job = office.run()
    until_got(server, 1)
    office.configure({"ops": {"webhook": url(server)}})
    office.ems.restart("worker")
    office.settle()
    failed, = office.failed()
    assert failed["target"] == "gone" and failed["notice"]["notice"] == notice_id(job)
    assert not Path(office.ems.state / "outbox" / "to" / "gone").exists()


def test_a_notice_that_is_none_is_set_aside(office):
    office.start(ops=office.told())
    folder = office.ems.state / "outbox" / "to" / "ops"
    (folder / f"{1:015}-0123456789ab-1-completed.json").write_text("{ no notice")
    (folder / "something else").write_text("of somebody else")
    job = office.run()
    office.settle()
    assert [note["env"]["EMS_JOB_ID"] for note in office.notes()] == [job["job_id"]]
    failed, = office.failed()
    assert failed["notice"] is None and (folder / "something else").exists()
