# SPDX-License-Identifier: MPL-2.0
"""ems-broker alone, between workers and clients that are played here in Python.

Every test waits for a fact (a message, an exit, a file), with a deadline that only a fault reaches.
"""
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import msgpack
import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

BIN = Path(os.environ["EMS_BIN_DIR"])
PATIENCE_S = 30
PLACES = ["clients", "workers", "publish", "events"]
MAGIC = b"EMS1"


def wait_for(fact, what):
    """Wait until fact() is true; the only sleeping here is between two looks."""
    end = time.monotonic() + PATIENCE_S
    while True:
        result = fact()
        if result:
            return result
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)


def fresh_id():
    return os.urandom(16).hex()


class Broker:
    """A broker process on a state folder; it must always end cleanly unless it is killed.

    `before`: a command that becomes the broker, which is given to it as its last arguments."""

    def __init__(self, state, *arguments, before=()):
        self.state = state
        self.errors = open(Path(state).parent / "broker.err", "a+")
        # AddressSanitizer, if it is there, keeps freed memory; with little of that, what the
        # broker itself takes can be seen.
        environment = {"ASAN_OPTIONS": "quarantine_size_mb=1", **os.environ}
        self.process = subprocess.Popen([*before, BIN / "ems-broker", "--state", state, *arguments],
                                        stderr=self.errors, env=environment)

    def endpoint(self, place):
        return f"ipc://{self.state}/sock/{place}"

    def path(self, place):
        return Path(self.state) / "sock" / place

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        self.errors.seek(0)
        text = self.errors.read()
        self.errors.close()
        return code, text

    def rss_kib(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")


class House:
    """A place under /tmp (the paths of sockets must be short), a context and a broker."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="/tmp/ems-broker-")
        self.state = f"{self.folder}/state"
        self.context = zmq.Context()
        self.context.linger = 0
        self.broker = None
        self.workers = []  # a socket that nobody holds is closed

    def start(self, *arguments, before=()):
        self.broker = Broker(self.state, *arguments, before=before)
        self.ping()
        return self.broker

    def stop(self):
        code, text = self.broker.stop()
        assert code == 0, text
        self.broker = None

    @property
    def roster(self):
        """The file with the names of the workers that the broker knows."""
        return Path(self.state) / "broker" / "workers"

    def states(self):
        client = self.client()
        workers = client.ask("workers")["body"]["workers"]
        client.close()
        return {worker["name"]: worker["state"] for worker in workers}

    def socket(self, kind, place, **options):
        sock = self.context.socket(kind)
        for name, value in options.items():
            sock.setsockopt(getattr(zmq, name), value)
        sock.connect(f"ipc://{self.state}/sock/{place}")
        return sock

    def client(self):
        return Client(self)

    def worker(self, name, **more):
        worker = Worker(self, name, **more)
        self.workers.append(worker)
        return worker

    def monitor(self, *topics, **options):
        sub = self.socket(zmq.SUB, "events", **options)
        for topic in topics:
            sub.subscribe(topic)
        return sub

    def ping(self):
        client = self.client()
        reply = client.ask("ping")
        assert reply["status"] == 200
        client.close()
        return reply["body"]

    def close(self):
        code, text = (0, "")
        if self.broker:
            code, text = self.broker.stop()
        self.context.destroy(linger=0)
        shutil.rmtree(self.folder)
        assert code == 0, f"the broker ended with {code}: {text}"
        assert "Sanitizer" not in text, text


@pytest.fixture
def house():
    house = House()
    try:
        yield house
    finally:
        house.close()


@pytest.fixture
def broker(house):
    return house.start()


class Client:
    """A client as PROTOCOL.md describes one: DEALER, replies matched by `re`."""

    def __init__(self, house, kind=zmq.DEALER):
        self.kind = kind
        self.sock = house.socket(kind, "clients")

    def send(self, type, id=None, **fields):
        id = id or fresh_id()
        self.raw(MAGIC, msgpack.packb({"id": id, "type": type, **fields}))
        return id

    def raw(self, *frames):
        self.sock.send_multipart(frames)

    def receive(self, patience_s=PATIENCE_S):
        assert self.sock.poll(patience_s * 1000), "no reply came"
        magic, reply = self.sock.recv_multipart()
        assert magic == MAGIC
        return msgpack.unpackb(reply)

    def ask(self, type, **fields):
        id = self.send(type, **fields)
        while True:
            reply = self.receive()
            if reply.get("re") == id:
                return reply

    def quiet(self):
        """Nothing has come by the time that a ping is answered."""
        id = self.send("ping")
        assert self.receive()["re"] == id

    def close(self):
        self.sock.close(linger=0)


class Worker:
    """A worker as PROTOCOL.md describes one: says hello on connection and when asked who it is."""

    def __init__(self, house, name, profiles=("lab",), state="idle", hello=True):
        self.name, self.profiles, self.state = name, list(profiles), state
        self.sock = house.context.socket(zmq.DEALER)
        self.sock.setsockopt(zmq.RECONNECT_IVL, 50)
        self.monitor = self.sock.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self.sock.connect(f"ipc://{house.state}/sock/workers")
        if hello:
            self.connected()
            assert self.take("welcome")

    def connected(self):
        assert self.monitor.poll(PATIENCE_S * 1000), "no connection"
        recv_monitor_message(self.monitor)
        self.hello()

    def say(self, *maps):
        self.sock.send_multipart([MAGIC, *(msgpack.packb(map) for map in maps)])

    def hello(self):
        self.say({"type": "hello", "name": self.name, "profiles": self.profiles,
                  "state": self.state, "job_id": None, "queued": 0, "version": "0"})

    def take(self, type):
        """The next message but beats: it is of that type. Its head and body."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            assert self.sock.poll(PATIENCE_S * 1000), f"no {type} came"
            frames = self.sock.recv_multipart()
            assert frames[0] == MAGIC
            head = msgpack.unpackb(frames[1])
            if head["type"] == "beat":
                continue
            assert head["type"] == type, head
            return head, (msgpack.unpackb(frames[2]) if len(frames) > 2 else None)
        raise AssertionError(f"no {type} came")

    def answer(self, head, request, status=200, body=None):
        self.say({"type": "reply", "ref": head["ref"]},
                 {"re": request["id"], "status": status, "body": body or {}})

    def serve(self, type, status=200, body=None):
        head, request = self.take("request")
        assert request["type"] == type, request
        self.answer(head, request, status, body)
        return request

    def close(self):
        self.sock.disable_monitor()
        self.monitor.close(linger=0)
        self.sock.close(linger=0)


def next_event(sub, topic):
    while True:
        assert sub.poll(PATIENCE_S * 1000), f"no event {topic}"
        got, map, payload = sub.recv_multipart()
        if got == topic:
            return msgpack.unpackb(map), payload


# Requests and replies


def test_ping_is_answered_to_a_dealer_and_to_a_req(house, broker):
    for kind in (zmq.DEALER, zmq.REQ):
        client = Client(house, kind)
        reply = client.ask("ping")
        assert reply["status"] == 200
        assert reply["body"]["version"]
        assert abs(reply["body"]["time_ms"] / 1000 - time.time()) < PATIENCE_S


def test_without_a_worker_there_is_an_answer(house, broker):
    client = house.client()
    reply = client.ask("status", body={"job_id": "last"})
    assert (reply["status"], reply["error"]) == (503, "no worker is connected")
    assert client.ask("workers")["body"] == {"workers": []}
    reply = client.ask("ping", worker="bench-9")
    assert reply["status"] == 503 and "bench-9" in reply["error"]


@pytest.mark.parametrize("kind", [zmq.DEALER, zmq.REQ])
def test_a_request_reaches_the_worker_and_its_reply_comes_back(house, broker, kind):
    worker = house.worker("bench-1")
    client = Client(house, kind)
    sent = client.send("status", body={"job_id": "last"}, unknown_key=1)
    head, request = worker.take("request")
    assert request == {"id": sent, "type": "status", "body": {"job_id": "last"}, "unknown_key": 1}
    assert head["user"]
    worker.answer(head, request, body={"job": {"job_id": "abc123def456"}})
    reply = client.receive()
    assert reply["re"] == sent and reply["body"]["job"]["job_id"] == "abc123def456"


def test_a_chunk_of_a_log_of_one_mebibyte_passes(house, broker):
    worker, client = house.worker("bench-1"), house.client()
    data = os.urandom(1024 * 1024)
    for _ in range(5):
        client.send("logs", body={"job_id": "last", "max_bytes": len(data)})
        worker.serve("logs", body={"data": data})
        assert client.receive()["body"]["data"] == data


def test_workers_are_listed_as_they_say(house, broker):
    house.worker("a", profiles=["x", "y"])
    busy = house.worker("b", state="busy")
    workers = house.client().ask("workers")["body"]["workers"]
    by_name = {worker["name"]: worker for worker in workers}
    assert by_name["a"] == {"name": "a", "state": "idle", "job_id": None, "queued": 0,
                            "profiles": ["x", "y"]}
    assert by_name["b"]["state"] == "busy"
    busy.say({"type": "state", "state": "idle", "job_id": None, "queued": 4})
    wait_for(lambda: [worker["queued"] for worker in
                      house.client().ask("workers")["body"]["workers"]] == [0, 4], "the new state")


def test_a_request_past_its_time_is_answered_504(house, broker):
    worker, client = house.worker("bench-1"), house.client()
    past = client.ask("run", not_after_ms=int(time.time() * 1000) - 1, body={"profile": "lab"})
    assert past["status"] == 504
    id = client.send("run", not_after_ms=int(time.time() * 1000) + 300, body={"profile": "lab"})
    head, request = worker.take("request")
    reply = client.receive()
    assert (reply["re"], reply["status"]) == (id, 504)
    worker.answer(head, request)
    client.quiet()


def test_three_workers_share_runs_and_answer_lists_together(house, broker):
    workers = [house.worker(name) for name in ("a", "b", "c")]
    clients = [house.client() for _ in workers]
    for client in clients:
        client.send("run", body={"profile": "lab"})
    for worker in workers:
        for _ in clients:
            worker.serve("find", body={"matches": []})
    for worker in workers:
        worker.serve("run", body={"job": {"worker": worker.name}})
    got = {client.receive()["body"]["job"]["worker"] for client in clients}
    assert got == {"a", "b", "c"}

    clients[0].send("list")
    for number, worker in enumerate(workers):
        worker.serve("list", body={"jobs": [{
            "job_id": f"{number:012x}", "queued_at": f"2026-01-0{number + 1}T00:00:00.000Z"}]})
    jobs = clients[0].receive()["body"]["jobs"]
    assert [job["job_id"] for job in jobs] == [f"{n:012x}" for n in (2, 1, 0)]

    clients[0].send("cancel", body={"job_id": "last"})
    for number, worker in enumerate(workers):
        worker.serve("find", body={"matches": [{
            "job_id": f"{number:012x}", "queued_at": f"2026-01-0{3 - number}T00:00:00.000Z"}]})
    workers[0].serve("cancel")
    assert clients[0].receive()["status"] == 200


def test_many_requests_at_once_are_all_answered_if_what_was_dropped_is_asked_again(house, broker):
    worker, client = house.worker("bench-1"), house.client()
    left = {client.send("status", body={"job_id": "last"}) for _ in range(500)}
    while left:
        for _ in range(len(left)):
            worker.serve("status")
        before = len(left)
        while client.sock.poll(1000):
            left.discard(client.receive()["re"])
        assert len(left) < before
        for id in left:
            client.send("status", id=id, again=True, body={"job_id": "last"})


def test_a_client_that_does_not_read_costs_bounded_memory_and_can_ask_again(house, broker):
    worker, client = house.worker("bench-1"), house.client()
    client.close()
    client.sock = house.socket(zmq.DEALER, "clients", RCVHWM=1, RCVBUF=4096)
    chunk = {"data": b"x" * 1048576}
    before = broker.rss_kib()
    left = {client.send("logs", body={"job_id": "last"}) for _ in range(200)}
    most = 0
    for _ in range(200):
        worker.serve("logs", body=chunk)
        most = max(most, broker.rss_kib() - before)
    house.ping()
    assert most < 80 * 1024, f"{most} KiB more"
    again = set()
    while left:
        for _ in again:
            worker.serve("logs", body=chunk)
        while client.sock.poll(500):
            left.discard(client.receive()["re"])
        again = set(sorted(left)[:24])
        for id in again:
            client.send("logs", id=id, again=True, body={"job_id": "last"})


# Workers come and go


def test_a_worker_that_goes_is_noticed_at_once(house, broker):
    sub = house.monitor(b"worker/bench-1/")
    # The worker says hello again and again until the subscription is in force.
    worker, client = house.worker("bench-1"), house.client()

    def subscribed():
        worker.hello()
        worker.take("welcome")
        return sub.poll(50)

    wait_for(subscribed, "the first event")
    id = client.send("status", body={"job_id": "last"})
    worker.take("request")
    worker.close()
    reply = client.receive()
    assert (reply["re"], reply["status"]) == (id, 503)
    while next_event(sub, b"worker/bench-1/")[0]["state"] != "offline":
        pass
    assert client.ask("status", body={"job_id": "last"})["status"] == 503
    house.worker("bench-1")
    client.send("status", body={"job_id": "last"})


def test_bye_ends_a_worker(house, broker):
    worker, client = house.worker("bench-1"), house.client()
    client.send("status", body={"job_id": "last"})
    worker.take("request")
    worker.say({"type": "bye"})
    assert client.receive()["status"] == 503
    assert house.states() == {"bench-1": "offline"}


def test_a_second_worker_of_a_name_is_refused_while_the_first_lives(house, broker):
    first, second = house.worker("bench-1"), house.worker("bench-1", hello=False)
    second.connected()
    head, _ = second.take("refused")
    assert "bench-1" in head["error"]
    client = house.client()
    client.send("status", body={"job_id": "last"})
    first.serve("status")
    assert client.receive()["status"] == 200
    first.close()

    def accepted():
        second.hello()
        frames = second.sock.recv_multipart()
        return msgpack.unpackb(frames[1])["type"] == "welcome"

    wait_for(accepted, "the second worker's welcome")


def test_a_worker_unknown_to_the_broker_is_asked_who_it_is(house, broker):
    worker = house.worker("bench-1", hello=False)
    assert worker.monitor.poll(PATIENCE_S * 1000)
    worker.say({"type": "state", "state": "idle", "job_id": None, "queued": 0})
    worker.take("who")
    worker.hello()
    worker.take("welcome")


def test_a_killed_broker_is_replaced_and_all_reconnect_by_themselves(house, broker):
    worker, client = house.worker("bench-1"), house.client()
    sub = house.monitor(b"worker/")
    client.send("status", body={"job_id": "last"})
    old, old_request = worker.take("request")
    for _ in range(3):
        house.broker.kill()
        assert house.broker.path("clients").exists()
        house.broker.errors.close()
        house.start()
        worker.connected()
        worker.take("welcome")
        # What the old broker asked means nothing to the new one.
        worker.answer(old, old_request, body={"old": True})
        client.send("status", body={"job_id": "last"})
        worker.serve("status", body={"new": True})
        assert client.receive()["body"] == {"new": True}

    def announced():
        worker.hello()
        return sub.poll(20)

    wait_for(announced, "the monitor's new connection")


# Garbage


def nested(depth):
    return b"\x91" * depth + b"\xc0"


def malformed_requests(random_):
    """Messages that are no requests, one by one."""
    id = b"\xa2id\xd9\x20" + b"0123456789abcdef" * 2
    good = msgpack.packb({"id": fresh_id(), "type": "ping", "body": {}})
    yield from ([], [b""], [b"", b""], [b"", b"", b""], [MAGIC], [MAGIC, b""], [b"", MAGIC])
    yield from ([b"EMS2", good], [b"EMS", good], [b"EMS1 ", good], [good], [b"x", MAGIC, good])
    yield [MAGIC] + [b"x"] * 99
    yield [b""] * 1000
    yield [MAGIC, good] + [b""] * 6
    yield [MAGIC, nested(9)]
    yield [MAGIC, b"\x82" + id + b"\xa4body" + nested(100000)]
    yield [MAGIC, b"\xdd\xff\xff\xff\xff"]
    yield [MAGIC, b"\xdf\xff\xff\xff\xff"]
    yield [MAGIC, b"\xc6\xff\xff\xff\xff"]
    yield [MAGIC, b"\x81\xc1\xc1"]
    yield [MAGIC, good + b"\x00"]
    for cut in range(len(good)):
        yield [MAGIC, good[:cut]]
    for _ in range(500):
        frames = [random_.randbytes(random_.choice([0, 1, 4, 30, 300, 5000]))
                  for _ in range(random_.randrange(1, 6))]
        yield frames
        yield [MAGIC] + frames
        broken = bytearray(good)
        broken[random_.randrange(len(broken))] = random_.randrange(256)
        yield [MAGIC, bytes(broken)]


@pytest.mark.parametrize("place", ["clients", "workers"])
def test_garbage_at_the_routers_is_survived(house, broker, place):
    worker = house.worker("bench-1")
    sender = house.socket(zmq.DEALER, place)
    for frames in malformed_requests(random.Random(17)):
        if frames:
            sender.send_multipart(frames)
        while sender.poll(0):
            sender.recv_multipart()
    house.ping()
    # A broken request may still be a request, of another type: those come first.
    client = house.client()
    sent = client.send("status", body={"job_id": "last"})
    head, request = worker.take("request")
    while request["id"] != sent:
        head, request = worker.take("request")
    worker.answer(head, request)
    assert client.receive()["status"] == 200


def malformed_heads(random_):
    for type in ("hello", "state", "reply", "bye", "beat", "who", "", 7, None, [], {}):
        for key in ("name", "profiles", "state", "job_id", "queued", "ref"):
            for value in (None, "", "x" * 70000, -1, 2 ** 63 - 1, 2 ** 64 - 1, 1.5, [], {}, [1],
                          {"a": 1}, b"\0", True, "a b", "../x"):
                head = {"type": type, "name": f"w{random_.randrange(300)}", "profiles": ["lab"],
                        "state": "idle", "queued": 0, key: value}
                yield head


def test_wrong_heads_from_workers_are_survived(house, broker):
    random_ = random.Random(4)
    for number, head in enumerate(malformed_heads(random_)):
        if number % 20 == 0:
            sender = house.socket(zmq.DEALER, "workers")
        sender.send_multipart([MAGIC, msgpack.packb(head), random_.randbytes(10)])
    house.ping()


@pytest.mark.parametrize("place", ["publish", "events"])
def test_garbage_at_the_relay_is_survived(house, broker, place):
    random_ = random.Random(5)
    kind = zmq.PUB if place == "publish" else zmq.XSUB
    sender = house.socket(kind, place)
    for _ in range(2000):
        sender.send_multipart([random_.randbytes(random_.choice([0, 1, 2, 200, 70000]))
                               for _ in range(random_.randrange(1, 12))])
    house.ping()


@pytest.mark.parametrize("place", PLACES)
def test_bytes_that_are_no_zmtp_are_survived(house, broker, place):
    random_ = random.Random(6)
    for number in range(40):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(broker.path(place)))
        try:
            greeting = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x00NULL" if number % 2 else b""
            sock.sendall(greeting + random_.randbytes(random_.choice([0, 1, 64, 1000])))
        except BrokenPipeError:
            pass  # it was closed on us already, which is an answer too
        sock.close()
    house.ping()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("greeting", [b"\x01\x00", b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05"])
def test_peers_of_zmtp_1_and_2_are_refused(house, broker, place, greeting):
    """Those of ZMTP 1 would see every event, and both could make a broker abort that ends."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE_S)
        peer.connect(str(broker.path(place)))
        peer.sendall(greeting)
        while peer.recv(100):
            pass
    house.ping()


def test_malformed_requests_with_an_id_are_answered_400(house, broker):
    house.worker("bench-1")
    client = house.client()
    id = fresh_id()
    deep = []
    for _ in range(8):
        deep = [deep]
    for wrong in ({"id": id}, {"id": id, "type": 5}, {"id": id, "type": "status", "body": []},
                  {"id": id, "type": "status", "worker": "../x"},
                  {"id": id, "type": "status", "not_after_ms": "soon"}):
        client.raw(MAGIC, msgpack.packb(wrong))
        reply = client.receive()
        assert (reply["re"], reply["status"]) == (id, 400) and reply["error"], wrong
    good = msgpack.packb({"id": id, "type": "ping"})
    client.raw(MAGIC, good, b"surplus")
    assert client.receive()["status"] == 400
    # Nothing of these has an id that can be read, or is of this protocol.
    client.raw(MAGIC, msgpack.packb({"id": id, "type": "ping", "body": {"deep": deep}}))
    client.raw(MAGIC, msgpack.packb({"id": "short", "type": "ping"}))
    client.raw(b"EMS2", good)
    client.raw(MAGIC, good, *[b""] * 20)
    answered = client.ask("ping")
    assert answered["status"] == 200


def test_a_large_request_is_answered_413_and_a_huge_one_ends_the_connection(house, broker):
    worker, client = house.worker("bench-1"), house.client()
    for size in (262144, 300000, 1024 * 1024):
        id = client.send("run", body={"profile": "lab", "more": [b"x" * 60000] * (size // 60000 + 1)})
        reply = client.receive()
        assert (reply["re"], reply["status"]) == (id, 413) and reply["error"]
    id = client.send("run", body={"more": [b"x" * 60000] * 4})
    assert worker.serve("run")["id"] == id
    assert client.receive()["status"] == 200

    huge = house.client()
    monitor = huge.sock.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    huge.raw(MAGIC, b"x" * (2 * 1024 * 1024))
    assert monitor.poll(PATIENCE_S * 1000), "the connection was not closed"
    huge.sock.disable_monitor()
    monitor.close()
    # libzmq connects again by itself.
    assert huge.ask("ping")["status"] == 200
    house.ping()


# The relay


def subscribe(house, publisher, topic):
    """A monitor whose subscription is in force."""
    sub = house.monitor(topic)

    def arrived():
        publisher.send_multipart([topic or b"first/", b"\x80", b"first"])
        return sub.poll(20)

    wait_for(arrived, "the first event")
    return sub


def test_events_reach_those_who_subscribed_to_them_whole_and_in_order(house, broker):
    publisher = house.socket(zmq.PUB, "publish")
    sub, other = subscribe(house, publisher, b"log/a/"), subscribe(house, publisher, b"log/b/")
    payload = os.urandom(65536)
    for number in range(40):
        publisher.send_multipart([b"log/a/", msgpack.packb(number), payload])
    numbers = []
    while len(numbers) < 40:
        map, got = next_event(sub, b"log/a/")
        if got != b"first":
            assert got == payload
            numbers.append(map)
    assert numbers == list(range(40))
    publisher.send_multipart([b"log/b/", msgpack.packb("end"), b""])
    while next_event(other, b"log/b/")[0] != "end":
        pass


def test_what_is_no_event_is_not_relayed(house, broker):
    publisher = house.socket(zmq.PUB, "publish")
    sub = subscribe(house, publisher, b"")
    for frames in ([b"log/a/"], [b"log/a/", b"\x80"], [b"log/a/", b"\x80", b"", b""],
                   [b"log/a", b"\x80", b""], [b"", b"\x80", b""],
                   [b"x" * 128 + b"/", b"\x80", b""], [b"log/a/", b"\x80", b"x" * 65537]):
        publisher.send_multipart(frames)
    publisher.send_multipart([b"end/", b"\x80", b"x"])
    while True:
        assert sub.poll(PATIENCE_S * 1000)
        frames = sub.recv_multipart()
        if frames[0] == b"end/":
            break
        assert frames == [b"first/", b"\x80", b"first"], frames


def test_a_subscription_that_is_too_long_ends_the_connection(house, broker):
    probe = house.socket(zmq.PUB, "publish")
    sub, long = house.context.socket(zmq.SUB), b"log/" + b"x" * 600 + b"/"
    ended = sub.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    sub.connect(broker.endpoint("events"))
    sub.subscribe(long)
    assert ended.poll(PATIENCE_S * 1000)
    assert recv_monitor_message(ended)["event"] == zmq.EVENT_DISCONNECTED
    sub.disable_monitor()
    sub.close()
    subscribe(house, probe, b"log/end/").close()


class Flood(threading.Thread):
    """Publishes events as fast as it can until it is told to stop."""

    def __init__(self, house, payload, least=0):
        super().__init__()
        self.publisher = house.socket(zmq.PUB, "publish", SNDHWM=100000)
        self.payload, self.least = payload, least
        self.sent = 0
        self.enough = threading.Event()

    def run(self):
        while not self.enough.is_set() or self.sent < self.least:
            self.publisher.send_multipart([b"log/flood/", b"\x80", self.payload])
            self.sent += 1
        self.publisher.send_multipart([b"log/end/", b"\x80", b""])

    def stop(self):
        self.enough.set()
        self.join()


def test_pings_and_requests_are_answered_while_events_flood_through(house, broker):
    worker, client = house.worker("bench-1"), house.client()
    probe = house.socket(zmq.PUB, "publish")
    sub = subscribe(house, probe, b"log/flood/")
    flood = Flood(house, b"x" * 100, least=100000)
    flood.start()
    assert sub.poll(PATIENCE_S * 1000)
    answered = 0
    while flood.sent < flood.least or answered < 20:
        assert client.ask("ping")["status"] == 200
        client.send("status", body={"job_id": "last"})
        worker.serve("status")
        assert client.receive()["status"] == 200
        answered += 1
    assert flood.is_alive(), "all this was meanwhile"
    flood.stop()


def test_a_monitor_that_is_stuck_delays_no_other_and_costs_bounded_memory(house, broker):
    probe = house.socket(zmq.PUB, "publish")
    stuck = [house.monitor(b"log/", RCVHWM=1) for _ in range(3)]
    sub = subscribe(house, probe, b"log/end/")
    for sock in stuck:
        assert sock.poll(PATIENCE_S * 1000), "its subscription is not in force"
    before = broker.rss_kib()
    flood = Flood(house, b"x" * 65536, least=3000)
    flood.start()
    wait_for(lambda: flood.sent >= flood.least, "the flood to be sent")
    house.ping()
    grown = broker.rss_kib() - before
    flood.stop()
    while True:
        assert sub.poll(PATIENCE_S * 1000), "the other monitor got nothing"
        if sub.recv_multipart()[2] == b"":
            break
        probe.send_multipart([b"log/end/", b"\x80", b""])
    assert grown < 64 * 1024, f"{grown} KiB more for {flood.sent * 64} KiB of events"


# The process


def run_broker(*arguments):
    return subprocess.run([BIN / "ems-broker", *arguments], capture_output=True, text=True,
                          timeout=PATIENCE_S)


def test_the_folder_and_the_sockets_are_private_and_gone_after_a_clean_stop(house, broker):
    assert (Path(house.state) / "sock").stat().st_mode & 0o777 == 0o700
    for place in PLACES:
        assert broker.path(place).stat().st_mode & 0o077 == 0
    broker.process.send_signal(signal.SIGTERM)
    assert broker.process.wait(PATIENCE_S) == 0
    assert sorted(path.name for path in (Path(house.state) / "sock").iterdir()) == ["broker.lock"]


def test_an_open_folder_of_sockets_is_made_private(house):
    (Path(house.state) / "sock").mkdir(parents=True, mode=0o755)
    house.start()
    assert (Path(house.state) / "sock").stat().st_mode & 0o777 == 0o700


def test_a_second_broker_on_the_same_folder_is_refused_and_does_no_harm(house, broker):
    client = house.client()
    second = run_broker("--state", house.state)
    assert second.returncode == 75
    assert str(broker.process.pid) in second.stderr and house.state in second.stderr
    assert client.ask("ping")["status"] == 200
    house.ping()


def test_a_stopped_broker_goes_on_where_it_was(house, broker):
    worker, client = house.worker("bench-1"), house.client()
    broker.process.send_signal(signal.SIGSTOP)
    client.send("status", body={"job_id": "last"})
    broker.process.send_signal(signal.SIGCONT)
    broker.process.send_signal(signal.SIGHUP)
    worker.serve("status")
    assert client.receive()["status"] == 200


def test_usage_and_version(house):
    version = run_broker("--version")
    assert version.returncode == 0 and version.stdout.startswith("ems-broker ")
    help = run_broker("--help")
    assert help.returncode == 0 and "--state DIR" in help.stdout
    for arguments in ([], ["--nonsense"], ["--state"], ["--state", house.state, "more"]):
        wrong = run_broker(*arguments)
        assert wrong.returncode == 64 and "--help" in wrong.stderr, arguments


def test_a_wrong_configuration_is_refused_with_its_line(house):
    config = Path(house.folder) / "ems.conf"
    for text, wanted in (("broker\n    client = \"ipc:///tmp/x\"\n", "clients"),
                         ("broker\n    clients = \"tcp://*:5570\"\n", "CURVE"),
                         ("broker\n\tclients = 1\n", "tab")):
        config.write_text(text)
        wrong = run_broker("--state", house.state, "--config", str(config))
        assert wrong.returncode == 78
        assert str(config) in wrong.stderr and "line 2" in wrong.stderr
        assert wanted in wrong.stderr and wrong.stderr.count("\n") == 1
    missing = run_broker("--state", house.state, "--config", f"{house.folder}/none")
    assert missing.returncode == 78


def test_a_state_folder_whose_name_is_too_long_is_refused_with_a_sentence(house):
    long = f"{house.folder}/{'x' * 100}"
    wrong = run_broker("--state", long)
    assert wrong.returncode == 78 and "107" in wrong.stderr
    impossible = run_broker("--state", "/proc/none")
    assert impossible.returncode == 71


def test_more_endpoints_of_the_configuration_are_served_and_locked(house):
    config = Path(house.folder) / "ems.conf"
    extra = f"{house.folder}/more"
    config.write_text(f"broker\n    clients = \"ipc://{extra}\"\nworker\n    name = \"x\"\n")
    house.start("--config", str(config))
    client = house.context.socket(zmq.REQ)
    client.connect(f"ipc://{extra}")
    client.send_multipart([MAGIC, msgpack.packb({"id": fresh_id(), "type": "ping"})])
    assert client.poll(PATIENCE_S * 1000)
    # Another folder, but the same extra path: that would steal it.
    thief = run_broker("--state", f"{house.folder}/other", "--config", str(config))
    assert thief.returncode == 75 and extra in thief.stderr
    twice = Path(house.folder) / "twice.conf"
    twice.write_text(f"broker\n    clients = \"ipc://{house.folder}/t\"\n"
                     f"    events = \"ipc://{house.folder}/t\"\n")
    refused = run_broker("--state", f"{house.folder}/third", "--config", str(twice))
    assert refused.returncode == 78 and "twice" in refused.stderr
