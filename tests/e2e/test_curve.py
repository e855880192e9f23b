# SPDX-License-Identifier: MPL-2.0
"""A broker over TCP: whoever has no key that it knows, or one for another place, gets nothing.

The keys are made by `ems keygen`, and the users file is written from what that prints.
"""
import os
import re

import msgpack
import pytest
import zmq

import curve_net
from curve_net import MAGIC, PATIENCE_S, SILENCE_MS, event
from procs import eventually


@pytest.fixture
def net():
    with curve_net.opened() as net:
        yield net


def hello(name):
    return msgpack.packb({"type": "hello", "name": name, "profiles": [], "state": "idle",
                          "job_id": None, "queued": 0, "version": "1"})


def head_of(socket, timeout_ms=PATIENCE_S * 1000):
    return msgpack.unpackb(socket.recv_multipart()[1]) if socket.poll(timeout_ms) else None


def test_a_known_key_is_answered_and_no_other(net):
    net.start()
    assert net.ask(net.socket(zmq.DEALER, "clients", "vera"), "ping") == (200, None)
    stranger = net.socket(zmq.DEALER, "clients", "stranger")
    plain = net.socket(zmq.DEALER, "clients")
    wrong_server = net.socket(zmq.DEALER, "clients", "vera", server="stranger")
    worker = net.socket(zmq.DEALER, "clients", "bench-1")
    password = net.context.socket(zmq.DEALER)
    password.linger, password.plain_username, password.plain_password = 0, b"anna", b"anna"
    password.connect(net.at["clients"])
    for socket in (stranger, plain, wrong_server, worker, password):
        assert net.ask(socket, "ping", SILENCE_MS) is None
    assert net.ask(net.socket(zmq.DEALER, "clients", "olga"), "ping") == (200, None)


def test_each_role_has_its_places(net):
    net.start()
    for name in ("vera", "olga", "anna", "stranger", None):
        socket = net.socket(zmq.DEALER, "workers", name)
        socket.send_multipart([MAGIC, hello("bench-1")])
        assert not socket.poll(SILENCE_MS), name
    worker = net.socket(zmq.DEALER, "workers", "bench-1")
    worker.send_multipart([MAGIC, hello("bench-2")])
    assert head_of(worker)["type"] == "refused"
    worker.send_multipart([MAGIC, hello("bench-1")])
    assert head_of(worker)["type"] == "welcome"
    # Events: published by workers alone, seen by all the others alone.
    seers = [net.socket(zmq.SUB, "events", name) for name in ("vera", "olga", "anna")]
    blind = [net.socket(zmq.SUB, "events", name) for name in ("bench-1", "stranger", None)]
    for socket in seers + blind:
        socket.subscribe(b"")
    forgers = [net.socket(zmq.PUB, "publish", name) for name in ("anna", "stranger", None)]
    publisher = net.socket(zmq.PUB, "publish", "bench-1")

    def shown(socket):
        for forger in forgers:
            forger.send_multipart(event("worker/forged/"))
        publisher.send_multipart(event("worker/bench-1/"))
        return socket.poll(20)
    for socket in seers:
        eventually(lambda: shown(socket), PATIENCE_S)
        while socket.poll(0):
            assert socket.recv_multipart()[0] == b"worker/bench-1/"
    for socket in blind:
        assert not socket.poll(SILENCE_MS)


