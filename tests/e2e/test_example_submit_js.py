# SPDX-License-Identifier: MPL-2.0
"""submit.js, which knows EMS from PROTOCOL.md alone, with its packages from npm's registry, against a real system."""
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from examples import EXAMPLES, ended, lines_until
from procs import eventually
from system import WORKER

NPM = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
REGISTRY_S = 300


@pytest.fixture(scope="module")
def submit_js():
    """The example with its packages, as package-lock.json has them, in a folder of the test's own."""
    with tempfile.TemporaryDirectory(prefix="ems-npm-") as folder:
        for name in ("submit.js", "package.json", "package-lock.json"):
            shutil.copy(EXAMPLES / name, folder)
        done = subprocess.run(NPM, cwd=folder, text=True, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=REGISTRY_S, check=False)
        assert done.returncode == 0, ("npm cannot get what client/examples/package-lock.json names from its registry, "
                                      f"which this test needs to reach: {done.stderr}")
        yield "node", Path(folder) / "submit.js"


def test_submit_js_runs_a_job_and_ends_as_it_ended(ems, submit_js):
    code, out, said = ended(ems.spawn(*submit_js, "say"))
    [job] = ems.jobs()
    assert (code, job["status"]) == (0, "completed"), said
    assert out == ems.log(job["job_id"])
    assert said.splitlines() == [f"submit: job {job['job_id']} on {WORKER}", "submit: running", "submit: completed"]
    assert ended(ems.spawn(*submit_js, "exits", "n=7"))[0] == 7


def test_submit_js_takes_parameters_of_every_type_and_says_what_is_wrong_with_them(ems, submit_js):
    code, _, said = ended(ems.spawn(*submit_js, "typed", "count=3", "fast=true", "items=alpha,gamma", "must=x"))
    assert code == 0, said
    config = ems.jobs()[0]["config"]
    assert (config["count"], config["fast"], config["items"]) == (3, True, ["alpha", "gamma"])
    code, out, said = ended(ems.spawn(*submit_js, "typed", "count=many", "must=x"))
    assert code == 65 and "count" in said and out == b""


def test_submit_js_waits_in_line_and_loses_nothing_when_the_broker_is_killed(ems, submit_js):
    first = ems.run("waits")
    process = ems.spawn(*submit_js, "ticks")
    job = eventually(lambda: next((job for job in ems.jobs() if job["profile"] == "ticks"), None))
    lines_until(process.stderr, "submit: queued")
    (ems.work / f"go.{first['job_id']}").touch()
    seen = b"".join(process.stdout.readline() for _ in range(20))
    ems.kill9("broker")
    size = len(ems.log(job["job_id"]))
    eventually(lambda: len(ems.log(job["job_id"])) > size + 100)
    ems.start_part("broker")
    lines_until(process.stderr, "connection is lost")
    (ems.work / "enough").touch()
    seen += process.stdout.read()
    assert process.wait(60) == 0 and seen == ems.log(job["job_id"])


def test_submit_js_cancels_on_a_signal_and_at_once_on_the_second(ems, submit_js):
    process = ems.spawn(*submit_js, "patient")
    [job] = eventually(ems.jobs)
    lines_until(process.stderr, "submit: running")
    ems.wait_log(job["job_id"], b"ready")
    process.send_signal(signal.SIGINT)
    ems.wait_log(job["job_id"], b"got SIGTERM")
    process.send_signal(signal.SIGINT)
    assert process.stdout.read() == ems.log(job["job_id"]) and process.wait(60) == 130
    assert ems.status(job["job_id"])["cancel"]["forced"]


def test_submit_js_says_who_does_not_answer(ems, submit_js):
    ems.environment["EMS_ENDPOINT"] = f"ipc://{ems.base}/nobody"
    code, out, said = ended(ems.spawn(*submit_js, "say"))
    assert code == 69 and f"nobody answers at ipc://{ems.base}/nobody" in said and out == b""
