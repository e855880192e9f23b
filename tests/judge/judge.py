#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Judges histories of tests: did the invariants hold? The format and the rules are in history.md.

    judge.py [--brief] [--whole] [FILE...]     no FILE, or "-": standard input
    simulation | judge.py --brief

Several files are parts of one run and are merged by `at`. Each violation is printed as a sentence
with the lines that show it, and at the end one line "judge: N histories, M events, K violations".
Exit code: 0 nothing is wrong, 1 violations, 2 a malformed history, or one that shows too little.
--whole: it is all of a run, so what may lack in one history must be in another.

As a module (with this folder in sys.path):

    import judge
    verdict = judge.judge_lines(lines)      # text, bytes or maps; or judge.judge_files(paths)
    assert verdict.ok, verdict.text()
    verdict.histories, verdict.events, verdict.violations, verdict.malformed, verdict.summary()
    verdict.owed, verdict.shown             of a run in parts: judge.unshown (all owed, all shown)

It reads as a stream and keeps one history at a time.
"""
import argparse
import collections
import heapq
import json
import sys
from operator import itemgetter

import evidence
from evidence import unshown  # noqa: F401  (for those who use this module)
from history import History, describe, where_is
from invariants import INVARIANTS

NUMBER = (int, float)
NAME = (str, int)
OPTIONAL = (type(None),)

# The fields that each kind of line must have, with their types. Others are left alone.
FIELDS = {
    "begin": {"suite": NAME, "without": (list,) + OPTIONAL, "seldom": (list,) + OPTIONAL},
    "ask": {"request": NAME, "type": str, "job": NAME + OPTIONAL},
    "again": {"request": NAME},
    "answer": {"request": NAME, "status": int, "job": NAME + OPTIONAL, "state": (str,) + OPTIONAL,
               "reason": (str,) + OPTIONAL},
    "gone": {"request": NAME},
    "exec": {"slot": NAME, "job": NAME, "attempt": int, "pid": int},
    "fork": {"slot": NAME, "job": NAME, "pid": int},
    "dead": {"job": NAME, "pid": int},
    "alive": {"slot": NAME, "jobs": list},
    "record": {"job": NAME, "status": str, "attempt": int, "source": str,
               "reason": (str,) + OPTIONAL, "request": NAME + OPTIONAL,
               "run_id": NAME + OPTIONAL},
    "wrote": {"job": NAME, "bytes": int},
    "log": {"job": NAME, "bytes": int, "sum": NAME, "expected": NAME},
    "log_lost": {"job": NAME},
    "read": {"job": NAME, "offset": int, "bytes": int},
    "read_end": {"job": NAME, "bytes": int, "sum": NAME},
    "results": {"run_ids": list, "staging": list},
    "fault": {"kind": str, "target": NAME + OPTIONAL},
    "calm": {"work_ms": NUMBER + OPTIONAL},
    "settled": {},
    "end": {},
}
CHECKS = {what: tuple((name, kinds if isinstance(kinds, tuple) else (kinds,))
                      for name, kinds in fields.items()) for what, fields in FIELDS.items()}
DECODER = json.JSONDecoder()
SOURCES = ("reply", "event", "file")


class Malformed(Exception):
    """A line that is not as history.md says."""


class Violation(collections.namedtuple("Violation", "invariant suite seed job text lines")):
    """One invariant that did not hold; `lines` are the events that show it."""

    def sentence(self):
        place = f"suite {self.suite}, seed {self.seed}"
        if self.job is not None:
            place += f", job {self.job}"
        return f"{self.invariant} violated ({place}): {self.text}"

    def __str__(self):
        return "\n".join([self.sentence()] + ["    " + describe(line) for line in self.lines])


class Verdict:
    """What was found. `found` and `broken` are called with each violation and each malformation."""

    def __init__(self, brief=False, found=None, broken=None):
        self.brief, self.found, self.broken = brief, found, broken
        self.histories = self.events = 0
        self.violations, self.malformed = [], []
        self.owed, self.shown = set(), set()  # (suite, kind of evidence)

    @property
    def ok(self):
        return not self.violations and not self.malformed

    def add_malformed(self, text):
        self.malformed.append(text)
        if self.broken:
            self.broken(text)

    def judge(self, events):
        """Judge one history: its events, the first of them `begin`."""
        self.histories += 1
        history = History(events)
        strangers = [answer for answer in history.answers if answer["request"] not in history.asks]
        if strangers:
            self.add_malformed(f"nobody asked for this answer: {describe(strangers[0])}")
            return
        self.look_for_evidence(history)
        for invariant, check in INVARIANTS:
            for job, text, lines in check(history):
                violation = Violation(invariant, history.suite, history.seed, job, text, lines)
                self.violations.append(violation)
                if self.found:
                    self.found(violation)
                if self.brief:
                    return

    def look_for_evidence(self, history):
        """Who shows nothing cannot be wrong."""
        place = f"suite {history.suite}, seed {history.seed}"
        for text in evidence.gaps(history):
            self.add_malformed(f"({place}) {text}")
        self.shown |= {(history.suite, kind) for kind in evidence.shown(history)}
        self.owed |= {(history.suite, kind) for kind in evidence.declared(history)[1]}

    def demand_all(self):
        """These were all histories of a run: what may lack in one must be in another."""
        for text in unshown(self.owed, self.shown):
            self.add_malformed(text)

    def summary(self):
        text = (f"judge: {self.histories} histories, {self.events} events, "
                f"{len(self.violations)} violations")
        return text + (f", {len(self.malformed)} malformed" if self.malformed else "")

    def text(self):
        return "\n".join(self.malformed + [str(v) for v in self.violations] + [self.summary()])


def parse(line):
    """The event of a line."""
    event = line
    if not isinstance(line, dict):
        try:
            event = DECODER.decode(line if isinstance(line, str) else line.decode())
        except ValueError as error:
            raise Malformed(f"not JSON: {error}") from None
    if not isinstance(event, dict):
        raise Malformed("not a map")
    if not isinstance(event.get("at"), NUMBER):
        raise Malformed(f"`at` must be a number of milliseconds: {event}")
    what = event.get("what")
    if not isinstance(what, str) or not isinstance(event.get("who"), NAME):
        raise Malformed(f"`who` and `what` must be names: {event}")
    for name, kinds in CHECKS.get(what, ()):
        if not isinstance(event.get(name), kinds):
            raise Malformed(f"`{what}` with a wrong or missing `{name}`: {event}")
    if what == "record" and event["source"] not in SOURCES:
        raise Malformed(f"`source` must be one of {SOURCES}: {event}")
    return event


def parsed(lines, name, verdict):
    """The events of one file in its order; malformed lines are noted and left out."""
    for number, line in enumerate(lines, 1):
        try:
            event = parse(line)
        except Malformed as error:
            if isinstance(line, dict) or line.strip():
                verdict.add_malformed(f"{name}:{number}: {error}")
            continue
        event["_where"] = name, number
        yield event


def judge_events(events, verdict):
    """Judge each history as soon as its `end` came."""
    history = None
    for event in events:
        verdict.events += 1
        what = event["what"]
        if what == "begin":
            if history:
                verdict.add_malformed(f"{where_is(history[0])}: this history has no `end`")
            history = [event]
        elif history is not None:
            history.append(event)
            if what == "end":
                # Actors that share a file may have written a line a little late.
                history[1:-1] = sorted(history[1:-1], key=itemgetter("at"))
                verdict.judge(history)
                history = None
    if history:
        verdict.add_malformed(f"{where_is(history[0])}: this history has no `end`")
    elif not verdict.histories and not verdict.malformed:
        verdict.add_malformed("there is no history: no line is a `begin`")
    return verdict


def judge_lines(lines, name="line", **options):
    """The verdict on one file's lines (text, bytes or maps)."""
    verdict = Verdict(**options)
    return judge_events(parsed(lines, name, verdict), verdict)


