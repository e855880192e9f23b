# SPDX-License-Identifier: MPL-2.0
"""When the lines of a log came: noted beside it, told by `logs` and in events, and only a hint."""
import struct
import time

import msgpack
import pytest

from ems1 import OVER
from procs import eventually

APART_S = 0.15  # of two moments that are noted apart
ENTRY = struct.Struct("<qq")


def now_ms():
    return int(time.time() * 1000)


def times_file(ems, job):
    return ems.state / "logs" / f"{job['job_id']}.times"


def noted(ems, job):
    """The entries of the file: [(offset, time_ms)]."""
    return list(ENTRY.iter_unpack(times_file(ems, job).read_bytes()))


def let_time_pass():
    until = time.time() + APART_S
    eventually(lambda: time.time() > until)


def take_steps(ems, job, steps):
    """Each of these lines comes in a moment of its own: {line: (earliest, latest) ms}."""
    seen = {}
    for step in steps:
        let_time_pass()
        begin = now_ms()
        (ems.work / f"step.{step}").touch()
        log = ems.state / "logs" / f"{job['job_id']}.log"
        eventually(lambda step=step: log.exists() and b"step %d\n" % step in log.read_bytes())
        seen[b"step %d" % step] = (begin, now_ms())
    return seen


@pytest.fixture
def stepped(ems):
    """A job that is over and whose five lines came apart, and when."""
    job = ems.run("steps")
    came = take_steps(ems, job, range(1, 6))
    return ems.finish(job["job_id"]), came


def times_of_lines(reply):
    """{line: when its first byte came} of a reply to `logs`."""
    offset, found = reply["offset"], {}
    for line in reply["data"].splitlines(keepends=True):
        known = [time_ms for at, time_ms in reply["times"] if at <= offset]
        found[line.rstrip(b"\n")] = known[-1] if known else None
        offset += len(line)
    return found


def test_each_line_has_the_time_at_which_it_came(ems, stepped):
    job, came = stepped
    reply = ems.client.do("logs", job_id=job["job_id"], times=True)
    found = times_of_lines(reply)
    for line, (begin, end) in came.items():
        assert begin <= found[line] <= end
    assert reply["data"] == ems.log(job["job_id"]) and reply["times"][0][0] == 0
    assert "times" not in ems.client.do("logs", job_id=job["job_id"])
    # Whatever piece is asked for.
    for offset in range(len(reply["data"])):
        piece = ems.client.do("logs", job_id=job["job_id"], offset=offset, max_bytes=9, times=True)
        assert piece["times"][0] == [offset, [t for at, t in reply["times"] if at <= offset][-1]]
        assert piece["times"][1:] == [[at, t] for at, t in reply["times"] if offset < at < offset + 9]


def test_a_moment_is_looked_up(ems, stepped):
    job, came = stepped
    log = ems.log(job["job_id"])

    def since(ms):
        return ems.client.do("logs", job_id=job["job_id"], since_ms=ms)
    for step in range(1, 6):
        begin, end = came[b"step %d" % step]
        assert since(begin)["data"] == log[log.index(b"step %d" % step):]
        assert since(begin)["offset"] == log.index(b"step %d" % step) and since(begin)["eof"]
        assert since(end + 1)["data"] == log[log.index(b"step %d\n" % step) + 7:]
    assert since(0)["data"] == since(1)["data"] == log
    assert since(now_ms() + 10**6) | {"job_id": None} == {
        "data": b"", "offset": len(log), "size": len(log), "eof": True, "job_id": None}


def test_an_answer_begins_with_a_whole_line(ems):
    job = ems.run("half-line")
    ems.wait_log(job["job_id"], b"no newline")
    let_time_pass()
    begin = now_ms()
    ems.cancel(job["job_id"])
    log = ems.log(job["job_id"])
    assert log.endswith(b"no newline\nBenchmark execution cancelled by user.\n")
    reply = ems.client.do("logs", job_id=job["job_id"], since_ms=begin)
    # The end of that line came with the next one, but it began before.
    assert reply["data"] == b"Benchmark execution cancelled by user.\n"
    found = times_of_lines(ems.client.do("logs", job_id=job["job_id"], times=True))
    assert found[b"no newline"] < begin <= found[b"Benchmark execution cancelled by user."]


def told_until(monitor, enough, told):
    """Takes the time of each line that events have, until `enough` of (topic, head)."""
    while event := monitor.next_event():
        topic, head, payload = event
        head = msgpack.unpackb(head)
        if topic.startswith(b"log/"):
            told |= {line: head["time_ms"] for line in payload.splitlines() if line}
        if enough(topic, head):
            return


