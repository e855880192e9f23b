# SPDX-License-Identifier: MPL-2.0
"""What must hold after a power failure and the start of a worker, whatever the disk had kept."""
import hashlib
import json
import time

from disk import FILE, FOLDER, SYMLINK, contents, scan
from power_system import CANCELLED, WORKER

from evidence import unshown  # power_system knows where it is

LEAST = (200, 100)  # disks and syncs in a run that is whole
OVER = ("completed", "failed", "cancelled")


def pattern(length):
    return bytes(ord("a") + number % 23 for number in range(length))


RESULTS = {"alpha": (FOLDER, b""), "alpha/big": (FILE, pattern(20000)), "alpha/deep": (FOLDER, b""),
           "alpha/deep/empty": (FILE, b""), "alpha/deep/small": (FILE, pattern(100)),
           "newest": (SYMLINK, b"alpha/big")}


class Promises:
    """What others had been told when the power failed, and what had been executed."""

    def __init__(self):
        self.answers = []  # replies in order
        self.records = {}  # job -> the newest record that was told
        self.executed = []  # (job, attempt)

    def copy(self):
        other = Promises()
        other.answers, other.records = list(self.answers), dict(self.records)
        other.executed = list(self.executed)
        return other

    def add(self, said):
        record = said.what
        if said.kind == "reply":
            self.answers.append(said.what)
            record = (said.what.get("body") or {}).get("job")
        if record:
            self.records[record["job_id"]] = record


