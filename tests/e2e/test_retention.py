# SPDX-License-Identifier: MPL-2.0
"""What becomes of jobs that are over: what goes and why, what stays in any case, and when."""
import json
import os
import re
import secrets
import shutil
import subprocess
import time

import pytest

from procs import eventually
from system import BIN
from test_preempt import second_of_three
from test_queue import hold, let_go, queue

DAY_S = 86400
POLICY = {"days": 0, "keep_last": 0, "max_bytes": 0}


def retain(ems, **limits):
    """Restart the worker with that retention; none: without the section."""
    write_limits(ems, **limits)
    ems.restart("worker")


def write_limits(ems, **limits):
    text = re.sub(r"^retention\n(    .*\n)*", "", ems.config.read_text(), flags=re.M)
    section = "".join(f"    {key} = {value}\n" for key, value in limits.items())
    ems.config.write_text(text + ("retention\n" + section if limits else ""))


def ids(jobs):
    return [job["job_id"] for job in jobs]


def prune(ems, **body):
    reply = ems.client.ask("prune", **body)
    assert reply.status == 200, reply
    return reply.body


def files_of(ems, job):
    """All that there is of a job: {path: bytes}."""
    found = {}
    places = [f"logs/jobs/{job['job_id']}.json", f"logs/{job['job_id']}.log",
              f"logs/{job['job_id']}.times"]
    if job["run_id"]:
        places += [f"results/{job['run_id']}", f"results/.partial/{job['run_id']}"]
    for place in places:
        path = ems.state / place
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        found |= {str(file.relative_to(ems.state)): file.stat().st_size for file in files}
    return found


def check_whole(ems, job):
    """Is it there as a whole (True) or gone as a whole (False)? Anything else fails."""
    left = files_of(ems, job)
    if not left:
        assert ems.client.ask("status", job_id=job["job_id"]).status == 404
        return False
    now = ems.status(job["job_id"])
    assert f"logs/jobs/{job['job_id']}.json" in left, left
    assert (f"logs/{job['job_id']}.log" in left) == (job["started_at"] is not None), left
    published = f"results/{job['run_id']}/" in " ".join(left)
    apart = f"results/.partial/{job['run_id']}/" in " ".join(left)
    assert published == (now["status"] == "completed"), left
    assert apart == now["partial"], left
    return True


def gone(ems, *jobs):
    """Until they are gone, as a whole and for everybody."""
    for job in jobs:
        eventually(lambda job=job: not (ems.state / "logs/jobs" / f"{job['job_id']}.json").exists())
        eventually(lambda job=job: not files_of(ems, job))
        for type in ("status", "logs", "keep", "cancel", "rerun"):
            reply = ems.client.ask(type, job_id=job["job_id"])
            assert reply.status == 404 and "was removed" in reply.error, reply
    eventually(lambda: not ems.entries("results/.staging"))
    runs = {run["run_id"] for run in ems.client.do("results", limit=500)["runs"]}
    assert not runs & {job["run_id"] for job in jobs}


def there(ems, *jobs):
    for job in jobs:
        assert check_whole(ems, job)


def age(ems, job, days):
    """Let a job have been over for so long; the worker must not run."""
    path = ems.state / "logs/jobs" / f"{job['job_id']}.json"
    record = json.loads(path.read_text())
    past = time.gmtime(time.time() - days * DAY_S)
    record["finished_at"] = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", past)
    path.write_text(json.dumps(record))


def left_apart(ems, **body):
    """A job that was cancelled and left something to go on from."""
    job = second_of_three(ems, **body)
    return ems.cancel(job["job_id"]).body["job"]


# What goes


def test_without_limits_nothing_is_ever_removed(ems):
    jobs = [ems.finished("say") for _ in range(3)]
    ems.stop_part("worker")
    for job in jobs:
        age(ems, job, 9999)
    ems.start_part("worker")
    ems.wait_ready()
    assert prune(ems) == {"removed": [], "count": 0, "bytes": 0, "retention": POLICY}
    retain(ems, days=0, keep_last=0, max_bytes=0)
    assert prune(ems)["count"] == 0
    there(ems, *jobs)


