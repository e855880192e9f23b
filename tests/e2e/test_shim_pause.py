# SPDX-License-Identifier: MPL-2.0
"""ems-shim holds a job and lets it go on; and what else may happen meanwhile."""
import os
import re
import signal
import time
from pathlib import Path

import pytest

from procs import eventually
from shimjob import (CANCELLED_LINE, GO, PREEMPTED_LINE, SUPERUSER, asleep, frozen, let_go, py, sh,
                     start_as_nobody, switches, trap)

HOLD_S = 5  # what cannot be held for so long is let go again

# A tree that uses all the time it can get, and some of it in a second thread.
SPINNERS = """
import os, sys, threading
def spin():
    while True:
        pass
ready, done = os.pipe()
for i in range(int(sys.argv[1])):
    if os.fork() == 0:
        os.setsid()
        if i % 2 and os.fork():
            os._exit(0)
        if i == 2:
            threading.Thread(target=spin).start()
        os.write(done, b".")
        spin()
    if i % 2:
        os.waitpid(-1, 0)
    os.read(ready, 1)
print("ready", flush=True)
spin()
"""

# Four shells that do nothing but start programs.
FORKERS = "for i in 1 2 3 4; do (while :; do /bin/true; done) & done; echo ready; wait"


def held(one):
    one.say("pause")
    assert one.hear() == b"paused"
    return one


def resumed(one):
    one.say("resume")
    assert one.hear() == b"resumed"
    return one


def running(job, argv, **spec):
    """A job that said that it is ready."""
    one = job(argv, **spec).start()
    one.printed(b"ready\n")
    return one


def ticks(pids):
    """Processor time that they used."""
    used = {}
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        used[pid] = int(fields[11]) + int(fields[12])
    return used


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


# ---- holding and letting go ----

def test_no_process_of_a_paused_job_runs_and_all_go_on_after_it(job, use_cgroup):
    one = running(job, py(SPINNERS, "6"), use_cgroup=use_cgroup)
    held(one)
    pids = one.alive()
    assert len(pids) == 7
    before = ticks(pids)
    if not use_cgroup:
        assert {state(pid) for pid in pids} == {"T"}
    time.sleep(0.3)  # the time that is being watched
    assert ticks(pids) == before
    resumed(one)
    for pid in pids:
        eventually(lambda: ticks([pid])[pid] > before[pid])
    one.stop(60000)
    assert one.outcome()["outcome"] == "cancelled"


def test_those_who_fork_all_the_time_are_held_too(job, use_cgroup):
    one = running(job, sh(FORKERS), use_cgroup=use_cgroup)
    for _ in range(10):
        held(one)
        pids = one.alive()
        before = ticks(pids)
        time.sleep(0.02)  # the time that is being watched
        assert one.alive() == pids and ticks(pids) == before
        resumed(one)
        eventually(lambda: set(one.alive()) != set(pids))
    one.stop(60000)
    assert one.outcome()["outcome"] == "cancelled"


def test_a_process_that_left_the_cgroup_is_held_too(job):
    leave = "import os\nif os.fork(): os.wait()\n" \
            "group = [l[3:].strip() for l in open('/proc/self/cgroup') if l[:3] == '0::'][0]\n" \
            "mount = [l.split()[4] for l in open('/proc/self/mountinfo') if ' - cgroup2 ' in l][0]\n" \
            "above = mount + os.path.dirname(group).rstrip('/')\n" \
            "open(above + '/cgroup.procs', 'w').write('0')\n" \
            "print('ready', flush=True)\nwhile True: pass"
    one = running(job, py(leave))
    held(one)
    inside, outside = sorted(one.alive(), key=lambda pid: pid != one.main())
    assert state(outside) == "T" and state(inside) == "S"
    resumed(one)
    eventually(lambda: state(outside) == "R")
    one.stop(60000)
    assert one.outcome()["outcome"] == "cancelled"


