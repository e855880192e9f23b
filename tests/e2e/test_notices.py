# SPDX-License-Identifier: MPL-2.0
"""Notices by webhook: who is told of what, and what happens when the receiver does not take it."""
import json
import os
import subprocess

import pytest

import procs
from office import OVER, ids, notice_id, opened, signature, until_got
from procs import eventually
from receivers import certificate, free_port
from system import BIN


@pytest.fixture
def office(request):
    with opened(request.node) as it:
        yield it


def url(server, scheme="http", host="127.0.0.1"):
    return f"{scheme}://{host}:{server.port}/hook?a=b"


def test_a_webhook_gets_the_record_and_can_tell_who_sent_it(office):
    server = office.hook()
    office.start(ops={"webhook": url(server), "secret_file": office.secret(),
                      "states": OVER + ",queue_empty"})
    job = office.run(notes="grüße\n\"quoted\"", labels={"team": "a"})
    over, empty = until_got(server, 2)
    for got, event in (over, "completed"), (empty, "queue_empty"):
        body = json.loads(got["body"])
        assert body["job"] == office.ems.record(job["job_id"])
        assert (body["notice"], body["event"]) == (notice_id(job, event), event)
        assert body["worker"] == job["worker"] and set(body) == {"notice", "event", "worker", "job"}
        headers = got["headers"]
        assert headers["EMS-Signature"] == signature(got["body"])
        assert (headers["EMS-Notice-Id"], headers["EMS-Event"]) == (body["notice"], event)
        assert headers["Content-Type"] == "application/json"
        assert headers["User-Agent"].startswith("ems-notify/")
        assert got["path"] == "/hook?a=b"
    office.settle()
    eventually(lambda: not office.couriers(), why="ems-notify ends when nothing waits")
    assert len(server.got) == 2 and not office.failed()


def test_each_is_told_of_what_it_wants_in_the_order_in_which_it_happened(office):
    good, bad, last = office.hook(), office.hook(), office.hook()
    office.start(good={"webhook": url(good), "states": "completed"},
                 bad={"webhook": url(bad), "states": "failed, cancelled"},
                 last={"webhook": url(last), "states": "queue_empty"})
    first = office.ems.run("waits")
    waiting = [office.ems.run("exits", params={"n": 3}, if_busy="queue"),
               office.ems.run("say", if_busy="queue")]
    dropped = office.ems.run("say", if_busy="queue", delay_ms=3600000)
    late = office.ems.run("say", if_busy="queue", after=waiting[0]["job_id"])
    (office.ems.work / "go").touch()
    jobs = [office.ems.finish(job["job_id"]) for job in [first, *waiting, late]]
    eventually(lambda: len(good.got) == 2 and len(bad.got) == 2)
    assert last.got == [], "one still waits"
    assert office.ems.cancel(dropped["job_id"]).status == 200
    jobs.append(office.ems.status(dropped["job_id"]))
    office.settle()
    assert [job["status"] for job in jobs] == ["completed", "failed", "completed", "failed",
                                               "cancelled"]
    assert jobs[3]["reason"] == "dependency"
    assert ids(good) == [notice_id(jobs[0]), notice_id(jobs[2])]
    assert sorted(ids(bad)[:2]) == sorted([notice_id(jobs[1]), notice_id(jobs[3])])
    assert ids(bad)[2:] == [notice_id(jobs[4])]
    assert ids(last) == [notice_id(jobs[4], "queue_empty")]


def test_without_a_secret_nothing_is_signed_and_without_targets_there_is_no_outbox(office):
    office.ems.start()
    office.run()
    assert not (office.ems.state / "outbox").exists()
    server = office.hook()
    office.configure({"ops": {"webhook": url(server)}})
    office.ems.restart("worker")
    office.run()
    assert "EMS-Signature" not in until_got(server, 1)[0]["headers"]


@pytest.mark.parametrize("trouble", [["500"], ["503", "500"], ["429 after 1"], ["408"], ["425"],
                                     ["cut"], ["drop"], ["slow"], ["hang"], ["302"]])
