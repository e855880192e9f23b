# SPDX-License-Identifier: MPL-2.0
"""A broker, two workers and clients, each on a host of its own, joined by forwarded sockets."""
import os
import subprocess
import sys

from hosts import HERE, Hosts

sys.path.insert(0, str(HERE.parent / "e2e"))

from crash_world import PROFILE, World  # noqa: E402
from profiles import configuration  # noqa: E402
from system import BIN  # noqa: E402

CLIENTS = ("here", "there", "far")
PORTS = {"clients": 5570, "workers": 5571, "publish": 5572, "events": 5573}
SOCKETS = {"worker": ("workers", "publish"), "client": ("clients", "events")}


class NoPoints:
    """The crash suite's traps, which are not set here."""

    def reach(self, point):
        pass


class Host:
    """The world as it is seen from one client host."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.state = world.base / name
        self.environment = world.environment | {"EMS_STATE": str(self.state)}

    def endpoint(self, name):
        return f"ipc://{self.state}/sock/{name}"

    def __getattr__(self, name):
        return getattr(self.world, name)


class NetWorld(World):
    """Parts are the broker, the workers, and a forwarder for each host ("forward-HOST")."""

    prefix = "ems-net-"
    suite = "net"

    def __init__(self, seed, cgroup="auto"):
        super().__init__(seed, 2, cgroup)
        self.states = {"worker-1": self.base / "worker-1", "worker-2": self.base / "worker-2"}
        self.points = NoPoints()
        self.hosts = Hosts(["broker", *self.states, *CLIENTS], seed)
        for name, state in self.states.items():
            (self.base / f"{name}.zpl").write_text(configuration(
                {"name": name, "cgroup": cgroup}, self.work, BIN, {"crash": PROFILE}))
        for name in (*self.states, *CLIENTS):
            (self.base / name / "sock").mkdir(parents=True, mode=0o700)
        self.places = {name: Host(self, name) for name in CLIENTS}

    def all_parts(self):
        """In the order in which they are started."""
        return ["broker", *(f"forward-{name}" for name in self.hosts.numbers), *self.states]

    def start_part(self, name, **environment):
        with self.lock:
            if name in self.parts:
                return
            self.history.note("harness", "fault", kind="start", target=name)
            host = name.removeprefix("forward-")
            stdout = subprocess.PIPE if host != name else None
            with open(self.base / f"{name}.stderr", "ab") as stderr:
                self.parts[name] = subprocess.Popen(
                    self.hosts.inside(host) + self.command(name), stdin=subprocess.DEVNULL,
                    stdout=stdout or stderr, stderr=stderr, cwd=self.base,
                    env=self.environment | environment | self.notes_of(name))
            if stdout:
                assert self.parts[name].stdout.readline() == b"ready\n"
                self.parts[name].stdout.close()

    def notes_of(self, name):
        """Where a worker's jobs write their history."""
        return {"CRASH_HISTORY": str(self.history.jobs), "CRASH_SLOT": name,
                "CRASH_GUARD": str(self.base / f"{name}.guard")}

    def command(self, name):
        if name == "broker":
            return [BIN / "ems-broker", "--state", self.state, "--config", self.config]
        if name in self.states:
            return [BIN / "ems-worker", "--state", self.states[name],
                    "--config", self.base / f"{name}.zpl"]
        return [sys.executable, HERE / "forward.py", *self.joints(name.removeprefix("forward-"))]

    def joints(self, host):
        """What the forwarder of a host joins."""
        broker = self.hosts.address("broker")
        if host == "broker":
            return [f"tcp:{broker}:{port}=unix:{self.state}/sock/{name}"
                    for name, port in PORTS.items()]
        kind = "worker" if host in self.states else "client"
        return [f"unix:{self.base}/{host}/sock/{name}=tcp:{broker}:{PORTS[name]}"
                for name in SOCKETS[kind]]

    def stop(self):
        """As before; forwarders have no end of their own."""
        try:
            self.hosts.rules()
            problems = self.ended_parts()
            for name in [name for name in self.parts if name.startswith("forward-")]:
                part = self.parts.pop(name)
                part.kill()
                part.wait()
            for path in self.base.glob("*/sock/*"):
                if path.parent.parent != self.state and path.is_socket():
                    path.unlink()
            return problems + super().stop()
        finally:
            self.hosts.close()

    def descriptors(self, name):
        """How many a daemon has."""
        return len(os.listdir(f"/proc/{self.parts[name].pid}/fd"))