def test_who_was_stopped_before_stays_so(job):
    one = running(job, sh("sleep 600 & kill -STOP $!; echo $! >{dir}/child; echo ready; wait"),
                  use_cgroup=False)
    child = int((one.dir / "child").read_text())
    eventually(lambda: state(child) == "T")
    resumed(held(one))
    eventually(lambda: state(one.main()) == "S")
    assert state(child) == "T"
    one.stop(60000)
    assert one.outcome()["outcome"] == "cancelled"


def test_what_must_not_be_held_is_let_go_again(job, open_folder):
    one = start_as_nobody(job, open_folder, SUPERUSER.replace("sys.exit(0)", "time.sleep(600)"))
    one.printed(b".\n")
    survivor = int(re.search(rb"pid=(\d+)", one.output())[1])
    try:
        before = time.monotonic()
        one.say("pause")
        assert one.hear() == b"resumed"
        assert time.monotonic() - before >= HOLD_S - 0.01  # its clock counts whole milliseconds
    finally:
        os.kill(survivor, signal.SIGKILL)
    one.stop(60000)
    assert one.outcome()["outcome"] == "cancelled"


def test_pause_and_resume_are_answered_again_when_it_is_so_already(job, use_cgroup):
    one = running(job, GO, use_cgroup=use_cgroup)
    resumed(one)
    held(held(one))
    resumed(resumed(one))
    (one.dir / "go").touch()
    assert one.outcome()["outcome"] == "exited"


def test_a_job_that_was_paused_often_ends_as_if_it_never_was(job, use_cgroup):
    one = job(sh("for i in $(seq 300); do echo $i; sleep 0.002; done; exit 7"),
              use_cgroup=use_cgroup).start()
    for _ in range(15):
        one.say("pause")
        word = one.hear()
        if word == b"exited":
            break
        assert word == b"paused"
        one.say("resume")
        word = one.hear()
        if word == b"exited":
            break
        assert word == b"resumed"
    if word != b"exited":
        end = one.outcome()
        assert (end["outcome"], end["code"]) == ("exited", 7)
    assert one.output() == b"".join(b"%d\n" % i for i in range(1, 301))


# ---- whom it is told ----

def test_a_pause_before_the_job_runs_holds_it_as_soon_as_it_does(job, use_cgroup):
    one = job(GO, use_cgroup=use_cgroup).start(wait=False)
    one.say("pause")
    assert [one.hear(), one.hear()] == [b"started", b"paused"]
    resumed(one)
    (one.dir / "go").touch()
    assert one.outcome()["outcome"] == "exited"


def test_a_later_worker_hears_that_the_job_is_paused(job, use_cgroup):
    one = held(running(job, GO, use_cgroup=use_cgroup))
    one.ctl.close()
    one.ctl = one.connect()
    assert [one.hear(), one.hear()] == [b"started", b"paused"]
    resumed(one)
    other = one.connect()
    assert one.hear(other) == b"started"
    (one.dir / "go").touch()
    assert one.hear(other) == b"exited"  # and not that it is paused
    other.close()
    assert one.outcome()["outcome"] == "exited"


def test_messages_that_are_none_pause_and_preempt_nothing(job):
    one = running(job, GO)
    for message in (b"pause ", b"pause\n", b"pause 1", b"PAUSE", b"paus", b"resume ", b"resumed",
                    b"preempt", b"preempt ", b"preempt -1", b"preempt 600001", b"preempted 1"):
        one.ctl.send(message)
    probe = one.connect()
    assert one.hear(probe) == b"started"  # what came before has been taken in
    probe.close()
    (one.dir / "go").touch()
    assert one.outcome()["outcome"] == "exited"


# ---- the limits ----

@pytest.mark.parametrize("limit, outcome", [("time_limit_ms", "time_limit"),
                                            ("silence_limit_ms", "silent")])
