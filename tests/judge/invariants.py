# SPDX-License-Identifier: MPL-2.0
"""The invariants of the design (section 5) as functions of a history; the rules are in history.md.

Each check yields (job or None, sentence, events that show it).
"""
from history import TERMINAL, good, state_of

NOT_REMEMBERED = (429, 503, 504)  # answers that say: ask again
RAN = ("exit", "signal", "time_limit")  # reasons of a failed job that did run
CUT = ("lost", "log_limit", "disk")  # reasons of a failed job whose log may lack the end of its output
SETTLE_MS = 30000


# I1: at most one tree is alive in a slot

def one_tree_per_slot(history):
    for alive in history.all("alive"):
        if len(set(alive["jobs"])) > 1:
            names = " and ".join(sorted(map(str, set(alive["jobs"]))))
            yield alive["jobs"][0], f"{names} are alive in slot {alive['slot']} at once", [alive]
    for slot, lives in lives_by_slot(history).items():
        longest = None
        for owner, (first, last) in sorted(lives.items(), key=lambda life: life[1][0]["_n"]):
            if longest and first["_n"] < longest[2]["_n"]:
                text = (f"{name_of(owner)} runs in slot {slot} while {name_of(longest[0])} "
                        "is still alive")
                yield owner[0], text, [longest[1], first, longest[2]]
            if not longest or last["_n"] > longest[2]["_n"]:
                longest = (owner, first, last)


def name_of(owner):
    return f"job {owner[0]}" + (f" (attempt {owner[1]})" if owner[1] else "")


def lives_by_slot(history):
    """slot -> {(job, attempt): (first, last sign of life)}.

    A tree has no gaps: who is not alive any more does not come back. So between two signs of
    life of one attempt it was alive all the time."""
    attempt, owner_of, slots = {}, {}, {}

    def sign(slot, owner, event):
        lives = slots.setdefault(slot, {})
        lives[owner] = (lives[owner][0] if owner in lives else event, event)

    single = {job: execs[0]["attempt"] for job, execs in history.execs.items()
              if len({event["attempt"] for event in execs}) == 1}
    for event in history.events:
        what = event["what"]
        if what in ("exec", "fork"):
            job = event["job"]
            if what == "exec":
                attempt[job] = event["attempt"]
            elif job not in attempt:
                attempt[job] = history.execs[job][0]["attempt"] if job in history.execs else None
            owner_of[job, event["pid"]] = event["slot"], (job, attempt[job])
            sign(event["slot"], (job, attempt[job]), event)
        elif what == "dead" and (event["job"], event["pid"]) in owner_of:
            sign(*owner_of.pop((event["job"], event["pid"])), event)
        elif what == "alive":
            for job in event["jobs"]:
                if job in single or job not in history.execs:
                    sign(event["slot"], (job, single.get(job)), event)
    return slots


def who_is_over_is_dead(history):
    for event in history.all("alive"):
        for job in event["jobs"]:
            end = history.ends.get(job)
            if end and end["what"] == "record" and end["_n"] < event["_n"]:
                yield job, "a process of it is alive although it is over", [end, event]


# I2: nothing that was accepted is lost

def accepted_jobs_end(history):
    judged = set()
    for answer in history.answers:
        if history.type_of(answer) != "run" or not good(answer):
            continue
        job = answer.get("job")
        if job is None:
            yield None, "a run was accepted, but the answer names no job", [answer]
        elif job not in judged:
            judged.add(job)
            record = history.files.get(job)
            if record is None:
                yield job, "its run was accepted, but at the end it has no record", [answer]
            elif record["status"] not in TERMINAL:
                yield job, "its run was accepted, but at the end it is not over", [answer, record]


def executed_jobs_are_on_record(history):
    """A job is on record before it runs, whether somebody was told of it or not."""
    if not history.files:
        return
    for job, execs in history.execs.items():
        if job not in history.files:
            yield job, "it was executed, but at the end it has no record", execs[:1]


