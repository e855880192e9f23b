# SPDX-License-Identifier: MPL-2.0
"""Whatever goes does so as a whole, whoever is killed, asks, reads, keeps or runs meanwhile.

Another seed, or more moments at which a removal is killed: EMS_SEED=N, EMS_POINTS=N."""
import os
import random
import secrets
import shutil
import signal
import subprocess
import threading

import pytest

import kill_point
import procs
from ems1 import Client
from procs import eventually
from shimjob import cannot
from system import BIN
from test_queue import hold, let_go
from test_retention import check_whole, gone, ids, left_apart, prune, retain, there, write_limits

SEED = int(os.environ.get("EMS_SEED", "1"))
POINTS = int(os.environ.get("EMS_POINTS", "25"))  # at which a removal is killed


def test_a_run_whose_job_was_removed_is_not_run_again(ems):
    retain(ems, keep_last=1)
    id = secrets.token_hex(16)
    job = ems.client.ask("run", id=id, profile="once").body["job"]
    ems.finish(job["job_id"])
    ems.finished("say")
    gone(ems, job)
    for again in range(2):
        for _ in range(2):
            reply = ems.client.ask("run", id=id, again=True, profile="once")
            assert reply.status == 404 and "was removed" in reply.error, reply
        found = ems.client.do("find", request_id=id)["matches"]
        assert ids(found) == [job["job_id"]], "a broker must not give it to another worker"
        ems.restart("worker")
    assert len(ems.jobs()) == 1


def test_who_reads_while_it_goes_reads_the_whole_or_is_told(ems):
    old = ems.finished("raw", params={"n": 3000})
    log = ems.log(old["job_id"])
    ems.finished("say")
    hold(ems)
    retain(ems, keep_last=1)
    data = b""
    while len(data) < len(log):
        reply = ems.client.ask("logs", job_id=old["job_id"], offset=len(data), max_bytes=len(log) // 8)
        if reply.status != 200:
            break
        data += reply.body["data"]
        if len(data) > len(log) // 2:
            prune(ems)
    assert log.startswith(data) and reply.status == 404 and "was removed" in reply.error
    let_go(ems)


@pytest.fixture
def on_small_disk(ems):
    """The state folder on a disk of its own, of 4 MiB."""
    for name in ("worker", "broker"):
        ems.stop_part(name)
    shutil.rmtree(ems.state)
    ems.state.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "ems-test", ems.state],
                             capture_output=True, text=True, check=False)
    if mounted.returncode:
        cannot("no small disk can be mounted here: " + mounted.stderr)
    try:
        ems.start()
        yield ems
    finally:
        ems.end_jobs()
        for name in ("worker", "broker"):
            ems.stop_part(name)
        eventually(lambda: not procs.mentioning(str(ems.state)))
        subprocess.run(["umount", ems.state], check=True)