def test_the_newest_of_each_kind_stay_and_the_rest_goes_as_a_whole(ems):
    retain(ems, keep_last=2)
    done, failed = [], []
    for _ in range(4):
        done.append(ems.finished("say"))
        failed.append(ems.finished("exits", params={"n": 3}))
    gone(ems, *done[:2], *failed[:2])
    there(ems, *done[2:], *failed[2:])
    assert ids(ems.jobs()) == ids([failed[3], done[3], failed[2], done[2]])
    assert ems.client.ask("status", job_id="last").body["job"]["job_id"] == failed[3]["job_id"]
    assert [run["job_id"] for run in ems.client.do("results")["runs"]] == ids([done[3], done[2]])
    reply = ems.client.ask("status", job_id=done[0]["job_id"][:11])
    assert reply.status == 404
    reply = ems.client.ask("status", job_id=done[0]["run_id"])
    assert reply.status == 404 and "was removed" in reply.error


def test_what_was_cancelled_goes_with_what_it_left(ems):
    first = left_apart(ems)
    assert files_of(ems, first) and first["partial"]
    runs = ems.client.do("results", partial=True)["runs"]
    assert [(run["run_id"], run["job_id"]) for run in runs] == [(first["run_id"], first["job_id"])]
    assert runs[0]["path"] == f"{ems.state}/results/.partial/{first['run_id']}"
    assert runs[0]["experiments"] == ["1"]
    assert ems.client.do("results")["runs"] == []
    assert ems.client.ask("results", partial="yes").status == 400
    retain(ems, keep_last=1)
    there(ems, first)
    second = ems.finished("exits", params={"n": 1})
    gone(ems, first)
    there(ems, second)
    assert ems.client.do("results", partial=True)["runs"] == []


def test_what_is_older_than_so_many_days_goes_unless_it_is_among_the_last(ems):
    jobs = [ems.finished("say") for _ in range(4)]
    ems.stop_part("worker")
    for job, days in zip(jobs, (40, 31, 99, 29)):
        age(ems, job, days)
    write_limits(ems, days=30, keep_last=2)
    ems.start_part("worker")
    gone(ems, jobs[0], jobs[2])
    there(ems, jobs[1], jobs[3])
    write_limits(ems, days=30)
    ems.restart("worker")
    gone(ems, jobs[1])
    there(ems, jobs[3])


def test_the_oldest_go_until_the_rest_is_small_enough(ems):
    jobs = [ems.finished("say") for _ in range(5)]
    for job, size in zip(jobs, (1000, 1000, 100000, 100000, 1000)):
        (ems.state / "results" / job["run_id"] / "say" / "data").write_bytes(bytes(size))
    newest = sum(sum(files_of(ems, job).values()) for job in jobs[3:])
    retain(ems, max_bytes=newest)
    gone(ems, *jobs[:3])
    there(ems, *jobs[3:])
    retain(ems, max_bytes=newest - 1)
    gone(ems, jobs[3])
    retain(ems, max_bytes=1)
    assert prune(ems)["count"] == 0
    there(ems, jobs[4])


def test_a_dry_run_says_what_goes_and_why_and_then_that_goes(ems):
    jobs = [ems.finished("say") for _ in range(3)] + [left_apart(ems)]
    jobs += [ems.finished("exits", params={"n": 2}) for _ in range(2)]
    live = hold(ems)  # so that nothing goes by itself
    sizes = {job["job_id"]: sum(files_of(ems, job).values()) for job in jobs}
    retain(ems, keep_last=1)
    told = prune(ems, dry_run=True)
    there(ems, *jobs)
    going = [jobs[4], jobs[3], jobs[1], jobs[0]]
    assert [(item["job_id"], item["run_id"]) for item in told["removed"]] == [
        (job["job_id"], job["run_id"]) for job in going]
    assert [item["bytes"] for item in told["removed"]] == [sizes[job["job_id"]] for job in going]
    assert [item["reason"] for item in told["removed"]] == [
        "not among the last 1 that did not complete"] * 2 + [
        "not among the last 1 that completed"] * 2
    assert told["count"] == 4 and told["bytes"] == sum(item["bytes"] for item in told["removed"])
    assert told["retention"] == POLICY | {"keep_last": 1}
    assert prune(ems, dry_run=True) == told
    id = secrets.token_hex(16)
    assert prune(ems, id=id) == told, "a job runs, but somebody asked"
    assert not [job for job in going if files_of(ems, job)], "answered after the effect"
    assert [name for name in ems.entries("results/.staging") if name != live["run_id"]] == []
    assert prune(ems, id=id) == told, "the same answer to the same request"
    assert prune(ems)["removed"] == []
    let_go(ems)
    ems.finish(live["job_id"])
    gone(ems, *going)


