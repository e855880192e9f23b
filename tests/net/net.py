#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Broker, workers and clients on hosts of their own, whose network fails: partitions, also one-way ones,
loss, delay, reordering, links that flap, hosts that vanish, forwarders that die, 500 clients that come
back at once. tests/judge says whether the invariants held.

usage: net.py [--rounds N] [--seed N]        history and state of a run that failed stay in /tmp/ems-net-SEED
"""
import argparse
import os
import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hosts import Unable  # noqa: E402
from net_world import CLIENTS  # noqa: E402  (makes the e2e modules known)
import crash_rounds  # noqa: E402
import net_rounds  # noqa: E402


def stop(number, _frame):
    sys.exit(128 + number)


def keep(base, seed):
    place = Path(f"/tmp/ems-net-{seed}")
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(base, place, symlinks=True, ignore=lambda _, names: {"sock"} & set(names))
    return place


def main():
    parser = argparse.ArgumentParser(description="Rounds of a failing network, judged.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    if options.rounds < 1:
        sys.exit("net: no round was asked for: that shows nothing")
    crash_rounds.hasten_clients()
    try:
        group, problems = net_rounds.play(options.seed, options.rounds)
    except Unable as error:
        print(f"net: {error}")
        sys.exit(1)
    if problems:
        print(*problems, sep="\n")
        print(f"history and state: {keep(group.world.base, options.seed)}; again: "
              f"{__file__} --seed {options.seed} --rounds {options.rounds}")
    shutil.rmtree(group.world.base)
    print(f"net: {len(group.inflicted)} rounds with {len(set(group.inflicted))} kinds of faults on "
          f"{len(group.world.states) + len(CLIENTS) + 1} hosts, "
          f"{group.jobs} jobs, {group.verdict.events} events, {len(problems)} violations "
          f"(seed {options.seed})", flush=True)
    os._exit(1 if problems else 0)  # clients that hang are a problem that was told


if __name__ == "__main__":
    main()
