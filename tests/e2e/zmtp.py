# SPDX-License-Identifier: MPL-2.0
"""ZMTP spoken by hand, well or badly, over a socket of the system: what libzmq would never send."""
import random
import select
import socket
import time

SIGNATURE = b"\xff\0\0\0\0\0\0\0\x01\x7f"
NULL = b"NULL".ljust(20, b"\0")
GREETING = SIGNATURE + b"\x03\x00" + NULL + b"\0" + bytes(31)
READ_BYTES = 1 << 20


def short_or_long(flags, body):
    """One frame: its size in one byte or in eight."""
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return bytes([flags | 2]) + len(body).to_bytes(8, "big") + body


def message(frames):
    """A message as it goes over the wire."""
    last = len(frames) - 1
    return b"".join(short_or_long(n < last, frame) for n, frame in enumerate(frames))


def command(name, body):
    return short_or_long(4, bytes([len(name)]) + name + body)


def metadata(name, value):
    return bytes([len(name)]) + name + len(value).to_bytes(4, "big") + value


def ready(kind):
    return command(b"READY", metadata(b"Socket-Type", kind) + metadata(b"Identity", b""))


class Peer:
    """A connection to one of the broker's sockets that is properly made, whatever comes then."""

    def __init__(self, path, kind):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.sendall(GREETING + ready(kind))
        self.socket.setblocking(False)
        self.heard = b""  # the end of what came back
        self.open = True
        # Who speaks before the other side is ready is cut off.
        assert self.hear(b"READY", 30), "the broker does not shake hands"

    def send(self, data, deadline_s=60):
        """All of it, reading meanwhile; False if the other side hung up."""
        view = memoryview(data)
        until = time.monotonic() + deadline_s
        while view and self.open:
            assert time.monotonic() < until, f"{len(view)} bytes could not be sent"
            readable, writable, _ = select.select([self.socket], [self.socket], [], 1)
            if readable:
                self.read()
            if writable and self.open:
                try:
                    view = view[self.socket.send(view):]
                except BlockingIOError:
                    pass
                except (BrokenPipeError, ConnectionResetError):
                    self.open = False
        return self.open

    def read(self):
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        self.open = self.open and bool(data)
        self.heard = (self.heard + data)[-READ_BYTES:]

    def hear(self, data, deadline_s):
        """Has that come by then?"""
        until = time.monotonic() + deadline_s
        while data not in self.heard and self.open and time.monotonic() < until:
            if select.select([self.socket], [], [], 0.05)[0]:
                self.read()
        return data in self.heard

    def close(self):
        self.socket.close()


# What a connection can begin with, so that nothing good comes of it.

def long_size(flags, size):
    return bytes([flags]) + size.to_bytes(8, "big")