def test_what_a_receiver_does_not_take_is_offered_again(office, trouble):
    server = office.hook(*trouble, "ok")
    office.start(ops={"webhook": url(server), "timeout_ms": 1000})
    job = office.run()
    again = until_got(server, len(trouble) + 1)
    office.settle()
    assert ids(server) == [notice_id(job)] * (len(trouble) + 1)
    assert len({got["body"] for got in again}) == 1 and not office.failed()


def test_who_does_not_listen_yet_is_told_when_he_does(office):
    port = free_port()
    office.start(ops={"webhook": f"http://127.0.0.1:{port}/"})
    jobs = [office.run(), office.run("exits", params={"n": 3}), office.run()]
    server = office.hook(port=port)
    office.settle()
    assert sorted(ids(server)) == sorted(map(notice_id, jobs))


@pytest.mark.parametrize("status", [400, 401, 404, 410, 413])
def test_what_is_refused_for_good_is_given_up_at_once(office, status):
    server = office.hook(str(status), "ok")
    office.start(ops={"webhook": url(server)})
    first, second = office.run(), office.run()
    office.settle()
    assert ids(server) == [notice_id(first), notice_id(second)]
    failed, = office.failed()
    assert failed["target"] == "ops" and failed["reason"] == f"HTTP status {status}"
    assert failed["notice"]["job"] == office.ems.record(first["job_id"])


def test_no_redirect_is_followed(office):
    other = office.hook()
    server = office.hook(f"to {url(other)}", "ok")
    office.start(ops={"webhook": url(server)})
    office.run()
    until_got(server, 2)
    office.settle()
    assert other.got == []


def test_what_cannot_be_delivered_for_long_is_given_up_with_the_reason(office):
    office.start(ops={"webhook": f"http://127.0.0.1:{free_port()}/", "give_up_ms": 1000})
    job = office.run()
    office.settle()
    failed, = office.failed()
    assert failed["notice"]["notice"] == notice_id(job)
    assert "not delivered in time" in failed["reason"] and "connect" in failed["reason"]


def test_one_that_is_refused_again_and_again_does_not_hold_up_the_others(office):
    server = office.hook("500", "ok")
    office.start(ops={"webhook": url(server)})
    jobs = [office.ems.run("waits")]
    jobs += [office.ems.run("say", if_busy="queue") for _ in range(3)]
    (office.ems.work / "go").touch()
    for job in jobs:
        office.ems.finish(job["job_id"])
    office.settle()
    assert sorted(set(ids(server))) == sorted(
        notice_id(job, "completed") for job in jobs) and len(server.got) == 5


def test_a_receiver_that_hangs_delays_neither_jobs_nor_other_receivers(office):
    hanging, good = office.hook("hang"), office.hook()
    office.start(hanging={"webhook": url(hanging), "timeout_ms": 600000},
                 good={"webhook": url(good)})
    first = office.run()
    eventually(lambda: hanging.hanging == 1)
    jobs = [first] + [office.run() for _ in range(3)]
    until_got(good, 4)
    assert ids(good) == [notice_id(job) for job in jobs]
    assert hanging.hanging == 1 and ids(hanging) == [notice_id(first)], "it hangs all the while"
    eventually(lambda: not office.waiting()["good"])
    assert len(office.waiting()["hanging"]) == 4
    assert not office.ems.entries("run")
    check_courier(office)


def open_files(pid):
    return {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}


def check_courier(office):
    """It has nothing of the worker's, and steps back."""
    pid, _ = office.courier()
    worker = office.ems.parts["worker"].pid
    own = f"{office.ems.state}/"
    files, of_worker = open_files(pid), open_files(worker)
    assert f"{own}outbox/lock" in files and f"{own}worker.lock" in of_worker
    shared = {file for file in files if file.startswith((own, "socket:", "pipe:"))} & of_worker
    assert shared <= {f"{own}outbox", f"{own}outbox/to"}
    assert not [file for file in files if file.startswith(own) and "/outbox" not in file]
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    assert os.sched_getscheduler(pid) == os.SCHED_BATCH
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as ours, \
         open(f"/proc/{worker}/cgroup", encoding="utf-8") as workers:
        assert ours.read() == workers.read()
    assert int(procs.stat_fields(pid)[3]) == pid, "a session of its own"


