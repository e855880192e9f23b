# SPDX-License-Identifier: MPL-2.0
"""Three workers behind one broker: who gets a run, how the lines fill, what everybody sees, and that
nothing is forgotten when one is killed.
"""
import json
import secrets
import signal

import pytest

from procs import eventually
from profiles import configuration, job
from system import BIN, WORKER

OTHERS = ["bench-2", "bench-3"]
ALL = [WORKER, *OTHERS]
SPECIAL = {"special": job("waits.sh")}  # a profile that the last of them alone has


def folder(ems, name):
    return ems.state if name == WORKER else ems.base / f"s-{name}"


def start(ems, name):
    if name == WORKER:
        ems.start_part("worker")
    else:
        ems.others[name] = ems.spawn(BIN / "ems-worker", "--state", folder(ems, name), "--config",
                                     ems.base / f"{name}.zpl")


def kill(ems, name):
    if name == WORKER:
        ems.kill9("worker")
    else:
        worker = ems.others.pop(name)
        worker.kill()
        worker.wait()
    eventually(lambda: states(ems)[name] == "offline")


def states(ems):
    return {worker["name"]: worker["state"] for worker in ems.client.do("workers")["workers"]}


def lines(ems):
    """How many wait at each worker that is connected, as the broker knows it."""
    return {worker["name"]: worker["queued"] for worker in ems.client.do("workers")["workers"]
            if worker["state"] != "offline"}


def connected(ems):
    return sorted(name for name, state in states(ems).items() if state != "offline")


@pytest.fixture
def three(ems):
    """The test's system with two more workers, which have state folders of their own."""
    ems.others = {}
    for name in OTHERS:
        (ems.base / f"{name}.zpl").write_text(configuration({
            "name": name, "workers": ems.endpoint("workers"), "publish": ems.endpoint("publish")},
            ems.work, BIN, SPECIAL if name == OTHERS[-1] else None))
        start(ems, name)
    eventually(lambda: connected(ems) == ALL)
    yield ems
    for name in ALL:
        if name not in ems.others and (name != WORKER or "worker" not in ems.parts):
            start(ems, name)
    eventually(lambda: connected(ems) == ALL)
    for unfinished in ems.client.do("list", limit=500)["jobs"]:
        ems.cancel(unfinished["job_id"], grace_ms=0)
    for worker in ems.others.values():
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=30)
        assert worker.returncode == 0


def run(ems, profile="waits", worker=None, **body):
    """A job that waits for its file, in a slot or in a line; its record."""
    return ems.client.do("run", profile=profile, worker=worker, **body)["job"]


def queue(ems, **how):
    return run(ems, if_busy="queue", **how)


def let_go(ems, *jobs):
    for one in jobs:
        (ems.work / f"go.{one['job_id']}").touch()


def fill(ems):
    """A job in each slot, by the worker's name."""
    jobs = [run(ems) for _ in ALL]
    assert sorted(one["worker"] for one in jobs) == ALL
    return {one["worker"]: one for one in jobs}


def once(ems, type, worker=None, **body):
    """The answer to one request, also 503, which the client would ask again after."""
    request = {"id": secrets.token_hex(16), "type": type, "body": body}
    if worker:
        request["worker"] = worker
    return ems.client.ask_once(request, 30)


def completed(ems, *jobs):
    for one in jobs:
        done = ems.finish(one["job_id"])
        assert (done["status"], done["worker"]) == ("completed", one["worker"])


def test_a_run_goes_to_an_idle_worker_that_has_its_profile(three):
    special = run(three, "special")
    assert special["worker"] == OTHERS[-1]
    reply = three.client.ask("run", profile="special")
    assert reply.status == 409 and reply.body["job"]["job_id"] == special["job_id"]
    assert sorted(run(three)["worker"] for _ in range(2)) == [WORKER, OTHERS[0]]
    waiting = queue(three, profile="special")
    assert (waiting["worker"], waiting["position"]) == (OTHERS[-1], 1)
    let_go(three, special, waiting)
    completed(three, special, waiting)


def test_clients_at_once_get_a_worker_each_and_busy_is_said_when_all_are(three):
    for _ in range(3):
        tools = [three.spawn(BIN / "ems", "run", "--detach", "waits") for _ in ALL]
        jobs = []
        for tool in tools:
            output, said = tool.communicate(timeout=60)
            assert tool.returncode == 0, said
            jobs.append(three.status(output.decode().strip()))
        assert sorted(one["worker"] for one in jobs) == ALL
        refused = three.ems("run", "waits")
        assert refused.returncode == 75 and "--queue" in refused.stderr
        assert any(one["job_id"] in refused.stderr for one in jobs)
        let_go(three, jobs[1])
        completed(three, jobs[1])
        assert run(three, "say")["worker"] == jobs[1]["worker"]
        let_go(three, *jobs)
        completed(three, *jobs)
        eventually(lambda: set(states(three).values()) == {"idle"})


