# SPDX-License-Identifier: MPL-2.0
"""ems-shim by itself: real jobs, no worker. The test plays the worker's part."""
import contextlib
import hashlib
import json
import os
import re
import resource
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from procs import eventually

SOURCE = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("EMS_BIN_DIR", SOURCE / "build" / "bin"))
PYTHON = "/usr/bin/python3"
DEADLINE_S = 60
LIMIT_PSS_KB = 1024
POLL_SYSCALL, WRITE_SYSCALL = {"x86_64": ("7", "1"), "aarch64": ("73", "64")}[os.uname().machine]
CANCELLED_LINE = b"Benchmark execution cancelled by user.\n"


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
        (ctl or self.ctl).send(b"stop %d" % grace_ms)

    def ended(self):
        """Wait for the shim's own end: its exit status."""
        assert select.select([self.pidfd], [], [], DEADLINE_S)[0], "the shim does not end"
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.pid = None
        return status

    def outcome(self):
        """The whole end: announced, recorded, nobody alive, nothing left."""
        words = []
        while word := self.hear():
            words.append(word)
        assert words and words[-1] == b"exited", (words, self.said())
        assert self.alive() == []
        record = json.loads((self.dir / "exit.json").read_text())
        assert self.ended() == 0, self.said()
        assert record["job_id"] == self.job and record["attempt"] == 1
        assert record["unkilled"] == 0
        assert not list(self.dir.glob(".*.tmp"))
        cgroup = self.record()["cgroup"] if (self.dir / "shim.json").exists() else ""
        assert not cgroup or not os.path.exists(cgroup)
        return record

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


# ---- how a job ends ----

@pytest.mark.parametrize("code", [0, 3, 137, 255])
def test_an_exit_code_is_recorded_as_a_code(job, code):
    one = job(sh(f"echo out; echo err >&2; exit {code}")).start()
    end = one.outcome()
    assert (end["outcome"], end["code"], end["signal"]) == ("exited", code, None)
    assert not end["forced"] and end["drained"] and end["leftovers_killed"] == 0
    assert one.output() == b"out\nerr\n"


@pytest.mark.parametrize("name", ["SEGV", "KILL", "TERM"])
def test_a_signal_is_recorded_as_a_signal(job, name):
    end = job(sh(f"kill -{name} $$")).start().outcome()
    number = getattr(signal, f"SIG{name}").value
    assert (end["outcome"], end["code"], end["signal"]) == ("exited", None, number)
    assert not end["forced"]


def test_times_and_usage_are_recorded(job):
    before = int(time.time() * 1000)
    burn = "import time\nx = bytearray(50000000)\nwhile time.process_time() < 0.3: pass"
    one = job(py(burn)).start()
    started = one.record()["started_at_ms"]
    end = one.outcome()
    assert before <= started == end["started_at_ms"] <= end["finished_at_ms"]
    assert end["finished_at_ms"] <= time.time() * 1000
    assert end["user_s"] + end["system_s"] >= 0.29
    assert end["max_rss_kb"] >= 48000


@pytest.mark.parametrize("argv, detail", [
    (["/no/such/program"], "cannot execute /no/such/program: No such file or directory"),
    (["/etc/passwd"], "cannot execute /etc/passwd: Permission denied"),
    (["/"], "cannot execute /: Permission denied"),
])
def test_a_program_that_cannot_be_executed_is_a_spawn_failure(job, argv, detail):
    one = job(argv).start(wait=False)
    end = one.outcome()
    assert (end["outcome"], end["detail"]) == ("spawn", detail)
    assert end["code"] is None and end["signal"] is None and end["started_at_ms"] == 0
    assert one.output() == b""


def test_a_missing_working_folder_is_a_spawn_failure(job):
    one = job(["/bin/true"], workdir="/no/such").start(wait=False)
    end = one.outcome()
    assert end["outcome"] == "spawn"
    assert end["detail"] == "cannot enter working folder /no/such: No such file or directory"


def test_long_arguments_are_passed_on_and_written_down_whole(job):
    one = job(py("import sys; print(sum(map(len, sys.argv[1:])))", *["x" * 65000] * 10)).start()
    assert one.outcome()["code"] == 0
    assert one.output() == b"650000\n"


def test_control_characters_in_arguments_are_made_safe_in_the_first_line(job):
    one = job(["/bin/true", "a\nb", "\x1b[31m", "é"]).start()
    one.outcome()
    assert one.log_path.read_text() == "Starting benchmark: /bin/true a\\x0ab \\x1b[31m é\n"


# ---- what the job finds ----

