#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""What the tests of a build folder did when ctest ran last, a line for each suite.

usage: tests/summary.py BUILD-FOLDER

Exit code 1: a program of tests ran none; or one was skipped, and CI is set, where nothing may be.
"""
import os
import re
import sys
from pathlib import Path

# Lines that the suites print themselves.
SAID = re.compile(r"^(?:(?:sim|planted|model|crash|net|torture|hostile|power|syscalls|full_disk|soak|calls|hardening)"
                  r"|planted \S+|fuzz \w+): .*", re.M)
BLOCK = re.compile(r"^\d+/\d+ Testing: (\S+)$", re.M)
# Suites that consist of programs with many tests: what their names begin with, in the words of each.
PROGRAMS = {"unit": "unit.", "valgrind": "valgrind.", "e2e": "e2e_", "judge": "judge"}
RAN = re.compile(r"^\[  PASSED  \] (\d+) test|^(?:\d+ \w+, )*(\d+) passed", re.M)
SKIPPED = re.compile(r"^\[  SKIPPED \] (\d+) test|^(?:\d+ \w+, )*(\d+) skipped", re.M)


def number(pattern, output):
    return sum(int(one or other) for one, other in pattern.findall(output))


def blocks(text):
    """(test, what it said) in the order in which they ended."""
    parts = BLOCK.split(text)
    return list(zip(parts[1::2], parts[2::2]))


def counted(outputs):
    """Of the suites of programs: (lines, what is wrong)."""
    lines, wrong = [], []
    for suite, prefix in PROGRAMS.items():
        mine = [(name, output) for name, output in outputs if name.startswith(prefix)]
        ran = {name: number(RAN, output) for name, output in mine}
        skipped = sum(number(SKIPPED, output) for _, output in mine)
        if mine:
            lines.append(f"{suite}: {len(mine)} programs, {sum(ran.values())} tests passed, "
                         f"{skipped} skipped")
        wrong += [f"{name}: no test passed" for name, count in ran.items() if count == 0]
        if skipped and os.environ.get("CI"):
            wrong.append(f"{suite}: {skipped} skipped, and in CI nothing may be skipped")
    return lines, wrong


def summary(text):
    """(lines, what is wrong)."""
    outputs = blocks(text)
    lines, wrong = counted(outputs)
    if not outputs:
        wrong.append("no test ran")
    return lines + [line for _, output in outputs for line in SAID.findall(output)], wrong


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    log = Path(sys.argv[1], "Testing", "Temporary", "LastTest.log")
    lines, wrong = summary(log.read_text(encoding="utf-8", errors="replace"))
    print(*lines, *(f"WRONG: {text}" for text in wrong), sep="\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
