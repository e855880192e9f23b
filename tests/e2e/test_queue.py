# SPDX-License-Identifier: MPL-2.0
"""The line: who waits where, who goes next, and that it is the same line after any restart."""
import json
import secrets
import shutil
import time
from datetime import datetime

from procs import eventually

BOUND = 10000


def queue(ems, profile="waits", **body):
    """Accepted into the line or the slot; its record."""
    return ems.run(profile, if_busy="queue", **body)


def hold(ems, profile="waits", **body):
    """A job that holds the slot until let_go; its record."""
    job = ems.run(profile, **body)
    return ems.wait_log(job["job_id"], b"ready\n")


def let_go(ems, job=None):
    (ems.work / (f"go.{job['job_id']}" if job else "go")).touch()


def started(ems):
    """The jobs in the order in which their attempts were started."""
    path = ems.work / "started"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


def line(ems):
    """The waiting jobs as the list tells it, in the order of their positions."""
    jobs = ems.client.do("list", limit=500, status=["queued"])["jobs"]
    jobs.sort(key=lambda job: job["position"])
    assert [job["position"] for job in jobs] == list(range(1, len(jobs) + 1))
    return [job["job_id"] for job in jobs]


def ids(jobs):
    return [job["job_id"] for job in jobs]


def queued_of_worker(ems):
    return ems.client.do("workers")["workers"][0]["queued"]


def test_a_free_slot_is_taken_at_once_and_otherwise_one_waits(ems):
    first = ems.client.ask("run", profile="waits", if_busy="queue")
    assert first.status == 200 and first.body["job"]["status"] == "running"
    assert first.body["job"]["position"] is None
    second = ems.client.ask("run", profile="waits", if_busy="queue")
    job = second.body["job"]
    assert second.status == 202 and (job["status"], job["position"]) == ("queued", 1)
    assert (job["run_id"], job["started_at"]) == (None, None) and job["arrival"] == 1
    assert ems.record(job["job_id"])["status"] == "queued"
    assert ems.record(job["job_id"])["position"] is None, "it is derived, not kept"
    assert ems.status(job["job_id"]) == job
    assert ems.entries("results/.staging") == [first.body["job"]["run_id"]]
    eventually(lambda: queued_of_worker(ems) == 1)
    let_go(ems)
    done = ems.finish(job["job_id"])
    assert done["status"] == "completed" and done["run_id"] in ems.entries("results")
    assert done["position"] is None
    eventually(lambda: queued_of_worker(ems) == 0)


def test_busy_is_still_refused_to_who_does_not_want_to_wait(ems):
    job = hold(ems)
    reply = ems.client.ask("run", profile="say")
    assert reply.status == 409 and reply.body["job"]["job_id"] == job["job_id"]
    assert "queue" in reply.error
    let_go(ems)


def test_the_order_is_priority_and_then_arrival(ems):
    holder = hold(ems)
    jobs = [queue(ems, priority=priority) for priority in (16, 31, 16, 0, 31)]
    order = [jobs[1], jobs[4], jobs[0], jobs[2], jobs[3]]
    assert line(ems) == ids(order)
    assert [ems.status(job["job_id"])["position"] for job in order] == [1, 2, 3, 4, 5]
    let_go(ems)
    for job in jobs:
        assert ems.finish(job["job_id"])["status"] == "completed"
    assert started(ems) == ids([holder, *order])


def test_a_new_priority_moves_a_job_in_the_line(ems):
    holder = hold(ems)
    jobs = [queue(ems) for _ in range(3)]
    reply = ems.client.ask("priority", job_id=jobs[2]["job_id"], priority=20)
    assert reply.status == 200 and (reply.body["job"]["position"],
                                    reply.body["job"]["priority"]) == (1, 20)
    assert ems.record(jobs[2]["job_id"])["priority"] == 20
    assert line(ems) == ids([jobs[2], jobs[0], jobs[1]])
    ems.kill9("worker")
    ems.start_part("worker")
    ems.wait_ready()
    assert line(ems) == ids([jobs[2], jobs[0], jobs[1]])
    reply = ems.client.ask("priority", job_id=holder["job_id"], priority=3)
    assert reply.status == 409 and "while it waits" in reply.error
    assert reply.body["job"]["priority"] == 16
    for wrong in ({}, {"priority": 32}, {"priority": "high"}):
        reply = ems.client.ask("priority", job_id=jobs[0]["job_id"], **wrong)
        assert reply.status == 400 and "priority" in reply.error
    let_go(ems)
    ems.finish(jobs[1]["job_id"])
    assert started(ems) == ids([holder, jobs[2], jobs[0], jobs[1]])
    reply = ems.client.ask("priority", job_id=jobs[0]["job_id"], priority=3)
    assert reply.status == 409 and "completed" in reply.error


