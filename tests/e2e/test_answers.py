# SPDX-License-Identifier: MPL-2.0
"""Bad input, and the exact answers to it: the table is answers.txt. `test_answers.py --write` writes it anew."""
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from system import BIN, System

TABLE = Path(__file__).with_name("answers.txt")
SOON_S = 2  # when nobody is there
BUSY_S = 1  # what a machine that is busy takes to start a program
WAITING = ("nobody", "endpoints")  # they only wait, and change nothing
SIDE_BY_SIDE = 5
DESIGN = {0, 1, 64, 65, 66, 69, 70, 71, 74, 75, 77, 78, 124, 125, 130}
CONFIGURATIONS = {
    "unknown-key": "worker\n    nam = 1\n",
    "unindented": "profiles\n    x\n      foo\n",
    "no-keys": 'broker\n    clients = "tcp://*:5570"\n',
    "no-command": "profiles\n    x\n        arguments\n",
}


class Case:
    """One command of the table."""

    def __init__(self, part, command):
        self.part, self.command = part, command
        self.code, self.lines = None, []

    def __str__(self):
        return "\n".join([f"$ {self.command}", f"= {self.code}", *(f"| {line}" for line in self.lines)])


def read_table():
    """(what stands before the first part, the cases in their order)."""
    head, cases, part = [], [], None
    for line in TABLE.read_text().splitlines():
        if re.fullmatch(r"\[.*\]", line):
            part = line[1:-1]
        elif part is None:
            head.append(line)
        elif line.startswith("$ "):
            cases.append(Case(part, line[2:]))
        elif line.startswith("= "):
            cases[-1].code = int(line[2:])
        elif line.startswith("|"):
            cases[-1].lines.append(line[2:])
        else:
            assert not line, line
    return head, cases


HEAD, CASES = read_table()
PARTS = list(dict.fromkeys(case.part for case in CASES))


class Answers(System):
    """A system with two jobs, keys, contexts, and configurations that are wrong."""

    def __init__(self):
        super().__init__()
        self.environment |= {"PATH": f"{BIN}:{os.environ['PATH']}", "LANG": "C.UTF-8", "TZ": "UTC"}
        self.environment.pop("LC_ALL", None)

    def prepare(self):
        self.start()
        self.job = self.finished("say")["job_id"]
        self.failed = self.finished("exits", params={"n": 3})["job_id"]
        for name, text in CONFIGURATIONS.items():
            (self.base / f"{name}.zpl").write_text(text)
        for name in ("me", "open"):
            assert self.ems("keygen", name).returncode == 0
        (self.base / "open.secret").chmod(0o644)
        (self.base / "closed").mkdir(mode=0o700)
        for name, endpoint in (("near", f"ipc://{self.base}/near/clients"), ("far", "tcp://127.0.0.1:1")):
            added = self.ems("context", "add", name, "-e", endpoint, "--server", "me.public",
                             "--certificate", "me.secret")
            assert added.returncode == 0, added

    def answer(self, command):
        """(exit code, lines), with what differs each time in the words of the table."""
        for name, value in (("BASE", self.base), ("JOB", self.job), ("FAILED", self.failed)):
            command = re.sub(rf"\b{name}\b", str(value), command)
        begun = time.monotonic()
        done = subprocess.run(["bash", "-c", command], env=self.environment, cwd=self.base, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
        took_s = time.monotonic() - begun
        text = (done.stderr + done.stdout).decode(errors="replace")
        text = text.replace(str(self.base), "BASE").replace(self.job, "JOB").replace(self.failed, "FAILED")
        text = text.replace(str(BIN), "BIN")
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
        text = re.sub(r"\b[0-9a-f]{12}\b(?<!f{12})", "ID", text)
        return done.returncode, text.splitlines(), took_s


@pytest.fixture(scope="module")
def system():
    made = Answers()
    try:
        made.prepare()
        yield made
    finally:
        made.close()


def as_written(lines, expected):
    """The lines, each cut where the table says `…`."""
    if len(lines) != len(expected):
        return lines
    return [line[:len(want) - 1] + "…" if want.endswith("…") else line
            for line, want in zip(lines, expected)]


@pytest.mark.parametrize("part", PARTS)
def test_what_is_answered_to_bad_input(system, part):
    if part == "nobody":
        system.stop_part("broker")
    wrong, cases = [], [case for case in CASES if case.part == part]
    try:
        with ThreadPoolExecutor(SIDE_BY_SIDE if part in WAITING else 1) as pool:
            answers = pool.map(lambda case: system.answer(case.command), cases)
        for case, (code, lines, took_s) in zip(cases, answers):
            lines = as_written(lines, case.lines)
            if (code, lines) != (case.code, case.lines):
                got = Case(part, case.command)
                got.code, got.lines = code, lines
                wrong.append(f"expected:\n{case}\nanswered:\n{got}\n")
            if took_s > SOON_S + BUSY_S:
                wrong.append(f"{case.command}: took {took_s:.1f} s")
    finally:
        if part == "nobody":
            system.start_part("broker")
            system.wait_ready()
    assert not wrong, "\n".join(wrong)


def test_a_broker_that_stands_still_is_told_from_none_by_doctor_alone(system):
    broker = system.parts["broker"]
    broker.send_signal(signal.SIGSTOP)
    try:
        code, lines, took_s = system.answer("ems ps")
        assert (code, took_s < SOON_S + BUSY_S) == (69, True), (took_s, lines)
        assert lines == [f"ems: nobody answers at ipc://BASE/s/sock/clients: {lines[0].split(': ', 2)[2]}"]
        code, lines, _ = system.answer("ems doctor")
        assert code == 1 and any("kill -CONT" in line for line in lines), lines
    finally:
        broker.send_signal(signal.SIGCONT)
        system.wait_ready()


def test_every_answer_says_what_happened_and_ends_with_a_code_of_the_design():
    for case in CASES:
        assert case.code in DESIGN and case.code != 0 or "nothing runs" in str(case), str(case)
        assert case.lines and all(case.lines), str(case)
        assert any(line.startswith("ems: ") for line in case.lines), str(case)
        assert "errno" not in str(case) and "(null)" not in str(case), str(case)


def write():
    """The table anew, from what is answered now."""
    system = Answers()
    out, part = list(HEAD), None
    try:
        system.prepare()
        for case in CASES:
            if case.part != part:
                if case.part == "nobody":
                    system.stop_part("broker")
                out += ["" if out[-1] else None, f"[{case.part}]"]
                part = case.part
            shorten = [line for line in case.lines if line.endswith("…")]
            code, lines, _ = system.answer(case.command)
            case.code = code
            case.lines = as_written(lines, case.lines) if shorten else lines
            out += str(case).splitlines()
        system.start_part("broker")
        system.wait_ready()
    finally:
        system.close()
    TABLE.write_text("\n".join(line for line in out if line is not None) + "\n")


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    write()