def fill(path):
    """Not a byte more fits on its disk."""
    with open(path, "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def test_a_full_disk_keeps_nobody_from_making_room(on_small_disk):
    ems = on_small_disk
    old = [ems.finished("say") for _ in range(3)]
    live = hold(ems)
    retain(ems, keep_last=1)
    fill(ems.state / "filler")
    assert ids(prune(ems)["removed"]) == ids([old[1], old[0]])
    (ems.state / "filler").unlink()
    there(ems, old[2])
    let_go(ems)
    ems.finish(live["job_id"])
    gone(ems, *old)


class Template:
    """A state folder with jobs of all kinds, to be put in its place again and again."""

    def __init__(self, ems):
        self.ems = ems
        self.kept = ems.finished("say")
        ems.client.do("keep", job_id=self.kept["job_id"])
        self.apart = left_apart(ems)
        self.going = [ems.finished("say"), self.apart, ems.finished("exits", params={"n": 1})]
        self.staying = [self.kept, ems.finished("say"), ems.finished("exits", params={"n": 1})]
        ems.stop_part("worker")
        ems.stop_part("broker")
        self.folder = ems.base / "template"
        shutil.copytree(ems.state, self.folder, ignore=shutil.ignore_patterns("sock"))

    def restore(self):
        shutil.rmtree(self.ems.state)
        shutil.copytree(self.folder, self.ems.state)


def removed_lines(ems):
    path = ems.state / "logs/removed"
    return path.read_text().split() if path.exists() else []


def killed_in_removal(ems, kill_before=None):
    """Start a worker that removes, and kill it before that system call since the first removal was
    noted, or when all is removed. None: stop it then. How many calls it made."""
    write_limits(ems, keep_last=1)
    over = threading.Event()
    end = signal.SIGTERM if kill_before is None else signal.SIGKILL
    watcher = threading.Thread(target=end_when_removed, args=(ems, over, end))
    watcher.start()
    command = [str(BIN / "ems-worker"), "--state", str(ems.state), "--config", str(ems.config)]
    with open(ems.base / "killed.stderr", "ab") as output:
        calls, code = kill_point.run(command, ems.environment, output, kill_before,
                                     lambda: bool(removed_lines(ems)))
    over.set()
    watcher.join()
    assert code == (0 if kill_before is None else -signal.SIGKILL)
    return calls


def end_when_removed(ems, over, end):
    def done():
        return over.is_set() or (len(removed_lines(ems)) == 3 and
                                 not ems.entries("results/.staging") and
                                 not set(ems.entries("results/.partial")))
    eventually(done)
    if not over.wait(0.1):
        os.kill(int((ems.state / "worker.lock").read_text()), end)


def check_after_kill(ems, template):
    """A worker that removes nothing more finishes what was begun, and nothing else."""
    noted = removed_lines(ems)
    write_limits(ems)
    ems.start()
    for job in template.going:
        assert check_whole(ems, job) == (job["job_id"] not in noted), noted
    for job in template.staying:
        assert check_whole(ems, job)
    assert removed_lines(ems) == noted and len(set(noted)) == len(noted)
    eventually(lambda: not ems.entries("results/.staging"))
    for name in ("worker", "broker"):
        ems.stop_part(name)


def test_a_removal_that_is_killed_at_any_moment_is_finished_by_the_next_worker(ems):
    template = Template(ems)
    template.restore()
    calls = killed_in_removal(ems)
    assert len(removed_lines(ems)) == 3
    check_after_kill(ems, template)
    points = sorted(random.Random(SEED).sample(range(1, calls), min(POINTS, calls - 1)))
    for point in points:
        template.restore()
        killed_in_removal(ems, point)
        check_after_kill(ems, template)
    template.restore()
    retain_and_start(ems, keep_last=1)
    gone(ems, *template.going)
    there(ems, *template.staying)
    print(f"retention: a worker killed before {len(points)} of {calls} system calls of a removal")


def retain_and_start(ems, **limits):
    write_limits(ems, **limits)
    ems.start()


# Races


def in_parallel(*tasks):
    results = [None] * len(tasks)

    def do(number):
        results[number] = tasks[number]()

    threads = [threading.Thread(target=do, args=(number,)) for number in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def asking(ems, type, **body):
    def ask():
        client = Client(ems.endpoint("clients"))
        try:
            return client.ask(type, **body)
        finally:
            client.close()
    return ask


def test_keep_against_prune_one_of_them_wins(ems):
    live = hold(ems)
    won = {True: 0, False: 0}
    for _ in range(12):
        let_go(ems)
        ems.finish(live["job_id"])
        job = ems.finished("say")
        newest = ems.finished("say")
        (ems.work / "go").unlink()
        live = hold(ems)
        retain(ems, keep_last=1)
        keep, pruned = in_parallel(asking(ems, "keep", job_id=job["job_id"]), asking(ems, "prune"))
        removed = job["job_id"] in [item["job_id"] for item in pruned.body["removed"]]
        assert keep.status == (404 if removed else 200), (keep, pruned)
        assert check_whole(ems, job) != removed
        there(ems, newest)
        if not removed:
            assert ems.record(job["job_id"])["kept"] is True
        won[removed] += 1
        retain(ems)
    let_go(ems)


def test_rerun_against_prune_one_of_them_wins(ems):
    for _ in range(6):
        source = left_apart(ems)
        (ems.work / "go.1").unlink()
        ems.finished("exits", params={"n": 1})
        live = hold(ems)
        retain(ems, keep_last=1)
        rerun, pruned = in_parallel(
            asking(ems, "rerun", job_id=source["job_id"], resume=True), asking(ems, "prune"))
        removed = source["job_id"] in [item["job_id"] for item in pruned.body["removed"]]
        assert rerun.status == (404 if removed else 202), (rerun, pruned)
        assert check_whole(ems, source) != removed
        let_go(ems)
        ems.finish(live["job_id"])
        if not removed:
            more = ems.finish(rerun.body["job"]["job_id"])
            assert more["status"] == "completed"
            by = ems.state / "results" / more["run_id"] / "1" / "by"
            assert by.read_text().strip() == source["job_id"]
        (ems.work / "go").unlink()
        retain(ems)


def test_prune_against_publication_takes_nothing_that_is_new(ems):
    retain(ems, keep_last=1)
    stop = threading.Event()

    def prune_on():
        client = Client(ems.endpoint("clients"))
        answers = 0
        while not stop.is_set():
            assert client.ask("prune").status == 200
            answers += 1
        client.close()
        return answers

    def run_on():
        for _ in range(40):
            job = ems.finished("say")
            assert job["status"] == "completed"
            there(ems, job)
        stop.set()

    answers, _ = in_parallel(prune_on, run_on)
    assert answers > 0
    assert len(ems.jobs()) == 1