def test_the_job_gets_its_environment_and_nothing_else(job):
    one = job(["/usr/bin/env"], env={"EMPTY": "", "TEXT": "a b"}).start()
    one.outcome()
    assert sorted(one.output().decode().splitlines()) == sorted(one.spec["env"])


def test_the_job_inherits_standard_descriptors_and_the_slot_only(job, tmp_path):
    look = "import os\nfor f in sorted(os.listdir('/proc/self/fd'), key=int):\n" \
           "    try: print(f, os.readlink('/proc/self/fd/' + f))\n    except OSError: pass\n" \
           "while not os.path.exists(os.sys.argv[1]): os.times()"
    extra = os.open("/dev/zero", os.O_RDONLY)
    os.set_inheritable(extra, True)
    one = job(py(look, "{dir}/go")).start()
    os.close(extra)
    assert "/dev/zero" not in [os.readlink(f) for f in Path(f"/proc/{one.pid}/fd").iterdir()]
    (one.dir / "go").touch()
    one.outcome()
    lines = dict(line.split(" ", 1) for line in one.output().decode().splitlines())
    assert lines.pop("0") == "/dev/null"
    assert re.fullmatch(r"pipe:\[\d+\]", lines["1"]) and lines.pop("1") == lines.pop("2")
    assert lines == {"191": str(tmp_path / "slot.lock")}


def test_the_job_has_all_signals_at_their_defaults(job):
    one = job(["/bin/grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status"]).start()
    one.outcome()
    masks = {line.split()[0]: int(line.split()[1], 16) for line in one.output().splitlines()}
    libc_internal = 3 << 31  # 32 and 33: the C library lets no program change them
    assert {mask & ~libc_internal for mask in masks.values()} == {0} and len(masks) == 2


def test_the_job_has_a_session_of_its_own_and_its_working_folder(job, tmp_path):
    look = "import os; print(os.getpid() == os.getsid(0) == os.getpgid(0), os.getcwd())"
    one = job(py(look), workdir=str(tmp_path)).start()
    one.outcome()
    assert one.output().decode() == f"True {tmp_path}\n"


def test_the_start_is_on_record_before_the_job_runs(job):
    one = job(sh("cat {dir}/shim.json"))
    shim = one.start().pid
    one.outcome()
    record = json.loads(one.output())
    assert record == one.record() and record["shim"]["pid"] == shim
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert record["shim"]["boot_id"] == record["main"]["boot_id"] == boot_id


def test_a_job_that_signals_its_own_group_does_not_hit_the_shim(job):
    end = job(sh("kill -KILL 0")).start().outcome()
    assert (end["outcome"], end["signal"]) == ("exited", 9)


# ---- stop ----

def trap(action):
    """A job that says when it is ready, and then does `action` on SIGTERM."""
    return sh(f"trap '{action}' TERM; echo ready; while :; do sleep 0.05; done")


def test_a_job_that_obeys_sigterm_is_cancelled_with_its_signal(job):
    one = job(sh("echo ready; exec sleep 600")).start()
    one.printed(b"ready\n")
    one.stop(60000)
    end = one.outcome()
    assert (end["outcome"], end["signal"], end["forced"]) == ("cancelled", 15, False)
    assert one.output() == b"ready\n" + CANCELLED_LINE


def test_a_job_that_exits_0_on_sigterm_is_cancelled_all_the_same(job):
    one = job(trap("echo cleaned; exit 0")).start()
    one.printed(b"ready\n")
    one.stop(60000)
    end = one.outcome()
    assert (end["outcome"], end["code"], end["forced"]) == ("cancelled", 0, False)
    assert one.output() == b"ready\ncleaned\n" + CANCELLED_LINE


def test_a_job_that_ignores_sigterm_is_killed_after_the_grace_and_not_before(job, use_cgroup):
    one = job(trap("echo no"), use_cgroup=use_cgroup).start()
    one.printed(b"ready\n")
    before = time.monotonic()
    one.stop(700)
    end = one.outcome()
    assert time.monotonic() - before >= 0.7
    assert (end["outcome"], end["signal"], end["forced"]) == ("cancelled", 9, True)
    assert one.output() == b"ready\nno\n" + CANCELLED_LINE


def test_a_stop_right_after_the_start_is_obeyed(job):
    for _ in range(20):
        one = job(["/bin/sleep", "600"]).start(wait=False)
        one.stop(60000)
        assert one.outcome()["outcome"] == "cancelled"


def test_a_stop_with_grace_0_kills_at_once(job, use_cgroup):
    one = job(trap(":"), use_cgroup=use_cgroup).start()
    one.printed(b"ready\n")
    one.stop(0)
    end = one.outcome()
    assert (end["outcome"], end["signal"], end["forced"]) == ("cancelled", 9, True)


