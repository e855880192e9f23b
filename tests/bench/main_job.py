#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Figures of the main job, each beside its limit or peer of the same run (design, section 7).

usage: main_job.py [--quiet-seconds S]

Uses the programs of EMS_BIN_DIR, else of build/bin; build them with the preset `release`. It asserts
results (every line arrived, nothing is alive), never times.
"""
import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from procs import eventually  # noqa: E402
from system import BIN, System  # noqa: E402

LINES = 2000000
LINE = "x" * 79
PRODUCER = f"yes {LINE} | head -n {LINES}"
ROUNDS = 5


def sh(script, **settings):
    return {"command": Path("/bin/sh"), "arguments": ["-c", script], "parameters": {}} | settings


PROFILES = {
    "flood": sh(PRODUCER),
    "true": {"command": Path("/bin/true"), "arguments": [], "parameters": {}},
    "silent": {"command": Path("/bin/sleep"), "arguments": ["1000"], "parameters": {}},
    "ignores": sh("trap '' TERM; echo ready; while :; do sleep 1000; done", grace_ms=500),
    "tree": sh("trap '' TERM; for i in $(seq 200); do setsid sleep 1000 & done; echo ready; wait", grace_ms=500),
}


def say(what, figure):
    print(f"{what:<58} {figure}", flush=True)


def median(values):
    return f"{statistics.median(values):8.1f} (from {min(values):.1f} to {max(values):.1f})"


def pss_kb(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise ValueError(f"no Pss of process {pid}")


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def usage(pid):
    """CPU seconds and voluntary context switches of all threads of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    switches = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        status = (thread / "status").read_text()
        switches += int(status.split("voluntary_ctxt_switches:")[1].split()[0])
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), switches


def flood_to_file(ems):
    start = time.monotonic()
    subprocess.run(f"{PRODUCER} | cat > {ems.base}/peer", shell=True, check=True)
    return LINES / (time.monotonic() - start) / 1e6


def flood_job(ems, watched):
    """Millions of lines a second until the job is over and, if watched, `ems attach` has all."""
    start = time.monotonic()
    job = ems.run("flood")["job_id"]
    if watched:
        with open(ems.base / "seen", "wb") as seen:
            subprocess.run([BIN / "ems", "attach", job], env=ems.environment, stdout=seen,
                           stderr=subprocess.DEVNULL, check=True)
    else:
        subprocess.run([BIN / "ems", "wait", job], env=ems.environment,
                       stdout=subprocess.DEVNULL, check=True)
    rate = LINES / (time.monotonic() - start) / 1e6
    size = (ems.base / "seen" if watched else ems.state / "logs" / f"{job}.log").stat().st_size
    assert size > LINES * 80, "lines are missing"
    return rate


def measure_flood(ems):
    peer, alone, watched = [], [], []
    for _ in range(ROUNDS):
        peer.append(flood_to_file(ems))
        alone.append(flood_job(ems, False))
        watched.append(flood_job(ems, True))
    say("2 million 80-byte lines, `producer | cat > file`, M lines/s", median(peer))
    for name, rates in (("P1b job, nobody listens", alone), ("P1  job, `ems attach`", watched)):
        ratio = statistics.median(rates) / statistics.median(peer)
        say(f"{name}, M lines/s", f"{median(rates)}, ratio {ratio:.2f}")


def measure_shortest(ems):
    ours, peer = [], []
    tsp = shutil.which("tsp")
    environment = {"PATH": os.environ["PATH"], "TS_SOCKET": str(ems.base / "tsp"),
                   "TMPDIR": str(ems.base)}
    for _ in range(50):
        start = time.monotonic()
        job = ems.run("true")
        while job["finished_at"] is None:
            job = ems.status(job["job_id"])
        ours.append((time.monotonic() - start) * 1000)
        assert job["status"] == "completed"
        if tsp:
            start = time.monotonic()
            number = subprocess.run([tsp, "true"], env=environment, check=True,
                                    capture_output=True, text=True).stdout.strip()
            subprocess.run([tsp, "-w", number], env=environment, check=True)
            peer.append((time.monotonic() - start) * 1000)
    say("P2  shortest job, submit to terminal record, ms", median(ours))
    if tsp:
        subprocess.run([tsp, "-K"], env=environment, check=True)
        say("    task-spooler `tsp true; tsp -w`, ms", median(peer))


def cancel_ms(ems, profile, ready):
    job = ems.run(profile)["job_id"]
    if ready:
        ems.wait_log(job, b"ready")
    start = time.monotonic()
    ems.cancel(job)
    return (time.monotonic() - start) * 1000


def measure_cancel(ems):
    for profile, ready, what in (("silent", False, "a job that obeys SIGTERM"),
                                 ("ignores", True, "one that ignores it, grace 500 ms"),
                                 ("tree", True, "200 re-sessioned processes, grace 500 ms")):
        say(f"P3  cancel, {what}, ms", median([cancel_ms(ems, profile, ready) for _ in range(10)]))


def measure_silence(ems, seconds):
    job = ems.run("silent")["job_id"]
    worker = ems.parts["worker"].pid
    eventually(lambda: children(worker))
    parts = {"broker": ems.parts["broker"].pid, "worker": worker, "shim": children(worker)[0]}
    before = {name: usage(pid) for name, pid in parts.items()}
    signal.sigtimedwait([signal.SIGUSR1], seconds)  # the measured interval itself
    for name, pid in parts.items():
        cpu, switches = (now - then for now, then in zip(usage(pid), before[name]))
        say(f"P4  {name}, silent job: CPU %, wakeups/s; P5 PSS kB",
            f"{100 * cpu / seconds:.3f} %, {switches / seconds:.2f}/s, {pss_kb(pid)} kB")
    ems.cancel(job)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--quiet-seconds", type=float, default=30)
    seconds = options.parse_args().quiet_seconds
    ems = System(profiles=PROFILES)
    try:
        ems.start()
        measure_silence(ems, seconds)
        measure_shortest(ems)
        measure_cancel(ems)
        measure_flood(ems)
    finally:
        ems.close()


if __name__ == "__main__":
    main()
