#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Run one fuzz target for a while and say in one line what it did.

usage: run_fuzz.py [--seconds N] [--seed N] TARGET

It begins with the inputs of tests/fuzz/corpus/NAME/; what it finds on the way is kept beside the
program in corpus/NAME/, from where the next run goes on. An input that breaks something is kept
beside the program as NAME-crash-… (or -leak-, -timeout-, -oom-), and the command is printed that
shows it again.
"""
import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEAST_A_SECOND = 10  # executions; thousands are usual
LIMITS = ["-malloc_limit_mb=64", "-rss_limit_mb=1024", "-timeout=10", "-max_len=4096"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    if options.seconds < 1:
        sys.exit("run_fuzz.py: no second was asked for: that shows nothing")
    return options


def command(options, name, temporary):
    grown = options.target.parent / "corpus" / name
    grown.mkdir(parents=True, exist_ok=True)
    line = [options.target, grown, HERE / "corpus" / name, *LIMITS, f"-seed={options.seed}",
            f"-max_total_time={options.seconds}", "-print_final_stats=1",
            f"-artifact_prefix={temporary}/"]
    words = HERE / f"{name}.dict"
    if words.exists():
        line.append(f"-dict={words}")
    return [str(word) for word in line]


def last_number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def keep_findings(name, temporary, target):
    """Move what broke something beside the program."""
    kept = []
    for path in sorted(temporary.iterdir()):
        place = target.parent / f"{name}-{path.name}"
        shutil.move(path, place)
        kept.append(place)
    return kept


def main():
    options = arguments()
    options.target = options.target.resolve()
    name = options.target.name.removeprefix("fuzz_")
    with tempfile.TemporaryDirectory(prefix="ems-fuzz-") as folder:
        done = subprocess.run(command(options, name, Path(folder)), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        findings = keep_findings(name, Path(folder), options.target)
    said = done.stdout.decode("utf-8", "replace")
    executions = last_number(r"stat::number_of_executed_units:\s+(\d+)", said)
    inputs = last_number(r"corp: (\d+)/", said)
    failed = done.returncode != 0 or bool(findings)
    if failed:
        print(said[-20000:])
        for path in findings:
            print("again:", shlex.join([str(options.target), *LIMITS, str(path)]))
    least = LEAST_A_SECOND * options.seconds
    few = executions < least or inputs < 1
    if few and not failed:
        print(f"fuzz {name}: {executions} executions with {inputs} inputs are too few to show anything: "
              f"{least} are the least")
    print(f"fuzz {name}: {executions} executions, {inputs} inputs in the corpus, "
          f"{len(findings) or int(failed)} findings")
    sys.exit(1 if failed or few else 0)


if __name__ == "__main__":
    main()