def test_a_second_stop_shortens_the_grace_and_a_third_does_not_lengthen_it(job):
    one = job(trap("echo term")).start()
    one.printed(b"ready\n")
    one.stop(600000)
    one.printed(b"term\n")
    one.stop(200)
    one.stop(600000)
    assert one.outcome()["forced"]
    assert one.output().count(b"term\n") == 1  # SIGTERM is sent once


def test_a_stopped_job_gets_its_sigterm(job):
    one = job(sh("trap 'echo cleaned; exit 5' TERM; echo ready; kill -STOP $$; echo on")).start()
    one.printed(b"ready\n")
    eventually(lambda: " T " in Path(f"/proc/{one.main()}/stat").read_text())
    one.stop(60000)
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("cancelled", 5)


def test_a_cancelled_line_stands_on_a_line_of_its_own(job):
    one = job(sh("printf half; exec sleep 600")).start()
    one.printed(b"half")
    one.stop(60000)
    one.outcome()
    assert one.output() == b"half\n" + CANCELLED_LINE


def test_a_stop_after_the_end_was_seen_changes_nothing(job):
    """A stranger keeps the pipe open, so that the shim is still draining when the stop comes."""
    one = job(GO).start()
    one.printed(b"ready\n")
    main = one.main()
    stranger = os.open(f"/proc/{main}/fd/1", os.O_WRONLY)
    (one.dir / "go").touch()
    eventually(lambda: not os.path.exists(f"/proc/{main}"))
    one.stop(0)
    end = one.outcome()
    os.close(stranger)
    assert (end["outcome"], end["code"], end["drained"]) == ("exited", 0, False)
    assert CANCELLED_LINE not in one.output()


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


@pytest.mark.parametrize("first", ["stop", "exit"])
def test_a_stop_and_an_exit_seen_in_one_wakeup_are_a_cancel(job, first):
    one = job(GO).start()
    one.printed(b"ready\n")
    with frozen(one):
        if first == "stop":
            one.stop(60000)
        let_go(one)
        if first == "exit":
            one.stop(60000)
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("cancelled", 0)


def test_an_exit_and_the_time_limit_seen_in_one_wakeup_are_an_exit(job):
    one = job(GO, time_limit_ms=1000).start()
    began = time.monotonic()
    one.printed(b"ready\n")
    with frozen(one):
        let_go(one)
        eventually(lambda: time.monotonic() > began + 1)
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("exited", 0)


def test_sigterm_for_the_shim_itself_is_a_stop_with_the_grace_of_the_job(job):
    one = job(trap("exit 4"), grace_ms=60000).start()
    one.printed(b"ready\n")
    os.kill(one.pid, signal.SIGTERM)
    end = one.outcome()
    assert (end["outcome"], end["code"]) == ("cancelled", 4)
    assert end["detail"] == "the shim was asked to end"


def test_other_signals_do_not_disturb_the_shim(job):
    one = job(sh("echo ready; exec sleep 600")).start()
    one.printed(b"ready\n")
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGUSR1):
        os.kill(one.pid, number)
    one.stop(60000)
    assert one.outcome()["outcome"] == "cancelled"


# ---- the time limit ----

def test_the_time_limit_ends_a_job_by_sigterm(job):
    before = time.monotonic()
    one = job(["/bin/sleep", "600"], time_limit_ms=400).start()
    end = one.outcome()
    assert time.monotonic() - before >= 0.4
    assert (end["outcome"], end["signal"], end["forced"]) == ("time_limit", 15, False)
    assert CANCELLED_LINE not in one.output()


def test_the_time_limit_kills_a_job_that_ignores_sigterm_after_the_grace(job):
    before = time.monotonic()
    one = job(trap(":"), time_limit_ms=300, grace_ms=400).start()
    end = one.outcome()
    assert time.monotonic() - before >= 0.7
    assert (end["outcome"], end["signal"], end["forced"]) == ("time_limit", 9, True)


def test_a_job_that_ends_before_its_time_limit_is_not_touched(job):
    assert job(["/bin/true"], time_limit_ms=60000).start().outcome()["outcome"] == "exited"


def test_a_stop_during_the_grace_of_the_time_limit_only_shortens_it(job):
    one = job(trap("echo term"), time_limit_ms=200, grace_ms=600000).start()
    one.printed(b"term\n")
    one.stop(0)
    end = one.outcome()
    assert (end["outcome"], end["forced"]) == ("time_limit", True)


# ---- descendants ----

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


