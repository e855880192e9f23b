#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Hours of ordinary life: one job a second, 200 lines a second, 20 monitors, and a kill -9 every minute
(broker, worker, shim in turn; see inflict). tests/judge says whether the invariants held; memory,
descriptors and disk must not grow beyond what the jobs leave.

usage: soak.py [--minutes M] [--seed N] [--no-slopes] [--helpers DIR]

The history is judged and begun anew every ten minutes, and at half time of a short run, when everything must
settle. How slopes of memory are computed: see samples.py. History and state of a run that failed stay in
/tmp/ems-soak-SEED.
"""
import argparse
import os
import random
import shutil
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))

import crash_rounds  # noqa: E402
from crash_clients import Monitor, Recorder  # noqa: E402
from crash_world import World, listed, wait_until  # noqa: E402
from samples import Samples  # noqa: E402
from system import ROOT  # noqa: E402

MONITORS = 20
LINES = 200
PAUSE_MS = 700  # of each second; the rest is for starting and ending
PERIOD_S = 600
KILL_S = 60
HALF_HOUR_S = 1800
TARGETS = ("broker", "worker-1", "shim")
SETTLE_S = 60
WORK_MS = 3000
SPARE_DESCRIPTORS = 4


class NoPoints:
    """The crash suite's traps, which are not set here."""

    def reach(self, point):
        pass


class SoakWorld(World):
    """A world whose history ends and begins again while it goes on."""

    prefix = "ems-soak-"
    suite, without, seldom = "soak", ("cancel",), ("again",)

    def __init__(self, seed, trim):
        super().__init__(seed, 1, "auto")
        self.environment["LD_PRELOAD"] = str(trim)
        self.points = NoPoints()
        self.events = 0

    def next_history(self):
        """Judge what was, and begin anew; what was wrong."""
        self.judged_jobs |= {path.stem for path in (self.state / "logs/jobs").glob("*.json")}
        self.judged_runs |= {name for name in listed(self.state / "results") if name[0] != "."}
        self.history.close()
        verdict = self.history.judged()
        self.events += verdict.events
        if verdict.ok:
            self.history.path.unlink()
            self.history.jobs.write_text("")
        self.begin_history()
        return verdict.malformed + [str(violation) for violation in verdict.violations]


