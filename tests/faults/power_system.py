# SPDX-License-Identifier: MPL-2.0
"""One lane of the power suite: a broker, a folder whose changes are noted, workers on it."""
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "e2e"), str(HERE.parent / "judge")]
sys.dont_write_bytecode = True

import procs  # noqa: E402
from ems1 import Client  # noqa: E402
from profiles import zpl  # noqa: E402

WORKER = "bench-1"
READY_S = 30
PAUSE_S = 0.002
LINES = {"quick": 20, "fails": 6, "waits": 10, "bare": 4}
CANCELLED = b"Benchmark execution cancelled by user.\n"


class Broken(Exception):
    """EMS did not do what it must."""


def until(fact, why, deadline_s=READY_S):
    """The first true value of fact(); Broken if there is none in time."""
    end = time.monotonic() + deadline_s
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > end:
            raise Broken(f"not after {deadline_s} s: {why}")
        time.sleep(PAUSE_S)


class Lane:
    """Folders: r/s the state (r is where noting starts), b the broker's, work the jobs'."""

    def __init__(self, programs, helpers):
        # In memory: nothing here is to survive a real power failure, and syncs cost nothing.
        place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
        self.base = Path(tempfile.mkdtemp(prefix="ems-power-", dir=place))
        self.programs, self.helpers = programs, helpers
        self.root, self.state, self.work = self.base / "r", self.base / "r" / "s", self.base / "work"
        self.work.mkdir()
        self.config = self.base / "ems.zpl"
        self.config.write_text(self.configuration())
        self.types = {}  # request id -> type
        self.worker = self.broker = None
        self.client = Client(f"ipc://{self.base}/b/sock/clients")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("EMS_")}
        self.environment = kept | {"HOME": str(self.base)}
        try:
            self.broker = self.start("broker", self.base / "b", {})
        except BaseException:
            self.close()
            raise

    def command(self, name):
        """What the log of a job of this profile begins with."""
        code = {"fails": 3}.get(name, 0)
        mode = {"waits": "wait", "bare": "bare"}.get(name, "run")
        return [str(self.helpers / "power_job"), str(LINES[name]), str(code), mode]

    def configuration(self):
        profiles = {}
        for name in LINES:
            command, *arguments = self.command(name)
            profiles[name] = {"command": command, "arguments": {"argument": arguments}}
        profiles["missing"] = {"command": "/nonexistent/orchestrator"}
        for profile in profiles.values():
            profile |= {"workdir": self.work, "grace_ms": 2000,
                        "environment": "PATH,LD_PRELOAD,POWERLOG_ROOT,POWERLOG_JOURNAL"}
        sockets = f"ipc://{self.base}/b/sock/"
        return "\n".join(zpl({
            "worker": {"name": WORKER, "cgroup": "none", "workers": sockets + "workers",
                       "publish": sockets + "publish"},
            "profiles": profiles,
            # Nobody listens there: what is to be told stays in the outbox, to be looked at.
            "notices": {"nobody": {"webhook": "http://127.0.0.1:1/"}}})) + "\n"

    def start(self, name, state, more):
        with open(self.base / f"{name}.stderr", "ab") as stderr:
            return subprocess.Popen(
                [self.programs / f"ems-{name}", "--state", state, "--config", self.config],
                stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, cwd=self.base,
                env=self.environment | more)

    # The worker

    def start_worker(self, journal=None, boot_id=None):
        """Until it answers; `journal`: its changes are noted there."""
        more = {"EMS_TEST_BOOT_ID": boot_id} if boot_id else {}
        if journal:
            more |= {"LD_PRELOAD": str(self.helpers / "libpowerlog.so"),
                     "POWERLOG_ROOT": str(self.root), "POWERLOG_JOURNAL": str(journal)}
        self.worker = self.start("worker", self.state, more)
        until(self.ready, "the worker answers")

    def new_journal(self):
        """Always the same name: it is in the environment that a job's folder keeps."""
        path = self.base / "journal"
        path.unlink(missing_ok=True)
        return path

    def ready(self):
        if self.worker.poll() is not None:
            raise Broken(f"the worker ended with {self.worker.returncode}: {self.said()}")
        request = {"id": secrets.token_hex(16), "type": "ping", "worker": WORKER, "body": {}}
        reply = self.client.ask_once(request, 1)
        return reply is not None and reply.status == 200

    def said(self):
        path = self.base / "worker.stderr"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def stop_worker(self, with_signal=signal.SIGTERM):
        worker, self.worker = self.worker, None
        worker.send_signal(with_signal)
        code = worker.wait(READY_S)
        if with_signal == signal.SIGTERM and code != 0:
            raise Broken(f"the worker ended with {code} on SIGTERM: {self.said()}")

    def end_courier(self):
        """ems-notify outlives the worker for a while, and would change files under our eyes."""
        for who, arguments in procs.mentioning(str(self.base)).items():
            if "ems-notify" in arguments and procs.alive(who):
                os.kill(who[0], signal.SIGTERM)
                until(lambda one=who: not procs.alive(one), "ems-notify ends")

    def end_all(self):
        """Worker, shim and job, as the power failure ends them."""
        if self.worker:
            self.worker.kill()
            self.worker.wait()
            self.worker = None
        for _ in range(100):
            left = [who for who, arguments in procs.mentioning(str(self.base)).items()
                    if not (self.broker and who[0] == self.broker.pid)]
            if not left:
                return
            for who in left:
                procs.kill(who)
            time.sleep(PAUSE_S)
        raise Broken(f"processes do not end: {left}")

    def reset(self):
        """Nothing runs and no file is there."""
        self.end_all()
        shutil.rmtree(self.root, ignore_errors=True)
        for path in (*self.work.iterdir(), self.base / "worker.stderr"):
            path.unlink(missing_ok=True)

    def close(self):
        try:
            self.client.close()
            if self.broker:
                self.broker.kill()
                self.broker.wait()
                self.broker = None
            self.end_all()
        finally:
            shutil.rmtree(self.base)

    # Requests and files

    def ask(self, type, id=None, timeout_s=READY_S, **body):
        return self.client.ask(type, id=id or secrets.token_hex(16), worker=WORKER,
                               timeout_s=timeout_s, **body)

    def release_jobs(self):
        (self.work / "go").touch()

    def executions(self):
        path = self.work / "execs"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def entries(self, folder):
        path = self.state / folder
        return sorted(os.listdir(path)) if path.is_dir() else []

    def idle(self):
        """No job is being looked after and nothing is left in staging."""
        return not self.entries("run") and not self.entries("results/.staging")

    def head(self, profile):
        command = ["/nonexistent/orchestrator"] if profile == "missing" else self.command(profile)
        return ("Starting benchmark: " + " ".join(command) + "\n").encode()

    def output(self, profile):
        """All that a job of this profile says."""
        return b"".join(b"line %d\n" % number for number in range(1, LINES.get(profile, 0) + 1))
