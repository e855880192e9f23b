# SPDX-License-Identifier: MPL-2.0
"""lab-orchestrator as a process: starting it, reading what it says and writes."""

import json
import os
import re
import selectors
import subprocess
import time

EXPERIMENTS = [
    "frame_rotation_bpn",
    "gmst_era",
    "equ_ecl",
    "equ_horizontal",
    "solar_position",
    "lunar_position",
    "kepler_solver",
]
STEPS = ["start", "generate_inputs", "adapter_erfa", "adapter_libnova", "accuracy"]
FIGURES = ["p50", "p90", "p95", "p99", "max", "min", "mean", "rms"]
RUN_ID = "2026-01-02_03-04-05"
DEADLINE_S = 120

STEP_LINE = re.compile(r"\[PROGRESS\] experiment=(\w+) step=(\w+) current=(\d+) total=(\d+) \| (.+)")
START_LINE = re.compile(
    r"\[PROGRESS\] step=experiment_start current=(\d+) total=(\d+) \| Experiment (\d+)/(\d+): (\w+)"
)


def program():
    folder = os.environ.get("EMS_BIN_DIR")
    assert folder, "EMS_BIN_DIR must name the folder with the built programs"
    path = os.path.join(os.path.abspath(folder), "lab-orchestrator")
    assert os.access(path, os.X_OK), f"{path} is not there: build first"
    return path


def environment(results=None, run_id=RUN_ID, resume=None):
    """A name that is None is not in it."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("EMS_R")}
    if results is not None:
        env["EMS_RESULTS_DIR"] = str(results)
    if results is not None and run_id is not None:
        env["EMS_RUN_ID"] = run_id
    if resume is not None:
        env["EMS_RESUME"] = resume
    return env


def run(arguments, results=None, env=None, **more):
    return subprocess.run(
        [program(), *arguments],
        env=env or environment(results),
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
        **more,
    )


def start(arguments, results, cwd=None, env=None):
    return subprocess.Popen(
        [program(), *arguments],
        env=env or environment(results),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def read_until(process, text):
    """Everything up to the line with text; fails if it does not come."""
    seen = b""
    end = time.monotonic() + DEADLINE_S
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while text.encode() not in seen:
            assert selector.select(max(0, end - time.monotonic())), f"no {text!r} in {seen!r}"
            piece = os.read(process.stdout.fileno(), 65536)
            assert piece, f"ended before {text!r}: {seen!r}"
            seen += piece
    return seen


def load(path):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
