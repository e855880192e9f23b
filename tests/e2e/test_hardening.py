# SPDX-License-Identifier: MPL-2.0
"""The second lines of defence: what holds when something else has failed already."""
import errno
import subprocess

import pytest

from procs import eventually
from system import BIN, HERE

OPENAT2 = 437  # on every machine


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
@pytest.mark.parametrize("daemon", ["ems-broker", "ems-worker", "ems-notify"])
def test_without_openat2_no_daemon_starts(tmp_path, daemon, number):
    state = tmp_path / "s"
    done = subprocess.run(["/usr/bin/python3", HERE / "without_call.py", str(OPENAT2), str(number),
                           BIN / daemon, "--state", state], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 71, done
    assert "openat2" in done.stderr and "Linux 5.6" in done.stderr
    assert not (state / "logs").exists()


def replaced_by_a_link(path, target):
    path.rename(path.with_name(path.name + ".away"))
    path.symlink_to(target)


def test_nothing_is_read_over_a_link_that_somebody_put_in_its_place(ems):
    jobs = [ems.finished("say", notes=f"job {number}") for number in range(2)]
    logs = ems.state / "logs"
    secret = ems.base / "secret"
    (secret / "hidden-experiment").mkdir(parents=True)
    (secret / "file").write_text("what nobody may read\n")
    replaced_by_a_link(logs / f"{jobs[0]['job_id']}.log", secret / "file")
    reply = ems.client.ask("logs", job_id=jobs[0]["job_id"], tail_lines=10)
    assert reply.status == 500 and "symbolic links" in reply.error
    replaced_by_a_link(ems.state / "results" / jobs[0]["run_id"], secret)
    assert "hidden-experiment" not in str(ems.client.do("results"))
    # Not even to something of ours: of that record there is another owner of rights.
    replaced_by_a_link(logs / "jobs" / f"{jobs[0]['job_id']}.json", logs / "jobs" / f"{jobs[1]['job_id']}.json")
    reply = ems.client.ask("status", job_id=jobs[0]["job_id"])
    assert reply.status != 200 and "job 1" not in str(reply.body)
    assert ems.client.ask("logs", job_id=jobs[1]["job_id"], tail_lines=10).status == 200


def test_removal_takes_a_link_and_not_what_it_points_to(ems):
    kept = ems.base / "kept"
    kept.mkdir()
    (kept / "file").write_text("still here")
    job = ems.wait_log(ems.run("waits")["job_id"], b"ready\n")
    staging = ems.state / "results" / ".staging" / job["run_id"]
    (staging / "way-out").symlink_to(kept)
    (staging / "deep").mkdir()
    (staging / "deep" / "way-out").symlink_to("../../../../../kept")
    assert ems.cancel(job["job_id"]).status == 200
    eventually(lambda: not ems.entries("results/.staging"))
    assert (kept / "file").read_text() == "still here"