def accepted_jobs_are_known(history):
    accepted = {}  # job -> the first good answer to its run
    for answer in history.answers:
        ask = history.asks[answer["request"]]
        job = answer.get("job")
        if ask["type"] == "run" and good(answer) and job is not None:
            accepted.setdefault(job, answer)
        known = accepted.get(ask.get("job"))
        if answer["status"] == 404 and known and known["_n"] < ask["_n"]:
            yield ask["job"], "its run was accepted, but then it was called unknown", [known, answer]


# I3: executed at most once per attempt, and exactly once if it says that it ran

def executed_once(history):
    for job, execs in history.execs.items():
        seen = {}
        for event in execs:
            if event["attempt"] in seen:
                yield (job, f"attempt {event['attempt']} was executed twice",
                       [seen[event["attempt"]], event])
            seen[event["attempt"]] = event
    for job, record in history.files.items():
        ran = (record["status"] == "completed"
               or record["status"] == "failed" and record.get("reason") in RAN)
        if ran and not any(event["attempt"] == record["attempt"]
                           for event in history.execs.get(job, ())):
            yield (job, f"its record says {record['status']}, but attempt {record['attempt']} "
                   "never ran", [record])
        for event in history.execs.get(job, ()):
            if record.get("reason") == "spawn" and event["attempt"] == record["attempt"]:
                yield job, "its record says that it could not be started, but it ran", [event, record]


# I4: one request, one job, one answer

def one_job_per_request(history):
    made = {}  # request -> (job, event)
    made_by = {}  # job -> (request, event)
    for event in history.events:
        what = event["what"]
        if what == "record":
            request, job = event.get("request"), event["job"]
        elif what == "answer" and good(event):
            request, job = event["request"], event.get("job")
        else:
            continue
        if request is None or job is None:
            continue
        known = made.setdefault(request, (job, event))
        if known[0] != job:
            yield (job, f"request {request} stands for two jobs, {known[0]} and {job}",
                   [known[1], event])
        if what == "answer" and history.type_of(event) != "run":
            continue
        known = made_by.setdefault(job, (request, event))
        if known[0] != request:
            yield (job, f"it belongs to two requests, {known[0]} and {request}", [known[1], event])


def one_answer_per_request(history):
    started = [fault["_n"] for fault in history.all("fault") if fault["kind"] == "power"
               or fault["kind"] == "start" and str(fault.get("target")).startswith("worker")]
    first = {}
    for answer in history.answers:
        request, status = answer["request"], answer["status"]
        if history.type_of(answer) not in ("run", "cancel") or status in NOT_REMEMBERED:
            continue
        known = first.setdefault(request, answer)
        if known["status"] == status:
            continue
        asked = history.asks[request]["_n"]
        forgotten = any(asked < n < answer["_n"] for n in started)
        # A run that was accepted is on record for good: no restart makes it a refusal.
        accepted = history.type_of(answer) == "run" and good(known) and status in (400, 409)
        if accepted or not forgotten:
            yield (answer.get("job"), f"request {request} was answered {known['status']} "
                   f"and then {status}", [known, answer])


# I5: the log is what was written

def log_is_what_was_written(history):
    logs = {log["job"]: log for log in history.all("log")}
    excused = {event["job"] for event in history.all("log_lost")}
    wrote = {}
    for event in history.all("wrote"):
        known = wrote.setdefault(event["job"], event)
        if event["bytes"] > known["bytes"]:
            wrote[event["job"]] = event
    for job, log in logs.items():
        if log["sum"] != log["expected"] and not history.power_lost_while_it_ran(job):
            yield job, f"its log of {log['bytes']} bytes is not what it wrote", [log]
    for job, event in wrote.items():
        log = logs.get(job)
        if event["bytes"] <= (log["bytes"] if log else 0):
            continue
        if history.outcome(job)[1] in CUT or history.power_lost_while_it_ran(job) or job in excused:
            continue
        text = f"it wrote {event['bytes']} bytes, but its log " + (
            f"has {log['bytes']}" if log else "is not there")
        yield job, text, [event] + ([log] if log else [])


