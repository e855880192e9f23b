# SPDX-License-Identifier: MPL-2.0
"""`ems up` and `ems down`: what is there is found, what is missing or dying is replaced."""
import json
import os
import signal

import pytest
from system import System


@pytest.fixture
def place():
    """A state folder where nothing runs yet; `ems up` starts it, `ems down` ends it."""
    ems = System()
    yield ems
    ems.ems("down", "--cancel")
    ems.close()


def lock_pid(ems, name):
    return int((ems.state / name).read_text(encoding="ascii"))


def up(ems, *arguments):
    result = ems.ems("up", *arguments)
    assert result.returncode == 0, result.stderr
    return result


def test_up_is_idempotent_and_down_stops_all(place):
    up(place, "--config", place.config)
    assert "runs already" in up(place).stderr
    result = place.ems("down")
    assert result.returncode == 0 and "worker stopped" in result.stderr


def test_up_after_a_crash_starts_what_ran_before(place):
    up(place, "--config", place.config)
    job = place.ems("run", "obeys", "--detach").stdout.strip()
    place.wait_log(job, b"ready")
    shim = json.loads((place.state / "run" / job / "shim.json").read_text())["shim"]["pid"]
    os.kill(lock_pid(place, "worker.lock"), signal.SIGKILL)
    os.kill(shim, signal.SIGKILL)
    up(place)  # at once, and without naming the configuration again
    assert place.client.ask("ping", worker="bench-1").status == 200
    assert place.finish(job)["reason"] == "lost"


def test_a_configuration_that_is_not_read_is_said(place):
    up(place, "--config", place.config)
    up(place, "--config", place.config)  # the same is no news
    other = place.base / "other.zpl"
    other.write_text(place.config.read_text())
    result = place.ems("up", "--config", other)
    assert result.returncode == 75 and "did not read" in result.stderr
    assert place.ems("down").returncode == 0
    up(place, "--config", other)


def test_a_configuration_that_is_refused_is_not_remembered(place):
    wrong = place.base / "wrong.zpl"
    wrong.write_text("worker\n    nam = 1\n")
    assert place.ems("up", "--config", wrong).returncode != 0
    assert "wrong.zpl" not in up(place).stderr


def test_down_with_cancel_says_what_to_do_when_no_worker_is_there(place):
    up(place, "--config", place.config)
    place.ems("run", "obeys", "--detach")
    assert "goes on" in place.ems("down").stderr
    result = place.ems("down", "--cancel")
    assert result.returncode == 69 and "ems up" in result.stderr
    up(place)
    assert place.ems("down", "--cancel").returncode == 0


def test_the_exit_code_in_a_json_error_is_the_real_one(place):
    up(place, "--config", place.config)
    for arguments in (["run", "nope"], ["run", "nope", "--n", "1"], ["show", "ffffffffffff"]):
        result = place.ems("--json", *arguments)
        assert json.loads(result.stdout)["exit"] == result.returncode in (65, 66)
