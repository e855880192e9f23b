# SPDX-License-Identifier: MPL-2.0
"""One job stopped for another: it waits again, loses nothing that it may keep, and runs to its end.

Also what a run leaves for another to go on from, and running again what was run before."""
import random
import secrets
import threading
import time

import pytest

import procs
from ems1 import Client, OVER
from procs import eventually
from test_queue import hold, let_go, line, queue

PREEMPTED = b"Benchmark execution preempted."
RERUN = ("profile", "config", "notes", "labels", "priority")


def attempts(ems, job):
    """What the job noted of each of its attempts, after its id."""
    path = ems.work / "started"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split()[1:] for line in lines if line.split()[0] == job["job_id"]]


def first(ems, profile="first", priority=20, **body):
    """A job that may stop others; its record."""
    reply = ems.client.ask("run", profile=profile, preempt=True, priority=priority, **body)
    assert reply.status in (200, 202), reply
    return reply.body["job"]


def running(ems, job):
    return eventually(lambda: ems.status(job["job_id"])["status"] == "running")


def waiting(ems, job):
    """Until it waits again; its record."""
    def waits():
        now = ems.status(job["job_id"])
        return now if now["status"] == "queued" else None
    return eventually(waits)


def finish_all(ems, *jobs):
    let_go(ems)
    return [ems.finish(job["job_id"]) for job in jobs]


def test_a_job_of_lower_priority_makes_room_and_runs_again_afterwards(ems):
    low = hold(ems, notes="low")
    behind = queue(ems)
    high = first(ems)
    assert high["preempt"] is True
    running(ems, high)
    again = waiting(ems, low)
    assert (again["attempt"], again["preemptions"], again["reason"]) == (2, 1, "preempted")
    assert high["job_id"] in again["detail"] and again["preempted_by"] is None
    assert (again["started_at"], again["finished_at"], again["run_id"]) == (None, None, None)
    assert line(ems) == [low["job_id"], behind["job_id"]], "in front of its priority"
    assert ems.log(low["job_id"]).splitlines()[-1] == PREEMPTED
    assert ems.entries("results/.staging") == [ems.status(high["job_id"])["run_id"]]
    done, after, last = finish_all(ems, high, low, behind)
    assert [job["status"] for job in (done, after, last)] == ["completed"] * 3
    assert (after["attempt"], after["reason"], after["notes"]) == (2, None, "low")
    assert after["run_id"] != low["run_id"] and low["run_id"] not in ems.entries("results")
    assert [number for number, _ in attempts(ems, low)] == ["1", "2"]
    log = ems.log(low["job_id"])
    assert log.count(b"Starting benchmark: ") == 2 and log.endswith(b"done\n")
    assert after["log"] == {"bytes": len(log), "lines": len(log.splitlines())}
    assert after["started_at"] >= done["finished_at"]


def test_a_monitor_that_follows_sees_both_attempts_and_every_byte_once(ems):
    low = hold(ems)
    path = ems.base / "followed"
    follower = ems.follow(low["job_id"], path)
    eventually(lambda: path.stat().st_size > 0)
    high = first(ems)
    running(ems, high)
    finish_all(ems, high, low)
    _, said = follower.communicate(timeout=60)
    assert path.read_bytes() == ems.log(low["job_id"]) and b"completed" in said


def test_who_must_not_preempt_is_told_so(ems):
    low = hold(ems)
    reply = ems.client.ask("run", profile="say", preempt=True, priority=31)
    assert reply.status == 403 and "may_preempt" in reply.error
    for body in ({"priority": 16}, {"priority": 3}):
        reply = ems.client.ask("run", profile="first", preempt=True, **body)
        assert reply.status == 409 and reply.body["job"]["job_id"] == low["job_id"]
        assert "is not stopped for this one: its priority is not lower" in reply.error
    said = ems.ems("run", "first", "--preempt")
    assert said.returncode == 75 and "its priority is not lower" in said.stderr
    reply = ems.client.ask("run", profile="first", priority=31)
    assert reply.status == 409, "the right alone stops nobody; it must be asked for"
    assert ems.client.ask("run", profile="first", preempt="yes").status == 400
    equal = first(ems, priority=16, if_busy="queue")
    assert equal["status"] == "queued"
    assert ems.status(low["job_id"])["attempt"] == 1
    assert ems.client.ask("priority", job_id=equal["job_id"], priority=17).status == 200
    running(ems, equal)
    assert waiting(ems, low)["attempt"] == 2
    finish_all(ems, low, equal)