@pytest.mark.parametrize("manner", ["obey", "ignore"])
def test_a_stop_kills_50_double_forked_resessioned_descendants(job, use_cgroup, manner):
    one = job(py(FAMILY, "50", manner), use_cgroup=use_cgroup).start()
    one.printed(b"ready\n")
    assert len(one.alive()) == 51
    one.stop(300 if manner == "ignore" else 60000)
    end = one.outcome()
    assert (end["outcome"], end["forced"]) == ("cancelled", manner == "ignore")
    assert end["leftovers_killed"] == 50


def test_descendants_of_a_job_that_ends_by_itself_are_killed_too(job, use_cgroup):
    one = job(py(FAMILY, "50", "exit"), use_cgroup=use_cgroup).start()
    end = one.outcome()
    assert (end["outcome"], end["code"], end["leftovers_killed"]) == ("exited", 0, 50)
    assert end["drained"]


def test_a_chain_of_processes_that_fork_and_exit_all_the_time_is_killed(job, use_cgroup):
    hop = "import os, sys\nif os.fork(): sys.exit(0)\nos.setsid()\nprint('hop', flush=True)\n" \
          "while True:\n    if os.fork(): os._exit(0)"
    one = job(py(hop), use_cgroup=use_cgroup).start()
    assert one.outcome()["outcome"] == "exited"


def test_a_descendant_that_left_the_cgroup_is_killed_too(job):
    if not cgroups_can_be_made():
        cannot("no cgroup v2 can be made here")
    leave = "import os, sys, time\nif os.fork(): os.wait() and sys.exit(0)\n" \
            "if os.fork(): os._exit(0)\nos.setsid()\n" \
            "group = [l[3:].strip() for l in open('/proc/self/cgroup') if l[:3] == '0::'][0]\n" \
            "mount = [l.split()[4] for l in open('/proc/self/mountinfo') if ' - cgroup2 ' in l][0]\n" \
            "above = mount + os.path.dirname(group).rstrip('/')\n" \
            "try: open(above + '/cgroup.procs', 'w').write('0')\n" \
            "except OSError as e: print('stays', e, flush=True)\n" \
            "else: print('left', flush=True)\ntime.sleep(600)"
    one = job(py(leave)).start()
    end = one.outcome()
    if b"stays" in one.output():
        cannot("a process cannot leave its cgroup here: " + one.output().decode())
    assert end["leftovers_killed"] == 1


def test_zombies_that_the_job_leaves_to_the_shim_are_reaped_while_it_runs(job):
    orphans = "import os, time\nfor _ in range(100):\n    if os.fork() == 0:\n" \
              "        if os.fork() == 0: os._exit(0)\n        os._exit(0)\n    os.wait()\n" \
              "print('ready', flush=True)\ntime.sleep(600)"
    one = job(py(orphans)).start()
    one.printed(b"ready\n")
    children = Path(f"/proc/{one.pid}/task/{one.pid}/children")
    eventually(lambda: children.read_text().split() == [str(one.main())])
    one.stop(60000)
    assert one.outcome()["leftovers_killed"] == 0


def test_a_grandchild_that_keeps_the_pipe_open_does_not_keep_the_job(job, use_cgroup):
    before = time.monotonic()
    one = job(sh("(trap '' TERM HUP; sleep 600) & echo out"), use_cgroup=use_cgroup).start()
    end = one.outcome()
    assert time.monotonic() - before < 3
    assert (end["outcome"], end["code"], end["drained"]) == ("exited", 0, True)
    assert end["leftovers_killed"] >= 1
    assert one.output() == b"out\n"


def test_a_job_that_closes_its_outputs_runs_on(job, tmp_path):
    one = job(sh(f"echo out; exec >&- 2>&-; sleep 0.2; touch {tmp_path}/done; exit 6")).start()
    end = one.outcome()
    assert (end["outcome"], end["code"], end["drained"]) == ("exited", 6, True)
    assert (tmp_path / "done").exists() and one.output() == b"out\n"


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


