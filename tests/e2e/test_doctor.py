# SPDX-License-Identifier: MPL-2.0
"""`ems doctor`: each thing that it looks at is broken once, and it says which, and what to type."""
import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import time

import pytest

import curve_net
import fake_ems
from client_tool import ems as tool
from procs import eventually
from profiles import JOBS, zpl
from system import BIN, System, WORKER

NOBODY = 65534
SOON_S = 2  # and what a machine that is busy takes to start a program
BUSY_S = 1
SAY = {"command": JOBS / "say.sh", "environment": "PATH"}
WAITS = {"command": JOBS / "waits.sh", "environment": "PATH"}


def write_config(ems, worker=None, **profiles):
    ems.config.write_text("\n".join(zpl({
        "worker": {"name": WORKER, "cgroup": "none"} | (worker or {}),
        "profiles": {"say": SAY, "waits": WAITS} | profiles})) + "\n")


class Place(System):
    """Nothing runs yet; the configuration has nothing wrong in it."""

    def __init__(self):
        super().__init__()
        write_config(self)

    def start_worker_by(self, *words):
        """Started by a program that becomes it."""
        with open(self.base / "worker.stderr", "ab") as stderr:
            self.parts["worker"] = subprocess.Popen(
                [*words, "--state", self.state, "--config", self.config], stdin=subprocess.DEVNULL,
                stdout=stderr, stderr=stderr, cwd=self.base, env=self.environment)
        self.wait_ready()


@pytest.fixture
def place():
    ems = Place()
    yield ems
    ems.close()


@pytest.fixture
def running(place):
    place.start()
    return place


@pytest.fixture
def net():
    with curve_net.opened() as net:
        yield net


@pytest.fixture
def fake():
    with fake_ems.FakeEms() as fake:
        yield fake


def findings(done):
    """{check: [(verdict, text, advice)…]}, of what is not ok; the exit code must fit."""
    assert done.stdout, done
    reply = json.loads(done.stdout)
    found = {}
    for item in reply["findings"]:
        if item["verdict"] != "ok":
            found.setdefault(item["check"], []).append((item["verdict"], item["text"], item["advice"]))
    assert done.returncode == (1 if reply["wrong"] else 0), done
    assert not done.stderr, done
    return found


def look(ems, *arguments, **more):
    return findings(ems.ems("doctor", "--json", *arguments, **more))


def only(found, check, verdict, *words):
    """This one finding and no other has these words in its text or advice."""
    assert list(found) == [check] and len(found[check]) == 1, found
    has(found, check, verdict, *words)


def has(found, check, verdict, *words):
    assert check in found, found
    for item in found[check]:
        if item[0] == verdict and all(word in f"{item[1]} {item[2]}" for word in words):
            return
    raise AssertionError(f"no {verdict} {check} with {words} in {found}")


# What is right

def test_all_is_well(running):
    done = running.ems("doctor")
    assert done.returncode == 0 and not done.stderr, done
    lines = done.stdout.splitlines()
    assert lines[-1] == "All is well."
    assert all(line.startswith("ok ") for line in lines[:-1]), done.stdout
    checks = {line.split()[1] for line in lines[:-1]}
    assert checks >= {"endpoint", "events", "keys", "versions", "clock", "disk", "cgroup", "locks",
                      "configuration", "workers", "state"}
    assert look(running) == {}


def test_all_is_well_over_tcp(net):
    net.start_all()
    # Its configuration has profiles that no job could run.
    found = findings(net.ems("doctor", "--json"))
    assert list(found) == ["profiles"], found
    said = net.ems("doctor").stdout
    assert "lets in the key of" in said and net.at["events"] in said


def test_what_is_wrong_is_shown_with_what_to_type(place):
    done = place.ems("doctor")
    assert done.returncode == 1
    line, advice = next((line, after) for line, after in
                        zip(done.stdout.splitlines(), done.stdout.splitlines()[1:])
                        if line.startswith("wrong    state "))
    assert str(place.state) in line and advice.split() [:2] == ["->", "`ems"], done.stdout
    assert done.stdout.splitlines()[-1] == "2 wrong, 0 warnings."


# The way to the broker

