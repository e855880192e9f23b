# SPDX-License-Identifier: MPL-2.0
"""The configuration of a test's system: one profile for each little orchestrator in jobs/."""
from pathlib import Path

JOBS = Path(__file__).resolve().parent / "jobs"
COUNT = {"n": {"type": "int", "min": 0, "max": 100000000, "required": 1}}


def job(file, *arguments, parameters=None, **settings):
    """A profile of one of our jobs."""
    return {"command": JOBS / file, "arguments": arguments,
            "parameters": parameters or {}} | settings


PROFILES = {
    "say": job("say.sh"),
    "once": job("once.sh"),
    "exits": job("exit_code.sh", "{n}", parameters=COUNT),
    "crashes": job("crash.sh"),
    "grandchild": job("grandchild.sh"),
    "progress": job("progress.sh"),
    "steps": job("steps.sh"),
    "obeys": job("on_term.py", "obey"),
    "ignores": job("on_term.py", "ignore"),
    "floods": {"command": Path("/usr/bin/yes"), "arguments": ["a flood"], "parameters": {}},
    "half-line": job("half_line.sh"),
    "exits-0": job("on_term.py", "exit0"),
    "family": job("family.py", "quiet", "{n}", parameters=COUNT, grace_ms=200),
    "restless": job("family.py", "restless", "{n}", parameters=COUNT, grace_ms=200),
    "waits": job("waits.sh"),
    "ticks": job("ticks.py"),
    "first": job("waits.sh", may_preempt=1),
    "unmoved": job("waits.sh", preemptible=0),
    "once-moved": job("waits.sh", max_preemptions=1),
    "patient": job("on_term.py", "ignore", grace_ms=60000),
    "checkpoint": job("checkpoint.sh", resume="experiment", may_preempt=1),
    "bounded": job("waits.sh", max_grace_ms=3000, max_time_limit_ms=60000, time_limit_ms=5000),
    "graces": job("graces.py", grace_ms=60000, grace={"brief": 200}),
    "too-slow": job("graces.py", grace_ms=100, time_limit={"other": 1, "brief": 1500}),
    "limited": job("limits.py", nice=7, cpus="0", rlimits={"nofile": 77, "core": "unlimited"}),
    "silent": job("waits.sh", silence_limit_ms=300),
    "chatty": {"command": Path("/usr/bin/yes"), "arguments": ["too much"], "parameters": {},
               "log_limit_bytes": 100000},
    "raw": job("output.py", "raw", "{n}", parameters=COUNT),
    "unfinished": job("output.py", "unfinished", "{n}", parameters=COUNT),
    "long": job("output.py", "long", "{n}", parameters=COUNT),
    "lines": job("output.py", "lines", "{n}", parameters=COUNT),
    "timed": job("timed.sh", "{items}", "{n}", "{seed}", parameters={
        "items": {"type": "list", "allowed": "alpha,beta,gamma", "default": "alpha,beta,gamma"},
        "n": {"type": "int", "min": 1, "max": 1000000, "default": 10},
        "seed": {"type": "int", "min": 0, "max": 1000000, "default": 1},
    }),
    "not-executable": job("not_executable"),
    "missing": {"command": Path("/nonexistent/orchestrator"), "arguments": [], "parameters": {}},
    "typed": job(
        "arguments.py", "{results_dir}", "{run_id}", "--count={count}", "{fast?--fast}",
        "--name={name}", "--code={code}", "--items={items}", "--must={must}",
        parameters={
            "count": {"type": "int", "min": 1, "max": 1000, "default": 10},
            "fast": {"type": "bool", "default": 0},
            "name": {"type": "string"},
            "code": {"type": "string", "pattern": "[a-z]{2,4}"},
            "items": {"type": "list", "allowed": "alpha,beta,gamma", "default": "all"},
            "must": {"type": "string", "required": 1},
        }),
}


def lab(programs):
    """The bundled orchestrator, as in design, section 8."""
    experiments = ("frame_rotation_bpn,gmst_era,equ_ecl,equ_horizontal,solar_position,"
                   "lunar_position,kepler_solver")
    return {
        "command": programs / "lab-orchestrator",
        "arguments": ["--experiments={experiments}", "--n={n}", "--seed={seed}",
                      "{no_perf?--no-perf}"],
        "parameters": {
            "experiments": {"type": "list", "allowed": experiments, "default": "all"},
            "n": {"type": "int", "min": 1, "max": 1000000, "default": 1000},
            "seed": {"type": "int", "min": 0, "max": 4294967295, "default": 42},
            "no_perf": {"type": "bool", "default": 0},
        }}


def zpl(tree, indent=0):
    """A tree of dicts as ZPL; a list repeats its key."""
    lines = []
    for key, value in tree.items():
        if isinstance(value, dict):
            lines += [" " * indent + key] + zpl(value, indent + 4)
        elif isinstance(value, list):
            lines += [f'{" " * indent}{key} = "{item}"' for item in value]
        else:
            lines.append(f'{" " * indent}{key} = "{value}"')
    return lines


def configuration(worker, workdir, programs, profiles=None):
    """The text of a configuration file for both daemons; `worker` is that section."""
    tree = {"worker": worker, "profiles": {}}
    for name, profile in (PROFILES | {"lab": lab(programs)} | (profiles or {})).items():
        tree["profiles"][name] = {"workdir": workdir, "environment": "PATH"} | profile | {
            "arguments": {"argument": list(profile["arguments"])}}
    return "\n".join(zpl(tree)) + "\n"