def test_a_descendant_that_must_not_be_killed_is_written_down(job, open_folder):
    if os.getuid() != 0 or not shutil.which("setpriv"):
        cannot("only root can play two users")
    setuid_python = open_folder / "python"
    shutil.copyfile(PYTHON, setuid_python)
    setuid_python.chmod(0o4755)
    one = job([setuid_python, "-c", SUPERUSER], state=open_folder, use_cgroup=False)
    for path in [one.dir.parent, one.dir, one.dir / "spec.json", one.dir / "ctl.sock", open_folder / "logs"]:
        os.chown(path, 65534, 65534)
    (one.dir / "stderr").touch()
    os.chown(one.dir / "stderr", 65534, 65534)
    setpriv = shutil.which("setpriv")
    one.ctl = one.connect()
    one.pid = one.spawn(setpriv, [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups",
                                  str(BIN / "ems-shim"), str(open_folder), one.job])
    one.pidfd = os.pidfd_open(one.pid)
    one.listener.close()
    assert one.hear() == b"started", one.said()
    one.printed(b".\n")
    if b"stays" in one.output():
        cannot("no setuid program works here: " + one.output().decode())
    survivor = int(re.search(rb"pid=(\d+)", one.output())[1])
    try:
        words = []
        while word := one.hear():
            words.append(word)
        assert words[-1] == b"exited", one.said()
        assert one.ended() == 0
        end = json.loads((one.dir / "exit.json").read_text())
        start = int(Path(f"/proc/{survivor}/stat").read_text().rpartition(")")[2].split()[19])
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        assert (end["outcome"], end["code"], end["unkilled"]) == ("exited", 0, 1)
        assert end["unkilled_processes"] == [{"pid": survivor, "start_ticks": start, "boot_id": boot}]
    finally:
        os.kill(survivor, signal.SIGKILL)


# ---- what a success leaves behind ----

@pytest.mark.parametrize("content", ["nothing", "no folder", "a tree"])
def test_results_are_made_durable_wherever_there_are_any(job, tmp_path, content):
    folder = tmp_path / "results"
    if content != "no folder":
        folder.mkdir()
    script = f"mkdir {folder}/a; echo b > {folder}/a/b" if content == "a tree" else "true"
    end = job(sh(script), sync_dir=str(folder)).start().outcome()
    assert (end["outcome"], end["code"], end["detail"]) == ("exited", 0, "")
    assert end["unkilled_processes"] == []


def test_results_that_cannot_be_made_durable_turn_a_success_into_a_failure_of_the_disk(job, tmp_path):
    (tmp_path / "results").touch()
    end = job(sh("true"), sync_dir=str(tmp_path / "results")).start().outcome()
    assert (end["outcome"], end["code"]) == ("disk", 0)
    assert end["detail"] == f"cannot make what is in {tmp_path}/results durable: Not a directory"


def test_the_results_of_a_failure_need_not_be_durable(job, tmp_path):
    (tmp_path / "results").touch()
    end = job(sh("exit 3"), sync_dir=str(tmp_path / "results")).start().outcome()
    assert (end["outcome"], end["code"], end["detail"]) == ("exited", 3, "")


# ---- the log ----

WRITERS = {
    "nul bytes": "w(bytes(range(256)) * 4000)",
    "invalid utf-8": "w(b'\\xff\\xfe\\xc3\\x28\\xed\\xa0\\x80\\n' * 20000)",
    "no final newline": "w(b'one\\ntwo')",
    "nothing": "pass",
    "only newlines": "w(b'\\n' * 300000)",
    "a line of 100 MB": "[w(b'%07d,' % i * 12500) for i in range(1000)]",
    "2 million short lines": "[w(b''.join(b'line %d\\n' % i for i in range(n, n + 10000)))"
                             " for n in range(0, 2000000, 10000)]",
}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_log_is_byte_for_byte_what_was_written(job, kind, tmp_path):
    write = "import hashlib, sys\nh = hashlib.sha256()\n" \
            "def w(b): h.update(b); sys.stdout.buffer.write(b)\n" \
            f"{WRITERS[kind]}\nopen(sys.argv[1], 'w').write(h.hexdigest())"
    (tmp_path / "write.py").write_text(write)
    one = job([PYTHON, tmp_path / "write.py", "{dir}/sum"]).start()
    end = one.outcome()
    assert end["code"] == 0 and end["drained"]
    with open(one.log_path, "rb") as log:
        assert log.read(len(one.first_line())) == one.first_line()
        digest = hashlib.sha256()
        while data := log.read(1 << 20):
            digest.update(data)
    assert digest.hexdigest() == (one.dir / "sum").read_text()


def test_the_last_output_of_a_killed_job_is_in_the_log(job):
    """What was in the pipe when everything was killed was written by the job."""
    one = job(sh("trap '' TERM; while :; do echo y; done")).start()
    one.printed(b"y\n")
    one.stop(50)
    one.outcome()
    body = one.output()[:-len(CANCELLED_LINE)]
    assert one.output().endswith(CANCELLED_LINE)
    assert set(body.rstrip(b"\n").split(b"\n")) == {b"y"}


