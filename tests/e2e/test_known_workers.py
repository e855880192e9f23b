# SPDX-License-Identifier: MPL-2.0
"""The workers that a broker knows, and the file that tells the next broker: <state>/broker/workers.

The broker is real; workers and clients are played, as in test_broker.py.
"""
import os
import subprocess

import pytest

from test_broker import PATIENCE_S, House, run_broker, wait_for

JOB = "0123456789ab"


@pytest.fixture
def house():
    house = House()
    try:
        yield house
    finally:
        house.close()


def back(*workers):
    """They found the broker again after a restart."""
    for worker in workers:
        worker.connected()
        assert worker.take("welcome")


def ask_status(client, *asked, matches=()):
    """The answer to a `status`, for which those workers are asked whether they have the job."""
    id = client.send("status", body={"job_id": JOB})
    for worker in asked:
        worker.serve("find", body={"matches": list(matches)})
    reply = client.receive()
    assert reply["re"] == id
    return reply


def test_a_worker_known_to_an_earlier_broker_is_waited_for(house):
    house.start()
    here, away = house.worker("a"), house.worker("b")
    assert house.roster.read_text() == "a\nb\n"
    assert house.roster.stat().st_mode & 0o077 == 0
    away.close()
    wait_for(lambda: house.states() == {"a": "idle", "b": "offline"}, "b is seen to be gone")
    house.broker.kill()
    house.start()
    back(here)
    assert house.states() == {"a": "idle", "b": "offline"}
    client = house.client()
    refused = ask_status(client, here)
    assert refused["status"] == 503 and '"b"' in refused["error"]
    id = client.send("run", again=True, body={"profile": "lab"})
    here.serve("find", body={"matches": []})
    refused = client.receive()
    assert (refused["re"], refused["status"]) == (id, 503) and '"b"' in refused["error"]
    away = house.worker("b")
    assert ask_status(client, here, away)["status"] == 404
    client.send("run", id=id, again=True, body={"profile": "lab"})
    for worker in (here, away):
        worker.serve("find", body={"matches": []})
    here.serve("run")
    assert client.receive()["status"] == 200


def test_a_worker_whose_line_was_deleted_is_not_waited_for(house):
    house.start()
    here, gone = house.worker("a"), house.worker("b")
    gone.close()
    house.stop()
    house.roster.write_text("a\n")
    house.start()
    back(here)
    assert house.states() == {"a": "idle"}
    client = house.client()
    client.send("status", body={"job_id": JOB})
    here.serve("status", status=404)  # it alone knows
    assert client.receive()["status"] == 404
    house.worker("b")
    assert house.roster.read_text() == "a\nb\n"


def test_without_its_file_a_broker_knows_who_says_hello(house):
    house.start()
    workers = house.worker("a"), house.worker("b")
    house.stop()
    house.roster.unlink()
    house.start()
    assert house.states() == {}
    back(*workers)
    assert sorted(house.roster.read_text().split()) == ["a", "b"]


@pytest.mark.parametrize("text, words", [
    ("a\nb c\n", "line 2"), ("a\n\n../x\n", "line 3"), ("a\0b\n", "line 1"), ("\xff\n", "line 1"),
    ("x" * 65 + "\n", "line 1"), ("".join(f"w{n}\n" for n in range(257)), "line 257"),
    ("a\n" * 100000, "larger than"),
], ids=["two words", "a path", "a NUL", "no ASCII", "a long name", "too many", "too long"])
def test_a_damaged_file_is_refused_at_the_start_with_what_is_wrong(house, text, words):
    house.roster.parent.mkdir(parents=True)
    house.roster.write_text(text, encoding="latin-1")
    refused = run_broker("--state", house.state)
    assert refused.returncode == 78 and refused.stderr.count("\n") == 1
    assert "broker/workers" in refused.stderr and words in refused.stderr
    assert house.roster.read_text(encoding="latin-1") == text


def test_a_file_that_cannot_be_read_is_refused_at_the_start(house):
    house.roster.mkdir(parents=True)
    refused = run_broker("--state", house.state)
    assert refused.returncode == 71 and "broker/workers" in refused.stderr


def refuse_and_accept(house, mend):
    """A new worker is refused, and told why, until its name can be noted; nobody else is disturbed."""
    known = house.worker("a")
    new = house.worker("b", hello=False)
    new.connected()
    for _ in range(3):
        head, _ = new.take("refused")
        assert '"b" cannot be noted' in head["error"] and "broker/workers" in head["error"]
        new.hello()
    head, _ = new.take("refused")
    assert house.states() == {"a": "idle"}
    client = house.client()
    client.send("status", body={"job_id": JOB})
    known.serve("status")
    assert client.receive()["status"] == 200
    mend()
    new.hello()
    assert new.take("welcome")
    assert house.states() == {"a": "idle", "b": "idle"}
    return head["error"]


def test_a_worker_whose_name_cannot_be_noted_is_refused_until_it_can(house):
    obstacle = house.roster.parent / ".workers.tmp"
    broker = house.start()
    house.worker("a").close()
    obstacle.mkdir()
    why = refuse_and_accept(house, obstacle.rmdir)
    assert "directory" in why
    assert house.roster.read_text() == "a\nb\n"
    broker.errors.seek(0)
    assert why in broker.errors.read()


# A disk for the folder `broker` alone, in a mount namespace of the broker's own.
FULL = ("mount -t tmpfs -o size=16k none {0} && printf 'a\\n' >{0}/workers && "
        "dd if=/dev/zero of={0}/ballast bs=4k status=none; exec \"$0\" \"$@\"")
READ_ONLY = ("mount -t tmpfs none {0} && printf 'a\\n' >{0}/workers && "
             "mount -o remount,ro {0}; exec \"$0\" \"$@\"")


def start_on_disk(house, script):
    house.roster.parent.mkdir(parents=True)
    own = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid() != 0:
        own.append("--map-root-user")
    house.start(before=[*own, "sh", "-c", script.format(house.roster.parent)])
    return house.broker.process.pid


def test_on_a_full_disk_a_new_worker_is_refused_until_there_is_room(house):
    pid = start_on_disk(house, FULL)
    inside = f"/proc/{pid}/root{house.roster.parent}"
    why = refuse_and_accept(house, lambda: os.unlink(f"{inside}/ballast"))
    assert "No space left" in why
    with open(f"{inside}/workers", encoding="ascii") as file:
        assert file.read() == "a\nb\n"


def test_in_a_read_only_folder_a_new_worker_is_refused_until_it_can_be_written(house):
    pid = start_on_disk(house, READ_ONLY)

    def make_writable():
        subprocess.run(["nsenter", "-t", str(pid), "-m", "mount", "-o", "remount,rw",
                        house.roster.parent], check=True, timeout=PATIENCE_S)
    assert "Read-only" in refuse_and_accept(house, make_writable)
