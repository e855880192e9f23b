#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The programs that are installed, and libems.so, are built as deploy/hardening.cmake wants them.

usage: hardening.py BIN_DIR COMPILER

Looks with readelf. First at a program that has nothing of it, built here: each property must be missed there, or a
newer readelf would say in other words what we look for, and this would pass for ever.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAMS = ("ems", "ems-broker", "ems-worker", "ems-shim", "ems-notify", "lab-orchestrator", "../lib/libems.so.0")
BARE = """
#include <stdio.h>
int main (int argc, char **argv) { char text[64]; sprintf (text, "%d%s", argc, argv[0]); return puts (text) < 0; }
"""
# Of gcc and clang alike.
NOTHING = ("-O0", "-U_FORTIFY_SOURCE", "-fno-stack-protector", "-fno-pie", "-no-pie", "-Wl,-z,norelro", "-Wl,-z,lazy",
           "-Wl,-z,execstack")


def missing(program):
    """What it has not."""
    output = subprocess.run(["readelf", "-hldW", "--dyn-syms", program], check=True, capture_output=True,
                            text=True).stdout
    stack = re.search(r"^\s*GNU_STACK\s.*?\s(R?W?E?)\s+0x\d+$", output, re.M)
    called = set(re.findall(r"\sUND\s+(\w+)", output))
    checks = {name for name in called if name.endswith("_chk")}
    wanted = {
        "position-independent": re.search(r"^\s*Type:\s+DYN\b", output, re.M) and
                                (re.search(r"\(FLAGS_1\).*\bPIE\b", output) or ".so" in program.name),
        "relocations read-only": "GNU_RELRO" in output,
        "bound before main": re.search(r"\(FLAGS_1\).*\bNOW\b", output),
        "no executable stack": stack and "E" not in stack.group(1),
        "stacks watched": "__stack_chk_fail" in called,
        "buffers watched": checks,
    }
    return [name for name, there in wanted.items() if not there]


def bare_program(compiler, folder):
    source = Path(folder) / "bare.c"
    source.write_text(BARE)
    subprocess.run([compiler, *NOTHING, source, "-o", source.with_suffix("")], check=True, capture_output=True)
    return source.with_suffix("")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, compiler = Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="ems-hardening-") as temporary:
        seen = missing(bare_program(compiler, temporary))
    if len(seen) != 6:
        sys.exit(f"a program without anything is said to lack only: {', '.join(seen)}")
    lacking = {program: missing(folder / program) for program in PROGRAMS}
    for program, names in lacking.items():
        for name in names:
            print(f"{program} lacks: {name}")
    count = sum(map(len, lacking.values()))
    print(f"hardening: {len(PROGRAMS)} programs, {len(seen)} properties of each, {count} missing")
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
