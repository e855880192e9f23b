# SPDX-License-Identifier: MPL-2.0
"""lab-orchestrator killed and continued: the same results as if nothing had happened.

Run: EMS_BIN_DIR=build/bin /usr/bin/python3 -m pytest tests/e2e/test_lab_resume.py
"""

import json
import os
import random
import re
import shutil
import signal

import pytest

import kill_point
from lab import (
    DEADLINE_S,
    EXPERIMENTS,
    RUN_ID,
    START_LINE,
    environment,
    load,
    program,
    read_until,
    run,
    start,
)

SEED = int(os.environ.get("EMS_SEED", "4"))
FEW = ["gmst_era", "equ_ecl", "kepler_solver"]
FEW_ARGUMENTS = [f"--experiments={','.join(FEW)}", "--n=3", "--no-perf"]
ALL_ARGUMENTS = ["--n=60", "--no-perf"]
# Kill it when this line has come; the number of experiments that must be complete by then.
MOMENTS = [
    ("Benchmark Run", 0),
    ("step=experiment_start current=1 ", 0),
    ("experiment=gmst_era step=adapter_erfa ", 1),
    ("experiment=equ_ecl step=done ", 2),
    ("Wrote results/" + RUN_ID + "/equ_horizontal/libnova.json", 4),
    ("experiment=lunar_position step=adapter_libnova ", 5),
    ("step=experiment_start current=7 ", 6),
    ("Wrote results/" + RUN_ID + "/kepler_solver/summary.md", 7),
    ("Combined Summary Table", 7),
    ("Run manifest:", 7),
]


def manifest_of(text):
    """What is the same whenever and however often it was started."""
    manifest = json.loads(text)
    for key in ("started_at", "finished_at", "attempts"):
        del manifest[key]
    return manifest


def contents(folder):
    """Every file below the folder, hidden ones too: path and bytes."""
    found = {}
    for path, folders, files in os.walk(folder):
        found.update({os.path.relpath(os.path.join(path, name), folder): None for name in folders})
        for name in files:
            full = os.path.join(path, name)
            with open(full, "rb") as file:
                found[os.path.relpath(full, folder)] = file.read()
    if "manifest.json" in found:
        found["manifest.json"] = manifest_of(found["manifest.json"])
    return found


def complete(folder, undisturbed):
    """The experiments that are there, all of them whole: to the last byte as they should be."""
    names = [name for name in os.listdir(folder) if not name.startswith(".") and name != "manifest.json"]
    for name in names:
        for file in ("libnova.json", "summary.md"):
            assert (folder / name / file).read_bytes() == undisturbed[f"{name}/{file}"]
        assert sorted(os.listdir(folder / name)) == ["libnova.json", "summary.md"]
    return names


def resume(arguments, results, **more):
    return run(arguments, env=environment(results, resume="1", **more))


def starts(output):
    """(K, T, name) of each experiment that was started."""
    return [(int(m[1]), int(m[2]), m[5]) for m in START_LINE.finditer(output.decode())]


def check_continued(done, results, undisturbed, asked, kept):
    """It kept those and made the others, said and counted so, and all is as it should be."""
    assert done.returncode == 0, done
    assert contents(results) == undisturbed
    left = [name for name in asked if name not in kept]
    total = len(asked)
    wanted = [(number, total, name) for number, name in enumerate(left, total - len(left) + 1)]
    assert starts(done.stdout) == wanted
    said = done.stdout.decode()
    assert re.findall(r"^  ✓ Kept \S+/(\w+): ", said, re.MULTILINE) == [x for x in asked if x in kept]
    nothing_left = f"[PROGRESS] step=experiment_start current={total} total={total} | Nothing is left to do"
    assert (nothing_left in said) == (not left)
    attempts = load(results / "manifest.json")["attempts"]
    assert attempts[-1]["resumed"] and attempts[-1]["run_id"] == RUN_ID
    assert attempts[-1]["kept"] == [name for name in asked if name in kept]
    return attempts


@pytest.fixture(scope="module", name="few")
def few_undisturbed(tmp_path_factory):
    results = tmp_path_factory.mktemp("few")
    assert run(FEW_ARGUMENTS, results).returncode == 0
    return contents(results)


@pytest.fixture(scope="module", name="seven")
def seven_undisturbed(tmp_path_factory):
    """Contents and output."""
    results = tmp_path_factory.mktemp("seven")
    done = run(ALL_ARGUMENTS, results)
    assert done.returncode == 0
    return contents(results), done.stdout.decode()


