# SPDX-License-Identifier: MPL-2.0
"""lab-orchestrator as a process: output, files, refusals, signals.

Run: EMS_BIN_DIR=build/bin /usr/bin/python3 -m pytest tests/e2e/test_lab_orchestrator.py
Nothing here waits for a time; it waits for a line or an exit, with a generous deadline.
"""

import os
import re
import resource
import signal
import subprocess
import time

import pytest

from lab import (
    DEADLINE_S,
    EXPERIMENTS,
    FIGURES,
    RUN_ID,
    START_LINE,
    STEP_LINE,
    STEPS,
    environment,
    load,
    program,
    read_until,
    run,
    start,
)


@pytest.fixture(scope="module", name="full")
def full_run(tmp_path_factory):
    """All seven, with a little of performance."""
    results = tmp_path_factory.mktemp("full") / "made" / RUN_ID
    done = run(["--experiments=all", "--n", "60", "--seed=42", "--perf-rounds=3"], results)
    assert done.returncode == 0, done.stderr
    return results, done


def test_full_run_leaves_seven_folders_and_a_manifest(full):
    results, done = full
    assert done.stderr == b""
    assert sorted(os.listdir(results)) == sorted(EXPERIMENTS + ["manifest.json"])
    for name in EXPERIMENTS:
        assert sorted(os.listdir(results / name)) == ["libnova.json", "summary.md"]


def test_output_is_in_the_manner_of_the_sample(full):
    _, done = full
    text = done.stdout.decode("utf-8")
    lines = text.split("\n")
    assert lines[:4] == ["=" * 70, " EMS Lab — Benchmark Run", "=" * 70, f"  Timestamp:     {RUN_ID}"]
    assert lines[4] == "  Experiments:   " + ", ".join(EXPERIMENTS)
    assert lines[5:8] == [
        "  N (cases):     60",
        "  Seed:          42",
        "  Performance:   enabled (rounds: 3)",
    ]
    assert lines[8:10] == ["  CI mode:       no", "=" * 70]
    for name in EXPERIMENTS:
        assert f"  ✓ Wrote results/{RUN_ID}/{name}/libnova.json" in lines
        assert f"  ✓ Wrote results/{RUN_ID}/{name}/summary.md" in lines
        assert f" Results Summary: {name}" in lines
    assert " Combined Summary Table" in lines
    assert "### Feature / Model Parity Matrix" in lines
    assert text.endswith(f"  ✓ Run manifest: results/{RUN_ID}/manifest.json\n")


def test_progress_lines_follow_the_grammar_and_count_up(full):
    _, done = full
    lines = [x for x in done.stdout.decode().split("\n") if x.startswith("[PROGRESS]")]
    wanted = []
    for number, name in enumerate(EXPERIMENTS, 1):
        wanted.append(("run", number, 7, name))
        for current, step in enumerate(STEPS + ["performance"]):
            wanted.append((step, current, 5, name))
        wanted.append(("done", 5, 5, name))
    got = []
    for line in lines:
        started = START_LINE.fullmatch(line)
        if started:
            k, total, k_again, total_again, name = started.groups()
            assert (k, total) == (k_again, total_again)
            got.append(("run", int(k), int(total), name))
        else:
            name, step, current, total, _ = STEP_LINE.fullmatch(line).groups()
            got.append((step, int(current), int(total), name))
    assert got == wanted


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_result_file_is_complete(full, name):
    results, _ = full
    data = load(results / name / "libnova.json")
    assert data["experiment"] == name and data["run_id"] == RUN_ID
    assert data["inputs"]["count"] == 60 and data["inputs"]["seed"] == "42"
    assert re.fullmatch(r"fnv1a64:[0-9a-f]{16}", data["inputs"]["fingerprint"])
    assert data["inputs"]["edge_cases"] >= 3
    assert data["accuracy"]
    for metric in data["accuracy"].values():
        assert all(isinstance(metric[figure], (int, float)) for figure in FIGURES)
        assert metric["nan"] == 0 and metric["inf"] == 0
        assert not metric.get("bound", {}).get("exceeded", False)
    for library in ("libnova", "erfa"):
        perf = data["performance"][library]
        assert perf["rounds"] == 3 and perf["warmup_rounds"] == 1
        assert perf["min_ns"] <= perf["median_ns"] <= perf["max_ns"]
        assert len(perf["interval95_ns"]) == 2 and perf["deviation_ns"] >= 0
        assert perf["trusted"] == (perf["warning"] is None)
    assert data["models"]["erfa"] and data["models"]["libnova"] and data["models"]["notes"]
    summary = (results / name / "summary.md").read_text(encoding="utf-8")
    assert data["title"] in summary and data["inputs"]["fingerprint"] in summary