class Soak:
    def __init__(self, seed, minutes, trim):
        self.chance, self.minutes = random.Random(seed), minutes
        self.world = SoakWorld(seed, trim)
        self.samples = Samples()
        self.jobs, self.latest = 0, None  # the job that monitors follow next
        self.stopped = threading.Event()  # for this period
        self.began_s = time.monotonic()
        self.period_s = min(PERIOD_S, minutes * 60 / 2)
        self.kill_every_s = min(KILL_S, minutes * 60 / 5)

    # Actors

    def guarded(self, function, *arguments):
        try:
            function(*arguments)
        except Exception:
            self.world.problems.append(f"{threading.current_thread().name}: {traceback.format_exc()}")

    def start(self, name, function, *arguments):
        thread = threading.Thread(target=self.guarded, args=(function, *arguments), name=name,
                                  daemon=True)
        thread.start()
        return thread

    def submit(self, period):
        """One job a second."""
        number, due = 0, time.monotonic()
        while not self.stopped.is_set():
            number += 1
            client = Recorder(self.world, f"client-{period}-{number}")
            reply = client.request("run", profile="crash", params={
                "seed": 1 + self.chance.randrange(1000), "lines": LINES, "pause_ms": PAUSE_MS,
                "children": 0, "term": "obey", "end": "0"})
            client.close()
            if reply and reply.status == 200:
                self.jobs += 1
                self.latest = reply.body["job"]["job_id"]
            due = max(due + 1, time.monotonic() - 1)
            self.stopped.wait(max(0, due - time.monotonic()))

    def follow(self, period, number):
        """The newest job to its end, and then the next."""
        seen, job_id = 0, None
        while not self.stopped.is_set():
            if self.latest in (None, job_id):
                self.stopped.wait(0.02)
                continue
            job_id, seen = self.latest, seen + 1
            Monitor(self.world, f"monitor-{period}-{number}-{seen}", "worker-1", job_id).watch()

    def inflict(self):
        """A kill every minute, and what was killed is started again at once. Every other half hour only
        shims are killed, so that broker and worker become old enough to be measured."""
        while not self.stopped.wait(self.kill_every_s * self.chance.uniform(0.9, 1.1)):
            target = TARGETS[sum(self.world.kills.values()) % 3]
            if (time.monotonic() - self.began_s) // HALF_HOUR_S % 2:
                target = "shim"
            if target == "shim":
                live = wait_until(lambda: [place for place in self.world.live_jobs()
                                           if self.world.process(*place, "main")], 5)
                for place in live:
                    self.world.kill_process(*place, "shim", None)
            else:
                self.world.kill_part(target, None)
                self.world.start_part(target)

    def measure(self):
        while not self.stopped.wait(1):
            for name, part in list(self.world.parts.items()):
                self.samples.take(name.partition("-")[0], part.pid)
            for place in self.world.live_jobs():
                who = self.world.process(*place, "shim")
                if who:
                    self.samples.take_peak("shim", who[0])

    # Periods

    def run(self):
        """Everything; what was wrong, as text."""
        world, problems = self.world, []
        try:
            world.start()
            self.samples.quiet({name: part.pid for name, part in world.parts.items()})
            until = time.monotonic() + self.minutes * 60
            period = 0
            while time.monotonic() < until and not problems + world.problems:
                period += 1
                self.play(period, min(self.period_s, until - time.monotonic()))
                world.note_end()
                problems += world.next_history()
                problems += self.disk_problems()
        except Exception:
            problems.append(traceback.format_exc())
        finally:
            self.stopped.set()
            problems += world.stop()
            world.history.close()
        return problems + world.problems

    def play(self, period, seconds):
        self.stopped.clear()
        self.latest = None
        threads = [self.start("submit", self.submit, period), self.start("measure", self.measure),
                   self.start("inflict", self.inflict)]
        threads += [self.start(f"monitor-{number}", self.follow, period, number)
                    for number in range(MONITORS)]
        time.sleep(seconds)
        self.stopped.set()
        self.settle(threads)

    def settle(self, threads):
        world = self.world
        for name in world.all_parts():
            world.start_part(name)
        world.history.note("harness", "calm", work_ms=WORK_MS)

        def busy():
            return [thread.name for thread in threads if thread.is_alive()] + world.open_ends()
        wait_until(lambda: not busy(), SETTLE_S, 0.05)
        if busy():
            world.problems.append(f"not settled: {busy()}")
        elif not crash_rounds.Group.new_job_runs(self, "worker-1"):
            world.problems.append("a new job does not run")
        else:
            self.jobs += 1
            world.history.note("harness", "settled")
            self.descriptors_are_back()

    def descriptors_are_back(self):
        def too_many():
            return self.samples.more_descriptors(
                {name: part.pid for name, part in self.world.parts.items()}, SPARE_DESCRIPTORS)
        wait_until(lambda: not too_many(), SETTLE_S, 0.2)
        self.world.problems += too_many()

    def disk_problems(self):
        """Every job left a record and a log, and nothing else is there; what was published stays."""
        state = self.world.state
        records = {path.stem for path in (state / "logs/jobs").glob("*.json")}
        logs = {path.stem for path in (state / "logs").glob("*.log")}
        found = []
        if records != logs:
            found.append(f"records without log, or logs without record: {sorted(records ^ logs)}")
        gone = self.world.judged_runs - set(listed(state / "results"))
        if gone:
            found.append(f"results that were there are gone: {sorted(gone)}")
        for folder, expected in (("run", []), ("results/.staging", []),
                                 (".", ["broker", "logs", "results", "run", "slot.lock", "sock", "worker.lock"])):
            if listed(state / folder) != expected:
                found.append(f"in {folder} of the state folder there is {listed(state / folder)}")
        return found


def stop(number, _frame):
    sys.exit(128 + number)


def main():
    parser = argparse.ArgumentParser(description="Hours of ordinary life, with kills.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-slopes", action="store_true", help="print them, but assert nothing")
    parser.add_argument("--helpers", type=Path, default=ROOT / "build/tests/soak",
                        help="where libtrim.so was built (default: %(default)s)")
    options = parser.parse_args()
    trim = options.helpers.resolve() / "libtrim.so"
    if not trim.is_file():
        sys.exit(f"soak.py: there is no {trim}; build the preset release, or say --helpers DIR")
    signal.signal(signal.SIGTERM, stop)
    crash_rounds.hasten_clients()
    soak = Soak(options.seed, options.minutes, trim)
    try:
        problems = soak.run() + ([] if options.no_slopes else soak.samples.steep())
        if not soak.jobs or not soak.world.kills:
            problems.append(f"{soak.jobs} jobs, {sum(soak.world.kills.values())} kills: that shows nothing")
        if problems:
            place = Path(f"/tmp/ems-soak-{options.seed}")
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(soak.world.base, place, symlinks=True)
            print(*problems, sep="\n")
            print(f"history and state: {place}; again: {__file__} --minutes {options.minutes:g} "
                  f"--seed {options.seed}")
    finally:
        shutil.rmtree(soak.world.base)
    world = soak.world
    kills = ", ".join(f"{count} {target}" for target, count in world.kills.most_common())
    print(f"soak: {options.minutes:g} minutes, {soak.jobs} jobs of {LINES} lines, {MONITORS} monitors, "
          f"{sum(world.kills.values())} kills ({kills}), {world.events} events; "
          f"{soak.samples.summary()}; {len(problems)} violations (seed {options.seed})", flush=True)
    os._exit(1 if problems else 0)  # clients that hang are a problem that was told


if __name__ == "__main__":
    main()
