# SPDX-License-Identifier: MPL-2.0
"""Pause and resume: the whole job holds still, its time does not run, and nothing makes it forget."""
import random
import secrets
import socket
import threading
import time

import msgpack
import pytest

import procs
from ems1 import Client, OVER
from procs import alive, eventually

pytestmark = pytest.mark.parametrize("cgroup", ["auto", "none"])


def ticking(ems, **body):
    """A job that writes all the time; its record."""
    job = ems.run("ticks", **body)
    return ems.wait_log(job["job_id"], b"tick 3\n")


def size(ems, job):
    return (ems.state / "logs" / f"{job['job_id']}.log").stat().st_size


def check_still(ems, job):
    """Nothing is written, however often one looks."""
    before = size(ems, job)
    for _ in range(10):
        time.sleep(0.02)  # ten lines would be written in each
        assert size(ems, job) == before


def check_moves(ems, job):
    before = size(ems, job)
    eventually(lambda: size(ems, job) > before + 100)


def pause(ems, job):
    reply = ems.client.ask("pause", job_id=job["job_id"])
    assert reply.status == 200, reply
    assert reply.body["job"]["status"] == "paused" and reply.body["job"]["paused_at"]
    assert ems.record(job["job_id"])["status"] == "paused"
    return reply.body["job"]


def resume(ems, job):
    reply = ems.client.ask("resume", job_id=job["job_id"])
    assert reply.status == 200, reply
    assert reply.body["job"]["status"] == "running" and reply.body["job"]["paused_at"] is None
    assert ems.record(job["job_id"])["status"] == "running"
    return reply.body["job"]


def restart(ems):
    ems.kill9("worker")
    ems.start_part("worker")
    ems.wait_ready()


def test_a_paused_job_holds_still_and_goes_on_where_it_was(ems):
    job = ticking(ems)
    pause(ems, job)
    check_still(ems, job)
    job = resume(ems, job)
    assert 200 <= job["paused_ms"] < 60000
    check_moves(ems, job)
    pause(ems, job)
    assert resume(ems, job)["paused_ms"] >= job["paused_ms"]
    (ems.work / "enough").touch()
    done = ems.finish(job["job_id"])
    assert done["status"] == "completed" and done["paused_ms"] >= job["paused_ms"]
    lines = ems.log(job["job_id"]).splitlines()[1:]
    assert lines == [b"tick %d" % number for number in range(1, len(lines) + 1)]


def test_every_process_of_the_job_holds_still(ems):
    job = ems.run("family", params={"n": 20})
    ems.wait_log(job["job_id"], b"ready\n")
    family = ems.pids()
    pause(ems, job)
    times = [procs.stat_fields(who[0])[11:13] for who in family]
    time.sleep(0.1)  # in which they would do something
    assert [procs.stat_fields(who[0])[11:13] for who in family] == times
    resume(ems, job)
    assert ems.cancel(job["job_id"]).status == 200
    assert [who for who in family if alive(who)] == []


def test_what_is_so_already_is_200(ems):
    job = ticking(ems)
    assert ems.client.ask("resume", job_id=job["job_id"]).status == 200
    first = pause(ems, job)
    assert pause(ems, job)["paused_at"] == first["paused_at"]
    resume(ems, job)
    assert ems.client.ask("resume", job_id=job["job_id"]).status == 200


def test_who_does_not_run_can_be_neither_paused_nor_resumed(ems):
    done = ems.finished("say")
    ticking(ems)
    waiting = ems.run("say", if_busy="queue")
    for type in ("pause", "resume"):
        for job, word in ((done, "completed"), (waiting, "queued")):
            reply = ems.client.ask(type, job_id=job["job_id"])
            assert reply.status == 409 and word in reply.error
            assert reply.body["job"]["job_id"] == job["job_id"]
        assert ems.client.ask(type, job_id="f00d").status == 404
        assert ems.client.ask(type).status == 400
    ems.cancel(waiting["job_id"])


def test_the_time_limit_stands_still_with_the_job(ems):
    job = ticking(ems, time_limit_ms=1000)
    pause(ems, job)
    time.sleep(1.5)  # longer than the limit
    assert ems.status(job["job_id"])["status"] == "paused"
    resume(ems, job)
    done = ems.finish(job["job_id"])
    assert (done["status"], done["reason"]) == ("failed", "time_limit")


def test_a_pause_outlives_the_worker(ems):
    job = pause(ems, ticking(ems))
    for _ in range(2):
        restart(ems)
        eventually(lambda: ems.status(job["job_id"])["status"] == "paused")
        check_still(ems, job)
        assert ems.status(job["job_id"])["paused_at"] == job["paused_at"]
    restart(ems)
    resume(ems, job)
    check_moves(ems, job)
    restart(ems)
    check_moves(ems, job)
    assert ems.status(job["job_id"])["status"] == "running"