def test_differences_make_physical_sense(full):
    results, _ = full

    def figure(name, metric, which):
        return load(results / name / "libnova.json")["accuracy"][metric][which]

    assert 10 < figure("frame_rotation_bpn", "angular_error_2000_2030_mas", "p50") < 90
    assert figure("gmst_era", "gmst_error_arcsec", "max") < 0.5
    assert figure("equ_ecl", "separation_arcsec", "max") < 2.3
    assert figure("equ_horizontal", "separation_arcsec", "max") < 20
    assert figure("equ_horizontal", "geometry_arcsec", "p99") < 1e-6
    assert figure("solar_position", "geometric_arcsec", "max") < 0.3
    assert figure("lunar_position", "separation_arcsec", "max") < 25
    assert figure("kepler_solver", "eccentric_anomaly_error_rad", "max") < 1e-12


def test_manifest_says_what_was_asked_and_what_is_complete(full):
    results, _ = full
    manifest = load(results / "manifest.json")
    assert manifest["run_id"] == RUN_ID
    assert manifest["asked"] == {
        "experiments": EXPERIMENTS,
        "n": 60,
        "seed": "42",
        "performance": True,
        "perf_rounds": 3,
        "ci": False,
    }
    assert [entry["experiment"] for entry in manifest["complete"]] == EXPERIMENTS
    assert manifest["failed"] == []
    for entry in manifest["complete"]:
        assert entry["bounds_exceeded"] == 0
        for file in entry["files"]:
            assert (results / entry["experiment"] / file).is_file()
    assert manifest["machine"]["cpus"] >= 1 and manifest["machine"]["kernel"]
    assert {"lab-orchestrator", "erfa", "sofa", "libnova", "cjson"} <= set(manifest["versions"])
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(stamp, manifest["started_at"])
    assert manifest["started_at"] <= manifest["finished_at"]
    attempt = {"started_at": manifest["started_at"], "run_id": RUN_ID, "resumed": False, "kept": []}
    assert manifest["attempts"] == [attempt]


def test_the_same_seed_gives_the_same_accuracy_whatever_else_runs(full, tmp_path):
    """Performance and other experiments before it do not change a digit."""
    results, _ = full
    for name in ("frame_rotation_bpn", "solar_position"):
        alone = tmp_path / name
        done = run(["--experiments", name, "--n=60", "--seed", "42", "--no-perf"], alone)
        assert done.returncode == 0
        first, second = load(results / name / "libnova.json"), load(alone / name / "libnova.json")
        assert second["performance"] is None
        assert {**first, "performance": None} == second


def test_another_seed_gives_another_fingerprint(full, tmp_path):
    results, _ = full
    assert run(["--experiments=gmst_era", "--n=60", "--seed=43", "--no-perf"], tmp_path).returncode == 0
    first = load(results / "gmst_era" / "libnova.json")["inputs"]["fingerprint"]
    assert load(tmp_path / "gmst_era" / "libnova.json")["inputs"]["fingerprint"] != first


