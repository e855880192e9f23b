# SPDX-License-Identifier: MPL-2.0
"""Rights as they are over TCP: each user with a key of its own, and a broker that reads whose it is."""
import secrets
import socket
import time

import msgpack
import pytest
import zmq

from conftest import running
from ems1 import MAGIC, Client
from profiles import zpl
from system import WORKER, System

READS = ("ping", "workers", "profiles", "status", "list", "logs", "results", "files", "file", "sync", "find")
OWN = ("rerun", "cancel", "pause", "resume")
ADMINS = ("priority", "keep", "unkeep", "prune", "reload", "frobnicate")
USERS = {
    "vera": {"roles": "viewer"},
    "otto": {"roles": "operator", "max_queued": 2},
    "oscar": {"roles": "operator"},
    "harry": {"roles": "operator", "requests_per_second": 5},
    "ada": {"roles": "admin"},
    "bench-2": {"roles": "worker"},
}
KEYS = {name: zmq.curve_keypair() for name in (*USERS, "broker", "stranger")}


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [held.getsockname()[1] for held in sockets]
    for held in sockets:
        held.close()
    return ports


class CurveClient(Client):
    """A client with a key."""

    def __init__(self, endpoint, user):
        super().__init__(endpoint)
        self.keys = KEYS[user]

    def _put(self, request):
        if not self.socket:
            self.socket = with_key(zmq.DEALER, self.keys)
            self.socket.connect(self.endpoint)
        super()._put(request)


def with_key(kind, keys):
    made = zmq.Context.instance().socket(kind)
    made.linger = 0
    made.curve_publickey, made.curve_secretkey = keys
    made.curve_serverkey = KEYS["broker"][0]
    return made


class TcpSystem(System):
    """Its broker has TCP doors for clients and workers; its own worker comes by ipc."""

    def __init__(self):
        super().__init__()
        clients, workers = free_ports(2)
        self.tcp = {"clients": f"tcp://127.0.0.1:{clients}", "workers": f"tcp://127.0.0.1:{workers}"}
        self.users_file = self.base / "users.zpl"
        secret = self.base / "broker.secret"
        public_key, secret_key = (key.decode() for key in KEYS["broker"])
        secret.touch(0o600)
        secret.write_text("\n".join(zpl({"metadata": {"name": "broker"}, "curve": {
            "public-key": public_key, "secret-key": secret_key}})) + "\n")
        self.write_users(USERS)
        settings = self.tcp | {"users": self.users_file, "certificate": secret}
        self.config.write_text(
            self.config.read_text() + "\n".join(zpl({"broker": settings})) + "\n")
        self.made = []

    def write_users(self, users):
        tree = {name: user | {"key": KEYS[name][0].decode()} for name, user in users.items()}
        self.users_file.touch(0o600)
        self.users_file.write_text("\n".join(zpl({"users": tree})) + "\n")
        self.users_file.chmod(0o600)

    def user(self, name):
        client = CurveClient(self.tcp["clients"], name)
        self.made.append(client)
        return client

    def close(self):
        for client in self.made:
            client.close()
        super().close()

    def audit(self):
        text = (self.state / "broker" / "audit.log").read_text()
        return [dict(word.split("=", 1) for word in line.split(" ")[1:])
                for line in text.splitlines()]


@pytest.fixture
def ems(request):
    yield from running(request.node, TcpSystem())


def permitted(client, verb, job_id):
    """Is it? Whatever else the answer is."""
    body = {"job_id": job_id, "profile": "say", "nonce": secrets.token_hex(8), "priority": 9,
            "dry_run": True, "if_busy": "queue"}
    reply = client.ask(verb, **body)
    assert reply.status != 403 or "is not permitted to" in reply.error, reply
    return reply.status != 403


