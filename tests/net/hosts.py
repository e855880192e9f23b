# SPDX-License-Identifier: MPL-2.0
"""Hosts made of network namespaces, joined by switch.py, and faults of the wire between them."""
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PREFIX = "ems-net-"


class Unable(Exception):
    """Namespaces cannot be made; says why and what would help."""


def ip(*arguments):
    try:
        done = subprocess.run(["ip", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
    except FileNotFoundError:
        raise Unable("there is no `ip`; this suite needs the package iproute2") from None
    if done.returncode:
        raise Unable(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}; this suite needs root, "
                     f"network namespaces and /dev/net/tun (in a container: --privileged)")


class Hosts:
    """`names` are the hosts; numbers[name] is a host's number, from 1."""

    def __init__(self, names, seed):
        self.numbers = {name: number for number, name in enumerate(names, 1)}
        self.pid, self.switch, self.made = os.getpid(), None, []
        remove_old_ones()
        try:
            self.make(seed)
        except (OSError, Unable):
            self.close()
            raise

    def make(self, seed):
        interfaces = [f"ems{self.pid}-{number}" for number in self.numbers.values()]
        self.switch = subprocess.Popen(
            [sys.executable, HERE / "switch.py", str(seed), *interfaces], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        if self.switch.stdout.readline() != "ready\n":
            raise Unable("the TAP interfaces could not be made; this suite needs root and /dev/net/tun")
        for interface, (name, number) in zip(interfaces, self.numbers.items()):
            space = self.space(name)
            ip("netns", "add", space)
            self.made.append(space)
            ip("link", "set", interface, "netns", space)
            ip("-n", space, "link", "set", interface, "name", "eth0")
            ip("-n", space, "link", "set", "eth0", "address", f"02:00:00:00:00:{number:02x}")
            ip("-n", space, "address", "add", f"{address(number)}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")
            ip("-n", space, "link", "set", "lo", "up")

    def space(self, name):
        return f"{PREFIX}{self.pid}-{name}"

    def address(self, name):
        return address(self.numbers[name])

    def inside(self, name):
        """What to put before a command so that it runs on that host. (`ip netns exec` would hide cgroups.)"""
        return ["nsenter", f"--net=/run/netns/{self.space(name)}"]

    def rules(self, *rules):
        """From now on these, with names of hosts; none: the wire is whole."""
        everybody = list(self.numbers)
        numbered = [rule | {end: [self.numbers[name] for name in rule.get(end, everybody)]
                            for end in ("from", "to")} for rule in rules]
        self.command({"rules": numbered})

    def command(self, map):
        self.switch.stdin.write(json.dumps(map) + "\n")
        self.switch.stdin.flush()

    def link(self, name, state):
        """Its interface `up` or `down`."""
        ip("-n", self.space(name), "link", "set", "eth0", state)

    def forget_connections(self, name):
        """Whatever belongs to one that was made up to now is lost from now on, as after a loss of power:
        the other sides are told nothing."""
        self.command({"forget": self.numbers[name]})

    def close(self):
        if self.switch:
            self.switch.stdin.close()
            self.switch.kill()
            self.switch.wait()
            self.switch.stdout.close()
        for space in self.made:
            ip("netns", "delete", space)
        self.switch, self.made = None, []


def address(number):
    return f"10.77.0.{number}"


def remove_old_ones():
    """Of a run that was killed."""
    folder = Path("/run/netns")
    for path in folder.glob(f"{PREFIX}*") if folder.exists() else ():
        pid = path.name[len(PREFIX):].partition("-")[0]
        if not os.path.exists(f"/proc/{pid}"):
            ip("netns", "delete", path.name)
