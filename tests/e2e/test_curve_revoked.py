# SPDX-License-Identifier: MPL-2.0
"""Whoever follows a job for long and loses its key meanwhile is told so, soon; and whoever loses nothing but the
events goes on without them."""
import os
import re
import socket
import time

import pytest
import zmq

import curve_net
from curve_net import PATIENCE_S
from procs import eventually

TOLD_S = 15


@pytest.fixture
def net():
    with curve_net.opened() as net:
        net.start_all()
        yield net


@pytest.fixture
def job_id(net):
    job_id = net.ems("run", "--detach", "waits").stdout.strip()
    assert job_id
    yield job_id
    (net.base / "work" / "go").touch()
    net.ems("-c", "anna", "wait", job_id)


def without(net, name):
    del net.lines[name]
    net.write_users()


@pytest.mark.parametrize("command", [("logs", "-f"), ("attach",), ("wait",)])
def test_who_loses_its_key_on_an_open_connection_is_told_so(net, job_id, command):
    net.add_context("olga")
    with net.follower(*command, job_id) as follower:
        eventually(lambda: command == ("wait",) or b"ready" in follower.text(), PATIENCE_S)
        eventually(lambda: connections(follower.process.pid), PATIENCE_S)
        without(net, "olga")
        net.reload()
        assert follower.wait(TOLD_S) == 77, follower.said()
        assert "not permitted" in follower.said() or "does not let our key in" in follower.said()


@pytest.mark.parametrize("command", [("logs", "-f"), ("wait",)])
def test_who_loses_its_key_while_the_broker_is_away_is_told_so(net, job_id, command):
    net.add_context("olga")
    with net.follower(*command, job_id) as follower:
        eventually(lambda: command == ("wait",) or b"ready" in follower.text(), PATIENCE_S)
        eventually(lambda: connections(follower.process.pid), PATIENCE_S)
        without(net, "olga")
        net.restart()
        assert follower.wait(TOLD_S) == 77, follower.said()
        assert "does not let our key in" in follower.said()


def test_who_finds_another_broker_in_the_place_of_its_own_is_told_so(net, job_id):
    net.add_context("olga")
    with net.follower("logs", "-f", job_id) as follower:
        eventually(lambda: b"ready" in follower.text(), PATIENCE_S)
        eventually(lambda: connections(follower.process.pid), PATIENCE_S)
        kept = (net.base / "server.secret").read_text()
        net.keygen("other", "admin")
        (net.base / "server.secret").write_text((net.base / "other.secret").read_text())
        net.restart()
        assert follower.wait(2 * TOLD_S) == 69, follower.said()
        assert "not the broker whose public key was given" in follower.said()
        (net.base / "server.secret").write_text(kept)
        net.restart()
    eventually(lambda: "busy" in net.ems("-c", "anna", "workers").stdout, PATIENCE_S)


def test_who_finds_something_else_there_for_a_while_goes_on_afterwards(net, job_id):
    net.add_context("olga")
    with net.follower("logs", "-f", job_id) as follower:
        eventually(lambda: b"ready" in follower.text(), PATIENCE_S)
        eventually(lambda: connections(follower.process.pid), PATIENCE_S)
        net.restart(meanwhile=lambda: answer_nonsense(net.at["clients"]))
        (net.base / "work" / "go").touch()
        assert follower.wait() == 0, follower.said()
        assert follower.text() == (net.base / "w" / "logs" / f"{job_id}.log").read_bytes()


def answer_nonsense(endpoint):
    """To whoever comes to that port, until somebody did twice."""
    host, port = re.fullmatch(r"tcp://(.*):(\d+)", endpoint).groups()
    with socket.create_server((host, int(port))) as server:
        server.settimeout(PATIENCE_S)
        for _ in range(2):
            client, _ = server.accept()
            with client:
                client.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n" + bytes(100))


def connections(pid):
    """Does it hold any over TCP? (Two: for requests and for events.)"""
    sockets = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            sockets |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{name}")))
        except FileNotFoundError:
            pass
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in list(table)[1:]]
    return sum(row[9] in sockets and row[3] == "01" for row in rows) >= 2


def cpu_s(pid):
    fields = open(f"/proc/{pid}/stat", encoding="latin-1").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_who_gets_no_events_any_more_goes_on_by_asking_and_at_its_ease(net, job_id):
    net.add_context("olga")
    with net.follower("logs", "-f", job_id) as follower:
        eventually(lambda: b"ready" in follower.text(), PATIENCE_S)
        eventually(lambda: connections(follower.process.pid), PATIENCE_S)
        greedy = [net.socket(zmq.SUB, "events", "olga") for _ in range(2)]
        for i in range(600):
            for number, one in enumerate(greedy):
                one.subscribe(b"%d/%d/" % (number, i))
        eventually(lambda: "gets no events" in net.said(), PATIENCE_S)
        for one in greedy:
            one.close()
        before = cpu_s(follower.process.pid)
        time.sleep(3)  # it is measured
        assert cpu_s(follower.process.pid) - before < 0.5
        (net.base / "work" / "go").touch()
        assert follower.wait() == 0, follower.said()
        assert follower.text() == (net.base / "w" / "logs" / f"{job_id}.log").read_bytes()
