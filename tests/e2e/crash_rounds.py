# SPDX-License-Identifier: MPL-2.0
"""A group of rounds in one world: what is asked, what is killed and when, and the end of it all.

The seed decides what is tried, not how threads and processes meet: a round that failed may have to be
repeated some times.
"""
import random
import threading
import time
import traceback

import crash_clients as clients
import ems1
from crash_clients import Monitor, Recorder
from crash_points import POINTS, Points
from crash_world import World, wait_until

WORK_MS = 6000  # the longest that a job takes by itself, on a busy machine
SETTLE_S = 60
ROUND_S = 40  # less than the patience of a client
ANSWERS = ("answer run", "answer cancel")
TARGETS = {("broker",): 20, ("worker",): 30, ("shim",): 14, ("main",): 14, ("client",): 8,
           ("broker", "worker"): 6, ("worker", "shim"): 6, ("worker", "main"): 4,
           ("broker", "worker", "shim"): 3, ("broker", "worker", "shim", "main"): 2,
           ("worker", "client"): 2}
# At which points; the first target that is there decides.
POINTS_OF = {"main": ("exec", "wrote", "fork", "record running", "record cancelling"),
             "shim": ("shim.json", "exec", "wrote", "exit.json", "record running",
                      "record cancelling", "tail.json"),
             "worker": POINTS + ANSWERS, "broker": POINTS + ANSWERS, "client": POINTS + ANSWERS}
MONITORS = ("thread", "thread", "logs --follow", "attach", "ems1")