def test_a_profile_can_say_that_its_jobs_are_not_to_be_stopped(ems):
    low = hold(ems, "unmoved")
    reply = ems.client.ask("run", profile="first", preempt=True, priority=31)
    assert reply.status == 409 and "preemptible = 0" in reply.error
    high = first(ems, if_busy="queue")
    assert high["status"] == "queued"
    finish_all(ems, low, high)
    assert ems.status(low["job_id"])["attempt"] == 1


def test_no_job_is_stopped_more_often_than_its_profile_allows(ems):
    low = hold(ems, "once-moved")
    high = first(ems)
    running(ems, high)
    let_go(ems, high)
    running(ems, low)
    assert ems.client.ask("run", profile="first", preempt=True, priority=31).status == 409
    second = first(ems, if_busy="queue")
    assert second["status"] == "queued"
    low, _ = finish_all(ems, low, second)
    assert (low["preemptions"], low["attempt"], low["status"]) == (1, 2, "completed")


def test_a_delayed_job_stops_another_when_its_time_has_come(ems):
    low = hold(ems)
    high = first(ems, delay_ms=700)
    assert high["status"] == "queued" and ems.status(low["job_id"])["status"] == "running"
    running(ems, high)
    assert waiting(ems, low)["preemptions"] == 1
    finish_all(ems, low, high)


def test_a_stubborn_job_is_killed_after_its_grace(ems):
    low = ems.run("ignores", grace_ms=300)
    ems.wait_log(low["job_id"], b"ready\n")
    high = first(ems)
    running(ems, high)
    assert b"got SIGTERM\n" + PREEMPTED in ems.log(low["job_id"])
    let_go(ems)
    ems.finish(high["job_id"])
    running(ems, low)
    assert ems.cancel(low["job_id"], grace_ms=0).body["job"]["attempt"] == 2


def test_a_paused_job_is_preempted_too(ems):
    low = hold(ems)
    assert ems.client.ask("pause", job_id=low["job_id"]).status == 200
    high = first(ems)
    running(ems, high)
    job = waiting(ems, low)
    assert job["paused_at"] is None and job["preemptions"] == 1
    assert [job["status"] for job in finish_all(ems, high, low)] == ["completed"] * 2


def preempting(ems):
    """A job that is being stopped for another and takes its time; both records."""
    low = ems.run("patient")
    ems.wait_log(low["job_id"], b"ready\n")
    high = first(ems)
    ems.wait_log(low["job_id"], b"got SIGTERM\n")
    job = ems.status(low["job_id"])
    assert (job["status"], job["preempted_by"]) == ("running", high["job_id"])
    return low, high


def test_while_a_job_is_stopped_for_another_it_can_be_cancelled_but_not_paused(ems):
    low, high = preempting(ems)
    for type in ("pause", "resume"):
        reply = ems.client.ask(type, job_id=low["job_id"])
        assert reply.status == 409 and "stopped for another" in reply.error
    reply = ems.cancel(low["job_id"], grace_ms=0)
    job = reply.body["job"]
    assert reply.status == 200 and (job["status"], job["preempted_by"]) == ("cancelled", None)
    assert not procs.mentioning(f"EMS_JOB_ID={low['job_id']}")
    assert [done["status"] for done in finish_all(ems, high)] == ["completed"]
    assert ems.status(low["job_id"])["status"] == "cancelled"


def test_when_the_one_that_wanted_the_slot_is_cancelled_the_other_runs_again(ems):
    low, high = preempting(ems)
    assert ems.cancel(high["job_id"]).status == 200
    [main] = ems.pids()
    procs.kill(main)
    eventually(lambda: ems.status(low["job_id"])["attempt"] == 2)
    running(ems, low)
    assert ems.cancel(low["job_id"], grace_ms=0).status == 200