# I6: a monitor sees every byte once

def monitors_see_all_once(history):
    logs = {log["job"]: log for log in history.all("log")}
    position = {}  # (who, job) -> (next offset, first event, last event)
    for event in history.events:
        if event["what"] not in ("read", "read_end"):
            continue
        who, job = event["who"], event["job"]
        offset, first, last = position.get((who, job), (0, event, event))
        if event["what"] == "read" and event.get("sum") != event.get("expected"):
            yield job, f"{who} was given other bytes than those of the log", [event]
        at = event["offset"] if event["what"] == "read" else event["bytes"]
        if at != offset:
            kind = "a gap" if at > offset else "a repetition"
            if event["what"] == "read_end":
                kind = "another length than it delivered"
            yield job, f"{who} has {kind}: {at} after {offset} bytes", unique(last, event)
        if event["what"] == "read":
            position[who, job] = (at + event["bytes"], first, event)
            continue
        position[who, job] = (offset, first, event)
        log = logs.get(job)
        if log and (log["bytes"], log["sum"]) != (event["bytes"], event["sum"]):
            if not may_be_shorter(history, job, first):
                yield (job, f"{who} has all of it, {event['bytes']} bytes, but the log is another "
                       f"one, {log['bytes']} bytes", [event, log])
    for (who, job), (offset, first, last) in position.items():
        log = logs.get(job)
        if log and offset > log["bytes"] and last["what"] != "read_end":
            if not may_be_shorter(history, job, first):
                yield (job, f"{who} was given {offset} bytes of a log of {log['bytes']}",
                       [last, log])


def may_be_shorter(history, job, first):
    """Was power lost since the first read? It may have been on its way when the power went."""
    return (history.power_lost_between(first["_n"], len(history.events))
            or history.power_lost_while_it_ran(job))


def unique(*events):
    return list({event["_n"]: event for event in events}.values())


# I7: one terminal state, never left

def terminal_states_stay(history):
    rises = {}  # job -> [(_n, attempt, event)] whenever the highest attempt seen rose
    streams = {}  # (job, who, source) -> (terminal event or None, event with the highest attempt)
    for event in history.sightings:
        job, state = event["job"], state_of(event)
        end = history.ends.get(job)
        highest = rises.setdefault(job, [])
        if event["what"] == "answer":
            since = history.asks[event["request"]]["_n"]
        else:
            since = event["_n"] if event["source"] == "file" else -1
        if state[0] in TERMINAL:
            if differ(event, end):
                yield (job, f"it was {words(state_of(end))} and then {words(state)}", [end, event])
        elif end and end["_n"] < since:
            yield job, f"it was {words(state_of(end))} and then {state[0]} again", [end, event]
        if event["what"] == "answer":
            continue
        key = (job, event["who"], event["source"])
        over, most = streams.get(key, (None, event))
        if over and state[0] not in TERMINAL and not end["_n"] < since:
            yield job, f"it was {words(state_of(over))} and then {state[0]} again", [over, event]
        before = [rise for rise in highest if rise[0] < since]
        if before and before[-1][1] > most["attempt"]:
            most = before[-1][2]
        if event["attempt"] < most["attempt"]:
            yield job, f"attempt {event['attempt']} after {most['attempt']}", [most, event]
        streams[key] = (over or (event if state[0] in TERMINAL else None),
                        event if event["attempt"] >= most["attempt"] else most)
        if not highest or event["attempt"] > highest[-1][1]:
            highest.append((event["_n"], event["attempt"], event))


def differ(event, other):
    """Do two signs of a terminal record contradict each other? Who says no reason knows none."""
    (status, reason), (known, why) = state_of(event), state_of(other)
    return status != known or (reason != why and "reason" in event and "reason" in other)


def words(state):
    return f"{state[0]} ({state[1]})" if state[1] else state[0]


# I8: results are those of the completed jobs

