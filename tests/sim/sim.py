#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Plays EMS in the simulator and has the histories judged.

    sim.py [--seeds FIRST..LAST]   those of the file `seeds`, then these (default 1..10000), as many at
                                   once as there are processors, or -j N
    sim.py --sweep                 one job, with a crash at each system call
    sim.py --same FIRST..LAST      the same seeds twice must give the same bytes

A seed that fails is named, with the command that shows it. Exit code: 0 nothing was found.
"""
import argparse
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
JUDGE = HERE.parent / "judge" / "judge.py"
TOTALS = re.compile(r"^sim: (\d+) seeds, (\d+) events, (\d+) violations$", re.M)
JUDGED = re.compile(r"^judge: (\d+) histories", re.M)
SHOWN = 20
WHOLE = 100  # so many seeds lack nothing by chance
SWEPT = 1000  # crashes in a sweep, at least
PORTION = 2500  # seeds that one simulator plays and one judge judges
# The address sanitizer is told of every switch (coroutine.c); this it says all the same.
NOISE = re.compile(r"^==\d+==WARNING: ASan doesn't fully support makecontext.*$", re.M)


class Found:
    """What came out of all that was played."""

    def __init__(self):
        self.seeds = self.events = 0
        self.problems = []
        self.judged = 0  # histories

    def add(self, stderr, judged, codes):
        for seeds, events, _ in TOTALS.findall(stderr):
            self.seeds += int(seeds)
            self.events += int(events)
        said = TOTALS.sub("", NOISE.sub("", stderr)).strip()
        self.judged += sum(int(count) for count in JUDGED.findall(judged))
        judged = [line for line in judged.splitlines() if not line.startswith("judge: ")]
        self.problems += said.splitlines() + judged
        if any(codes) and not said and not judged:
            self.problems.append(f"the simulator and the judge ended with {codes}")

    def demand(self, wanted):
        """So many were to be played, and all must have been judged."""
        if self.seeds < max(wanted, 1):
            self.problems.append(f"{self.seeds} were played of {max(wanted, 1)}: too few to show anything")
        if self.judged != self.seeds:
            self.problems.append(f"{self.seeds} were played, but {self.judged} were judged")


def play(binary, arguments, jobs=1, whole=False):
    """A simulator that writes into a judge: what they say, and their exit codes. `whole`: nothing is
    lacking by chance in so many."""
    with tempfile.TemporaryFile("w+", errors="replace") as said:  # a pipe may be too small
        simulator = subprocess.Popen([binary, *arguments, "--jobs", str(jobs), "--history", "-"],
                                     stdout=subprocess.PIPE, stderr=said)
        judge = subprocess.Popen(
            [sys.executable, "-B", JUDGE, "--brief", *(["--whole"] if whole else [])],
            stdin=simulator.stdout, stdout=subprocess.PIPE, text=True)
        simulator.stdout.close()
        judged = judge.communicate()[0]
        codes = simulator.wait(), judge.returncode
        said.seek(0)
        return said.read(), judged, codes


def portions(first, last, jobs):
    """The seeds in portions, at least one for each of those that play at the same time."""
    each = min(PORTION, (last - first + jobs) // jobs)
    return [(low, min(low + each - 1, last)) for low in range(first, last + 1, each)]


def seeds_of(text):
    first, _, last = text.partition("..")
    return int(first), int(last or first)


def play_portion(options, low, high):
    return play(options.bin, ["--seeds", f"{low}..{high}"], whole=high - low + 1 >= WHOLE)


def play_seeds(options, found):
    old = [line.split()[0] for line in (HERE / "seeds").read_text().splitlines()
           if line.strip() and not line.startswith("#")]
    for seed in old:
        found.add(*play(options.bin, ["--seed", seed]))
    first, last = seeds_of(options.seeds)
    todo = portions(first, last, options.jobs) if last >= first else []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (low, high), outcome in zip(todo, pool.map(lambda one: play_portion(options, *one), todo)):
            known = len(found.problems)
            found.add(*outcome)
            if len(found.problems) > known:  # who plays for hours need not wait for the end
                print(f"sim: something was found in the seeds {low}..{high}", file=sys.stderr,
                      flush=True)
    if last < first:
        found.problems.append(f"there is no seed in {options.seeds}: that shows nothing")
    found.demand(len(old) + max(last - first + 1, 0))


def check_same(options):
    sums = []
    for _ in range(2):
        out = subprocess.run([options.bin, "--seeds", options.same, "--history", "-"], check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        sums.append(hashlib.sha256(out).hexdigest())
    if sums[0] != sums[1] or not out:
        sys.exit(f"sim: the seeds {options.same} gave two different histories")
    print(f"sim: the seeds {options.same} twice, {len(out)} bytes of history, the same")


def main():
    parser = argparse.ArgumentParser(description="Play EMS in the simulator (tests/README.md).")
    parser.add_argument("--bin", default="build/bin/ems-sim", help="the simulator")
    parser.add_argument("--seeds", default="1..10000", metavar="FIRST..LAST")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--same", metavar="FIRST..LAST")
    options = parser.parse_args()
    options.bin = str(Path(options.bin).resolve())
    if options.same:
        return check_same(options)
    found, began = Found(), time.monotonic()
    if options.sweep:
        found.add(*play(options.bin, ["--sweep"], options.jobs, whole=True))
        found.demand(SWEPT)
    else:
        play_seeds(options, found)
    for line in found.problems[:SHOWN]:
        print(line)
    if found.problems:
        mode = "--sweep " if options.sweep else ""
        print(f"to see one: {options.bin} {mode}--seed N --trace --history FILE; {JUDGE} FILE")
    print(f"sim: {found.seeds} {'crashes of one job' if options.sweep else 'seeds'}, "
          f"{found.events} events, {len(found.problems)} problems, {time.monotonic() - began:.0f} s")
    sys.exit(1 if found.problems else 0)


if __name__ == "__main__":
    main()
