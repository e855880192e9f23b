# SPDX-License-Identifier: MPL-2.0
"""Clients and monitors of a world of crashes: what they ask and are told goes into its history."""
import json
import re
import secrets
import signal
import subprocess
import time

import ems1
import msgpack
from crash_history import now_ms
from crash_log import digest, expected_prefix
from system import BIN, HERE

AGAIN = (429, 503, 504)  # answers after which the same request is sent again
ENDS = {"completed": (0,), "cancelled": (130,)}  # of programs that follow a job; failed: others
PATIENCE_S = 80


class Recorder(ems1.Client):
    """Sends requests until they are answered, or its patience is at an end."""

    def __init__(self, world, who, wait_s=0.7):
        super().__init__(world.endpoint("clients"))
        self.history, self.points, self.who, self.wait_s = world.history, world.points, who, wait_s

    def request(self, type, *, id=None, again=False, worker=None, patience_s=PATIENCE_S, **body):
        """The reply, or None if it gave up."""
        request = {"id": id or secrets.token_hex(16), "type": type, "body": body}
        if worker:
            request["worker"] = worker
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            self.note_ask(request, again)
            request["again"] = again = True
            reply = self.ask_once(request, min(self.wait_s, max(until - time.monotonic(), 0)))
            if reply:
                self.note_answer(request, reply)
                if reply.status not in AGAIN:
                    return reply
                time.sleep(0.1)
        self.history.note(self.who, "gone", request=request["id"])
        return None

    def note_ask(self, request, again):
        target = {"job": request["body"]["job_id"]} if request["type"] == "cancel" else {}
        if again:
            self.history.note(self.who, "again", request=request["id"])
        else:
            self.history.note(self.who, "ask", request=request["id"], type=request["type"], **target)

    def note_answer(self, request, reply):
        job = reply.body.get("job") or {}
        shown = {"job": job["job_id"], "state": job["status"], "reason": job["reason"]} if job else {}
        self.history.note(self.who, "answer", request=request["id"], status=reply.status, **shown)
        self.points.reach(f"answer {request['type']}")
        for seen in [job] if job else reply.body.get("jobs", ()):
            self.history.record(self.who, seen, "reply")


class Monitor(ems1.Monitor):
    """Follows a job to its end and writes down what it delivers and the records it sees."""

    def __init__(self, world, who, worker, job_id):
        super().__init__(ems1.Client(world.endpoint("clients")), world.endpoint("events"), job_id)
        self.history, self.who, self.worker = world.history, who, worker

    def do(self, type, **body):
        reply = self.client.do(type, worker=self.worker, job_id=self.job_id, **body)
        if "job" in reply:
            self.history.record(self.who, reply["job"], "reply")
        return reply

    def next_event(self):
        frames = super().next_event()
        if frames and frames[0].startswith(b"status/"):
            self.history.record(self.who, msgpack.unpackb(frames[1])["job"], "event")
        return frames

    def watch(self):
        data = b""
        try:
            for piece in self.follow():
                self.history.note(self.who, "read", job=self.job_id, offset=len(data),
                                  bytes=len(piece))
                data += piece
            self.history.note(self.who, "read_end", job=self.job_id, bytes=len(data),
                              sum=digest(data))
        finally:
            self.close()
            self.client.close()


