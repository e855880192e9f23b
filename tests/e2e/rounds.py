#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Rounds of kill -9: broker, workers, shims, orchestrators and clients die while clients run, cancel,
list and follow jobs; tests/judge says whether the invariants held.

usage: rounds.py [--rounds N] [--seed N] [--parallel N]
       rounds.py --group SEED [--rounds N]      one group, to repeat what failed

Rounds are played in groups; each group has a state folder of its own, and at its end everything must
settle. What a group that failed left stays in /tmp/ems-crash-SEED.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import crash_rounds
from crash_history import judge

GROUP_ROUNDS = 15
GROUP_TIMEOUT_S = 900
WHOLE = 60  # so many rounds lack nothing by chance
KILLED = ("broker", "worker", "shim", "main", "client")


def play_group(seed, rounds):
    """Play one group in this process; its result on stdout."""
    sys.setswitchinterval(0.0005)  # a trap must spring at once
    crash_rounds.hasten_clients()
    group = crash_rounds.Group(seed)
    try:
        problems = group.run(rounds)
        if problems:
            keep(group.world.base, seed)
    finally:
        shutil.rmtree(group.world.base)
    verdict = group.verdict
    print(json.dumps({"rounds": rounds, "kills": group.world.kills, "jobs": group.jobs,
                      "events": verdict.events, "owed": list(verdict.owed),
                      "shown": list(verdict.shown), "problems": problems}), flush=True)
    os._exit(1 if problems else 0)  # clients that hang are a problem that was told


def keep(base, seed):
    place = Path(f"/tmp/ems-crash-{seed}")
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(base, place, symlinks=True)


class Groups:
    """Plays groups in processes, some at once, and adds up."""

    def __init__(self, parallel):
        self.parallel, self.running = parallel, set()
        self.rounds = self.jobs = self.events = self.violations = 0
        self.kills = collections.Counter()
        self.owed, self.shown = set(), set()  # evidence, see tests/judge

    def play(self, seed, rounds):
        process = subprocess.Popen(
            [sys.executable, __file__, "--group", str(seed), "--rounds", str(rounds)],
            stdout=subprocess.PIPE, text=True)
        self.running.add(process)
        try:
            out, _ = process.communicate(timeout=GROUP_TIMEOUT_S)
        finally:
            process.terminate()
            process.wait()
            self.running.discard(process)
        lines = out.splitlines()
        return seed, rounds, json.loads(lines[-1]) if lines else {
            "rounds": 0, "kills": {}, "jobs": 0, "events": 0, "owed": [], "shown": [],
            "problems": ["it gave no result"]}

    def add(self, seed, rounds, result):
        self.rounds += result["rounds"]
        self.jobs += result["jobs"]
        self.events += result["events"]
        self.kills.update(result["kills"])
        self.owed |= set(map(tuple, result["owed"]))
        self.shown |= set(map(tuple, result["shown"]))
        self.violations += len(result["problems"])
        if result["problems"]:
            print(*result["problems"], sep="\n")
            print(f"history and state: /tmp/ems-crash-{seed}; again: "
                  f"{__file__} --group {seed} --rounds {rounds}", flush=True)

    def play_all(self, rounds, first_seed):
        with concurrent.futures.ThreadPoolExecutor(self.parallel) as pool:
            sizes = [min(GROUP_ROUNDS, rounds - done) for done in range(0, rounds, GROUP_ROUNDS)]
            waiting = [pool.submit(self.play, first_seed + number, size)
                       for number, size in enumerate(sizes)]
            try:
                for done in concurrent.futures.as_completed(waiting):
                    self.add(*done.result())
            except BaseException:
                self.stop(pool)
                raise

    def not_shown(self, wanted):
        """Sentences: what was not tried, and so is not shown."""
        found = []
        if self.rounds < max(wanted, 1):
            found.append(f"{self.rounds} rounds were played of {wanted}: that shows nothing")
        if wanted >= WHOLE:
            found += judge.unshown(self.owed, self.shown)
            found += [f"no {part} was ever killed" for part in KILLED if not self.kills[part]]
        return [f"crash: {sentence}" for sentence in found]

    def stop(self, pool):
        """End what runs, which cleans up, and begin nothing new."""
        pool.shutdown(wait=False, cancel_futures=True)
        for process in list(self.running):
            process.terminate()

    def summary(self):
        kills = ", ".join(f"{count} {target}" for target, count in self.kills.most_common())
        return (f"crash: {self.rounds} rounds, {sum(self.kills.values())} kills ({kills}), "
                f"{self.jobs} jobs, {self.events} events, {self.violations} violations")


def stop(number, _frame):
    sys.exit(128 + number)


def main():
    parser = argparse.ArgumentParser(description="Rounds of kill -9, judged.")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parallel", type=int, default=6,
                        help="groups that are played at once")
    parser.add_argument("--group", type=int, metavar="SEED")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    if options.group is not None:
        play_group(options.group, min(options.rounds, GROUP_ROUNDS))
    groups = Groups(options.parallel)
    groups.play_all(options.rounds, options.seed)
    gaps = groups.not_shown(options.rounds)
    print(*gaps, f"{groups.summary()} (seed {options.seed})", sep="\n")
    sys.exit(1 if groups.violations or gaps else 0)


if __name__ == "__main__":
    main()
