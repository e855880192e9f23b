# SPDX-License-Identifier: MPL-2.0
"""The requests `files` and `file`: what is in a complete run, and nothing that is not."""
import os
import secrets
import signal
import time

import pytest

from ems1 import Refused
from procs import eventually
from profiles import configuration
from system import BIN, WORKER

MANY = 1005
OTHER = "bench-2"


def folder(ems, job):
    return ems.state / "results" / job["run_id"]


def paths(reply):
    return [file["path"] for file in reply["files"]]


def test_the_files_of_a_run_are_listed_and_read(ems):
    job = ems.finished("say")
    reply = ems.client.do("files", run_id=job["run_id"])
    assert reply == {"files": [{"path": "say/summary.md", "size": 5}], "run_id": job["run_id"],
                     "job_id": job["job_id"], "worker": WORKER, "path": job["results_dir"]}
    for whose in (job["job_id"], "last", job["job_id"][:8], job["run_id"]):
        assert ems.client.do("files", job_id=whose) == reply
    piece = ems.client.do("file", run_id=job["run_id"], path="say/summary.md")
    assert piece == {"data": b"done\n", "run_id": job["run_id"], "job_id": job["job_id"],
                     "worker": WORKER, "path": "say/summary.md", "offset": 0, "size": 5, "eof": True}
    assert ems.client.do("file", job_id="last", path="say/summary.md") == piece


def test_a_file_is_read_in_pieces(ems):
    job = ems.finished("say")
    data = secrets.token_bytes(1500000)
    (folder(ems, job) / "large").write_bytes(data)
    for most in (None, 1, 65536, 1048576):
        offset = len(data) - 3 if most == 1 else 0
        seen = b""
        while True:
            piece = ems.client.do("file", run_id=job["run_id"], path="large", offset=offset,
                                  max_bytes=most)
            assert len(piece["data"]) <= (most or 262144) and piece["size"] == len(data)
            seen += piece["data"]
            offset += len(piece["data"])
            assert piece["eof"] == (offset == len(data))
            if piece["eof"]:
                break
        assert seen == (data[-3:] if most == 1 else data)
    assert ems.client.do("file", run_id=job["run_id"], path="large", offset=len(data))["data"] == b""


def test_a_run_of_no_job_is_read_too(ems):
    old = ems.state / "results" / "2024-01-31"
    (old / "gmst_era").mkdir(parents=True)
    (old / "gmst_era" / "x.json").write_text("{}")
    reply = ems.client.do("files", run_id="2024-01-31")
    assert reply["job_id"] is None and paths(reply) == ["gmst_era/x.json"]
    assert ems.client.do("file", run_id="2024-01-31", path="gmst_era/x.json")["data"] == b"{}"


def test_only_regular_files_are_listed_sorted_and_none_over_a_link(ems):
    job = ems.finished("say")
    run = folder(ems, job)
    for name in ("b", "a/z", "a.b", "a/\u00e9", "a/deep/er/x"):
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_text(name)
    os.mkfifo(run / "pipe")
    (run / "link").symlink_to(run / "b")
    (run / "out").symlink_to("/etc")
    (run / "empty").mkdir()
    reply = ems.client.do("files", run_id=job["run_id"])
    assert paths(reply) == ["a.b", "a/deep/er/x", "a/z", "a/\u00e9", "b", "say/summary.md"]
    assert "more" not in reply
    assert all((run / file["path"]).stat().st_size == file["size"] for file in reply["files"])


def test_what_cannot_be_told_is_said_to_be_more(ems):
    job = ems.finished("say")
    run = folder(ems, job)
    (run / os.fsdecode(b"\xff")).write_text("no name in UTF-8")
    reply = ems.client.do("files", run_id=job["run_id"])
    assert paths(reply) == ["say/summary.md"] and reply["more"] is True
    (run / os.fsdecode(b"\xff")).unlink()
    deep = run / "/".join("d" * 20)
    deep.mkdir(parents=True)
    (deep / "x").touch()
    reply = ems.client.do("files", run_id=job["run_id"])
    assert paths(reply) == ["say/summary.md"] and reply["more"] is True


def test_of_very_many_files_the_first_are_listed(ems):
    job = ems.finished("say")
    for number in range(MANY):
        (folder(ems, job) / f"{number:04}").touch()
    reply = ems.client.do("files", run_id=job["run_id"])
    assert paths(reply) == [f"{number:04}" for number in range(1000)] and reply["more"] is True
    for number in range(MANY):
        (folder(ems, job) / f"{number:04}").rename(folder(ems, job) / f"{'x' * 240}{number:04}")
    assert len(ems.client.do("files", run_id=job["run_id"])["files"]) == 1000


