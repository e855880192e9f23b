# SPDX-License-Identifier: MPL-2.0
"""An EMS that is alone in a PID namespace, for the jobs of test_torture.py.

Whatever is alive there and is not of EMS or the test is of a job, however it hides. What happens is
written down for the judge (tests/judge): I1-I5, I7-I9 and I12 are its business.
"""
import functools
import inspect
import os
import secrets
import subprocess
import time
import traceback
from pathlib import Path

import pytest

import confined
import procs
from crash_history import History, judge, now_ms
from ems1 import OVER
from profiles import JOBS
from procs import eventually
from system import BIN, WORKER, System

BOMB = Path(os.environ.get("EMS_TEST_PROGRAMS") or BIN.parent / "tests" / "e2e") / "bomb"
PARAMETERS = {"what": {"type": "string", "required": 1},
              "n": {"type": "int", "min": 0, "max": 100000, "default": 0}}
PROGRAMS = {"hostile": JOBS / "hostile.py", "bomb": BOMB}
PROFILES = {name: {"command": program, "arguments": ["{what}", "{n}"], "parameters": PARAMETERS,
                   "grace_ms": 200} for name, program in PROGRAMS.items()}
BOUND_S = 45  # for any answer, on a machine that does other things as well
MIB = int(os.environ.get("EMS_TORTURE_MIB") or 1024)
CASE_S = 240 + MIB // 10
READY = b"ready\n"
CANCELLED_LINE = b"Benchmark execution cancelled by user.\n"
AS_WRITTEN = "as it was written"
# A sanitizer keeps what was freed, by default 256 MiB of it: that is no growth of ours.
KEEP_LITTLE = ":quarantine_size_mb=1:thread_local_quarantine_size_kb=16"
totals = {"cases": 0, "killed": 0, "left": 0, "failed": 0}
evidence = {"owed": set(), "shown": set()}  # see tests/judge


def summary():
    """What became of the cases so far."""
    return (f"torture: {totals['cases']} cases, {totals['killed']} processes killed, "
            f"{totals['left']} left over, {totals['failed']} violations")


def not_shown():
    """Sentences: what all cases together should have tried and did not."""
    found = judge.unshown(evidence["owed"], evidence["shown"])
    return found if totals["killed"] else [*found, "no process was killed: that shows nothing"]


def in_a_world(test):
    """A test that is run in a world of its own, which it gets as `ems`, with this `cgroup`."""
    @functools.wraps(test)
    def run(cgroup, **arguments):
        totals["cases"] += 1
        totals["failed"] += 1  # until we know better
        result, left = confined.run(lambda place: play(test, place, cgroup, arguments), CASE_S)
        problems = [*(result["problems"] if result else ["it was killed"]),
                    *(f"left: {thing}" for thing in left)]
        totals["killed"] += result["killed"] if result else 0
        totals["left"] += len(left) + (result["left"] if result else 0)
        for kind, known in evidence.items():
            known |= set(map(tuple, result[kind] if result else ()))
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)
        totals["failed"] -= 1
    mine = [parameter for name, parameter in inspect.signature(test).parameters.items()
            if name != "ems"]
    run.__signature__ = inspect.Signature(
        [inspect.Parameter("cgroup", inspect.Parameter.POSITIONAL_OR_KEYWORD), *mine])
    return run


def play(test, place, cgroup, arguments):
    """In the namespace: the test, and what is to be told of it."""
    world, problems = World(place, cgroup), []
    try:
        world.start()
        test(world, **arguments)
        problems += world.judged()
    except BaseException:
        problems.append(traceback.format_exc())
    if problems:
        problems += [f"{name}:\n{text}" for name, text in world.said().items()]
    try:
        world.close()
    except BaseException:
        problems.append(traceback.format_exc())
    return {"problems": problems, "killed": world.killed, "left": len(world.left),
            "owed": world.owed, "shown": world.shown}


def timed(fact):
    """What comes back, in bounded time."""
    before = time.monotonic()
    value = fact()
    assert time.monotonic() - before < BOUND_S
    return value


