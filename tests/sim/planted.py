#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Plants bugs into EMS, one at a time, and has the simulation and the judge find them.

    planted.py --build DIR [--seeds N] [--jobs N] [NAME...]    all, or those: each must be caught
    planted.py --list
    planted.py --write NAME FILE      the mutated source (for cmake -DEMS_PLANT=NAME)

DIR is a build folder in which ems-sim was built. The source of a bug is mutated out of the tree,
compiled as the original is, and linked before the archives, so that the original is not used.
Exit code 0: every bug was caught within N (10000) seeds; and, if all were planted, each invariant that
the simulation judges was the one that caught one that breaks it: so each check has shown that it can fail.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path

from plants import PLANTS

HERE = Path(__file__).resolve().parent
TREE = HERE.parent.parent
JUDGE = HERE.parent / "judge" / "judge.py"
PROGRAM = "bin/ems-sim"
BATCHES = (100, 400, 2000, 10000)  # seeds up to there; most bugs need few
FOUND = (re.compile(r"(?P<by>I\d+) violated \(suite sim, seed (?P<seed>\d+)"),  # of the judge
         # Of the simulation itself, which looks into its disks.
         re.compile(r"sim: seed (?P<seed>\d+): job \S+ is (?P<by>not in the list)"),
         re.compile(r"sim: seed (?P<seed>\d+): .* is (?P<by>not what the job wrote)"),
         re.compile(r"sim: seed (?P<seed>\d+): .* got the answer to (?P<by>a request that is not its own)"),
         re.compile(r"sim: seed (?P<seed>\d+)(?P<by>)"),
         # It died, with one of these.
         re.compile(r"sim: seeds \d+ to (?P<seed>\d+) (?P<by>ended) with"))
JUDGED = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I12")
INVARIANTS = {"not in the list": "I2", "not what the job wrote": "I8", "ended": "its death",
              "a request that is not its own": "I10",
              "": "the simulation"}


class Failure(Exception):
    """A bug that could not be planted."""


def mutate(plant):
    """The source with the bug in it."""
    text = (TREE / plant.file).read_text(encoding="utf-8")
    if text.count(plant.old) != 1:
        raise Failure(f"{plant.name}: its text stands {text.count(plant.old)} times in "
                      f"{plant.file}; it must stand there once")
    return text.replace(plant.old, plant.new)


class Builder:
    """Makes a program for each bug, in a folder of the build folder."""

    def __init__(self, build):
        self.build = build
        self.folder = build / "planted"
        self.folder.mkdir(exist_ok=True)
        commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
        self.compiles = [(str(Path(item["file"]).resolve()), shlex.split(item["command"]))
                         for item in commands]
        listed = subprocess.run(["ninja", "-C", str(build), "-t", "commands", PROGRAM],
                                capture_output=True, text=True, check=True).stdout
        self.link = listed.strip().splitlines()[-1]

    def compile_command(self, source):
        """How the program's own object of that source is made, else that of the archive."""
        found = [command for file, command in self.compiles if file == str(source)]
        if not found:
            raise Failure(f"{source} is not compiled in {self.build}")
        words = set(shlex.split(self.link))
        own = [command for command in found if command[command.index("-o") + 1] in words]
        return (own or found)[0]

    def program(self, plant):
        source = self.folder / f"{plant.name}.c"
        target = self.folder / f"{plant.name}.o"
        binary = self.folder / plant.name
        original = TREE / plant.file
        source.write_text(mutate(plant), encoding="utf-8")
        command = self.compile_command(original)
        replaced = command[command.index("-o") + 1]
        swap = {str(original): str(source), replaced: str(target), f"{replaced}.d": f"{target}.d"}
        # A planted bug may leave something unused; that is no reason not to plant it.
        run([swap.get(word, word) for word in command]
            + ["-Wno-error", "-w", "-iquote", str(original.parent)], self.build)
        link = self.link.replace(f"-o {PROGRAM}", f"-o {binary}")
        if replaced in shlex.split(link):
            link = link.replace(replaced, str(target))
        else:
            link = link.replace(f"-o {binary}", f"{target} -o {binary}")
        run(["/bin/sh", "-c", link], self.build)
        for file in (source, target, Path(f"{target}.d")):
            file.unlink(missing_ok=True)
        return binary


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(done.stdout + done.stderr)


