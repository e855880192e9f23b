# SPDX-License-Identifier: MPL-2.0
"""The ways through EMS on which calls fail: each arms the fault, goes that way, and takes the fault away.

A path yields what is wrong. What it hands to the judge are its requests with their answers.
"""
import os
import signal

from fault_system import CONVERGE_S, FAULTY_S, Broken, now_ms, until


# (program, call, error) at which a library ends the program, by SIGABRT. In libzmq 4.3.4 the listener
# of an ipc endpoint asserts that accept never fails with EMFILE; the broker raises its limit of
# descriptors as far as it may, has nothing to lose, and is started again.
ABORTS_BY_DESIGN = {("broker", "accept4", "EMFILE")}


class Trial:
    """One fault on one path."""

    def __init__(self, system, fault):
        self.system, self.fault = system, fault
        self.start, self.calm, self.asked = now_ms(), None, []
        self.starts = system.worker_starts
        self.aborted = False
        self.marks = {name: len(system.remarks(name)) for name in ("broker", "worker")}

    def arm(self):
        self.system.control.arm(self.fault, library=self.fault.path in OF_LIBRARIES)

    def take_away(self):
        """Returns what is wrong with how daemons ended; all of them run again afterwards."""
        system = self.system
        system.control.disarm()
        problems = []
        for name in ("broker", "worker"):
            code = system.ended(name)
            said = system.remarks(name)[self.marks[name]:].strip()
            if code is None:
                continue
            what = (name, self.fault.call, self.fault.error)
            if code == -signal.SIGABRT and what in ABORTS_BY_DESIGN:
                self.aborted = True
            elif code < 0:
                problems.append(f"ems-{name} was ended by signal {signal.Signals(-code).name}: {said}")
            elif code == 0:
                problems.append(f"ems-{name} ended with 0")
            elif not said:
                problems.append(f"ems-{name} ended with {code} and without a word")
        self.calm = now_ms()
        system.mend()
        return problems

    def check_jobs(self):
        """What is wrong with the jobs of this trial, and with what was said of them."""
        system = self.system
        records = system.records()
        for job, record in records.items():
            for problem in system.check_job(job, record):
                yield f"job {job} ({record['status']}, {record['reason']}): {problem}"
        for type, request, _, replies in self.asked:
            last = replies[-1]
            mine = [job for job, record in records.items() if record["request_id"] == request]
            if type == "run" and last.status == 200 and last.body["job"]["job_id"] not in mine:
                yield f"run was answered {last} and there is no such record"
            if type == "run" and last.status != 200 and mine:
                yield f"run was answered {last} and there is job {mine}"
            if last.status not in (200, 202) and not last.error:
                yield f"{type} was answered {last.status} without a sentence"
        for job in system.executions():
            if job not in records:
                yield f"job {job} was executed and has no record"
        yield from system.judge_trial(str(self.fault), self.asked, self.start, self.calm,
                                      system.worker_starts > self.starts)


def nothing_is_wrong(trial):
    """At the end of each path."""
    trial.system.settle()
    reply = trial.system.once("run", CONVERGE_S, id=None, profile="quick")
    if reply and reply.status == 200:
        trial.asked.append(("run", reply.body["job"]["request_id"], None, [reply]))
    else:
        yield f"I12: a new run: {reply}"
    until(trial.system.idle, "a new job is over")
    yield from trial.check_jobs()


def start(trial):
    """A daemon starts while its calls fail."""
    system = trial.system
    name = trial.fault.program if trial.fault else "worker"
    system.stop_part(name)
    trial.marks[name] = len(system.remarks(name))
    trial.arm()
    system.start_part(name)
    ready_or_not(system)
    yield from trial.take_away()
    yield from nothing_is_wrong(trial)


def ready_or_not(system):
    """Until it answers, ends, or the time for that is over."""
    def look():
        if any(part.poll() is not None for part in system.parts.values()):
            return True
        reply = system.once("ping", 0.3)
        return reply is not None and reply.status == 200
    try:
        until(look, "an answer", FAULTY_S)
    except Broken:
        pass  # the fault lasts, and keeps it from answering


def run(trial):
    """A job from its run request to its end."""
    system = trial.system
    trial.arm()
    request, first = system.faulty("run", profile="quick")
    if first and first.status == 200:
        try:
            until(lambda: system.idle() or any(part.poll() is not None
                                               for part in system.parts.values()),
                  "the job is over", FAULTY_S)
        except Broken:
            pass  # the fault lasts
    yield from trial.take_away()
    system.settle()
    last = system.truth("run", request, profile="quick")
    trial.asked.append(("run", request, None, [first, last]))
    yield from nothing_is_wrong(trial)


def waiting(system):
    """A job that runs, started without a fault."""
    reply = system.once("run", CONVERGE_S, id=None, profile="waits")
    if not reply or reply.status != 200:
        raise Broken(f"run: {reply}")
    job = reply.body["job"]["job_id"]
    until(lambda: system.has_log(job, b"line 3\n"), "half of the output")
    until(lambda: list(system.state.glob("results/.staging/*/newest")), "results")
    return reply, job


