# SPDX-License-Identifier: MPL-2.0
"""A suite that tried nothing, or too little, says so and fails; and what its harness must not excuse."""
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(TESTS), *(str(TESTS / name) for name in ("sim", "e2e", "net", "faults"))]

import coverage as tests_coverage  # noqa: E402
import crash_clients  # noqa: E402
import net_rounds  # noqa: E402
import planted  # noqa: E402
import power  # noqa: E402
import summary  # noqa: E402
import syscalls  # noqa: E402


def run(*command):
    return subprocess.run([sys.executable, "-B", *map(str, command)], capture_output=True, text=True,
                          timeout=60, check=False)


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("command", [
    ("e2e/rounds.py", "--rounds", 0), ("net/net.py", "--rounds", 0),
    ("fuzz/run_fuzz.py", "--seconds", 0, "/bin/true")])
def test_nothing_was_asked_for(command):
    done = run(TESTS / command[0], *command[1:])
    assert done.returncode == 1
    assert "shows nothing" in done.stdout + done.stderr


@pytest.mark.parametrize("executions, inputs, code", [(0, 5, 1), (99, 5, 1), (500, 0, 1), (500, 5, 0)])
def test_a_fuzz_target_that_hardly_runs_fails(tmp_path, executions, inputs, code):
    target = script(tmp_path / "fuzz_none", f"""
        echo "#1 INITED cov: 2 corp: {inputs}/9b"
        echo "stat::number_of_executed_units: {executions}" """)
    done = run(TESTS / "fuzz/run_fuzz.py", "--seconds", 10, target)
    assert done.returncode == code, done.stdout
    assert ("too few to show anything" in done.stdout) == (code == 1)


@pytest.mark.parametrize("seeds", ["1..20", "5..4"])
def test_a_simulator_that_plays_fewer_seeds_than_it_should_fails(tmp_path, seeds):
    done = run(TESTS / "sim/sim.py", "--seeds", seeds, "--bin", script(
        tmp_path / "ems-sim", "echo 'sim: 0 seeds, 0 events, 0 violations' >&2"))
    assert done.returncode == 1
    assert "too few to show anything" in done.stdout


def test_seeds_that_were_played_and_not_judged_are_a_problem(tmp_path):
    done = run(TESTS / "sim/sim.py", "--seeds", "1..2", "--bin", script(
        tmp_path / "ems-sim", "echo 'sim: 2 seeds, 50 events, 0 violations' >&2"))
    assert done.returncode == 1
    assert "were played, but 0 were judged" in done.stdout


def test_no_branches_are_not_all_branches(capsys):
    assert tests_coverage.percent(tests_coverage.Count(0, 0)) == 0
    assert not tests_coverage.print_table({})
    assert not tests_coverage.print_table({"proto/core/x.c": {(1, 0): 1, (1, 1): 1}})
    assert "shows nothing" in capsys.readouterr().out


def test_a_sweep_in_which_nothing_failed_fails():
    whole, part = SimpleNamespace(only=None), SimpleNamespace(only="run:worker")
    owed = {("syscalls", "cancel")}
    assert syscalls.not_shown(whole, 1000, 900, owed, owed) == []
    assert syscalls.not_shown(part, 1, 1, owed, set()) == []
    for arguments in ((whole, 0, 0, owed, owed), (part, 0, 0, set(), set()), (whole, 9, 9, owed, owed),
                      (whole, 1000, 500, owed, owed), (whole, 1000, 900, owed, set())):
        assert syscalls.not_shown(*arguments)
    assert power.not_shown(whole, 1000, 500, owed, owed) == []
    assert power.not_shown(part, 1, 1, owed, set()) == []
    for arguments in ((whole, 0, 0, owed, owed), (part, 0, 9, set(), set()), (whole, 9, 9, owed, owed),
                      (whole, 1000, 500, owed, set())):
        assert power.not_shown(*arguments)


@pytest.mark.parametrize("seed", range(1, 30))
def test_each_kind_of_fault_of_the_network_comes_in_as_few_rounds_as_there_are_kinds(seed):
    group = object.__new__(net_rounds.NetGroup)
    group.chance, most = random.Random(seed), len(net_rounds.KINDS)
    assert most <= 20  # of the normal size
    for rounds in (1, 5, most, 20, 200):
        names = group.schedule(rounds)
        assert len(names) == rounds and set(names) <= set(net_rounds.KINDS)
        assert rounds < most or set(names) == set(net_rounds.KINDS)


