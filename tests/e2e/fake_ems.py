# SPDX-License-Identifier: MPL-2.0
"""A broker and worker that exist only as their sockets: it speaks PROTOCOL.md, and misbehaves on order.

One thread owns the sockets; tests change the state through methods that run in that thread.
"""
import queue
import shutil
import tempfile
import threading
import time
from pathlib import Path

import msgpack
import zmq

OVER = ("completed", "failed", "cancelled")
WAITING = {"status": "queued", "position": 1, "run_id": None, "started_at": None}
WORKER = "bench-1"
PROFILE = {
    "name": "lab", "worker": WORKER, "command": "/usr/bin/lab-orchestrator", "grace_ms": 2000,
    "time_limit_ms": 0, "parameters": [
        {"name": "experiments", "type": "list", "required": False, "default": "all", "min": None,
         "max": None, "pattern": None, "allowed": ["gmst_era", "equ_ecl"]},
        {"name": "n", "type": "int", "required": False, "default": 1000, "min": 1, "max": 1000000,
         "pattern": None, "allowed": None},
        {"name": "no_perf", "type": "bool", "required": False, "default": False, "min": None,
         "max": None, "pattern": None, "allowed": None}]}


def record(job_id="abc123def456", **changes):
    """A whole record (PROTOCOL.md, section 6)."""
    return {
        "job_id": job_id, "status": "running", "reason": None, "detail": None, "attempt": 1,
        "profile": "lab", "config": {"n": 1000}, "notes": None, "labels": None, "priority": 16,
        "position": None, "arrival": 0, "after": None, "not_before": None, "preempt": False,
        "preemptions": 0, "preempted_by": None, "resumed_from": None, "partial": False,
        "kept": False, "silence_limit_ms": 0, "log_limit_bytes": 0, "paused_at": None,
        "paused_ms": 0, "eta_ms": None, "experiment_eta_ms": None,
        "worker": WORKER, "user": "me", "request_id": "0" * 32, "run_id": "2026-02-13_14-30-45",
        "results_dir": None, "grace_ms": 2000, "time_limit_ms": 0,
        "queued_at": "2026-02-13T14:30:45.000Z", "started_at": "2026-02-13T14:30:45.100Z",
        "finished_at": None, "exit": {"code": None, "signal": None}, "cancel": None,
        "current_experiment": None, "current_step": None, "experiments": {"done": 0, "total": 0},
        "progress_pct": None, "log": {"bytes": 0, "lines": 0},
        "resources": {"user_s": 0.0, "system_s": 0.0, "max_rss_kb": 0}, "leftovers_killed": 0,
    } | changes