def judge_files(paths, **options):
    """The verdict on the files of one run, merged by `at`."""
    verdict = Verdict(**options)
    files = [open(0 if str(path) == "-" else path, encoding="utf-8", errors="replace",
                  closefd=str(path) != "-") for path in paths]
    try:
        streams = [parsed(file, path, verdict) for file, path in zip(files, paths)]
        if len(streams) == 1:
            return judge_events(streams[0], verdict)
        return judge_events(heapq.merge(*streams, key=itemgetter("at")), verdict)
    finally:
        for file in files:
            file.close()


def main():
    parser = argparse.ArgumentParser(description="Judge histories of tests (see history.md).")
    parser.add_argument("--brief", action="store_true",
                        help="only the first violation of each history, without its lines")
    parser.add_argument("--whole", action="store_true",
                        help="all of a run: what may lack in one history must be in another")
    parser.add_argument("files", nargs="*", default=["-"], metavar="FILE")
    options = parser.parse_args()

    def show(violation):
        print(violation.sentence() if options.brief else violation, flush=True)

    verdict = judge_files(options.files, brief=options.brief, found=show,
                          broken=lambda text: print("malformed:", text, flush=True))
    if options.whole:
        verdict.demand_all()
    print(verdict.summary())
    sys.exit(2 if verdict.malformed else 1 if verdict.violations else 0)


if __name__ == "__main__":
    main()