def test_a_key_that_is_removed_has_no_rights_on_open_connections(net):
    net.start()
    client = net.socket(zmq.DEALER, "clients", "olga")
    events, others = (net.socket(zmq.SUB, "events", name) for name in ("olga", "vera"))
    worker = net.socket(zmq.DEALER, "workers", "bench-1")
    publisher = net.socket(zmq.PUB, "publish", "bench-1")
    events.subscribe(b"")
    others.subscribe(b"")
    assert net.ask(client, "ping") == (200, None)
    worker.send_multipart([MAGIC, hello("bench-1")])
    assert head_of(worker)["type"] == "welcome"

    def send_event(socket):
        publisher.send_multipart(event("worker/bench-1/"))
        return socket.poll(20)
    eventually(lambda: send_event(events) and send_event(others), PATIENCE_S)
    del net.lines["olga"]
    net.write_users()
    assert "there are 3" in net.reload()
    status, error = net.ask(client, "ping")
    assert status == 403 and "not permitted" in error
    while events.poll(SILENCE_MS):
        events.recv_multipart()
    while others.poll(0):
        others.recv_multipart()
    # The one who stays comes back by itself; the other does not.
    eventually(lambda: send_event(others), PATIENCE_S)
    assert not events.poll(SILENCE_MS)
    # And now the worker.
    del net.lines["bench-1"]
    net.write_users()
    net.reload()
    viewer = net.socket(zmq.DEALER, "clients", "vera")
    worker.send_multipart([MAGIC, msgpack.packb({"type": "state", "state": "idle", "job_id": None,
                                                 "queued": 0})])

    def is_gone():
        request = {"id": os.urandom(16).hex(), "type": "workers", "body": {}}
        viewer.send_multipart([MAGIC, msgpack.packb(request)])
        assert viewer.poll(PATIENCE_S * 1000)
        body = msgpack.unpackb(viewer.recv_multipart()[1])["body"]
        return [item["state"] for item in body["workers"]] == ["offline"]
    eventually(is_gone, PATIENCE_S)
    while others.poll(SILENCE_MS):
        others.recv_multipart()
    publisher.send_multipart(event("worker/bench-1/"))
    assert not others.poll(SILENCE_MS)


def test_a_users_file_that_is_broken_changes_nothing(net):
    net.start()
    client = net.socket(zmq.DEALER, "clients", "anna")
    for text, mode in (("users\n    olga\n", 0o600), ("nonsense =\n", 0o600),
                       (net.users.read_text(), 0o622)):
        net.users.write_text(text)
        net.users.chmod(mode)
        assert "stay" in net.reload()
        assert net.ask(client, "ping") == (200, None)
        status, error = net.ask(client, "reload")
        assert status == 500 and "users.zpl" in error
    net.users.unlink()
    assert "stay" in net.reload()
    # After a signal a stranger is as much a stranger as before (pitfall 1).
    assert net.ask(net.socket(zmq.DEALER, "clients", "stranger"), "ping", SILENCE_MS) is None
    net.write_users()
    assert net.ask(client, "reload") == (200, None)
    assert net.ask(net.socket(zmq.DEALER, "clients", "vera"), "reload")[0] == 403


def test_the_brokers_own_key_is_no_users(net):
    net.start()
    net.lines["eve"] = net.lines["vera"].replace("vera", "eve").replace(
        net.keys["vera"][0].decode(), net.keys["server"][0].decode())
    net.write_users()
    said = net.reload()
    assert 'user "eve" has the public key of this broker' in said and "stay" in said
    net.processes.remove(net.broker)
    net.broker.terminate()
    assert net.broker.wait(PATIENCE_S) == 0
    assert 'user "eve" has the public key of this broker' in net.refuse()


def test_a_table_without_an_admin_is_taken_with_a_remark(net):
    net.start()
    assert "admin" not in net.reload()
    del net.lines["anna"]
    net.write_users()
    assert "there are 3; none of them has the role admin" in net.reload()
    assert net.ask(net.socket(zmq.DEALER, "clients", "vera"), "ping") == (200, None)


def test_a_user_changes_keys_with_two_of_them(net):
    old = net.lines["olga"]
    net.start()
    client = net.socket(zmq.DEALER, "clients", "olga")
    assert net.ask(client, "ping") == (200, None)
    net.keygen("olga-new", "operator")
    new_key = net.keys["olga-new"][0].decode()
    net.lines["olga"] = f'{old}\n        key = "{new_key}"'
    net.write_users()
    net.reload()
    newer = net.socket(zmq.DEALER, "clients", "olga-new")
    assert net.ask(client, "ping") == net.ask(newer, "ping") == (200, None)
    net.lines["olga"] = old.replace(net.keys["olga"][0].decode(), new_key)
    net.write_users()
    net.reload()
    assert net.ask(client, "ping")[0] == 403
    assert net.ask(newer, "ping") == (200, None)


