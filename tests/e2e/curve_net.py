# SPDX-License-Identifier: MPL-2.0
"""A broker on TCP, and everybody's keys: made by `ems keygen`, the users file from what that prints."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import msgpack
import zmq

from procs import eventually
from profiles import configuration
from system import BIN

PATIENCE_S = 30
SILENCE_MS = 400
PLACES = ("clients", "workers", "publish", "events")
MAGIC = b"EMS1"


def event(topic, worker="bench-1", payload=b"", **map):
    """The frames of an event in a worker's name."""
    return [topic.encode(), msgpack.packb({"worker": worker} | map), payload]


class Net:
    """A broker on TCP ports of its own, and keys."""

    def __init__(self):
        self.base = Path(tempfile.mkdtemp(prefix="ems-curve-", dir="/tmp"))
        self.state = self.base / "s"
        self.users, self.config, self.errors = (self.base / name for name in
                                                ("users.zpl", "ems.zpl", "errors"))
        self.lines = {}  # the users file: name to its lines
        self.keys = {}
        self.processes = []
        self.broker = None
        self.at = {}
        self.context = zmq.Context()
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith(("EMS_", "XDG_"))} | {"HOME": str(self.base)}

    def keygen(self, name, role, *arguments):
        made = self.ems("keygen", name, "--role", role, "--directory", str(self.base), *arguments)
        assert made.returncode == 0, made.stderr
        lines = made.stdout.split("users file:\n\n")[1].split("\n\nFor workers")[0]
        text = (self.base / f"{name}.secret").read_text()
        self.keys[name] = (re.search('public-key = "(.{40})"', text)[1].encode(),
                           re.search('secret-key = "(.{40})"', text)[1].encode())
        return lines

    def add(self, name, role, *arguments):
        self.lines[name] = self.keygen(name, role, *arguments)

    def write_users(self):
        self.users.write_text("users\n" + "\n".join(self.lines.values()) + "\n")
        self.users.chmod(0o600)

    def write_config(self, endpoint="tcp://127.0.0.1:*", certificate=True, users=True, at=None):
        lines = ["broker"] + [f'    {place} = "{(at or {}).get(place, endpoint)}"'
                              for place in PLACES]
        if certificate:
            lines.append(f'    certificate = "{self.base}/server.secret"')
        if users:
            lines.append(f'    users = "{self.users}"')
        self.config.write_text("\n".join(lines) + "\n")

    def launch(self, program, *arguments):
        with open(self.errors, "ab") as errors:
            process = subprocess.Popen([BIN / program, *map(str, arguments)], stderr=errors,
                                       stdin=subprocess.DEVNULL, cwd=self.base,
                                       env=self.environment)
        self.processes.append(process)
        return process

    def start(self):
        self.broker = self.launch("ems-broker", "--state", self.state, "--config", self.config)
        eventually(lambda: len(self.served()) == 4 or self.broker.poll() is not None, PATIENCE_S)
        assert self.broker.poll() is None, self.said()
        self.at = self.served()

    def start_all(self):
        """And a worker that is idle, and an admin's context."""
        self.start()
        self.launch("ems-worker", "--state", self.base / "w", "--config", self.worker_config())
        self.add_context("anna")
        eventually(lambda: "idle" in self.ems("workers").stdout, PATIENCE_S)

    def restart(self, meanwhile=lambda: None):
        """At the same ports."""
        self.processes.remove(self.broker)
        self.broker.terminate()
        assert self.broker.wait(PATIENCE_S) == 0, self.said()
        meanwhile()
        self.write_config(at=self.at)
        self.errors.write_text("")
        self.start()

    def refuse(self):
        """Start the broker, which must not start: what it says."""
        run = subprocess.run([BIN / "ems-broker", "--state", self.state, "--config", self.config],
                             capture_output=True, text=True, timeout=PATIENCE_S)
        assert run.returncode == 78, run
        return run.stderr

    def said(self):
        return self.errors.read_text() if self.errors.exists() else ""

    def served(self):
        return dict(re.findall(r"serves (\w+) at (tcp://\S+)", self.said()))

    def reload(self):
        """By SIGHUP; returns when the broker has said what came of it."""
        before = len(self.said())
        self.broker.send_signal(signal.SIGHUP)
        return eventually(lambda: re.search(r"ems-broker: (.*users.*)\n", self.said()[before:]),
                          PATIENCE_S)[1]

    def ems(self, *arguments, timeout=PATIENCE_S):
        return subprocess.run([BIN / "ems", *arguments], capture_output=True, text=True,
                              env=self.environment, cwd=self.base, timeout=timeout)

    def socket(self, kind, place, name=None, server="server"):
        """A socket to that place; without a name, without a key."""
        made = self.context.socket(kind)
        made.linger = 0
        if name:
            made.curve_publickey, made.curve_secretkey = self.keys[name]
            made.curve_serverkey = self.keys[server][0]
        made.connect(self.at[place])
        return made

    def ask(self, socket, type, timeout_ms=PATIENCE_S * 1000, **body):
        """(status, error) of the answer; None if there is none."""
        request = {"id": os.urandom(16).hex(), "type": type, "body": body}
        try:
            socket.send_multipart([MAGIC, msgpack.packb(request)], zmq.DONTWAIT)
        except zmq.Again:
            return None
        while socket.poll(timeout_ms):
            reply = msgpack.unpackb(socket.recv_multipart()[1])
            if reply["re"] == request["id"]:
                return reply["status"], reply.get("error")
        return None

    def worker_config(self, name="bench-1", profiles=None, **more):
        path = self.base / f"{name}.zpl"
        work = self.base / "work"
        work.mkdir(exist_ok=True)
        path.write_text(configuration({"name": name, "cgroup": "none",
                                       "workers": self.at["workers"], "publish": self.at["publish"],
                                       "certificate": f"{self.base}/{name}.secret",
                                       "server_key": self.keys["server"][0].decode()} | more,
                                      work, BIN, profiles))
        return path

    def add_context(self, user, name=None):
        """A context of that user, in use from now on."""
        made = self.ems("context", "add", name or user, "-e", self.at["clients"], "--events",
                        self.at["events"], "--server-key", self.keys["server"][0].decode(),
                        "--certificate", f"{user}.secret")
        assert made.returncode == 0, made.stderr
        assert self.ems("context", "use", name or user).returncode == 0

    @contextmanager
    def follower(self, *arguments):
        """The tool beside the test."""
        follower = Follower(self, arguments)
        try:
            yield follower
        finally:
            follower.end()

    def close(self):
        self.context.destroy(linger=0)
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        codes = [process.wait(PATIENCE_S) for process in self.processes]
        said = self.said()
        shutil.rmtree(self.base)
        assert codes == [0] * len(codes), said
        assert "Sanitizer" not in said and "runtime error" not in said, said


class Follower:
    """The tool, with what it says in files."""

    def __init__(self, net, arguments):
        self.path, self.errors = net.base / "follower", net.base / "follower.stderr"
        with open(self.path, "wb") as out, open(self.errors, "wb") as errors:
            self.process = subprocess.Popen([BIN / "ems", *arguments], stdout=out, stderr=errors,
                                            stdin=subprocess.DEVNULL, env=net.environment,
                                            cwd=net.base)

    def text(self):
        return self.path.read_bytes()

    def said(self):
        return self.errors.read_text()

    def wait(self, timeout_s=PATIENCE_S):
        return self.process.wait(timeout_s)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextmanager
def opened():
    """A Net with a user of each role, a worker, and a stranger; not started yet."""
    net = Net()
    try:
        net.keygen("server", "admin")
        net.add("vera", "viewer")
        net.add("olga", "operator")
        net.add("anna", "admin")
        net.add("bench-1", "worker")
        net.keygen("stranger", "admin")
        net.write_users()
        net.write_config()
        yield net
    finally:
        net.close()
