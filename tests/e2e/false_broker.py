# SPDX-License-Identifier: MPL-2.0
"""A broker in false hands: it has a worker, and tells it what it likes."""
import secrets
import time

import msgpack
import zmq

from ems1 import MAGIC, Reply

WAIT_S = 30


class FalseBroker:
    """Binds `workers` and `publish` below a state folder; close() removes them again."""

    def __init__(self, state):
        self.sock = state / "sock"
        self.ref = 0
        self.open()

    def open(self):
        self.sock.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.workers, self.publish = (zmq.Context.instance().socket(kind)
                                      for kind in (zmq.ROUTER, zmq.SUB))
        self.workers.bind(f"ipc://{self.sock}/workers")
        self.publish.bind(f"ipc://{self.sock}/publish")
        self.publish.subscribe("")
        self.route = None

    def close(self):
        for name in ("workers", "publish"):
            getattr(self, name).close(linger=0)
            (self.sock / name).unlink(missing_ok=True)

    def tell(self, head, *more):
        self.workers.send_multipart([self.route, MAGIC, msgpack.packb(head), *more])

    def take(self, until):
        """(head, further frames) of the next message of the worker, or None."""
        if not self.workers.poll(max(0, until - time.monotonic()) * 1000):
            return None
        route, magic, head, *more = self.workers.recv_multipart()
        assert magic == MAGIC
        head = msgpack.unpackb(head)
        if head["type"] == "hello":
            self.route = route
            self.tell({"type": "welcome"})
        if self.route:
            self.tell({"type": "beat"})
        return head, more

    def wait_for_worker(self):
        until = time.monotonic() + WAIT_S
        while not self.route:
            assert time.monotonic() < until, "no worker came"
            self.take(until)

    def send(self, request, user="alice", **head):
        """The reply to this request map on that user's behalf; None if there is none in time."""
        wait_s = head.pop("wait_s", WAIT_S)
        self.ref += 1
        self.tell({"type": "request", "ref": self.ref, "user": user} | head,
                  msgpack.packb(request))
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            message = self.take(until)
            if message and message[0]["type"] == "reply" and message[0]["ref"] == self.ref:
                reply = msgpack.unpackb(message[1][0])
                assert reply["re"] == request["id"]
                return Reply(reply["status"], reply.get("error"), reply.get("body") or {})
        return None

    def ask(self, type, user="alice", head=None, **body):
        return self.send(request_of(type, **body), user, **(head or {}))

    def synchronise(self, job_id):
        """Returns when our subscription is in force."""
        until = time.monotonic() + WAIT_S
        while not self.publish.poll(50):
            assert time.monotonic() < until, "no subscription comes through"
            self.ask("sync", job_id=job_id, nonce=secrets.token_hex(8))

    def event(self):
        """(topic, map) of the next event."""
        assert self.publish.poll(WAIT_S * 1000), "nothing was published"
        topic, event, _ = self.publish.recv_multipart()
        return topic.decode(), msgpack.unpackb(event)


def request_of(type, **body):
    """A request map that is good for a minute."""
    return {"id": secrets.token_hex(16), "type": type, "body": body,
            "not_after_ms": int((time.time() + 60) * 1000)}
