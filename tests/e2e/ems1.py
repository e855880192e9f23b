#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""A client of EMS in Python, written from proto/PROTOCOL.md alone.

Needs python3-zmq and python3-msgpack. In short:

    client = Client("ipc:///home/me/.local/state/ems/sock/clients")
    job = client.do("run", profile="lab", params={"n": 100})["job"]
    monitor = Monitor(client, "ipc:///home/me/.local/state/ems/sock/events", job["job_id"])
    for data in monitor.follow():
        sys.stdout.buffer.write(data)
    print(monitor.job["status"])

As a program it follows one job: ems1.py STATE_FOLDER JOB_ID
"""
import collections
import secrets
import sys
import time

import msgpack
import zmq

MAGIC = b"EMS1"
OVER = ("completed", "failed", "cancelled")
CHUNK_BYTES = 1048576
REPEAT_S = 3  # without a reply for so long, ask again with the same id
PING_MS = 5000  # a connection whose other side has vanished without a word is found so
QUIET_S = 10  # without an event for so long, ask whether the job is over

Reply = collections.namedtuple("Reply", "status error body")


class Refused(Exception):
    """A reply other than 200 and 202."""

    def __init__(self, reply):
        super().__init__(f"{reply.status}: {reply.error}")
        self.reply = reply


class Client:
    """Sends requests, one at a time; `kind` is zmq.DEALER or zmq.REQ."""

    def __init__(self, endpoint, kind=zmq.DEALER):
        self.endpoint, self.kind = endpoint, kind
        self.socket = None

    def close(self, linger_ms=0):
        if self.socket:
            self.socket.close(linger=linger_ms)
            self.socket = None

    def do(self, type, **body):
        """The body of the reply; Refused if it is not a good one."""
        reply = self.ask(type, **body)
        if reply.status not in (200, 202):
            raise Refused(reply)
        return reply.body

    def ask(self, type, *, id=None, again=False, worker=None, timeout_s=60, **body):
        """The reply, whatever it says. Asks again, with the same id, while there is none or 503.

        `again`: this id was sent before."""
        request = {"id": id or secrets.token_hex(16), "type": type, "body": body,
                   "not_after_ms": int((time.time() + timeout_s) * 1000)}
        if worker:
            request["worker"] = worker
        if again:
            request["again"] = True
        deadline = time.monotonic() + timeout_s + 1
        while True:
            reply = self.ask_once(request, min(REPEAT_S, deadline - time.monotonic()))
            if reply and reply.status != 503:
                return reply
            request["again"] = True
            if time.monotonic() > deadline:
                raise TimeoutError(f"{type}: no answer from {self.endpoint}: {reply}")
            if reply:
                time.sleep(0.1)

    def send(self, request):
        """Sends this request map and leaves before there can be a reply."""
        self._put(request)
        self.close(linger_ms=60000)  # what is not on its way yet still goes out

    def ask_once(self, request, wait_s):
        """The reply to this one request map, or None if there was none in time."""
        self._put(request)
        until = time.monotonic() + wait_s
        while self.socket.poll(max(0, until - time.monotonic()) * 1000):
            reply = self.unpack(self.socket.recv_multipart())
            if reply.get("re") == request["id"]:
                return Reply(reply["status"], reply.get("error"), reply.get("body") or {})
        self.close()  # a REQ socket that got no reply cannot send again
        return None

    def _put(self, request):
        if not self.socket:
            self.socket = zmq.Context.instance().socket(self.kind)
            self.socket.connect(self.endpoint)
        self.socket.send_multipart([MAGIC, msgpack.packb(request)])

    @staticmethod
    def unpack(frames):
        if len(frames) != 2 or frames[0] != MAGIC:
            return {}
        return msgpack.unpackb(frames[1])


class Monitor:
    """Follows one job without losing or repeating a byte (PROTOCOL.md, section 8)."""

    def __init__(self, client, events, job_id, position=0):
        self.client, self.events, self.job_id, self.position = client, events, job_id, position
        self.job = None  # the newest record that was seen
        self.nonce = secrets.token_hex(8)
        self.open()

    def open(self):
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.heartbeat_ivl = PING_MS
        self.ended = self.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        for topic in (f"log/{self.job_id}/", f"status/{self.job_id}/", f"sync/{self.nonce}/"):
            self.socket.subscribe(topic)
        self.poller = zmq.Poller()
        self.poller.register(self.socket, zmq.POLLIN)
        self.poller.register(self.ended, zmq.POLLIN)
        self.socket.connect(self.events)

    def close(self):
        self.socket.disable_monitor()
        self.socket.close(linger=0)

    def over(self):
        return self.job is not None and self.job["status"] in OVER

    def do(self, type, **body):
        """A request about the job, to its worker as soon as that is known: no other has it."""
        worker = self.job["worker"] if self.job else None
        return self.client.do(type, worker=worker, job_id=self.job_id, **body)

    def follow(self):
        """Yields the log from `position` on, piece by piece, until the job is over."""
        while not self.over():
            self.synchronise()
            self.job = self.do("status")["job"]
            yield from self.fetch()
            yield from self.take_events()
        yield from self.fetch()

    def synchronise(self):
        """Returns when all our subscriptions are in force."""
        synced = False
        while not synced:
            if self.ended.poll(0):
                self.close()  # libzmq may abort if we read on (zeromq/libzmq #3937)
                self.open()
            self.do("sync", nonce=self.nonce)
            until = time.monotonic() + 1
            while not synced and self.socket.poll(max(0, until - time.monotonic()) * 1000):
                synced = self.socket.recv_multipart()[0] == f"sync/{self.nonce}/".encode()

    def fetch(self, end=None):
        """The bytes from our position to `end`, or to the end of the log as it is now."""
        done = False
        while not done:
            most = min(CHUNK_BYTES, end - self.position) if end else CHUNK_BYTES
            chunk = self.do("logs", offset=self.position, max_bytes=most)
            self.position += len(chunk["data"])
            if chunk["data"]:
                yield chunk["data"]
            if self.over() and not end:
                done = chunk["eof"]
            else:
                done = self.position >= (end or chunk["size"])

    def take_events(self):
        """Yields what events bring; returns when the job is over or we must synchronise again."""
        while not self.over() and (frames := self.next_event()):
            topic, event, payload = (frames + [b""])[:3]
            event = msgpack.unpackb(event)
            if event["worker"] != self.job["worker"]:
                continue  # nobody else has a say about this job
            if topic.startswith(b"status/"):
                self.job = event["job"]
            elif topic.startswith(b"log/"):
                if event["offset"] > self.position:
                    yield from self.fetch(event["offset"])  # events were dropped
                known = self.position - event["offset"]
                if known < len(payload):
                    self.position = event["offset"] + len(payload)
                    yield payload[known:]

    def next_event(self):
        """The frames of an event, or None if the connection ended or after a long silence."""
        ready = dict(self.poller.poll(QUIET_S * 1000))
        if self.ended in ready:
            return None
        return self.socket.recv_multipart() if ready else None


def main():
    state, job_id = sys.argv[1:]
    client = Client(f"ipc://{state}/sock/clients")
    monitor = Monitor(client, f"ipc://{state}/sock/events", job_id)
    for data in monitor.follow():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    print(monitor.job["status"], file=sys.stderr)


if __name__ == "__main__":
    main()
