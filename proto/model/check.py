#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Verify the model of EMS (ems.pml) exhaustively, and see that the verifier finds planted bugs.

usage: check.py [--faults N] [--only CHECK] [--keep FOLDER]

  --faults N     crashes and needless repetitions in one run of the model (default 2)
  --only CHECK   holds, ends, or the name of a planted bug (they are listed above)
  --keep FOLDER  build there and leave everything, with the trail FOLDER/CHECK/ems.pml.trail of
                 a run of the model that is not as it should be

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

# Each breaks one rule of the design. So many faults are enough to show it, to the one property that
# is looked at (state.pml; S3 is section 3 of the design).
BUGS = {
    "NO_SLOT_LOCK": (1, "I1", "nobody holds or looks at slot.lock"),
    "ANSWER_BEFORE_RECORD": (0, "I2", "a run is answered 200 before its record is durable"),
    "SPAWN_WITHOUT_LOOK": (1, "I3", "neither a new worker nor its shim looks for an earlier shim"),
    "GATE_BEFORE_START_RECORD": (2, "I3", "an orchestrator may run before shim.json is durable"),
    "FORGET_ID": (1, "I4", "a repeated run is not looked for in the history"),
    "ADOPT_WHAT_IS_OVER": (1, "I7", "a new worker does not look whether the record is terminal"),
    "RECORD_BEFORE_RESULTS": (1, "I8", "the record is terminal before the results are renamed"),
    "ANSWER_CANCEL_EARLY": (0, "I9", "a cancel is answered when the stop was sent"),
    "LEAVE_LEFTOVERS": (1, "I12", "what a dead shim left is not killed"),
    "FORGET_STOP": (1, "I12", "a new worker does not tell the shim of a cancel on record"),
    "LOSE_PENDING": (1, "I12", "nobody is told when the worker dies"),
    "LOOK_FOR_OUTCOME_ONCE": (1, "S3", "exit.json is not looked for again below a dead shim"),
    "STOP_AFTER_EXIT_IS_CANCEL": (0, "S3", "a stop that comes after the exit makes it a cancel"),
    "WAIT_FOR_THE_HIDDEN": (1, "no deadlock", "the lock of a hidden process is waited for for ever"),
    "ASK_WITHOUT_END": (0, "ends", "a client asks again and again before there is an answer"),
    "LOOK_WITHOUT_END": (1, "ends", "a dead shim without an outcome is looked at again and again"),
}
# Which property the verifier looks at alone, and what it says of it; else an assertion (ONLY).
FINDS = {"no deadlock": "invalid end state", "ends": "non-progress cycle"}
NOTHING = 99  # no assertion has that number

FULL = {"holds": ["-DSAFETY"], "ends": ["-DNP"]}


def run(command, folder):
    try:
        done = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    except FileNotFoundError:
        sys.exit(f"check.py: {command[0]} is missing; deploy/install-packages.sh test installs it")
    return done.returncode, done.stdout