def is_alive(pid):
    """Also if its first thread is dead."""
    try:
        return any(procs.identity(int(thread)) for thread in os.listdir(f"/proc/{pid}/task"))
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_ems(pid, name="ems-"):
    """Does it execute a program of ours whose name begins so? One that is dying executes none any
    more, but still has its name."""
    try:
        return os.readlink(f"/proc/{pid}/exe").startswith(f"{BIN.resolve()}/{name}")
    except (FileNotFoundError, ProcessLookupError):
        pass
    try:
        return Path(f"/proc/{pid}/comm").read_text("latin-1").startswith(name)
    except (FileNotFoundError, ProcessLookupError):
        return False


def arguments_of(pid):
    try:
        data = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        data = b""
    return f"process {pid} {data.replace(bytes(1), b' ').decode('utf-8', 'replace')}"


def difference(path, pieces, cut=False):
    """AS_WRITTEN if the file consists of these pieces of bytes; else words. `cut`: of its end some
    may be missing."""
    at = 0
    with open(path, "rb") as file:
        for piece in pieces:
            data = file.read(len(piece))
            if data != piece and not (cut and piece.startswith(data)):
                return f"not so between bytes {at} and {at + len(piece)}"
            at += len(data)
        return f"longer than {at} bytes" if file.read(1) else AS_WRITTEN