def test_events_tell_the_same_times_as_the_log(ems):
    job = ems.run("steps")
    monitor = ems.monitor(job["job_id"])
    monitor.synchronise()
    take_steps(ems, job, range(1, 4))
    told = {}
    told_until(monitor, lambda topic, head: b"step 3" in told, told)
    # What a worker finds when it comes back came before.
    ems.stop_part("worker")
    take_steps(ems, job, [4])
    let_time_pass()
    ems.start_part("worker")
    ems.wait_ready()
    take_steps(ems, job, [5])
    told_until(monitor, lambda topic, head: topic.startswith(b"status/") and head["job"]["status"] in OVER, told)
    monitor.close()
    found = times_of_lines(ems.client.do("logs", job_id=job["job_id"], times=True))
    # Events are hints: what a worker publishes first, its broker may not pass on yet.
    assert {b"step 1", b"step 2", b"step 3"} <= told.keys()
    assert told == {line: found[line] for line in told}


def test_there_are_few_entries_however_much_output_there_is(ems):
    begin = time.monotonic()
    (ems.work / "go").touch()
    job = ems.finished("lines", params={"n": 10000})
    lasted_s = time.monotonic() - begin
    entries = noted(ems, job)
    assert 1 <= len(entries) <= lasted_s * 10 + 2
    assert entries == sorted(entries) and entries[0][0] == 0


def test_a_piece_with_very_many_times_is_cut(ems):
    (ems.work / "go").touch()
    job = ems.finished("lines", params={"n": 10000})
    log = ems.log(job["job_id"])
    times_file(ems, job).write_bytes(b"".join(ENTRY.pack(10 * i, 10**12 + i) for i in range(3000)))
    seen, found, offset = b"", [], 0
    while True:
        reply = ems.client.do("logs", job_id=job["job_id"], offset=offset, times=True)
        assert len(reply["times"]) <= 1000
        seen, found = seen + reply["data"], found + reply["times"]
        offset += len(reply["data"])
        if reply["eof"]:
            break
    assert seen == log and found == [[10 * i, 10**12 + i] for i in range(3000)]


BROKEN = {"empty": b"", "torn": b"torn", "ones": b"\xff" * 4096, "zeros": b"\0" * 4096,
          "noise": bytes(range(256)) * 5, "of another log": ENTRY.pack(2**40, 10**12) * 3, "none": None}


def test_a_broken_file_of_times_is_no_harm(ems, stepped):
    job, _ = stepped
    log = ems.log(job["job_id"])
    for name, content in BROKEN.items():
        times_file(ems, job).unlink(missing_ok=True)
        if content is not None:
            times_file(ems, job).write_bytes(content)
        reply = ems.client.do("logs", job_id=job["job_id"], times=True)
        assert reply["data"] == log and reply["eof"], name
        reply = ems.client.do("logs", job_id=job["job_id"], since_ms=10**12 - 1)
        assert log.endswith(reply["data"]), name
        assert reply["data"] == log or len(content or b"") >= ENTRY.size, name


def test_a_job_whose_times_cannot_be_written_runs_all_the_same(ems):
    job = ems.run("steps", if_busy="queue", delay_ms=1000)
    times_file(ems, job).mkdir()
    take_steps(ems, job, range(1, 6))
    done = ems.finish(job["job_id"])
    assert done["status"] == "completed"
    reply = ems.client.do("logs", job_id=job["job_id"], times=True)
    assert reply["times"] == [] and reply["data"].endswith(b"step 5\n")
    times_file(ems, job).rmdir()


def test_the_times_go_on_over_the_attempts_of_a_job(ems):
    job = ems.run("waits", priority=1)
    ems.wait_log(job["job_id"], b"ready\n")
    first = ems.run("first", preempt=True, priority=20)
    eventually(lambda: ems.status(first["job_id"])["status"] == "running")
    before = noted(ems, job)
    (ems.work / "go").touch()
    ems.finish(first["job_id"])
    done = ems.finish(job["job_id"])
    log, after = ems.log(job["job_id"]), noted(ems, job)
    assert done["attempt"] == 2 and log.count(b"Starting benchmark: ") == 2
    assert after[:len(before)] == before and after == sorted(after)
    assert log.rindex(b"Starting benchmark: ") in [offset for offset, _ in after]


@pytest.mark.parametrize("body", [
    {"since_ms": -1}, {"since_ms": "now"}, {"since_ms": 1, "offset": 0},
    {"since_ms": 1, "tail_lines": 1}, {"times": 1}], ids=str)
def test_a_wrong_wish_is_refused(ems, body):
    job = ems.finished("say")
    reply = ems.client.ask("logs", job_id=job["job_id"], **body)
    assert reply.status == 400 and list(body)[0] in reply.error, reply
