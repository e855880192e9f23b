# SPDX-License-Identifier: MPL-2.0
"""What a job may use: silence, the length of its log, CPUs, niceness, rlimits, memory; and what a
further attempt finds."""
import json
import os
import resource
import select
import time

import pytest

from procs import eventually
from shimjob import (CANCELLED_LINE, GO, PREEMPTED_LINE, asleep, cannot, cgroups_can_be_made, frozen,
                     grow, let_go, py, sh, switches, trap)


# ---- the experiment that runs ----

def test_the_limit_of_an_experiment_strikes_also_when_it_is_told_again_and_again(job):
    one = job(sh("exec sleep 600"), grace_ms=300).start()
    before = time.monotonic()
    while not select.select([one.ctl], [], [], 0.1)[0] and time.monotonic() - before < 60:
        one.say("limit 1500 3 lunar_position")
    end = one.outcome()
    assert time.monotonic() - before >= 1.5
    assert (end["outcome"], end["signal"]) == ("time_limit", 15)
    assert end["detail"] == "experiment lunar_position took longer than its time limit"


def test_the_limit_of_an_experiment_ends_with_it(job):
    one = job(GO, grace_ms=300).start()
    one.say("limit 1000 1 first")
    one.say("limit 0 2 ")
    time.sleep(2)
    (one.dir / "go").touch()
    assert one.outcome()["outcome"] == "exited"


# ---- silence ----

def test_a_silent_job_gets_sigterm(job):
    before = time.monotonic()
    one = job(sh("echo out; exec sleep 600"), silence_limit_ms=400).start()
    end = one.outcome()
    assert time.monotonic() - before >= 0.4
    assert (end["outcome"], end["signal"], end["forced"]) == ("silent", 15, False)
    assert one.output() == b"out\n"


def test_a_silent_job_that_ignores_sigterm_is_killed_after_the_grace(job):
    before = time.monotonic()
    end = job(trap(":"), silence_limit_ms=300, grace_ms=300).start().outcome()
    assert time.monotonic() - before >= 0.6
    assert (end["outcome"], end["signal"], end["forced"]) == ("silent", 9, True)


def test_any_output_ends_the_silence(job):
    one = job(sh("for i in 1 2 3 4 5 6 7 8; do sleep 0.4; printf .; done; exit 3"),
              silence_limit_ms=2500).start()
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("exited", 3)
    assert one.output() == b"." * 8


def test_a_job_that_closed_its_outputs_is_silent(job):
    one = job(sh("echo out; exec >&- 2>&-; exec sleep 600"), silence_limit_ms=300).start()
    assert one.outcome()["outcome"] == "silent"


def test_a_job_that_waits_for_room_on_the_disk_is_not_silent(small_disk, job):
    write = "import sys\nsys.stdout.write('x' * 3000000)\nsys.stdout.flush()\nsys.exit(7)"
    one = job(py(write), state=small_disk, silence_limit_ms=500).start()
    eventually(lambda: os.statvfs(small_disk).f_bavail == 0)
    time.sleep(1)  # longer than the limit
    grow(small_disk)
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("exited", 7)
    assert one.output() == b"x" * 3000000
    one.close()


def test_an_exit_and_silence_seen_in_one_wakeup_are_an_exit(job):
    one = job(GO, silence_limit_ms=2000).start()
    began = time.monotonic()
    one.printed(b"ready\n")
    with frozen(one):
        let_go(one)
        eventually(lambda: time.monotonic() > began + 2.2)
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("exited", 0)


def test_the_shim_does_not_wake_up_for_a_silence_that_may_still_last(job):
    one = job(["/bin/sleep", "600"], silence_limit_ms=600000).start()
    eventually(lambda: asleep(one.pid))
    before = switches(one.pid)
    time.sleep(1.5)  # the time that is being watched
    assert switches(one.pid) == before
    one.stop(60000)
    one.outcome()


# ---- the log ----

def log_limit(one, bytes_more):
    """As if the worker had written it: so many bytes beyond the first line."""
    one.spec["log_limit_bytes"] = len(one.first_line()) + bytes_more
    (one.dir / "spec.json").write_text(json.dumps(one.spec))
    return one