class World(System):

    def __init__(self, place, cgroup):
        self.prefix = f"{place.name}/"
        super().__init__(cgroup=cgroup, profiles=PROFILES)
        self.cgroup = cgroup
        self.environment["ASAN_OPTIONS"] += KEEP_LITTLE
        self.history = History(self.base)
        self.history.note("harness", "begin", suite="torture", cgroup=cgroup, without=["again"],
                          seldom=["cancel", "read", "read_end"])
        self.owed, self.shown = [], []  # evidence, see tests/judge
        self.output = {}  # job id -> pieces of bytes
        self.killed = 0
        self.left = []

    # Processes

    def of_jobs(self):
        """Everybody in the namespace but EMS and the test: {pid: arguments}."""
        ours = {1, os.getpid(), *(part.pid for part in [*self.parts.values(), *self.programs])}
        return {pid: arguments_of(pid) for pid in procs.processes()
                if pid not in ours and is_alive(pid) and not is_ems(pid)}

    def shims(self):
        return [who for who in map(procs.identity, procs.processes())
                if who and is_ems(who[0], "ems-shim")]

    def look(self, job_id):
        """Nobody may be alive now: not of this job, and there is no other."""
        at, alive = now_ms(), self.of_jobs()
        self.history.note("harness", "alive", at, slot=WORKER, jobs=[job_id] if alive else [])
        self.left += alive.values()
        assert alive == {}, alive

    # Requests

    def ask(self, type, **body):
        request = secrets.token_hex(16)
        self.history.note("client", "ask", request=request, type=type, job=body.get("job_id"))
        reply = timed(lambda: self.client.ask(type, id=request, **body))
        job = reply.body.get("job") or {}
        self.history.note("client", "answer", request=request, status=reply.status,
                          job=job.get("job_id"), state=job.get("status"), reason=job.get("reason"))
        return reply

    def torture(self, what, n=0, profile="hostile", output=(READY,)):
        """Start a job, whose output this is; its record."""
        reply = self.ask("run", profile=profile, params={"what": what.replace(" ", "-"), "n": n})
        assert reply.status == 200, reply
        job = reply.body["job"]
        header = f"Starting benchmark: {PROGRAMS[profile]} {what.replace(' ', '-')} {n}\n"
        self.output[job["job_id"]] = [header.encode(), *output]
        return job

    def ready(self, what, n=0, profile="hostile", output=(READY,), stays=True):
        """The same, and it has said that it is as far as it should be. `stays`: where it was put."""
        job = self.torture(what, n, profile, output)

        def said():
            assert self.status(job["job_id"])["status"] == "running", self.log(job["job_id"])
            return READY in self.log(job["job_id"])
        eventually(said)
        groups = procs.cgroups(f"ems-{job['job_id']}")
        assert len(groups) == (self.cgroup == "auto"), "it is not confined as it should be"
        for group in groups:
            is_in = "populated 1" in Path(group, "cgroup.events").read_text()
            assert is_in == stays, "it is not where it was put"
        return job

    def finish(self, job_id):
        job = super().finish(job_id)
        self.history.record("client", job, "reply")
        return job

    def calm(self):
        """From now on it is EMS that must bring things in order."""
        self.history.note("harness", "calm")

    def kill_shim(self):
        [shim] = self.shims()
        self.history.note("harness", "fault", kind="kill", target="shim")
        procs.kill(shim)

    def replace_worker(self):
        for kind, inflict in (("kill", self.kill9), ("start", self.start_part)):
            self.history.note("harness", "fault", kind=kind, target="worker-1")
            inflict("worker")
        self.wait_ready()

    def nothing_is_left(self, job):
        """Of this job, which is over, and the slot takes another; the record."""
        self.look(job["job_id"])
        assert procs.cgroups(f"ems-{job['job_id']}") == []
        assert self.entries("run") == []
        assert (job["run_id"] in self.entries("results")) == (job["status"] == "completed")
        assert self.record(job["job_id"])["status"] == job["status"]
        another = self.torture("says")
        assert timed(lambda: self.finish(another["job_id"]))["status"] == "completed"
        # What is large is removed bit by bit.
        eventually(lambda: self.entries("results/.staging") == [] and self.shims() == [])
        self.history.note("harness", "settled")
        self.killed += job["leftovers_killed"] + bool(job["cancel"] and job["cancel"]["forced"])
        return job

    def cancelled(self, job):
        """Cancel it: nothing may be left when the answer comes."""
        self.calm()
        reply = self.ask("cancel", job_id=job["job_id"])
        assert reply.status == 200, reply
        job = self.nothing_is_left(reply.body["job"])
        assert job["status"] == "cancelled"
        return job

    def over(self, job, status, reason=None):
        """It ends by itself, and so."""
        job = self.nothing_is_left(timed(lambda: self.finish(job["job_id"])))
        assert (job["status"], job["reason"]) == (status, reason), job
        return job

    # The end

    def difference(self, job, path):
        """Of what the log of a job should be and this file: see difference."""
        pieces = self.output[job["job_id"]]
        if job["status"] == "cancelled":
            unfinished = not pieces[-1].endswith(b"\n")
            pieces = [*pieces, b"\n" if unfinished else b"", CANCELLED_LINE]
        return difference(path, pieces, cut=job["reason"] == "lost")

    def note_log(self, job):
        path = self.state / "logs" / f"{job['job_id']}.log"
        self.history.note("harness", "log", job=job["job_id"], bytes=os.path.getsize(path),
                          sum=self.difference(job, path), expected=AS_WRITTEN)

    def note_copy(self, job, who, path):
        """What a monitor delivered, to its end."""
        size, sum = os.path.getsize(path), self.difference(job, path)
        self.history.note(who, "read", job=job["job_id"], offset=0, bytes=size, sum=sum,
                          expected=AS_WRITTEN)
        self.history.note(who, "read_end", job=job["job_id"], bytes=size, sum=sum)

    def judged(self):
        """Write down what must be true at the end; what the judge holds against it."""
        for job_id in self.output:
            at, job = now_ms(), self.record(job_id)
            assert job["status"] in OVER, job
            self.history.record("harness", job, "file", at)
            self.note_log(job)
        self.history.note("harness", "results", staging=self.entries("results/.staging"), run_ids=[
            name for name in self.entries("results") if not name.startswith(".")])
        self.history.note("harness", "end")
        self.history.close()
        verdict = self.history.judged()
        self.owed, self.shown = list(verdict.owed), list(verdict.shown)
        lines = self.history.path.read_text() + self.history.jobs.read_text()
        found = [] if verdict.ok else [verdict.text()]
        if lines.count('"calm"') != lines.count('"settled"'):
            found.append("somebody forgot to say from when on it must settle")
        return found

    def close(self):
        # Some are deeper than what rmtree can go.
        for folder in self.state.glob("results/[0-9]*"):
            subprocess.run(["rm", "-rf", folder], check=True)
        super().close()
