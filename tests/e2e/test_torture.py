# SPDX-License-Identifier: MPL-2.0
"""Orchestrators that hide, fight back and do to themselves what they can; with a cgroup and without.

However one of them ends, the answer comes in bounded time and says what happened, nothing of it is
alive, nothing of it is left, and the slot takes the next job. What each does: jobs/hostile.py and
jobs/bomb.c.
"""
import os
import subprocess
import time
from pathlib import Path

import pytest

import procs
from procs import eventually
from profiles import JOBS
from system import BIN, System

pytestmark = pytest.mark.parametrize("cgroup", ["auto", "none"])
BOMB = Path(os.environ.get("EMS_TEST_PROGRAMS") or BIN.parent / "tests" / "e2e") / "bomb"
PARAMETERS = {"what": {"type": "string", "required": 1},
              "n": {"type": "int", "min": 0, "max": 100000, "default": 0}}
PROFILES = {
    name: {"command": program, "arguments": ["{what}", "{n}"], "parameters": PARAMETERS,
           "grace_ms": 200}
    for name, program in (("hostile", JOBS / "hostile.py"), ("bomb", BOMB))
}
BOUND_S = 45  # for any answer, on a machine that does other things as well
# In the broker up to 8 MiB of events wait for a monitor and 4 MiB for itself, twice while they move.
FLAT_KB = {"broker": 24576, "worker": 16384, "shim": 512}
GIGABYTE = 1024
# A sanitizer keeps what was freed, by default 256 MiB of it: that is no growth of ours.
KEEP_LITTLE = ":quarantine_size_mb=1:thread_local_quarantine_size_kb=16"
tried = {"jobs": 0, "survived": 0}


@pytest.fixture(scope="module", autouse=True)
def summary(request):
    yield
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\ntorture: {tried['jobs']} hostile jobs, {tried['survived']} of them ended as they must "
              f"and left nothing, {tried['jobs'] - tried['survived']} violations")


@pytest.fixture
def ems(request, cgroup):
    system = System(cgroup=cgroup, profiles=PROFILES)
    request.node.ems_system = system
    try:
        system.environment["ASAN_OPTIONS"] += KEEP_LITTLE
        system.start()
        yield system
    finally:
        request.node.ems_said = system.said()
        system.close()


def torture(ems, what, n=0, profile="hostile", **body):
    tried["jobs"] += 1
    return ems.run(profile, params={"what": what.replace(" ", "-"), "n": n}, **body)


def ready(ems, what, n=0, profile="hostile", **body):
    """The same, and it has said that it is as far as it should be."""
    job = torture(ems, what, n, profile, **body)

    def said():
        assert ems.status(job["job_id"])["status"] == "running", ems.log(job["job_id"])
        return b"ready\n" in ems.log(job["job_id"])
    eventually(said)
    return job


def timed(fact):
    """What comes back, in bounded time."""
    before = time.monotonic()
    value = fact()
    assert time.monotonic() - before < BOUND_S
    return value


def threads_alive(pid):
    """Also of a process whose first thread is dead."""
    try:
        return any(procs.identity(int(thread)) for thread in os.listdir(f"/proc/{pid}/task"))
    except FileNotFoundError:
        return False


def noted(ems):
    path = ems.work / "pids"
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


def nothing_is_left(ems, job):
    """Of this job, which is over, and the slot takes another; the record."""
    assert procs.mentioning(f"EMS_JOB_ID={job['job_id']}") == {}
    assert [pid for pid in noted(ems) if threads_alive(pid)] == []
    assert procs.cgroups(f"ems-{job['job_id']}") == []
    assert ems.entries("run") == []
    assert (job["run_id"] in ems.entries("results")) == (job["status"] == "completed")
    assert ems.record(job["job_id"])["status"] == ems.status(job["job_id"])["status"] == job["status"]
    assert timed(lambda: ems.finished("say"))["status"] == "completed"
    # What is large is removed bit by bit.
    eventually(lambda: ems.entries("results/.staging") == [])
    return job