def test_a_broken_log_ends_the_job_as_disk(job, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    one = job(sh(f"read x < {fifo}; trap 'exit 0' TERM; while :; do echo 0123456789; done")).start()
    resource.prlimit(one.pid, resource.RLIMIT_FSIZE, (100000, 100000))
    fifo.write_text("go\n")
    end = one.outcome()
    assert end["outcome"] == "disk" and end["detail"] == "cannot write the log: File too large"
    assert one.log_path.stat().st_size == 100000


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


FILLER = "import sys\nfor i in range(500000): sys.stdout.write('%010d\\n' % i)\n" \
         "sys.stdout.flush()\nsys.exit(7)"


WHOLE = b"".join(b"%010d\n" % i for i in range(500000))


def held_up(job, disk):
    """A job that fills the disk, then the pipe, and waits."""
    one = job(py(FILLER), state=disk).start()
    eventually(lambda: os.statvfs(disk).f_bavail == 0)
    main = one.main()
    eventually(lambda: is_writing(main), why="the job should wait for the pipe")
    return one


def is_writing(pid):
    """Blocked in a write to descriptor 1."""
    return Path(f"/proc/{pid}/syscall").read_text().split()[:2] == [WRITE_SYSCALL, "0x1"]


@pytest.fixture
def disk_job(small_disk, job):
    """As `job`, but the disk goes away after the jobs."""
    return job


def test_a_full_disk_holds_the_job_up_and_loses_nothing(small_disk, disk_job):
    one = held_up(disk_job, small_disk)
    assert not (one.dir / "exit.json").exists()
    grow(small_disk)
    end = one.outcome()
    assert (end["outcome"], end["code"], end["drained"]) == ("exited", 7, True)
    assert one.output() == WHOLE


def test_a_job_can_be_stopped_while_the_disk_is_full(small_disk, disk_job):
    one = held_up(disk_job, small_disk)
    one.stop(60000)
    eventually(lambda: one.alive() == [])
    late = one.connect()
    assert one.hear(late) == b"started"  # the shim waits for room, and listens
    assert not (one.dir / "exit.json").exists()
    grow(small_disk)
    end = one.outcome()
    late.close()
    assert (end["outcome"], end["drained"]) == ("cancelled", True)
    body = one.output()
    assert body.endswith(b"\n" + CANCELLED_LINE)
    body = body[:-len(CANCELLED_LINE)]
    assert WHOLE.startswith(body) or WHOLE.startswith(body[:-1])  # the newline may be the shim's


def test_a_shim_that_waits_for_room_does_so_with_few_wakeups(small_disk, disk_job):
    one = held_up(disk_job, small_disk)
    before = switches(one.pid)
    time.sleep(1)  # the time that is being watched
    assert switches(one.pid) - before <= 12


# ---- exactly once ----

def test_a_second_shim_for_the_same_job_changes_nothing(job):
    one = job(sh("echo run; exec sleep 600"))
    second = os.dup(one.listener.fileno())
    one.start()
    one.printed(b"run\n")
    files = {path.name: path.stat().st_mtime_ns for path in one.dir.iterdir()}
    one.listener = socket.socket(fileno=second)
    assert os.waitstatus_to_exitcode(os.waitpid(one.spawn(), 0)[1]) == 0
    assert {path.name: path.stat().st_mtime_ns for path in one.dir.iterdir()} == files
    one.listener.close()
    one.stop(60000)
    assert one.outcome()["outcome"] == "cancelled"
    assert one.output() == b"run\n" + CANCELLED_LINE


def test_a_shim_for_a_job_that_has_ended_changes_nothing(job):
    one = job(sh("echo run"))
    second = os.dup(one.listener.fileno())
    one.start()
    one.outcome()
    before = (one.dir / "exit.json").read_bytes(), one.log_path.read_bytes()
    one.listener = socket.socket(fileno=second)
    assert os.waitstatus_to_exitcode(os.waitpid(one.spawn(), 0)[1]) == 0
    assert ((one.dir / "exit.json").read_bytes(), one.log_path.read_bytes()) == before


def test_of_several_shims_started_together_exactly_one_runs_the_job(job, tmp_path):
    one = job(sh(f"echo run >> {tmp_path}/runs; echo run"))
    pids = [one.spawn() for _ in range(5)]
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0] * 5
    assert (tmp_path / "runs").read_text() == "run\n"
    assert one.output() == b"run\n"
    assert json.loads((one.dir / "exit.json").read_text())["outcome"] == "exited"


