# SPDX-License-Identifier: MPL-2.0
"""A hundred thousand wrong messages and two thousand wrong connections, at every socket, while a job
runs and a client works: everything is answered, nothing is harmed, and nothing grows.

Another seed, or more of it: EMS_SEED=N, EMS_FLOOD=MESSAGES.
"""
import asyncio
import os
import threading
import time

import msgpack
import pytest
import zmq

import zmtp
from conftest import running
from ems1 import Client, OVER
from hostile_messages import Hostile, MAGIC
from procs import eventually
from system import BIN, System, WORKER
from profiles import configuration, job

SEED = int(os.environ.get("EMS_SEED", "1"))
MESSAGES = int(os.environ.get("EMS_FLOOD", "100000"))
LEAST = 1000
CONNECTIONS = max(100, MESSAGES // 100)
# Of a hundred messages, so many go to each socket; a fake broker sends the rest to a worker.
SHARES = {"clients": 40, "workers": 25, "publish": 15, "events": 10}
KINDS = {"clients": b"DEALER", "workers": b"DEALER", "publish": b"PUB", "events": b"SUB"}
AT_A_TIME = 250
# A broker asks all workers for a job that none was named for, false ones too, and waits for them.
ANSWER_S = 20
GROWTH_KIB = 16384
PROFILES = {"ticks": job("ticks.py")}


class Process:
    """What a daemon holds."""

    def __init__(self, pid):
        self.pid = pid

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_kib(self):
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


def growth_kib(pid, before, after):
    """By how much it grew, between two measurements."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        if "libtsan" in maps.read():
            return 0  # ThreadSanitizer's own notes grow with each address that is used
    return after[1] - before[1]


class HonestClient(threading.Thread):
    """Works all the while; every request must be answered, at once, and rightly."""

    def __init__(self, ems, job_id):
        super().__init__()
        self.ems, self.job_id = ems, job_id
        self.client = Client(ems.endpoint("clients"))
        self.stopped = threading.Event()
        self.answered, self.slowest_s, self.problems = 0, 0.0, []
        self.whole = False  # it came to its end

    def ask(self, expected, type, worker=None, **body):
        request = {"id": os.urandom(16).hex(), "type": type, "body": body}
        if worker:
            request["worker"] = worker
        began = time.monotonic()
        reply = self.client.ask_once(request, ANSWER_S)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        if not reply or reply.status != expected:
            self.problems.append(f"{type} {worker}: {reply}")
        self.answered += 1

    def run(self):
        while not self.stopped.is_set() and not self.problems:
            self.ask(200, "ping")
            self.ask(200, "ping", worker=WORKER)
            self.ask(200, "status", worker=WORKER, job_id=self.job_id)
            self.ask(200, "status", job_id=self.job_id)
            self.ask(200, "logs", worker=WORKER, job_id=self.job_id, offset=0, max_bytes=100)
            self.ask(409, "run", worker=WORKER, profile="say")
            self.ask(400, "run", worker=WORKER, profile="ticks", params={"x": 1})
        self.client.close()
        self.whole = True

    def finish(self):
        self.stopped.set()
        self.join()
        assert self.whole and not self.problems, self.problems or "the client died"


class Forwarder(threading.Thread):
    """TCP ports in front of the broker's sockets."""

    def __init__(self, paths):
        super().__init__()
        self.paths, self.addresses = paths, []
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()

    async def forward(self, reader, writer, path):
        try:
            other_reader, other_writer = await asyncio.open_unix_connection(path)
            await asyncio.gather(self.copy(reader, other_writer), self.copy(other_reader, writer))
        except OSError:
            writer.close()

    @staticmethod
    async def copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # one of the two hung up
        writer.close()

    async def serve(self):
        servers = []
        for path in self.paths:
            server = await asyncio.start_server(
                lambda reader, writer, path=path: self.forward(reader, writer, path), "127.0.0.1", 0)
            servers.append(server)
            self.addresses.append(server.sockets[0].getsockname()[:2])
        self.stop = asyncio.Event()
        self.ready.set()
        await self.stop.wait()
        for server in servers:
            server.close()
            await server.wait_closed()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.serve())
        pending = asyncio.all_tasks(self.loop)
        for task in pending:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self.loop.close()

    def finish(self):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.join()


def socket_path(ems, place):
    return str(ems.state / "sock" / place)


class Port:
    """Speaks to one of the sockets; over a new connection whenever the broker has hung up."""

    def __init__(self, ems, place):
        self.path, self.kind = socket_path(ems, place), KINDS[place]
        self.peer = zmtp.Peer(self.path, self.kind)

    def say(self, *messages):
        if not self.peer.send(b"".join(zmtp.message(frames) for frames in messages)):
            self.peer.close()
            self.peer = zmtp.Peer(self.path, self.kind)

    def ask(self, answer, *messages):
        """Has this come back within a second?"""
        self.say(*messages)
        return self.peer.hear(answer, 1)

    def flood(self, make, count):
        for first in range(0, count, AT_A_TIME):
            self.say(*(make() for _ in range(min(AT_A_TIME, count - first))))