def test_a_log_ends_exactly_at_its_limit_and_the_job_with_it(job):
    one = log_limit(job(sh("while :; do echo 0123456789; done")), 100000).start()
    end = one.outcome()
    assert (end["outcome"], end["signal"], end["forced"]) == ("log_limit", 15, False)
    assert one.output() == (b"0123456789\n" * 10000)[:100000]


def test_a_job_that_floods_and_ignores_sigterm_is_killed_after_the_grace(job):
    one = job(sh("trap '' TERM; while :; do echo 0123456789; done"), grace_ms=300)
    end = log_limit(one, 5000).start().outcome()
    assert (end["outcome"], end["signal"], end["forced"]) == ("log_limit", 9, True)
    assert one.log_path.stat().st_size == one.spec["log_limit_bytes"]


def test_a_log_of_exactly_its_limit_is_not_too_long(job):
    one = log_limit(job(sh("echo 12345; exit 3")), 6).start()
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("exited", 3)
    assert one.output() == b"12345\n"


def test_a_log_that_is_one_byte_too_long_is_found_out_however_soon_the_job_ends(job):
    one = log_limit(job(sh("echo 12345; exit 0")), 5).start()
    assert one.outcome()["outcome"] == "log_limit"
    assert one.output() == b"12345"


def test_a_cancelled_job_keeps_its_last_line_beyond_the_limit(job):
    one = log_limit(job(trap("echo this is too much; exit 0")), 10).start()
    one.printed(b"ready\n")
    one.stop(60000)
    assert one.outcome()["outcome"] == "cancelled"
    assert one.output() == b"ready\nthis\n" + CANCELLED_LINE


# ---- what the kernel holds it to ----

LOOK = "import os, resource, sys\nprint(sorted(os.sched_getaffinity(0)), os.getpriority(0, 0),\n" \
       "      [resource.getrlimit(getattr(resource, 'RLIMIT_' + n)) for n in sys.argv[1:]])"


def test_a_job_runs_on_its_cpus_only(job):
    cpus = sorted(os.sched_getaffinity(0))
    one = job(GO, cpus=cpus[-1:]).start()
    one.printed(b"ready\n")
    assert os.sched_getaffinity(one.main()) == {cpus[-1]}
    assert os.sched_getaffinity(one.pid) == set(cpus)
    (one.dir / "go").touch()
    assert one.outcome()["outcome"] == "exited"


def test_a_job_runs_at_its_nice_value_and_the_shim_at_its_own(job):
    one = job(GO, nice=7).start()
    one.printed(b"ready\n")
    assert os.getpriority(os.PRIO_PROCESS, one.main()) == 7
    assert os.getpriority(os.PRIO_PROCESS, one.pid) == os.getpriority(os.PRIO_PROCESS, 0)
    (one.dir / "go").touch()
    assert one.outcome()["outcome"] == "exited"


def test_a_job_has_its_rlimits(job):
    limits = {"as": [1 << 40, 1 << 41], "core": [0, 0], "cpu": [1000, 2000], "data": [1 << 40, -1],
              "fsize": [1 << 30, 1 << 31], "memlock": [4096, 8192], "nofile": [64, 128],
              "nproc": [5000, 6000], "stack": [1 << 23, 1 << 24]}
    one = job(py(LOOK, *[name.upper() for name in limits]), rlimits=limits).start()
    assert one.outcome()["code"] == 0
    assert one.output().decode().split("[")[2] == str([tuple(p) for p in limits.values()])[1:] + "\n"


def test_a_job_without_limits_has_those_of_the_shim(job):
    one = job(py(LOOK, "NOFILE", "CORE")).start()
    one.outcome()
    own = [resource.getrlimit(each) for each in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]
    cpus = sorted(os.sched_getaffinity(0))
    assert one.output().decode() == f"{cpus} {os.getpriority(os.PRIO_PROCESS, 0)} {own}\n"


def test_a_job_can_have_fewer_descriptors_than_the_slot_needs(job):
    one = job(sh("echo out"), rlimits={"nofile": [8, 8], "fsize": [0, 0]}).start()
    assert one.outcome()["code"] == 0
    assert one.output() == b"out\n"


