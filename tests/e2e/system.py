# SPDX-License-Identifier: MPL-2.0
"""A whole EMS of a test's own: a state folder, a broker, a worker, and what a test does with them.

Where the programs are: EMS_BIN_DIR, else build/bin of the tree.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import procs
from ems1 import Client, Monitor, OVER
from procs import eventually
from profiles import configuration

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BIN = Path(os.environ.get("EMS_BIN_DIR") or ROOT / "build" / "bin")
START_S = 30
ENDING_S = 30
WORKER = "bench-1"
# What LeakSanitizer says when kill -9 strikes the process that it looks at; or nothing.
DIED_MEANWHILE = re.compile(r"(==\d+==Unable to get registers from thread \d+\.\n)*")
SANITIZER_WORDS = ("runtime error: ", "ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
                   "WARNING: ThreadSanitizer")


class System:
    """Starts with start(), ends with close(), which fails if anything is left."""

    prefix = "ems-e2e-"  # of its folder in /tmp

    def __init__(self, cgroup="auto", profiles=None):
        # Short, because the path of a socket has 107 bytes at most.
        self.base = Path(tempfile.mkdtemp(prefix=self.prefix, dir="/tmp"))
        self.state, self.work = self.base / "s", self.base / "work"
        self.work.mkdir()
        self.config = self.base / "ems.zpl"
        self.config.write_text(configuration({"name": WORKER, "cgroup": cgroup}, self.work, BIN,
                                             profiles))
        self.bin, self.popen = BIN, {}  # of the daemons: where they are, and how else they are started
        self.parts = {}
        self.programs = []  # everything else that we started
        self.environment = self.make_environment()
        self.client = Client(self.endpoint("clients"))

    def make_environment(self):
        """Nothing of the caller's EMS settings; sanitizers report into our folder."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("EMS_")}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"):
            kept[name] = f"{kept.get(name, '')}:log_path={self.base}/sanitizer".lstrip(":")
        kept["UBSAN_OPTIONS"] += ":print_stacktrace=1"
        return kept | {"EMS_STATE": str(self.state), "HOME": str(self.base)}

    def endpoint(self, name):
        return f"ipc://{self.state}/sock/{name}"

    # Starting and stopping

    def start(self):
        self.start_part("broker")
        self.start_part("worker")
        self.wait_ready()

    def start_part(self, name, **environment):
        """Start `broker` or `worker`; what it says goes to <base>/NAME.stderr."""
        assert name not in self.parts, f"the {name} runs already"
        with open(self.base / f"{name}.stderr", "ab") as stderr:
            self.parts[name] = subprocess.Popen(
                [self.bin / f"ems-{name}", "--state", self.state, "--config", self.config],
                stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, cwd=self.base,
                env=self.environment | environment, **self.popen)

    def wait_ready(self):
        """Until the worker answers through the broker."""
        def ready():
            for name, part in self.parts.items():
                assert part.poll() is None, f"ems-{name} ended with {part.returncode}"
            try:
                return self.client.ask("ping", worker=WORKER, timeout_s=1).status == 200
            except TimeoutError:
                return False
        eventually(ready, START_S)

    def stop_part(self, name):
        """SIGTERM, and its exit must be clean."""
        part = self.parts.pop(name)
        part.send_signal(signal.SIGTERM)
        assert part.wait(30) == 0, f"ems-{name} ended with {part.returncode} on SIGTERM"

    def kill9(self, name):
        """SIGKILL to the broker or the worker."""
        part = self.parts.pop(name)
        part.kill()
        part.wait()

    def restart(self, name, **environment):
        if name in self.parts:
            self.stop_part(name)
        self.start_part(name, **environment)
        self.wait_ready()

    def close(self):
        """Cancel what runs, stop, and check that nothing is left anywhere."""
        problems = self.ended_parts()
        try:
            self.end_programs()
            self.end_jobs()
            for name in ("worker", "broker"):
                if name in self.parts:
                    self.stop_part(name)
        except Exception as error:  # whatever failed, what follows must be done
            problems.append(f"stopping: {error!r}")
        problems += self.kill_leftovers() + self.left_in_folders() + self.sanitizer_reports()
        self.client.close()
        shutil.rmtree(self.base)
        assert not problems, "\n".join(problems)

    def ended_parts(self):
        """Daemons that are gone though nobody stopped them; they are forgotten."""
        ended = {name: part for name, part in self.parts.items() if part.poll() is not None}
        for name in ended:
            del self.parts[name]
        return [f"ems-{name} had ended with {part.returncode}" for name, part in ended.items()]

    def end_programs(self):
        for program in self.programs:
            program.kill()
            program.wait()
            for pipe in (program.stdout, program.stderr):
                if pipe:
                    pipe.close()

    def end_jobs(self):
        """Also those that a test left without a worker."""
        if not self.entries("run") and "worker" not in self.parts:
            return
        for name in ("broker", "worker"):
            if name not in self.parts:
                self.start_part(name)
        self.wait_ready()
        for job in self.jobs():
            if job["status"] not in OVER:
                self.client.ask("cancel", job_id=job["job_id"], grace_ms=0)

    def wait_for_ending(self):
        """A shim that has said its word, and an ems-notify that was told to, still have to end, which takes a sanitizer
        its time."""
        until = time.monotonic() + ENDING_S
        while (any("ems-shim" in arguments or "ems-notify" in arguments
                   for arguments in procs.mentioning(str(self.base)).values()) and time.monotonic() < until):
            time.sleep(procs.PAUSE_S)

    def kill_leftovers(self):
        """End every process that is still of this system, and say which ones there were."""
        self.wait_for_ending()
        left = procs.mentioning(str(self.base))
        for who in left:
            procs.kill(who)
        for part in self.parts.values():
            part.wait()
        return [f"process left: {who[0]} {arguments}" for who, arguments in left.items()]

    def left_in_folders(self):
        left = [f"left: {path}" for folder in ("run", "results/.staging")
                for path in self.base.glob(f"*/{folder}/*")]
        left += [f"socket left: {path}" for path in self.state.glob("sock/*") if path.is_socket()]
        for record in self.base.glob("*/logs/jobs/*.json"):
            for path in procs.cgroups(f"ems-{record.stem}"):
                left.append(f"cgroup left: {path}")
                os.rmdir(path)
        return left

    def sanitizer_reports(self):
        """Reports in files of their own, and those that came to stderr all the same."""
        reports = [path for path in self.base.glob("sanitizer*")
                   if not DIED_MEANWHILE.fullmatch(path.read_text(errors="replace"))]
        reports += [path for path in self.base.glob("*.stderr")
                    if any(word in path.read_text(errors="replace") for word in SANITIZER_WORDS)]
        return [f"{path.name}: {path.read_text(errors='replace')}" for path in reports]

    def said(self):
        """What the daemons wrote: {file name: text}, for a failed test's report."""
        texts = {path.name: path.read_text(errors="replace") for path in self.base.glob("*.stderr")}
        return {name: text[-20000:] for name, text in texts.items() if text}

    # Files

    def entries(self, folder):
        path = self.state / folder
        return sorted(os.listdir(path)) if path.exists() else []

    def log(self, job_id):
        return (self.state / "logs" / f"{job_id}.log").read_bytes()

    def record(self, job_id):
        return json.loads((self.state / "logs" / "jobs" / f"{job_id}.json").read_text())

    def run_file(self, job_id, name):
        return json.loads((self.state / "run" / job_id / name).read_text())

    # Requests

    def jobs(self):
        return self.client.do("list", limit=500)["jobs"]

    def run(self, profile, **body):
        """Start a job; its record."""
        return self.client.do("run", profile=profile, **body)["job"]

    def status(self, job_id):
        return self.client.do("status", job_id=job_id)["job"]

    def cancel(self, job_id, **body):
        return self.client.ask("cancel", job_id=job_id, **body)

    def finish(self, job_id):
        """Wait until a job is over; its record."""
        def over():
            job = self.status(job_id)
            return job if job["status"] in OVER else None
        return eventually(over)

    def finished(self, profile, **body):
        """Start a job and wait until it is over; its record."""
        return self.finish(self.run(profile, **body)["job_id"])

    def wait_log(self, job_id, text):
        """Until the job's log contains these bytes; its record."""
        eventually(lambda: text in self.log(job_id), why=f"{text} in the log of {job_id}")
        return self.status(job_id)

    def pids(self):
        """The live processes that a job noted in its file "pids"."""
        noted = map(int, (self.work / "pids").read_text().split())
        return [who for who in map(procs.identity, noted) if who]

    def monitor(self, job_id):
        return Monitor(Client(self.endpoint("clients")), self.endpoint("events"), job_id)

    # Programs

    def ems(self, *arguments, timeout_s=120):
        """Run the client tool to its end, in pipes; a CompletedProcess with text."""
        return subprocess.run([BIN / "ems", *map(str, arguments)], env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s,
                              cwd=self.base, encoding="utf-8", errors="replace", check=False)

    def spawn(self, *arguments, stdout=subprocess.PIPE):
        """Start a program that runs beside the test; ended with the system at the latest."""
        program = subprocess.Popen(list(map(str, arguments)), env=self.environment, cwd=self.base,
                                   stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE)
        self.programs.append(program)
        return program

    def follow(self, job_id, path):
        """The independent monitor as a process of its own, writing to a file."""
        with open(path, "wb") as stdout:
            return self.spawn("/usr/bin/python3", HERE / "ems1.py", self.state, job_id,
                              stdout=stdout)