def test_a_job_that_is_stopped_for_another_is_so_under_the_next_worker_too(ems):
    low, high = preempting(ems)
    ems.kill9("worker")
    ems.start_part("worker")
    ems.wait_ready()
    assert ems.status(low["job_id"])["preempted_by"] == high["job_id"]
    [main] = ems.pids()
    procs.kill(main)
    running(ems, high)
    assert waiting(ems, low)["attempt"] == 2
    ems.cancel(low["job_id"])
    finish_all(ems, high)


# What a run leaves


def at_experiment(ems, job, number):
    """Until that experiment is under way and those before it are done."""
    eventually(lambda: ems.status(job["job_id"])["current_step"] == "experiment_start" and
               ems.status(job["job_id"])["experiments"]["done"] == number - 1)
    return ems.status(job["job_id"])


def second_of_three(ems, **body):
    job = ems.run("checkpoint", **body)
    (ems.work / "go.1").touch()
    return at_experiment(ems, job, 2)


def files_of(ems, run_id, folder="results"):
    path = ems.state / folder / run_id
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())


def test_a_preempted_run_goes_on_in_its_folder_after_what_is_done(ems):
    low = second_of_three(ems)
    high = first(ems)
    running(ems, high)
    again = waiting(ems, low)
    assert again["run_id"] == low["run_id"] and again["experiments"]["done"] == 0
    assert low["run_id"] in ems.entries("results/.staging")
    for part in ("worker", "worker"):
        ems.kill9(part)
        ems.start_part(part)
        ems.wait_ready()
    assert low["run_id"] in ems.entries("results/.staging")
    _, low = finish_all(ems, high, low)
    assert low["status"] == "completed" and not low["partial"]
    assert attempts(ems, low) == [["1", "0", low["run_id"]], ["2", "1", low["run_id"]]]
    assert b"kept 1\n" in ems.log(low["job_id"])
    assert files_of(ems, low["run_id"]) == ["1/by", "2/by", "3/by"]


@pytest.mark.parametrize("how", ["cancelled", "failed", "cancelled while it waits"])
def test_what_a_run_left_is_kept_apart_and_another_goes_on_from_there(ems, how):
    job = second_of_three(ems, notes="again", labels={"a": "b"}, priority=9)
    if how == "failed":
        ems.client.do("pause", job_id=job["job_id"])  # so that it is killed in the midst of it
        for who in procs.mentioning(f"EMS_JOB_ID={job['job_id']}"):
            procs.kill(who)
        job = ems.finish(job["job_id"])
    elif how == "cancelled":
        job = ems.cancel(job["job_id"]).body["job"]
    else:
        high = first(ems)
        waiting(ems, job)
        job = ems.cancel(job["job_id"]).body["job"]
        assert ems.cancel(high["job_id"]).status == 200
    assert job["status"] == how.split()[0] and job["partial"] is True
    assert ems.record(job["job_id"])["partial"] is True
    assert files_of(ems, job["run_id"], "results/.partial")[0] == "1/by"
    assert not ems.entries("results/.staging") and job["run_id"] not in ems.entries("results")
    id = secrets.token_hex(16)
    reply = ems.client.ask("rerun", id=id, job_id=job["job_id"], resume=True)
    more = reply.body["job"]
    assert reply.status == 202 and more["resumed_from"] == job["job_id"], reply
    assert {key: more[key] for key in RERUN} == {key: job[key] for key in RERUN}
    assert ems.client.ask("rerun", id=id, job_id=job["job_id"],
                          resume=True).body["job"]["job_id"] == more["job_id"]
    assert ems.status(job["job_id"])["partial"] is False and not ems.entries("results/.partial")
    reply = ems.client.ask("rerun", job_id=job["job_id"], resume=True)
    assert reply.status == 409 and "left nothing" in reply.error
    [more] = finish_all(ems, more)
    assert more["status"] == "completed" and more["run_id"] != job["run_id"]
    assert attempts(ems, more) == [["1", "1", more["run_id"]]]
    assert (ems.state / "results" / more["run_id"] / "1" / "by").read_text().strip() == job["job_id"]
    assert (ems.state / "results" / more["run_id"] / "2" / "by").read_text().strip() == more["job_id"]