def test_nobody_there_shows_within_two_seconds(running):
    running.stop_part("broker")
    begun = time.monotonic()
    found = look(running)
    assert time.monotonic() - begun < SOON_S + BUSY_S
    has(found, "endpoint", "wrong", "nobody answers", str(running.state))
    has(found, "locks", "wrong", "no broker runs", "ems up")


def test_a_broker_that_hangs_is_told_from_one_that_is_gone(running):
    broker = running.parts["broker"]
    broker.send_signal(signal.SIGSTOP)
    try:
        has(look(running), "locks", "wrong", f"process {broker.pid}", "does not answer",
            f"kill -CONT {broker.pid}")
    finally:
        broker.send_signal(signal.SIGCONT)


def test_wrong_places_and_contexts(running):
    only(look(running, "-e", "nonsense"), "endpoint", "wrong", "nonsense", "ipc://PATH")
    only(look(running, "-c", "nosuch"), "configuration", "wrong", "nosuch", "ems context list")
    only(look(running, "-e", "tcp://127.0.0.1:5570"), "keys", "wrong", "ems keygen")
    only(look(running, "--events", f"ipc://{running.base}/nothing"), "events", "wrong",
         "does not answer", "EMS_EVENTS")
    clients = running.base / "here"
    clients.symlink_to(running.state / "sock" / "clients")
    only(look(running, "-e", f"ipc://{clients}"), "events", "warning", "--events")


def test_keys_that_are_wrong(net):
    net.start_all()
    net.add_context("stranger")
    only(findings(net.ems("doctor", "--json")), "keys", "wrong", "does not let our key in", "ems grant")
    net.add_context("olga")
    secret = net.base / "olga.secret"
    secret.chmod(0o644)
    only(findings(net.ems("doctor", "--json")), "keys", "wrong", "open to others", "chmod 600")
    secret.unlink()
    only(findings(net.ems("doctor", "--json")), "keys", "wrong", str(secret), "ems help context")
    added = net.ems("context", "add", "other", "-e", net.at["clients"], "--server-key",
                    net.keys["vera"][0].decode(), "--certificate", "anna.secret")
    assert added.returncode == 0, added
    only(findings(net.ems("-c", "other", "doctor", "--json")), "endpoint", "wrong",
         "is not the broker whose public key was given", net.keys["vera"][0].decode(), "--server FILE")


# What broker and worker say of themselves

def answers(fake, offset_ms=0, version="0.1.0", worker_offset_ms=0, **more):
    now = lambda off: int(time.time() * 1000) + off
    fake.do_ping = lambda _id, _body: (200, None, {
        "broker": "fake", "version": version, "time_ms": now(offset_ms)})
    fake.do_check = lambda _id, _body: (200, None, {
        "worker": WORKER, "version": version, "time_ms": now(worker_offset_ms)} | more)


def ask(fake):
    return findings(tool(fake, "doctor", "--json", "-e", f"ipc://{fake.state}/./sock/clients",
                         "--events", fake.endpoint("events")))


def test_versions_that_differ(fake):
    answers(fake, version="0.0.9")
    found = ask(fake)
    assert list(found) == ["versions"] and len(found["versions"]) == 2
    has(found, "versions", "warning", "the broker is of version 0.0.9, this tool of")
    has(found, "versions", "warning", f"worker {WORKER} is of version 0.0.9")
    fake.do_check = lambda _id, _body: (400, 'a worker does not serve the type "check"', None)
    has(ask(fake), "versions", "warning", f"worker {WORKER} cannot be asked", "same version")


@pytest.mark.parametrize("offset_ms, verdict, words", [
    (3000, "warning", "3.0 s ahead of ours"), (-3000, "warning", "3.0 s behind ours"),
    (90000, "wrong", "90.0 s ahead of ours: requests come too late"),
])
def test_clocks_that_differ(fake, offset_ms, verdict, words):
    answers(fake, offset_ms=offset_ms)
    only(ask(fake), "clock", verdict, "the broker is", words, "timedatectl set-ntp true")
    answers(fake, worker_offset_ms=offset_ms)
    only(ask(fake), "clock", verdict, f"worker {WORKER} is", words)