def test_who_waits_does_so_in_the_shortest_line(three):
    holders = fill(three)
    for name, count in zip(ALL, (2, 1, 0)):
        for _ in range(count):
            assert queue(three, worker=name)["worker"] == name
    eventually(lambda: lines(three) == dict(zip(ALL, (2, 1, 0))))
    jobs = [queue(three) for _ in range(6)]
    assert jobs[0]["worker"] == OTHERS[1]
    assert sorted(one["worker"] for one in jobs[1:3]) == OTHERS
    assert sorted(one["worker"] for one in jobs[3:]) == ALL
    assert [one["position"] for one in jobs] == [1, 2, 2, 3, 3, 3]
    eventually(lambda: lines(three) == dict.fromkeys(ALL, 3))
    (three.work / "go").touch()
    completed(three, *holders.values(), *jobs)


def test_a_run_that_preempts_goes_where_a_job_can_be_stopped_for_it(three):
    for name, profile in zip(ALL, ("unmoved", "waits", "unmoved")):
        assert run(three, profile, worker=name)["worker"] == name
    eventually(lambda: states(three) == dict.fromkeys(ALL, "busy"))
    first = run(three, "first", preempt=True, priority=20)
    assert first["worker"] == OTHERS[0]
    eventually(lambda: three.status(first["job_id"])["status"] == "running")
    (three.work / "go").touch()
    completed(three, first)


def test_ps_and_workers_show_all(three):
    holders = fill(three)
    waiting = [queue(three) for _ in ALL]
    shown = three.ems("ps").stdout
    listed = json.loads(three.ems("--json", "ps").stdout)
    everybody = [*holders.values(), *waiting]
    assert {one["job_id"]: one["worker"] for one in listed} == {
        one["job_id"]: one["worker"] for one in everybody}
    assert shown.count("running") == 3 and shown.count("queued, 1st") == 3
    for row in shown.splitlines()[1:]:
        assert any(one["job_id"] in row and one["worker"] in row for one in everybody), row
    shown = three.ems("workers").stdout
    rows = {row.split()[0]: row for row in shown.splitlines()[1:]}
    assert sorted(rows) == ALL
    for name, row in rows.items():
        assert "busy" in row and holders[name]["job_id"] in row, shown
    let_go(three, *everybody)
    completed(three, *everybody)
    assert {one["job_id"] for one in three.jobs()} == {one["job_id"] for one in everybody}


def test_a_run_that_names_a_worker_goes_there_or_nowhere(three):
    named = three.ems("run", "--detach", "--worker", OTHERS[0], "waits")
    first = three.status(named.stdout.strip())
    assert first["worker"] == OTHERS[0], named.stderr
    refused = three.ems("run", "--worker", OTHERS[0], "waits")  # though others are idle
    assert refused.returncode == 75 and first["job_id"] in refused.stderr
    named = three.ems("run", "--detach", "--queue", "--worker", OTHERS[0], "waits")
    second = three.status(named.stdout.strip())
    assert (second["worker"], second["position"]) == (OTHERS[0], 1), named.stderr
    unknown = once(three, "run", worker="nobody", profile="waits")
    assert unknown.status in (404, 503) and "nobody" in unknown.error
    wrong = once(three, "run", worker=WORKER, profile="special")
    assert wrong.status == 404 and '"special"' in wrong.error
    let_go(three, first, second)
    completed(three, first, second)


@pytest.mark.parametrize("name", [WORKER, OTHERS[-1]])
def test_of_a_worker_that_is_killed_nothing_is_forgotten(three, name):
    holders = fill(three)
    waiting = {worker: queue(three, worker=worker) for worker in ALL}
    mine = [holders[name], waiting[name]]
    rest = [one for worker in ALL if worker != name for one in (holders[worker], waiting[worker])]
    kill(three, name)
    for one in mine:
        for type in ("status", "cancel", "logs", "pause"):
            reply = once(three, type, job_id=one["job_id"])
            assert reply.status == 503 and f'"{name}"' in reply.error, (type, reply)
    reply = once(three, "run", worker=name, profile="say")
    assert reply.status == 503 and name in reply.error
    shown = three.ems("ps")
    assert all(one["job_id"] in shown.stdout for one in rest) and name in shown.stderr
    assert not any(one["job_id"] in shown.stdout for one in mine)
    assert once(three, "run", profile="say").status == 409  # the others are busy
    assert queue(three)["worker"] != name  # its line is the shortest, for nobody stands in it
    let_go(three, *rest)
    completed(three, *rest)
    let_go(three, holders[name])  # it goes on without a worker
    eventually(lambda: list(folder(three, name).glob(f"run/{holders[name]['job_id']}/exit.json")))
    start(three, name)
    eventually(lambda: connected(three) == ALL)
    completed(three, holders[name])
    eventually(lambda: three.status(waiting[name]["job_id"])["status"] == "running")
    let_go(three, waiting[name])
    completed(three, waiting[name])
    shown = three.ems("ps")
    assert all(one["job_id"] in shown.stdout for one in mine + rest) and not shown.stderr


def test_a_job_is_alive_whether_or_not_its_worker_is(three):
    holders = fill(three)
    kill(three, OTHERS[0])
    start(three, OTHERS[0])
    eventually(lambda: connected(three) == ALL)
    eventually(lambda: states(three)[OTHERS[0]] == "busy")
    assert three.status(holders[OTHERS[0]]["job_id"])["status"] == "running"
    assert three.client.ask("run", profile="say").status == 409  # no slot became free by it
    reply = three.cancel(holders[OTHERS[0]]["job_id"])
    assert reply.status == 200 and reply.body["job"]["status"] == "cancelled"
    assert run(three, "say")["worker"] == OTHERS[0]
