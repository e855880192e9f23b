# SPDX-License-Identifier: MPL-2.0
"""ems-shim by itself: the test plays the worker's part."""
import contextlib
import json
import os
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from procs import eventually

SOURCE = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("EMS_BIN_DIR", SOURCE / "build" / "bin"))
PYTHON = "/usr/bin/python3"
DEADLINE_S = 60
LIMIT_PSS_KB = 1024
POLL_SYSCALL, WRITE_SYSCALL = {"x86_64": ("7", "1"),
                               "aarch64": ("73", "64")}.get(os.uname().machine, ("", ""))
CANCELLED_LINE = b"Benchmark execution cancelled by user.\n"
PREEMPTED_LINE = b"Benchmark execution preempted.\n"


class Job:
    """One job's folders and its shim, as a worker would make them; {dir} in an argument is its folder."""

    def __init__(self, state, argv, job=None, **spec):
        self.state = Path(state)
        self.job = job or secrets.token_hex(6)
        self.dir = self.state / "run" / self.job
        self.log_path = self.state / "logs" / f"{self.job}.log"
        self.argv = [str(each).replace("{dir}", str(self.dir)) for each in argv]
        (self.state / "logs").mkdir(exist_ok=True)
        self.dir.mkdir(parents=True)
        env = {"PATH": "/usr/bin:/bin", "EMS_JOB_ID": self.job, **spec.pop("env", {})}
        self.spec = {"job_id": self.job, "attempt": 1, "argv": self.argv,
                     "env": [f"{k}={v}" for k, v in env.items()], "workdir": "/",
                     "grace_ms": 60000, "time_limit_ms": 0, "use_cgroup": True, **spec}
        (self.dir / "spec.json").write_text(json.dumps(self.spec))
        self.pid = self.pidfd = self.ctl = None
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with short_path(self.dir) as folder:
            self.listener.bind(f"{folder}/ctl.sock")
        self.listener.listen(8)

    def spawn(self, program=None, arguments=None):
        """Another shim for this job: its pid."""
        program = str(program or BIN / "ems-shim")
        errors = os.open(self.dir / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
        # 100 on the way, so that the socket becomes inheritable even if it is 3 already.
        actions = [(os.POSIX_SPAWN_DUP2, errors, 2),
                   (os.POSIX_SPAWN_DUP2, self.listener.fileno(), 100),
                   (os.POSIX_SPAWN_DUP2, 100, 3), (os.POSIX_SPAWN_CLOSE, 100)]
        pid = os.posix_spawn(program, arguments or [program, str(self.state), self.job],
                             dict(os.environ), file_actions=actions, setsid=True)
        os.close(errors)
        return pid

    def start(self, program=None, wait=True):
        self.ctl = self.connect()  # before the shim runs: a short job may be over at once
        self.pid = self.spawn(program)
        self.pidfd = os.pidfd_open(self.pid)
        self.listener.close()
        if wait:
            assert self.hear() == b"started", self.said()
        return self

    def connect(self):
        ctl = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ctl.settimeout(DEADLINE_S)
        with short_path(self.dir) as folder:
            ctl.connect(f"{folder}/ctl.sock")
        return ctl

    def hear(self, ctl=None):
        """The next message; b"" at the end."""
        try:
            return (ctl or self.ctl).recv(100)
        except ConnectionResetError:
            return b""

    def stop(self, grace_ms, ctl=None):
        self.say(f"stop {grace_ms}", ctl)

    def say(self, words, ctl=None):
        (ctl or self.ctl).send(words.encode())

    def ended(self):
        """Wait for the shim's own end: its exit status."""
        assert select.select([self.pidfd], [], [], DEADLINE_S)[0], "the shim does not end"
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.pid = None
        return status

    def outcome(self):
        """The whole end: announced, recorded, nobody alive, nothing left."""
        return self.outcome_heard()[1]

    def outcome_heard(self):
        """The same, and what was said before."""
        words = []
        while word := self.hear():
            words.append(word)
        assert words and words[-1] == b"exited", (words, self.said())
        assert self.alive() == []
        record = json.loads((self.dir / "exit.json").read_text())
        assert self.ended() == 0, self.said()
        assert record["job_id"] == self.job and record["attempt"] == self.spec["attempt"]
        assert record["unkilled"] == 0
        assert not list(self.dir.glob(".*.tmp"))
        cgroup = self.record()["cgroup"] if (self.dir / "shim.json").exists() else ""
        assert not cgroup or not os.path.exists(cgroup)
        return words, record

    def record(self):
        return json.loads((self.dir / "shim.json").read_text())

    def main(self):
        return self.record()["main"]["pid"]

    def first_line(self):
        return b"Starting benchmark: " + " ".join(self.argv).replace("\n", "\\x0a").encode() + b"\n"

    def output(self):
        """The log without its first line, which must be the right one."""
        log = self.log_path.read_bytes()
        first = self.first_line()
        assert log[:len(first)] == first
        return log[len(first):]

    def printed(self, text):
        """Wait until the job has printed it."""
        return eventually(lambda: text in self.output(), DEADLINE_S, text)

    def said(self):
        path = self.dir / "stderr"
        return path.read_text() if path.exists() else ""

    def alive(self):
        """Processes of the job, by the mark in their environment; zombies are dead."""
        mark = f"EMS_JOB_ID={self.job}".encode()
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError):
                    if mark in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                        found.append(int(name))
        return found

    def close(self):
        """Whatever the test did: leave no process behind."""
        self.listener.close()
        if self.ctl:
            self.ctl.close()
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = None
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None
        while pids := self.alive():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if (self.dir / "shim.json").exists() and (cgroup := self.record()["cgroup"]):
            eventually(lambda: remove_folder(cgroup))