class Checker:
    """Collects what is wrong with one recovered state."""

    def __init__(self, lane, promises, durable, front_first):
        self.lane, self.promises = lane, promises
        self.durable = durable  # {path: (kind, data)} that was on the disk for certain
        self.front_first = front_first
        self.problems = []
        tree, _ = scan(lane.state)
        self.files = contents(tree)
        self.records = self.read_records()

    def wrong(self, text):
        self.problems.append(text)

    def read_records(self):
        records = {}
        for path, (_, data) in self.files.items():
            # A temporary file is nobody's record.
            if not path.startswith("logs/jobs/") or path.startswith("logs/jobs/."):
                continue
            if not path.endswith(".json"):
                self.wrong(f"{path} is there")
                continue
            try:
                record = json.loads(data)
                records[record["job_id"]] = record
            except (ValueError, KeyError):
                self.wrong(f"{path} is torn: {data[:200]}")
        return records

    def check(self, listed):
        for job, told in self.promises.records.items():
            self.check_promise(job, told)
        for job, record in self.records.items():
            self.check_record(job, record)
            if job not in listed:
                self.wrong(f"I2: job {job} has a record and is not listed")
        self.check_results()
        self.check_executions()
        return self.problems

    def check_promise(self, job, told):
        record = self.records.get(job)
        if record is None:
            self.wrong(f"I2: job {job} was told to be {told['status']} and has no record")
            return
        for key in ("run_id", "attempt", "request_id", "queued_at", "profile"):
            if record[key] != told[key]:
                self.wrong(f"job {job}: {key} was {told[key]} and is {record[key]}")
        if told["status"] not in OVER:
            return
        for key in ("status", "reason", "exit", "finished_at", "log", "results_dir"):
            if record[key] != told[key]:
                self.wrong(f"I7: job {job}: {key} was {told[key]} and is {record[key]}")

    def check_record(self, job, record):
        if record["status"] not in OVER:
            self.wrong(f"I2: job {job} is {record['status']}, not over")
            return
        outcome = json.loads(self.durable.get(f"s/run/{job}/exit.json", (0, b"null"))[1])
        if outcome and outcome["outcome"] == "exited" and outcome["code"] == 0:
            if record["status"] != "completed":
                self.wrong(f"job {job} had ended well on record and is {record['status']}")
        self.check_notice(job, record)
        self.check_log(job, record)
        run_ids = self.files["results/.run_ids"][1].decode("latin-1")
        if f"{record['run_id']} " not in run_ids:
            self.wrong(f"the run id of job {job} is not among those that were used")

    def check_notice(self, job, record):
        """Whoever is to be told of its end waits to be told, once."""
        name = f"-{job}-{record['attempt']}-{record['status']}.json"
        notices = [data for path, (_, data) in self.files.items()
                   if path.startswith("outbox/to/nobody/0") and path.endswith(name)]
        if len(notices) != 1 or json.loads(notices[0])["job"] != record:
            self.wrong(f"the notice that job {job} is {record['status']} is not there, or not as "
                       f"it should be: {notices!r:.500}")

    def expected_log(self, record, log):
        """What the log should be, as far as that can be known."""
        head, output = self.lane.head(record["profile"]), self.lane.output(record["profile"])
        if record["status"] == "cancelled":
            body = log[len(head):-len(CANCELLED)]
            return head + (body if output.startswith(body) else output) + CANCELLED
        if record["reason"] == "spawn":
            # What fails earlier fails before there is a first line.
            return head if record["detail"].startswith("cannot execute") else log[:len(head)]
        if record["reason"] != "lost":
            return head + output
        whole = head + output
        known = self.durable.get(f"s/logs/{record['job_id']}.log", (FILE, b""))[1]
        if not self.front_first and log.startswith(known) and len(log) <= len(whole + CANCELLED):
            return log  # behind what was synced this disk may hold anything
        if record["cancel"] and log.endswith(CANCELLED):  # all but the outcome was durable
            whole = log[:-len(CANCELLED)]
            return (whole if (head + output).startswith(whole) else head) + CANCELLED
        return whole[:max(len(log), len(known))]

    def check_log(self, job, record):
        log = self.files.get(f"logs/{job}.log", (FILE, None))[1]
        if log is None:
            self.wrong(f"I5: job {job} has no log")
            return
        expected = self.expected_log(record, log)
        if log != expected:
            self.wrong(f"I5: job {job} ({record['status']}, {record['reason']}): its log is "
                       f"{log!r}, not {expected!r}")
        if record["log"]["bytes"] != len(log):
            self.wrong(f"I5: job {job}: its log has {len(log)} bytes, its record says "
                       f"{record['log']['bytes']}")

    def check_results(self):
        published = {path.split("/")[1] for path in self.files
                     if path.startswith("results/") and not path.startswith("results/.")}
        owed = {record["run_id"]: job for job, record in self.records.items()
                if record["status"] == "completed"}
        whole = {run_id: {} if self.records[job]["profile"] == "bare" else RESULTS
                 for run_id, job in owed.items()}
        for run_id in published - set(owed):
            self.wrong(f"I8: results/{run_id} is there and no completed job's")
        for run_id in set(owed) & published:
            prefix = f"results/{run_id}/"
            found = {path[len(prefix):]: what for path, what in self.files.items()
                     if path.startswith(prefix)}
            if found != whole[run_id]:
                self.wrong(f"I8: results/{run_id} of job {owed[run_id]}: "
                           f"{sorted(found.items() ^ whole[run_id].items())!r:.500}")
        for run_id in set(owed) - published:
            self.wrong(f"I8: job {owed[run_id]} is completed and results/{run_id} is missing")

    def check_executions(self):
        after = [(job, int(attempt)) for job, attempt in self.lane.executions()]
        for one in set(after):
            if self.promises.executed.count(one) + after.count(one) > 1:
                self.wrong(f"I3: attempt {one[1]} of job {one[0]} was executed twice")

    # For the judge

    def history(self, seed, calm_ms, settled_ms, asked):
        """This case as the judge wants it; asked: [(request map, reply)] after the failure."""
        before = calm_ms - 2
        lines = [{"at": before, "who": "harness", "what": "begin", "suite": "power", "seed": seed,
                  "without": ["alive", "wrote", "read", "read_end"], "seldom": ["again", "cancel"]}]

        def add(at, who, what, **more):
            lines.append({"at": at, "who": who, "what": what} | more)
        answers = [reply for reply in self.promises.answers if reply["re"] in self.lane.types]
        known = {reply["re"] for reply in answers}
        for reply in answers:
            add(before, "client", "ask", request=reply["re"], type=self.lane.types[reply["re"]])
        for job, attempt in self.promises.executed:
            add(before, "job", "exec", slot=WORKER, job=job, attempt=attempt, pid=1)
        for reply in answers:
            add(before, "client", "answer", **answer(reply["re"], reply["status"], reply.get("body")))
        for record in self.promises.records.values():
            add(before, "monitor", "record", **sighting(record, "event"))
        add(calm_ms - 1, "harness", "fault", kind="power")
        for job, attempt in self.lane.executions():
            add(calm_ms, "job", "exec", slot=WORKER, job=job, attempt=int(attempt), pid=2)
        add(calm_ms, "harness", "calm")
        for request, reply in asked:
            what = "again" if request["id"] in known else "ask"
            add(calm_ms, "client", what, request=request["id"], type=request["type"])
            add(settled_ms, "client", "answer", **answer(request["id"], reply.status, reply.body))
        add(settled_ms, "harness", "settled")
        for job, record in self.records.items():
            add(settled_ms, "harness", "record", **sighting(record, "file"))
            log = self.files.get(f"logs/{job}.log", (FILE, b""))[1]
            add(settled_ms, "harness", "log", job=job, bytes=len(log), sum=digest(log),
                expected=digest(self.expected_log(record, log)))
        staging = [path.split("/")[2] for path in self.files if path.count("/") == 2
                   and path.startswith("results/.staging/")]
        published = {path.split("/")[1] for path in self.files
                     if path.startswith("results/") and not path.startswith("results/.")}
        add(settled_ms, "harness", "results", run_ids=sorted(published), staging=staging)
        add(settled_ms, "harness", "end")
        return lines


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def answer(request, status, body):
    job = (body or {}).get("job")
    event = {"request": request, "status": status}
    return event | ({"job": job["job_id"], "state": job["status"], "reason": job["reason"]}
                    if job else {})


def sighting(record, source):
    return {"job": record["job_id"], "status": record["status"], "reason": record["reason"],
            "attempt": record["attempt"], "request": record["request_id"],
            "run_id": record["run_id"], "source": source}


def now_ms():
    return int(time.monotonic() * 1000)


def not_shown(options, disks, syncs, owed, shown):
    """Sentences: what was not tried, and so is not shown."""
    if disks == 0:
        return ["nothing was tried; is there such a scenario, point and state of the disk?"]
    if options.only:
        return []
    few = [] if disks >= LEAST[0] and syncs >= LEAST[1] else [
        f"{disks} disks at {syncs} syncs are too few to show anything"]
    return few + unshown(owed, shown)