def results_of_completed_jobs(history):
    latest = {(event["who"], event.get("slot")): event for event in history.all("results")}
    if not latest:
        return
    shown = list(latest.values())
    owed, unfinished = {}, set()
    for job in {event["job"] for event in history.sightings}:
        record = history.files.get(job) or history.ends.get(job)
        run_id = record.get("run_id") if record else None
        if history.outcome(job)[0] == "completed" and run_id is not None:
            owed.setdefault(run_id, []).append(record)
        elif record and record.get("status") not in TERMINAL:
            unfinished.add(run_id)
    there = [run_id for event in shown for run_id in event["run_ids"]]
    for run_id, records in owed.items():
        if there.count(run_id) < len(records):
            yield (records[0]["job"], f"it is completed, but its results {run_id} are missing",
                   records + shown)
    for run_id in sorted(set(there)):
        if there.count(run_id) > len(owed.get(run_id, ())):
            yield None, f"there are results {run_id}, but no job of them is completed", shown
    for event in shown:
        for run_id in event["staging"]:
            if run_id not in unfinished:
                yield None, f"{run_id} is left in staging, and no job will use it", [event]


# I9: an answered cancel means that no process is alive

def cancelled_jobs_are_dead(history):
    done = {}  # job -> the first answer 200 to a cancel
    for event in history.events:
        what = event["what"]
        if what == "answer":
            ask = history.asks[event["request"]]
            if ask["type"] != "cancel" or event["status"] not in (200, 409):
                continue
            job = event.get("job") if event.get("job") is not None else ask.get("job")
            state = event.get("state")
            if state is not None and state not in TERMINAL:
                yield job, f"its cancel was answered {event['status']} while it was {state}", [event]
            if event["status"] == 200 and job is not None:
                done.setdefault(job, event)
        elif what in ("exec", "fork", "dead") and event["job"] in done:
            yield (event["job"], "a process of it was alive after its cancel was answered",
                   [done[event["job"]], event])
        elif what == "alive":
            for job in event["jobs"]:
                if job in done:
                    yield (job, "a process of it is alive after its cancel was answered",
                           [done[job], event])


# I12: when faults stop, everything converges

def everything_converges(history):
    calm = None
    for event in history.events:
        if event["what"] == "calm":
            if calm:
                yield None, "after the last fault nothing settled", [calm, event]
            calm = event
        elif event["what"] == "settled" and calm:
            took, most = event["at"] - calm["at"], SETTLE_MS + (calm.get("work_ms") or 0)
            if took > most:
                yield None, f"it took {took:.0f} ms to settle, {most:.0f} are allowed", [calm, event]
            calm = None
    if calm:
        yield None, "after the last fault nothing settled", [calm, history.events[-1]]
    elif history.all("settled"):
        yield from left_open(history)


def left_open(history):
    """What cannot be if everything is settled: open requests, jobs that are not over."""
    closed = {event["request"] for what in ("answer", "gone") for event in history.all(what)}
    for request, ask in history.asks.items():
        if request not in closed:
            yield None, f"request {request} was neither answered nor given up", [ask]
    accepted = {answer.get("job") for answer in history.answers
                if history.type_of(answer) == "run" and good(answer)}
    for job, record in history.files.items():
        if record["status"] not in TERMINAL and job not in accepted:
            yield job, f"at the end it is {record['status']}", [record]


INVARIANTS = (
    ("I1", one_tree_per_slot),
    ("I1", who_is_over_is_dead),
    ("I2", accepted_jobs_end),
    ("I2", executed_jobs_are_on_record),
    ("I2", accepted_jobs_are_known),
    ("I3", executed_once),
    ("I4", one_job_per_request),
    ("I4", one_answer_per_request),
    ("I5", log_is_what_was_written),
    ("I6", monitors_see_all_once),
    ("I7", terminal_states_stay),
    ("I8", results_of_completed_jobs),
    ("I9", cancelled_jobs_are_dead),
    ("I12", everything_converges),
)