def test_each_role_may_what_the_page_says_and_no_more(ems):
    job_id = ems.client.do("run", profile="waits")["job"]["job_id"]
    verbs = (*READS, "run", *OWN, *ADMINS)
    own = {"otto": ems.user("otto").do("run", profile="waits", if_busy="queue")["job"]["job_id"],
           "ada": job_id, "vera": job_id}
    expected = {"vera": set(READS), "otto": {*READS, "run", *OWN}, "ada": set(verbs)}
    for user, may in expected.items():
        client = ems.user(user)
        found = {verb for verb in verbs if permitted(client, verb, own[user])}
        assert found == may, (user, found ^ may)
    (ems.work / "go").touch()


def test_an_operator_touches_only_its_own_jobs_and_all_is_in_the_audit_log(ems):
    otto, oscar, ada = (ems.user(name) for name in ("otto", "oscar", "ada"))
    job_id = otto.do("run", profile="waits")["job"]["job_id"]
    assert ems.record(job_id)["user"] == "otto"
    for verb in OWN:
        reply = oscar.ask(verb, job_id=job_id, priority=9)
        assert reply.status == 403 and '"otto"' in reply.error and '"oscar"' in reply.error
    assert oscar.ask("run", profile="first", preempt=True).status == 403
    hasty = oscar.ask("run", profile="first", if_busy="queue", priority=17)
    assert hasty.status == 403 and '"priority"' in hasty.error and "admin" in hasty.error
    assert ada.do("cancel", job_id=job_id)["job"]["cancel"]["by"] == "ada"
    lines = [line for line in ems.audit() if line["verb"] != "hello"]
    assert [(line["user"], line["verb"], line["status"]) for line in lines] == [
        ("otto", "run", "200"), *(("oscar", verb, "403") for verb in OWN),
        *[("oscar", "run", "403")] * 2, ("ada", "cancel", "200")]
    assert {line["job"] for line in lines if line["verb"] != "run"} == {job_id}
    for line in lines:
        assert line["key"] == KEYS[line["user"]][0].decode()[:8]


def test_the_line_of_a_user_is_as_long_as_its_limit(ems):
    otto, oscar = ems.user("otto"), ems.user("oscar")
    statuses = [otto.ask("run", profile="waits", if_busy="queue").status for _ in range(4)]
    assert statuses == [200, 202, 202, 429]
    assert oscar.ask("run", profile="waits", if_busy="queue").status == 202
    (ems.work / "go").touch()


def test_the_request_id_of_another_user_is_another_request(ems):
    otto, ada, vera = (ems.user(name) for name in ("otto", "ada", "vera"))
    id = secrets.token_hex(16)
    first = otto.ask("run", id=id, profile="waits").body["job"]
    assert otto.ask("run", id=id, profile="waits").body["job"]["job_id"] == first["job_id"]
    # What was answered to one, in the slot, in the line, or with a refusal, is not answered to another.
    second = ada.ask("run", id=id, profile="waits", if_busy="queue").body["job"]
    assert (second["user"], second["status"]) == ("ada", "queued")
    assert vera.ask("run", id=id, profile="waits").status == 403
    keep, change = secrets.token_hex(16), secrets.token_hex(16)
    assert ada.ask("keep", id=keep, job_id=second["job_id"]).body["job"]["kept"]
    refused = otto.ask("keep", id=keep, job_id=second["job_id"])
    assert refused.status == 403 and "job" not in refused.body
    assert otto.ask("cancel", id=change, job_id=second["job_id"]).status == 403
    assert ada.ask("cancel", id=change, job_id=second["job_id"]).status == 200
    assert otto.ask("cancel", id=change, job_id=second["job_id"]).status == 403
    # Nor from the records, when nothing else is left.
    ems.restart("worker")
    again = {name: client.ask("run", id=id, again=True, profile="waits").body["job"]
             for name, client in (("otto", otto), ("ada", ada))}
    assert {name: (job["job_id"], job["user"]) for name, job in again.items()} == {
        "otto": (first["job_id"], "otto"), "ada": (second["job_id"], "ada")}
    assert len(ems.jobs()) == 2
    (ems.work / "go").touch()


def flood(client, count):
    """So many requests at once; the replies."""
    client.ask("ping")
    for _ in range(count):
        client.socket.send_multipart([MAGIC, msgpack.packb(
            {"id": secrets.token_hex(16), "type": "list", "body": {}})])