@pytest.mark.parametrize("line, at_least", MOMENTS)
def test_killed_at_a_line_and_continued(tmp_path, seven, line, at_least):
    undisturbed, output = seven
    process = start(ALL_ARGUMENTS, tmp_path)
    read_until(process, line)
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    kept = complete(tmp_path, undisturbed)
    assert len(kept) >= at_least
    done = resume(ALL_ARGUMENTS, tmp_path)
    attempts = check_continued(done, tmp_path, undisturbed, EXPERIMENTS, kept)
    assert [attempt["resumed"] for attempt in attempts] == [False, True]
    # The tables speak of all experiments, whenever they were made.
    tables = " Combined Summary Table"
    assert done.stdout.decode().split(tables)[1] == output.split(tables)[1]


def kill_and_continue(folder, few, kill_before):
    """False if the run was over before it could be killed."""
    results = folder / str(kill_before)
    command = [program(), *FEW_ARGUMENTS]
    with open(os.devnull, "wb") as nowhere:
        _, code = kill_point.run(command, environment(results), nowhere, kill_before, results.is_dir)
    if code == 0:
        assert contents(results) == few
        return False
    assert code == -signal.SIGKILL
    kept = complete(results, few)
    check_continued(resume(FEW_ARGUMENTS, results), results, few, FEW, kept)
    shutil.rmtree(results)
    return True


def test_killed_before_every_system_call_and_continued(tmp_path, few):
    """From the first one after the results folder was made to the last one of all."""
    kills = 1
    while kill_and_continue(tmp_path, few, kills):
        kills += 1
    print(f"resume: {kills - 1} kills, one before each system call, 0 differences")
    assert kills > 100


def check_nothing_is_half(results):
    """What can be seen is whole, and a manifest speaks only of what is there and is its own."""
    made_with = {}
    for name in os.listdir(results):
        if name in FEW:
            assert sorted(os.listdir(results / name)) == ["libnova.json", "summary.md"]
            made_with[name] = load(results / name / "libnova.json")["inputs"]["count"]
    if (results / "manifest.json").exists():
        manifest = load(results / "manifest.json")
        said = {entry["experiment"]: manifest["asked"]["n"] for entry in manifest["complete"]}
        assert said == made_with


@pytest.mark.parametrize("wish", ["1", "0"])
def test_killed_while_older_results_are_removed(tmp_path, few, wish):
    """Before every system call between the first change and the first experiment."""
    older, results, output = tmp_path / "older", tmp_path / "results", tmp_path / "output"
    older_arguments = [*FEW_ARGUMENTS, "--n=4"]
    assert run(older_arguments, older).returncode == 0
    kills = 0
    while not output.exists() or "experiment_start" not in output.read_text(encoding="utf-8"):
        kills += 1
        shutil.rmtree(results, ignore_errors=True)
        shutil.copytree(older, results)
        with open(output, "wb") as file:
            _, code = kill_point.run(
                [program(), *FEW_ARGUMENTS],
                environment(results, resume=wish),
                file,
                kills,
                (results / "..attempts.json.tmp").exists,
            )
        assert code == -signal.SIGKILL
        check_nothing_is_half(results)
        check_continued(resume(FEW_ARGUMENTS, results), results, few, FEW, [])
    assert kills > 30


def test_what_a_kill_left_half_done_is_removed(tmp_path, few):
    """Also that of an experiment that is not asked for now."""
    for name in [*FEW, "lunar_position"]:
        (tmp_path / f".{name}.tmp").mkdir()
        (tmp_path / f".{name}.tmp" / "libnova.json").write_text("{")
        (tmp_path / f".{name}.tmp" / ".summary.md.tmp").write_text("# ")
    (tmp_path / ".manifest.json.tmp").write_text("{")
    (tmp_path / "..attempts.json.tmp").write_text("{")
    check_continued(resume(FEW_ARGUMENTS, tmp_path), tmp_path, few, FEW, [])


