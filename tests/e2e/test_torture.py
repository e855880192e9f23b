# SPDX-License-Identifier: MPL-2.0
"""Orchestrators that hide, fight back and do to themselves what they can; with a cgroup and without.

However one of them ends, the answer comes in bounded time and says what happened, nothing of it is
alive, nothing of it is left, the log has what it wrote, and the slot takes the next job. What each
does: jobs/hostile.py and jobs/bomb.c. Each case is alone in a PID namespace (torture_world.py).
Whoever writes as fast as he can writes EMS_TORTURE_MIB, by default 1024.
"""
import os
from pathlib import Path

import pytest

import procs
from procs import eventually
from torture_world import MIB, in_a_world, not_shown, summary

pytestmark = pytest.mark.parametrize("cgroup", ["auto", "none"])
# In the broker up to 8 MiB of events wait for a monitor and 4 MiB for itself, twice while they move.
FLAT_KB = {"broker": 24576, "worker": 16384, "shim": 512}


@pytest.fixture(scope="module", autouse=True)
def print_summary(request):
    yield
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{summary()}")
    some = request.config.option.keyword or any("::" in name for name in request.config.args)
    assert some or not not_shown(), not_shown()


@pytest.fixture(autouse=True)
def privileges(cgroup):
    """A machine that lets us write to a cgroup v2 hierarchy must have the cases with one."""
    if os.geteuid() != 0:
        pytest.fail("only root can make PID namespaces")
    if cgroup == "auto" and not procs.cgroup_can_be_made():
        mounts = [line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
        if os.environ.get("CI") or any(os.access(mount[1], os.W_OK) for mount in mounts
                                       if mount[2] == "cgroup2"):
            pytest.fail("no cgroup can be made")
        pytest.skip("there is no cgroup v2 hierarchy that we may write to")


# Many

BOMBS = pytest.mark.parametrize("kind, n", [("turnover", 400), ("sprint", 4), ("refill", 400),
                                            ("limited", 1500)])


@BOMBS
@in_a_world
def test_a_fork_bomb_is_cancelled(ems, kind, n):
    job = ems.cancelled(ems.ready(kind, n, profile="bomb"))
    assert job["cancel"]["forced"]


@BOMBS
@in_a_world
def test_a_fork_bomb_whose_shim_is_killed_is_killed_by_the_worker(ems, kind, n):
    job = ems.ready(kind, n, profile="bomb")
    ems.kill_shim()
    ems.calm()
    ems.over(job, "failed", "lost")


@in_a_world
def test_300_processes_that_ignore_sigterm_are_cancelled(ems):
    job = ems.cancelled(ems.ready("ignorers", 300))
    assert job["cancel"]["forced"] and job["leftovers_killed"] == 300


# Stopped, traced, hidden

@pytest.mark.parametrize("what", ["stops itself", "is stopped by a child", "is traced",
                                  "has namespaces", "hides behind a dead thread",
                                  "unlocks the slot"])
@in_a_world
def test_a_job_that_is_hard_to_signal_is_cancelled(ems, what):
    ems.cancelled(ems.ready(what))


@in_a_world
def test_a_job_that_takes_most_of_the_processor_time_is_cancelled(ems):
    ems.cancelled(ems.ready("hogs", 4))


@in_a_world
def test_a_job_that_leaves_its_cgroup_is_cancelled(ems):
    ems.cancelled(ems.ready("leaves its cgroup", 20, stays=False))


@pytest.mark.parametrize("depth", [3, 40])
@in_a_world
def test_a_job_that_makes_cgroups_in_its_cgroup_and_freezes_them_is_cancelled(ems, depth):
    ems.cancelled(ems.ready("nests and freezes its cgroup", depth))


# Against the shim

OWED = [b"ready\n", b"owed\n" * 100000]


@in_a_world
def test_a_job_that_ends_while_its_shim_is_stopped_is_over_all_the_same(ems):
    ems.over(ems.torture("stops its shim", output=OWED), "completed")


@in_a_world
def test_an_exit_code_is_known_though_the_shim_was_stopped(ems):
    job = ems.over(ems.torture("stops its shim", 7, output=OWED), "failed", "exit")
    assert job["exit"] == {"code": 7, "signal": None}


@pytest.mark.parametrize("what", ["stops its shim and stays", "stops its shim for ever"])
@in_a_world
def test_a_job_that_stops_its_shim_is_cancelled(ems, what):
    job = ems.ready(what)
    eventually((ems.work / "stopped").exists)
    ems.cancelled(job)


@in_a_world
def test_a_job_that_ends_its_shim_with_sigterm_is_ended_itself(ems):
    ems.over(ems.torture("terms its shim"), "cancelled")


@pytest.mark.parametrize("what", ["kills its shim", "kills its shim without environment",
                                  "kills its shim without descriptors",
                                  "kills its shim behind a dead thread"])
@in_a_world
def test_a_job_that_kills_its_shim_is_lost_and_all_of_it_is_killed(ems, what):
    job = ems.over(ems.torture(what, 20), "failed", "lost")
    assert job["leftovers_killed"] >= 2


@in_a_world
def test_a_job_that_crowds_the_control_socket_is_cancelled_also_by_a_new_worker(ems):
    job = ems.ready("crowds the control socket", 40)
    ems.replace_worker()
    ems.cancelled(job)


# Output

@in_a_world
def test_a_job_that_closes_all_its_descriptors_ends_with_its_exit_code(ems):
    job = ems.over(ems.torture("closes everything", 3, output=[b"before\n"]), "failed", "exit")
    assert job["exit"] == {"code": 3, "signal": None}


@in_a_world
def test_a_job_that_opens_its_output_again_elsewhere_has_all_of_it_in_the_log(ems):
    written = b"one\ntwo\nthree\n\0\xfffour\nfive, and no newline"
    job = ems.over(ems.torture("reopens its output", output=[written]), "completed")
    assert job["log"]["lines"] == 6


@pytest.mark.parametrize("code, status, reason", [(0, "completed", None), (7, "failed", "exit")])
@in_a_world
def test_a_job_that_exits_in_the_middle_of_a_line_has_it_in_the_log(ems, code, status, reason):
    written = [b"a whole line\nhalf a li"]
    job = ems.over(ems.torture("exits in the middle of a line", code, output=written), status, reason)
    assert (job["log"]["lines"], job["exit"]["code"]) == (3, code)


@in_a_world
def test_a_job_that_dies_in_the_middle_of_a_line_has_it_in_the_log(ems):
    written = [b"a whole line\nhalf a li"]
    ems.over(ems.torture("dies in the middle of a line", output=written), "failed", "signal")


@in_a_world
def test_the_line_in_the_middle_of_which_a_job_is_cancelled_is_ended(ems):
    job = ems.ready("stops in the middle of a line", output=[b"ready\nhalf a li"])
    ems.cancelled(job)
    assert b"\nhalf a li\nBenchmark" in ems.log(job["job_id"])


@in_a_world
def test_daemons_that_go_on_writing_do_not_keep_a_job_from_being_over(ems):
    """And what each of them had written is in the log, in order, to the last byte."""
    job = ems.over(ems.torture("keeps its output open", 5), "completed")
    assert job["leftovers_killed"] == 5
    first, *lines = ems.log(job["job_id"]).splitlines(keepends=True)
    for number in range(5):
        said = [line for line in lines if line.startswith(b"%d " % number)]
        assert said == [b"%d %d\n" % (number, i) for i in range(len(said))]
        count = ems.work / f"said-{number}"
        assert len(said) >= int(count.exists() and count.read_text() or 0)
    ems.output[job["job_id"]] = [first, *lines]


def memory_kb(pid):
    """Its own: how much of a program's file counts as its depends on how many others run the same."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1])
    raise AssertionError(f"no Pss_Anon for {pid}")


def growth_while(ems, job):
    """By how much the memory of each part grows at most until the job is over, from when each has had
    to do with its output."""
    log = ems.state / "logs" / f"{job['job_id']}.log"
    eventually(lambda: log.exists() and log.stat().st_size > MIB * 1024 * 1024 // 64)
    pids = {name: part.pid for name, part in ems.parts.items()} | {"shim": ems.shims()[0][0]}
    first = {name: memory_kb(pid) for name, pid in pids.items()}
    most = dict(first)

    def over():
        for name, pid in pids.items():
            try:
                most[name] = max(most[name], memory_kb(pid))
            except (FileNotFoundError, ProcessLookupError):
                continue  # the shim has ended
        return ems.status(job["job_id"])["status"] != "running"
    eventually(over, deadline_s=60 + MIB // 10)
    return {name: most[name] - first[name] for name in pids}


@in_a_world
def test_a_gigabyte_is_logged_byte_by_byte_and_no_process_grows(ems):
    job = ems.torture("writes", MIB, output=[bytes(range(256)) * 4096] * MIB)
    monitor = ems.follow(job["job_id"], ems.base / "copy")
    growth = growth_while(ems, job)
    job = ems.over(job, "completed")
    assert all(growth[name] < FLAT_KB[name] for name in growth), growth
    _, said = monitor.communicate(timeout=60 + MIB // 10)
    assert monitor.returncode == 0, said
    ems.note_copy(job, "monitor-1", ems.base / "copy")


# Results

@pytest.mark.parametrize("what", ["turns its results into a link", "turns its results into a file",
                                  "takes its results away"])
@in_a_world
def test_a_job_without_its_results_folder_does_not_complete(ems, what):
    (ems.work / "keepsake").write_text("not a result")
    job = ems.over(ems.torture(what, output=[]), "failed", "disk")
    assert "results" in job["detail"]
    ems.over(ems.torture(what, 1, output=[]), "failed", "exit")
    assert (ems.work / "keepsake").read_text() == "not a result"


@in_a_world
def test_thousands_of_results_and_a_deep_tree_are_published_or_removed(ems):
    job = ems.over(ems.torture("fills its results", output=[]), "completed")
    folder = Path(job["results_dir"])
    folder.chmod(0o755)
    assert sum(len(os.listdir(folder / str(number))) for number in range(20)) == 2000
    ems.over(ems.torture("fills its results", 1, output=[]), "failed", "exit")
    assert os.listdir("/") and ems.work.exists(), "links were removed, not what they point to"