def test_a_limit_stands_still_while_the_job_is_paused(job, use_cgroup, limit, outcome):
    began = time.monotonic()
    one = job(["/bin/sleep", "600"], use_cgroup=use_cgroup, **{limit: 1500}).start()
    held(one)
    paused = time.monotonic()
    time.sleep(2)  # longer than the limit
    assert not (one.dir / "exit.json").exists()
    resumed(one)
    pause_s = time.monotonic() - paused
    assert one.outcome()["outcome"] == outcome
    assert time.monotonic() - began >= 1.5 + 2 and pause_s >= 2


def stays_asleep(one):
    before = switches(one.pid)
    time.sleep(0.1)  # the time that is being watched
    return switches(one.pid) == before


def test_the_shim_does_not_wake_up_while_its_job_is_paused(job, use_cgroup):
    one = job(["/bin/sleep", "600"], use_cgroup=use_cgroup, time_limit_ms=600000,
              silence_limit_ms=600000).start()
    held(one)
    probe = one.connect()
    assert [one.hear(probe), one.hear(probe)] == [b"started", b"paused"]
    eventually(lambda: asleep(one.pid))
    eventually(lambda: stays_asleep(one))  # the kernel tells late that all are frozen
    before = switches(one.pid)
    time.sleep(1.5)  # the time that is being watched
    assert switches(one.pid) == before
    probe.close()
    one.stop(60000)
    one.outcome()


# ---- its end ----

@pytest.mark.parametrize("word, outcome, line", [("stop", "cancelled", CANCELLED_LINE),
                                                 ("preempt", "preempted", PREEMPTED_LINE)])
def test_a_paused_job_gets_its_sigterm_when_it_is_stopped(job, use_cgroup, word, outcome, line):
    one = held(running(job, trap("echo cleaned; exit 5"), use_cgroup=use_cgroup))
    one.say(f"{word} 60000")
    assert one.hear() == b"resumed"
    end = one.outcome()
    assert (end["outcome"], end["code"], end["forced"]) == (outcome, 5, False)
    assert one.output() == b"ready\ncleaned\n" + line


def test_a_paused_job_that_ignores_sigterm_is_killed_with_all_its_descendants(job, use_cgroup):
    one = held(running(job, sh("trap '' TERM; (sleep 600) & echo ready; while :; do sleep 1; done"),
                       use_cgroup=use_cgroup))
    one.stop(300)
    end = one.outcome()
    assert (end["outcome"], end["signal"], end["forced"]) == ("cancelled", 9, True)
    assert end["leftovers_killed"] >= 1


def test_a_main_process_that_is_killed_while_paused_ends_the_job(job, use_cgroup):
    one = held(running(job, sh("(trap '' TERM; sleep 600) & echo ready; wait"),
                       use_cgroup=use_cgroup))
    os.kill(one.main(), signal.SIGKILL)
    end = one.outcome()
    assert (end["outcome"], end["signal"], end["forced"]) == ("exited", 9, False)
    assert end["leftovers_killed"] >= 1 and end["drained"]


def test_sigterm_for_the_shim_stops_a_paused_job(job, use_cgroup):
    one = held(running(job, trap("exit 4"), use_cgroup=use_cgroup))
    os.kill(one.pid, signal.SIGTERM)
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("cancelled", 4)


# ---- races: all of it is seen in one wake-up ----

def seen_at_once(one, *words):
    with frozen(one):
        for word in words:
            one.say(word)


@pytest.mark.parametrize("first", ["pause", "exit"])
def test_a_pause_and_an_exit_are_an_exit(job, use_cgroup, first):
    one = running(job, GO, use_cgroup=use_cgroup)
    with frozen(one):
        if first == "pause":
            one.say("pause")
        let_go(one)
        if first == "exit":
            one.say("pause")
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("exited", 0)


@pytest.mark.parametrize("words", [["pause", "stop 60000"], ["stop 60000", "pause"]])
def test_a_pause_and_a_stop_are_a_stop(job, use_cgroup, words):
    one = running(job, trap("exit 6"), use_cgroup=use_cgroup)
    seen_at_once(one, *words)
    heard, end = one.outcome_heard()
    assert b"paused" not in heard
    assert (end["outcome"], end["code"]) == ("cancelled", 6)