@pytest.mark.parametrize("limits, detail", [
    ({"cpus": [0, 1023]}, "cannot bind the job to the CPUs 0,1023: Invalid argument"),
    ({"cpus": [1022]}, "cannot bind the job to the CPUs 1022: Invalid argument"),
    ({"rlimits": {"nofile": [65, 64]}},
     "cannot set the limit nofile to 65 (at most 64): Invalid argument"),
    ({"rlimits": {"core": [0, 0], "teeth": [32, 32]}},
     "cannot set the limit teeth to 32 (at most 32): Invalid argument"),
    ({"use_cgroup": False, "memory_limit_bytes": 1 << 20},
     "cannot limit the memory to 1048576 bytes without a cgroup v2: the job is to run without one"),
])
def test_a_limit_that_cannot_be_set_is_a_spawn_failure(job, tmp_path, limits, detail):
    one = job(sh(f"touch {tmp_path}/ran"), **limits).start(wait=False)
    end = one.outcome()
    assert (end["outcome"], end["detail"], end["started_at_ms"]) == ("spawn", detail, 0)
    assert not (tmp_path / "ran").exists()


def memory_controller():
    """Has the folder in which cgroups of jobs are made a memory controller to hand on?"""
    line = [line for line in open("/proc/self/mountinfo") if " - cgroup2 " in line][0]
    own = [line[3:].strip() for line in open("/proc/self/cgroup") if line.startswith("0::")][0]
    folder = line.split()[4] + own.rstrip("/")
    return "memory" in open(f"{folder}/cgroup.controllers").read().split(), folder


def test_a_memory_limit_holds_or_nothing_runs(job, tmp_path):
    if not cgroups_can_be_made():
        cannot("no cgroup v2 can be made here")
    fill = f"open('{tmp_path}/ran', 'w')\nx = bytearray(200000000)"
    one = job(py(fill), memory_limit_bytes=50000000).start(wait=False)
    end = one.outcome()
    if end["outcome"] == "spawn":
        there, folder = memory_controller()
        assert end["detail"].startswith("cannot limit the memory to 50000000 bytes: no memory "
                                        "controller for cgroups here: ")
        assert there or f"{folder}/cgroup.subtree_control" in end["detail"].replace("//", "/")
        assert not (tmp_path / "ran").exists()
    else:
        assert (end["outcome"], end["signal"]) == ("exited", 9)
        assert end["detail"] == "killed at its memory limit of 50000000 bytes"


# ---- a further attempt ----

def again(job, one, argv, **spec):
    """The next attempt of the same job, as a worker makes it: the files of the last one are gone."""
    for path in one.dir.iterdir():
        path.unlink()
    one.dir.rmdir()
    one.close()
    return job(argv, job=one.job, state=one.state, attempt=one.spec["attempt"] + 1, **spec)


def test_a_further_attempt_appends_to_the_log_with_a_first_line_of_its_own(job):
    one = job(sh("echo one; exec sleep 600")).start()
    one.printed(b"one\n")
    one.say("preempt 60000")
    assert one.outcome()["outcome"] == "preempted"
    before = one.log_path.read_bytes()
    assert before == one.first_line() + b"one\n" + PREEMPTED_LINE
    two = again(job, one, sh("echo two")).start()
    assert two.outcome()["outcome"] == "exited"
    assert two.log_path.read_bytes() == before + two.first_line() + b"two\n"


def test_a_further_attempt_begins_on_a_line_of_its_own(job):
    one = job(sh("printf half")).start()
    one.outcome()
    two = again(job, one, sh("echo two")).start()
    two.outcome()
    assert two.log_path.read_bytes() == one.first_line() + b"half\n" + two.first_line() + b"two\n"


def test_the_log_of_earlier_attempts_counts_for_the_limit(job):
    one = job(sh("echo one")).start()
    one.outcome()
    used = one.log_path.stat().st_size
    two = again(job, one, sh("echo 123456789"))
    two.spec["log_limit_bytes"] = used + len(two.first_line()) + 4
    (two.dir / "spec.json").write_text(json.dumps(two.spec))
    assert two.start().outcome()["outcome"] == "log_limit"
    assert two.log_path.read_bytes() == one.first_line() + b"one\n" + two.first_line() + b"1234"


def test_a_log_that_was_full_before_the_attempt_ends_it_at_its_first_byte(job):
    one = job(sh("echo one")).start()
    one.outcome()
    two = again(job, one, sh("sleep 0.2; echo two; exec sleep 600"), log_limit_bytes=1).start()
    assert two.outcome()["outcome"] == "log_limit"
    assert two.log_path.read_bytes() == one.first_line() + b"one\n" + two.first_line()