def test_bad_requests_are_refused_with_a_sentence(ems):
    for type, body, status, word in (
            ("prune", {"dry_run": 1}, 400, "dry_run"), ("keep", {}, 400, "job_id"),
            ("keep", {"job_id": 7}, 400, "job_id"), ("unkeep", {"job_id": "x y"}, 400, "run"),
            ("keep", {"job_id": "f00df00df00d"}, 404, "no job"),
            ("keep", {"job_id": "last"}, 404, "no job"),
            ("unkeep", {"job_id": "2020-02-02_02-02-02"}, 404, "no run"),
            ("keep", {"job_id": "2020-02-02"}, 404, "no run")):
        reply = ems.client.ask(type, **body)
        assert reply.status == status and word in reply.error, (type, body, reply)


@pytest.mark.parametrize("line, word", [
    ("days = -1", "retention/days"), ("days = soon", "retention/days"),
    ("keep_last = 2.5", "retention/keep_last"), ("max_bytes = 10G", "retention/max_bytes"),
    ("keep = 3", "retention/keep")])
def test_a_wrong_configuration_is_refused_by_line_and_key(ems, tmp_path, line, word):
    config = tmp_path / "ems.zpl"
    config.write_text(f"retention\n    {line}\n" + ems.config.read_text())
    ended = subprocess.run([BIN / "ems-worker", "--state", tmp_path / "s", "--config", config],
                           capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 78 and f"{config}:2: {word}" in ended.stderr, ended.stderr


# What stays


def test_what_is_kept_is_neither_removed_nor_counted(ems):
    retain(ems, keep_last=1)
    first = ems.finished("say")
    for name in (first["job_id"], first["job_id"][:8], "last", first["run_id"]):
        for type, kept in (("keep", True), ("keep", True), ("unkeep", False)):
            reply = ems.client.ask(type, job_id=name)
            assert reply.status == 200 and reply.body["job"]["kept"] is kept
            assert ems.record(first["job_id"])["kept"] is kept, "durable before it is told"
    id = secrets.token_hex(16)
    assert ems.client.ask("keep", id=id, job_id="last").body["job"]["job_id"] == first["job_id"]
    second, third = ems.finished("say"), ems.finished("say")
    gone(ems, second)
    there(ems, first, third)
    reply = ems.client.ask("keep", id=id, job_id="last")
    assert reply.body["job"]["job_id"] == first["job_id"], "the same answer to the same request"
    ems.kill9("worker")
    ems.start_part("worker")
    ems.wait_ready()
    assert ems.status(first["job_id"])["kept"] is True
    assert prune(ems, dry_run=True)["removed"] == []
    assert ems.client.ask("unkeep", job_id=first["job_id"]).status == 200
    assert [item["job_id"] for item in prune(ems)["removed"]] == [first["job_id"]]
    gone(ems, first)


def test_a_job_that_is_not_over_can_be_kept(ems):
    retain(ems, keep_last=1)
    live, waits = hold(ems), queue(ems, "say")
    for job in (live, waits):
        kept = ems.client.ask("keep", job_id=job["job_id"]).body["job"]
        assert kept["kept"] is True and kept["status"] == job["status"]
        assert ems.record(job["job_id"])["kept"] is True
    ems.kill9("worker")
    ems.start_part("worker")
    ems.wait_ready()
    let_go(ems)
    for job in (live, waits):
        assert ems.finish(job["job_id"])["kept"] is True
    newer = [ems.finished("say") for _ in range(2)]
    gone(ems, newer[0])
    there(ems, *map(ems.finish, ids([live, waits])), newer[1])


def test_what_a_waiting_job_needs_stays_until_that_one_is_over(ems):
    source, forerunner = left_apart(ems), ems.finished("say")
    (ems.work / "go.1").unlink()
    others = [ems.finished("say"), ems.finished("exits", params={"n": 1})]
    live = hold(ems)
    after = queue(ems, "say", after=forerunner["job_id"])
    more = ems.client.do("rerun", job_id=source["job_id"], resume=True)["job"]
    for job in (live, after):
        ems.client.do("keep", job_id=job["job_id"])
    retain(ems, keep_last=1)
    for _ in range(2):
        assert prune(ems)["removed"] == []
        there(ems, forerunner)
        assert ems.status(source["job_id"])["partial"] is False
        ems.restart("worker")  # what waits reads again what it needs
    let_go(ems)
    assert ems.finish(after["job_id"])["status"] == "completed"
    assert ems.finish(more["job_id"])["status"] == "completed"
    gone(ems, forerunner, others[0], source)
    there(ems, ems.status(more["job_id"]), others[1])


def test_who_was_accepted_early_and_ends_late_is_not_removed_at_once(ems):
    retain(ems, keep_last=1)
    holder = hold(ems)
    early = queue(ems, "say", priority=1)
    late = [queue(ems, "say", priority=20) for _ in range(3)]
    let_go(ems)
    done = ems.finish(early["job_id"])
    gone(ems, holder, *late)
    there(ems, done)


def test_what_ems_did_not_make_is_never_touched(ems):
    old = [ems.finished("say") for _ in range(2)]
    foreign = {"results/2020-01-01/a/x": "old", "results/notes.txt": "mine", "results/.own/x": "mine",
               "results/2020-01-01_01-01-01/x": "nobody's", "results/.partial/2020-01-01_01-01-01/x": "",
               "results/.partial/.x": "mine", "logs/other.log": "mine", "logs/jobs/readme": "mine",
               "logs/0123456789ab.log": "of no job", "logs/.x": "mine", "x/y": "mine"}
    for name, text in foreign.items():
        path = ems.state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (0, 0))
    # The results of one were moved away by somebody, and a link leads to them.
    moved = ems.base / "moved"
    published = ems.state / "results" / old[0]["run_id"]
    published.rename(moved)
    published.symlink_to(moved)
    retain(ems, keep_last=1, days=0, max_bytes=1)
    eventually(lambda: not (ems.state / "logs/jobs" / f"{old[0]['job_id']}.json").exists())
    assert prune(ems)["count"] == 0
    for name, text in foreign.items():
        assert (ems.state / name).read_text() == text
    assert published.is_symlink() and (moved / "say" / "summary.md").exists()
    there(ems, old[1])
    shutil.rmtree(ems.state / "x")


