# SPDX-License-Identifier: MPL-2.0
"""The first of the README's two commands, from a fresh clone."""
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import procs
from system import ROOT

pytestmark = pytest.mark.serial
SEVEN = {"frame_rotation_bpn", "gmst_era", "equ_ecl", "equ_horizontal", "solar_position",
         "lunar_position", "kepler_solver"}


def git(*arguments, cwd=ROOT):
    return subprocess.run(["git", "-c", "safe.directory=*", *arguments], cwd=cwd, check=True,
                          capture_output=True, text=True).stdout


def clone(target):
    """A clone of this tree, with what is changed in it but not committed yet."""
    git("clone", "--quiet", "--no-hardlinks", ROOT, target)
    for name in git("ls-files", "-z", "--deleted").split("\0")[:-1]:
        (target / name).unlink(missing_ok=True)
    changed = git("ls-files", "-z", "--modified", "--others", "--exclude-standard")
    for name in changed.split("\0")[:-1]:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


@pytest.fixture
def base():
    """A short folder; whatever still runs in it at the end is ended and reported."""
    folder = Path(tempfile.mkdtemp(prefix="ems-e2e-", dir="/tmp"))
    yield folder
    left = procs.mentioning(str(folder))
    for who in left:
        procs.kill(who)
    shutil.rmtree(folder)
    assert not left, f"left running: {left}"


def test_quickstart_from_a_fresh_clone_completes_the_seven_experiments(base):
    clone(base / "clone")
    before = git("status", "--porcelain", cwd=base / "clone")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EMS_")}
    environment |= {"EMS_STATE": str(base / "own"), "HOME": str(base), "N": "50", "ROUNDS": "2"}
    state = base / "clone" / "build" / "quickstart"
    done = subprocess.run([base / "clone" / "deploy" / "quickstart.sh"], env=environment, cwd=base,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=850,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout
    [record] = (state / "logs" / "jobs").glob("*.json")
    job = json.loads(record.read_text())
    assert (job["status"], job["exit"]) == ("completed", {"code": 0, "signal": None})
    assert job["experiments"] == {"done": 7, "total": 7}
    results = state / "results" / job["run_id"]
    assert {path.name for path in results.iterdir() if path.is_dir()} == SEVEN
    assert json.loads((results / "manifest.json").read_text())
    log = (state / "logs" / f"{job['job_id']}.log").read_text()
    assert log.startswith("Starting benchmark: ")
    assert str(results) in done.stdout and "[PROGRESS]" in done.stdout
    assert git("status", "--porcelain", cwd=base / "clone") == before, "it left files in the tree"
    assert not (base / "own").exists(), "it used the state folder of the user"
    # "To build without the quickstart": that finds the same build, and leaves the programs in the PATH.
    [build] = re.findall(r"^cmake --preset release .*$", (ROOT / "README.md").read_text(), re.M)
    done = subprocess.run(["sh", "-euc", f"{build}\nems version"], env=environment, cwd=base / "clone",
                          capture_output=True, timeout=850, text=True, check=False)
    assert done.returncode == 0 and done.stdout.splitlines()[-1].startswith("ems "), done