class Tool:
    """A client program that runs by itself, or until it is killed."""

    def __init__(self, world, who, *arguments):
        self.world, self.who, self.started_ms = world, who, now_ms()
        self.killed = False  # by us
        self.out, self.err = world.base / f"{who}.out", world.base / f"{who}.err"
        with open(self.out, "wb") as stdout, open(self.err, "wb") as stderr:
            self.process = subprocess.Popen(
                [str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=stdout,
                stderr=stderr, cwd=world.base, env=world.environment)
        world.tools.add(self)

    def kill(self):
        if self.process.poll() is None:
            self.killed = True
            self.process.kill()

    def wait(self):
        """Its exit code; None if we killed it. Any other end by a signal is a bug of its own."""
        code = self.process.wait()
        self.world.tools.discard(self)
        if self.killed and code == -signal.SIGKILL:
            return None
        if code < 0:
            self.world.problems.append(f"{self.who} was ended by {signal.Signals(-code).name}, which "
                                       f"is not of ours: {self.err.read_text(errors='replace')}")
            return None
        return code

    def note_log(self, worker, job_id, complete):
        """It printed the log of that job: all of it, if it ended by itself."""
        data, record = self.out.read_bytes(), self.world.job_record(worker, job_id)
        expected = expected_prefix(record["config"], data) if record else b""
        self.world.history.note(self.who, "read", job=job_id, offset=0, bytes=len(data),
                                sum=digest(data[:len(expected)]), expected=digest(expected))
        if complete:
            self.world.history.note(self.who, "read_end", job=job_id, bytes=len(data),
                                    sum=digest(data))


def ems(world, who, *arguments):
    return Tool(world, who, BIN / "ems", *arguments)


def run_arguments(plan):
    return ["crash", *[f"--{name}={value}" for name, value in plan.items()]]


def run_detached(world, who, plan):
    """`ems run --detach`: the accepted job, or None."""
    tool = ems(world, who, "run", *run_arguments(plan), "--detach", "--json")
    if tool.wait() != 0:
        return None
    job = json.loads(tool.out.read_text())
    world.history.note(who, "ask", tool.started_ms, request=job["request_id"], type="run")
    world.history.note(who, "answer", request=job["request_id"], status=200, job=job["job_id"],
                       state=job["status"], reason=job["reason"])
    return job["job_id"]


def run_attached(world, who, plan):
    """`ems run` to its end; its job, if it had one and told us."""
    tool = ems(world, who, "run", *run_arguments(plan))
    code = tool.wait()
    told = re.search(r"job ([0-9a-f]{12}) on ([\w-]+)", tool.err.read_text())
    if not told:
        return None
    job_id, worker = told.groups()
    tool.note_log(worker, job_id, complete=code is not None)
    check_code(world, who, worker, job_id, code)
    return job_id


def follow(world, who, how, worker, job_id):
    """Follow a job with a program: `logs`, `attach`, or the independent client."""
    if how == "ems1":
        tool = Tool(world, who, "/usr/bin/python3", HERE / "ems1.py", world.state, job_id)
    else:
        tool = ems(world, who, *how.split(), job_id)
    code = tool.wait()
    # A folder in run/ may be of a job that was never accepted; with its worker or broker away none is
    # known, and who had no answer to his first request says so and gives up.
    known = code not in (66, 69, 75) and not (how == "ems1" and code)
    tool.note_log(worker, job_id, complete=code is not None and known)
    if how == "attach" and known:
        check_code(world, who, worker, job_id, code)


def check_code(world, who, worker, job_id, code):
    """A program that ended by itself tells by its exit code how the job ended."""
    if code is None:
        return
    record = world.job_record(worker, job_id)
    config = record["config"]
    if record["status"] == "failed":
        failed = {"lost": 125, "spawn": 125, "time_limit": 124, "signal": 128 + 9,
                  "exit": int(config["end"]) if config["end"].isdigit() else None}
        right = (failed.get(record["reason"]),)
    else:
        right = ENDS.get(record["status"], ())
    if code not in right:
        world.problems.append(f"{who} exited with {code} for job {job_id}, which is "
                              f"{record['status']} ({record['reason']})")


def cancel_by_tool(world, who, job_id):
    """`ems cancel`; True if it says that the job is cancelled."""
    tool = ems(world, who, "cancel", job_id, "--json")
    code = tool.wait()
    status = {0: 200, 75: 409}.get(code)
    if status is None:
        return False
    # Which id it used it does not say.
    request = f"{who} cancel"
    world.history.note(who, "ask", tool.started_ms, request=request, type="cancel", job=job_id)
    world.history.note(who, "answer", request=request, status=status, job=job_id)
    return code == 0