def cancelled(ems, job, **body):
    """Cancel it: nothing may be left when the answer comes."""
    reply = timed(lambda: ems.cancel(job["job_id"], **body))
    assert reply.status == 200, reply
    job = nothing_is_left(ems, reply.body["job"])
    assert job["status"] == "cancelled"
    assert ems.log(job["job_id"]).splitlines()[-1] == b"Benchmark execution cancelled by user."
    tried["survived"] += 1
    return job


def over(ems, job, status, reason=None):
    """It ends by itself, and so."""
    job = nothing_is_left(ems, timed(lambda: ems.finish(job["job_id"])))
    assert (job["status"], job["reason"]) == (status, reason), job
    tried["survived"] += 1
    return job


# Many

BOMBS = pytest.mark.parametrize("kind, n", [("turnover", 400), ("sprint", 4), ("refill", 400)])


@BOMBS
def test_a_fork_bomb_is_cancelled(ems, kind, n):
    job = ready(ems, kind, n, profile="bomb")
    assert cancelled(ems, job)["cancel"]["forced"]


@BOMBS
def test_a_fork_bomb_whose_shim_is_killed_is_killed_by_the_worker(ems, kind, n):
    job = ready(ems, kind, n, profile="bomb")
    for who, arguments in procs.mentioning(str(ems.state)).items():
        if arguments.split()[0].endswith("ems-shim"):
            procs.kill(who)
    over(ems, job, "failed", "lost")


def test_300_processes_that_ignore_sigterm_are_cancelled(ems):
    job = cancelled(ems, ready(ems, "ignorers", 300))
    assert job["cancel"]["forced"] and job["leftovers_killed"] == 300


# Stopped, traced, hidden

@pytest.mark.parametrize("what", ["stops itself", "is stopped by a child", "is traced",
                                  "has namespaces", "hides behind a dead thread",
                                  "unlocks the slot"])
def test_a_job_that_is_hard_to_signal_is_cancelled(ems, what):
    cancelled(ems, ready(ems, what))


def test_a_job_that_takes_most_of_the_processor_time_is_cancelled(ems):
    cancelled(ems, ready(ems, "hogs", 4))


def test_a_job_that_leaves_its_cgroup_is_cancelled(ems):
    cancelled(ems, ready(ems, "leaves its cgroup", 20))


@pytest.mark.parametrize("depth", [3, 40])
def test_a_job_that_makes_cgroups_in_its_cgroup_and_freezes_them_is_cancelled(ems, depth):
    cancelled(ems, ready(ems, "nests and freezes its cgroup", depth))


# Against the shim

def test_a_job_that_ends_while_its_shim_is_stopped_is_over_all_the_same(ems):
    over(ems, torture(ems, "stops its shim"), "completed")


def test_an_exit_code_is_known_though_the_shim_was_stopped(ems):
    job = over(ems, torture(ems, "stops its shim", 7), "failed", "exit")
    assert job["exit"] == {"code": 7, "signal": None}


@pytest.mark.parametrize("what", ["stops its shim and stays", "stops its shim for ever"])
def test_a_job_that_stops_its_shim_is_cancelled(ems, what):
    cancelled(ems, ready(ems, what))


def test_a_job_that_ends_its_shim_with_sigterm_is_ended_itself(ems):
    over(ems, torture(ems, "terms its shim"), "cancelled")


@pytest.mark.parametrize("what", ["kills its shim", "kills its shim without environment",
                                  "kills its shim without descriptors",
                                  "kills its shim behind a dead thread"])
def test_a_job_that_kills_its_shim_is_lost_and_all_of_it_is_killed(ems, what):
    job = over(ems, torture(ems, what, 20), "failed", "lost")
    assert job["leftovers_killed"] >= 2


def test_a_job_that_crowds_the_control_socket_is_cancelled_also_by_a_new_worker(ems):
    job = ready(ems, "crowds the control socket", 40)
    ems.kill9("worker")
    ems.start_part("worker")
    ems.wait_ready()
    cancelled(ems, job)


