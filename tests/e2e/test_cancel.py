# SPDX-License-Identifier: MPL-2.0
"""Cancel: what it ends, when it answers, and what it leaves; with a cgroup and without."""
import os
import secrets
import signal
import threading
import time

import msgpack
import pytest
import zmq

import procs
from ems1 import Client, MAGIC
from procs import alive, eventually
from system import BIN

pytestmark = pytest.mark.parametrize("cgroup", ["auto", "none"])
LAST_LINE = b"Benchmark execution cancelled by user."


def cancelled_whole(ems, reply):
    """The reply to a cancel is good, and the job left nothing behind; its record."""
    assert reply.status == 200, reply
    job = reply.body["job"]
    assert procs.mentioning(f"EMS_JOB_ID={job['job_id']}") == {}
    assert job["status"] == "cancelled" and job["cancel"]["at"] and job["finished_at"]
    assert ems.record(job["job_id"])["status"] == "cancelled"
    assert ems.log(job["job_id"]).splitlines()[-1] == LAST_LINE
    assert job["results_dir"] is None and job["run_id"] not in ems.entries("results")
    assert not ems.entries("results/.staging") and not ems.entries("run")
    return job


def started(ems, profile, **body):
    """A job that has said that it is ready; its record."""
    job = ems.run(profile, **body)
    return ems.wait_log(job["job_id"], b"ready\n")


def test_the_worker_confines_jobs_in_the_way_that_the_test_asks_for(ems, cgroup):
    job = started(ems, "obeys")
    [main] = ems.pids()
    with open(f"/proc/{main[0]}/cgroup", encoding="utf-8") as file:
        confined = f"ems-{job['job_id']}" in file.read()
    assert confined == (cgroup == "auto" and procs.cgroup_can_be_made())
    cancelled_whole(ems, ems.cancel(job["job_id"]))


def test_a_job_that_obeys_sigterm_is_cancelled_without_force(ems):
    job = started(ems, "obeys", grace_ms=60000)
    [main] = ems.pids()
    before = time.monotonic()
    job = cancelled_whole(ems, ems.cancel(job["job_id"]))
    assert time.monotonic() - before < 20, "it waited for the grace of a job that had ended"
    assert not alive(main)
    assert not job["cancel"]["forced"] and job["exit"] == {"code": None, "signal": signal.SIGTERM}


def test_a_job_that_ignores_sigterm_is_killed_after_the_grace_and_not_before(ems):
    job = started(ems, "ignores")
    [main] = ems.pids()
    before = time.monotonic()
    reply = ems.cancel(job["job_id"], grace_ms=1200)
    assert time.monotonic() - before >= 1.2
    job = cancelled_whole(ems, reply)
    assert not alive(main)
    assert job["cancel"]["forced"] and job["exit"] == {"code": None, "signal": signal.SIGKILL}
    assert b"got SIGTERM\n" in ems.log(job["job_id"])


def test_a_job_that_exits_0_on_sigterm_is_cancelled_and_publishes_nothing(ems):
    job = started(ems, "exits-0")
    job = cancelled_whole(ems, ems.cancel(job["job_id"]))
    assert job["exit"] == {"code": 0, "signal": None} and not job["cancel"]["forced"]


def test_fifty_descendants_in_sessions_of_their_own_are_dead_when_the_answer_comes(ems):
    job = started(ems, "family", params={"n": 50})
    family = ems.pids()
    assert len(family) == 50
    reply = ems.cancel(job["job_id"])
    assert [who for who in family if alive(who)] == []
    assert cancelled_whole(ems, reply)["leftovers_killed"] == 50


def test_descendants_that_never_stop_forking_are_dead_when_the_answer_comes(ems):
    job = started(ems, "restless", params={"n": 5})
    cancelled_whole(ems, ems.cancel(job["job_id"]))


def test_a_job_that_floods_its_log_is_cancelled_like_any_other(ems):
    job = ems.run("floods")
    eventually(lambda: ems.status(job["job_id"])["log"]["bytes"] > 10000000)
    job = cancelled_whole(ems, ems.cancel(job["job_id"]))
    log = ems.log(job["job_id"])
    assert job["log"]["bytes"] == len(log) and set(log.splitlines()[1:-2]) == {b"a flood"}


def test_a_stopped_job_is_cancelled_too(ems):
    job = started(ems, "ignores")
    [main] = ems.pids()
    os.kill(main[0], signal.SIGSTOP)
    eventually(lambda: procs.stat_fields(main[0])[0] == "T")
    cancelled_whole(ems, ems.cancel(job["job_id"], grace_ms=100))
    assert not alive(main)