def test_without_performance_there_is_one_step_less(tmp_path):
    done = run(["--experiments=gmst_era", "--n=5", "--no-perf"], tmp_path)
    steps = [m.groups()[1:4] for m in STEP_LINE.finditer(done.stdout.decode())]
    assert steps == [(s, str(i), "4") for i, s in enumerate(STEPS)] + [("done", "4", "4")]
    assert "  Performance:   disabled\n" in done.stdout.decode()


def test_ci_mode_takes_one_round(tmp_path):
    assert run(["--experiments=kepler_solver", "--n=5", "--ci"], tmp_path).returncode == 0
    perf = load(tmp_path / "kepler_solver" / "libnova.json")["performance"]["libnova"]
    assert perf["rounds"] == 1 and perf["interval95_ns"] is None and not perf["trusted"]


def test_a_relative_folder_is_shown_as_given(tmp_path):
    done = run(["--experiments=gmst_era", "--n=3", "--no-perf"], "here/below/", cwd=tmp_path)
    assert done.returncode == 0
    assert "  ✓ Wrote here/below/gmst_era/summary.md\n" in done.stdout.decode()
    assert (tmp_path / "here" / "below" / "manifest.json").is_file()


def test_by_hand_two_runs_in_one_second_get_two_folders(tmp_path):
    for _ in range(2):
        done = run(["--experiments=gmst_era", "--n=3", "--no-perf"], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    names = os.listdir(tmp_path / "results")
    assert len(names) == 2
    pattern = r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d{6})?"
    assert all(re.fullmatch(pattern, name) for name in names)


def test_a_second_run_in_the_same_folder_replaces_the_first(tmp_path):
    for seed in ("1", "2"):
        done = run(["--experiments=gmst_era", "--n=3", "--no-perf", "--seed", seed], tmp_path)
        assert done.returncode == 0, done.stderr
    assert load(tmp_path / "gmst_era" / "libnova.json")["inputs"]["seed"] == "2"
    assert len(load(tmp_path / "manifest.json")["attempts"]) == 1
    assert "An earlier result of gmst_era was removed" in done.stdout.decode()
    assert sorted(os.listdir(tmp_path)) == ["gmst_era", "manifest.json"]


def test_a_second_run_of_something_else_says_what_it_leaves_alone(tmp_path):
    assert run(["--experiments=gmst_era", "--n=3", "--no-perf"], tmp_path).returncode == 0
    done = run(["--experiments=equ_ecl", "--n=3", "--no-perf"], tmp_path)
    assert done.returncode == 0
    assert "An earlier result of gmst_era is left alone" in done.stdout.decode()
    assert [entry["experiment"] for entry in load(tmp_path / "manifest.json")["complete"]] == ["equ_ecl"]
    assert sorted(os.listdir(tmp_path)) == ["equ_ecl", "gmst_era", "manifest.json"]


def test_a_run_that_did_not_come_to_its_end_has_no_manifest_of_an_earlier_one(tmp_path):
    assert run(["--experiments=gmst_era", "--n=3", "--no-perf"], tmp_path).returncode == 0
    process = start(["--experiments=gmst_era", "--n=1000000", "--no-perf"], tmp_path)
    read_until(process, "step=generate_inputs ")
    process.kill()
    process.communicate()
    assert os.listdir(tmp_path) == [".attempts.json"]

def test_lines_come_at_once_into_a_pipe(tmp_path):
    process = start(["--experiments=lunar_position", "--n=1000000", "--no-perf"], tmp_path)
    try:
        read_until(process, "step=adapter_erfa ")
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["--n=0"], "--n takes a whole number from 1 to 1000000, not '0'"),
        (["--n", "many"], "not 'many'"),
        (["--seed=-1"], "--seed takes"),
        (["--perf-rounds=1001"], "--perf-rounds takes"),
        (["--experiments=nosuch"], "there is no experiment 'nosuch'"),
        (["--experiments=gmst_era,gmst_era"], "twice"),
        (["--no-perf=1"], "takes no value"),
        (["--n"], "needs a value"),
        (["--unknown"], "not an option"),
        (["stray"], "not an option"),
    ],
)
def test_bad_options_are_refused_before_anything_is_touched(tmp_path, arguments, says):
    results = tmp_path / "results"
    done = run(arguments, results)
    assert done.returncode == 64
    assert done.stdout == b""
    message = done.stderr.decode()
    assert says in message and message.count("\n") == 1
    assert not results.exists()