def remove_folder(path):
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


@contextlib.contextmanager
def short_path(folder):
    """A name of the folder that fits into a socket address."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


@pytest.fixture
def job(tmp_path):
    """Make jobs; all of them are gone after the test."""
    made = []

    def make(argv, **spec):
        made.append(Job(spec.pop("state", tmp_path), argv, **spec))
        return made[-1]

    yield make
    for each in reversed(made):
        each.close()


def sh(script):
    return ["/bin/sh", "-c", script]


def py(script, *arguments):
    return [PYTHON, "-c", script, *arguments]


def cannot(reason):
    """This test cannot run here: that is a failure where it must run."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def cgroups_can_be_made():
    if not hasattr(cgroups_can_be_made, "answer"):
        answer = False
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            if " - cgroup2 " in line:
                folder = f"{line.split()[4]}/ems-probe-{os.getpid()}"
                with contextlib.suppress(OSError):
                    os.mkdir(folder)
                    os.rmdir(folder)
                    answer = True
        cgroups_can_be_made.answer = answer
    return cgroups_can_be_made.answer


@pytest.fixture(params=["cgroup", "sweep"])
def use_cgroup(request):
    """Both ways of killing."""
    if request.param == "cgroup" and not cgroups_can_be_made():
        cannot("no cgroup v2 can be made here")
    return request.param == "cgroup"


def trap(action):
    """A job that says when it is ready, and then does `action` on SIGTERM."""
    return sh(f"trap '{action}' TERM; echo ready; while :; do sleep 0.05; done")


@contextlib.contextmanager
def frozen(one):
    """The shim sees nothing meanwhile; afterwards it sees everything in one wake-up."""
    os.kill(one.pid, signal.SIGSTOP)
    eventually(lambda: " T " in Path(f"/proc/{one.pid}/stat").read_text())
    yield
    os.kill(one.pid, signal.SIGCONT)


GO = sh("echo ready; while [ ! -e {dir}/go ]; do sleep 0.01; done")


def let_go(one):
    """Let the main process exit 0; it waits as a zombie for the shim."""
    main = one.main()
    (one.dir / "go").touch()
    eventually(lambda: " Z " in Path(f"/proc/{main}/stat").read_text())


