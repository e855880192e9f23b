# SPDX-License-Identifier: MPL-2.0
"""Secret keys are in their files and in the memory of those who need them, and nowhere else."""
import os
import pwd
import re
import resource
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from zmq.utils import z85

import procs
from conftest import running
from procs import eventually
from profiles import JOBS, configuration, zpl
from receivers import Hook, Server
from shimjob import cannot
from system import BIN, System, WORKER

HOOK_SECRET = "the secret of a hook that nobody else knows"
PROGRAMS = ("ems", "ems-broker", "ems-worker", "ems-shim", "ems-notify")
CORE = (123456789, 234567891)  # limits of core dumps that nobody has by chance


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Vault(System):
    """Everything over TCP with keys, and a hook whose notices are signed."""

    def __init__(self):
        super().__init__()
        self.environment["no_proxy"] = "*"
        self.secrets = {"hook": [HOOK_SECRET.encode()]}
        self.hook = Server(Hook, "hang", "ok")
        self.tcp = {place: f"tcp://127.0.0.1:{port}" for place, port in
                    zip(("clients", "workers", "publish", "events"), free_ports(4))}
        lines = [self.keygen("server"), self.keygen("bench", "--role", "worker", "--workers", WORKER),
                 self.keygen("alice", "--role", "admin")]
        self.write("users.zpl", "users\n" + "\n".join(lines[1:]) + "\n")
        self.write("hook.key", HOOK_SECRET + "\n")
        self.write("ems.zpl", self.configuration())
        self.client_context()

    def write(self, name, text):
        path = self.base / name
        path.touch(0o600)
        path.write_text(text)

    def keygen(self, name, *arguments):
        made = self.ems("keygen", name, *arguments, "--directory", self.base)
        assert made.returncode == 0, made.stderr
        text = (self.base / f"{name}.secret").read_text()
        curve, sign = re.findall(r'secret-key = "(.+)"', text)
        self.secrets[name] = [curve.encode(), z85.decode(curve.encode()), sign.encode(), sign[:64].encode(),
                              bytes.fromhex(sign), bytes.fromhex(sign[:64])]
        assert not any(each in (made.stdout + made.stderr).encode() for each in self.secrets[name])
        self.secrets[name + ".public"] = re.findall(r'public-key = "(.+)"', text)
        return made.stdout.split("users file:\n\n")[1].split("\n\nFor workers")[0]

    def configuration(self):
        server = self.secrets["server.public"][0]
        text = configuration({"name": WORKER, "workers": self.tcp["workers"], "publish": self.tcp["publish"],
                              "certificate": self.base / "bench.secret", "server_key": server},
                             self.work, BIN, {
            "environment": {"command": Path("/usr/bin/env"), "arguments": [], "parameters": {}},
            "core": {"command": Path("/bin/sh"), "parameters": {},
                     "arguments": ["-c", "ulimit -S -c; ulimit -H -c"]}})
        return text + "\n".join(zpl({
            "broker": self.tcp | {"certificate": self.base / "server.secret", "users": self.base / "users.zpl"},
            "notices": {"ops": {"webhook": f"http://127.0.0.1:{self.hook.port}/",
                                "secret_file": self.base / "hook.key"}}})) + "\n"

    def client_context(self):
        added = self.ems("context", "add", "lab", "--endpoint", self.tcp["clients"], "--events", self.tcp["events"],
                         "--server-key", self.secrets["server.public"][0], "--certificate",
                         self.base / "alice.secret")
        assert added.returncode == 0, added.stderr

    def couriers(self):
        return [who for who, arguments in procs.mentioning(str(self.state)).items()
                if arguments.split()[0].endswith("ems-notify")]

    def kill_leftovers(self):
        """But who would still try to deliver what the hook has not taken is none: ended when no worker is there any
        more who would start another."""
        for who in self.couriers():
            procs.kill(who)
        procs.eventually(lambda: not self.couriers())
        return super().kill_leftovers()

    def close(self):
        self.hook.close()
        super().close()