def test_a_clock_that_is_so_wrong_that_nothing_is_answered(fake):
    answers(fake)
    fake.refuse["ping"] = [(504, "not_after_ms had passed when the broker got the request", None)]
    only(ask(fake), "clock", "wrong", "our clock is behind", "timedatectl")


def test_what_a_worker_says_is_not_believed(fake):
    answers(fake)
    nonsense = [5, "x", None, [], {}, {"free_bytes": -1}, {"free_bytes": "x", "total_bytes": 2**63 - 1},
                [{"check": "x" * 500, "subject": "\x1b[31m", "error": "\x1b]0;x\x07" * 50}], [[[]]] * 40]
    for wrong in nonsense:
        answers(fake, slot=wrong, disk=wrong, cgroup=wrong, descriptors=wrong, problems=wrong)
        done = tool(fake, "doctor", "-e", fake.endpoint("clients"), "--events", fake.endpoint("events"))
        assert done.returncode in (0, 1) and "\x1b" not in done.stdout, done
    fake.do_check = lambda _id, _body: (200, None, {"version": 5, "time_ms": "soon"})
    assert tool(fake, "doctor").returncode in (0, 1)


def test_no_worker(running):
    running.stop_part("worker")
    eventually(lambda: "offline" in running.ems("workers").stdout)
    found = look(running)
    has(found, "workers", "wrong", "no worker is connected", "ems up")
    has(found, "workers", "warning", WORKER, "broker/workers")
    has(found, "locks", "wrong", "no worker runs", "ems up")


@pytest.mark.parametrize("size, verdict", [("32m", "wrong"), ("512m", "warning")])
def test_a_disk_that_is_full_soon(place, size, verdict):
    place.state.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "ems-test", place.state],
                   check=True)
    try:
        place.start()
        only(look(place), "disk", verdict, "MiB are free", "ems prune")
        for part in ("worker", "broker"):
            place.stop_part(part)
        has(look(place), "disk", verdict, str(place.state), "make room there")  # nobody there says it
    finally:
        for part in list(place.parts):
            place.stop_part(part)
        subprocess.run(["umount", place.state], check=True)


def test_a_disk_without_room_for_files(place):
    place.state.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=80,mode=700", "ems-test", place.state],
                   check=True)
    try:
        place.start()
        only(look(place), "disk", "wrong", "more files", "ems prune")
    finally:
        for part in list(place.parts):
            place.stop_part(part)
        subprocess.run(["umount", place.state], check=True)


def test_cgroups_that_cannot_be_made(place):
    write_config(place, {"cgroup": "auto"})
    mounts = {line.split()[1] for line in open("/proc/mounts") if line.split()[2] == "cgroup2"}
    closed = place.base / "closed"
    closed.mkdir()
    hide = "; ".join(f"mount --bind {closed} {mount}" for mount in mounts) or ":"
    place.start_part("broker")
    place.start_worker_by("unshare", "-m", "--propagation", "private", "sh", "-c",
                          f'{hide}; exec "$@"', "sh", BIN / "ems-worker")
    only(look(place), "cgroup", "warning", "cannot make cgroups", "Delegate=yes")


def test_a_limit_of_memory_that_takes_a_cgroup(place):
    write_config(place, greedy=SAY | {"memory_limit_bytes": 100000000})
    place.start()
    only(look(place), "cgroup", "wrong", "greedy", "memory_limit_bytes", "Delegate=yes")


def test_descriptors_that_run_out(running):
    worker = running.parts["worker"]
    used = len(os.listdir(f"/proc/{worker.pid}/fd"))
    resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (used + 4, used + 4))
    only(look(running), "descriptors", "warning", f"may have {used + 4}", "LimitNOFILE")


