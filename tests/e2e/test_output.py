# SPDX-License-Identifier: MPL-2.0
"""The log holds exactly the bytes that the job wrote, and so does every monitor's copy."""
import hashlib
import os
import signal
import time

import msgpack
import pytest

from procs import eventually, stat_fields
from system import BIN

LINES = 2000000
MANY_LINES = 12000000  # half of them fill every queue
STILL_S = 25


def written(ems):
    """What the job says that it wrote: (bytes, SHA-256)."""
    total, digest = (ems.work / "sent").read_text().split()
    return int(total), digest


def summary(data):
    return len(data), hashlib.sha256(data).hexdigest()


def body_of(log):
    """The log without its first line, which is ours."""
    first, _, rest = log.partition(b"\n")
    assert first.startswith(b"Starting benchmark: ")
    return rest


def finish_whole(ems, job):
    """Wait for the end of an output job whose log must be exactly what was written."""
    job = ems.finish(job["job_id"])
    assert job["status"] == "completed", job
    log = ems.log(job["job_id"])
    assert summary(body_of(log)) == written(ems)
    assert job["log"]["bytes"] == len(log)
    return job, log


@pytest.mark.parametrize("profile, count", [("raw", 300), ("unfinished", 1000)])
def test_nul_bytes_invalid_utf8_and_a_missing_last_newline_survive(ems, profile, count):
    job = ems.run(profile, params={"n": count})
    seen = b"".join(ems.monitor(job["job_id"]).follow())
    job, log = finish_whole(ems, job)
    assert seen == log
    assert job["log"]["lines"] == log.count(b"\n") + (not log.endswith(b"\n"))


def test_a_line_of_100_megabytes_survives(ems):
    job = ems.run("long", params={"n": 100})
    digest, size = hashlib.sha256(), 0
    for data in ems.monitor(job["job_id"]).follow():
        digest.update(data)
        size += len(data)
    job, log = finish_whole(ems, job)
    assert (size, digest.hexdigest()) == summary(log)
    assert job["log"]["lines"] == 2


def test_a_client_tool_that_follows_an_endless_line_prints_all_of_it(ems):
    job = ems.run("long", params={"n": 5})
    done = ems.ems("attach", job["job_id"])
    _, log = finish_whole(ems, job)
    assert done.returncode == 0 and done.stdout.encode() == log


def test_two_million_lines_reach_monitors_that_came_late_or_were_stopped(ems):
    job = ems.run("lines", params={"n": LINES})
    names = ("early", "stopped", "late", "tool", "tool-stopped")
    copies = {name: ems.base / name for name in names}
    early = ems.follow(job["job_id"], copies["early"])
    stopped = ems.follow(job["job_id"], copies["stopped"])
    tools = [follow_with_tool(ems, job["job_id"], copies[name]) for name in names[3:]]
    eventually((ems.work / "halfway").exists)
    early_ones = [copies[name] for name in names if name != "late"]
    eventually(lambda: min(path.stat().st_size for path in early_ones) > 100000)
    for program in (stopped, tools[1]):
        program.send_signal(signal.SIGSTOP)
        eventually(lambda: stat_fields(program.pid)[0] == "T")
    late = ems.follow(job["job_id"], copies["late"])
    middle = len(ems.log(job["job_id"]))
    (ems.work / "go").touch()
    job, log = finish_whole(ems, job)
    assert job["log"]["lines"] == LINES + 1 and 0 < middle < len(log)
    for program in (stopped, tools[1]):
        assert stat_fields(program.pid)[0] == "T", "the job ended while these were stopped"
        program.send_signal(signal.SIGCONT)
    for program in (early, stopped, late, *tools):
        _, said = program.communicate(timeout=120)
        assert program.returncode == 0, said
    different = [name for name in names if copies[name].read_bytes() != log]
    assert not different, {name: copies[name].stat().st_size for name in different}


def follow_with_tool(ems, job_id, path):
    with open(path, "wb") as stdout:
        return ems.spawn(BIN / "ems", "logs", "-f", job_id, stdout=stdout)


def test_a_reader_that_stops_reading_its_pipe_gets_every_line_later(ems):
    job = ems.run("lines", params={"n": 400000})
    reading, writing = os.pipe()
    tool = ems.spawn(BIN / "ems", "logs", "-f", job["job_id"], stdout=writing)
    os.close(writing)
    (ems.work / "go").touch()
    job, log = finish_whole(ems, job)
    with open(reading, "rb") as pipe:
        assert summary(pipe.read()) == summary(log)
    tool.communicate(timeout=60)
    assert tool.returncode == 0


def test_a_reader_that_stands_still_for_long_goes_on_without_a_gap(ems):
    """For longer than it takes to find that the other side of a connection is dead."""
    job = ems.run("lines", params={"n": MANY_LINES})
    reading, writing = os.pipe()
    tool = ems.spawn(BIN / "ems", "logs", "-f", job["job_id"], stdout=writing)
    os.close(writing)
    with open(reading, "rb") as pipe:
        seen = pipe.read(1000)
        eventually((ems.work / "halfway").exists)
        time.sleep(STILL_S)
        seen += pipe.read(len(ems.log(job["job_id"])) - len(seen))
        (ems.work / "go").touch()
        seen += pipe.read()
    _, said = tool.communicate(timeout=60)
    assert tool.returncode == 0, said
    job, log = finish_whole(ems, job)
    assert summary(seen) == summary(log)


def test_a_quiet_jobs_line_is_sent_at_once_and_alone(ems):
    job = ems.run("steps")
    monitor = ems.monitor(job["job_id"])
    pieces = monitor.follow()
    seen = next(pieces)
    while not seen.endswith(b"\n"):
        seen += next(pieces)
    for step in range(1, 6):
        (ems.work / f"step.{step}").touch()
        assert next(pieces) == b"step %d\n" % step
    assert list(pieces) in ([], [b""]) and monitor.job["status"] == "completed"
    monitor.close()


def test_the_events_of_a_job_come_in_order_and_end_with_eof_and_the_status(ems):
    job = ems.run("lines", params={"n": 100000})
    monitor = ems.monitor(job["job_id"])
    monitor.synchronise()
    (ems.work / "go").touch()
    events = []
    while not (events and events[-1][0] == "status" and events[-1][1]["job"]["finished_at"]):
        assert monitor.socket.poll(60000), "an event is missing"
        topic, event, payload = (monitor.socket.recv_multipart() + [b""])[:3]
        events.append((topic.split(b"/")[0].decode(), msgpack.unpackb(event), payload))
    logs = [(event, payload) for kind, event, payload in events if kind == "log"]
    log = ems.log(job["job_id"])
    for event, payload in logs:
        assert log[event["offset"]:event["offset"] + len(payload)] == payload
        assert event["line"] == log.count(b"\n", 0, event["offset"]) + 1
        assert event["count"] == payload.count(b"\n") and len(payload) <= 65536
        assert payload.endswith(b"\n") or event.get("eof") or event.get("partial")
    offsets = [event["offset"] for event, _ in logs]
    assert offsets == sorted(offsets)
    assert [bool(event.get("eof")) for event, _ in logs] == [False] * (len(logs) - 1) + [True]
    assert events[-2][0] == "log", "the final status comes after eof"
    monitor.close()