def bad_beginnings(chance):
    """Kinds of them, by name; each a function that makes the bytes."""
    def greeting(major, minor, mechanism=b"NULL", server=0):
        return SIGNATURE + bytes([major, minor]) + mechanism.ljust(20, b"\0") + bytes([server]) + bytes(31)

    def noise(bytes_):
        return chance.randbytes(bytes_)
    return {
        "silence": lambda: b"",
        "one byte": lambda: noise(1),
        "noise": lambda: noise(chance.choice([9, 10, 11, 64, 1000, 20000])),
        "half a signature": lambda: SIGNATURE[:chance.randrange(1, 10)],
        "half a greeting": lambda: GREETING[:chance.randrange(10, 64)],
        "greeting alone": lambda: GREETING,
        "ZMTP 1.0": lambda: b"\x01\x00" + message([b"EMS1", noise(20)]),
        "ZMTP 1.0 long": lambda: b"\xff" + (2**40).to_bytes(8, "big") + b"\0" + noise(30),
        "ZMTP 2.0": lambda: SIGNATURE + b"\x01" + bytes([chance.randrange(12)]) + b"\0\0" +
                            message([b"EMS1", noise(20)]),
        "ZMTP 3.9": lambda: greeting(3, 9) + ready(b"DEALER"),
        "ZMTP 255": lambda: greeting(255, 255) + noise(50),
        "PLAIN": lambda: greeting(3, 0, b"PLAIN") + command(b"HELLO", b"\4user\4pass"),
        "CURVE": lambda: greeting(3, 0, b"CURVE") + command(b"HELLO", noise(194)),
        "GSSAPI": lambda: greeting(3, 0, b"GSSAPI") + command(b"INITIATE", noise(40)),
        "no mechanism": lambda: greeting(3, 0, noise(20)) + ready(b"DEALER"),
        "as server": lambda: greeting(3, 0, server=1) + ready(b"ROUTER"),
        "wrong type": lambda: GREETING + ready(chance.choice([b"PAIR", b"PULL", b"STREAM", b"?"])),
        "no type": lambda: GREETING + command(b"READY", b""),
        "lying metadata": lambda: GREETING + command(b"READY", b"\x0bSocket-Type\xff\xff\xff\xff"),
        "a command of noise": lambda: GREETING + command(noise(200), noise(200)),
        "an endless command": lambda: GREETING + long_size(6, 2**62) + noise(100),
        "an endless frame": lambda: GREETING + ready(b"DEALER") + long_size(2, 2**63 - 1) + noise(100),
        "a negative frame": lambda: GREETING + ready(b"SUB") + long_size(2, 2**64 - 1) + noise(100),
        "a frame of 1 GB": lambda: GREETING + ready(b"DEALER") + long_size(3, 2**30) + noise(9000),
        "half a frame": lambda: GREETING + ready(b"DEALER") + b"\x00\x40" + noise(20),
        "more for ever": lambda: GREETING + ready(b"DEALER") + b"\x01\x01x" * 500,
        "flags": lambda: GREETING + ready(b"DEALER") + bytes([chance.randrange(8, 256), 5]) + noise(5),
        "pings": lambda: GREETING + ready(b"SUB") + command(b"PING", b"\0\1" + noise(16)) * 50,
        "subscriptions": lambda: GREETING + ready(b"SUB") + command(b"SUBSCRIBE", noise(250)) * 20,
        "too early": lambda: GREETING + ready(b"DEALER") + message([b"EMS1", noise(20)]) * 20,
        "HTTP": lambda: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "TLS": lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise(500),
        "SSH": lambda: b"SSH-2.0-OpenSSH_9.2\r\n" + noise(300),
    }


def connect(address):
    """A stream to a path or to a (host, port)."""
    return (socket.create_connection(address) if isinstance(address, tuple)
            else connect_path(address))


def connect_path(path):
    peer = socket.socket(socket.AF_UNIX)
    try:
        peer.connect(path)
    except OSError:
        peer.close()
        raise
    return peer


def hang_up(peer, chance):
    """Politely, half, or with a reset."""
    how = chance.randrange(3)
    try:
        if how == 0:
            peer.shutdown(socket.SHUT_WR)
        elif how == 1 and peer.family == socket.AF_INET:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    except OSError:
        pass  # the other side was quicker
    peer.close()


def garbage_connections(addresses, count, seed, hanging=40):
    """So many connections, one after the other, of which up to `hanging` stay open at a time."""
    chance = random.Random(seed)
    makers = list(bad_beginnings(chance).values())
    left_open = []
    for number in range(count):
        peer = connect(addresses[number % len(addresses)])
        peer.settimeout(5)
        try:
            peer.sendall(makers[number // len(addresses) % len(makers)]())
        except OSError:
            pass  # it hung up on us: so it should
        left_open.append(peer)
        if len(left_open) > hanging or chance.randrange(4) == 0:
            hang_up(left_open.pop(chance.randrange(len(left_open))), chance)
    for peer in left_open:
        hang_up(peer, chance)