def test_programs_and_folders_that_are_not_there(place):
    programs = place.base / "bin"
    programs.mkdir()
    for name in ("ems-worker", "ems-notify"):
        shutil.copy(BIN / name, programs)
    write_config(place, gone=SAY | {"command": "/nonexistent/program"},
                 closed=SAY | {"command": JOBS / "not_executable"},
                 folder=SAY | {"command": "/usr"}, nowhere=SAY | {"workdir": "/nonexistent"},
                 nofolder=SAY | {"workdir": "/etc/passwd"})
    place.start_part("broker")
    place.start_worker_by(programs / "ems-worker")
    found = look(place)
    assert sorted(found) == ["profiles", "programs"] and len(found["profiles"]) == 5
    has(found, "programs", "wrong", "ems-shim", "No such file", "install EMS anew")
    has(found, "profiles", "wrong", "profile gone", "/nonexistent/program", "No such file")
    has(found, "profiles", "wrong", "profile closed", "Permission denied")
    has(found, "profiles", "wrong", "profile folder", "cannot run /usr", "Permission denied")
    has(found, "profiles", "wrong", "profile nowhere", "working folder /nonexistent", "No such file")
    has(found, "profiles", "wrong", "profile nofolder", "working folder /etc/passwd", "Not a directory")


# This machine

def held(path):
    """Hold the lock, as a process of a test."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    return fd


def test_a_slot_that_no_job_holds(running):
    fd = held(running.state / "slot.lock")
    only(look(running), "locks", "wrong", f"the slot of worker {WORKER} is held", "lslocks")
    os.close(fd)


def test_locks_that_nobody_answers_for(place):
    (place.state / "sock").mkdir(parents=True, mode=0o700)
    place.state.chmod(0o700)
    locks = [held(place.state / name) for name in ("sock/broker.lock", "worker.lock")]
    found = look(place)
    has(found, "locks", "wrong", "broker.lock", "lslocks")
    has(found, "locks", "wrong", "worker.lock", "lslocks")
    for fd in locks:
        os.close(fd)


def test_a_job_without_its_worker(running):
    job = running.run("waits")["job_id"]
    running.stop_part("worker")
    eventually(lambda: "offline" in running.ems("workers").stdout)
    has(look(running), "locks", "warning", "a job goes on", "ems up")
    running.start_part("worker")
    running.wait_ready()
    assert running.cancel(job, grace_ms=0).status == 200


def test_a_daemon_that_ended_is_quoted(place):
    place.state.mkdir(mode=0o700)
    (place.state / "worker.out").write_text("TIME ems-worker: one\nTIME ems-worker: the \x1b[31mlast\n")
    has(look(place), "locks", "wrong", "no worker runs", "; the last one said: the ", "last")


def test_configurations_that_are_wrong(running):
    later = time.time() + 60
    os.utime(running.config, (later, later))
    only(look(running), "configuration", "warning", str(running.config), "ems down")
    running.config.write_text(running.config.read_text() + "    more\n        commnd = \"/bin/true\"\n")
    only(look(running), "configuration", "wrong", f"{running.config}:", "commnd", "ems up")
    running.config.write_text("broker\n    clients = \"tcp://*:5570\"\n")
    has(look(running), "configuration", "wrong", "broker refuses", "certificate")
    running.config.unlink()
    only(look(running), "configuration", "wrong", str(running.config), "No such file",
         "ems up --config FILE")


def test_state_folders_that_are_not_right(running):
    running.state.chmod(0o777)
    only(look(running), "state", "warning", f"chmod go-w {running.state}")
    running.state.chmod(0o700)
    running.base.chmod(0o755)
    done = subprocess.run([BIN / "ems", "--json", "doctor"], env=running.environment, user=NOBODY,
                          group=NOBODY, extra_groups=[], capture_output=True, text=True, check=False)
    has(findings(done), "state", "wrong", "Permission denied", "--state DIR")


# What asks

@pytest.mark.parametrize("word", ["docter", "doctr", "doc"])
def test_a_misspelt_doctor_is_recognized(place, word):
    done = place.ems(word)
    assert done.returncode == 64 and "did you mean `doctor`?" in done.stderr


def test_the_daemons_check_a_configuration_without_starting(place):
    for program in ("ems-broker", "ems-worker"):
        words = [BIN / program, "--check", "--state", place.base / "new", "--config", place.config]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
        assert not (place.base / "new").exists()
    place.config.write_text("nosuch\n    x = 1\n")
    for program in ("ems-broker", "ems-worker"):
        words = [BIN / program, "--check", "--state", place.base / "new", "--config", place.config]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 78 and "nosuch" in done.stderr, done