def test_killed_again_and_again(tmp_path, few):
    """Every attempt is killed at a random system call until one comes to its end."""
    dice = random.Random(SEED)
    for number in range(10):
        results = tmp_path / str(number)
        results.mkdir()
        command = [program(), *FEW_ARGUMENTS]
        env = environment(results, resume="1")
        with open(os.devnull, "wb") as nowhere:
            calls, code = kill_point.run(command, env, nowhere)
            assert code == 0
            shutil.rmtree(results)
            results.mkdir()
            attempts = 0
            while code != 0 or attempts == 0:
                before = complete(results, few)
                _, code = kill_point.run(command, env, nowhere, dice.randrange(calls // 3, calls + 9))
                attempts += 1
                after = complete(results, few)
                assert set(before) <= set(after), f"EMS_SEED={SEED}"
        assert contents(results) == few, f"EMS_SEED={SEED}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stopped_and_continued(tmp_path, seven, number):
    undisturbed, _ = seven
    process = start(ALL_ARGUMENTS, tmp_path)
    read_until(process, "experiment=lunar_position step=adapter_libnova ")
    process.send_signal(number)
    process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 128 + number
    kept = complete(tmp_path, undisturbed)
    # Only whole experiments, and the list of attempts.
    assert sorted(os.listdir(tmp_path)) == sorted([".attempts.json", *kept])
    assert kept and "lunar_position" not in kept
    check_continued(resume(ALL_ARGUMENTS, tmp_path), tmp_path, undisturbed, EXPERIMENTS, kept)


def test_speed_that_was_measured_is_kept_as_it_was(tmp_path):
    arguments = ["--experiments=gmst_era,equ_ecl", "--n=5", "--perf-rounds=3"]
    process = start(arguments, tmp_path)
    read_until(process, "experiment=equ_ecl step=performance ")
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    before = contents(tmp_path / "gmst_era")
    assert resume(arguments, tmp_path).returncode == 0
    assert contents(tmp_path / "gmst_era") == before
    again = resume(arguments, tmp_path)
    assert again.returncode == 0 and starts(again.stdout) == []
    assert [a["kept"] for a in load(tmp_path / "manifest.json")["attempts"]] == [
        [],
        ["gmst_era"],
        ["gmst_era", "equ_ecl"],
    ]


@pytest.mark.parametrize(
    "changed, why",
    [
        (["--n=4"], "it was made with n=3, this run has n=4"),
        (["--seed=43"], "it was made with seed=42, this run has seed=43"),
        (["--perf-rounds=1"], "its speed was measured in 2 rounds, this run takes 1"),
        (["--ci"], "its speed was measured in 2 rounds, this run takes 1"),
        (["--no-perf"], "it was made with measuring speed, this run does not measure it"),
    ],
)
def test_other_parameters_make_it_again_and_say_why(tmp_path, changed, why):
    arguments = ["--experiments=gmst_era", "--n=3", "--perf-rounds=2"]
    assert run(arguments, tmp_path).returncode == 0
    done = resume([*arguments, *changed], tmp_path)
    assert done.returncode == 0
    assert f"  ⚠ gmst_era is made again: {why}.\n" in done.stdout.decode()
    assert starts(done.stdout) == [(1, 1, "gmst_era")]
    attempts = load(tmp_path / "manifest.json")["attempts"]
    assert [attempt["kept"] for attempt in attempts] == [[], []]
    # What is there now is what was asked for now.
    assert starts(resume([*arguments, *changed], tmp_path).stdout) == []


def test_what_was_asked_for_in_another_order_is_kept_and_counted_first(tmp_path):
    assert run(["--experiments=equ_ecl", "--n=3", "--no-perf"], tmp_path).returncode == 0
    done = resume(FEW_ARGUMENTS, tmp_path)
    assert starts(done.stdout) == [(2, 3, "gmst_era"), (3, 3, "kepler_solver")]


def test_a_damaged_result_is_made_again(tmp_path, few):
    assert run(FEW_ARGUMENTS, tmp_path).returncode == 0
    torn = tmp_path / "equ_ecl" / "libnova.json"
    torn.write_bytes(torn.read_bytes()[:-100])
    (tmp_path / "gmst_era" / "summary.md").unlink()
    done = resume(FEW_ARGUMENTS, tmp_path)
    check_continued(done, tmp_path, few, FEW, ["kepler_solver"])
    assert "equ_ecl is made again: its libnova.json is not JSON." in done.stdout.decode()
    assert "gmst_era is made again: it has no summary.md." in done.stdout.decode()


def test_with_nothing_there_it_begins_at_the_beginning(tmp_path, few):
    results = tmp_path / "new"
    check_continued(resume(FEW_ARGUMENTS, results), results, few, FEW, [])


def test_without_a_run_id_it_is_that_of_the_run_that_is_continued(tmp_path, few):
    process = start(FEW_ARGUMENTS, tmp_path)
    read_until(process, "experiment=kepler_solver step=start ")
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    done = resume(FEW_ARGUMENTS, tmp_path, run_id=None)
    assert done.returncode == 0 and contents(tmp_path) == few


def test_by_hand_a_run_is_continued_by_its_id(tmp_path):
    arguments = ["--experiments=gmst_era", "--n=3", "--no-perf"]
    env = {**environment(), "EMS_RUN_ID": "mine"}
    assert run(arguments, env=env, cwd=tmp_path).returncode == 0
    done = run(arguments, env={**env, "EMS_RESUME": "1"}, cwd=tmp_path)
    assert done.returncode == 0 and b"Kept results/mine/gmst_era" in done.stdout


@pytest.mark.parametrize(
    "values, says",
    [
        ({"EMS_RESUME": "yes"}, "EMS_RESUME takes 1, to continue the run in the results folder, or 0"),
        ({"EMS_RESUME": "1"}, "EMS_RESUME=1 needs EMS_RESULTS_DIR or EMS_RUN_ID"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(tmp_path, values, says):
    done = run(["--n=1", "--no-perf"], env={**environment(), **values}, cwd=tmp_path)
    assert done.returncode == 64 and says in done.stderr.decode()
    assert done.stdout == b"" and os.listdir(tmp_path) == []