class FakeEms:
    """One job at a time in `job` and `log`. Use as a context manager."""

    def __init__(self, state=None):
        self.base = Path(tempfile.mkdtemp(prefix="ems-fake-", dir="/tmp"))
        self.state = self.base / "s"
        (self.state / "sock").mkdir(parents=True)
        self.job, self.log, self.times = None, b"", []
        self.sequence = 0
        self.requests = []    # (type, body) as they came
        self.ids = []         # their request ids
        self.maps = []        # the whole request maps
        self.silent = set()   # request types that get no answer
        self.refuse = {}      # request type -> list of (status, error, body) for the next requests
        self.mute = set()     # event kinds that are not published: log, status, sync
        self.runs = {}        # request id -> job id
        self.list = []        # answer to `list`
        self.partial_runs = []
        self.pruned = {"removed": [], "count": 0, "bytes": 0}
        self.on_run = None    # called with the body of a run; returns (status, error, body)
        self.on_cancel = None
        self.context = None   # one for each life: ending it frees the names for the next
        self.orders = queue.Queue()
        self.thread = None

    def __enter__(self):
        self.up()
        return self

    def __exit__(self, *_):
        self.down()
        shutil.rmtree(self.base)

    def endpoint(self, name):
        return f"ipc://{self.state}/sock/{name}"

    # Coming and going

    def up(self):
        """Bind; returns when requests are answered."""
        ready = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(ready,), daemon=True)
        self.thread.start()
        assert ready.wait(10)

    def down(self):
        """Go away as if killed."""
        if self.thread:
            self.do(self.end)
            self.thread.join()
            self.thread = None

    def do(self, action, *arguments, **named):
        """Run it in the serving thread; its result."""
        answer = queue.Queue()
        self.orders.put((action, arguments, named, answer))
        self.bell.send(b"")
        value = answer.get(timeout=10)
        if isinstance(value, Exception):
            raise value
        return value

    def serve(self, ready):
        self.running = True
        self.context = zmq.Context()
        inside = self.context.socket(zmq.PAIR)
        inside.bind("inproc://bell")
        self.bell = self.context.socket(zmq.PAIR)
        self.bell.connect("inproc://bell")
        self.clients = self.context.socket(zmq.ROUTER)
        self.events = self.context.socket(zmq.XPUB)
        self.clients.bind(self.endpoint("clients"))
        self.events.bind(self.endpoint("events"))
        poller = zmq.Poller()
        for socket in (inside, self.clients, self.events):
            poller.register(socket, zmq.POLLIN)
        ready.set()
        while self.running:
            ready_now = dict(poller.poll())
            if inside in ready_now:
                inside.recv()
                action, arguments, named, answer = self.orders.get()
                try:
                    answer.put(action(*arguments, **named))
                except Exception as error:  # the test's thread shall see it
                    answer.put(error)
            if self.events in ready_now:
                self.events.recv()
            if self.clients in ready_now:
                self.answer(self.clients.recv_multipart())
        for socket in (inside, self.bell, self.clients, self.events):
            socket.close(linger=0)
        self.context.term()

    def end(self):
        self.running = False

    # Requests

    def answer(self, frames):
        peer, request = frames[0], msgpack.unpackb(frames[-1])
        kind, body = request["type"], request.get("body") or {}
        self.requests.append((kind, body))
        self.ids.append(request["id"])
        self.maps.append(request)
        if kind in self.silent:
            return
        if self.refuse.get(kind):
            status, error, reply = self.refuse[kind].pop(0)
        else:
            status, error, reply = getattr(self, f"do_{kind}")(request["id"], body)
        answer = {"re": request["id"], "status": status, "body": reply or {}}
        if error:
            answer["error"] = error
        if status:
            self.clients.send_multipart([peer, b"EMS1", msgpack.packb(answer)])

    def known(self, body):
        return self.job and body["job_id"] in ("last", self.job["job_id"])

    def do_ping(self, _id, _body):
        return 200, None, {"broker": "fake", "version": "0.1.0", "time_ms": int(time.time() * 1000)}

    def do_workers(self, _id, _body):
        return 200, None, {"workers": [{"name": WORKER, "state": "idle", "job_id": None, "queued": 0,
                                        "profiles": ["lab"]}]}

    def do_profiles(self, _id, _body):
        return 200, None, {"profiles": [PROFILE]}

    def do_results(self, _id, body):
        return 200, None, {"runs": self.partial_runs if body.get("partial") else []}

    def do_list(self, _id, body):
        wanted = body.get("status")
        jobs = [job for job in self.list if not wanted or job["status"] in wanted]
        first = int(body.get("before") or 0)
        last = first + body.get("limit", 50)
        reply = {"jobs": jobs[first:last]}
        if last < len(jobs):
            reply["next"] = str(last)
        return 200, None, reply

    def do_status(self, _id, body):
        if not self.known(body):
            return 404, f"there is no job {body['job_id']}", None
        return 200, None, {"job": self.job}

    def do_run(self, request_id, body):
        if self.on_run:
            return self.on_run(request_id, body)
        if request_id not in self.runs:
            self.runs[request_id] = True
            self.begin(config=body.get("params") or {})
        return 200, None, {"job": self.job}

    def do_cancel(self, _id, body):
        if not self.known(body):
            return 404, f"there is no job {body['job_id']}", None
        if self.on_cancel:
            return self.on_cancel(body)
        if self.job["status"] in OVER:
            return 409, "it was over already", {"job": self.job}
        self.finish("cancelled")
        return 200, None, {"job": self.job}

    def do_rerun(self, request_id, body):
        if not self.known(body):
            return 404, f"there is no job {body['job_id']}", None
        return self.do_run(request_id, body)

    def do_pause(self, _id, _body):
        self.change(status="paused", paused_at="2026-02-13T14:30:46.000Z")
        return 200, None, {"job": self.job}

    def do_resume(self, _id, _body):
        self.change(status="running", paused_at=None, paused_ms=1000)
        return 200, None, {"job": self.job}

    def do_priority(self, _id, body):
        self.change(priority=body["priority"])
        return 200, None, {"job": self.job}

    def do_keep(self, _id, _body):
        self.change(kept=True)
        return 200, None, {"job": self.job}

    def do_unkeep(self, _id, _body):
        self.change(kept=False)
        return 200, None, {"job": self.job}

    def do_prune(self, _id, _body):
        return 200, None, self.pruned

    def do_logs(self, _id, body):
        if not self.known(body):
            return 404, f"there is no job {body['job_id']}", None
        offset, most = body.get("offset", 0), body.get("max_bytes", 262144)
        if "tail_lines" in body:
            lines = self.log.splitlines(keepends=True)[-body["tail_lines"]:]
            offset = len(self.log) - len(b"".join(lines))
        if "since_ms" in body:
            offset = min([at for at, ms in self.times if ms >= body["since_ms"]] or [len(self.log)])
        if offset > len(self.log):
            return 400, "offset beyond the end", None
        data = self.log[offset:offset + most]
        eof = self.job["status"] in OVER and offset + len(data) == len(self.log)
        reply = {"job_id": self.job["job_id"], "offset": offset, "data": data,
                 "size": len(self.log), "eof": eof}
        if body.get("times"):
            before = [[offset, ms] for at, ms in self.times if at <= offset][-1:]
            reply["times"] = before + [[at, ms] for at, ms in self.times
                                       if offset < at < offset + len(data)]
        return 200, None, reply

    def do_sync(self, _id, body):
        self.publish("sync", body["nonce"], {"worker": WORKER})
        return 200, None, {}

    # The job

    def begin(self, **changes):
        self.job, self.log = record(**changes), b""
        self.times = []  # [offset, time_ms] of the log

    def publish(self, kind, what, event, payload=b""):
        if kind not in self.mute:
            self.events.send_multipart([f"{kind}/{what}/".encode(), msgpack.packb(event), payload])

    def say(self, data, publish=True, eof=False, time_ms=0):
        """Append to the log; publish=False: the event is dropped on its way."""
        offset, line = len(self.log), self.log.count(b"\n") + 1
        if time_ms:
            self.times.append([offset, time_ms])
        self.log += data
        self.job["log"] = {"bytes": len(self.log), "lines": self.log.count(b"\n")}
        if publish:
            self.publish("log", self.job["job_id"], {
                "worker": WORKER, "job_id": self.job["job_id"], "offset": offset, "line": line,
                "count": data.count(b"\n"), "time_ms": time_ms, "eof": eof}, data)

    def change(self, **changes):
        """Change the record and publish it."""
        self.job.update(changes)
        self.sequence += 1
        self.publish("status", self.job["job_id"],
                     {"worker": WORKER, "seq": self.sequence, "job": self.job})

    def finish(self, status="completed", **changes):
        if status == "completed":
            changes = {"exit": {"code": 0, "signal": None}} | changes
        self.say(b"", eof=True)
        self.change(status=status, finished_at="2026-02-13T14:30:50.000Z", **changes)
