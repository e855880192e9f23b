#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""How much of the code the tests run: builds with gcc's --coverage, runs them, prints a table.

usage: tests/coverage.py [--all] [--build DIR] [--missing]

Runs the unit tests; --all: the end-to-end tests too. Branches are gcov's: each way out of each
condition, those of && and || among them. --missing lists the branches of the pure code that no test
took.
"""
import argparse
import collections
import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("proto", "broker", "worker", "client")
# Pure though it does not live in a folder of that name: the shim's machine.
ALSO_CORE = ("worker/shim/reap.c",)
GOAL = 95.0
LEAST = 1000  # branches that there must be in core/

Count = collections.namedtuple("Count", "taken all")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="run the end-to-end tests too")
    parser.add_argument("--build", type=Path, default=ROOT / "build-coverage")
    parser.add_argument("--missing", action="store_true", help="list the branches not taken")
    return parser.parse_args()


def run(*command, **more):
    """Shown only if it fails."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\n{' '.join(map(str, command))}: ended with {done.returncode}")


def build_and_test(options):
    run("cmake", "--preset", "coverage", "-B", options.build)
    run("cmake", "--build", options.build)
    for path in options.build.rglob("*.gcda"):
        path.unlink()
    kinds = [] if options.all else ["-L", "unit"]
    run("ctest", "--test-dir", options.build, "-j", str(os.cpu_count()), "--output-on-failure",
        "--no-tests=error", *kinds)


def reports(build):
    """What gcov says about each of our object files."""
    data = [path for path in build.rglob("*.gcno") if "tests" not in path.relative_to(build).parts]
    with tempfile.TemporaryDirectory(prefix="ems-coverage-") as folder:
        for number, path in enumerate(sorted(data)):
            place = Path(folder, str(number))
            place.mkdir()
            subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--object-file",
                            path.with_suffix(".gcda"), path], cwd=place, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for report in place.glob("*.gcov.json.gz"):
                with gzip.open(report) as text:
                    yield json.load(text)


def branches(build):
    """{source: {(line, number): times taken}}, of our own sources."""
    found = collections.defaultdict(lambda: collections.defaultdict(int))
    for report in reports(build):
        for file in report["files"]:
            path = Path(report["current_working_directory"], file["file"]).resolve()
            if ROOT not in path.parents or path.relative_to(ROOT).parts[0] not in PARTS:
                continue
            for line in file["lines"]:
                for number, branch in enumerate(line["branches"]):
                    key = (line["line_number"], number)
                    found[path.relative_to(ROOT).as_posix()][key] += branch["count"]
    return found


def count(sources):
    taken = sum(times > 0 for lines in sources for times in lines.values())
    return Count(taken, sum(len(lines) for lines in sources))


def percent(counted):
    """Of nothing, nothing is covered."""
    return 100 * counted.taken / counted.all if counted.all else 0.0


def is_core(source):
    return "/core/" in source or source in ALSO_CORE


def print_missing(found):
    for source in sorted(filter(is_core, found)):
        for (line, number), times in sorted(found[source].items()):
            if not times:
                print(f"{source}:{line}: branch {number} was never taken")


def print_table(found):
    folders = sorted({os.path.dirname(source) for source in found})
    for folder in folders:
        counted = count([lines for source, lines in found.items()
                         if os.path.dirname(source) == folder])
        print(f"{folder:24} {percent(counted):6.1f} %  {counted.taken:5} of {counted.all}")
    core = count([lines for source, lines in found.items() if is_core(source)])
    everything = count(found.values())
    if core.all < LEAST:
        print(f"coverage: only {core.all} branches of core/ were found: that shows nothing")
    print(f"coverage: {percent(core):.1f} % of {core.all} branches in */core and the shim's machine "
          f"(goal {GOAL:.0f} %), {percent(everything):.1f} % of {everything.all} in all")
    return percent(core) >= GOAL and core.all >= LEAST


def main():
    options = arguments()
    options.build = options.build.resolve()
    build_and_test(options)
    found = branches(options.build)
    if options.missing:
        print_missing(found)
    sys.exit(0 if print_table(found) else 1)


if __name__ == "__main__":
    main()