@pytest.mark.parametrize("run_id", ["../up", "a/b", ".hidden", "x" * 65, "a b"])
def test_a_run_id_that_is_no_name_is_refused(tmp_path, run_id):
    done = subprocess.run(
        [program(), "--n=1"],
        env=environment(tmp_path / "r", run_id),
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 64 and b"EMS_RUN_ID" in done.stderr
    assert not (tmp_path / "r").exists()


def test_help_and_version():
    done = run(["--help"])
    assert done.returncode == 0 and all(name in done.stdout.decode() for name in [*EXPERIMENTS, "EMS_RESUME"])
    done = run(["--version"])
    assert done.returncode == 0 and done.stdout.startswith(b"lab-orchestrator ")


def test_a_results_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("a file, not a folder")
    done = run(["--n=1", "--no-perf"], plain / "results")
    assert done.returncode == 74
    assert "plain" in done.stderr.decode() and "Not a directory" in done.stderr.decode()


def test_a_write_that_fails_leaves_no_torn_file(tmp_path):
    """A limit on file size stands for a full disk."""
    done = run(
        ["--experiments=gmst_era", "--n=3", "--no-perf"],
        tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512)),
    )
    assert done.returncode == 74
    assert "libnova.json" in done.stderr.decode() and "File too large" in done.stderr.decode()
    assert os.listdir(tmp_path) == [".attempts.json"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "experiment, wait_for, more",
    [
        ("frame_rotation_bpn", "step=generate_inputs ", ["--n=1000000", "--no-perf"]),
        ("frame_rotation_bpn", "step=adapter_erfa ", ["--n=1000000", "--no-perf"]),
        ("lunar_position", "step=adapter_libnova ", ["--n=20000", "--no-perf"]),
        ("kepler_solver", "step=accuracy ", ["--n=1000000", "--no-perf"]),
        ("kepler_solver", "step=performance ", ["--n=1000", "--perf-rounds=1000"]),
    ],
)
def test_a_signal_ends_it_at_once_and_cleanly(tmp_path, number, experiment, wait_for, more):
    process = start([f"--experiments={experiment}", *more], tmp_path)
    read_until(process, f"experiment={experiment} {wait_for}")
    sent = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=DEADLINE_S)
    # 200 ms is the aim; a loaded machine with sanitizers gets ten times that.
    assert time.monotonic() - sent < 2
    assert process.returncode == 128 + number
    assert errors == b""
    assert os.listdir(tmp_path) == [".attempts.json"]


def test_a_signal_leaves_what_was_complete(tmp_path):
    process = start(["--experiments=kepler_solver,lunar_position", "--n=20000", "--perf-rounds=2"], tmp_path)
    read_until(process, "experiment=lunar_position step=adapter_libnova ")
    process.terminate()
    process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 128 + signal.SIGTERM
    assert sorted(os.listdir(tmp_path)) == [".attempts.json", "kepler_solver"]
    assert sorted(os.listdir(tmp_path / "kepler_solver")) == ["libnova.json", "summary.md"]


def test_a_reader_that_goes_away_ends_it(tmp_path):
    process = start(["--n=1000000", "--no-perf"], tmp_path)
    read_until(process, "step=generate_inputs ")
    process.stdout.close()
    assert process.wait(timeout=DEADLINE_S) == 128 + signal.SIGPIPE
    process.stderr.close()
    assert os.listdir(tmp_path) == [".attempts.json"]
