# SPDX-License-Identifier: MPL-2.0
"""monitor.py, which knows EMS from PROTOCOL.md alone, against a real system."""
import signal
import subprocess
from contextlib import contextmanager

import pytest

from curve_net import opened
from examples import EXAMPLES, ended, lines_until
from procs import eventually
from system import WORKER

MONITOR = ("/usr/bin/python3", EXAMPLES / "monitor.py")


def test_monitor_py_sees_what_happens_and_that_the_broker_was_away(ems):
    process = ems.spawn(*MONITOR)
    lines_until(process.stdout, f"^worker {WORKER} idle -, 0 in line$")
    job = ems.run("waits")
    lines_until(process.stdout, f"^job {job['job_id']} running waits")
    queued = ems.client.do("run", profile="say", if_busy="queue")["job"]
    lines_until(process.stdout, f"^job {queued['job_id']} queued say$")
    ems.kill9("broker")
    lines_until(process.stderr, "connection is lost")
    (ems.work / "go").touch()
    eventually(lambda: ems.record(queued["job_id"])["status"] == "completed")
    ems.start_part("broker")  # it was told of nothing, and looks
    lines_until(process.stdout, f"^job {job['job_id']} completed waits", f"^job {queued['job_id']} completed say",
                f"^worker {WORKER} idle")
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == 130


@pytest.mark.parametrize("kill", [False, True], ids=["undisturbed", "broker killed"])
def test_monitor_py_follows_a_job_without_losing_a_byte(ems, kill):
    job = ems.run("ticks")
    process = ems.spawn(*MONITOR, job["job_id"][:8])
    seen = b"".join(process.stdout.readline() for _ in range(20))
    if kill:
        ems.kill9("broker")
        size = len(ems.log(job["job_id"]))
        eventually(lambda: len(ems.log(job["job_id"])) > size + 100)
        ems.start_part("broker")
    (ems.work / "enough").touch()
    seen += process.stdout.read()
    code, _, said = ended(process)
    assert code == 0 and seen == ems.log(job["job_id"])
    assert said.endswith("monitor: completed\n") and ("connection is lost" in said) == kill


def test_monitor_py_says_what_it_cannot_find(ems):
    code, out, said = ended(ems.spawn(*MONITOR, "fedcba987654"))
    assert code == 1 and "fedcba987654" in said and out == b""


@contextmanager
def beside(*arguments):
    """A program beside the test, ended with it."""
    process = subprocess.Popen(list(map(str, arguments)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_monitor_py_gets_in_over_tcp_with_a_key():
    with opened() as net:
        net.start_all()
        place = (*MONITOR, "-e", net.at["clients"], "--events", net.at["events"], "--server",
                 net.base / "server.public", "--certificate")
        with (beside(*place, net.base / "stranger.secret", "last") as stranger,
              beside(*place, net.base / "vera.secret") as process):
            lines_until(process.stdout, "^worker bench-1 idle")
            ran = net.ems("run", "say")
            assert ran.returncode == 0, ran.stderr
            lines_until(process.stdout, "^job .* completed say")
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
            with beside(*place, net.base / "vera.secret", "last") as process:
                code, out, said = ended(process)
                assert (code, out.decode()) == (0, ran.stdout), said
            code, out, said = ended(stranger)
            assert code == 1 and "nobody answers at tcp://" in said and out == b""