def test_a_waiting_job_is_cancelled_at_once_and_never_runs(ems):
    hold(ems)
    jobs = [queue(ems) for _ in range(3)]
    id = secrets.token_hex(16)
    reply = ems.client.ask("cancel", id=id, job_id=jobs[1]["job_id"])
    job = reply.body["job"]
    assert reply.status == 200 and job["status"] == "cancelled" and job["finished_at"]
    assert job["cancel"]["by"] == job["user"] and job["started_at"] is None
    assert ems.record(job["job_id"])["status"] == "cancelled"
    assert line(ems) == ids([jobs[0], jobs[2]]) and jobs[1]["job_id"] not in ems.entries("run")
    assert ems.client.ask("cancel", id=id, job_id=job["job_id"]) == reply
    assert ems.client.ask("cancel", job_id=job["job_id"]).status == 409
    ems.restart("worker")
    assert ems.client.ask("cancel", id=id, job_id=job["job_id"]).status == 200
    reply = ems.client.do("logs", job_id=job["job_id"])
    assert (reply["data"], reply["eof"]) == (b"", True)
    let_go(ems)
    ems.finish(jobs[2]["job_id"])
    assert jobs[1]["job_id"] not in started(ems)


def test_the_same_request_waits_once(ems):
    hold(ems)
    id = secrets.token_hex(16)
    replies = [ems.client.ask("run", id=id, profile="waits", if_busy="queue") for _ in range(2)]
    assert replies[0] == replies[1] and replies[0].status == 202
    ems.kill9("worker")
    ems.start_part("worker")
    ems.wait_ready()
    assert ems.client.ask("run", id=id, profile="waits", if_busy="queue") == replies[0]
    assert len(line(ems)) == 1
    let_go(ems)
    job = ems.finish(replies[0].body["job"]["job_id"])
    again = ems.client.ask("run", id=id, profile="waits", if_busy="queue")
    assert again.body["job"] == job and len(ems.jobs()) == 2


def test_a_job_runs_as_it_was_accepted_and_not_as_it_is_configured_later(ems):
    hold(ems)
    waiting = queue(ems, "typed", params={"must": "then"})
    text = ems.config.read_text()
    assert "--count={count}" in text
    ems.config.write_text(text.replace("--count={count}", "--number={count}"))
    ems.restart("worker")
    let_go(ems)
    ems.finish(waiting["job_id"])
    log = ems.log(waiting["job_id"])
    assert b"--count=10" in log and b"--number" not in log
    later = ems.finished("typed", params={"must": "now"})
    assert b"--number=10" in ems.log(later["job_id"])


def test_a_job_starts_after_the_one_that_it_waits_for_has_completed(ems):
    holder = hold(ems)
    reply = ems.client.ask("run", profile="say", after=holder["job_id"][:8])
    after = reply.body["job"]
    assert reply.status == 202 and after["after"] == {
        "job_id": holder["job_id"], "any": False, "over": False}
    passing = queue(ems, "say", priority=0)
    chained = ems.run("say", after="last")
    assert chained["after"]["job_id"] == passing["job_id"]
    let_go(ems)
    assert [ems.finish(job["job_id"])["status"] for job in (after, passing, chained)] == [
        "completed"] * 3
    times = [ems.status(job["job_id"])["started_at"] for job in (passing, chained)]
    assert times == sorted(times)
    at_once = ems.run("say", after=holder["job_id"])
    assert ems.finish(at_once["job_id"])["status"] == "completed"