def cancel(trial):
    """A job is cancelled."""
    system = trial.system
    ran, job = waiting(system)
    trial.asked.append(("run", ran.body["job"]["request_id"], None, [ran]))
    trial.arm()
    request, first = system.faulty("cancel", job_id=job)
    yield from trial.take_away()
    last = system.truth("cancel", request, job_id=job)
    if last.status not in (200, 409):
        last = system.truth("cancel", os.urandom(16).hex(), job_id=job)
    trial.asked.append(("cancel", request, job, [first, last]))
    yield from nothing_is_wrong(trial)
    told = (last.body.get("job") or {}).get("status")
    now = system.record(job)["status"]
    if (last.status == 200) != (now == "cancelled") and first is None:
        yield f"cancel was answered {last.status} {told}, and the record says {now}"
    if now not in ("cancelled", "failed"):
        yield f"a job that was cancelled is {now}"


def attach(trial):
    """A worker is killed while a job runs; the next one takes the job over while its calls fail."""
    system = trial.system
    ran, job = waiting(system)
    trial.asked.append(("run", ran.body["job"]["request_id"], None, [ran]))
    system.kill9("worker")
    trial.arm()
    system.start_part("worker")
    ready_or_not(system)
    yield from trial.take_away()
    (system.work / "go").touch()
    yield from nothing_is_wrong(trial)
    record = system.record(job)
    if record["status"] != "completed":
        yield f"I3: the job that went on without a worker is {record['status']}: {record['detail']}"


def connect(trial):
    """Broker and worker find each other again, and a client finds them, while calls of libzmq and
    CZMQ fail that these must bear."""
    system = trial.system
    system.client.close()
    system.kill9("broker")
    trial.arm()
    system.start_part("broker")
    ready_or_not(system)
    yield from trial.take_away()
    yield from nothing_is_wrong(trial)


def one_job(system):
    """There is something to ask for."""
    if not system.entries("results"):
        system.finished("quick")


def queries(trial):
    """Questions about jobs that are over."""
    system = trial.system
    one_job(system)
    questions = [("list", {"limit": 5}), ("status", {"job_id": "last"}), ("results", {"limit": 5}),
                 ("logs", {"job_id": "last"}), ("profiles", {}), ("workers", {})]
    right = [system.truth(type, os.urandom(16).hex(), **body) for type, body in questions]
    trial.arm()
    given = [system.once(type, 0.4, **body) for type, body in questions]
    yield from trial.take_away()
    for (type, _), reply, truth in zip(questions, given, right):
        # A record that is on a bad spot of the disk is left out of the list.
        if trial.fault.error == "EIO" and type in ("list", "results"):
            continue
        if reply and reply.status == 200 and reply.body != truth.body and type != "workers":
            yield f"{type} was answered {reply.body!r:.300}, not {truth.body!r:.300}"
        if reply and reply.status != 200 and not reply.error:
            yield f"{type} was answered {reply.status} without a sentence"
    yield from nothing_is_wrong(trial)


TOOL = (("--json", "ps"), ("logs", "last"), ("--json", "results"), ("--json", "show", "last"),
        ("run", "quick"))


def tool(trial):
    """The client tool's own calls fail."""
    system = trial.system
    one_job(system)
    right = [system.tool(*arguments) for arguments in TOOL[:-1]]
    trial.arm()
    for number, arguments in enumerate(TOOL):
        done = system.tool(*arguments, timeout_s=FAULTY_S)
        if done.returncode is None:
            continue  # it waits for the fault to go; that is no lie
        if done.returncode < 0:
            yield f"ems {' '.join(arguments)} was ended by signal {-done.returncode}: {done.stderr}"
        elif done.returncode > 0 and not done.stderr and trial.fault.call != "write":
            yield f"ems {' '.join(arguments)} ended with {done.returncode} and without a word"
        elif done.returncode == 0 and number < len(right) and done.stdout != right[number].stdout:
            yield f"ems {' '.join(arguments)} ended with 0 and said {done.stdout!r:.300}"
    yield from trial.take_away()
    system.settle()
    for job in system.records():
        if arguments == TOOL[-1] and done.returncode == 0 and done.stdout.encode() != system.log(job):
            yield f"ems run ended with 0 and showed {done.stdout!r:.300}"
    yield from nothing_is_wrong(trial)


PATHS = {"start": start, "connect": connect, "run": run, "cancel": cancel, "attach": attach, "queries": queries,
         "tool": tool}
OF_LIBRARIES = ("connect",)  # there the calls of ZeroMQ and CZMQ fail, else those of EMS
# Whose calls fail on which path.
PROGRAMS_OF = {"start": ("broker", "worker"), "connect": ("broker", "worker"), "run": ("broker", "worker", "shim"),
               "cancel": ("broker", "worker", "shim"), "attach": ("worker",),
               "queries": ("broker", "worker"), "tool": ("ems",)}
