# SPDX-License-Identifier: MPL-2.0
"""What a user can use up of a broker over TCP: topics and connections, and never what belongs to others."""
import os
import socket
import time

import msgpack
import pytest
import zmq

import curve_net
from curve_net import MAGIC, PATIENCE_S, event
from procs import eventually
from system import BIN

DESCRIPTORS = 200


@pytest.fixture
def net():
    with curve_net.opened() as net:
        net.start()
        yield net


@pytest.fixture
def poor():
    """With a broker that has few descriptors."""
    with curve_net.opened() as net:
        plain = net.launch
        net.launch = lambda program, *arguments: plain(
            "/usr/bin/prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", BIN / program, *arguments)
        net.start()
        yield net


def hears(net, user):
    """Does a new subscriber of that name get an event?"""
    events = net.socket(zmq.SUB, "events", user)
    events.subscribe(b"worker/")
    publisher = net.socket(zmq.PUB, "publish", "bench-1")

    def seen():
        publisher.send_multipart(event("worker/bench-1/"))
        return events.poll(20)
    try:
        return bool(eventually(seen, PATIENCE_S))
    finally:
        events.close()
        publisher.close()


def seen_by_broker(net, connections):
    """Until so many are connected to events."""
    port = int(net.at["events"].rsplit(":", 1)[1])

    def count():
        with open("/proc/net/tcp", encoding="ascii") as lines:
            rows = [line.split() for line in lines.readlines()[1:]]
        return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)
    eventually(lambda: count() == connections, PATIENCE_S)


def test_who_subscribes_to_one_topic_again_and_again_is_not_deaf_afterwards(net):
    for _ in range(6):
        events = net.socket(zmq.SUB, "events", "vera")
        for _ in range(300):
            events.subscribe(b"worker/")
        assert events.poll(1) == 0
        seen_by_broker(net, 1)
        events.close()
        seen_by_broker(net, 0)
    assert hears(net, "vera") and hears(net, "olga")


def test_the_ends_of_others_connections_make_nobody_deaf(net):
    held = [net.socket(zmq.SUB, "events", "olga") for _ in range(250)]
    for events in held:
        events.subscribe(b"worker/")
    seen_by_broker(net, len(held))
    for _ in range(300):
        events = net.socket(zmq.SUB, "events", "vera")
        events.subscribe(b"worker/")
        events.close()
    assert hears(net, "vera")
    seen_by_broker(net, len(held))
    for events in held:
        events.close()
    seen_by_broker(net, 0)
    assert hears(net, "olga")


def open_files(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def test_one_user_takes_no_more_than_its_part_of_the_descriptors(poor):
    net = poor
    admin = net.socket(zmq.DEALER, "clients", "anna")
    assert net.ask(admin, "ping") == (200, None)
    held = [net.socket(zmq.DEALER, "clients", "vera") for _ in range(60)]
    eventually(lambda: "connections over TCP" in net.said(), PATIENCE_S)
    assert net.ask(net.socket(zmq.DEALER, "clients", "olga"), "ping") == (200, None)
    assert net.ask(admin, "reload") == (200, None)
    # Whoever waits holds nothing.
    eventually(lambda: open_files(net.broker) < DESCRIPTORS // 3, PATIENCE_S)
    # When some end, others get in: all of those who wait, in their turn.
    for one in held:
        one.send_multipart([MAGIC, msgpack.packb({"id": os.urandom(16).hex(), "type": "ping",
                                                  "body": {}})])
    end = time.monotonic() + PATIENCE_S
    while held:
        assert time.monotonic() < end, f"{len(held)} did not get in"
        for one in [one for one in held if one.poll(1)]:
            assert msgpack.unpackb(one.recv_multipart()[1])["status"] == 200
            held.remove(one)
            one.close()


def strangers(net):
    """Silent connections, more than the broker can have; they are made again as they end."""
    host, port = net.at["clients"].removeprefix("tcp://").rsplit(":", 1)
    made = []
    for _ in range(2 * DESCRIPTORS):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex((host, int(port)))
        made.append(one)
    return made


def test_with_no_descriptor_left_an_admin_removes_a_key_and_it_is_noted(poor):
    net = poor
    admin = net.socket(zmq.DEALER, "clients", "anna")
    vera = net.socket(zmq.DEALER, "clients", "vera")
    assert net.ask(vera, "ping") == (200, None)
    assert net.ask(admin, "ping") == (200, None)
    held = strangers(net)
    usual = DESCRIPTORS - DESCRIPTORS // 4
    eventually(lambda: open_files(net.broker) >= usual, PATIENCE_S)
    del net.lines["vera"]
    net.write_users()
    assert net.ask(admin, "reload") == (200, None)
    assert net.ask(vera, "run", profile="say")[0] == 403
    log = (net.state / "broker" / "audit.log").read_text()
    assert "verb=reload" in log and "lost" not in net.said(), net.said()
    for one in held:
        one.close()
    # They are let go, and whoever may gets in.
    began = time.monotonic()
    assert net.ask(net.socket(zmq.DEALER, "clients", "olga"), "ping") == (200, None)
    print(f"in again after {time.monotonic() - began:.1f} s")
