# SPDX-License-Identifier: MPL-2.0
"""How much longer it takes: from the durations of earlier runs, and unknown where they say nothing.

What real runs leave in the history is lengthened here, so that no test depends on how fast it is.
"""
import json
import time

import msgpack
import pytest

from procs import eventually

NAMES = ["alpha", "beta", "gamma"]
MS = {"alpha": 100000, "beta": 200000, "gamma": 300000}


def path(ems, profile="timed"):
    return ems.state / "logs" / "durations" / f"{profile}.json"


def history(ems, profile="timed"):
    """The runs of which something is kept, the newest last."""
    return json.loads(path(ems, profile).read_text())["runs"]


def put_history(ems, *runs):
    """Runs as (parameters that are not the defaults, {experiment: ms})."""
    path(ems).parent.mkdir(exist_ok=True)
    path(ems).write_text(json.dumps({"runs": [
        {"params": parameters(**params), "total": len(laps),
         "experiments": [{"number": number, "name": name, "ms": ms}
                         for number, (name, ms) in enumerate(laps.items(), 1)]}
        for params, laps in runs]}))


def parameters(items=tuple(NAMES), n=10, seed=1):
    return {"items": list(items), "n": n, "seed": seed}


def lengthen(ems, durations=None, profile="timed"):
    """The experiments of the newest runs took so long, by name."""
    runs = history(ems, profile)
    for lap in (lap for run in runs for lap in run["experiments"]):
        lap["ms"] = (durations or MS)[lap["name"]]
    path(ems, profile).write_text(json.dumps({"runs": runs}))


def go(ems, *numbers):
    """Let these experiments end; without any, all."""
    for name in [f"go.{number}" for number in numbers] or ["go"]:
        (ems.work / name).touch()


def halt(ems):
    """Experiments wait again."""
    for file in ems.work.glob("go*"):
        file.unlink()


def in_experiment(ems, job, name):
    """Its record when that experiment runs."""
    def there():
        now = ems.status(job["job_id"])
        return now if now["current_experiment"] == name and now["current_step"] == "work" else None
    return eventually(there)


def etas(job):
    return job["experiment_eta_ms"], job["eta_ms"]


def check_between(value, least, most):
    assert value is not None and least < value <= most, (value, least, most)


def complete(ems, job):
    go(ems)
    done = ems.finish(job["job_id"])
    assert done["status"] == "completed" and etas(done) == (None, None)
    return done


def test_the_first_run_is_unknown_and_the_next_one_is_not(ems):
    first = ems.run("timed")
    assert etas(in_experiment(ems, first, "alpha")) == (None, None)
    done = complete(ems, first)
    [run] = eventually(lambda: path(ems).exists() and history(ems))
    assert run["params"] == done["config"] == parameters() and run["total"] == 3
    assert [(lap["number"], lap["name"]) for lap in run["experiments"]] == list(enumerate(NAMES, 1))
    lengthen(ems)
    halt(ems)
    second = ems.run("timed")
    now = in_experiment(ems, second, "alpha")
    check_between(now["experiment_eta_ms"], 0, 100000)
    check_between(now["eta_ms"], 500000, 600000)
    shown = ems.ems("show", second["job_id"])
    assert "ETA" in shown.stdout and "this experiment" in shown.stdout
    go(ems, 1)
    now = in_experiment(ems, second, "beta")
    check_between(now["experiment_eta_ms"], 0, 200000)
    check_between(now["eta_ms"], 300000, 500000)
    assert etas(ems.record(second["job_id"])) == (None, None)  # it is never kept
    complete(ems, second)
    assert etas(ems.record(second["job_id"])) == (None, None)