def test_a_slot_that_stays_taken_is_a_spawn_failure_that_names_the_holder(job, tmp_path):
    holder = job(["/bin/sleep", "600"]).start()
    one = job(sh(f"touch {tmp_path}/ran")).start(wait=False)
    end = one.outcome()
    assert end["outcome"] == "spawn"
    assert end["detail"] == f"slot.lock is held by process {holder.pid}"
    assert not (tmp_path / "ran").exists() and not one.log_path.exists()
    holder.stop(60000)
    assert holder.outcome()["outcome"] == "cancelled"


def test_a_slot_that_becomes_free_in_time_is_taken(job):
    holder = job(["/bin/sleep", "600"]).start()
    one = job(["/bin/true"]).start(wait=False)
    holder.stop(0)
    assert one.outcome()["outcome"] == "exited"
    holder.outcome()


def test_the_slot_stays_taken_when_the_shim_is_killed_and_the_job_lives(job, tmp_path):
    one = job(sh("trap '' PIPE TERM; echo ready; exec sleep 600")).start()
    one.printed(b"ready\n")
    os.kill(one.pid, signal.SIGKILL)
    assert one.hear() == b""
    assert one.ended() == -signal.SIGKILL
    assert not (one.dir / "exit.json").exists() and one.alive() == [one.main()]
    test = ["flock", "--nonblock", tmp_path / "slot.lock", "true"]
    assert subprocess.run(test, check=False).returncode == 1
    os.kill(one.main(), signal.SIGKILL)
    eventually(lambda: subprocess.run(test, check=False).returncode == 0)


def test_nothing_runs_if_the_start_cannot_be_recorded(job, tmp_path):
    one = job(sh(f"touch {tmp_path}/ran"))
    (tmp_path / "slot.lock").write_text("0")
    limits = ["/usr/bin/prlimit", "--fsize=100", str(BIN / "ems-shim"), str(one.state), one.job]
    pid = one.spawn(limits[0], limits)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    assert "File too large" in one.said()
    assert sorted(path.name for path in one.dir.iterdir()) == ["ctl.sock", "spec.json", "stderr"]
    assert not (tmp_path / "ran").exists() and one.alive() == []


def test_a_shim_that_dies_before_the_start_is_recorded_has_run_nothing(job, tmp_path):
    one = job(sh(f"echo run >> {tmp_path}/runs"))
    again = os.dup(one.listener.fileno())
    os.mkfifo(one.dir / ".shim.json.tmp")  # writing the start record waits for a reader for ever
    one.start(wait=False)
    children = Path(f"/proc/{one.pid}/task/{one.pid}/children")
    main = int(eventually(children.read_text))
    os.kill(one.pid, signal.SIGKILL)
    assert one.ended() == -signal.SIGKILL
    eventually(lambda: not os.path.exists(f"/proc/{main}"))  # it waited at the gate
    assert not (tmp_path / "runs").exists() and not (one.dir / "shim.json").exists()
    # So a worker may start the attempt again.
    (one.dir / ".shim.json.tmp").unlink()
    one.ctl.close()
    os.close(one.pidfd)
    one.listener = socket.socket(fileno=again)
    one.start(wait=False)
    assert one.outcome()["outcome"] == "exited"
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_shim_that_takes_the_place_of_one_that_never_started_writes_one_first_line(job):
    one = job(sh("echo run"))
    limits = ["/usr/bin/prlimit", "--fsize=100", str(BIN / "ems-shim"), str(one.state), one.job]
    pid = one.spawn(limits[0], limits)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    one.start()
    assert one.outcome()["outcome"] == "exited"
    assert one.output() == b"run\n"


@pytest.mark.parametrize("spoil, reason", [
    (lambda one: (one.dir / "spec.json").unlink(), "there is no file spec.json"),
    (lambda one: (one.dir / "spec.json").write_text("{"), "spec.json"),
    (lambda one: (one.dir / "spec.json").write_text(
        json.dumps({**one.spec, "job_id": "0" * 12})), "spec.json is the one of job 000000000000"),
    (lambda one: (one.dir / "spec.json").write_text(
        json.dumps({**one.spec, "argv": []})), "argv should name a program"),
])
def test_a_spec_that_cannot_be_read_is_an_error_and_nothing_else(job, spoil, reason):
    one = job(["/bin/true"])
    spoil(one)
    pid = one.spawn()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    assert reason in one.said() and one.job in one.said()
    assert not (one.dir / "exit.json").exists() and not (one.dir / "shim.json").exists()


@pytest.mark.parametrize("arguments", [[], ["/tmp"], ["/tmp", "x", "y"], ["/tmp", "../etc"],
                                       ["/no/such", "0" * 12]])
