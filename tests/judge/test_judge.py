# SPDX-License-Identifier: MPL-2.0
"""The judge passes what is right and catches what is wrong, one small history for each case."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import evidence  # noqa: E402
import judge  # noqa: E402
from history import History  # noqa: E402

J, K = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
RUN, CANCEL = "request-run", "request-cancel"


def line(what, who="harness", **fields):
    return {"what": what, "who": who} | fields


def ask(request=RUN, type="run", who="client-1", **fields):
    return line("ask", who, request=request, type=type, **fields)


def answer(status=200, request=RUN, job=J, state="running", who="client-1", **fields):
    return line("answer", who, request=request, status=status, job=job, state=state, **fields)


def record(status, job=J, source="file", attempt=1, reason=None, who="harness", **fields):
    return line("record", who, job=job, status=status, attempt=attempt, reason=reason,
                source=source, **fields)


def executed(job=J, attempt=1, pid=100, slot="one"):
    return line("exec", "job", slot=slot, job=job, attempt=attempt, pid=pid)


def fork(pid, job=J, slot="one"):
    return line("fork", "job", slot=slot, job=job, pid=pid)


def dead(pid=100, job=J):
    return line("dead", "job", job=job, pid=pid)


def alive(*jobs, slot="one"):
    return line("alive", "harness", slot=slot, jobs=list(jobs))


def wrote(count, job=J):
    return line("wrote", "job", job=job, bytes=count)


def log(count, sum="s1", expected="s1", job=J):
    return line("log", job=job, bytes=count, sum=sum, expected=expected)


def read(offset, count, who="monitor-1", job=J):
    return line("read", who, job=job, offset=offset, bytes=count)


def read_end(count, sum="s1", who="monitor-1", job=J):
    return line("read_end", who, job=job, bytes=count, sum=sum)


def results(*run_ids, staging=(), **fields):
    return line("results", run_ids=list(run_ids), staging=list(staging), **fields)


def fault(kind, target=None):
    return line("fault", kind=kind, target=target)


POWER = fault("power")
RESTART = fault("start", "worker-1")
CANCELLED = [ask(CANCEL, "cancel", job=J),
             answer(200, CANCEL, state="cancelled"), record("cancelled")]


def at(ms, event):
    return event | {"at": ms}


def history(*events, suite="test", seed=7, **declared):
    """The events with `at` (one millisecond each, where they have none), between begin and end.
    If nothing is declared, it need not show anything."""
    now, made = 0, []
    for event in [line("begin", suite=suite, seed=seed), *events, line("end")]:
        now = event.get("at", now + 1)
        made.append({"at": now} | event)
    made[0] |= declared or {"without": lacking(made)}
    return made


def lacking(events):
    """The kinds of evidence that there are not."""
    asked = {event["request"] for event in events if event["what"] == "ask"}
    known = [dict(event) for event in events
             if event["what"] != "answer" or event["request"] in asked]
    return sorted(set(evidence.KINDS) - evidence.shown(History(known)))


def invariants(*events):
    """The invariants that the history of these events violates."""
    verdict = judge.judge_lines([json.dumps(event) for event in history(*events)])
    assert not verdict.malformed, verdict.text()
    return {violation.invariant for violation in verdict.violations}


def case(name, *events):
    return pytest.param(events, id=name)


GOOD = [
    case("nothing at all"),
    case("a whole run", ask(), executed(), answer(200), wrote(20), read(0, 10), read(10, 60),
         dead(), record("completed", run_id="r1", source="event"), read_end(70),
         record("completed", run_id="r1", request=RUN), log(70), results("r1"),
         line("calm"), line("settled")),
    case("a log that is known to be lost", executed(), wrote(10), record("cancelled"),
         line("log_lost", job=J)),
    case("one after the other in one slot", executed(J), dead(), executed(K, pid=101), dead(101, K)),
    case("at once in two slots", executed(J), executed(K, pid=101, slot="two"), dead(),
         dead(101, K), alive(J), alive(K, slot="two")),
    case("two attempts, one after the other", executed(J), dead(), executed(J, 2, 101), alive(J),
         dead(101), record("completed", attempt=2, run_id="r1")),
    case("no death seen", executed(J), fork(101), executed(K, pid=102)),
    case("unknown before it was accepted, and away after it", ask("q", "status", job=J), ask(),
         answer(200), answer(404, "q", job=None, state=None), record("completed"), executed(),
         ask("r", "status", job=J), answer(503, "r", job=None, state=None),
         ask("s", "status", job=K), answer(404, "s", job=None, state=None)),
    case("refused and given up", ask(), answer(409, job=K, state="running"),
         ask("other"), line("gone", "client-1", request="other"), line("calm"), line("settled")),
    case("answered 503 and then done", ask(), answer(503, job=None, state=None),
         line("again", "client-1", request=RUN), answer(200), record("completed")  , executed()),
    case("refused before a restart, accepted after it", ask(), answer(409, job=K), RESTART,
         answer(200), record("cancelled")),
    case("refused, and accepted when the answer crossed a restart", ask(), RESTART,
         answer(409, job=K), answer(200), record("cancelled")),
    case("spawn failed", ask(), answer(200, state="failed", reason="spawn"),
         record("failed", reason="spawn")),
    case("lost without having run", ask(), answer(200), record("failed", reason="lost")),
    case("lost with a part of its log", executed(), wrote(100), record("failed", reason="lost"),
         log(40)),
    case("power lost while a read was on its way", executed(), POWER, read(0, 90), read_end(90, "s9"),
         log(80), record("failed", reason="lost")),
    case("power lost while it wrote", executed(), read(0, 90), wrote(100), POWER,
         record("failed", reason="exit"), log(40, "s1", "s2"), read_end(90, "s9")),
    case("a late answer says running after an event said completed", ask("q", "status"),
         record("completed", source="event", who="monitor-1"), answer(200, "q"),
         executed()),
    case("an old event after a reply", record("completed", source="reply"), executed(),
         record("running", source="event")),
    case("reads of two monitors", read(0, 10), read(0, 5, "monitor-2"), read(5, 5, "monitor-2"),
         log(10), read_end(10), read_end(10, who="monitor-2")),
    case("staging of a job that is still to be run", record("queued", run_id="r1"),
         results(staging=["r1"])),
    case("the same run id at two workers", record("completed", run_id="r1"), executed(),
         record("completed", K, run_id="r1"), executed(K, slot="two", pid=101),
         results("r1", slot="one"), results("r1", slot="two")),
    case("cancelled", executed(), dead(), *CANCELLED, alive(K)),
    case("too late to cancel", ask(CANCEL, "cancel", job=J),
         answer(409, CANCEL, state="completed"), executed(), record("completed")),
    case("no reason said", record("failed", reason="exit"), executed(),
         ask("q", "status"), answer(200, "q", state="failed")),
    case("slow work", at(1000, line("calm", work_ms=20000)), at(50000, line("settled"))),
    case("what nobody knows", line("weather", sun=1), executed() | {"mood": "good"}),
]

BAD = [
    ("I1", case("two jobs seen alive", alive(J, K))),
    ("I1", case("a second job starts before the first is dead",
                executed(J), executed(K, pid=101), dead())),
    ("I1", case("a child outlives its job", executed(J), fork(101), dead(), executed(K, pid=102),
                dead(101))),
    ("I1", case("seen alive after the next one started", executed(J), executed(K, pid=101),
                alive(J))),
    ("I1", case("two attempts at once", executed(J), executed(J, 2, 101), dead(100))),
    ("I1", case("three jobs, the longest around them", executed(J), executed("c", pid=102),
                dead(102, "c"), executed(K, pid=101), dead(100))),
    ("I2", case("no record", ask(), answer(200))),
    ("I2", case("queued and forgotten", ask(), answer(202, state="queued"))),
    ("I2", case("never over", ask(), answer(200), record("running"))),
    ("I2", case("over only in an event", ask(), answer(200), record("completed", source="event"))),
    ("I2", case("accepted and then called unknown", ask(), answer(200),
                ask(CANCEL, "cancel", job=J), answer(404, CANCEL, job=None, state=None),
                record("completed"), executed())),
    ("I2", case("executed and forgotten", executed(J), executed(K, slot="two", pid=101),
                record("completed", K))),
    ("I2", case("accepted without a job", ask(), answer(200, job=None, state=None))),
    ("I1", case("alive when it is over", executed(), record("failed", reason="lost"), alive(J))),
    ("I3", case("executed twice", executed(), executed(pid=101), record("completed"))),
    ("I3", case("ran, and could not be started", executed(), dead(),
                record("failed", reason="spawn"))),
    ("I3", case("completed and never ran", record("completed"))),
    ("I3", case("exit code of what never ran", record("failed", reason="exit"))),
    ("I3", case("time limit of what never ran", record("failed", reason="time_limit"))),
    ("I3", case("another attempt than that which ran", executed(J, 1),
                record("completed", attempt=2))),
    ("I4", case("one request, two jobs", ask(), answer(200), answer(200, job=K),
                record("cancelled"), record("cancelled", K))),
    ("I4", case("a job of two requests", ask(), answer(200), record("cancelled", request="other"))),
    ("I4", case("two records of one request", record("cancelled", request=RUN),
                record("cancelled", K, request=RUN))),
    ("I4", case("a record of another job than the answer", ask(), answer(200),
                record("cancelled"), record("cancelled", K, request=RUN))),
    ("I4", case("two answers", ask(), answer(409, job=K), answer(200), record("cancelled"))),
    ("I4", case("accepted, and refused after a restart", ask(), answer(200), RESTART,
                answer(409, job=K), record("cancelled"))),
    ("I4", case("two answers, and the broker was started", ask(), answer(409, job=K),
                fault("start", "broker"), answer(200), record("cancelled"))),
    ("I5", case("another log", log(10, "s1", "s2"))),
    ("I5", case("a log too short", executed(), wrote(10), wrote(20), log(19),
                record("completed"))),
    ("I5", case("no log", executed(), wrote(10), record("completed"))),
    ("I5", case("power lost after its end", executed(), wrote(10), record("completed"), POWER,
                log(5))),
    ("I5", case("lost, and yet not what it wrote", executed(), log(5, "s1", "s2"),
                record("failed", reason="lost"))),
    ("I6", case("does not begin at the beginning", read(5, 5))),
    ("I6", case("a gap", read(0, 5), read(6, 5))),
    ("I6", case("a repetition", read(0, 5), read(4, 5))),
    ("I6", case("not all of it", read(0, 5), read_end(5), log(10))),
    ("I6", case("ends with another count", read(0, 5), read_end(10), log(10))),
    ("I6", case("other bytes", read(0, 10), read_end(10, "s2"), log(10))),
    ("I6", case("more than there is", read(0, 10), log(5))),
    ("I6", case("wrong bytes before it was killed",
                read(0, 10) | {"sum": "s1", "expected": "s2"}, log(20))),
    ("I7", case("two ends", record("completed"), executed(), record("cancelled", source="event"))),
    ("I7", case("another reason", record("failed", reason="exit"), executed(),
                record("failed", reason="lost"))),
    ("I7", case("an answer with another end", record("completed"), executed(),
                ask("q", "status"), answer(200, "q", state="cancelled"))),
    ("I7", case("the file runs again", record("completed", source="event"), executed(),
                record("running"))),
    ("I7", case("asked afterwards, it runs again", record("completed", source="event"), executed(),
                ask("q", "status"), answer(200, "q"))),
    ("I7", case("a monitor sees it run again", record("completed", source="event", who="m"),
                executed(), record("running", source="event", who="m"))),
    ("I7", case("attempt falls in the file", record("running", attempt=2),
                record("running", attempt=1))),
    ("I7", case("attempt falls for a monitor", record("running", attempt=2, source="event"),
                record("running", attempt=1, source="event"))),
    ("I8", case("results missing", executed(), record("completed", run_id="r1"), results())),
    ("I8", case("results of a failed job", executed(), record("failed", run_id="r1", reason="exit"),
                results("r1"))),
    ("I8", case("two jobs, one folder", executed(), record("completed", run_id="r1"),
                executed(K, pid=101), record("completed", K, run_id="r1"), results("r1"))),
    ("I8", case("staging left", executed(), record("failed", run_id="r1", reason="exit"),
                results(staging=["r1"]))),
    ("I9", case("killed later", executed(), *CANCELLED, dead())),
    ("I9", case("seen later", *CANCELLED, alive(J))),
    ("I9", case("forked later", *CANCELLED, fork(101))),
    ("I9", case("executed later", *CANCELLED, executed())),
    ("I9", case("answered 200 while it runs", ask(CANCEL, "cancel", job=J),
                answer(200, CANCEL, state="cancelling"), record("cancelled"))),
    ("I9", case("answered 409 while it runs", ask(CANCEL, "cancel", job=J),
                answer(409, CANCEL, state="running"), record("cancelled"))),
    ("I12", case("never settled", line("calm"))),
    ("I12", case("settled too late", at(1000, line("calm")), at(31001, line("settled")))),
    ("I12", case("settled once, and then not", line("calm"), line("settled"), line("calm"))),
    ("I12", case("a request is open", ask(), line("calm"), line("settled"))),
    ("I12", case("a job that nobody was told of is not over", record("running"), line("calm"),
                 line("settled"))),
]


@pytest.mark.parametrize("events", GOOD)
def test_what_is_right_passes(events):
    assert invariants(*events) == set()


@pytest.mark.parametrize("invariant, events", [
    pytest.param(invariant, *case.values, id=f"{invariant} {case.id}") for invariant, case in BAD])
def test_what_is_wrong_is_caught_as_what_it_is(invariant, events):
    assert invariants(*events) == {invariant}


@pytest.mark.parametrize("lines, complaint", [
    (["{"], "not JSON"),
    (["[1]"], "not a map"),
    (['{"who": "x", "what": "end"}'], "`at`"),
    (['{"at": 1, "what": "end"}'], "`who`"),
    ([line("exec", at=1, slot="one", job=J, pid=5)], "`attempt`"),
    ([line("record", at=1, job=J, status="running", attempt=1, source="dream")], "`source`"),
    ([line("read", at=1, job=J, offset="0", bytes=1)], "`offset`"),
    (history()[:-1], "no `end`"),
    (history()[:-1] + history(), "no `end`"),
    ([], "no history"),
    (history(answer(200)), "nobody asked"),
])
def test_malformed_histories_are_refused(lines, complaint):
    verdict = judge.judge_lines(lines)
    assert not verdict.ok and complaint in verdict.text()


def run_judge(*arguments, text=None):
    return subprocess.run([sys.executable, HERE / "judge.py", *map(str, arguments)], input=text,
                          capture_output=True, text=True, timeout=60, check=False)


def written(path, events):
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def test_the_program_reads_a_stream_of_histories_and_says_what_it_found(tmp_path):
    bad = history(executed(), executed(pid=101), alive(J, K), record("completed"), seed=8)
    events = history() + bad + history(seed=9)
    text = written(tmp_path / "h", events).read_text()
    for arguments, given in (([tmp_path / "h"], None), ([], text), (["-"], text)):
        done = run_judge(*arguments, text=given)
        assert done.returncode == 1, done.stderr
        assert done.stdout.splitlines()[-1] == f"judge: 3 histories, {len(events)} events, 2 violations"
        assert f"I3 violated (suite test, seed 8, job {J}): attempt 1 was executed twice" in done.stdout
        assert '"pid": 101' in done.stdout
    brief = run_judge("--brief", tmp_path / "h").stdout.splitlines()
    assert len(brief) == 2 and brief[0].startswith("I1 violated (suite test, seed 8,")
    assert run_judge(written(tmp_path / "good", history())).returncode == 0
    assert run_judge(written(tmp_path / "cut", history()[:-1])).returncode == 2


def test_the_files_of_one_run_are_merged_by_time(tmp_path):
    """The client's file alone says nothing of the job, and the job's nothing of the cancel."""
    without = sorted(set(evidence.KINDS) - {"cancel"})
    frame = written(tmp_path / "harness", [at(0, line("begin", suite="test", without=without)),
                                           at(99, line("end"))])
    client = written(tmp_path / "client", [at(1, ask(CANCEL, "cancel", job=J)),
                                           at(5.5, answer(200, CANCEL, state="cancelled"))])
    early = written(tmp_path / "early", [at(5.4, fork(101))])
    late = written(tmp_path / "late", [at(5.6, fork(101))])
    assert judge.judge_files([frame, client, early]).ok
    [violation] = judge.judge_files([late, client, frame]).violations
    assert violation.invariant == "I9"


def test_lines_that_were_written_a_little_late_are_put_in_order():
    events = history(at(10, executed(K, pid=101)), at(5, executed(J)), at(6, dead(100)))
    assert judge.judge_lines(events).ok


def test_lines_outside_of_histories_do_not_count():
    verdict = judge.judge_lines([at(0, alive(J, K))] + history() + [at(9, alive(J, K))])
    assert verdict.ok and verdict.histories == 1