def test_a_flood_is_answered_429_and_slows_nobody_else(ems):
    harry, vera = ems.user("harry"), ems.user("vera")
    vera.ask("ping")
    flood(harry, 5000)
    slowest = 0
    for _ in range(20):
        before = time.monotonic()
        assert vera.ask("ping").status == 200
        slowest = max(slowest, time.monotonic() - before)
    reply = msgpack.unpackb(harry.socket.recv_multipart()[1])
    while reply["status"] != 429:
        reply = msgpack.unpackb(harry.socket.recv_multipart()[1])
    assert 0 < reply["body"]["retry_after_ms"] <= 2000 and '"harry"' in reply["error"]
    print(f"slowest ping beside a flood of 5000: {slowest * 1000:.1f} ms")
    assert slowest < 1
    assert any(line["user"] == "harry" and line["status"] == "429" for line in ems.audit())


def test_a_removed_key_loses_its_rights_at_the_next_request_of_an_open_connection(ems):
    otto, ada = ems.user("otto"), ems.user("ada")
    job_id = otto.do("run", profile="waits")["job"]["job_id"]
    kept = otto.socket
    assert otto.ask("reload").status == 403
    ems.write_users({name: user for name, user in USERS.items() if name != "otto"})
    assert ada.do("reload") == {"users": len(USERS) - 1}
    for verb in (*READS, "run", *OWN, *ADMINS):
        reply = otto.ask(verb, job_id=job_id)
        assert reply.status == 403 and "not permitted" in reply.error
    assert otto.socket is kept
    noted = [line for line in ems.audit() if line["user"] == "-"]
    assert {line["key"] for line in noted} == {KEYS["otto"][0].decode()[:8]}
    assert {"run", *OWN} <= {line["verb"] for line in noted} and not {"ping", "-"} & {
        line["verb"] for line in noted}
    assert {line["job"] for line in noted} == {job_id}
    # A role that is taken away, too.
    ems.write_users(USERS | {"oscar": {"roles": "viewer"}})
    oscar = ems.user("oscar")
    assert oscar.ask("run", profile="say", if_busy="queue").status == 202
    ada.do("reload")
    assert oscar.ask("run", profile="say", if_busy="queue").status == 403
    assert otto.do("cancel", job_id=job_id)["job"]["status"] == "cancelled"  # let in again


def test_broken_users_stay_as_they_were(ems):
    otto, ada = ems.user("otto"), ems.user("ada")
    ems.users_file.write_text("users\n    otto\n        roles = \"emperor\"\n")
    reply = ada.ask("reload")
    assert reply.status == 500 and "line 3" in reply.error
    assert otto.ask("run", profile="say").status == 200


@pytest.mark.parametrize("name", [WORKER, "bench-3", "bench-2"])
def test_a_worker_has_the_names_that_it_is_granted(ems, name):
    worker = with_key(zmq.DEALER, KEYS["bench-2"])
    worker.connect(ems.tcp["workers"])
    worker.send_multipart([MAGIC, msgpack.packb(
        {"type": "hello", "name": name, "profiles": [], "state": "idle", "queued": 0})])
    assert worker.poll(30000), "no answer"
    answer = msgpack.unpackb(worker.recv_multipart()[1])
    worker.close()
    assert answer["type"] == ("welcome" if name == "bench-2" else "refused"), answer
    if name != "bench-2":
        assert "not permitted" in answer["error"]


@pytest.mark.parametrize("user", ["stranger", "vera", "ada"])
def test_nobody_else_is_heard_at_the_workers_door(ems, user):
    worker = with_key(zmq.DEALER, KEYS[user])
    worker.connect(ems.tcp["workers"])
    worker.send_multipart([MAGIC, msgpack.packb(
        {"type": "hello", "name": "bench-9", "profiles": [], "state": "idle", "queued": 0})])
    assert not worker.poll(1000)
    worker.close()
    assert {item["name"] for item in ems.client.do("workers")["workers"]} == {WORKER}
