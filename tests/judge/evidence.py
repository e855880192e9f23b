# SPDX-License-Identifier: MPL-2.0
"""What a history must contain to show anything: an invariant that nobody tried holds always.

The rules are in history.md.
"""
from invariants import RAN

# kind of evidence -> the invariants that nothing shows without it
KINDS = {"accepted": "I2 and I4", "again": "I4", "cancel": "I9", "exec": "I1 and I3",
         "alive": "I1 and I9", "record": "I2, I3 and I7", "completed": "I3 and I8", "wrote": "I5",
         "log": "I5", "read": "I6", "read_end": "I6", "results": "I8", "calm": "I12"}
OF_SLOTS = ("alive", "results")  # of every worker that ran something


def declared(history):
    """(kinds that its suite never writes, kinds that one history may lack)."""
    begin = history.events[0]
    return set(begin.get("without") or ()), set(begin.get("seldom") or ())


def shown(history):
    """The kinds that are in a history."""
    answered = {(history.type_of(answer), answer["status"]) for answer in history.answers}
    ends = {record["status"] for record in history.files.values()}
    facts = {"accepted": ("run", 200) in answered or ("run", 202) in answered,
             "cancel": ("cancel", 200) in answered, "record": bool(history.files),
             "completed": "completed" in ends}
    return {kind for kind in KINDS if facts.get(kind, kind in history.by)}


def gaps(history):
    """Sentences: what is not there and should be, or is declared and should not be."""
    without, seldom = declared(history)
    there = shown(history)
    for kind in sorted(map(str, (without | seldom) - set(KINDS))):
        yield f"`begin` speaks of `{kind}`, which is no kind of evidence"
    for kind in KINDS:
        if kind in without and kind in there:
            yield f"`begin` says that this suite is without `{kind}`, but here it is"
        elif kind not in there and kind not in without | seldom:
            yield f"nothing shows {KINDS[kind]}: no `{kind}`"
    if "log" not in without:
        yield from jobs_without_log(history)
    for kind in OF_SLOTS:
        if kind not in without:
            yield from slots_without(history, kind)


def jobs_without_log(history):
    told = {event["job"] for what in ("log", "log_lost") for event in history.all(what)}
    for job, record in history.files.items():
        ran = record["status"] == "completed" or record.get("reason") in RAN
        if ran and job not in told:
            yield f"nothing shows I5 of job {job}: it ran, and there is no `log` of it"


def slots_without(history, kind):
    told = {event.get("slot") for event in history.all(kind)}
    slots = {event["slot"] for execs in history.execs.values() for event in execs}
    for slot in sorted(map(str, slots - told if told and None not in told else ())):
        yield f"nothing shows {KINDS[kind]} at {slot}: it ran jobs, and there is no `{kind}` of it"


def unshown(owed, seen):
    """Of pairs (suite, kind): what a whole run owed to us and never showed, as sentences."""
    return [f"nothing in all of this run shows {KINDS[kind]}: suite {suite} never had `{kind}`"
            for suite, kind in sorted(set(map(tuple, owed)) - set(map(tuple, seen)))]