@pytest.mark.parametrize("words", [["resume", "stop 60000"], ["stop 60000", "resume"]])
def test_a_resume_and_a_stop_of_a_paused_job_are_a_stop(job, use_cgroup, words):
    one = held(running(job, trap("exit 6"), use_cgroup=use_cgroup))
    seen_at_once(one, *words)
    assert one.hear() == b"resumed"
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("cancelled", 6)


@pytest.mark.parametrize("words, word", [(["pause", "resume"], b"resumed"),
                                         (["resume", "pause"], b"paused")])
def test_of_a_pause_and_a_resume_the_last_counts(job, use_cgroup, words, word):
    one = running(job, GO, use_cgroup=use_cgroup)
    seen_at_once(one, *words)
    assert one.hear() == word
    resumed(one)
    (one.dir / "go").touch()
    assert one.outcome()["outcome"] == "exited"


def test_a_stop_while_all_are_still_being_held_is_obeyed(job, use_cgroup):
    for delay_ms in range(0, 20, 2):
        one = job(sh(FORKERS), use_cgroup=use_cgroup).start()
        one.say("pause")
        time.sleep(delay_ms / 1000)  # some other moment each time
        one.stop(60000)
        assert one.outcome()["outcome"] == "cancelled"


def test_a_job_whose_shim_is_killed_while_it_is_paused_can_be_killed(job, use_cgroup):
    one = held(running(job, GO, use_cgroup=use_cgroup))
    os.kill(one.pid, signal.SIGKILL)
    assert one.ended() == -signal.SIGKILL
    for pid in one.alive():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: one.alive() == [])


# ---- preemption ----

def test_a_preempted_job_gets_sigterm_and_the_grace(job, use_cgroup):
    one = running(job, trap("echo no"), use_cgroup=use_cgroup)
    before = time.monotonic()
    one.say("preempt 500")
    end = one.outcome()
    assert time.monotonic() - before >= 0.5
    assert (end["outcome"], end["signal"], end["forced"]) == ("preempted", 9, True)
    assert one.output() == b"ready\nno\n" + PREEMPTED_LINE


@pytest.mark.parametrize("words", [["preempt 0", "stop 60000"], ["stop 60000", "preempt 0"]])
def test_a_preemption_and_a_stop_are_a_cancel(job, words):
    one = running(job, trap(":"))
    seen_at_once(one, *words)
    end = one.outcome()
    assert (end["outcome"], end["forced"]) == ("cancelled", True)
    assert one.output() == b"ready\n" + CANCELLED_LINE


def test_a_stop_during_the_grace_of_a_preemption_is_a_cancel(job):
    one = running(job, trap("echo term"))
    one.say("preempt 600000")
    one.printed(b"term\n")
    one.stop(0)
    assert one.outcome()["outcome"] == "cancelled"


@pytest.mark.parametrize("first", ["preempt", "exit"])
def test_a_preemption_and_an_exit_seen_in_one_wakeup_are_a_preemption(job, first):
    one = running(job, GO)
    with frozen(one):
        if first == "preempt":
            one.say("preempt 60000")
        let_go(one)
        if first == "exit":
            one.say("preempt 60000")
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("preempted", 0)


def test_a_preemption_after_the_end_was_seen_changes_nothing(job):
    one = running(job, GO)
    main = one.main()
    stranger = os.open(f"/proc/{main}/fd/1", os.O_WRONLY)  # so that the shim is still draining
    (one.dir / "go").touch()
    eventually(lambda: not os.path.exists(f"/proc/{main}"))
    one.say("preempt 0")
    one.stop(0)
    end = one.outcome()
    os.close(stranger)
    assert (end["outcome"], end["code"]) == ("exited", 0)
    assert one.output() == b"ready\n"