def test_wrong_arguments_are_refused(arguments):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind("")
        listener.listen(1)
        program = str(BIN / "ems-shim")
        actions = [(os.POSIX_SPAWN_DUP2, listener.fileno(), 100),
                   (os.POSIX_SPAWN_DUP2, 100, 3), (os.POSIX_SPAWN_CLOSE, 100)]
        pid = os.posix_spawn(program, [program, *arguments], dict(os.environ), file_actions=actions)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0


def test_a_shim_without_its_socket_is_an_error():
    run = subprocess.run([BIN / "ems-shim", "/tmp", "0" * 12], capture_output=True, text=True,
                         check=False)
    assert run.returncode == 1 and "descriptor 3 should be a listening socket" in run.stderr


# ---- connections ----

def test_a_later_worker_hears_started_and_can_stop_the_job(job):
    one = job(["/bin/sleep", "600"]).start()
    one.ctl.close()
    one.ctl = one.connect()
    assert one.hear() == b"started"
    one.stop(60000)
    assert one.outcome()["outcome"] == "cancelled"


def test_every_worker_that_is_connected_hears_the_end(job):
    one = job(["/bin/sleep", "600"]).start()
    others = [one.connect() for _ in range(2)]
    assert [one.hear(other) for other in others] == [b"started"] * 2
    one.stop(60000)
    for other in others:
        assert one.hear(other) == b"exited"
        assert one.hear(other) == b""
        other.close()
    one.outcome()


def test_messages_that_are_none_are_ignored(job):
    one = job(["/bin/sleep", "600"]).start()
    for message in (b"stop", b"stop ", b"stop -1", b"stop x", b"stop 1 ", b"stop 1\n", b"stop 1\0",
                    b"STOP 1", b"stop 600001", b"stop 99999999999999999999", b"stop 0x1",
                    b"\0", b"\xff" * 60, b"stop " + b"1" * 60, b"x" * 100000):
        one.ctl.send(message)
    probe = one.connect()
    assert one.hear(probe) == b"started"  # it is alive, and has taken in what came before
    probe.close()
    assert not (one.dir / "exit.json").exists() and one.alive() == [one.main()]
    one.stop(60000)
    assert one.outcome()["outcome"] == "cancelled"


def test_dozens_of_connections_cost_few_descriptors_and_the_last_is_heard(job):
    one = job(["/bin/sleep", "600"]).start()
    fds = Path(f"/proc/{one.pid}/fd")
    before = len(list(fds.iterdir()))
    crowd = []
    for _ in range(60):
        crowd.append(one.connect())
        assert one.hear(crowd[-1]) == b"started"
    assert len(list(fds.iterdir())) <= before + 4
    assert [one.hear(dropped) for dropped in crowd[:50]] == [b""] * 50
    one.stop(60000, crowd[-1])
    assert one.hear(crowd[-1]) == b"exited"
    for each in crowd:
        each.close()
    assert one.ended() == 0


def test_a_worker_that_floods_without_listening_does_not_hold_up_the_job(job):
    one = job(sh("sleep 0.3; echo out")).start()
    flood = one.connect()
    flood.setblocking(False)
    while not (one.dir / "exit.json").exists():
        with contextlib.suppress(OSError):
            flood.send(b"x" * 64)
    flood.close()
    assert one.outcome()["outcome"] == "exited"
    assert one.output() == b"out\n"


# ---- size ----

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


def test_the_shim_is_small_before_during_and_after_a_flood(job, plain_shim, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    one = job(sh(f"read x < {fifo}; yes | head -c 300000000; echo over; exec sleep 600"),
              env={"BALLAST": "x" * 60000}).start(plain_shim)
    sizes = [pss_kb(one.pid)]
    fifo.write_text("go\n")
    while not one.log_path.read_bytes()[-5:] == b"over\n":
        sizes.append(pss_kb(one.pid))
    sizes.append(pss_kb(one.pid))
    assert max(sizes) <= LIMIT_PSS_KB, sizes
    one.stop(60000)
    one.outcome()


def test_the_shim_does_not_wake_up_while_its_job_is_silent(job):
    one = job(["/bin/sleep", "600"], time_limit_ms=600000).start()
    probe = one.connect()
    assert one.hear(probe) == b"started"
    eventually(lambda: asleep(one.pid))
    before = switches(one.pid)
    time.sleep(1.5)  # the time that is being watched
    assert switches(one.pid) == before
    probe.close()
    one.stop(60000)
    one.outcome()


def test_the_shim_links_neither_zeromq_nor_czmq():
    libraries = subprocess.run(["ldd", BIN / "ems-shim"], check=True, capture_output=True,
                               text=True).stdout
    assert "libc.so" in libraries
    assert "zmq" not in libraries and "msgpack" not in libraries


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
