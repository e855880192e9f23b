#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""A disk that is full: a job waits for room where everybody can see it, and goes on; nothing is torn.

    full_disk.py --bin DIR

The state folder is a small tmpfs, in a mount namespace of this test's own: it starts itself anew through
unshare(1). A file of ballast takes all the room that there is.
"""
import argparse
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "e2e"))
sys.dont_write_bytecode = True

import msgpack  # noqa: E402
import zmq  # noqa: E402

import procs  # noqa: E402
import system  # noqa: E402

SMALL, LARGE = "6m", "64m"
LINES = 1500000  # more than 6 MB
# They must be on record as running before they take the room that the record needs.
WAITS = "until [ -e go ]; do sleep 0.01; done; "
COUNTS = ["-c", f"{WAITS}exec /usr/bin/seq 1 {LINES}"]
FOREVER = ["-c", f"{WAITS}exec /usr/bin/yes"]
FULL = "the disk is full"
GRACE_MS = 300
LOOKS = 100  # at records in a round, at least; thousands are usual


class Refused(Exception):
    """EMS did not do what it must."""


def hold(fact, why):
    if not fact:
        raise Refused(why)


def eventually(fact, why, deadline_s=40):
    return procs.eventually(fact, deadline_s, why)


def private_mounts():
    """Start this program anew where its mounts are its own and end with it."""
    if os.environ.get("EMS_OWN_MOUNTS"):
        return
    command = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid() != 0:
        command += ["--map-root-user"]
    os.environ["EMS_OWN_MOUNTS"] = "1"
    os.execvp(command[0], command + ["/usr/bin/python3", *sys.argv])


class SmallDisk(system.System):
    """Its state folder is a tmpfs."""

    def __init__(self, programs):
        system.BIN = programs
        plain = {"arguments": [], "grace_ms": GRACE_MS}
        super().__init__(cgroup="none", profiles={
            "counts": {"command": "/bin/sh", "arguments": COUNTS},
            "forever": plain | {"command": "/bin/sh", "arguments": FOREVER},
            "short": {"command": "/usr/bin/true"} | plain})
        self.state.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "none", self.state], check=True)
        self.ballast = self.state / "ballast"
        self.torn, self.looks = [], 0
        self.watching = threading.Event()
        self.watcher = threading.Thread(target=self.look_at_records)
        self.watcher.start()

    def look_at_records(self):
        """All the time: no reader ever sees half a record."""
        while not self.watching.wait(0.002):
            for path in self.state.glob("logs/jobs/[!.]*"):
                try:
                    json.loads(path.read_text())
                    self.looks += 1
                except FileNotFoundError:
                    pass
                except ValueError:
                    self.torn.append(path.name)

    def close(self):
        self.watching.set()
        self.watcher.join()
        self.make_room()
        try:
            self.empty()
        finally:
            super().close()

    def empty(self):
        """Stop everything, then take the disk away: rmtree cannot remove what is mounted on."""
        self.end_jobs()
        for name in ("worker", "broker"):
            if name in self.parts:
                self.stop_part(name)
        left = self.left_in_folders()
        subprocess.run(["umount", self.state], check=True)
        hold(not left, f"left: {left}")

    def fill(self, but_bytes=0):
        """Take all the room that is left, or nearly all."""
        with open(self.ballast, "ab", buffering=0) as file:
            size = 1 << 20
            while size:
                try:
                    file.write(bytes(size))
                except OSError:
                    size //= 2
            file.truncate(file.tell() - but_bytes)

    def make_room(self):
        self.ballast.unlink(missing_ok=True)
        subprocess.run(["mount", "-o", f"remount,size={LARGE}", self.state], check=True)

    def detail(self, job_id):
        return self.status(job_id)["detail"] or ""

    def flood(self, profile):
        """A job that runs, and from now on writes as fast as it can."""
        (self.work / "go").unlink(missing_ok=True)
        job_id = self.run(profile)["job_id"]
        (self.work / "go").touch()
        return job_id

    def stalled(self, job_id):
        eventually(lambda: FULL in self.detail(job_id), "the record says that the disk is full")
        hold(self.status(job_id)["status"] == "running", "a job that waits for room is running")


def first_line(arguments):
    return f"Starting benchmark: /bin/sh {' '.join(arguments)}\n".encode()


class Events:
    """The status events of all jobs, from now on."""

    def __init__(self, box):
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.subscribe("status/")
        self.socket.connect(box.endpoint("events"))
        eventually(lambda: box.finished("short") and self.details(), "the subscription is in force")

    def details(self):
        """[(job, detail)] of the events that came since it was asked last."""
        found = []
        while self.socket.poll(10):
            job = msgpack.unpackb(self.socket.recv_multipart()[1])["job"]
            found.append((job["job_id"], job["detail"] or ""))
        return found

    def saw(self, job_id, text):
        return any(job == job_id and text in detail for job, detail in self.details())

    def close(self):
        self.socket.close(linger=0)


def a_flood_waits_and_is_whole(box):
    events = Events(box)
    job_id = box.flood("counts")
    eventually(lambda: events.saw(job_id, FULL), "an event says that the disk is full")
    events.close()
    box.stalled(job_id)
    hold(FULL in box.ems("show", job_id).stdout, "`ems show` says it")
    reply = box.client.ask("run", profile="short")
    hold(reply.status == 409 and reply.error, f"a run meanwhile: {reply}")
    before = box.log(job_id)
    # The worker may come and go meanwhile.
    box.kill9("worker")
    box.restart("worker")
    box.stalled(job_id)
    hold(box.log(job_id) == before, "nothing is written where there is no room")
    box.make_room()
    eventually(lambda: FULL not in box.detail(job_id), "the record says that there is room")
    job = box.finish(job_id)
    hold(job["status"] == "completed" and not job["detail"], f"it ended as {job}")
    whole = first_line(COUNTS)
    whole += b"".join(b"%d\n" % number for number in range(1, LINES + 1))
    hold(box.log(job_id) == whole, "its log is what it wrote")
    hold(job["log"] == {"bytes": len(whole), "lines": LINES + 1}, f"its record says {job['log']}")


def a_run_on_a_full_disk_is_refused(box):
    jobs = len(box.jobs())
    box.fill()
    reply = box.client.ask("run", profile="short")
    hold(reply.status == 500 and "No space left" in reply.error, f"a run on a full disk: {reply}")
    done = box.ems("run", "short")
    hold(done.returncode not in (0, 130) and "No space left" in done.stderr, f"ems run: {done}")
    hold(len(box.jobs()) == jobs and not box.entries("run"), "nothing was accepted")
    box.make_room()
    hold(box.finished("short")["status"] == "completed", "there is room again")


def a_worker_starts_on_a_full_disk(box):
    box.stop_part("worker")
    box.fill()
    box.start_part("worker")
    box.wait_ready()
    hold(len(box.jobs()) > 0, "it answers")
    box.make_room()


def a_job_that_waits_can_be_cancelled(box):
    box.fill(but_bytes=2 << 20)
    job_id = box.flood("forever")
    box.stalled(job_id)
    main = box.run_file(job_id, "shim.json")["main"]["pid"]
    request = {"id": os.urandom(16).hex(), "type": "cancel", "body": {"job_id": job_id}}
    first = box.client.ask_once(request, 0.1)
    eventually(lambda: procs.identity(main) is None, "the job is stopped though nothing can be noted")
    hold(first is None or first.status == 200, f"a cancel on a full disk: {first}")
    box.make_room()
    reply = box.client.ask("cancel", id=request["id"], again=True, job_id=job_id)
    hold(reply.status == 200 and reply.body["job"]["status"] == "cancelled", f"the cancel: {reply}")
    log = box.log(job_id)
    body = log.removeprefix(first_line(FOREVER))
    body, last = body[:body.rindex(b"Benchmark")], body[body.rindex(b"Benchmark"):]
    hold(last == b"Benchmark execution cancelled by user.\n", "its last line")
    hold((b"y\n" * (len(body) // 2 + 1)).startswith(body.rstrip(b"\n")), "its log is what it wrote")


SCENES = (a_flood_waits_and_is_whole, a_run_on_a_full_disk_is_refused,
          a_worker_starts_on_a_full_disk, a_job_that_waits_can_be_cancelled)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--long", action="store_true", help="20 rounds")
    options = parser.parse_args()
    private_mounts()
    rounds, failures, looks = 20 if options.long else 1, [], 0
    for number in range(rounds):
        box = SmallDisk(Path(options.bin).resolve())
        try:
            box.start()
            for scene in SCENES:
                scene(box)
        except (Refused, AssertionError, TimeoutError) as error:
            failures.append(f"round {number}: {error!r}\n{box.said()}")
        try:
            box.close()
        except (Refused, AssertionError) as error:
            failures.append(f"round {number}, at its end: {error}")
        failures += [f"round {number}: {name} was torn" for name in box.torn]
        looks += box.looks
    if looks < LOOKS * rounds:
        failures.append(f"records were looked at {looks} times: that shows nothing")
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"full_disk: {rounds} rounds of {len(SCENES)} scenes, {looks} looks at records, "
          f"{len(failures)} violations")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
