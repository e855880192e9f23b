# SPDX-License-Identifier: MPL-2.0
"""Traps at chosen points: something is done the moment that a file of a worker says how far it is.

The points: "folder" (run/JOB made), "spec.json" "ctl.sock" "shim.json" "exit.json" "tail.json" (in it),
"folder gone", "history" (a job noted), "record STATUS" (written), "staged", "published"; "exec" "fork"
"wrote" "dead" (said by the job itself); and whatever else is given to `reach`.
"""
import ctypes
import errno
import json
import os
import select
import struct
import threading

from crash_world import listed

IN_MODIFY, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
NEW = IN_CREATE | IN_MOVED_TO
GONE = IN_DELETE | IN_MOVED_FROM
EVENT = struct.Struct("iIII")
RECORDED = tuple(f"record {status}" for status in (
    "starting", "running", "cancelling", "completed", "failed", "cancelled"))
POINTS = ("folder", "spec.json", "ctl.sock", "shim.json", "exit.json", "tail.json", "folder gone",
          "history", "staged", "published", "exec", "wrote", "dead") + RECORDED

libc = ctypes.CDLL(None, use_errno=True)


class Trap:
    """Springs once, when its point is reached; `sprung` is set when its action is done."""

    def __init__(self, point, action):
        self.point, self.action, self.sprung = point, action, threading.Event()


class Points:
    """Watches the state folders, and what jobs say, in a thread of its own until close()."""

    def __init__(self, states, said):
        self.traps, self.lock = [], threading.Lock()
        self.fd = libc.inotify_init1(os.O_CLOEXEC)
        self.watches = {}  # watch -> (worker, which folder, job or None)
        self.states = states
        for worker, state in states.items():
            self.watch(state / "run", worker, "run")
            self.watch(state / "logs", worker, "logs", NEW | IN_MODIFY)
            self.watch(state / "logs/jobs", worker, "records")
            self.watch(state / "results", worker, "results")
            self.watch(state / "results/.staging", worker, "staging")
        self.said = open(said, "rb")
        self.watch(said, None, "said", IN_MODIFY)
        self.waker, self.closing = os.pipe()
        self.thread = threading.Thread(target=self.serve, name="points")
        self.thread.start()

    def close(self):
        os.close(self.closing)
        self.thread.join()
        os.close(self.fd)
        os.close(self.waker)
        self.said.close()

    def watch(self, path, worker, folder, mask=NEW | GONE, job_id=None):
        number = libc.inotify_add_watch(self.fd, os.fsencode(path), mask)
        if number >= 0:
            self.watches[number] = (worker, folder, job_id)
        elif not job_id or ctypes.get_errno() != errno.ENOENT:
            raise OSError(ctypes.get_errno(), f"cannot watch {path}")

    def set(self, point, action):
        """action(point, worker, job_id) is called when the point is reached next."""
        trap = Trap(point, action)
        with self.lock:
            self.traps.append(trap)
        return trap

    def release(self, trap):
        """Take a trap away; it springs now if it did not before."""
        with self.lock:
            waiting = trap in self.traps
            if waiting:
                self.traps.remove(trap)
        if waiting:
            trap.action(None, None, None)
            trap.sprung.set()
        trap.sprung.wait()

    def reach(self, point, worker=None, job_id=None):
        with self.lock:
            ready = [trap for trap in self.traps if trap.point == point]
            self.traps = [trap for trap in self.traps if trap.point != point]
        for trap in ready:
            try:
                trap.action(point, worker, job_id)
            finally:
                trap.sprung.set()

    def serve(self):
        poller = select.poll()
        for fd in (self.fd, self.waker):
            poller.register(fd, select.POLLIN)
        while self.waker not in dict(poller.poll()):
            data, at = os.read(self.fd, 65536), 0
            while at < len(data):
                number, mask, _, length = EVENT.unpack_from(data, at)
                name = data[at + EVENT.size:at + EVENT.size + length].rstrip(b"\0").decode()
                at += EVENT.size + length
                if number in self.watches:
                    self.take(*self.watches[number], mask, name)

    def take(self, worker, folder, job_id, mask, name):
        if folder == "run" and len(name) == 12:
            self.take_folder(worker, name, mask)
        elif folder == "said":
            for line in self.said:
                event = json.loads(line)
                self.reach(event["what"], event.get("slot"), event["job"])
        elif folder == "job" and mask & NEW:
            self.reach(name, worker, job_id)
        elif folder == "records" and mask & NEW and name.endswith(".json"):
            self.take_record(worker, name)
        elif folder == "logs" and name == "history":
            self.reach("history", worker)
        elif folder == "staging" and mask & NEW:
            self.reach("staged", worker)
        elif folder == "results" and mask & NEW and not name.startswith("."):
            self.reach("published", worker)

    def take_folder(self, worker, job_id, mask):
        if mask & GONE:
            self.reach("folder gone", worker, job_id)
            return
        path = self.states[worker] / "run" / job_id
        self.watch(path, worker, "job", NEW, job_id)
        self.reach("folder", worker, job_id)
        for name in listed(path):  # made before we watched
            self.reach(name, worker, job_id)

    def take_record(self, worker, name):
        if not any(trap.point in RECORDED for trap in self.traps):
            return
        try:
            record = json.loads((self.states[worker] / "logs/jobs" / name).read_text())
        except FileNotFoundError:
            return
        self.reach(f"record {record['status']}", worker, record["job_id"])