def seeds_until_caught(binary, first, last, jobs):
    """The first (seed, by what) of these seeds at which something is found; None: nothing is."""
    player = subprocess.Popen([binary, "--seeds", f"{first}..{last}", "--history", "-", "--jobs",
                               str(jobs)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, start_new_session=True)
    judge = subprocess.Popen([sys.executable, str(JUDGE), "--brief"], stdin=player.stdout,
                             stdout=subprocess.PIPE, text=True)
    player.stdout.close()
    found = []

    def listen(stream):
        for line in stream:
            for pattern in FOUND:
                match = pattern.search(line)
                if match:
                    by = match["by"]
                    found.append((int(match["seed"]), INVARIANTS.get(by, by)))
                    os.killpg(player.pid, 9)
                    return

    threads = [threading.Thread(target=listen, args=(stream,))
               for stream in (player.stderr, judge.stdout)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    judge.kill()
    judge.wait()
    player.wait()
    judge.stdout.close()
    player.stderr.close()
    return min(found) if found else None


def catch(builder, plant, options):
    """A line that tells how it went, and by what the bug was caught, or None."""
    begun = time.monotonic()
    try:
        binary = builder.program(plant)
    except (Failure, OSError) as failure:
        return f"planted {plant.name}: NOT PLANTED: {failure}", None
    first, found = 1, None
    for last in BATCHES:
        last = min(last, options.seeds)
        if first <= last and not found:
            found = seeds_until_caught(str(binary), first, last, 1)
        first = max(first, last + 1)
    binary.unlink()
    took = time.monotonic() - begun
    if not found:
        return f"planted {plant.name}: NOT CAUGHT within {options.seeds} seeds ({took:.0f} s)", None
    seed, by = found
    remark = "" if by in plant.breaks.split() else f" though it breaks {plant.breaks}"
    return f"planted {plant.name}: caught by {by}{remark} after {seed} seeds ({took:.0f} s)", by


def never_failed(plants, caught):
    """The checks that no bug which breaks their invariant has shown to be able to fail."""
    shown = {by for plant, by in zip(plants, caught) if by in plant.breaks.split()}
    return [invariant for invariant in JUDGED if invariant not in shown]


def chosen(names):
    known = {plant.name: plant for plant in PLANTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"planted.py: there is no planted bug {unknown[0]}; see --list")
    return [known[name] for name in names] or list(PLANTS)


def main():
    parser = argparse.ArgumentParser(description="Plants bugs and has them found.")
    parser.add_argument("--build", type=Path)
    parser.add_argument("--seeds", type=int, default=10000)
    parser.add_argument("--jobs", type=int, default=2, help="bugs at a time")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--write", nargs=2, metavar=("NAME", "FILE"))
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    if options.list:
        for plant in PLANTS:
            print(f"{plant.name}: {plant.file}, breaks {plant.breaks}")
        return
    if options.write:
        plant, = chosen(options.write[:1])
        Path(options.write[1]).write_text(mutate(plant), encoding="utf-8")
        print(plant.file)
        return
    plants = chosen(options.names)
    builder = Builder(options.build.resolve())
    caught = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        tries = {pool.submit(catch, builder, plant, options): plant for plant in plants}
        for done in concurrent.futures.as_completed(tries):
            line, caught[tries[done]] = done.result()
            print(line, flush=True)
    missed = list(caught.values()).count(None)
    idle = [] if options.names else never_failed(caught.keys(), caught.values())
    for invariant in idle:
        print(f"planted: no bug that breaks {invariant} was caught by {invariant}: can it fail?")
    print(f"planted: {len(plants)} bugs, {len(plants) - missed} caught within {options.seeds} "
          f"seeds, {missed} missed, {len(idle)} checks that never failed")
    sys.exit(1 if missed or idle else 0)


if __name__ == "__main__":
    main()