def build(folder, defines, options):
    """Make the verifier folder/pan."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "replay"), "w", encoding="utf-8") as file:
        file.write(" ".join(["spin", *defines, "-k", f"{folder}/ems.pml.trail", "-t", "-p", "-g", MODEL]))
    status, text = run(["spin", *defines, "-a", MODEL], folder)
    if status == 0 and "Error" not in text:
        # The verifier is one huge function: -O2, or that one pass, takes longer than it saves.
        status, text = run(["cc", "-w", "-fno-dse", f"-DMEMLIM={MEMORY_MB}", *options,
                            "-o", "pan", "pan.c"], folder)
        if status == 0:
            return
    sys.exit(f"check.py: the model cannot be built:\n{text}")


class Verdict:
    """What the verifier printed."""

    def __init__(self, folder, options):
        self.text = text = run(["./pan", f"-m{DEPTH}", *options], folder)[1]
        self.states = self.figure(r"([0-9.e+]+) states, stored")
        self.depth = self.figure(r"depth reached (\d+)")
        self.errors = self.figure(r"errors: (\d+)")
        self.seconds = self.figure(r"elapsed time ([0-9.e+-]+)")
        found = re.search(r"pan:1: (.*)", text)
        self.found = " ".join(found[1].split()) if found else ""
        self.cut = re.search(r"depth too small|DMEMLIM|out of memory|not completed", text)

    def figure(self, pattern):
        found = re.search(pattern, self.text)
        return float(found[1]) if found else -1

    def unreached(self):
        """Statements that no run takes. That endless processes do not end is as it should be."""
        part = self.text[self.text.find("unreached in"):]
        return [line.strip() for line in part.splitlines()
                if ", state " in line and '"-end-"' not in line]

    def report(self, name, remark):
        print(f"model {name}: {self.states:.0f} states, depth {self.depth:.0f}, "
              f"{self.seconds:.1f} s: {remark}", flush=True)


def check_full(folder, name, faults):
    build(folder, [f"-DFAULTS={faults}"], ["-O1", *FULL[name]])
    verdict = Verdict(folder, ["-l", "-n"] if name == "ends" else [])
    # With fewer faults than two, some statements are out of reach.
    unreached = verdict.unreached() if name == "holds" and faults >= 2 else []
    if verdict.errors > 0:
        verdict.report(name, f"VIOLATED: {verdict.found} (how to read the trail: tests/README.md)")
    elif verdict.errors < 0 or verdict.cut:
        verdict.report(name, f"THE SEARCH IS NOT COMPLETE\n{verdict.text}")
    elif unreached:
        verdict.report(name, "NEVER TAKEN:\n  " + "\n  ".join(unreached))
    elif name == "holds":
        verdict.report(name, "I1 I2 I3 I4 I7 I8 I9 hold, no deadlock, all is settled in the end")
        return True
    else:
        verdict.report(name, "no cycle: whatever happens, everything comes to its end")
        return True
    return False


def check_bug(folder, name):
    faults, breaks, what = BUGS[name]
    only = NOTHING if breaks in FINDS else {"S3": 30}.get(breaks, breaks[1:])
    ends = breaks == "ends"
    build(folder, [f"-D{name}", f"-DFAULTS={faults}", f"-DONLY={only}"],
          ["-O0", *FULL["ends" if ends else "holds"]])
    verdict = Verdict(folder, ["-l", "-n"] if ends else ["-n"])
    if verdict.found.startswith(FINDS.get(breaks, "assertion violated")):
        verdict.report(name, f"found by {breaks} ({what})")
        return True
    verdict.report(name, f"NOT FOUND by {breaks} ({what}) {verdict.found}")
    return False


def tell_replay(place):
    """How to see the trail in a folder that is kept."""
    if os.path.exists(os.path.join(place, "ems.pml.trail")):
        with open(os.path.join(place, "replay"), encoding="utf-8") as file:
            print(f"  step by step: {file.read()}", flush=True)


def check_all(folder, only, faults, keep=False):
    results = []
    for name in only or [*FULL, *BUGS]:
        place = os.path.join(folder, name)
        if name in FULL:
            results.append(check_full(place, name, faults))
        else:
            results.append(check_bug(place, name))
        if keep:
            tell_replay(place)
    print(f"model: {len(results)} checks, {results.count(False)} not as they should be")
    return 0 if all(results) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=2)
    parser.add_argument("--only", action="append", choices=[*FULL, *BUGS])
    parser.add_argument("--keep")
    arguments = parser.parse_args()
    if arguments.keep:
        return check_all(os.path.abspath(arguments.keep), arguments.only, arguments.faults, True)
    with tempfile.TemporaryDirectory(prefix="ems-model-") as folder:
        return check_all(folder, arguments.only, arguments.faults)


if __name__ == "__main__":
    sys.exit(main())