@pytest.mark.parametrize("path, status", [
    (None, 400), ("", 400), (5, 400), ("x" * 4096, 400), ("nosuch", 404), ("say", 404), (".", 404),
    ("..", 404), ("../..", 404), ("/etc/passwd", 404), ("say/../../../logs/jobs", 404),
    ("say/summary.md/x", 404), ("say/" * 800 + "x", 404), ("link", 404), ("out/passwd", 404),
    ("pipe", 404), ("x" * 300, 404), ("say//summary.md", 200), ("say/../say/summary.md", 200)],
    ids=lambda value: str(value)[:30])
def test_nothing_outside_of_the_run_and_no_link_is_read(ems, path, status):
    job = ems.finished("say")
    run = folder(ems, job)
    (run / "link").symlink_to("say/summary.md")
    (run / "out").symlink_to("/etc")
    os.mkfifo(run / "pipe")
    reply = ems.client.ask("file", run_id=job["run_id"], path=path)
    assert reply.status == status, reply
    assert status == 200 or (reply.error and "data" not in (reply.body or {}))


@pytest.mark.parametrize("body, status", [
    ({}, 400), ({"run_id": "last"}, 400), ({"run_id": "../results"}, 400), ({"run_id": 5}, 400),
    ({"run_id": ".staging"}, 400), ({"run_id": "2020-01-01_00-00-00"}, 404),
    ({"job_id": "0123456789ab"}, 404), ({"job_id": "xyz"}, 400), ({"job_id": "last"}, 404),
    ({"run_id": "2020-01-01", "job_id": "last"}, 400)], ids=str)
@pytest.mark.parametrize("type", ["files", "file"])
def test_a_wrong_run_is_refused(shared_ems, type, body, status):
    reply = shared_ems.client.ask(type, **body, **({"path": "x"} if type == "file" else {}))
    assert reply.status == status and reply.error, reply


@pytest.mark.parametrize("body", [{"offset": -1}, {"offset": 6}, {"offset": "0"}, {"max_bytes": 0},
                                  {"max_bytes": 1048577}], ids=str)
def test_a_wrong_range_is_refused(ems, body):
    job = ems.finished("say")
    reply = ems.client.ask("file", run_id=job["run_id"], path="say/summary.md", **body)
    assert reply.status == 400 and list(body)[0] in reply.error, reply


def test_a_job_that_did_not_complete_has_no_files(ems):
    job = ems.run("waits")
    for whose, status in (({"job_id": job["job_id"]}, 409), ({"run_id": job["run_id"]}, 404)):
        assert ems.client.ask("files", **whose).status == status
        assert ems.client.ask("file", path="x", **whose).status == status
    (ems.work / "go").touch()
    ems.finish(job["job_id"])
    assert ems.client.do("files", job_id=job["job_id"])["run_id"] == job["run_id"]
    failed = ems.finished("exits", params={"n": 3})
    reply = ems.client.ask("files", job_id=failed["job_id"])
    assert reply.status == 409 and "failed" in reply.error


@pytest.fixture
def two(ems):
    config = ems.base / "other.zpl"
    config.write_text(configuration({
        "name": OTHER, "workers": ems.endpoint("workers"), "publish": ems.endpoint("publish")},
        ems.work, BIN))
    other = ems.spawn(BIN / "ems-worker", "--state", ems.base / "s2", "--config", config)
    eventually(lambda: len(ems.client.do("workers")["workers"]) == 2)
    yield ems
    other.send_signal(signal.SIGTERM)
    other.communicate(timeout=30)
    assert other.returncode == 0


def test_a_run_is_found_on_whichever_worker_it_is(two):
    taken = ""
    for name in (OTHER, WORKER):
        # Two workers do not keep names apart for each other: another second, another name.
        eventually(lambda: time.strftime("%Y-%m-%d_%H-%M-%S", time.gmtime()) not in taken)
        job = two.client.ask("run", worker=name, profile="say").body["job"]
        job = two.finish(job["job_id"])
        taken = job["run_id"]
        for whose in ({"run_id": job["run_id"]}, {"job_id": job["job_id"]}, {"job_id": "last"}):
            reply = two.client.do("files", **whose)
            assert (reply["worker"], reply["run_id"]) == (name, job["run_id"])
            assert two.client.do("file", path="say/summary.md", **whose)["data"] == b"done\n"
    with pytest.raises(Refused, match="404"):
        two.client.do("files", run_id="2020-01-01_00-00-00")
    with pytest.raises(Refused, match="400.*2 workers"):
        two.client.do("files")
    (two.state / "results" / "2024-01-31").mkdir()
    assert two.client.do("files", worker=WORKER, run_id="2024-01-31")["files"] == []
