# SPDX-License-Identifier: MPL-2.0
"""Memory (PSS) and descriptors of processes that are killed and started again now and then.

The peak is of the whole PSS. Slopes are of its anonymous part, which is what a process itself gathers: the
share in libraries goes up and down with how many other programs of the machine use them. trim.c sees to it that
this is what the process holds, and not what it once held.

Three slopes are fitted by least squares to samples that are taken once a second:

- across lives: one line through the means of all processes of a kind at the same age (AGES_S after each was
  first seen). It shows what grows with the state folder, whoever was killed and started in between. Each life counts
  once, however often it was looked at, so the error is large as long as there are few.
- within lives: each life has its own level, and all have one slope, from the age FULL_S on. It shows what
  one process gathers. It takes so long because a worker keeps its last 1024 answers, by design, and
  at one job a second they are not complete before.
- within young lives: the same between the ages AGES_S, where those answers are still being gathered: a coarse
  look for runs that are too short for the other one.

The error is the usual standard error of a slope; within lives, samples SAME_S apart are taken as independent. A slope
is too steep if it is above STEEP_MB_H (in young lives YOUNG_MB_H) by more than two errors. A run in which not even
young lives could be looked at has shown nothing, which is a failure too.
"""
import collections
import math
import os
import time
from pathlib import Path

AGES_S = (60, 170)
FULL_S = 1200
SAME_S = 5
STEEP_MB_H = 1
YOUNG_MB_H = 10
GATHERERS = ("broker", "worker")  # whose slopes must be known
SHIM_MOST_KB = 1024


def pss_kb(pid):
    """(all of it, the anonymous part); None if there is no such process."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = {line.split()[0]: int(line.split()[1]) for line in lines if line.startswith("Pss")}
    return (fields["Pss:"], fields["Pss_Anon:"]) if fields else None


def descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except FileNotFoundError:
        return 0


def mean(values):
    return sum(values) / len(values)


def fit(groups, same):
    """(slope, its error) of (t, y) points in groups that have each a level of its own, where of so many
    points that are the same in a row only one counts; None: too few."""
    sum_tt = sum_ty = sum_yy = count = 0
    for points in groups:
        mean_t, mean_y = mean([t for t, _ in points]), mean([y for _, y in points])
        sum_tt += sum((t - mean_t) ** 2 for t, _ in points)
        sum_ty += sum((t - mean_t) * (y - mean_y) for t, y in points)
        sum_yy += sum((y - mean_y) ** 2 for _, y in points)
        count += len(points)
    free = count / same - len(groups) - 1
    if free <= 0 or sum_tt == 0:
        return None
    slope = sum_ty / sum_tt
    # Only one in `same` counts, in the sums as in the degrees of freedom.
    spread = max(sum_yy - slope * sum_ty, 0) / same / free
    return slope, math.sqrt(spread / (sum_tt / same))


class Samples:
    def __init__(self):
        self.first = {}  # when a process was first seen: {pid: seconds}
        # {name: {pid: points}}
        self.same_age = collections.defaultdict(lambda: collections.defaultdict(list))
        self.lives = collections.defaultdict(lambda: collections.defaultdict(list))
        self.peaks = collections.Counter()
        self.quiet_descriptors = {}

    def take(self, name, pid):
        kb = pss_kb(pid)
        if kb is None:
            return
        now_s = time.monotonic()
        self.peaks[name] = max(self.peaks[name], kb[0])
        age_s = now_s - self.first.setdefault(pid, now_s)
        if AGES_S[0] <= age_s <= AGES_S[1]:
            self.same_age[name][pid].append((now_s, kb[1]))
        elif age_s >= FULL_S:
            self.lives[name][pid].append((now_s, kb[1]))

    def take_peak(self, name, pid):
        self.peaks[name] = max(self.peaks[name], (pss_kb(pid) or (0,))[0])

    def quiet(self, pids):
        """Now nobody is connected: so many descriptors each process has by itself."""
        self.quiet_descriptors = {name: descriptors(pid) for name, pid in pids.items()}

    def more_descriptors(self, pids, spare):
        return [f"{name} has {descriptors(pid)} descriptors; when it started it had "
                f"{self.quiet_descriptors[name]}" for name, pid in pids.items()
                if descriptors(pid) > self.quiet_descriptors[name] + spare]

    def slopes(self):
        """[(name, which, MB per hour, error)]"""
        found = []
        for name, lives in sorted(self.same_age.items()):
            means = [(mean([t for t, _ in points]), mean([y for _, y in points]))
                     for points in lives.values()]
            for which, fitted in (("across lives", fit([means], 1)),
                                  ("within young lives", fit(list(lives.values()), SAME_S)),
                                  ("within lives", fit(list(self.lives[name].values()), SAME_S))):
                if fitted:
                    found.append((name, which, *(value * 3600 / 1024 for value in fitted)))
        return found

    def steep(self):
        """What is wrong with the memory."""
        slopes = self.slopes()
        wrong = [f"the memory of the {name} grows {which} by {slope:.2f} ± {error:.2f} MB/h"
                 for name, which, slope, error in slopes
                 if slope - 2 * error > (YOUNG_MB_H if "young" in which else STEEP_MB_H)]
        wrong += [f"too short to tell how the memory of the {name} grows" for name in GATHERERS
                  if not any(known == name and "within" in which for known, which, _, _ in slopes)]
        if self.peaks["shim"] > SHIM_MOST_KB:
            wrong.append(f"a shim had {self.peaks['shim']} KB")
        return wrong

    def summary(self):
        peaks = ", ".join(f"{name} {kb / 1024:.1f}" for name, kb in sorted(self.peaks.items()))
        slopes = ", ".join(f"{name} {which} {slope:+.2f} ± {error:.2f}"
                           for name, which, slope, error in self.slopes())
        return f"peaks in MB: {peaks}; slopes in MB/h: {slopes or 'too short to tell'}"
