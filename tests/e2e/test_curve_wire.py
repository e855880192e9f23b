# SPDX-License-Identifier: MPL-2.0
"""Whoever sits on the wire between a user and the broker: it reads nothing, repeats nothing and changes nothing."""
import re
import socket
import threading
from contextlib import contextmanager

import pytest
import zmq

import curve_net
from curve_net import PATIENCE_S

NOTE = "a-note-that-nobody-else-reads"
HANDSHAKE_BYTES = 700  # of a client's: greeting, HELLO and INITIATE end before that


class Wire:
    """Passes connections on to a port, keeps what went by, and may change a byte."""

    def __init__(self, endpoint):
        host, port = re.fullmatch(r"tcp://(.*):(\d+)", endpoint).groups()
        self.target = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.sent, self.seen = [], b""  # by clients, each connection's; all, in both directions
        self.flip_at = None  # this byte of the next connection
        self.sockets, self.threads = [], []
        self.start(self.accept)

    def start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            self.sockets += [client, server]
            self.sent.append(b"")
            flip_at, self.flip_at = self.flip_at, None
            self.start(self.pass_on, client, server, len(self.sent) - 1, flip_at)
            self.start(self.pass_on, server, client, None, None)

    def pass_on(self, source, target, number, flip_at):
        done = 0
        try:
            while data := source.recv(65536):
                if flip_at is not None and done <= flip_at < done + len(data):
                    at = flip_at - done
                    data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
                done += len(data)
                self.seen += data
                if number is not None:
                    self.sent[number] += data
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for end in self.sockets:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join()
        for end in self.sockets:
            end.close()


@contextmanager
def tapped(net):
    """The wire between a user and the broker's door for requests."""
    wire = Wire(net.at["clients"])
    net.at["clients"] = wire.endpoint
    try:
        yield wire
    finally:
        wire.close()


@pytest.fixture
def net():
    with curve_net.opened() as net:
        net.start_all()
        yield net


def jobs(net):
    return sorted((net.base / "w" / "logs" / "jobs").glob("*.json"))


def run(net):
    done = net.ems("-c", "olga", "run", "--detach", "--queue", "--notes", NOTE, "say")
    assert done.returncode == 0, done.stderr


def test_who_listens_reads_nothing_and_what_is_repeated_does_nothing(net):
    with tapped(net) as wire:
        net.add_context("olga")
        run(net)
        assert len(jobs(net)) == 1 and NOTE in jobs(net)[0].read_text()
        assert len(wire.seen) > HANDSHAKE_BYTES
        for word in (NOTE.encode(), b"EMS1", b"profile", b"job_id", *net.keys["olga"]):
            assert word not in wire.seen
        for sent in list(wire.sent):
            with socket.create_connection(wire.target, timeout=PATIENCE_S) as again:
                again.sendall(sent)
                while again.recv(65536):  # it hangs up: the keys of that connection are gone
                    pass
    assert len(jobs(net)) == 1


@pytest.mark.parametrize("at", [3, 40, 100, 250, 400, 600, 680, 750])
def test_who_changes_a_byte_ends_the_connection_and_changes_nothing_else(net, at):
    with tapped(net) as wire:
        net.add_context("olga")
        wire.flip_at = at
        socket_ = net.socket(zmq.DEALER, "clients", "olga")
        body = {"profile": "say", "if_busy": "queue", "params": {}, "notes": NOTE}
        answer = net.ask(socket_, "run", 3000, **body)
        changed = wire.flip_at is None
        records = [path.read_text() for path in jobs(net)]
        assert changed and (answer in (None, (200, None), (202, None)))
        assert len(records) <= 1 and all(f'"{NOTE}"' in text for text in records)
        assert len(records) == (answer is not None)
        run(net)  # over a whole wire
        assert len(jobs(net)) == len(records) + 1
