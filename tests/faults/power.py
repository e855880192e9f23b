#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The power fails at every sync point of run, finish, cancel and publish, and at random ones.

    power.py --bin DIR --helpers DIR [--long] [--seed N] [--only SCENARIO[:POINT[:KEPT]]]

A worker runs with libpowerlog.so, which notes every change to files and every sync (journal.h). For a
point in that journal the disk is made as it may be after a power failure there (disk.py), a worker is
started on it, after another boot, and everything that anybody had been told must hold (power_checks.py).
The broker keeps nothing, so one serves all of it. With chosen cases the power fails again
while the worker recovers.
"""
import argparse
import collections
import multiprocessing
import random
import secrets
import signal
import sys
import traceback
from pathlib import Path

import disk
import journal
from power_checks import OVER, Checker, Promises, not_shown, now_ms
from power_system import Broken, Lane, procs, until

import judge  # power_system knows where it is

LANES = 2
Size = collections.namedtuple("Size", "points random_choices fixed nested nested_points")
NORMAL = Size(points=4, random_choices=4, fixed=3, nested=2, nested_points=6)
LONG = Size(points=60, random_choices=12, fixed=len(disk.FIXED), nested=40, nested_points=40)


# Scenarios: what happens while it is noted

class Recording:
    """A worker that is being noted, and what was asked of it."""

    def __init__(self, lane):
        self.lane, self.requests = lane, []
        lane.reset()
        lane.root.mkdir()
        lane.state.mkdir()
        self.start, self.inodes = disk.scan(lane.root)
        lane.state.rmdir()  # the worker makes it
        self.start.names.clear()
        self.journal = lane.new_journal()

    def worker(self):
        self.lane.start_worker(self.journal)

    def ask(self, type, **body):
        request = {"id": secrets.token_hex(16), "type": type, "body": body}
        self.requests.append(request)
        self.lane.types[request["id"]] = type
        return self.lane.ask(type, id=request["id"], **body)

    def run(self, profile):
        reply = self.ask("run", profile=profile)
        if reply.status != 200:
            raise Broken(f"run {profile}: {reply}")
        return reply.body["job"]["job_id"]

    def over(self, job):
        def look():
            record = self.lane.ask("status", job_id=job).body["job"]
            return record if record["status"] in OVER else None
        return until(look, f"job {job} is over")

    def waiting(self):
        """A job that has said half of what it has to say and waits."""
        job = self.run("waits")
        until(lambda: b"line 5\n" in (self.lane.state / "logs" / f"{job}.log").read_bytes(),
              "half of the output")
        until(lambda: list(self.lane.state.glob("results/.staging/*/newest")), "results")
        return job

    def finish(self):
        until(self.lane.idle, "everything is put away")
        self.lane.stop_worker()
        self.lane.end_courier()


def completed(recording):
    recording.worker()
    recording.over(recording.run("quick"))
    recording.over(recording.run("bare"))


def cancelled(recording):
    recording.worker()
    job = recording.waiting()
    reply = recording.ask("cancel", job_id=job)
    if reply.status != 200:
        raise Broken(f"cancel: {reply}")
    recording.over(recording.run("fails"))


def taken_over(recording):
    recording.worker()
    job = recording.waiting()
    recording.lane.stop_worker(signal.SIGKILL)
    recording.worker()
    recording.lane.release_jobs()
    recording.over(job)


def ended_alone(recording):
    recording.worker()
    job = recording.waiting()
    shim = shim_of(recording.lane, job)
    recording.lane.stop_worker(signal.SIGKILL)
    recording.lane.release_jobs()
    until(lambda: not procs.alive(shim), "the shim is done")
    recording.worker()
    recording.over(job)


def lost(recording):
    recording.worker()
    recording.over(recording.run("missing"))
    job = recording.waiting()
    procs.kill(shim_of(recording.lane, job))
    recording.over(job)


def shim_of(lane, job):
    def look():
        return [who for who, arguments in procs.mentioning(job).items()
                if arguments.split()[0].endswith("ems-shim")]
    return until(look, "the shim")[0]


SCENARIOS = {one.__name__: one for one in (completed, cancelled, taken_over, ended_alone, lost)}


# Power failures

class Case:
    """A journal with all that leads to it; the power may fail at any point of it."""

    def __init__(self, name, the_disk, entries, requests, promises, front_first=True):
        self.name, self.disk, self.entries, self.requests = name, the_disk, entries, requests
        self.front_first = front_first  # of the disk that it starts with
        self.before = promises  # when the journal starts
        self.told, self.executed = journal.told(entries), journal.executions(entries)

    def promises(self, point):
        promises = self.before.copy()
        for said in self.told:
            if said.index < point:
                promises.add(said)
        promises.executed += [(job, attempt) for index, job, attempt in self.executed
                              if index < point]
        return promises

    def known(self, point):
        """How much of it others know: of two equal disks with the same of this one is enough."""
        return (sum(said.index < point for said in self.told),
                sum(index < point for index, _, _ in self.executed))

    def points(self, chance, more):
        """Right before and after every sync, right after each word to others, and others."""
        points = {0, len(self.entries)}
        for index in self.disk.syncs:
            points |= {index, index + 1}
        points |= {said.index + 1 for said in self.told
                   if said.kind == "status" or "job" in (said.what.get("body") or {})}
        return sorted(points), sorted(chance.randint(0, len(self.entries)) for _ in range(more))

    def describe(self, point):
        lines = []
        for index in range(max(0, point - 12), point):
            entry = self.entries[index]
            lines.append(f"    {index} {journal.OPS[entry.op]} {entry.object or entry.folder} "
                         f"{entry.name.decode()} {entry.data[:60]!r}")
        return "\n".join(lines)


class Sweep:
    """All cases of one lane."""

    def __init__(self, lane, size, seed, only):
        self.lane, self.size, self.seed, self.only = lane, size, seed, only
        self.failures, self.points, self.disks, self.syncs = [], 0, 0, 0
        self.owed, self.shown = set(), set()  # evidence, see tests/judge
        self.seen = set()  # disks, with what was known when the power failed

    def scenario(self, name):
        recording = Recording(self.lane)
        SCENARIOS[name](recording)
        recording.finish()
        entries = journal.read(recording.journal)
        the_disk = disk.Disk(recording.start, recording.inodes, entries)
        self.compare(name, the_disk)
        case = Case(name, the_disk, entries, recording.requests, Promises())
        self.sweep(case, self.size.nested)

    def compare(self, name, the_disk):
        """A journal that lacks something would make every other check worthless."""
        real = disk.contents(disk.scan(self.lane.root)[0])
        if the_disk.final != real:
            raise Broken(f"{name}: the journal does not say all that was done to files: "
                         f"{sorted(the_disk.final.items() ^ real.items())!r:.1000}")

    def sweep(self, case, nested):
        chance = random.Random(f"{self.seed} {case.name}")
        chosen, others = case.points(chance, self.size.points)
        self.syncs += len(case.disk.syncs)
        again = set(chance.sample(chosen, min(nested, len(chosen))))
        for point in chosen + others:
            self.points += 1
            for kept in self.choices(chance):
                if self.wanted(case, point, kept):
                    self.one(case, point, kept)
            if point in again and not self.only:
                self.fail_again(case, point, chance)

    def choices(self, chance):
        fixed = disk.FIXED[:1] + tuple(chance.sample(disk.FIXED[1:], self.size.fixed - 1))
        return [one.__name__ for one in fixed] + [
            f"{model.__name__}-{number}" for model in disk.RANDOM
            for number in range(self.size.random_choices // 2)]

    def wanted(self, case, point, kept):
        if not self.only:
            return True
        want = self.only.split(":")
        return (case.name == want[0] and (len(want) < 2 or abs(point - int(want[1])) <= 3)
                and (len(want) < 3 or kept == want[2]))

    def choose(self, case, point, kept):
        """What was on the disk for certain, and one of the disks that may be there after the failure."""
        model = getattr(disk, kept.split("-")[0])
        durable = disk.contents(case.disk.after_power_loss(point, lambda _: {}))
        chance = random.Random(f"{self.seed} {case.name} {point} {kept}")
        tree = case.disk.after_power_loss(point, lambda open_: model(open_, chance))
        return durable, tree, case.front_first and model in disk.FRONT_FIRST

    def make(self, tree):
        """It, as files."""
        self.lane.reset()
        disk.materialize(tree, self.lane.root)
        self.lane.release_jobs()

    def one(self, case, point, kept):
        durable, tree, front_first = self.choose(case, point, kept)
        known = (case.name, case.known(point), repr(sorted(disk.contents(tree).items())))
        if hash(known) in self.seen:
            return
        self.seen.add(hash(known))
        self.disks += 1
        try:
            self.make(tree)
            calm_ms = now_ms()
            asked = self.recover(case, point)
            problems = self.judge(case, point, kept, durable, front_first, calm_ms, asked)
        except Broken as error:
            problems = [str(error)]
        if problems:
            self.failures.append(
                f"{case.name}: power lost after {point} of {len(case.entries)} entries, kept: {kept}"
                f"\n  repeat: --seed {self.seed} --only {case.name}:{point}:{kept}\n  "
                + "\n  ".join(problems) + "\n" + case.describe(point) + "\n" + self.lane.said())

    def recover(self, case, point, journal_path=None):
        """Start a worker, ask for what was under way, run a new job; [(request, reply)]."""
        lane = self.lane
        lane.start_worker(journal_path, boot_id=secrets.token_hex(16))
        until(lane.idle, "the jobs of before are over")
        asked = []
        for request in self.repeated(case, point):
            reply = lane.ask(request["type"], id=request["id"], again=True, **request["body"])
            if request["type"] == "run" and reply.status != 200:
                raise Broken(f"a run that is asked for again: {reply}")
            asked.append((request, reply))
            until(lane.idle, "the repeated request is done")
        reply = lane.ask("run", profile="quick")
        if reply.status != 200:
            raise Broken(f"a new run: {reply}")
        until(lane.idle, "a new job is over")
        self.listed = {job["job_id"] for job in lane.ask("list", limit=500).body["jobs"]}
        lane.stop_worker()
        return asked

    @staticmethod
    def repeated(case, point):
        """The requests that were answered, and the one that was under way."""
        answered = {reply["re"] for reply in case.promises(point).answers}
        open_ = [request for request in case.requests if request["id"] not in answered]
        done = [request for request in case.requests if request["id"] in answered]
        return [request for request in done if request["type"] == "run"] + open_[:1]

    def judge(self, case, point, kept, durable, front_first, calm_ms, asked):
        settled_ms = now_ms()
        promises = case.promises(point)
        told = {reply["re"]: (reply.get("body") or {}).get("job") for reply in promises.answers}
        wrong = []
        for request, reply in asked:
            job = told.get(request["id"])
            if request["type"] == "run" and job and reply.body["job"]["job_id"] != job["job_id"]:
                wrong.append(f"I4: {request['id']} was job {job['job_id']}, then {reply}")
        checker = Checker(self.lane, promises, durable, front_first)
        checker.problems += wrong
        problems = checker.check(self.listed)
        if "set aside" in self.lane.said():
            problems.append("a record was torn and set aside")
        if problems:
            return problems
        verdict = judge.judge_lines(checker.history(
            f"{case.name}:{point}:{kept}", calm_ms, settled_ms, asked))
        self.owed |= verdict.owed
        self.shown |= verdict.shown
        return [] if verdict.ok else [verdict.text()]

    def fail_again(self, case, point, chance):
        """The power fails, and again while the worker that was started then recovers."""
        kept = chance.choice(["nothing", "everything", "weak-0", "ordered-0"])
        _, tree, front_first = self.choose(case, point, kept)
        self.make(tree)
        start, inodes = disk.scan(self.lane.root)
        path = self.lane.new_journal()
        try:
            self.recover(case, point, path)
        except Broken as error:
            self.failures.append(f"{case.name}:{point}:{kept}: {error}")
            return
        entries = journal.read(path)
        the_disk = disk.Disk(start, inodes, entries)
        self.compare(case.name, the_disk)
        again = Case(f"{case.name}:{point}:{kept}+", the_disk, entries, case.requests,
                     case.promises(point), front_first)
        points = chance.sample(again.points(chance, 0)[0], self.size.nested_points)
        self.points += len(points)
        for second in sorted(points):
            self.one(again, second, chance.choice(["nothing", "everything", "weak-1", "ordered-1"]))


def end_by_signal(_signal, _frame):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
    raise SystemExit("ended by a signal")


def run_lane(options, names, results):
    lane = None
    try:
        lane = Lane(Path(options.bin).resolve(), Path(options.helpers).resolve())
        sweep = Sweep(lane, LONG if options.long else NORMAL, options.seed, options.only)
        for name in names:
            sweep.scenario(name)
        results.send((sweep.points, sweep.disks, sweep.syncs, sweep.failures, sweep.owed, sweep.shown))
    except BaseException:  # whatever it was, the other side waits for a word
        results.send((0, 0, 0, [traceback.format_exc() + (lane.said() if lane else "")], set(), set()))
    finally:
        if lane:
            lane.close()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--helpers", required=True, help="folder of libpowerlog.so and power_job")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="SCENARIO[:POINT[:KEPT]] as a failure names it")
    return parser.parse_args()


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, end_by_signal)  # so that everything is cleaned up
    names = list(SCENARIOS)
    if options.only:
        names = [options.only.split(":")[0]]
    lanes = []
    for number in range(min(LANES, len(names))):
        here, there = multiprocessing.Pipe(duplex=False)
        lanes.append((here, multiprocessing.Process(
            target=run_lane, args=(options, names[number::LANES], there))))
        lanes[-1][1].start()
        there.close()
    try:
        found = [results.recv() for results, _ in lanes]
    finally:
        for _, lane in lanes:
            if sys.exc_info()[0]:
                lane.terminate()
            lane.join()
    points, disks, syncs = (sum(one[number] for one in found) for number in range(3))
    failures = [failure for one in found for failure in one[3]]
    for failure in failures[:20]:
        print(failure, file=sys.stderr)
    print(f"power: seed {options.seed}, {len(names)} scenarios, {syncs} syncs, {points} points, "
          f"{disks} disks, {len(failures)} violations")
    gaps = not_shown(options, disks, syncs, set().union(*(one[4] for one in found)),
                     set().union(*(one[5] for one in found)))
    for gap in gaps:
        print(f"power: {gap}", file=sys.stderr)
    return 1 if failures or gaps else 0


if __name__ == "__main__":
    sys.exit(main())