def test_that_what_a_job_waits_for_has_happened_is_told_and_not_kept(ems):
    first = ems.finished("say")
    holder = hold(ems)
    second = queue(ems, "say")
    waits, ready = (queue(ems, "say", after=job["job_id"]) for job in (second, first))
    assert not waits["after"]["over"] and ready["after"]["over"]
    ems.cancel(second["job_id"])
    waits = queue(ems, "say", after=holder["job_id"])
    let_go(ems)
    for job in (ready, waits):
        assert ems.finish(job["job_id"])["status"] == "completed"
        assert ems.record(job["job_id"])["after"]["over"] is False


def test_a_job_fails_when_the_one_that_it_waits_for_does_not_complete(ems):
    holder = hold(ems)
    after = ems.run("say", after=holder["job_id"])
    chained = ems.run("say", after=after["job_id"])
    whatever = ems.run("say", after=holder["job_id"], after_any=True)
    ems.cancel(holder["job_id"])
    for job, before in ((after, holder), (chained, after)):
        job = ems.finish(job["job_id"])
        assert (job["status"], job["reason"]) == ("failed", "dependency")
        assert before["job_id"] in job["detail"] and job["started_at"] is None
    assert ems.finish(whatever["job_id"])["status"] == "completed"
    reply = ems.client.ask("run", profile="say", after=holder["job_id"])
    assert reply.status == 409 and "did not complete" in reply.error
    assert ems.client.ask("run", profile="say", after="f00d").status == 404
    reply = ems.client.ask("run", profile="say", after_any=True)
    assert reply.status == 400 and "after" in reply.error
    assert not ems.entries("run")


def test_whom_a_job_waits_for_is_known_after_a_restart_too(ems):
    holder = hold(ems)
    jobs = [ems.run("say", after=holder["job_id"]), ems.run("say", after="last"),
            ems.run("say", after=holder["job_id"], after_any=True)]
    ems.kill9("worker")
    let_go(ems)
    eventually(lambda: (ems.state / "run" / holder["job_id"] / "exit.json").exists())
    ems.start_part("worker")
    ems.wait_ready()
    assert [ems.finish(job["job_id"])["status"] for job in jobs] == ["completed"] * 3


def test_a_delayed_job_waits_though_the_slot_is_free_and_others_pass_it(ems):
    before = time.time()
    reply = ems.client.ask("run", profile="say", delay_ms=1500, priority=31)
    delayed = reply.body["job"]
    assert reply.status == 202 and delayed["status"] == "queued" and delayed["not_before"]
    passing = ems.client.ask("run", profile="say")
    assert passing.status == 200, "a job that may not start yet keeps nobody out"
    assert ems.finish(passing.body["job"]["job_id"])["status"] == "completed"
    ems.restart("worker")
    assert ems.finish(delayed["job_id"])["status"] == "completed"
    assert time.time() - before >= 1.5
    job = ems.status(delayed["job_id"])
    assert job["started_at"] >= job["not_before"]
    for wrong in (-1, 31622400001, "soon"):
        reply = ems.client.ask("run", profile="say", delay_ms=wrong)
        assert reply.status == 400 and "delay_ms" in reply.error


def test_a_year_from_now_is_waited_for_and_can_be_cancelled(ems):
    job = ems.run("say", delay_ms=31622400000)
    assert ems.finished("say")["status"] == "completed"
    assert ems.status(job["job_id"])["status"] == "queued"
    assert ems.cancel(job["job_id"]).status == 200


def test_the_line_is_in_order_after_kill_9(ems):
    holder = hold(ems)
    jobs = [queue(ems, priority=number % 4) for number in range(20)]
    order = sorted(jobs, key=lambda job: (-job["priority"], job["arrival"]))
    for part in ("worker", "broker", "worker"):
        ems.kill9(part)
        ems.start_part(part)
        ems.wait_ready()
        assert line(ems) == ids(order)
    eventually(lambda: queued_of_worker(ems) == 20)
    let_go(ems)
    for job in jobs:
        assert ems.finish(job["job_id"])["status"] == "completed"
    assert started(ems) == ids([holder, *order])


def test_the_line_moves_on_without_a_broker(ems):
    hold(ems)
    jobs = [queue(ems, "say") for _ in range(3)]
    ems.kill9("broker")
    let_go(ems)
    eventually(lambda: all(ems.record(job["job_id"])["status"] == "completed" for job in jobs))
    ems.start_part("broker")
    ems.wait_ready()


