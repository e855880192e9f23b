# SPDX-License-Identifier: MPL-2.0
"""What can befall hosts and the wire between them: each fault comes over a world, lasts, and is mended."""
import time

from net_world import CLIENTS

SHORT_S = (0.3, 3)
VANISHED_S = 17  # longer than a silent worker is taken to be alive


def alone(host):
    """Rules that drop what goes to a host, and what comes from it."""
    return [{"to": [host], "loss": 1}], [{"from": [host], "loss": 1}]


class Fault:
    """One fault; `strike` returns when it is mended."""

    def __init__(self, world, chance):
        self.world, self.chance = world, chance
        self.hosts = world.hosts

    def note(self, kind, target):
        self.world.history.note("harness", "fault", kind=kind, target=target)

    def last(self, shortest_s=SHORT_S[0], longest_s=SHORT_S[1]):
        time.sleep(self.chance.uniform(shortest_s, longest_s))

    def any_host(self):
        return self.chance.choice(["broker", *self.world.states, *CLIENTS])

    def with_rules(self, kind, target, *rules):
        self.note(kind, target)
        self.hosts.rules(*rules)
        self.last()
        self.hosts.rules()
        self.note("heal", target)

    def restart(self, *parts):
        """Kill -9 and start again after a while."""
        for part in parts:
            self.world.kill_part(part, None)
        self.last(0, 1)
        for part in parts:
            self.world.start_part(part)

    def reboot(self, host, *parts):
        """Without a word to anybody: who was connected learns it when he sends something, or never."""
        self.note("partition", host)
        self.hosts.rules(*sum(alone(host), []))
        for part in parts:
            self.world.kill_part(part, None)
        self.hosts.forget_connections(host)
        self.last(0, 1)
        for part in parts:
            self.world.start_part(part)
        self.hosts.rules()
        self.note("heal", host)

    # The faults

    def partition(self):
        host = self.any_host()
        self.with_rules("partition", host, *sum(alone(host), []))

    def nothing_arrives(self):
        host = self.any_host()
        self.with_rules("one-way partition", host, *alone(host)[0])

    def nothing_leaves(self):
        host = self.any_host()
        self.with_rules("one-way partition", host, *alone(host)[1])

    def one_direction(self):
        """Between two hosts only, in one direction only."""
        source, target = self.chance.sample(["broker", self.chance.choice(list(self.world.states))], 2)
        self.with_rules("one-way partition", f"{source} to {target}",
                        {"from": [source], "to": [target], "loss": 1})

    def loss(self):
        self.with_rules("loss", "all", {"loss": 0.1})

    def delay(self):
        self.with_rules("delay", "all", {"delay_ms": 50, "jitter_ms": 100, "twice": 0.05, "loss": 0.02})

    def flapping(self):
        host = self.any_host()
        for _ in range(4):
            self.note("partition", host)
            self.hosts.rules(*sum(alone(host), []))
            self.last(0.05, 0.6)
            self.hosts.rules()
            self.note("heal", host)
            self.last(0.05, 0.4)

    def link_down(self):
        host = self.any_host()
        self.note("partition", host)
        self.hosts.link(host, "down")
        self.last()
        self.hosts.link(host, "up")
        self.note("heal", host)

    def forwarder(self):
        self.restart(f"forward-{self.any_host()}")

    def broker(self):
        self.restart("broker")

    def broker_host(self):
        self.reboot("broker", "forward-broker", "broker")

    def client_host(self):
        host = self.chance.choice(CLIENTS)
        self.reboot(host, f"forward-{host}")

    def long_silence(self):
        """Of a worker: it is taken for dead, and comes back."""
        host = self.chance.choice(list(self.world.states))
        self.note("partition", host)
        self.hosts.rules(*sum(alone(host), []))
        time.sleep(VANISHED_S)
        self.hosts.rules()
        self.note("heal", host)


ALL = ("partition", "nothing_arrives", "nothing_leaves", "one_direction", "loss", "delay", "flapping",
       "link_down", "forwarder", "broker", "broker_host", "client_host")
CROWDED = ("broker", "forwarder of there", "partition of there")