def test_who_left_nothing_or_cannot_go_on_is_told_so(ems):
    nothing = ems.run("checkpoint")
    at_experiment(ems, nothing, 1)
    assert ems.cancel(nothing["job_id"]).body["job"]["partial"] is False
    assert not ems.entries("results/.partial")
    live = hold(ems)
    for job, word in ((nothing, "left nothing"), (live, "not over")):
        reply = ems.client.ask("rerun", job_id=job["job_id"], resume=True)
        assert reply.status == 409 and word in reply.error
    ems.cancel(live["job_id"])
    reply = ems.client.ask("rerun", job_id=live["job_id"], resume=True)
    assert reply.status == 409 and "resume" in reply.error
    assert ems.client.ask("rerun", job_id="f00d").status == 404
    assert ems.client.ask("rerun", job_id=live["job_id"], resume=1).status == 400
    assert not ems.entries("results/.partial") and not ems.entries("run")


def test_a_rerun_is_the_same_request_afresh(ems):
    asked = {"params": {"must": "x", "count": 3}, "notes": "n", "labels": {"a": "b"}, "priority": 4,
             "time_limit_ms": 70000, "grace_ms": 50}
    old = ems.finished("typed", **asked)
    reply = ems.client.ask("rerun", job_id=old["job_id"][:6])
    assert reply.status == 200
    new = ems.finish(reply.body["job"]["job_id"])
    same = (*RERUN, "time_limit_ms", "grace_ms")
    assert {key: new[key] for key in same} == {key: old[key] for key in same}
    assert new["job_id"] != old["job_id"] and new["resumed_from"] is None
    let = ems.run("waits")
    reply = ems.client.ask("rerun", job_id=old["job_id"])
    assert reply.status == 409 and reply.body["job"]["job_id"] == let["job_id"]
    reply = ems.client.ask("rerun", job_id=old["job_id"], if_busy="queue", priority=7)
    assert reply.status == 202 and reply.body["job"]["priority"] == 7
    finish_all(ems, let, reply.body["job"])


def test_a_rerun_is_held_against_the_profile_as_it_is_now(ems):
    old = ems.finished("typed", params={"must": "x", "count": 300})
    ems.config.write_text(ems.config.read_text().replace('max = "1000"', 'max = "100"'))
    ems.restart("worker")
    reply = ems.client.ask("rerun", job_id=old["job_id"])
    assert reply.status == 400 and reply.body["parameter"] == "count"


def test_a_hand_over_that_was_cut_off_is_finished_by_the_next_worker(ems):
    job = second_of_three(ems)
    job = ems.cancel(job["job_id"]).body["job"]
    holder = hold(ems)
    more = ems.client.do("rerun", job_id=job["job_id"], resume=True)["job"]
    ems.stop_part("worker")
    # As it is between the record and the move.
    staged = ems.state / "results" / ".staging" / ems.record(more["job_id"])["run_id"]
    staged.rename(ems.state / "results" / ".partial" / job["run_id"])
    ems.start_part("worker")
    ems.wait_ready()
    assert not ems.entries("results/.partial") and staged.is_dir()
    _, more = finish_all(ems, holder, more)
    assert more["status"] == "completed" and b"kept 1\n" in ems.log(more["job_id"])


# Crashes and races


def check_over(ems, job):
    assert job["status"] in OVER
    assert (job["run_id"] in ems.entries("results")) == (job["status"] == "completed")
    assert procs.mentioning(f"EMS_JOB_ID={job['job_id']}") == {}
    assert job["preempted_by"] is None and ems.record(job["job_id"])["status"] == job["status"]


def kill_worker_at_some_moment(ems, chance):
    # The moment must be any, so this time is not one that anybody waits for.
    time.sleep(chance.random() * chance.choice((0.002, 0.01, 0.05, 0.2)))
    ems.kill9("worker")
    ems.start_part("worker")
    ems.wait_ready()


def check_attempts(ems, job):
    """No attempt ran twice, and those that ran are no more than the record counts."""
    numbers = [int(words[0]) for words in attempts(ems, job)]
    assert numbers == sorted(set(numbers)), numbers
    assert not numbers or numbers[-1] <= job["attempt"]
    assert job["attempt"] == job["preemptions"] + 1
    if job["status"] == "completed":
        assert numbers[-1] == job["attempt"]
    log = ems.log(job["job_id"]) if numbers else b""
    assert log.count(b"Starting benchmark: ") == len(numbers)