def test_who_follows_is_told_without_asking(ems):
    put_history(ems, ({}, MS))
    job = ems.run("timed")
    monitor = ems.monitor(job["job_id"])
    in_experiment(ems, job, "alpha")
    monitor.synchronise()
    go(ems, 1)
    told = {}
    while told.get("current_experiment") != "beta":
        frames = monitor.next_event()
        assert frames, "no event for ten seconds"
        if frames[0].startswith(b"status/"):
            told = msgpack.unpackb(frames[1])["job"]
    check_between(told["experiment_eta_ms"], 0, 200000)
    check_between(told["eta_ms"], 300000, 500000)
    complete(ems, job)
    monitor.close()


@pytest.mark.parametrize("other", [{"seed": 2}, {"n": 20}, {"items": ["alpha", "beta"]},
                                   {"items": ["beta", "alpha", "gamma"]}], ids=str)
def test_a_run_that_was_never_made_is_unknown(ems, other):
    put_history(ems, ({}, MS))
    job = ems.run("timed", params=other)
    first = other.get("items", NAMES)[0]
    assert etas(in_experiment(ems, job, first)) == (None, None)
    complete(ems, job)
    eventually(lambda: len(history(ems)) == 2)


def test_an_integer_that_was_changed_alone_counts_as_it_showed(ems):
    put_history(ems,
                ({"n": 100}, {"alpha": 10000, "beta": 100000, "gamma": 30000}),
                ({"n": 200}, {"alpha": 10000, "beta": 200000, "gamma": 30000}))
    job = ems.run("timed", params={"n": 400})
    now = in_experiment(ems, job, "alpha")
    check_between(now["experiment_eta_ms"], 0, 10000)
    check_between(now["eta_ms"], 430000, 440000)
    go(ems, 1)
    check_between(in_experiment(ems, job, "beta")["experiment_eta_ms"], 0, 400000)
    complete(ems, job)
    halt(ems)
    other = ems.run("timed", params={"n": 400, "seed": 9})
    assert etas(in_experiment(ems, other, "alpha")) == (None, None)
    complete(ems, other)


def test_an_experiment_that_takes_longer_than_ever_is_unknown(ems):
    put_history(ems, ({}, MS | {"alpha": 1}))
    job = ems.run("timed")
    in_experiment(ems, job, "alpha")
    eventually(lambda: etas(ems.status(job["job_id"])) == (None, None))
    go(ems, 1)
    check_between(in_experiment(ems, job, "beta")["eta_ms"], 300000, 500000)
    complete(ems, job)


def test_a_worker_that_was_not_there_knows_nothing_of_that_experiment(ems):
    put_history(ems, ({}, MS))
    job = ems.run("timed")
    check_between(in_experiment(ems, job, "alpha")["eta_ms"], 500000, 600000)
    ems.kill9("worker")
    ems.start_part("worker")
    ems.wait_ready()
    assert etas(in_experiment(ems, job, "alpha")) == (None, None)
    go(ems, 1)
    check_between(in_experiment(ems, job, "beta")["eta_ms"], 300000, 500000)
    complete(ems, job)
    eventually(lambda: len(history(ems)) == 2)
    assert [lap["name"] for lap in history(ems)[-1]["experiments"]] == ["beta", "gamma"]


def test_what_was_written_while_no_worker_was_there_is_not_timed(ems):
    job = ems.run("timed")
    in_experiment(ems, job, "alpha")
    ems.kill9("worker")
    go(ems, 1, 2)
    eventually(lambda: b"experiment=gamma step=work" in ems.log(job["job_id"]))
    ems.start_part("worker")
    ems.wait_ready()
    in_experiment(ems, job, "gamma")
    complete(ems, job)
    ems.restart("worker")  # so that it has done all that it ever does
    assert not path(ems).exists()


