# SPDX-License-Identifier: MPL-2.0
"""A broker and one or two workers that are killed and started again, and what is known of their jobs."""
import collections
import json
import os
import subprocess
import threading
import time

import procs
from crash_history import History, now_ms
from crash_log import digest, expected_log
from ems1 import OVER
from jobs.crash_job import RESULT
from procs import eventually
from profiles import configuration, job
from system import BIN, System

PARAMETERS = {name: {"type": "int", "min": 0, "max": 1000000, "required": 1}
              for name in ("seed", "lines", "pause_ms", "children")}
PARAMETERS |= {"term": {"type": "string", "pattern": "obey|ignore|exit", "required": 1},
               "end": {"type": "string", "pattern": "[0-9]{1,3}|signal", "required": 1}}
PROFILE = job("crash_job.py", *[f"--{name}={{{name}}}" for name in PARAMETERS],
              parameters=PARAMETERS, environment="PATH,CRASH_HISTORY,CRASH_SLOT,CRASH_GUARD")
MARK = b"EMS_JOB_ID="


class World(System):
    """Faults are inflicted by kill_part, start_part and kill_process, which write them down."""

    suite, without = "crash", ()
    seldom = ("again", "cancel", "read", "read_end")  # what is left to chance

    def __init__(self, seed, workers, cgroup):
        super().__init__(cgroup=cgroup)
        self.states = {f"worker-{n}": self.base / ("s" if n == 1 else f"s{n}")
                       for n in range(1, workers + 1)}
        for name in self.states:
            (self.base / f"{name}.zpl").write_text(configuration(
                {"name": name, "cgroup": cgroup, "workers": self.endpoint("workers"),
                 "publish": self.endpoint("publish")}, self.work, BIN, {"crash": PROFILE}))
        # What is killed while it looks for leaks may leave that search behind, stuck.
        self.environment["ASAN_OPTIONS"] += ":detect_leaks=0"
        self.setting = {"seed": seed, "workers": workers, "cgroup": cgroup}
        self.begin_history()
        self.lock = threading.RLock()
        self.kills = collections.Counter()
        self.killed = set()  # (which, job id): shims and main processes
        self.problems = []  # what is wrong and not for the judge to see
        self.judged_jobs, self.judged_runs = set(), set()  # those of earlier histories
        self.tools = set()  # client programs that run

    def begin_history(self):
        self.history = History(self.base)
        self.history.note("harness", "begin", suite=self.suite, without=self.without,
                          seldom=self.seldom, **self.setting)

    # Parts

    def start_part(self, name, **environment):
        with self.lock:
            if name in self.parts:
                return
            self.history.note("harness", "fault", kind="start", target=name)
            if name == "broker":
                super().start_part(name, **environment)
            else:
                self.parts[name] = self.start_worker(name)

    def start_worker(self, name):
        with open(self.base / f"{name}.stderr", "ab") as stderr:
            return subprocess.Popen(
                [BIN / "ems-worker", "--state", self.states[name],
                 "--config", self.base / f"{name}.zpl"],
                stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, cwd=self.base,
                env=self.environment | {
                    "CRASH_HISTORY": str(self.history.jobs), "CRASH_SLOT": name,
                    "CRASH_GUARD": str(self.base / f"{name}.guard")})

    def all_parts(self):
        return ["broker", *self.states]

    def start(self):
        for name in self.all_parts():
            self.start_part(name)
        eventually(self.ready)

    def ready(self):
        """Does every worker answer through the broker?"""
        try:
            return all(self.client.ask("ping", worker=name, timeout_s=1).status == 200
                       for name in self.states)
        except TimeoutError:
            return False

    def kill_part(self, name, point):
        with self.lock:
            part = self.parts.pop(name, None)
            if part is None:
                return
            if part.poll() is not None:
                self.problems.append(f"{name} had ended by itself with {part.returncode}")
            self.note_kill(name, point)
            part.kill()
            part.wait()

    def note_kill(self, target, point):
        self.history.note("harness", "fault", kind="kill", target=target, point=point)
        self.kills[target.partition("-")[0]] += 1

    # Jobs

    def live_jobs(self):
        """[(worker, job id)] of those that have a folder in run/."""
        return [(name, job_id) for name, state in self.states.items()
                for job_id in listed(state / "run") if len(job_id) == 12]

    def job_record(self, worker, job_id):
        """The record in its file, or None."""
        try:
            return json.loads((self.states[worker] / "logs/jobs" / f"{job_id}.json").read_text())
        except FileNotFoundError:
            return None

    def over(self, worker, job_id):
        record = self.job_record(worker, job_id)
        return record is not None and record["status"] in OVER

    def records(self):
        """Every record of which no earlier history has told: [(worker, record)], each written down."""
        found = []
        for name, state in self.states.items():
            for path in sorted((state / "logs/jobs").glob("*.json")):
                if path.stem in self.judged_jobs:
                    continue
                at = now_ms()
                record = json.loads(path.read_text())
                self.history.record("harness", record, "file", at)
                found.append((name, record))
        return found

    def process(self, worker, job_id, which):
        """The identity of the `shim` of a job or of its `main` process; None if it is not there."""
        try:
            started = json.loads((self.states[worker] / "run" / job_id / "shim.json").read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None
        who = procs.identity(started[which]["pid"])
        if not who or who[1] != int(started[which]["start_ticks"]):
            return None
        # What did not say yet that it runs must not be killed: the judge would miss it.
        silent = which == "main" and f'"pid": {who[0]}}}' not in self.history.jobs.read_text()
        return None if silent else who

    def kill_process(self, worker, job_id, which, point):
        """kill -9 of the `shim` of a job or of its `main` process, if it is there."""
        who = self.process(worker, job_id, which)
        if who:
            self.note_kill(which, point)
            self.killed.add((which, job_id))
            procs.kill(who)

    def look(self):
        """Write down which jobs are alive, those with a process seen now and again afterwards; their ids."""
        at, seen = now_ms(), []
        for pid in procs.processes():
            who, job_id = procs.identity(pid), job_of(pid)
            if job_id and who:
                seen.append((who, job_id))
        alive = sorted({job_id for who, job_id in seen if procs.alive(who)})
        found = {slot: [job_id for job_id in alive if self.is_of(slot, job_id)] for slot in self.states}
        for slot, jobs in found.items():
            self.history.note("harness", "alive", at, slot=slot, jobs=jobs)
        return sum(found.values(), [])

    def is_of(self, worker, job_id):
        state = self.states[worker]
        return (state / "logs" / f"{job_id}.log").exists() or (state / "run" / job_id).exists()

    # The end

    def open_ends(self):
        """What is not yet as it should be when nothing happens any more."""
        ends = [f"{path} is there" for state in self.states.values()
                for folder in ("run", "results/.staging")
                for path in (state / folder).glob("*")]
        for name, state in self.states.items():
            for path in (state / "logs/jobs").glob("*.json"):
                record = self.job_record(name, path.stem)
                if record and record["status"] not in OVER:
                    ends.append(f"{path.stem} is {record['status']}")
        return ends

    def note_end(self):
        """Write down all that must be true at the end; the number of jobs."""
        self.problems += [f"job {job_id} is alive at the end" for job_id in self.look()]
        records = self.records()
        for worker, record in records:
            log = self.log_of(worker, record["job_id"])
            self.history.note("harness", "log", job=record["job_id"], bytes=len(log),
                              sum=digest(log), expected=digest(expected_log(record, log)))
            if not self.may_end_so(record):
                self.problems.append(f"nothing explains how this job ended: {record}")
        for name, state in self.states.items():
            mine = [record for worker, record in records if worker == name]
            whole = [run_id for run_id in listed(state / "results")
                     if not run_id.startswith(".") and run_id not in self.judged_runs
                     and is_whole(state, run_id, mine)]
            self.history.note("harness", "results", slot=name, run_ids=whole,
                              staging=listed(state / "results/.staging"))
        self.history.note("harness", "end")
        self.history.close()
        return len(records)

    def may_end_so(self, record):
        """Is the end of the job what it wanted, or what was done to it?"""
        job_id, wanted = record["job_id"], record["config"]["end"]
        code, signal = record["exit"]["code"], record["exit"]["signal"]
        if record["status"] == "completed":
            return (wanted, code, signal) == ("0", 0, None)
        if record["status"] == "cancelled":
            return record["cancel"] is not None
        if record["reason"] == "exit":
            return wanted == str(code) != "0"
        if record["reason"] == "signal":
            return signal == 9 and (wanted == "signal" or ("main", job_id) in self.killed)
        return record["reason"] == "lost" and ("shim", job_id) in self.killed

    def log_of(self, worker, job_id):
        try:
            return (self.states[worker] / "logs" / f"{job_id}.log").read_bytes()
        except FileNotFoundError:
            return b""

    def stop(self):
        """SIGTERM to all parts; what is wrong then, and whatever is left is ended."""
        problems = self.ended_parts()
        for program in list(self.tools):
            program.kill()
        for name in (*self.states, "broker"):
            try:
                if name in self.parts:
                    self.stop_part(name)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                problems.append(f"stopping {name}: {error}")
        problems += self.kill_leftovers() + self.left_in_folders() + self.sanitizer_reports()
        self.client.close()
        return problems


def listed(folder):
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def job_of(pid):
    """The job that a process belongs to, from its environment; None for shims and strangers."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            before, mark, rest = file.read().partition(MARK)
    except OSError:
        return None
    return rest[:12].decode() if mark and before[-1:] in (b"", b"\0") else None


def is_whole(state, run_id, records):
    """Are these the results that their job put there? Half a folder does not count."""
    seeds = [record["config"]["seed"] for record in records if record["run_id"] == run_id]
    folder = state / "results" / run_id / "experiment"
    return not seeds or all(
        (folder / name).exists() and (folder / name).read_bytes() == RESULT % seeds[0]
        for name in ("begun", "whole"))


def wait_until(fact, deadline_s, pause_s=0.01):
    """The fact's first true value, or its last one."""
    until = time.monotonic() + deadline_s
    while not (value := fact()) and time.monotonic() < until:
        time.sleep(pause_s)
    return value
