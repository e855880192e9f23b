# SPDX-License-Identifier: MPL-2.0
"""Hosts on the network without a key, and other users of the machine: they use up little, and read nothing."""
import os
import random
import re
import socket
import subprocess
import time

import pytest
import zmq

import curve_net
from curve_net import PATIENCE_S, PLACES
from procs import eventually

EACH = 100  # connections to each place
GONE_S = 30  # a handshake may take 5 s
GROWTH_BYTES = 64 << 20
SLOWEST_S = 2
NOBODY = 65534


@pytest.fixture
def net():
    with curve_net.opened() as net:
        net.start()
        yield net


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def memory(process):
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def greeting(mechanism):
    return (b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + mechanism.ljust(20, b"\0") + bytes(32))


def opening(chance):
    """What a stranger may begin with: nothing, noise, another mechanism, or a command without an end."""
    return chance.choice((
        b"", chance.randbytes(chance.randrange(1, 400)), greeting(b"NULL") + b"\x04\x05READY",
        greeting(b"PLAIN"), greeting(b"CURVE")[:chance.randrange(1, 64)],
        greeting(b"CURVE") + b"\x06" + (1 << 60).to_bytes(8, "big") + b"\x05HELLO",
        greeting(b"CURVE") + b"\x06" + (1 << 20).to_bytes(8, "big") + bytes(100000),
        greeting(b"CURVE") + b"\x04\xc8\x05HELLO" + chance.randbytes(194)))


def knock(net, chance, strangers):
    """They come, and stay."""
    for _ in range(EACH):
        for place in PLACES:
            host, port = re.fullmatch(r"tcp://(.*):(\d+)", net.at[place]).groups()
            strangers.append(socket.create_connection((host, int(port)), timeout=PATIENCE_S))
            try:
                strangers[-1].sendall(opening(chance))
            except OSError:  # it was told to go in the middle of it
                pass


def crowd(net):
    """(the slowest first answer to a user beside them, what they cost); afterwards they are gone."""
    client = net.socket(zmq.DEALER, "clients", "anna")
    assert net.ask(client, "ping") == (200, None)
    descriptors_before, memory_before = descriptors(net.broker), memory(net.broker)
    strangers, slowest = [], 0
    try:
        knock(net, random.Random(1), strangers)
        for name in ("anna", "olga", "vera"):
            asked = time.monotonic()
            assert net.ask(net.socket(zmq.DEALER, "clients", name), "ping") == (200, None)
            slowest = max(slowest, time.monotonic() - asked)
        more = memory(net.broker) - memory_before
        eventually(lambda: descriptors(net.broker) < descriptors_before + 30, GONE_S)
    finally:
        for stranger in strangers:
            stranger.close()
    print(f"{len(strangers)} strangers: {more >> 20} MiB more, slowest first answer {slowest:.3f} s")
    return slowest, more


def test_strangers_who_say_nothing_or_nonsense_keep_nobody_out_and_are_gone_soon(net):
    slowest, _ = crowd(net)
    assert slowest < SLOWEST_S


@pytest.mark.unsanitized
def test_strangers_cost_little_memory(net):
    _, more = crowd(net)
    assert more < GROWTH_BYTES


def test_another_user_of_the_machine_reads_nothing_and_reaches_no_socket(net):
    assert os.geteuid() == 0, "this test has to become somebody else, which takes root"
    net.launch("ems-worker", "--state", net.base / "w", "--config", net.worker_config())
    net.add_context("olga")
    eventually(lambda: "idle" in net.ems("workers").stdout, PATIENCE_S)
    assert net.ems("run", "say").returncode == 0
    net.base.chmod(0o755)

    def as_nobody(*command):
        return subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                               "--clear-groups", *map(str, command)], capture_output=True,
                              check=False, timeout=PATIENCE_S)
    secrets = [net.base / f"{name}.secret" for name in ("server", "olga", "bench-1")]
    inside = [net.base / "s", net.base / "s" / "sock" / "clients", net.base / "w",
              net.base / "w" / "logs", net.base / ".config" / "ems" / "client.zpl"]
    assert as_nobody("ls", net.base).returncode == 0
    for path in secrets:
        assert as_nobody("cat", path).returncode != 0, path
    for path in inside:
        assert path.exists() and as_nobody("ls", path, "--", path / "x").returncode != 0, path
        assert as_nobody("test", "-r", path).returncode != 0, path