# When


def test_nothing_goes_by_itself_while_a_job_runs(ems):
    old = [ems.finished("say") for _ in range(3)]
    live = hold(ems)
    retain(ems, keep_last=1)
    for _ in range(20):  # what would be done would be done by now
        assert ems.status("last")["status"] == "running"
        time.sleep(0.02)
    there(ems, *old)
    let_go(ems)
    ems.finish(live["job_id"])
    gone(ems, *old)


def test_between_two_jobs_of_the_line_there_is_time_for_it(ems):
    for _ in range(5):
        ems.finished("say")
    holder = hold(ems)
    line = [queue(ems, "say") for _ in range(3)] + [queue(ems)]
    retain(ems, keep_last=1)
    let_go(ems, holder)
    eventually(lambda: ems.status(line[-1]["job_id"])["status"] == "running")
    there_ids = [name.split(".")[0] for name in ems.entries("logs/jobs")]
    assert sorted(there_ids) == sorted(ids(line[-2:])), "one that is over, and the one that runs"
    let_go(ems)
    ems.finish(line[-1]["job_id"])


def test_a_large_run_is_removed_a_little_at_a_time(ems):
    old = ems.finished("say")
    folder = ems.state / "results" / old["run_id"] / "many"
    for number in range(20):
        (folder / str(number)).mkdir(parents=True)
        for file in range(1000):
            (folder / str(number) / str(file)).touch()
    retain(ems, keep_last=1)
    ems.finished("say")
    slowest = 0
    while (ems.state / "logs" / f"{old['job_id']}.log").exists() or ems.entries("results/.staging"):
        began = time.monotonic()
        ems.client.do("ping", worker="bench-1")
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 1, "others are served meanwhile"
    gone(ems, old)
