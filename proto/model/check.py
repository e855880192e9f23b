#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Verify the model of EMS (ems.pml) exhaustively, and see that the verifier finds planted bugs.

usage: check.py [--faults N] [--only NAME] [--keep FOLDER]

  --faults N   crashes and needless repetitions in one run of the model (default 2)
  --only NAME  one check: holds, ends, or a planted bug
  --keep DIR   build there and leave everything there, a trail in DIR/<check>/ems.pml.trail too

Prints one line for each check; exit status 1 if any is not as it should be.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

MODEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ems.pml")
DEPTH = 10000
MEMORY_MB = 3500

# Each breaks one rule of the design. `faults`: so many are enough to show it.
BUGS = [
    ("NO_SLOT_LOCK", 1, "nobody holds or looks at slot.lock"),
    ("ANSWER_BEFORE_RECORD", 0, "a run is answered 200 before its record is durable"),
    ("SPAWN_WITHOUT_LOOK", 2, "a restarted worker and its shim do not look at what ran already"),
    ("GATE_BEFORE_START_RECORD", 2, "the orchestrator may run before shim.json is durable"),
    ("FORGET_ID", 1, "a repeated run is not looked up in the history"),
    ("RECORD_BEFORE_RESULTS", 1, "the terminal record is written before the results are renamed"),
    ("STOP_AFTER_EXIT_IS_CANCEL", 0, "a stop that comes after the exit makes it a cancel"),
    ("LOOK_FOR_OUTCOME_ONCE", 1, "exit.json is not looked at again when the shim is found dead"),
    ("LEAVE_LEFTOVERS", 1, "what a dead shim left is not killed"),
    ("ANSWER_CANCEL_EARLY", 0, "a cancel is answered when the stop was sent"),
    ("FORGET_STOP", 1, "a cancel on record is not sent to the shim again after a restart"),
    ("LOSE_PENDING", 1, "the broker does not answer 503 for a dead worker"),
]


def run(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def build(folder, defines, options):
    """A verifier in `folder`; what went wrong, or None."""
    os.makedirs(folder, exist_ok=True)
    status, text = run(["spin", *defines, "-a", MODEL], folder)
    if status != 0 or "Error" in text:
        return text
    status, text = run(["cc", "-w", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}", *options, "-o", "pan", "pan.c"], folder)
    return text if status != 0 else None


class Verdict:
    def __init__(self, text):
        self.text = text
        figure = lambda pattern: re.search(pattern, text)
        states = figure(r"([0-9.e+]+) states, stored")
        depth = figure(r"depth reached (\d+)")
        errors = figure(r"errors: (\d+)")
        seconds = figure(r"elapsed time ([0-9.e+-]+)")
        found = figure(r"pan:1: (.*)")
        self.states = int(float(states[1])) if states else 0
        self.depth = int(depth[1]) if depth else 0
        self.errors = int(errors[1]) if errors else -1
        self.seconds = float(seconds[1]) if seconds else 0
        self.found = found[1] if found else ""
        self.whole = errors and not re.search(
            r"search depth too small|memory bound|reached -DMEMLIM|out of memory|VECTORSZ", text)

    def unreached(self):
        """Statements that no run of the model takes; the ends of endless processes are none."""
        part = self.text[self.text.find("unreached in"):]
        return [line.strip() for line in part.splitlines() if ", state " in line and '"-end-"' not in line]


def report(name, verdict, good, remark):
    print(f"model {name}: {verdict.states} states, depth {verdict.depth}, {verdict.seconds:.1f} s: {remark}", flush=True)
    return good


def search(folder, options):
    return Verdict(run(["./pan", f"-m{DEPTH}", *options], folder)[1])


def check_holds(folder):
    verdict = search(folder, [])
    if not verdict.whole:
        return report("holds", verdict, False, "the search is not complete\n" + verdict.text)
    if verdict.errors != 0:
        return report("holds", verdict, False, f"VIOLATED: {verdict.found}; see tests/README.md on the trail")
    unreached = verdict.unreached()
    if unreached:
        return report("holds", verdict, False, "never taken:\n  " + "\n  ".join(unreached))
    return report("holds", verdict, True, "I1 I2 I3 I4 I7 I8 I9 hold, all is settled at the end, no statement is unreached")


def check_ends(folder):
    verdict = search(folder, ["-l", "-n"])
    if not verdict.whole:
        return report("ends", verdict, False, "the search is not complete\n" + verdict.text)
    if verdict.errors != 0:
        return report("ends", verdict, False, f"VIOLATED: {verdict.found}; see tests/README.md on the trail")
    return report("ends", verdict, True, "no cycle: whatever the order, everything comes to its end")


def check_bug(folder, name, faults, what):
    problem = build(folder, [f"-D{name}", f"-DFAULTS={faults}"], ["-DSAFETY", "-O0"])
    if problem:
        print(f"model {name}: cannot be built:\n{problem}")
        return False
    verdict = search(folder, ["-n"])
    if verdict.errors < 1:
        return report(name, verdict, False, f"NOT FOUND though {what}")
    return report(name, verdict, True, f"found, as it should be ({what}): {verdict.found}")


def check_all(folder, arguments):
    good = True
    known = [name for name, _, _ in BUGS] + ["holds", "ends"]
    if arguments.only and arguments.only not in known:
        sys.exit(f"check.py: there is no check {arguments.only}; there are {', '.join(known)}")
    wanted = lambda name: arguments.only in (None, name)
    if wanted("holds") or wanted("ends"):
        place = os.path.join(folder, "full")
        problem = build(place, [f"-DFAULTS={arguments.faults}"], ["-DNP", "-O2", "-fno-dse"])
        if problem:
            sys.exit(f"check.py: the model cannot be built:\n{problem}")
        if wanted("holds"):
            good = check_holds(place) and good
        if wanted("ends"):
            good = check_ends(place) and good
    for name, faults, what in BUGS:
        if wanted(name):
            good = check_bug(os.path.join(folder, name), name, faults, what) and good
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=2)
    parser.add_argument("--only")
    parser.add_argument("--keep")
    arguments = parser.parse_args()
    if arguments.keep:
        return 0 if check_all(os.path.abspath(arguments.keep), arguments) else 1
    with tempfile.TemporaryDirectory(prefix="ems-model-") as folder:
        return 0 if check_all(folder, arguments) else 1


if __name__ == "__main__":
    sys.exit(main())