@pytest.mark.parametrize("cgroup", ["auto", "none"])
@pytest.mark.parametrize("seed", [1, 2])
def test_whenever_the_worker_is_killed_jobs_in_line_are_carried_out_once_and_in_order(ems, seed):
    chance = random.Random(f"line {seed}")
    jobs = []
    for _ in range(8):
        request = {"id": secrets.token_hex(16), "type": "run",
                   "body": {"profile": "once", "if_busy": "queue",
                            "priority": chance.choice([3, 3, 16])}}
        ems.client.send(request)
        kill_worker_at_some_moment(ems, chance)
        reply = ems.client.ask("run", id=request["id"], **request["body"])
        assert reply.status in (200, 202), reply
        jobs.append(reply.body["job"]["job_id"])
        if chance.random() < 0.3:
            kill_worker_at_some_moment(ems, chance)
    for _ in range(6):
        kill_worker_at_some_moment(ems, chance)
    done = [ems.finish(job_id) for job_id in jobs]
    for job in done:
        check_over(ems, job)
        assert job["status"] == "completed", job
    times = (ems.work / "started").read_text().split()
    assert sorted(times) == sorted(jobs), "each once"
    assert not ems.entries("run") and not ems.entries("results/.staging")


@pytest.mark.parametrize("cgroup", ["auto", "none"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whenever_the_worker_is_killed_a_preempted_job_runs_to_its_end(ems, seed):
    chance = random.Random(f"preempt {seed}")
    for number in range(3):
        for path in ems.work.glob("go*"):
            path.unlink()
        low = hold(ems, priority=5) if number % 2 else second_of_three(ems, priority=5)
        (ems.work / "go.1").unlink(missing_ok=True)
        request = {"id": secrets.token_hex(16), "type": "run",
                   "body": {"profile": "first", "preempt": True, "priority": 20,
                            "if_busy": "queue"}}
        ems.client.send(request)
        kill_worker_at_some_moment(ems, chance)
        reply = ems.client.ask("run", id=request["id"], **request["body"])
        high = reply.body["job"]
        for _ in range(chance.randrange(4)):
            kill_worker_at_some_moment(ems, chance)
        let_go(ems)
        kill_worker_at_some_moment(ems, chance)
        for job in (high, low):
            job = ems.finish(job["job_id"])
            check_over(ems, job)
            assert job["status"] == "completed", job
            check_attempts(ems, job)
        assert not ems.entries("run") and not ems.entries("results/.staging")


@pytest.mark.parametrize("seed", [1])
def test_preemption_cancel_priority_and_the_end_race_to_one_end(ems, seed):
    chance = random.Random(f"race {seed}")
    for _ in range(10):
        (ems.work / "go").unlink(missing_ok=True)
        low = hold(ems, priority=5)
        replies = []

        def ask(type, after_s, **body):
            client = Client(ems.endpoint("clients"))
            time.sleep(after_s)  # the moment must be any
            replies.append((type, client.ask(type, **body)))
            client.close()
        wishes = [("run", {"profile": "first", "preempt": True, "priority": 20,
                           "if_busy": "queue"}),
                  ("cancel", {"job_id": low["job_id"]}),
                  ("pause", {"job_id": low["job_id"]}),
                  ("priority", {"job_id": low["job_id"], "priority": 30})]
        threads = [threading.Thread(target=ask, args=(type, chance.random() * 0.04), kwargs=body)
                   for type, body in wishes]
        threads.append(threading.Thread(target=lambda: (time.sleep(chance.random() * 0.04),
                                                        let_go(ems))))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        let_go(ems)
        answers = dict(replies)
        done = ems.finish(low["job_id"])
        assert answers["run"].status in (200, 202)
        high = ems.finish(answers["run"].body["job"]["job_id"])
        assert high["status"] == "completed"
        assert (answers["cancel"].status == 200) == (done["status"] == "cancelled"), answers
        assert answers["cancel"].status in (200, 409) and answers["pause"].status in (200, 409)
        for job in (done, high):
            check_over(ems, job)
        check_attempts(ems, done)