# Output

def test_a_job_that_closes_all_its_descriptors_ends_with_its_exit_code(ems):
    job = over(ems, torture(ems, "closes everything", 3), "failed", "exit")
    assert job["exit"] == {"code": 3, "signal": None}
    assert ems.log(job["job_id"]).splitlines()[1:] == [b"before"]


def test_a_job_that_opens_its_output_again_elsewhere_has_all_of_it_in_the_log(ems):
    job = over(ems, torture(ems, "reopens its output"), "completed")
    written = b"one\ntwo\nthree\n\0\xfffour\nfive, and no newline"
    assert ems.log(job["job_id"]).partition(b"\n")[2] == written
    assert job["log"]["lines"] == 6


def test_daemons_that_go_on_writing_do_not_keep_a_job_from_being_over(ems):
    job = over(ems, torture(ems, "keeps its output open", 5), "completed")
    assert job["leftovers_killed"] == 5
    assert set(ems.log(job["job_id"]).splitlines()[1:-1]) <= {b"still here"}


def memory_kb(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise AssertionError(f"no Pss for {pid}")


def growth_while(ems, job):
    """By how much the memory of each part grows at most until the job is over."""
    [shim] = [who[0] for who, arguments in procs.mentioning(str(ems.state)).items()
              if arguments.split()[0].endswith("ems-shim")]
    pids = {"broker": ems.parts["broker"].pid, "worker": ems.parts["worker"].pid, "shim": shim}
    first = {name: memory_kb(pid) for name, pid in pids.items()}
    most = dict(first)
    while ems.status(job["job_id"])["status"] == "running":
        for name, pid in pids.items():
            try:
                most[name] = max(most[name], memory_kb(pid))
            except (FileNotFoundError, ProcessLookupError):
                continue  # the shim has ended
        time.sleep(0.05)
    return {name: most[name] - first[name] for name in pids}


def test_a_gigabyte_is_logged_byte_by_byte_and_no_process_grows(ems):
    job = torture(ems, "writes", GIGABYTE)
    monitor = ems.follow(job["job_id"], ems.base / "copy")
    growth = growth_while(ems, job)
    job = over(ems, job, "completed")
    assert all(growth[name] < FLAT_KB[name] for name in growth), growth
    block = bytes(range(256)) * 4096
    with open(ems.state / "logs" / f"{job['job_id']}.log", "rb") as log:
        first = log.readline()
        for number in range(GIGABYTE):
            assert log.read(len(block)) == block, f"MiB {number} differs"
        assert log.read() == b""
    assert job["log"]["bytes"] == len(first) + GIGABYTE * len(block)
    _, said = monitor.communicate(timeout=120)
    assert monitor.returncode == 0, said
    assert os.path.getsize(ems.base / "copy") == job["log"]["bytes"]


# Results

@pytest.mark.parametrize("what", ["turns its results into a link", "turns its results into a file",
                                  "takes its results away"])
def test_a_job_without_its_results_folder_does_not_complete(ems, what):
    (ems.work / "keepsake").write_text("not a result")
    job = over(ems, torture(ems, what), "failed", "disk")
    assert "results" in job["detail"]
    over(ems, torture(ems, what, 1), "failed", "exit")
    assert (ems.work / "keepsake").read_text() == "not a result"


def test_ten_thousand_results_and_a_deep_tree_are_published_or_removed(ems):
    job = over(ems, torture(ems, "fills its results"), "completed")
    folder = Path(job["results_dir"])
    folder.chmod(0o755)
    assert sum(len(os.listdir(folder / str(number))) for number in range(100)) == 10000
    # Deeper than what we remove our own folder with can go.
    subprocess.run(["rm", "-rf", folder], check=True)
    over(ems, torture(ems, "fills its results", 1), "failed", "exit")
    assert os.listdir("/") and ems.work.exists(), "links were removed, not what they point to"