def test_a_pause_is_not_a_part_of_any_duration(ems):
    put_history(ems, ({}, MS))
    began = time.monotonic()
    job = ems.run("timed")
    in_experiment(ems, job, "alpha")
    assert ems.client.ask("pause", job_id=job["job_id"]).status == 200
    paused = time.monotonic()
    first = etas(ems.status(job["job_id"]))
    check_between(first[1], 500000, 600000)
    time.sleep(1)
    assert etas(ems.status(job["job_id"])) == first
    paused = time.monotonic() - paused
    assert ems.client.ask("resume", job_id=job["job_id"]).status == 200
    go(ems, 1)
    in_experiment(ems, job, "beta")
    most_s = time.monotonic() - began - paused
    complete(ems, job)
    eventually(lambda: len(history(ems)) == 2)
    assert history(ems)[-1]["experiments"][0]["ms"] <= most_s * 1000 + 1


def test_of_a_run_that_was_stopped_the_experiments_that_ended_count(ems):
    job = ems.run("timed")
    go(ems, 1)
    in_experiment(ems, job, "beta")
    assert ems.cancel(job["job_id"]).body["job"]["eta_ms"] is None
    [run] = eventually(lambda: path(ems).exists() and history(ems))
    assert [lap["name"] for lap in run["experiments"]] == ["alpha"]


def test_what_goes_on_from_a_checkpoint_does_not_count(ems):
    job = ems.run("checkpoint")
    (ems.work / "go.1").touch()
    ems.wait_log(job["job_id"], b"current=2")
    assert ems.cancel(job["job_id"]).status == 200
    before = eventually(lambda: path(ems, "checkpoint").exists() and history(ems, "checkpoint"))
    assert len(before) == 1
    again = ems.client.ask("rerun", job_id=job["job_id"], resume=True).body["job"]
    (ems.work / "go").touch()
    assert ems.finish(again["job_id"])["status"] == "completed"
    ems.restart("worker")
    assert history(ems, "checkpoint") == before


@pytest.mark.parametrize("broken", ["", "{", '{"runs": [{"params": {}, "total": 99}]}', "\0" * 100,
                                    " " * 300000], ids=["empty", "torn", "wrong", "zeros", "long"])
def test_a_broken_history_is_set_aside_and_hurts_nobody(ems, broken):
    path(ems).parent.mkdir()
    path(ems).write_text(broken)
    job = ems.run("timed")
    assert etas(in_experiment(ems, job, "alpha")) == (None, None)
    complete(ems, job)
    eventually(lambda: path(ems).exists() and len(history(ems)) == 1)
    assert path(ems).with_name("timed.json.broken").read_text() == broken
    assert "timed.json.broken" in (ems.base / "worker.stderr").read_text()


def test_a_history_that_cannot_be_written_hurts_nobody(ems):
    path(ems).parent.write_text("this is no folder")
    for _ in range(2):
        complete(ems, ems.run("timed"))
    eventually(lambda: "is not kept" in (ems.base / "worker.stderr").read_text())
    path(ems).parent.unlink()
    complete(ems, ems.run("timed"))
    eventually(lambda: path(ems).exists() and len(history(ems)) == 1)


def test_a_run_without_experiments_leaves_nothing(ems):
    ems.finished("say")
    ems.finished("say")
    assert not path(ems).parent.exists()


def test_the_bundled_orchestrator_scales_with_n(ems):
    def lab(n):
        return ems.run("lab", params={"experiments": ["kepler_solver", "lunar_position"], "n": n,
                                      "no_perf": True})
    for number, n in enumerate((10, 20), 1):
        assert ems.finish(lab(n)["job_id"])["status"] == "completed"
        eventually(lambda: path(ems, "lab").exists() and len(history(ems, "lab")) == number)
    runs = history(ems, "lab")
    for run in runs:
        assert len(run["experiments"]) == 2
        for lap in run["experiments"]:
            lap["ms"] = 1000 * run["params"]["n"]
    path(ems, "lab").write_text(json.dumps({"runs": runs}))
    job = lab(100000)
    eventually(lambda: ems.status(job["job_id"])["eta_ms"])
    ems.cancel(job["job_id"], grace_ms=0)