def test_a_network_run_that_lacks_a_kind_says_so():
    group = object.__new__(net_rounds.NetGroup)
    group.verdict = SimpleNamespace(owed=set(), shown=set())
    group.inflicted = list(net_rounds.KINDS)
    assert group.not_shown(len(net_rounds.KINDS)) == []
    group.inflicted[3] = group.inflicted[4]
    assert group.not_shown(17) == [f"never inflicted: {net_rounds.KINDS[3]}"]
    group.inflicted = []
    assert "shows nothing" in group.not_shown(0)[0]


def test_a_check_that_no_planted_bug_of_its_own_made_fail_is_named():
    plants = [SimpleNamespace(breaks=invariant) for invariant in planted.JUDGED]
    assert planted.never_failed(plants, planted.JUDGED) == []
    caught = ["I2" if by == "I7" else by for by in planted.JUDGED]
    assert planted.never_failed(plants, caught) == ["I7"]
    assert planted.never_failed(plants[:1], [None]) == list(planted.JUDGED)


@pytest.fixture
def world(tmp_path):
    return SimpleNamespace(base=tmp_path, environment={"PATH": "/bin:/usr/bin"}, tools=set(),
                           problems=[])


def test_a_client_program_that_we_killed_has_no_exit_code(world):
    tool = crash_clients.Tool(world, "client-1", "/bin/sleep", 60)
    tool.kill()
    assert tool.wait() is None and world.problems == []


@pytest.mark.parametrize("name", ["ABRT", "SEGV", "KILL"])
def test_a_client_program_that_dies_of_another_signal_is_a_problem(world, name):
    tool = crash_clients.Tool(world, "client-1", "/bin/sh", "-c", f"kill -{name} $$")
    assert tool.wait() is None
    [problem] = world.problems
    assert problem.startswith(f"client-1 was ended by SIG{name}")


def test_one_that_aborts_before_it_can_be_killed_is_a_problem_too(world):
    tool = crash_clients.Tool(world, "client-1", "/bin/sh", "-c", "kill -ABRT $$")
    tool.process.wait()
    tool.kill()
    assert tool.wait() is None and len(world.problems) == 1


# tests/summary.py

LOG = """Start testing: Nov 23 07:55 UTC
1/4 Testing: unit.test_x
Output:
[  PASSED  ] 12 test(s).
{skipped}
Test Passed.
2/4 Testing: e2e_test_torture
..
torture: 40 cases, 9 processes killed, 0 left over, 0 violations
40 passed in 3.5s
3/4 Testing: e2e_test_shim
{shim}
4/4 Testing: sim_planted
planted record-not-synced: caught by I2 after 3 seeds (1 s)
planted: 1 bugs, 1 caught within 10000 seeds, 0 missed, 0 checks that never failed
"""
SUITES = ["unit: 1 programs, 12 tests passed, 0 skipped", "e2e: 2 programs, 45 tests passed, 0 skipped",
          "torture: 40 cases, 9 processes killed, 0 left over, 0 violations",
          "planted record-not-synced: caught by I2 after 3 seeds (1 s)",
          "planted: 1 bugs, 1 caught within 10000 seeds, 0 missed, 0 checks that never failed"]


def test_the_summary_has_a_line_for_each_suite_and_each_planted_bug(monkeypatch):
    monkeypatch.setenv("CI", "1")
    assert summary.summary(LOG.format(skipped="", shim="5 passed in 1s")) == (SUITES, [])


@pytest.mark.parametrize("skipped, shim", [("[  SKIPPED ] 1 test(s), listed below:", "5 passed in 1s"),
                                           ("", "5 passed, 1 skipped in 1s")])
def test_what_is_skipped_is_counted_and_in_ci_is_wrong(monkeypatch, skipped, shim):
    monkeypatch.setenv("CI", "1")
    lines, wrong = summary.summary(LOG.format(skipped=skipped, shim=shim))
    assert len(wrong) == 1 and "1 skipped" in wrong[0]
    assert sum("1 skipped" in line for line in lines) == 1
    monkeypatch.delenv("CI")
    assert summary.summary(LOG.format(skipped=skipped, shim=shim))[1] == []


def test_a_program_of_tests_that_ran_none_is_wrong():
    for shim in ("no tests ran in 0.01s", "1 skipped in 1s"):
        assert "e2e_test_shim: no test passed" in summary.summary(LOG.format(skipped="", shim=shim))[1]
    assert summary.summary("")[1] == ["no test ran"]
