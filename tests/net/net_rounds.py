# SPDX-License-Identifier: MPL-2.0
"""Rounds in one world of hosts: jobs run, are cancelled and followed while the network fails; after each
round everything must settle. The seed decides what is tried, not how the processes meet."""
import itertools
import random
import threading
import time

import net_faults
from crowd import Crowd
from net_world import CLIENTS, NetWorld
from crash_clients import Recorder
from crash_history import judge
from crash_rounds import ROUND_S, SETTLE_S, WORK_MS, Group
from crash_world import wait_until
from procs import eventually

TOOLS = ("thread", "thread", "logs --follow", "attach")
CROWD = 500
FIRST = "vanishing client"
KINDS = (FIRST, "long silence", *(f"crowd: {name}" for name in net_faults.CROWDED), *net_faults.ALL)
LET_GO_S = 90  # a connection whose other side vanished is found by then


class Seat(Group):
    """The actors of one client host; Group's own are those of the crash suite."""

    def __init__(self, group, host):  # pylint: disable=super-init-not-called
        self.group, self.chance = group, group.chance
        self.world, self.actors = group.world.places[host], group.actors

    def act(self, function, *arguments):
        who = f"{self.world.name}-{function.__name__}-{next(self.group.numbers)}"
        thread = threading.Thread(target=self.guarded, args=(function, who, *arguments), name=who,
                                  daemon=True)
        thread.start()
        self.actors.append(thread)
        return thread


class NetGroup(Group):
    """`jobs`, `inflicted`, `verdict` tell afterwards what was done and found."""

    def __init__(self, seed):  # pylint: disable=super-init-not-called
        self.chance = random.Random(seed)
        self.world = NetWorld(seed)
        self.actors, self.numbers = [], itertools.count(1)
        self.seats = [Seat(self, host) for host in CLIENTS]
        self.jobs, self.inflicted, self.verdict = 0, [], None

    def play(self, rounds):
        world = self.world
        world.start()
        before = world.descriptors("broker")
        for name in self.schedule(rounds):
            self.play_one(name)
            self.inflicted.append(name)
            self.settle()
            if world.problems:
                break
        else:
            self.nothing_is_kept(before)
        self.jobs = world.note_end()

    def schedule(self, rounds):
        """Each kind in turn, in an order of the seed's, and then again those that do not take long."""
        names = [FIRST, *self.chance.sample(KINDS[1:], len(KINDS) - 1)]
        while len(names) < rounds:
            names += self.chance.sample(net_faults.ALL, len(net_faults.ALL))
        return names[:rounds]

    def not_shown(self, wanted):
        """Sentences: what was not tried, and so is not shown."""
        found = []
        if len(self.inflicted) < max(wanted, 1):
            found.append(f"{len(self.inflicted)} rounds were played of {wanted}: that shows nothing")
        if wanted >= len(KINDS):
            found += [f"never inflicted: {kind}" for kind in KINDS if kind not in self.inflicted]
            found += judge.unshown(self.verdict.owed, self.verdict.shown)
        return found

    # One round

    def play_one(self, name):
        chance = self.chance
        self.world.history.note("harness", "round", fault=name)
        if name == FIRST:
            self.client_vanishes()
            return
        crowd = Crowd(self.world.places["there"], CROWD) if name.startswith("crowd") else None
        waited = [self.seat().act(self.seat().runner, self.plan(), chance.uniform(0.05, 0.8),
                                  chance.choice(list(self.world.states)))
                  for _ in range(chance.choice([1, 2]))]
        if chance.random() < 0.6:
            waited.append(self.seat().act(self.seat().canceller, chance.random(), chance.random()))
        for _ in range(chance.choice([1, 2, 3])):
            seat = self.seat()
            seat.act(seat.follower, chance.choice(TOOLS))
        if chance.random() < 0.3:
            waited.append(self.seat().act(self.seat().lister))
        time.sleep(chance.random() * 0.5)
        self.strike_with(name)
        if crowd:
            self.wait_for_crowd(crowd)
        until = time.monotonic() + ROUND_S
        for thread in waited:
            thread.join(max(until - time.monotonic(), 0))

    def seat(self):
        return self.chance.choice(self.seats)

    def plan(self):
        """Jobs that live long enough to see the fault come and go."""
        return super().plan() | {"pause_ms": self.chance.choice([200, 1500, 3000])}

    def strike_with(self, name):
        fault = net_faults.Fault(self.world, self.chance)
        kind = name.removeprefix("crowd: ")
        if kind == "long silence":
            fault.long_silence()
        elif kind == "forwarder of there":
            fault.restart("forward-there")
        elif kind == "partition of there":
            fault.with_rules("partition", "there", *sum(net_faults.alone("there"), []))
        else:
            getattr(fault, kind)()

    def wait_for_crowd(self, crowd):
        """All of them are answered again, at the latest when everything else must have settled."""
        missing = crowd.answered(SETTLE_S / 2)
        if missing:
            self.world.problems.append(f"{missing} of {CROWD} clients were not answered again")
        crowd.close()

    def client_vanishes(self):
        """A client's host goes down while its cancel is under way; the cancel is carried out."""
        world, seat = self.world, self.seats[-1]
        client = Recorder(self.seats[0].world, "starter")
        reply = client.request("run", worker="worker-1", profile="crash", grace_ms=1500, params={
            "seed": 1, "lines": 5, "pause_ms": 5000, "children": 2, "term": "ignore", "end": "0"})
        client.close()
        job_id = reply.body["job"]["job_id"]
        # Before its first line it does not ignore SIGTERM yet.
        eventually(lambda: world.log_of("worker-1", job_id).count(b"\n") >= 2)
        canceller = seat.act(self.cancel_until_lost, seat.world, job_id)
        eventually(lambda: world.job_record("worker-1", job_id)["status"] == "cancelling")
        host = seat.world.name
        net_faults.Fault(world, self.chance).reboot(host, f"forward-{host}")
        canceller.join()
        eventually(lambda: world.over("worker-1", job_id))
        if world.job_record("worker-1", job_id)["status"] != "cancelled":
            world.problems.append("the cancel of a client that vanished was not carried out")

    @staticmethod
    def cancel_until_lost(who, place, job_id):
        client = Recorder(place, who, wait_s=2)
        client.request("cancel", patience_s=2, worker="worker-1", job_id=job_id)
        client.close()

    # The end

    def settle(self):
        """Nothing fails any more: everything must come to its end by itself."""
        world = self.world
        world.history.note("harness", "calm", work_ms=WORK_MS)
        wait_until(lambda: not self.busy(), SETTLE_S, 0.05)
        if self.busy():
            world.problems.append(f"not settled: {self.busy()}")
            for tool in list(world.tools):
                tool.kill()
            return
        seat = self.seat()
        if not all(Seat.new_job_runs(seat, name) for name in world.states):
            world.problems.append("a new job does not run")
            return
        world.history.note("harness", "settled")

    def nothing_is_kept(self, before):
        """The broker has let go of every client that is gone, those that vanished too."""
        most = before + 8  # the connections of workers may be made anew just now
        if not wait_until(lambda: self.world.descriptors("broker") <= most, LET_GO_S, 0.2):
            self.world.problems.append(f"the broker had {before} descriptors at first and has "
                                       f"{self.world.descriptors('broker')} at the end")


def play(seed, rounds):
    """A group, and all that was wrong; raises Unable where there can be no hosts."""
    group = NetGroup(seed)
    problems = group.run(rounds)
    return group, problems or group.not_shown(rounds)