@pytest.fixture
def vault(request):
    yield from running(request.node, Vault())


def shown_by_processes(vault):
    """{what: bytes} of every process of the system: command line and environment."""
    shown = {}
    for pid, _ in procs.mentioning(str(vault.base)):
        for file in ("cmdline", "environ"):
            try:
                shown[f"/proc/{pid}/{file}"] = Path(f"/proc/{pid}/{file}").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                pass
    return shown


def shown_by_files(vault):
    files = [path for path in [*vault.state.rglob("*"), *vault.base.glob("*.stderr"),
                               vault.base / ".config/ems/client.zpl"] if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


def places(text, shown):
    return sorted(what for what, data in shown.items() if text in data)


def test_no_secret_is_anywhere_but_in_its_file(vault):
    shown = {}

    def ems(*arguments, code=0):
        done = vault.ems(*arguments)
        assert done.returncode == code, done
        shown[f"ems {arguments} {len(shown)}"] = (done.stdout + done.stderr).encode()

    ems("-c", "lab", "run", "environment")
    ems("-c", "lab", "--json", "run", "waits", "--detach")
    ems("-c", "lab", "show")
    for command in ("ps", "workers", "profiles", "ping", "doctor"):
        shown[command] = vault.ems("-c", "lab", "--json", command).stdout.encode()
    job_id = vault.client.do("status", job_id="last")["job"]["job_id"]
    vault.wait_log(job_id, b"ready\n")
    follower = vault.spawn(BIN / "ems", "-c", "lab", "attach", job_id)
    eventually(vault.couriers)
    shown |= shown_by_processes(vault)
    # What is wrong is said, and not what is in it.
    vault.parts["broker"].send_signal(signal.SIGHUP)
    (vault.base / "alice.secret").chmod(0o644)
    ems("-c", "lab", "ping", code=77)
    vault.write("alice.secret", (vault.base / "alice.secret").read_text().replace("public-key = \"", "public-key = \"x"))
    (vault.base / "alice.secret").chmod(0o600)
    ems("-c", "lab", "ping", code=78)
    vault.restart("worker")
    (vault.work / "go").touch()
    assert vault.finish(job_id)["status"] == "completed"
    follower.kill()
    shown |= {"the follower": b"".join(follower.communicate())}
    eventually(lambda: len(vault.hook.got) > 1)
    shown |= shown_by_processes(vault) | shown_by_files(vault)

    # It would be seen: each kind of place shows something that we know.
    found = places(job_id.encode(), shown)
    for kind in (r"/proc/\d+/cmdline", r"/proc/\d+/environ", r".*/logs/jobs/.*\.json", r".*/outbox/.*|.*/logs/history"):
        assert any(re.fullmatch(kind, what) for what in found), kind
    assert places(b"user=alice", shown) == [str(vault.state / "broker" / "audit.log")]
    assert places(b"EMS_JOB_ID=", shown) and places(b"registered with the broker", shown)
    assert places(vault.secrets["server.public"][0].encode(), shown)

    for name, secrets in vault.secrets.items():
        if not name.endswith(".public"):
            for secret in secrets:
                assert places(secret, shown) == [], name


def test_the_job_gets_of_our_environment_what_its_profile_names_and_nothing_else(vault):
    vault.restart("worker", SOME_TOKEN="not for a job", LD_LIBRARY_PATH="/nowhere", TZ="UTC", EMS_ENDPOINT="tcp://x")
    done = vault.finished("environment")
    assert done["status"] == "completed"
    lines = vault.log(done["job_id"]).decode().splitlines()[1:]
    names = {line.split("=", 1)[0] for line in lines}
    assert names == {"PATH", "EMS_JOB_ID", "EMS_RUN_ID", "EMS_RESULTS_DIR", "EMS_ATTEMPT", "PYTHONUNBUFFERED"}
    assert f"PATH={vault.environment['PATH']}" in lines


# Core dumps, and others of the same user

class Lodger(Vault):
    """The daemons are those of a user who is not root."""

    user = "nobody"

    def __init__(self):
        super().__init__()
        entry = pwd.getpwnam(self.user)
        # Its runtime would else lower the limit by itself.
        self.environment["ASAN_OPTIONS"] += ":disable_coredump=0"
        self.bin = self.base / "bin"
        self.bin.mkdir()
        for program in PROGRAMS:
            shutil.copy(BIN / program, self.bin / program)
        shutil.copytree(JOBS, self.base / "jobs")
        self.config.write_text(self.config.read_text().replace(str(JOBS), str(self.base / "jobs")))
        for path in (self.base, *self.base.rglob("*")):
            os.chown(path, entry.pw_uid, entry.pw_gid)
        self.popen = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [],
                      "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_CORE, CORE)}


@pytest.fixture
def lodger(request):
    if os.getuid() != 0:
        cannot("only root can play another user")
    yield from running(request.node, Lodger())


def looks_into(lodger, pid):
    """Can another process of the same user read its memory's files?"""
    done = subprocess.run(["cat", f"/proc/{pid}/environ"], capture_output=True, check=False,
                          **{key: lodger.popen[key] for key in ("user", "group", "extra_groups")})
    return done.returncode == 0


def core_limit(pid):
    return re.search(r"^Max core file size +(\S+) +(\S+)", Path(f"/proc/{pid}/limits").read_text(), re.M).groups()


def test_who_holds_a_secret_leaves_no_core_and_lets_nobody_look(lodger):
    job = lodger.run("waits")
    lodger.wait_log(job["job_id"], b"ready\n")
    lodger.client.do("cancel", job_id=lodger.client.do("run", profile="say", if_busy="queue")["job"]["job_id"])
    broker, worker = (lodger.parts[name].pid for name in ("broker", "worker"))
    [(courier, _)] = eventually(lodger.couriers)
    client = subprocess.Popen([lodger.bin / "ems", "-c", "lab", "attach", job["job_id"]], env=lodger.environment,
                              stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, **lodger.popen)
    lodger.programs.append(client)
    assert client.stdout.readline()
    for pid in (broker, worker, courier, client.pid):
        assert not looks_into(lodger, pid)
    shim, main = (lodger.run_file(job["job_id"], "shim.json")[who]["pid"] for who in ("shim", "main"))
    for pid in (shim, main):
        assert looks_into(lodger, pid)
    assert core_limit(broker) == core_limit(client.pid) == ("0", "0")
    for pid in (shim, main):
        assert core_limit(pid) == tuple(map(str, CORE))
    (lodger.work / "go").touch()
    assert lodger.finish(job["job_id"])["status"] == "completed"


@pytest.mark.parametrize("profile", ["ignores", "family"])
def test_all_that_is_done_by_process_number_works_all_the_same(lodger, profile):
    job = lodger.run(profile, **({"params": {"n": 3}} if profile == "family" else {}))
    members = 3 if profile == "family" else 1
    left = eventually(lambda: (lodger.work / "pids").exists() and len(lodger.pids()) == members and lodger.pids())
    for change, status in (("pause", "paused"), ("resume", "running")):
        assert lodger.client.ask(change, job_id=job["job_id"]).body["job"]["status"] == status
    lodger.kill9("worker")
    lodger.start_part("worker")
    lodger.wait_ready()
    assert lodger.status(job["job_id"])["status"] == "running"
    os.kill(lodger.run_file(job["job_id"], "shim.json")["shim"]["pid"], signal.SIGKILL)
    done = lodger.finish(job["job_id"])
    assert (done["status"], done["reason"]) == ("failed", "lost")
    assert not any(map(procs.alive, left))