def wait_until_taken(ems, ports):
    """The broker has read all that was sent: what comes behind it takes effect."""
    ping = os.urandom(16).hex()
    wish = [MAGIC, msgpack.packb({"id": ping, "type": "ping"})]
    eventually(lambda: ports["clients"].ask(ping.encode(), wish), why="requests are answered")
    hello = [MAGIC, msgpack.packb({"type": "hello", "name": "the-last", "profiles": [],
                                   "state": "idle"})]

    def known():
        ports["workers"].say(hello)
        workers = ems.client.do("workers")["workers"]
        return "the-last" in [worker["name"] for worker in workers]
    eventually(known, why="workers are welcome")

    def fence_came():
        ports["publish"].say([b"fence/1/", b"\x80", b""])
        return ports["events"].ask(b"fence/1/", [b"\1fence/"])
    eventually(fence_came, why="events pass the broker")


def flood_broker(ems, job_id, seed, messages):
    """How many were sent to the four sockets of the broker."""
    hostile = Hostile(seed)
    makers = {"clients": hostile.request, "workers": hostile.from_worker,
              "publish": lambda: hostile.event(job_id), "events": hostile.subscription}
    ports = {place: Port(ems, place) for place in SHARES}
    try:
        for place, share in SHARES.items():
            ports[place].flood(makers[place], messages * share // 100)
        wait_until_taken(ems, ports)
    finally:
        for port in ports.values():
            port.peer.close()
    return sum(messages * share // 100 for share in SHARES.values())


def connected(ems):
    return [worker["name"] for worker in ems.client.do("workers")["workers"]
            if worker["state"] != "offline"]


def flood(ems, job_id, seed, messages, connections):
    """All at once: messages, connections to the sockets, and connections over TCP."""
    paths = [socket_path(ems, place) for place in SHARES]
    forwarder = Forwarder(paths)
    forwarder.start()
    assert forwarder.ready.wait(30)
    made = []  # who came to the end of it

    def connect(where):
        zmtp.garbage_connections(where, connections, seed)
        made.append(where)
    garbage = [threading.Thread(target=connect, args=(where,))
               for where in (paths, forwarder.addresses)]
    for thread in garbage:
        thread.start()
    try:
        return flood_broker(ems, job_id, seed, messages)
    finally:
        for thread in garbage:
            thread.join()
        forwarder.finish()
        eventually(lambda: connected(ems) == [WORKER], why="the false workers are gone")
        assert len(made) == len(garbage), "not all connections could be made"


@pytest.fixture
def patient_ems(request):
    """Sanitizers keep what is freed; with little of that, what grows can be seen."""
    system = System(profiles=PROFILES)
    options = system.environment.get("ASAN_OPTIONS", "")
    system.environment["ASAN_OPTIONS"] = f"{options}:quarantine_size_mb=1"
    yield from running(request.node, system)


def measure(ems):
    """Descriptors and memory of both daemons, when all that ended is cleared away."""
    return {name: (Process(part.pid).descriptors(), Process(part.pid).resident_kib())
            for name, part in ems.parts.items()}


def wait_for_descriptors(ems, before):
    """As many as before; a connection that says nothing is held for a while."""
    def as_before():
        return all(Process(ems.parts[name].pid).descriptors() <= most
                   for name, (most, _) in before.items())
    eventually(as_before, why=f"descriptors as before: {before}, now {measure(ems)}")


def ticks_in(log):
    """How many lines it has; each is there, once, in order."""
    lines = log.split(b"\n")[1:-1]
    assert log.endswith(b"\n") and lines == [b"tick %d" % n for n in range(1, len(lines) + 1)]
    return len(lines)


def test_a_flood_of_nonsense_at_the_broker_harms_nobody(patient_ems, capsys):
    ems = patient_ems
    assert MESSAGES >= LEAST, f"EMS_FLOOD={MESSAGES} is too little to show anything"
    job_id = ems.run("ticks")["job_id"]
    broker = Process(ems.parts["broker"].pid)
    alone = broker.descriptors()
    followers = [ems.spawn(BIN / "ems", "logs", "-f", job_id) for _ in range(2)]
    honest = HonestClient(ems, job_id)
    honest.start()
    # Two connections for a follower, one for the client.
    eventually(lambda: broker.descriptors() == alone + 5, why="everybody is connected")
    flood(ems, job_id, SEED, MESSAGES // 20, CONNECTIONS // 10)
    before = measure(ems)
    sent = flood(ems, job_id, SEED + 1, MESSAGES, CONNECTIONS)
    wait_for_descriptors(ems, before)
    after = measure(ems)
    grown = {name: growth_kib(part.pid, before[name], after[name])
             for name, part in ems.parts.items()}
    honest.finish()
    (ems.work / "enough").touch()
    assert ems.finish(job_id)["status"] == "completed"
    log = ems.log(job_id)
    for follower in followers:
        output, said = follower.communicate(timeout=60)
        assert (follower.returncode, output) == (0, log), said
    with capsys.disabled():
        print(f"\nhostile: {sent} messages and {2 * CONNECTIONS} connections at the broker (seed "
              f"{SEED}), {honest.answered} requests answered, the slowest in {honest.slowest_s:.1f} "
              f"s, {ticks_in(log)} lines of log; descriptors and KiB before {before}, after {after}")
    assert honest.answered and ticks_in(log), "neither a client nor a job was there to be harmed"
    assert max(grown.values()) < GROWTH_KIB, grown
    assert len(ems.jobs()) == 1


class FakeBroker:
    """A socket that a worker takes for its broker's."""

    def __init__(self, endpoint):
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self.socket.bind(endpoint)
        self.route = None
        self.refs = 10**6

    def send(self, frames):
        """Waits while the worker has enough to do."""
        while True:
            try:
                self.socket.send_multipart([self.route, *frames], zmq.NOBLOCK)
                return
            except zmq.Again:
                self.drain(10)

    def drain(self, wait_ms):
        """Reads what the worker says; the heads and bodies of it."""
        said = []
        while self.socket.poll(wait_ms):
            self.route, _, *frames = self.socket.recv_multipart()
            said.append([msgpack.unpackb(frame) for frame in frames])
            wait_ms = 0
        return said

    def welcome(self):
        eventually(lambda: self.drain(100), why="the worker says hello")
        self.send([MAGIC, msgpack.packb({"type": "welcome"})])

    def ask(self, type, **body):
        """The reply of the worker to a proper request."""
        self.refs += 1
        wish = {"id": os.urandom(16).hex(), "type": type, "body": body}
        self.send([MAGIC, msgpack.packb({"type": "request", "ref": self.refs, "user": "me"}),
                   msgpack.packb(wish)])
        replies = []

        def answered():
            replies.extend(said for said in self.drain(100)
                           if said[0].get("ref") == self.refs and len(said) > 1)
            return replies
        return eventually(answered)[0][1]

    def close(self):
        self.socket.close(linger=0)


class LonelyWorker:
    """A worker whose broker is played by the test."""

    def __init__(self, ems):
        self.ems = ems
        endpoint = f"ipc://{ems.base}/fake"
        ems.config.write_text(configuration({"name": WORKER, "cgroup": "auto", "workers": endpoint},
                                            ems.work, BIN, PROFILES))
        self.broker = FakeBroker(endpoint)
        ems.start_part("worker")
        self.broker.welcome()

    def close(self):
        try:
            self.ems.stop_part("worker")
        finally:
            self.broker.close()


@pytest.fixture
def lonely(request):
    system = System(profiles=PROFILES)
    request.node.ems_system = system
    system.environment["ASAN_OPTIONS"] = \
        f"{system.environment.get('ASAN_OPTIONS', '')}:quarantine_size_mb=1"
    worker = None
    try:
        worker = LonelyWorker(system)
        yield worker
    finally:
        request.node.ems_said = system.said()
        try:
            if worker:
                worker.close()
        finally:
            system.close()


def test_a_broker_that_talks_nonsense_harms_neither_worker_nor_job(lonely, capsys):
    broker, ems = lonely.broker, lonely.ems
    assert MESSAGES >= LEAST, f"EMS_FLOOD={MESSAGES} is too little to show anything"
    messages = MESSAGES * (100 - sum(SHARES.values())) // 100
    hostile = Hostile(SEED + 2)
    job_id = broker.ask("run", profile="ticks")["body"]["job"]["job_id"]
    measured = []
    for _ in range(5):
        for _ in range(messages // 5):
            broker.send(hostile.to_worker())
            broker.drain(0)
        assert broker.ask("ping")["status"] == 200
        measured.append(measure(ems)["worker"])
    (ems.work / "enough").touch()

    def over():
        record = broker.ask("status", job_id=job_id)["body"]["job"]
        return record if record["status"] in OVER else None
    assert eventually(over)["status"] == "completed"
    assert len(broker.ask("list")["body"]["jobs"]) == 1
    before, after = measured[0], measured[-1]
    with capsys.disabled():
        print(f"\nhostile: {messages} messages at a worker (seed {SEED}), {ticks_in(ems.log(job_id))} "
              f"lines of log; descriptors and KiB before {before}, after {after}")
    assert after[0] <= before[0]
    assert growth_kib(ems.parts["worker"].pid, before, after) < GROWTH_KIB
