# SPDX-License-Identifier: MPL-2.0
"""Running the examples of client/examples beside a test."""
import re

from system import ROOT

EXAMPLES = ROOT / "client" / "examples"


def ended(process):
    """(exit code, stdout, stderr)"""
    out, said = process.communicate(timeout=120)
    return process.returncode, out, said.decode()


def lines_until(pipe, wanted):
    """What comes up to a line that fits."""
    seen = []
    while not seen or not re.search(wanted, seen[-1]):
        line = pipe.readline().decode()
        assert line, f"ended without {wanted}: {seen}"
        seen.append(line)
    return seen