def test_a_paused_job_is_cancelled_like_any_other(ems):
    job = pause(ems, ticking(ems))
    reply = ems.cancel(job["job_id"])
    done = reply.body["job"]
    assert reply.status == 200 and done["status"] == "cancelled"
    assert done["paused_at"] is None and done["paused_ms"] >= 0
    assert procs.mentioning(f"EMS_JOB_ID={job['job_id']}") == {}
    stubborn = ems.run("ignores")
    ems.wait_log(stubborn["job_id"], b"ready\n")
    pause(ems, stubborn)
    restart(ems)
    reply = ems.cancel(stubborn["job_id"], grace_ms=100)
    assert reply.status == 200 and reply.body["job"]["cancel"]["forced"]


def test_a_paused_job_that_is_killed_is_over(ems):
    job = ems.run("ignores")
    ems.wait_log(job["job_id"], b"ready\n")
    [main] = ems.pids()
    pause(ems, job)
    procs.kill(main)
    done = ems.finish(job["job_id"])
    assert (done["status"], done["reason"]) == ("failed", "signal") and done["paused_at"] is None


def test_monitors_see_the_pause(ems):
    job = ticking(ems)
    monitor = ems.monitor(job["job_id"])
    monitor.synchronise()
    pause(ems, job)
    seen = []

    def told(status):
        while monitor.socket.poll(0):
            topic, event, _ = monitor.socket.recv_multipart()
            if topic.startswith(b"status/"):
                seen.append(msgpack.unpackb(event)["job"]["status"])
        return status in seen
    eventually(lambda: told("paused"))
    seen.clear()
    resume(ems, job)
    eventually(lambda: told("running"))
    monitor.close()
    monitor.client.close()


def test_a_worker_that_missed_the_resume_learns_of_it(ems):
    """The old worker died between letting the job go on and noting it."""
    job = pause(ems, ticking(ems))
    ems.kill9("worker")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as shim:
        shim.connect(str(ems.state / "run" / job["job_id"] / "ctl.sock"))
        shim.send(b"resume")
        check_moves(ems, job)
    ems.start_part("worker")
    ems.wait_ready()
    eventually(lambda: ems.status(job["job_id"])["status"] == "running")
    assert ems.record(job["job_id"])["paused_at"] is None
    pause(ems, job)
    check_still(ems, job)


def ask_without_waiting(ems, type, **body):
    request = {"id": secrets.token_hex(16), "type": type, "body": body}
    ems.client.send(request)
    return request["id"]


@pytest.mark.parametrize("seed", [1])
def test_pause_and_resume_survive_kill_9_at_any_moment(ems, seed):
    chance = random.Random(f"pause {seed}")
    job = ticking(ems)
    wanted = "running"
    for _ in range(14):
        type, wanted = chance.choice([("pause", "paused"), ("resume", "running")])
        id = ask_without_waiting(ems, type, job_id=job["job_id"])
        # The moment must be any, so this time is not one that anybody waits for.
        time.sleep(chance.random() * chance.choice((0.001, 0.01, 0.05)))
        part = chance.choice(["worker", "worker", "broker"])
        ems.kill9(part)
        ems.start_part(part)
        ems.wait_ready()
        reply = ems.client.ask(type, id=id, job_id=job["job_id"])
        assert reply.status == 200 and reply.body["job"]["status"] == wanted, reply
        assert ems.record(job["job_id"])["status"] == wanted
        if wanted == "paused":
            check_still(ems, job)
        else:
            check_moves(ems, job)
    if wanted == "paused":
        resume(ems, job)
    (ems.work / "enough").touch()
    assert ems.finish(job["job_id"])["status"] == "completed"
    lines = ems.log(job["job_id"]).splitlines()[1:]
    assert lines == [b"tick %d" % number for number in range(1, len(lines) + 1)]


@pytest.mark.parametrize("seed", [1])
def test_pause_resume_cancel_and_the_end_race_to_one_end(ems, seed):
    chance = random.Random(f"race {seed}")
    for _ in range(10):
        job = ems.run(chance.choice(["once", "obeys"]))
        replies = []

        def ask(type, after_s):
            client = Client(ems.endpoint("clients"))
            time.sleep(after_s)  # the moment must be any
            replies.append((type, client.ask(type, job_id=job["job_id"])))
            client.close()
        types = ["pause", "resume", "pause", "cancel"]
        threads = [threading.Thread(target=ask, args=(type, chance.random() * 0.05))
                   for type in types]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done = ems.finish(job["job_id"])
        assert done["status"] in ("completed", "cancelled")
        for type, reply in replies:
            assert reply.status in (200, 409), (type, reply)
            if type == "cancel":
                assert (reply.status == 200) == (done["status"] == "cancelled")
        assert done["paused_at"] is None and done["status"] in OVER
        assert not ems.entries("run") and not ems.entries("results/.staging")
