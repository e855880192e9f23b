# SPDX-License-Identifier: MPL-2.0
"""A whole EMS whose calls can be made to fail, and what must be true of its jobs."""
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "e2e"), str(HERE.parent / "judge")]
sys.dont_write_bytecode = True

import ems1  # noqa: E402
import judge  # noqa: E402
import system  # noqa: E402
from control import Control  # noqa: E402
from disk import contents, scan  # noqa: E402
from ems1 import OVER  # noqa: E402
from power_checks import RESULTS  # noqa: E402

ems1.REPEAT_S = 0.5
CONVERGE_S = 30
FAULTY_S = 1.2  # how long an answer is waited for while the fault lasts
PAUSE_S = 0.003
WORKER = system.WORKER
CANCELLED = b"Benchmark execution cancelled by user.\n"


class Broken(Exception):
    """EMS did not do what it must."""


def until(fact, why, deadline_s=CONVERGE_S):
    end = time.monotonic() + deadline_s
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > end:
            raise Broken(f"not after {deadline_s} s: {why}")
        time.sleep(PAUSE_S)


class FaultSystem(system.System):
    """Its programs have libfailcall.so in them; `control` says what fails."""

    def __init__(self, programs, helpers):
        system.BIN = programs
        self.job = str(helpers / "power_job")
        super().__init__(cgroup="none", profiles={
            "quick": {"command": self.job, "arguments": ["6", "0", "run"], "grace_ms": 300},
            "waits": {"command": self.job, "arguments": ["6", "0", "wait"], "grace_ms": 300}})
        self.control = Control(self.base / "control")
        self.environment |= {"LD_PRELOAD": str(helpers / "libfailcall.so"),
                             "FAILCALL_CONTROL": str(self.control.path)}
        self.known = set()
        self.known_runs = set()
        self.worker_starts = 0
        self.owed, self.shown = set(), set()  # evidence, see tests/judge

    def output(self, profile):
        """What its log begins with, and what the job says."""
        command = [self.job, "6", "0", "run" if profile == "quick" else "wait"]
        head = ("Starting benchmark: " + " ".join(command) + "\n").encode()
        return head, b"".join(b"line %d\n" % number for number in range(1, 7))

    # Daemons

    def start_part(self, name, **environment):
        super().start_part(name, **environment)
        self.worker_starts += name == "worker"

    def ended(self, name):
        """The exit code of a daemon that is gone, else None; it is forgotten then."""
        code = self.parts[name].poll() if name in self.parts else None
        if code is not None:
            del self.parts[name]
        return code

    def mend(self):
        """No fault any more: what ended is started again; until everything answers."""
        self.control.disarm()
        for name in ("broker", "worker"):
            self.ended(name)
            if name not in self.parts:
                self.start_part(name)
        until(self.answers, "the worker answers")

    def answers(self):
        for name, part in self.parts.items():
            if part.poll() is not None:
                raise Broken(f"ems-{name} ended with {part.returncode} without a fault")
        reply = self.once("ping", 1)
        return reply is not None and reply.status == 200

    def remarks(self, name):
        path = self.base / f"{name}.stderr"
        return path.read_text(errors="replace") if path.exists() else ""

    # Requests

    def once(self, type, wait_s, id=None, **body):
        """One try: the reply or None."""
        request = {"id": id or os.urandom(16).hex(), "type": type, "worker": WORKER, "body": body,
                   "not_after_ms": int((time.time() + 60) * 1000), "again": id is not None}
        return self.client.ask_once(request, wait_s)

    def faulty(self, type, **body):
        """Ask while the fault lasts: (id, reply or None)."""
        request_id = os.urandom(16).hex()
        end = time.monotonic() + FAULTY_S
        reply = None
        while time.monotonic() < end:
            reply = self.once(type, 0.7, id=request_id, **body)
            if reply and reply.status not in (503, 504):
                break
            if any(part.poll() is not None for part in self.parts.values()):
                break
            time.sleep(PAUSE_S)
        return request_id, reply

    def truth(self, type, request_id, **body):
        """The answer now that nothing fails."""
        def answer():
            reply = self.once(type, 5, id=request_id, **body)
            return reply if reply and reply.status not in (503, 504) else None
        return until(answer, f"an answer to {type}")

    def idle(self):
        return not self.entries("run") and not self.entries("results/.staging")

    def settle(self):
        """A folder that could not be removed is removed by the next worker."""
        try:
            until(self.idle, "", 1)
        except Broken:
            self.restart("worker")
            until(self.idle, "nothing is under way")
        until(lambda: self.control.alive("shim") == 0, "a shim did not end through exit", 10)

    # Jobs

    def records(self):
        """Those of this trial."""
        found = {}
        for path in (self.state / "logs" / "jobs").glob("[!.]*"):
            if path.name in self.known:
                continue
            if path.suffix != ".json":
                raise Broken(f"{path.name} in logs/jobs")
            try:
                found[path.stem] = json.loads(path.read_text())
            except ValueError:
                raise Broken(f"the record {path.name} is torn") from None
        return found

    def note_known(self):
        """What is there is of earlier trials."""
        self.known = {path.name for path in (self.state / "logs" / "jobs").glob("[!.]*")}
        self.known_runs = set(self.entries("results"))
        for name in ("go", "execs"):
            (self.work / name).unlink(missing_ok=True)

    def executions(self):
        path = self.work / "execs"
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    def has_log(self, job_id, text):
        path = self.state / "logs" / f"{job_id}.log"
        return path.exists() and text in path.read_bytes()

    def check_job(self, job_id, record):
        """What is wrong with a job that is over."""
        head, output = self.output(record["profile"])
        log = self.log(job_id)
        body = log.removeprefix(head)
        executed = self.executions().count(job_id)
        if record["status"] not in OVER:
            yield f"I2: it is {record['status']}, not over"
        if record["log"]["bytes"] != len(log):
            yield f"I5: its log has {len(log)} bytes, its record says {record['log']['bytes']}"
        if executed > 1:
            yield f"I3: executed {executed} times"
        if record["status"] == "completed":
            if log != head + output:
                yield f"I5: its log is {log!r}"
            if executed != 1:
                yield "I3: completed and not executed"
            found = contents(scan(self.state / "results" / record["run_id"])[0])
            if found != RESULTS:
                yield f"I8: its results are {sorted(found.items() ^ RESULTS.items())!r:.300}"
        elif record["run_id"] in self.entries("results"):
            yield f"I8: it is {record['status']} and has results"
        elif record["status"] == "cancelled":
            if not output.startswith(body.removesuffix(CANCELLED)):
                yield f"I5: its log is {log!r}"
        elif record["reason"] not in ("spawn", "lost", "disk") or not record["detail"]:
            yield f"it failed with {record['reason']}: {record['detail']}"
        elif not (head + output).startswith(log.removesuffix(CANCELLED if record["cancel"] else b"")):
            yield f"I5: its log is {log!r}"

    def history(self, name, asked, start, calm, restarted):
        """The trial for the judge. asked: [(type, id, job, [reply or None, ...])], the last reply
        of each being that after the fault; restarted: another worker gave those."""
        lines, at = [], start

        def add(who, what, **more):
            lines.append({"at": at, "who": who, "what": what} | more)
        add("harness", "begin", suite="syscalls", seed=name,
            without=["alive", "wrote", "read", "read_end"], seldom=["again", "cancel"])
        add("harness", "fault", kind="syscall")
        for type, request, job, _ in asked:
            add("client", "ask", request=request, type=type, job=job)
        for job in self.executions():
            add("job", "exec", slot=WORKER, job=job, attempt=1, pid=1)
        for _, request, _, replies in asked:
            for reply in filter(None, replies[:-1]):
                add("client", "answer", request=request, **answer(reply))
        at = calm
        if restarted:
            add("harness", "fault", kind="start", target="worker")
        add("harness", "calm")
        for _, request, _, replies in asked:
            if len(replies) > 1:
                add("client", "again", request=request)
            add("client", "answer", request=request, **answer(replies[-1]))
        at = now_ms()
        for job, record in self.records().items():
            log = self.log(job)
            add("harness", "record", job=job, status=record["status"], reason=record["reason"],
                attempt=record["attempt"], request=record["request_id"], run_id=record["run_id"],
                source="file")
            add("harness", "log", job=job, bytes=len(log), sum=digest(log), expected=digest(log))
        add("harness", "settled")
        add("harness", "results", run_ids=sorted(set(self.entries("results")) - self.known_runs),
            staging=[])
        add("harness", "end")
        return lines

    def judge_trial(self, *what):
        verdict = judge.judge_lines(self.history(*what))
        self.owed |= verdict.owed
        self.shown |= verdict.shown
        return [] if verdict.ok else [verdict.text()]

    # The tool

    def tool(self, *arguments, timeout_s=20):
        try:
            return self.ems(*arguments, timeout_s=timeout_s)
        except subprocess.TimeoutExpired as error:
            return subprocess.CompletedProcess(arguments, None, error.stdout, error.stderr)


def answer(reply):
    job = reply.body.get("job")
    event = {"status": reply.status}
    return event | ({"job": job["job_id"], "state": job["status"], "reason": job["reason"]}
                    if job else {})


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def now_ms():
    return int(time.monotonic() * 1000)
