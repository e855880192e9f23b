# SPDX-License-Identifier: MPL-2.0
"""A history must show what it is judged by: who shows nothing cannot be wrong."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import evidence  # noqa: E402
import judge  # noqa: E402
from test_judge import (CANCEL, J, K, RUN, alive, answer, ask, dead, executed,  # noqa: E402
                        history, line, log, read, read_end, record, results, run_judge, wrote, written)

EVERYTHING = [ask(), executed(), answer(200), line("again", "client-1", request=RUN), answer(200),
              wrote(20), read(0, 70), read_end(70), alive(J), dead(),
              record("completed", run_id="r1", request=RUN), log(70),
              ask("run-2", job=None), answer(200, "run-2", job=K), executed(K, pid=101),
              ask(CANCEL, "cancel", job=K), dead(101, K),
              answer(200, CANCEL, job=K, state="cancelled"), record("cancelled", K, request="run-2"),
              log(5, job=K), alive(), results("r1"), line("calm"), line("settled")]


def without(*whats):
    """EVERYTHING but those lines."""
    return [event for event in EVERYTHING if event["what"] not in whats]


# kind -> all events but those that are evidence of it, and of nothing else
LACKING = {kind: without(kind) for kind in evidence.KINDS} | {
    "accepted": [event for event in without("record", "read", "read_end")
                 if event["what"] != "answer" or event["request"] == CANCEL],
    "cancel": [event | {"status": 409} if event.get("request") == CANCEL and "status" in event
               else event for event in EVERYTHING],
    "completed": [event | {"status": "failed", "reason": "exit"} if event.get("run_id") else event
                  for event in EVERYTHING if event["what"] != "results"] + [results()],
    "calm": without("calm", "settled")}


def complaints(*events, **declared):
    return judge.judge_lines(history(*events, **declared)).malformed


def test_a_history_that_shows_everything_need_not_declare_anything():
    assert judge.judge_lines(history(*EVERYTHING, seldom=[])).ok
    assert judge.judge_lines(history(*EVERYTHING, seldom=list(evidence.KINDS))).ok


@pytest.mark.parametrize("kind", evidence.KINDS)
def test_what_shows_an_invariant_must_be_there_or_be_declared(kind):
    events, sentence = LACKING[kind], f"nothing shows {evidence.KINDS[kind]}: no `{kind}`"
    others = [other for other in evidence.KINDS if other != kind]
    assert any(text.endswith(sentence) for text in complaints(*events, seldom=others))
    assert not any(text.endswith(sentence) for text in complaints(*events, without=[kind]))
    assert not any(text.endswith(sentence) for text in complaints(*events, seldom=[kind]))


@pytest.mark.parametrize("kind", evidence.KINDS)
def test_who_is_declared_to_be_away_must_not_be_there(kind):
    [complaint] = complaints(*EVERYTHING, without=[kind])
    assert complaint.endswith(f"this suite is without `{kind}`, but here it is")


@pytest.mark.parametrize("events, complaint", [
    ([*EVERYTHING, executed("c", pid=102), dead(102, "c"), record("completed", "c")],
     "nothing shows I5 of job c: it ran, and there is no `log` of it"),
    ([*EVERYTHING, executed("c", pid=102), dead(102, "c"),
      record("failed", "c", reason="time_limit")],
     "nothing shows I5 of job c: it ran, and there is no `log` of it"),
    ([*without("results"), executed("c", slot="two", pid=102), alive(slot="two"),
      results("r1", slot="one")],
     "nothing shows I8 at two: it ran jobs, and there is no `results` of it"),
    ([*EVERYTHING, executed("c", slot="two", pid=102)],
     "nothing shows I1 and I9 at two: it ran jobs, and there is no `alive` of it"),
])
def test_each_job_and_each_worker_must_show_what_it_can(events, complaint):
    assert any(text.endswith(complaint) for text in complaints(*events, seldom=[]))


def test_a_job_whose_log_is_known_to_be_lost_or_that_did_not_run_needs_none():
    more = [executed("c", pid=102), dead(102, "c"), record("completed", "c", run_id="r2"),
            line("log_lost", job="c"), record("failed", "d", reason="lost"), results("r1", "r2")]
    assert judge.judge_lines(history(*EVERYTHING, *more, seldom=[])).ok


def test_a_kind_of_evidence_that_there_is_not_is_refused():
    [complaint] = complaints(*EVERYTHING, without=["weather"])
    assert complaint.endswith("`begin` speaks of `weather`, which is no kind of evidence")


def test_what_one_history_may_lack_another_of_the_run_must_have(tmp_path):
    lacking_reads = history(*without("read", "read_end"), seldom=["read", "read_end"])
    verdict = judge.judge_lines(lacking_reads)
    assert verdict.ok
    sentence = "nothing in all of this run shows I6: suite test never had `read`"
    assert judge.unshown(verdict.owed, verdict.shown)[0] == sentence
    verdict.demand_all()
    assert not verdict.ok and sentence in verdict.text()
    both = lacking_reads + history(*EVERYTHING, seldom=["read", "read_end"])
    other_suite = lacking_reads + history(*EVERYTHING, seldom=["read", "read_end"], suite="other")
    for events, code in ((lacking_reads, 2), (both, 0), (other_suite, 2)):
        done = run_judge("--whole", written(tmp_path / "h", events))
        assert done.returncode == code, done.stdout
        assert (sentence in done.stdout) == (code == 2)