def test_it_does_not_start_without_what_tcp_needs(net):
    net.write_config(certificate=False)
    assert "certificate" in net.refuse()
    net.write_config(users=False)
    assert "users" in net.refuse()
    net.write_config()
    (net.base / "server.secret").chmod(0o644)
    assert "chmod 600" in net.refuse()
    (net.base / "server.secret").chmod(0o600)
    net.users.chmod(0o664)
    assert "chmod go-w" in net.refuse()
    net.users.write_text("users\n    x\n")
    net.users.chmod(0o600)
    assert "users.zpl" in net.refuse()
    net.users.unlink()
    assert "users.zpl" in net.refuse()


@pytest.mark.parametrize("endpoint", ["tcp://*:*", "tcp://0.0.0.0:*", "tcp://127.0.0.1:*"])
def test_it_tests_itself_wherever_it_is_bound(net, endpoint):
    net.write_config(endpoint)
    net.start()
    net.at = {place: re.sub(r"//.*:", "//127.0.0.1:", at) for place, at in net.at.items()}
    assert net.ask(net.socket(zmq.DEALER, "clients", "vera"), "ping") == (200, None)


def test_subscriptions_of_a_user_are_bounded(net):
    net.start()
    publisher = net.socket(zmq.PUB, "publish", "bench-1")
    greedy, modest = (net.socket(zmq.SUB, "events", name) for name in ("olga", "vera"))
    modest.subscribe(b"t/")
    for i in range(256):
        greedy.subscribe(b"x/%d/" % i)
    greedy.subscribe(b"t/")  # one too many: not granted

    def seen():
        publisher.send_multipart(event("t/"))
        return modest.poll(20)
    eventually(seen, PATIENCE_S)
    assert not greedy.poll(SILENCE_MS)
    # What ends makes room.
    greedy.unsubscribe(b"t/")
    for i in range(200):
        greedy.unsubscribe(b"x/%d/" % i)
    greedy.subscribe(b"t/")
    eventually(lambda: seen() and greedy.poll(20), PATIENCE_S)
    # A flood ends in silence for this user, and for no other.
    second = net.socket(zmq.SUB, "events", "olga")
    for i in range(600):
        greedy.subscribe(b"y/%d/" % i)
        second.subscribe(b"z/%d/" % i)
    eventually(lambda: "gets no events" in net.said(), PATIENCE_S)
    while modest.poll(SILENCE_MS):
        modest.recv_multipart()
    while greedy.poll(SILENCE_MS):
        greedy.recv_multipart()
    eventually(seen, PATIENCE_S)
    assert not greedy.poll(SILENCE_MS)
    assert net.ask(net.socket(zmq.DEALER, "clients", "olga"), "ping") == (200, None)


def test_the_programs_work_over_tcp_by_a_context(net):
    net.start()
    net.launch("ems-worker", "--state", net.base / "w", "--config", net.worker_config())
    made = net.ems("context", "add", "far", "-e", net.at["clients"], "--events", net.at["events"],
                   "--server-key", net.keys["server"][0].decode(), "--certificate", "olga.secret")
    assert made.returncode == 0, made.stderr
    assert net.ems("context").stdout.startswith("* far")
    eventually(lambda: "idle" in net.ems("workers").stdout, PATIENCE_S)
    ran = net.ems("run", "say")
    assert ran.returncode == 0 and ran.stdout, ran.stderr
    assert '"user":"olga"' in net.ems("--json", "show").stdout.replace(" ", "")
    # No secret is told to anybody (who made the files apart).
    secrets = [secret for public, secret in net.keys.values()]
    for path in (net.base / "s", net.base / "w"):
        for file in path.rglob("*"):
            if file.is_file():
                assert not any(secret in file.read_bytes() for secret in secrets), file
    assert not any(secret in net.errors.read_bytes() for secret in secrets)

    # Others, and what they are told.
    def told(name, server="server"):
        net.ems("context", "add", name + server, "-e", net.at["clients"], "--server-key",
                net.keys[server][0].decode(), "--certificate", f"{name}.secret")
        answer = net.ems("-c", name + server, "ping")
        return answer.returncode, answer.stderr
    code, text = told("stranger")
    assert code == 77 and net.keys["stranger"][0].decode() in text
    code, text = told("olga", "stranger")
    assert code == 69 and "not the broker" in text
    assert "certificate" in net.ems("-e", net.at["clients"], "ping").stderr
    assert net.ems("reload").returncode == 77
    assert net.ems("context", "remove", "far").returncode == 0
    assert "far" not in net.ems("context", "list").stdout.split()