def test_a_job_whose_order_is_gone_fails_and_the_next_one_runs(ems):
    hold(ems)
    lost, broken, good = (queue(ems, "say") for _ in range(3))
    (ems.state / "run" / lost["job_id"] / "order.json").unlink()
    (ems.state / "run" / broken["job_id"] / "order.json").write_text("{}")
    let_go(ems)
    for job in (lost, broken):
        job = ems.finish(job["job_id"])
        assert (job["status"], job["reason"]) == ("failed", "spawn")
        assert "order.json" in job["detail"]
    assert ems.finish(good["job_id"])["status"] == "completed"




def test_who_cannot_be_started_stays_first_and_says_why_until_it_can(ems):
    holder = hold(ems)
    first, second = queue(ems, "say"), queue(ems, "say")
    # Where the spec is to be: no file can take the place of a folder that is not empty.
    blocked = ems.state / "run" / first["job_id"] / "spec.json"
    (blocked / "x").mkdir(parents=True)
    let_go(ems)
    ems.finish(holder["job_id"])
    job = eventually(lambda: (lambda job: job if job["detail"] else None)(
        ems.status(first["job_id"])))
    assert "cannot be started yet" in job["detail"] and job["position"] == 1
    assert ems.status(second["job_id"])["position"] == 2
    names = (ems.state / "results" / ".run_ids").read_text()
    reply = ems.client.ask("run", profile="say")
    assert reply.status == 409 and reply.body["job"]["job_id"] == first["job_id"]
    retried = eventually(lambda: ems.status(first["job_id"])["detail"])
    time.sleep(1.2)  # in which it is tried again
    assert retried and (ems.state / "results" / ".run_ids").read_text() == names
    (blocked / "x").rmdir()
    blocked.rmdir()
    assert ems.finish(first["job_id"])["status"] == "completed"
    assert ems.finish(second["job_id"])["status"] == "completed"
    assert ems.record(first["job_id"])["detail"] is None


def test_what_can_never_be_started_is_refused_when_it_is_asked_for(ems):
    hold(ems)
    assert queue(ems, "not-executable")["status"] == "queued"
    reply = ems.client.ask("run", profile="typed", if_busy="queue", params={})
    assert reply.status == 400 and reply.body["parameter"] == "must"
    assert ems.client.ask("run", profile="none", if_busy="queue").status == 404
    reply = ems.client.ask("run", profile="say", if_busy="wait")
    assert reply.status == 400 and "if_busy" in reply.error
    let_go(ems)
    job = ems.finish("last")
    assert (job["status"], job["reason"]) == ("failed", "spawn")


def test_what_a_request_may_ask_for_is_bounded_by_the_profile(ems):
    for key, wrong, good in (("grace_ms", 3001, 3000), ("time_limit_ms", 60001, 60000),
                             ("time_limit_ms", 0, 1000)):
        reply = ems.client.ask("run", profile="bounded", **{key: wrong})
        assert reply.status == 400 and reply.body["parameter"] == key and str(wrong) in reply.error
        job = ems.run("bounded", **{key: good})
        assert ems.record(job["job_id"])[key] == good
        reply = ems.cancel(job["job_id"], grace_ms=3001)
        assert reply.status == 400 and "3000" in reply.error
        assert ems.cancel(job["job_id"], grace_ms=100).status == 200


def test_the_grace_is_that_of_the_experiment_that_runs(ems):
    job = ems.run("graces")
    ems.wait_log(job["job_id"], b"ready\n")
    eventually(lambda: ems.status(job["job_id"])["current_experiment"] == "brief")
    before = time.monotonic()
    reply = ems.cancel(job["job_id"])
    assert reply.status == 200 and 0.2 <= time.monotonic() - before < 30
    assert reply.body["job"]["cancel"]["grace_ms"] == 200
    limited = ems.run("graces", time_limit_ms=4000)  # the profile's own is a minute
    ended = ems.finish(limited["job_id"])
    assert (ended["status"], ended["reason"], ended["exit"]["signal"]) == ("failed", "time_limit", 9)
    began, over = (datetime.fromisoformat(ended[key]) for key in ("started_at", "finished_at"))
    assert 4.2 <= (over - began).total_seconds() < 30
    asked = ems.run("graces", grace_ms=700)  # what the request asks for holds for all of them
    ems.wait_log(asked["job_id"], b"ready\n")
    eventually(lambda: ems.status(asked["job_id"])["current_experiment"] == "brief")
    assert ems.cancel(asked["job_id"]).body["job"]["cancel"]["grace_ms"] == 700