def test_a_certificate_of_nobody_we_trust_is_refused(office):
    pair = certificate(office.ems.base)
    server = office.hook(tls=pair)
    where = f"https://localhost:{server.port}/"
    office.start(strict={"webhook": where, "give_up_ms": 1000},
                 trusting={"webhook": where, "ca_file": pair[0], "secret_file": office.secret()})
    job = office.run()
    office.settle()
    got, = server.got
    assert got["headers"]["EMS-Signature"] == signature(got["body"]), "only who trusts it came"
    failed, = office.failed()
    assert failed["target"] == "strict" and "certificate" in failed["reason"]
    assert failed["notice"]["notice"] == notice_id(job)


def test_a_certificate_for_another_host_is_refused(office):
    pair = certificate(office.ems.base, "example.org")
    server = office.hook(tls=pair)
    office.start(ops={"webhook": f"https://localhost:{server.port}/", "ca_file": pair[0],
                      "give_up_ms": 1000})
    office.run()
    office.settle()
    assert server.got == [] and len(office.failed()) == 1


def test_a_key_that_is_changed_counts_and_one_that_everybody_may_read_is_not_used(office):
    server = office.hook()
    key = office.secret()
    office.start(ops={"webhook": url(server), "secret_file": key})
    office.run()
    until_got(server, 1)
    key.chmod(0o644)
    office.run()
    eventually(lambda: "open to everybody" in office.ems.said()["worker.stderr"])
    assert len(server.got) == 1
    office.secret(text="another")
    assert until_got(server, 2)[1]["headers"]["EMS-Signature"] == signature(server.got[1]["body"],
                                                                            "another")
    office.settle()


WRONG = {
    "no way": ({"states": "failed"}, "has no way to be told"),
    "two ways": ({"webhook": "http://h/", "command": "/bin/true"}, "has several ways"),
    "scheme": ({"webhook": "ftp://h/"}, "it takes https://HOST"),
    "states": ({"webhook": "http://h/", "states": "completed,done"}, '"done" is not possible'),
    "none": ({"webhook": "http://h/", "states": ","}, "names none"),
    "unknown": ({"webhook": "http://h/", "secretfile": "/x"}, "nearest that is: secret_file"),
    "no file": ({"webhook": "http://h/", "secret_file": "/nonexistent"}, "there is no file"),
    "open file": ({"webhook": "http://h/", "secret_file": "{open}"}, "open to everybody"),
    "no program": ({"command": "/nonexistent"}, "cannot be run"),
    "relative": ({"command": "true"}, "it takes an absolute path"),
    "address": ({"mail": "smtp://h", "from": "a@b", "to": "x@y, z"}, '"z" is not possible'),
    "no sender": ({"mail": "smtp://h", "to": "x@y"}, "needs from"),
    "login": ({"mail": "smtp://h", "from": "a@b", "to": "x@y", "user": "u"}, "belong together"),
    "timeout": ({"webhook": "http://h/", "timeout_ms": 0}, "it takes an integer from 100"),
}


@pytest.mark.parametrize("settings,said", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_target_is_refused_with_line_and_key(office, settings, said):
    open_file = office.secret("open", mode=0o644)
    office.configure({"ops": {key: str(value).replace("{open}", str(open_file))
                              for key, value in settings.items()}})
    done = subprocess.run([BIN / "ems-worker", "--state", office.ems.state, "--config",
                           office.ems.config], env=office.ems.environment, capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 78, done
    assert f"{office.ems.config}:" in done.stderr and "notices/ops" in done.stderr
    assert said in done.stderr


