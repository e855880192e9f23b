#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""See what happens at a broker of EMS, or follow one job without losing a line.

usage: monitor.py [-e ENDPOINT] [--events ENDPOINT] [--certificate FILE --server FILE] [JOB]

Without JOB: a line for every change of every job and worker, until Ctrl-C. With JOB (its id, the beginning of it, or
last): its log on stdout, byte for byte, to its end. Remarks go to stderr. Written from PROTOCOL.md alone; needs
python3-zmq and python3-msgpack. --certificate and --server are for tcp:// endpoints: your NAME.secret as
`ems keygen` makes it, and the broker's NAME.public.
"""
import argparse
import os
import re
import secrets
import sys
import time

import msgpack
import zmq

MAGIC = b"EMS1"
OVER = ("completed", "failed", "cancelled")
ACTIVE = ("queued", "starting", "running", "paused", "cancelling")
CHUNK_BYTES = 1048576
CONNECT_MS = 1800  # without a connection for so long nobody is there
REPEAT_S = 3  # without a reply for so long, ask again with the same id
PATIENCE_S = 10  # without any, give up
HEARTBEAT_MS = 5000  # finds a connection whose other side has vanished without a word
QUIET_S = 10  # events are hints: after so long without any, look how things stand


class Refused(Exception):
    """The other side said no: its status and its sentence."""


class Unreachable(Exception):
    """Nobody answers, or (503) whoever knows the answer is not there now."""


class Place:
    """Where the broker is, and the keys that it takes to get in."""

    def __init__(self, options):
        folder = os.environ.get("EMS_STATE") or os.path.expanduser("~/.local/state/ems")
        self.clients = (options.endpoint or os.environ.get("EMS_ENDPOINT")
                        or f"ipc://{os.path.abspath(folder)}/sock/clients")
        self.events = options.events or os.environ.get("EMS_EVENTS") or self.beside(self.clients)
        self.keys = self.read_keys(options) if options.certificate else None

    @staticmethod
    def beside(clients):
        """The endpoint of events: over ipc in the same folder, over TCP three ports on."""
        if clients.startswith("ipc://"):
            return clients.rpartition("/")[0] + "/events"
        host, _, port = clients.rpartition(":")
        return f"{host}:{int(port) + 3}"

    @staticmethod
    def read_keys(options):
        """(broker's public key, ours, our secret one)"""
        def key(path, kind):
            with open(path, encoding="utf-8") as file:
                return re.search(rf'{kind}-key\s*=\s*"(.{{40}})"', file.read())[1].encode()
        return (key(options.server, "public"), key(options.certificate, "public"),
                key(options.certificate, "secret"))

    def connect(self, kind, endpoint):
        socket = zmq.Context.instance().socket(kind)
        socket.linger = 0
        socket.heartbeat_ivl = HEARTBEAT_MS
        socket.immediate, socket.sndtimeo = 1, CONNECT_MS  # nothing is sent before there is a connection
        if self.keys:
            socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = self.keys
        socket.connect(endpoint)
        return socket


class Requests:
    """Requests, one at a time (PROTOCOL.md, sections 3 to 5)."""

    def __init__(self, place):
        self.place, self.socket = place, None
        self.met = False  # somebody has answered: if nobody is there now, it is worth waiting

    def ask(self, type, worker=None, **body):
        """The body of the reply. Asks again, with the same id, while there is none, or 503 or 504."""
        request = {"id": secrets.token_hex(16), "type": type, "body": body}
        if worker:
            request["worker"] = worker
        until, said = time.monotonic() + PATIENCE_S, f"nobody answers at {self.place.clients}"
        while time.monotonic() < until:
            try:
                reply = self.try_once(request, min(until, time.monotonic() + REPEAT_S))
                request["again"] = True
            except zmq.Again:  # there was no connection
                if not self.met:
                    break
                reply = None
            if reply is None:
                self.close()  # the next try has a new socket: one that was not let in once does not try again
                continue
            self.met = True
            if reply["status"] in (200, 202):
                return reply["body"]
            said, wait_ms = reply.get("error", "refused"), reply["body"].get("retry_after_ms")
            if reply["status"] not in (503, 504) and not wait_ms:
                raise Refused(f"{said} ({reply['status']})")
            time.sleep((wait_ms or 200) / 1000)
        raise Unreachable(said)

    def try_once(self, request, until):
        """The reply; None if there is none in time."""
        if not self.socket:
            self.socket = self.place.connect(zmq.DEALER, self.place.clients)
        self.socket.send_multipart([MAGIC, msgpack.packb(request)])
        while self.socket.poll(max(0, until - time.monotonic()) * 1000):
            frames = self.socket.recv_multipart()
            reply = msgpack.unpackb(frames[1]) if len(frames) == 2 and frames[0] == MAGIC else {}
            if reply.get("re") == request["id"]:
                return reply
        return None

    def close(self):
        self.socket.close()
        self.socket = None


class Events:
    """A subscription (PROTOCOL.md, section 8)."""

    def __init__(self, place, *topics):
        self.place, self.topics = place, topics
        self.open()

    def open(self):
        self.socket = self.place.connect(zmq.SUB, self.place.events)
        self.link = self.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        for topic in self.topics:
            self.socket.subscribe(topic)

    def renew(self):
        """After its connection ended a socket is not read any more: a new one subscribes."""
        self.socket.disable_monitor()
        self.socket.close()
        self.open()

    def next(self, wait_s):
        """(topic, map, payload); None if there was none in time; ConnectionError when the connection has ended."""
        poller = zmq.Poller()
        poller.register(self.socket, zmq.POLLIN)
        poller.register(self.link, zmq.POLLIN)
        ready = dict(poller.poll(max(0, wait_s) * 1000))
        if self.link in ready:
            raise ConnectionError
        if not ready:
            return None
        topic, event, payload = self.socket.recv_multipart()
        return topic.decode(), msgpack.unpackb(event), payload


def say(text, file=None):
    """A line, in which nothing from the other side can play with the terminal."""
    print("".join(c if c.isprintable() else "?" for c in text), file=file, flush=True)


def remark(text):
    say(f"monitor: {text}", sys.stderr)


class Follower:
    """One job: every byte of its log once and in order, over lost connections and dropped events."""

    def __init__(self, place, job_id):
        self.requests, self.position = Requests(place), 0
        self.job = self.requests.ask("status", job_id=job_id)["job"]
        self.id, self.nonce = self.job["job_id"], secrets.token_hex(8)
        self.events = Events(place, f"log/{self.id}/", f"status/{self.id}/", f"sync/{self.nonce}/")

    def ask(self, type, **body):
        """A request about the job goes to its worker, which alone has it."""
        return self.requests.ask(type, worker=self.job["worker"], job_id=self.id, **body)

    def over(self):
        return self.job["status"] in OVER

    def follow(self):
        """Yields the log piece by piece."""
        while not self.over():
            try:
                self.synchronise()
                yield from self.catch_up()
                yield from self.live()
            except ConnectionError:
                remark("the connection is lost; waiting for it")
                self.events.renew()
            except Unreachable as error:
                remark(error)
        yield from self.fetch()

    def synchronise(self):
        """Returns when our subscriptions are in force: subscriptions travel in order."""
        topic = None
        while topic != f"sync/{self.nonce}/":
            self.ask("sync", nonce=self.nonce)
            until = time.monotonic() + 1
            while topic != f"sync/{self.nonce}/" and (event := self.events.next(until - time.monotonic())):
                topic = event[0]

    def catch_up(self):
        self.job = self.ask("status")["job"]
        yield from self.fetch()

    def fetch(self, end=None):
        """The bytes from our position to `end`; without one to the end of the log as it is now."""
        while end is None or self.position < end:
            most = CHUNK_BYTES if end is None else min(CHUNK_BYTES, end - self.position)
            piece = self.ask("logs", offset=self.position, max_bytes=most)
            self.position += len(piece["data"])
            yield piece["data"]
            if end is None and (piece["eof"] if self.over() else self.position >= piece["size"]):
                break

    def live(self):
        """Takes events until the job is over. After a gap more may be missing: ask soon."""
        quiet_s = QUIET_S
        while not self.over():
            event = self.events.next(quiet_s)
            if event is None:
                quiet_s = min(2 * quiet_s, QUIET_S)
                yield from self.catch_up()
                continue
            topic, about, payload = event
            if about["worker"] != self.job["worker"]:
                continue  # nobody else has a say about this job
            if topic.startswith("status/"):
                self.job = about["job"]
            elif topic.startswith("log/"):
                if about["offset"] > self.position:
                    quiet_s = 0.2
                    yield from self.fetch(about["offset"])
                known = self.position - about["offset"]
                if known < len(payload):
                    self.position += len(payload) - known
                    yield payload[known:]


class Overview:
    """All jobs and workers: says what is new, whether an event or a look told it."""

    def __init__(self, place):
        self.requests, self.events = Requests(place), Events(place, "status/", "worker/")
        self.jobs, self.workers = {}, {}  # what was said last, of jobs that are not over

    def watch(self):
        looks = 0
        while True:
            try:
                # The first look may be too early for the subscription: once more after a second.
                event = self.events.next((0, 1)[looks] if looks < 2 else QUIET_S)
                if event is None:
                    self.look()
                    looks += 1
                elif event[0].startswith("status/"):
                    self.see_job(event[1]["job"])
                else:
                    self.see_worker(event[1]["worker"], event[1])
            except ConnectionError:
                remark("the connection is lost; waiting for it")
                self.events.renew()
                looks = 0
            except Unreachable as error:
                remark(error)

    def look(self):
        for worker in self.requests.ask("workers")["workers"]:
            self.see_worker(worker["name"], worker)
        seen, page = set(), {"next": None}
        while "next" in page:
            page = self.requests.ask("list", status=ACTIVE, limit=500, before=page["next"])
            for job in page["jobs"]:
                seen.add(job["job_id"])
                self.see_job(job)
        for job_id in set(self.jobs) - seen:
            try:
                self.see_job(self.requests.ask("status", job_id=job_id)["job"])
            except Refused:
                del self.jobs[job_id]  # it ended, and was removed

    def see_job(self, job):
        percent = job.get("progress_pct")
        line = (f"job {job['job_id']} {job['status']} {job['profile']}"
                + (f" ({job['reason']})" if job["reason"] else "")
                + (f" {percent:.0f}%" if percent is not None else ""))
        if self.jobs.get(job["job_id"]) != line:
            say(line)
        self.jobs[job["job_id"]] = line
        if job["status"] in OVER:
            del self.jobs[job["job_id"]]

    def see_worker(self, name, worker):
        line = f"worker {name} {worker['state']} {worker['job_id'] or '-'}, {worker['queued']} in line"
        if self.workers.get(name) != line:
            say(line)
        self.workers[name] = line


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    for name in ("--events", "--certificate", "--server"):
        parser.add_argument(name)
    parser.add_argument("-e", "--endpoint")
    parser.add_argument("job", nargs="?")
    options = parser.parse_args()
    try:
        place = Place(options)
        if not options.job:
            Overview(place).watch()
        follower = Follower(place, options.job)
        for data in follower.follow():
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        remark(follower.job["status"])
    except (Refused, Unreachable) as error:
        remark(error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