def test_keygen_overwrites_nothing(net):
    before = {path: path.read_bytes() for path in net.base.glob("olga.*")}
    again = net.ems("keygen", "olga", "--directory", str(net.base))
    assert again.returncode != 0 and "not overwritten" in again.stderr
    (net.base / "olga.secret").rename(net.base / "away")
    again = net.ems("keygen", "olga", "--directory", str(net.base))
    assert again.returncode != 0 and not (net.base / "olga.secret").exists()
    (net.base / "away").rename(net.base / "olga.secret")
    assert {path: path.read_bytes() for path in net.base.glob("olga.*")} == before
    assert (net.base / "olga.secret").stat().st_mode & 0o777 == 0o600
    assert net.keys["olga"][1].decode() not in (net.base / "olga.public").read_text()
    net.start()


def test_grant_prints_what_lets_a_key_in_and_takes_no_secret(net):
    def grant(*arguments):
        done = net.ems("grant", *arguments)
        return done.returncode, done.stdout.rstrip("\n"), done.stderr
    assert grant("olga.public", "--role", "operator")[:2] == (0, net.lines["olga"])
    # A key that comes is one more of the same user; another user's is not.
    (net.base / "next").mkdir()
    net.ems("keygen", "olga", "--directory", "next")
    code, both, _ = grant("olga.public", "next/olga.public", "--role", "operator")
    assert code == 0 and both.startswith(net.lines["olga"] + '\n        key = "')
    assert "two users" in grant("olga.public", "vera.public", "--role", "viewer")[2]
    code, lines, _ = grant("bench-1.public", "--role", "worker", "--workers", "bench-1,bench-2")
    assert code == 0 and 'workers = "bench-1,bench-2"' in lines
    code, line, _ = grant("olga.public", "--signer")
    assert code == 0 and re.fullmatch('    olga = "[0-9a-f]{64}"', line)
    (net.base / "mallory.public").write_text((net.base / "anna.public").read_text())
    for wrong, word in ((("olga.public",), "--role"), (("olga.public", "--role", "king"), "king"),
                        (("olga.public", "--role", "viewer", "--signer"), "--signer"),
                        (("olga.public", "--role", "viewer", "--workers", "x"), "--workers"),
                        (("mallory.public", "--role", "viewer"), "anna"),
                        (("olga.secret", "--role", "viewer"), "secret"),
                        (("nobody.public", "--role", "viewer"), "nobody.public")):
        code, out, error = grant(*wrong)
        assert code != 0 and not out and word in error, (wrong, error)
    assert net.keys["olga"][1].decode() not in grant("olga.secret", "--role", "viewer")[2]
    # What it prints is a users file.
    net.lines["olga"] = both
    net.write_users()
    net.start()
    made = net.ems("context", "add", "x", "-e", net.at["clients"], "--server", "server.public",
                   "--certificate", "next/olga.secret")
    assert made.returncode == 0 and net.ems("ping").returncode == 0
    made = net.ems("context", "add", "y", "-e", net.at["clients"], "--server", "server.secret",
                   "--certificate", "olga.secret")
    assert made.returncode != 0 and "secret" in made.stderr


def test_a_worker_whose_key_comes_later_gets_in_by_itself(net):
    line = net.lines.pop("bench-1")
    net.write_users()
    net.start()
    net.launch("ems-worker", "--state", net.base / "w", "--config", net.worker_config())
    eventually(lambda: "does not know our key" in net.said(), PATIENCE_S)
    net.lines["bench-1"] = line
    net.write_users()
    net.reload()
    events = net.socket(zmq.SUB, "events", "vera")
    events.subscribe(b"")
    eventually(lambda: "registered with the broker as bench-1" in net.said(), 2 * PATIENCE_S)
    # Its events, too, when their connection is there: the status of jobs comes from the worker.
    olga = net.socket(zmq.DEALER, "clients", "olga")

    def tells_of_a_job():
        assert net.ask(olga, "run", profile="say", params={})[0] in (200, 202, 409)
        while events.poll(200):
            if not events.recv_multipart()[0].startswith(b"worker/"):
                return True
        return False
    eventually(tells_of_a_job, PATIENCE_S)
