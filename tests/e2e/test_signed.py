# SPDX-License-Identifier: MPL-2.0
"""Signed runs from the tool's certificate to the worker, over TCP; and a broker whose key was stolen."""
import re

import msgpack
import pytest
import zmq

import curve_net
from curve_net import MAGIC, PATIENCE_S, PLACES
from procs import eventually
from profiles import job, zpl

SEALED = {"sealed": job("say.sh", signed=1)}
WORKERS = ("bench-1", "bench-2")


@pytest.fixture
def net():
    with curve_net.opened() as net:
        net.add("bench-2", "worker")
        net.write_users()
        yield net


def sign_key(net, name):
    return re.search('public-key = "([0-9a-f]{64})"', (net.base / f"{name}.public").read_text())[1]


def start_workers(net):
    for name in WORKERS:
        config = net.worker_config(name, SEALED)
        signers = zpl({"signers": {"olga": sign_key(net, "olga")}})
        config.write_text(config.read_text() + "\n".join(signers) + "\n")
        net.launch("ems-worker", "--state", net.base / name, "--config", config)


def records(net, worker):
    return sorted((net.base / worker / "logs" / "jobs").glob("*.json"))


def test_a_signed_profile_is_run_and_rerun_by_who_signs_and_by_nobody_else(net):
    net.start()
    start_workers(net)
    net.add_context("anna")
    net.add_context("olga")
    eventually(lambda: net.ems("workers").stdout.count("idle") == 2, PATIENCE_S)
    assert net.ems("run", "sealed").returncode == 0
    job_id = net.ems("--json", "show").stdout.split('"job_id"')[1].split('"')[1]
    rerun = net.ems("rerun", job_id)
    assert rerun.returncode == 0, rerun.stderr
    assert net.ems("run", "sealed", "--worker", "bench-2").returncode == 0
    # An admin has a key to sign with, but no worker knows it; and one may have none.
    others = net.ems("-c", "anna", "run", "sealed")
    assert others.returncode == 77 and "signature" in others.stderr
    secret = net.base / "olga.secret"
    secret.write_text(secret.read_text().split("sign\n")[0])
    unsigned = net.ems("run", "sealed")
    assert unsigned.returncode == 77 and "has no sig" in unsigned.stderr
    assert len(records(net, "bench-1")) + len(records(net, "bench-2")) >= 3


class StolenBroker:
    """Whoever has the broker's secret key: it takes what a client sends, and does with it what it likes."""

    def __init__(self, net):
        self.sockets, self.routes, self.ref = {}, {}, 0
        for place, kind in zip(PLACES, (zmq.ROUTER, zmq.ROUTER, zmq.SUB, zmq.PUB)):
            socket = net.context.socket(kind)
            socket.linger, socket.curve_server = 0, True
            socket.curve_publickey, socket.curve_secretkey = net.keys["server"]
            port = socket.bind_to_random_port("tcp://127.0.0.1")
            self.sockets[place], net.at[place] = socket, f"tcp://127.0.0.1:{port}"
        self.workers, self.clients = self.sockets["workers"], self.sockets["clients"]

    def tell(self, route, head, *more):
        self.workers.send_multipart([route, MAGIC, msgpack.packb(head), *more])

    def take(self):
        """(head, reply) of the next message of a worker."""
        assert self.workers.poll(PATIENCE_S * 1000), "the workers are silent"
        route, _, head, *more = self.workers.recv_multipart()
        head = msgpack.unpackb(head)
        if head["type"] == "hello":
            self.routes[head["name"]] = route
            self.tell(route, {"type": "welcome"})
        self.tell(route, {"type": "beat"})
        return head, more

    def await_workers(self):
        while set(self.routes) != set(WORKERS):
            self.take()

    def give(self, worker, request):
        """What that worker answers to these bytes."""
        self.ref += 1
        self.tell(self.routes[worker], {"type": "request", "ref": self.ref, "user": "olga"}, request)
        while True:
            head, more = self.take()
            if head["type"] == "reply" and head["ref"] == self.ref:
                return more[0]

    def client_asks(self):
        """(route, request) of the next one."""
        assert self.clients.poll(PATIENCE_S * 1000), "the client is silent"
        route, _, request = self.clients.recv_multipart()
        return route, request


def altered(request):
    """The same bytes of a signature over something else, as maps."""
    map = msgpack.unpackb(request)
    body = map["body"]
    return [map | {"body": body | {"priority": 31}}, map | {"body": body | {"profile": "say"}, "type": "rerun"},
            map | {"id": "0" * 32}, map | {"not_after_ms": map["not_after_ms"] + 1},
            map | {"worker": "bench-2"}]


@pytest.fixture
def broker(net):
    broker = StolenBroker(net)
    start_workers(net)
    net.add_context("olga")
    broker.await_workers()
    return broker


def named_request(broker):
    """(route, request) of the tool when it was told which worker to name."""
    route, request = broker.client_asks()
    assert "worker" not in msgpack.unpackb(request)
    refusals = [broker.give(worker, request) for worker in WORKERS]
    assert [msgpack.unpackb(reply)["status"] for reply in refusals] == [403, 403]
    broker.clients.send_multipart([route, MAGIC, refusals[0]])
    route, request = broker.client_asks()
    assert msgpack.unpackb(request)["worker"] == "bench-1"
    return route, request


def test_a_stolen_broker_changes_nothing_in_what_was_signed(net, broker):
    with net.follower("run", "--detach", "sealed"):
        _, request = named_request(broker)
        for change in altered(request):
            for worker in WORKERS:
                reply = msgpack.unpackb(broker.give(worker, msgpack.packb(change)))
                assert reply["status"] in (403, 404), reply
    assert [len(records(net, worker)) for worker in WORKERS] == [0, 0]


def test_a_stolen_broker_has_one_run_of_one_signature(net, broker):
    with net.follower("run", "--detach", "sealed") as tool:
        route, request = named_request(broker)
        assert msgpack.unpackb(broker.give("bench-2", request))["status"] == 403
        reply = broker.give("bench-1", request)
        broker.clients.send_multipart([route, MAGIC, reply])
        assert tool.wait() == 0, tool.said()
        job_id = msgpack.unpackb(reply)["body"]["job"]["job_id"]
        assert tool.text().decode().strip() == job_id
        again = msgpack.unpackb(broker.give("bench-1", request))
        assert again["body"]["job"]["job_id"] == job_id
    assert [len(records(net, worker)) for worker in WORKERS] == [1, 0]
