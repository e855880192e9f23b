# SPDX-License-Identifier: MPL-2.0
"""Running the examples of client/examples beside a test."""
import re

from system import ROOT

EXAMPLES = ROOT / "client" / "examples"


def ended(process):
    """(exit code, stdout, stderr)"""
    out, said = process.communicate(timeout=120)
    return process.returncode, out, said.decode()


def lines_until(pipe, *wanted):
    """Reads until each of these has fitted a line, in whatever order they come."""
    seen, missing = [], set(wanted)
    while missing:
        line = pipe.readline().decode()
        assert line, f"ended without {missing}: {seen}"
        seen.append(line)
        missing = {one for one in missing if not re.search(one, line)}