class Group:
    """Its numbers are in `jobs`, `world.kills`, `verdict` and `world.problems` afterwards."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        workers = 2 if self.chance.random() < 0.25 else 1
        self.world = World(seed, workers, self.chance.choice(["auto", "none"]))
        self.actors, self.number = [], 0
        self.jobs, self.verdict = 0, None

    def run(self, rounds):
        """Play the rounds and judge them; every violation and problem, as text."""
        world = self.world
        problems = []
        try:
            self.play(rounds)
        except Exception:  # a group that broke is a failure with a place, not the end of all groups
            problems.append(traceback.format_exc())
        finally:
            problems += world.stop()
            world.history.close()
        self.verdict = world.history.judged()
        return (problems + world.problems + self.verdict.malformed
                + [str(violation) for violation in self.verdict.violations])

    def play(self, rounds):
        world = self.world
        world.start()
        world.points = Points(world.states, world.history.jobs)
        try:
            for _ in range(rounds):
                stuck = self.play_round()
                if stuck:
                    world.problems.append(f"a round does not end: {stuck}")
                    break
            self.settle()
        finally:
            world.points.close()
        self.jobs = world.note_end()

    # Actors: threads whose failures are the group's

    def act(self, function, *arguments):
        self.number += 1
        who = f"{function.__name__}-{self.number}"
        thread = threading.Thread(target=self.guarded, args=(function, who, *arguments), name=who,
                                  daemon=True)
        thread.start()
        self.actors.append(thread)
        return thread

    def guarded(self, function, who, *arguments):
        try:
            function(who, *arguments)
        except Exception:
            self.world.problems.append(f"{who}: {traceback.format_exc()}")

    # One round

    def play_round(self):
        """The names of the actors that did not come to their end in time."""
        chance = self.chance
        waited = [self.act(self.runner, self.plan(), chance.random(), self.place())
                  for _ in range(chance.choice([1, 1, 2]))]
        if chance.random() < 0.6:
            waited.append(self.act(self.canceller, chance.random() * 0.3, chance.random()))
        for _ in range(chance.choice([0, 1, 1, 2])):
            self.act(self.follower, chance.choice(MONITORS))
        if chance.random() < 0.3:
            waited.append(self.act(self.lister))
        strikes = [self.act(self.strike, *self.blow()) for _ in range(chance.choice([1, 1, 2, 3]))]
        until = time.monotonic() + ROUND_S
        for thread in strikes + waited:
            thread.join(max(until - time.monotonic(), 0))
        return [thread.name for thread in strikes + waited if thread.is_alive()]

    def plan(self):
        """The parameters of a job."""
        chance = self.chance
        return {"seed": chance.randrange(1000000), "lines": chance.choice([0, 5, 40, 400, 3000]),
                "pause_ms": chance.choice([0, 30, 200, 600]), "children": chance.choice([0, 0, 1, 6]),
                "term": chance.choice(["obey", "ignore", "exit"]),
                "end": chance.choice(["0", "0", "0", "3", "signal"])}

    def place(self):
        """The worker to be asked, or None for any."""
        return self.chance.choice([None, *self.world.states])

    def blow(self):
        """(what is killed, point or None, seconds, seconds until the restart, another kill then)."""
        chance = self.chance
        targets = chance.choices(list(TARGETS), list(TARGETS.values()))[0]
        points = [points for target, points in POINTS_OF.items() if target in targets][0]
        point = chance.choice([None, *chance.sample(points, 2)])
        delay_s = 10 ** chance.uniform(-3.5, -0.3) if point is None else chance.choice(
            [0, 0, 0, 0.0005, 0.005])
        return (targets, point, delay_s, chance.choice([0, 0, 0.05, 0.3, 0.8]),
                chance.random() * 0.2 if chance.random() < 0.2 else None)

    # Clients

    def runner(self, who, plan, how, worker):
        """Have one job run; a slot that is taken is waited for, once."""
        if how < 0.1:
            clients.run_detached(self.world, who, plan)
            return
        if how < 0.2:
            clients.run_attached(self.world, who, plan)
            return
        client = Recorder(self.world, who)
        try:
            for _ in range(2):
                id = f"{random.getrandbits(128):032x}"
                if how > 0.85:
                    self.act(self.twin, id, plan, worker)
                patience_s = how if how > 0.8 else clients.PATIENCE_S
                reply = client.request("run", id=id, worker=worker, patience_s=patience_s,
                                       profile="crash", params=plan, grace_ms=int(how * 400))
                if not reply or reply.status != 409:
                    break
                holder = reply.body["job"]
                wait_until(lambda: self.world.over(holder["worker"], holder["job_id"]), 3)
            if reply and reply.status == 200 and how < 0.6:
                self.act(self.repeater, id, plan, worker, how)
        finally:
            client.close()

    def twin(self, who, id, plan, worker):
        """Sends the same request over a connection of its own."""
        self.ask_again(who, id, plan, worker)

    def repeater(self, who, id, plan, worker, delay_s):
        """Asks once more some time later."""
        time.sleep(delay_s)
        self.ask_again(who, id, plan, worker)

    def ask_again(self, who, id, plan, worker):
        client = Recorder(self.world, who)
        client.request("run", id=id, again=True, worker=worker, profile="crash", params=plan)
        client.close()

    def canceller(self, who, delay_s, how):
        """Cancels what runs, sometimes twice at once, and looks whether it is dead."""
        world = self.world
        wait_until(world.live_jobs, 1, 0.002)
        time.sleep(delay_s)
        live = world.live_jobs()
        if not live:
            return
        worker, job_id = live[-1]
        second = self.act(self.cancel, worker, job_id, 0) if how > 0.7 else None
        if how < 0.15:
            if clients.cancel_by_tool(world, who, job_id):
                world.look()
        else:
            self.cancel(who, worker, job_id, int(how * 300))
        if second:
            second.join()

    def cancel(self, who, worker, job_id, grace_ms):
        client = Recorder(self.world, who)
        reply = client.request("cancel", worker=worker, job_id=job_id, grace_ms=grace_ms)
        client.close()
        if reply and reply.status == 200:
            self.world.look()

    def follower(self, who, how):
        live = wait_until(self.world.live_jobs, 2, 0.005)
        if not live:
            return
        worker, job_id = live[0]
        # A folder alone is not a job yet.
        if not wait_until(lambda: self.world.job_record(worker, job_id), 5):
            return
        if how == "thread":
            Monitor(self.world, who, worker, job_id).watch()
        else:
            clients.follow(self.world, who, how, worker, job_id)

    def lister(self, who):
        client = Recorder(self.world, who)
        client.request("list", limit=20)
        client.request("status", job_id="last")
        client.close()

    # Faults

    def strike(self, who, targets, point, delay_s, restart_s, again_s):
        """Kill the targets at that point, or now, and have them back."""
        def action(reached, worker, job_id):
            time.sleep(delay_s)
            self.hit(targets, worker, job_id, reached)
        if point is None:
            wait_until(lambda: self.is_there(targets), 0.5, 0.002)
            action(None, None, None)
        else:
            trap = self.world.points.set(point, action)
            trap.sprung.wait(0.7)
            self.world.points.release(trap)
        time.sleep(restart_s)
        self.start_all()
        if again_s is not None:
            time.sleep(again_s)
            self.hit([target for target in targets if target in ("broker", "worker")], None, None,
                     "start")
            self.start_all()

    def is_there(self, targets):
        """Is there a process of a job to kill, if that is wanted?"""
        wanted = [target for target in targets if target in ("shim", "main")]
        return all(any(self.world.process(*place, which) for place in self.world.live_jobs())
                   for which in wanted)

    def hit(self, targets, worker, job_id, point):
        """Kill each target that is there; the worker if none of them was."""
        world = self.world
        before = sum(world.kills.values())
        live = [(worker, job_id)] if worker and job_id else world.live_jobs()
        worker = worker or (live[0][0] if live else min(world.states))
        for target in targets:
            if target == "broker":
                world.kill_part(target, point)
            elif target == "worker":
                world.kill_part(worker, point)
            elif target == "client":
                for tool in list(world.tools)[:1]:
                    world.note_kill(target, point)
                    tool.kill()
            else:
                for place in live:
                    world.kill_process(*place, target, point)
        if sum(world.kills.values()) == before:
            world.kill_part(worker, point)

    def start_all(self):
        for name in self.world.all_parts():
            self.world.start_part(name)

    # The end

    def settle(self):
        """No more faults: everything must come to its end by itself."""
        world = self.world
        self.start_all()
        world.history.note("harness", "calm", work_ms=WORK_MS)
        wait_until(lambda: not self.busy(), SETTLE_S, 0.05)
        if self.busy():
            world.problems.append(f"not settled: {self.busy()}")
            for tool in list(world.tools):
                tool.kill()
            return
        for name in world.states:
            if not self.new_job_runs(name):
                world.problems.append(f"a new job does not run at {name}")
                return
        world.history.note("harness", "settled")

    def busy(self):
        return [thread.name for thread in self.actors if thread.is_alive()] + self.world.open_ends()

    def new_job_runs(self, worker):
        client = Recorder(self.world, "last-client")
        reply = client.request("run", worker=worker, profile="crash", patience_s=SETTLE_S, params={
            "seed": 1, "lines": 3, "pause_ms": 0, "children": 0, "term": "obey", "end": "0"})
        client.close()
        return reply and reply.status == 200 and wait_until(
            lambda: self.world.over(worker, reply.body["job"]["job_id"])
            and not self.world.open_ends(), SETTLE_S)


def hasten_clients():
    """The independent client asks again sooner than in life: many rounds have to fit in."""
    ems1.REPEAT_S, ems1.QUIET_S = 0.7, 3
