# SPDX-License-Identifier: MPL-2.0
"""A history, and what the checks of the invariants want to know of it.

`_n` of an event is its place in the history: of two events, that with the smaller one was first.
"""
import json

TERMINAL = ("completed", "failed", "cancelled")


def describe(event):
    """An event as a line of text, with its place."""
    shown = {key: value for key, value in event.items() if not key.startswith("_")}
    return f"{where_is(event)}: {json.dumps(shown)}"


def where_is(event):
    return "{}:{}".format(*event["_where"])


def good(answer):
    return 200 <= answer["status"] < 300


class History:
    """The events of one history, and what several checks want to know of them."""

    def __init__(self, events):
        self.events = events
        self.suite, self.seed = events[0]["suite"], events[0].get("seed")
        self.by = {}
        for number, event in enumerate(events):
            event["_n"] = number
            self.by.setdefault(event["what"], []).append(event)
        self.asks = {}
        for ask in self.all("ask"):
            self.asks.setdefault(ask["request"], ask)
        self.answers = self.all("answer")
        self.power = [fault for fault in self.all("fault") if fault["kind"] == "power"]
        self.files = {}  # job -> its last record that was read from its file
        self.ends = {}  # job -> the first sign of a terminal record
        self.sightings = sorted(self.seen_records(), key=lambda sighting: sighting["_n"])
        self.execs = {}
        for event in self.all("exec"):
            self.execs.setdefault(event["job"], []).append(event)

    def all(self, what):
        return self.by.get(what, ())

    def type_of(self, answer):
        return self.asks[answer["request"]]["type"]

    def seen_records(self):
        """Every event that shows the state of a job's record."""
        for record in self.all("record"):
            if record["source"] == "file":
                self.files[record["job"]] = record
            self.note_end(record, record["status"])
            yield record
        for answer in self.answers:
            if answer.get("job") is not None and answer.get("state") is not None:
                self.note_end(answer, answer["state"])
                yield answer

    def note_end(self, event, status):
        known = self.ends.get(event["job"])
        if status in TERMINAL and (known is None or event["_n"] < known["_n"]):
            self.ends[event["job"]] = event

    def outcome(self, job):
        """(status, reason) of the job; both None if it is not known to be over."""
        event = self.files.get(job)
        if event is None or event["status"] not in TERMINAL:
            event = self.ends.get(job)
        if event is None:
            return None, None
        return state_of(event)

    def power_lost_between(self, first, last):
        return any(first <= fault["_n"] <= last for fault in self.power)

    def power_lost_while_it_ran(self, job):
        """From its exec (one that never ran: from the start) until its record was terminal."""
        start = self.execs[job][0]["_n"] if job in self.execs else 0
        end = self.ends[job]["_n"] if job in self.ends else len(self.events)
        return self.power_lost_between(start, end)


def state_of(event):
    """(status, reason) in a `record` or an `answer`."""
    return event["state" if event["what"] == "answer" else "status"], event.get("reason")