FAMILY = """
import os, signal, sys, time
count, ignore = int(sys.argv[1]), sys.argv[2] == "ignore"
ready, done = os.pipe()
for _ in range(count):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.setsid()
        os.close(ready); os.close(done)
        time.sleep(600)
    os.wait()
os.close(done)
os.read(ready, 1)
if ignore:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
if sys.argv[2] != "exit":
    time.sleep(600)
"""


@pytest.fixture
def small_disk(tmp_path):
    """A state folder on a disk of 1 MiB; `grow` gives it room."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "ems-test", folder],
                          capture_output=True, text=True, check=False)
    if made.returncode:
        cannot("no small disk can be mounted here: " + made.stderr)
    yield folder
    subprocess.run(["umount", folder], check=True)


def grow(disk):
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)


@pytest.fixture
def disk_job(small_disk, job):
    """As `job`, but the disk goes away after the jobs."""
    return job


@pytest.fixture(scope="module")
def plain_shim(tmp_path_factory):
    """The shim as it is delivered: sanitizers take memory of their own."""
    built = BIN / "ems-shim"
    if not re.search(rb"__(asan|ubsan|tsan)_", built.read_bytes()):
        return built
    program = tmp_path_factory.mktemp("plain") / "ems-shim"
    folders = ["worker/shim", "proto/sys", "proto/core"]
    sources = [path for folder in folders for path in sorted((SOURCE / folder).glob("*.c"))
               if not path.name.startswith("wire")]
    includes = [option for folder in folders for option in ("-iquote", SOURCE / folder)]
    cjson = subprocess.run(["pkg-config", "--cflags", "--libs", "libcjson"], check=True,
                           capture_output=True, text=True).stdout.split()
    subprocess.run(["cc", "-O2", "-std=gnu17", "-D_GNU_SOURCE", *includes, *sources, "-o", program,
                    "-Wl,--as-needed", *cjson, "-lm"], check=True)
    return program


def pss_kb(pid):
    return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])


def switches(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.M)[1])


def asleep(pid):
    return Path(f"/proc/{pid}/syscall").read_text().split()[0] == POLL_SYSCALL


SUPERUSER = """
import os, sys, time
wait, ready = os.pipe()
if os.fork():
    os.read(wait, 1)  # until then it could still be killed
    sys.exit(0)
if os.fork():
    os._exit(0)
try:
    os.setresuid(0, 0, 0)
except OSError as problem:
    print("stays", problem, flush=True)
os.setsid()
print(f"pid={os.getpid()}.", flush=True)
os.write(ready, b"!")
time.sleep(600)
"""


@pytest.fixture
def open_folder():
    """A state folder that another user can use."""
    with tempfile.TemporaryDirectory(prefix="ems-test-shim-", dir="/tmp") as folder:
        os.chmod(folder, 0o777)
        yield Path(folder)


def start_as_nobody(job, folder, script=SUPERUSER):
    """A job whose descendant has the rights of root, while its shim has none; said to be running."""
    if os.getuid() != 0 or not shutil.which("setpriv"):
        cannot("only root can play two users")
    setuid_python = folder / "python"
    shutil.copyfile(PYTHON, setuid_python)
    setuid_python.chmod(0o4755)
    one = job([setuid_python, "-c", script], state=folder, use_cgroup=False)
    for path in [one.dir.parent, one.dir, one.dir / "spec.json", one.dir / "ctl.sock", folder / "logs"]:
        os.chown(path, 65534, 65534)
    (one.dir / "stderr").touch()
    os.chown(one.dir / "stderr", 65534, 65534)
    setpriv = shutil.which("setpriv")
    one.ctl = one.connect()
    one.pid = one.spawn(setpriv, [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups",
                                  str(BIN / "ems-shim"), str(folder), one.job])
    one.pidfd = os.pidfd_open(one.pid)
    one.listener.close()
    assert one.hear() == b"started", one.said()
    return one