def test_an_experiment_that_takes_longer_than_it_may_ends_the_run(ems):
    ended = ems.finished("too-slow")
    assert (ended["status"], ended["reason"]) == ("failed", "time_limit"), ended
    assert "brief" in ended["detail"] and ended["time_limit_ms"] == 0
    began, over = (datetime.fromisoformat(ended[key]) for key in ("started_at", "finished_at"))
    assert 1.5 <= (over - began).total_seconds()


def test_a_job_runs_on_the_terms_of_its_profile(ems):
    job = ems.finished("limited")
    assert job["status"] == "completed", job
    said = ems.log(job["job_id"]).decode()
    assert "nice 7" in said and "cpus [0]" in said and "nofile 77" in said
    job = ems.finished("silent")
    assert (job["status"], job["reason"]) == ("failed", "silent")
    assert job["silence_limit_ms"] == 300
    job = ems.finished("chatty")
    assert (job["status"], job["reason"]) == ("failed", "log_limit")
    assert job["log_limit_bytes"] == 100000 and len(ems.log(job["job_id"])) < 200000


def seed_line(ems, count):
    """As if so many jobs had been accepted: files as the worker writes them; their ids in order."""
    holder = hold(ems)
    template = queue(ems, "say")
    ems.stop_part("worker")
    record = ems.record(template["job_id"])
    order = (ems.state / "run" / template["job_id"] / "order.json").read_bytes()
    history = []
    jobs = [template["job_id"]]
    for number in range(1, count):
        job_id, request_id = f"ab{number:010x}", f"{number:032x}"
        jobs.append(job_id)
        copy = record | {"job_id": job_id, "request_id": request_id, "arrival": number + 1}
        (ems.state / "logs" / "jobs" / f"{job_id}.json").write_text(json.dumps(copy))
        folder = ems.state / "run" / job_id
        folder.mkdir()
        (folder / "order.json").write_bytes(order)
        history.append(f"{job_id} {int(time.time() * 1000):015d} {request_id}\n")
    with open(ems.state / "logs" / "history", "a", encoding="ascii") as file:
        file.writelines(history)
    return holder, jobs


def test_a_full_line_of_ten_thousand_is_back_at_once_and_takes_no_more(ems, record_property):
    holder, jobs = seed_line(ems, BOUND)
    before = time.monotonic()
    ems.start_part("worker")
    ems.wait_ready()
    seconds = time.monotonic() - before
    record_property("restart_s", seconds)
    print(f"restart with {BOUND} queued jobs: {seconds:.2f} s")
    assert seconds < 20
    assert ems.status(jobs[-1])["position"] == BOUND and ems.status(jobs[0])["position"] == 1
    reply = ems.client.ask("run", profile="say", if_busy="queue")
    assert reply.status == 429 and "10000 jobs wait" in reply.error
    assert ems.client.ask("run", profile="say", delay_ms=5).status == 429
    assert ems.cancel(jobs[1]).status == 200
    late = queue(ems, "say", priority=31)
    assert late["position"] == 1 and ems.status(jobs[-1])["position"] == BOUND
    assert ems.client.ask("run", profile="say", if_busy="queue").status == 429
    let_go(ems, holder)
    assert ems.finish(late["job_id"])["status"] == "completed"
    # The rest is not waited for: what stands in the line is taken away as it is.
    ems.kill9("worker")
    eventually(lambda: not any(ems.state.glob("run/*/shim.json")) or
               any(ems.state.glob("run/*/exit.json")))
    for job_id in jobs:
        path = ems.state / "logs" / "jobs" / f"{job_id}.json"
        record = json.loads(path.read_text())
        if record["status"] == "queued":
            path.write_text(json.dumps(record | {"status": "cancelled"}))
            shutil.rmtree(ems.state / "run" / job_id)
    ems.start_part("worker")
    ems.wait_ready()