def test_a_cancel_right_after_the_start_ends_the_job(ems):
    for _ in range(5):
        job = ems.run("obeys")
        cancelled_whole(ems, ems.cancel(job["job_id"]))


def test_a_cancel_that_does_not_wait_for_the_answer_to_run_ends_the_job(ems):
    for _ in range(5):
        socket = zmq.Context.instance().socket(zmq.DEALER)
        socket.connect(ems.endpoint("clients"))
        run, cancel = secrets.token_hex(16), secrets.token_hex(16)
        for request in ({"id": run, "type": "run", "body": {"profile": "obeys"}},
                        {"id": cancel, "type": "cancel", "body": {"job_id": "last"}}):
            socket.send_multipart([MAGIC, msgpack.packb(request)])
        replies = {}
        while len(replies) < 2:
            assert socket.poll(60000), f"only {replies}"
            reply = Client.unpack(socket.recv_multipart())
            replies[reply["re"]] = reply
        socket.close(linger=0)
        assert (replies[run]["status"], replies[cancel]["status"]) == (200, 200), replies
        job_id = replies[run]["body"]["job"]["job_id"]
        assert replies[cancel]["body"]["job"]["job_id"] == job_id
        assert ems.status(job_id)["status"] == "cancelled"


def test_two_cancels_at_once_get_the_same_answer(ems):
    job = started(ems, "ignores")
    replies = []

    def cancel():
        client = Client(ems.endpoint("clients"))
        replies.append(client.ask("cancel", job_id=job["job_id"], grace_ms=800))
        client.close()
    threads = [threading.Thread(target=cancel) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [cancelled_whole(ems, reply) for reply in replies] == [replies[0].body["job"]] * 2


def test_a_second_cancel_with_a_shorter_grace_shortens_the_wait(ems):
    job = started(ems, "ignores")
    first = threading.Thread(target=Client(ems.endpoint("clients")).ask, args=("cancel",),
                             kwargs={"job_id": job["job_id"], "grace_ms": 600000})
    first.start()
    ems.wait_log(job["job_id"], b"got SIGTERM\n")
    assert ems.status(job["job_id"])["status"] == "cancelling"
    cancelled_whole(ems, ems.cancel(job["job_id"], grace_ms=0))
    first.join()


def test_cancelling_an_unknown_job_is_404_and_a_finished_one_409(ems):
    assert ems.cancel("0123456789ab").status == 404
    assert ems.ems("cancel", "0123456789ab").returncode == 66
    job = ems.finished("say")
    reply = ems.cancel(job["job_id"])
    assert (reply.status, reply.body["job"]) == (409, job)
    again = ems.ems("cancel", job["job_id"])
    assert again.returncode == 75 and job["job_id"] in again.stderr
    assert ems.status(job["job_id"]) == job


def test_a_cancel_from_elsewhere_ends_the_attached_client_with_130(ems):
    attached = ems.spawn(BIN / "ems", "run", "obeys")
    eventually((ems.work / "pids").exists)
    [job] = ems.jobs()
    ems.wait_log(job["job_id"], b"ready\n")
    assert ems.ems("cancel", job["job_id"]).returncode == 0
    output, _ = attached.communicate(timeout=60)
    assert attached.returncode == 130 and output == ems.log(job["job_id"])


def test_an_interrupt_of_the_attached_client_cancels_the_job(ems):
    attached = ems.spawn(BIN / "ems", "run", "exits-0")
    eventually((ems.work / "pids").exists)
    [job] = ems.jobs()
    ems.wait_log(job["job_id"], b"ready\n")
    attached.send_signal(signal.SIGINT)
    attached.communicate(timeout=60)
    assert attached.returncode == 130
    assert ems.status(job["job_id"])["status"] == "cancelled" and ems.pids() == []


def test_the_slot_is_free_when_the_answer_comes(ems):
    for _ in range(3):
        job = started(ems, "obeys")
        cancelled_whole(ems, ems.cancel(job["job_id"]))
        assert ems.client.ask("run", profile="say").status == 200
        ems.finish("last")


def test_the_last_line_stands_alone_after_an_unfinished_one(ems):
    job = ems.run("half-line")
    ems.wait_log(job["job_id"], b"no newline")
    cancelled_whole(ems, ems.cancel(job["job_id"]))
