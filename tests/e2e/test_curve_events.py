# SPDX-License-Identifier: MPL-2.0
"""Events over TCP: a worker publishes in its own name alone, and what subscribers use up is bounded."""
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zmq

import curve_net
from curve_net import PATIENCE_S, event
from procs import eventually

HERE = Path(__file__).resolve().parent
GROWTH_BYTES = 64 << 20
FLOODERS, FLOOD_S, TOPIC_BYTES = 3, 5, 300


@pytest.fixture
def net():
    with curve_net.opened() as net:
        net.add("bench-2", "worker")
        net.write_users()
        net.start()
        yield net


def first_seen(net, events, publisher):
    """The topic of the first event that arrives while this worker publishes one after the other."""
    def seen():
        publisher.send_multipart(event("worker/bench-1/"))
        return events.poll(20)
    eventually(seen, PATIENCE_S)
    return events.recv_multipart()[0]


def test_a_worker_publishes_in_no_other_name(net):
    events = net.socket(zmq.SUB, "events", "vera")
    events.subscribe(b"")
    publisher = net.socket(zmq.PUB, "publish", "bench-1")
    assert first_seen(net, events, publisher) == b"worker/bench-1/"
    for frames in (event("worker/bench-2/", "bench-2"), event("worker/bench-2/"),
                   event("log/abc123def456/", "bench-2", b"forged\n", offset=0),
                   event("status/abc123def456/", None), [b"log/abc123def456/", b"x", b""]):
        publisher.send_multipart(frames)
    publisher.send_multipart(event("last/"))
    topics = set()
    while b"last/" not in topics:
        assert events.poll(PATIENCE_S * 1000), "the last one did not come"
        topics.add(events.recv_multipart()[0])
    assert topics - {b"worker/bench-1/"} == {b"last/"}


def test_a_worker_does_not_write_into_the_log_of_anothers_job(net):
    net.launch("ems-worker", "--state", net.base / "w", "--config", net.worker_config())
    net.add_context("olga")
    eventually(lambda: "idle" in net.ems("workers").stdout, PATIENCE_S)
    job_id = net.ems("run", "--detach", "waits").stdout.strip()
    with net.follower("logs", "-f", job_id) as follower:
        log = net.base / "w" / "logs" / f"{job_id}.log"
        eventually(lambda: b"ready" in follower.text(), PATIENCE_S)
        size = log.stat().st_size
        forger = net.socket(zmq.PUB, "publish", "bench-2")
        watch = net.socket(zmq.SUB, "events", "vera")
        watch.subscribe(f"log/{job_id}/")

        def forged():
            job = {"job_id": job_id, "worker": "bench-1", "status": "completed", "attempt": 1,
                   "log": {"bytes": size, "lines": 1}}
            forger.send_multipart(event(f"log/{job_id}/", "bench-2", b"forged\n", offset=size,
                                        line=2, count=1, time_ms=1))
            forger.send_multipart(event(f"status/{job_id}/", "bench-2", seq=1, job=job))
            return watch.poll(20)
        eventually(forged, PATIENCE_S)
        (net.base / "work" / "go").touch()
        assert follower.wait() == 0
        assert follower.text() == log.read_bytes() and b"forged" not in follower.text()


def memory(process):
    """Bytes that it has in memory."""
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


@pytest.mark.unsanitized
def test_a_flood_of_subscriptions_costs_the_broker_little_memory_and_nobody_his_answer(net):
    public, secret = net.keys["vera"]
    client = net.socket(zmq.DEALER, "clients", "anna")
    assert net.ask(client, "ping") == (200, None)
    before = memory(net.broker)
    flooders = [subprocess.Popen([sys.executable, HERE / "flooder.py", net.at["events"], public,
                                  secret, net.keys["server"][0], str(seed), str(TOPIC_BYTES)])
                for seed in range(FLOODERS)]
    slowest, most = 0, 0
    try:
        end = time.monotonic() + FLOOD_S
        while time.monotonic() < end or "gets no events" not in net.said():
            time.sleep(0.05)  # so that it is not limited itself
            asked = time.monotonic()
            assert net.ask(client, "ping") == (200, None)
            slowest = max(slowest, time.monotonic() - asked)
            most = max(most, memory(net.broker) - before)
            assert time.monotonic() < end + PATIENCE_S, "the flood goes on for ever"
    finally:
        for flooder in flooders:
            flooder.kill()
            flooder.wait()
    print(f"{FLOODERS} flooders: {most >> 20} MiB more in the broker, slowest ping {slowest:.3f} s")
    assert most < GROWTH_BYTES and slowest < 2
