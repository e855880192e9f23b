# SPDX-License-Identifier: MPL-2.0
"""What is wrong is refused with a sentence or dropped, and disturbs nobody."""
import random
import secrets
import socket as sockets
import subprocess
import time

import msgpack
import pytest
import zmq

from ems1 import Client, MAGIC
from procs import eventually
from system import BIN, WORKER

LONG = "x" * 65
FORMS = ["", "-rf", "--help", "../x", "a/b", ".x", "a b", "a\nb", "a;b", "$(id)", "`id`", "é",
         LONG, "\x1b[31m", "a=b"]
WRONG_PARAMETERS = [
    *[("must", value) for value in [*FORMS, 5, True, 1.5, b"x", ["x"], {"x": "y"}]],
    *[("name", value) for value in FORMS],
    *[("count", value) for value in [0, 1001, -1, 2**63 - 1, -2**63, "10", "", 1.5, True, b"1", [1],
                                     {"a": 1}]],
    *[("fast", value) for value in [0, 1, "yes", "true", "", 1.0, [], [True]]],
    *[("code", value) for value in ["a", "abcde", "AB", "ab1", "ab\n", "\nab", "-ab", "ab cd",
                                    "", 5]],
    *[("items", value) for value in [["delta"], ["alpha", "delta"], ["alpha,beta"], ["-alpha"],
                                     [""], ["../alpha"], [5], [["alpha"]], ["all", "delta"],
                                     {"alpha": 1}, 5]],
    *[(name, "x") for name in ["nosuch", "MUST", "must ", "--must", "../must"]],
]


def refused(ems, reply, status, *naming):
    """The reply says what was wrong, and nothing was started."""
    assert reply.status == status, reply
    for name in naming:
        assert str(name) in reply.error, reply.error
    assert [worker["state"] for worker in ems.client.do("workers")["workers"]] == ["idle"]
    assert not ems.jobs()


@pytest.mark.parametrize("name, value", WRONG_PARAMETERS)
def test_a_wrong_parameter_is_refused_by_name(shared_ems, name, value):
    reply = shared_ems.client.ask("run", profile="typed", params={"must": "x", name: value})
    refused(shared_ems, reply, 400, name)
    assert reply.body["parameter"] == name


@pytest.mark.parametrize("name", ["", LONG, "x" * 4000])
def test_a_parameter_whose_name_is_no_name_is_refused(shared_ems, name):
    reply = shared_ems.client.ask("run", profile="typed", params={"must": "x", name: "x"})
    refused(shared_ems, reply, 400, name[:64])


@pytest.mark.parametrize("params", [{}, {"must": None}, {"count": 5}, None])
def test_a_missing_parameter_is_refused_by_name(shared_ems, params):
    reply = shared_ems.client.ask("run", profile="typed", params=params)
    refused(shared_ems, reply, 400, "must")
    assert reply.body["parameter"] == "must"


@pytest.mark.parametrize("options", [
    ["--count", "0", "--must", "x"], ["--count", "1001", "--must", "x"],
    ["--count", "ten", "--must", "x"], ["--count", "1.5", "--must", "x"],
    ["--count", "99999999999999999999", "--must", "x"], ["--must", "../x"], ["--must=-rf"],
    ["--must", LONG], ["--must", ""], ["--code", "AB", "--must", "x"],
    ["--items", "alpha,delta", "--must", "x"], ["--nosuch", "1", "--must", "x"], []],
    ids=" ".join)
def test_the_client_tool_ends_with_65_and_names_the_parameter(shared_ems, options):
    done = shared_ems.ems("run", "typed", *options)
    assert done.returncode == 65, done
    name = options[0][2:].partition("=")[0] if options else "must"
    assert name in done.stderr and not shared_ems.jobs()


@pytest.mark.parametrize("key, value", [
    ("if_busy", "maybe"), ("if_busy", 5), ("priority", -1), ("priority", 32), ("priority", "high"),
    ("time_limit_ms", -1), ("time_limit_ms", "1"), ("time_limit_ms", 2**62), ("grace_ms", -1),
    ("grace_ms", 600001), ("grace_ms", 1.5), ("labels", {"a": 1}), ("labels", ["a"]),
    ("labels", {f"l{n}": "x" for n in range(17)}), ("labels", {"a": "x" * 257}),
    ("labels", {"a b": "x"}), ("labels", {"-a": "x"}), ("notes", "x" * 4097), ("notes", 5),
    ("params", ["must"]), ("params", "must"), ("profile", 5), ("profile", ["say"])])
def test_a_wrong_field_of_run_is_refused_by_name(shared_ems, key, value):
    body = {"profile": "typed", "params": {"must": "x"}} | {key: value}
    refused(shared_ems, shared_ems.client.ask("run", **body), 400, key.rstrip("s"))


@pytest.mark.parametrize("profile, status", [
    (None, 400), ("nosuch", 404), ("../lab", 404), ("", 404), ("SAY", 404), ("say ", 404)])
def test_a_profile_that_does_not_exist_is_refused(shared_ems, profile, status):
    reply = shared_ems.client.ask("run", profile=profile)
    assert reply.status in (status, 400), reply
    refused(shared_ems, reply, reply.status)


@pytest.mark.parametrize("type, body, status", [
    ("nosuch", {}, 400), ("", {}, 400), (5, {}, 400), ("cancel", {}, 400),
    ("cancel", {"job_id": 5}, 400), ("cancel", {"job_id": "0123456789ab", "grace_ms": -1}, 400),
    ("status", {"job_id": "0123456789ab"}, 404), ("status", {"job_id": "xyz"}, (400, 404)),
    ("status", {"job_id": ""}, (400, 404)), ("status", {"job_id": "../../etc/passwd"}, (400, 404)),
    ("status", {"job_id": "0" * 13}, (400, 404)), ("status", {"job_id": "last"}, 404),
    ("logs", {"job_id": "0123456789ab"}, 404), ("logs", {"job_id": "../jobs/x"}, (400, 404)),
    ("list", {"limit": 0}, 400), ("list", {"limit": 501}, 400), ("list", {"limit": "5"}, 400),
    ("list", {"status": ["nosuch"]}, 400), ("list", {"status": "running"}, 400),
    ("list", {"before": 5}, 400), ("results", {"limit": 0}, 400), ("results", {"limit": 501}, 400),
    ("results", {"before": "../.."}, 400),
    ("sync", {"job_id": "0123456789ab", "nonce": "XYZ"}, (400, 404)),
    ("find", {"job_id": 5}, 400)])
def test_a_wrong_request_is_refused(shared_ems, type, body, status):
    request = {"id": secrets.token_hex(16), "type": type, "body": body}
    reply = shared_ems.client.ask_once(request, 30)
    assert reply.status in (status if isinstance(status, tuple) else (status,)), reply
    refused(shared_ems, reply, reply.status)
    assert reply.error


@pytest.mark.parametrize("body", [
    {"offset": -1}, {"offset": 10**9}, {"offset": "0"}, {"max_bytes": 0}, {"max_bytes": 1048577},
    {"tail_lines": 0}, {"tail_lines": 10001}, {"tail_lines": "all"}, {"nonce": "ABCDEF01"},
    {"nonce": "0123456"}, {"nonce": "0" * 33}, {"nonce": 5}], ids=str)
def test_a_wrong_range_of_a_log_and_a_wrong_nonce_are_refused(ems, body):
    job = ems.finished("say")
    reply = ems.client.ask("sync" if "nonce" in body else "logs", job_id=job["job_id"], **body)
    assert reply.status == 400 and list(body)[0] in reply.error, reply


def test_a_request_that_comes_too_late_is_504_and_has_no_effect(shared_ems):
    request = {"id": secrets.token_hex(16), "type": "run", "body": {"profile": "say"},
               "not_after_ms": int(time.time() * 1000) - 1}
    refused(shared_ems, shared_ems.client.ask_once(request, 30), 504)


def test_a_request_for_a_worker_that_is_not_there_is_not_left_unanswered(shared_ems):
    request = {"id": secrets.token_hex(16), "type": "ping", "worker": "bench-9", "body": {}}
    assert shared_ems.client.ask_once(request, 30).status in (404, 503)


# Malformed messages

ID = "0123456789abcdef0123456789abcdef"


def request(**more):
    return {"id": ID, "type": "ping", "body": {}} | more


def nested(depth):
    return b"\x81\xa1a" * depth + b"\xc0"


GOOD = msgpack.packb(request())
OVER_LIMITS = {
    "nine levels": ({"body": {"a": [[[[[[[[1]]]]]]]]}}, 400),
    "1025 items": ({"body": {"a": [0] * 1025}}, 400),
    "a long string": ({"body": {"a": "x" * 65537}}, 400),
    "a request of 300 KiB": ({"body": {"a": [b"x" * 1024] * 300}}, 413),
    "a request of 1 MiB": ({"body": {"a": b"x" * 1048576}}, 413),
    "no such type of field": ({"not_after_ms": "soon"}, 400),
    "a body that is no map": ({"body": [1]}, 400),
    "a worker that is no name": ({"worker": 5}, 400),
}
MALFORMED = {
    "nothing": [],
    "one empty frame": [b""],
    "magic alone": [MAGIC],
    "empty map": [MAGIC, b""],
    "wrong version": [b"EMS2", GOOD],
    "lower case": [b"ems1", GOOD],
    "longer magic": [MAGIC + b"\0", GOOD],
    "two delimiters": [b"", b"", MAGIC, GOOD],
    "a third frame": [MAGIC, GOOD, b"more"],
    "nine frames": [MAGIC, GOOD, *[b"x"] * 7],
    "many frames": [MAGIC, GOOD, *[b"x"] * 20000],
    "a frame of 1 MiB": [MAGIC, b"x" * 1048576],
    "a first frame of 1 MiB": [b"x" * 1048576, GOOD],
    "sixteen frames of 1 MiB": [b"\x81" * 1048576] * 16,
    "trailing bytes": [MAGIC, GOOD + b"\0"],
    "cut short": [MAGIC, GOOD[:-1]],
    "a list": [MAGIC, b"\x90"],
    "a number": [MAGIC, b"\x05"],
    "no id": [MAGIC, msgpack.packb({"type": "ping"})],
    "id of 31 digits": [MAGIC, msgpack.packb({"id": ID[1:], "type": "ping"})],
    "id in capitals": [MAGIC, msgpack.packb({"id": ID.upper(), "type": "ping"})],
    "number as key": [MAGIC, b"\x84\x01\x02" + GOOD[1:]],
    "a key twice": [MAGIC, b"\x84\xa4type\xa3run" + GOOD[1:]],
    "an id twice": [MAGIC, b"\x84\xa2id\xd9\x20" + b"f" * 32 + GOOD[1:]],
    "extension type": [MAGIC, b"\x84\xa1x\xd4\x01\x00" + GOOD[1:]],
    "not a number": [MAGIC, b"\x84\xa1x\xcb\x7f\xf8\0\0\0\0\0\0" + GOOD[1:]],
    "beyond 2^63": [MAGIC, b"\x84\xa1x\xcf\xff\xff\xff\xff\xff\xff\xff\xff" + GOOD[1:]],
    "invalid UTF-8": [MAGIC, b"\x84\xa1x\xa2\xc3\x28" + GOOD[1:]],
    "NUL in a string": [MAGIC, b"\x84\xa1x\xa1\x00" + GOOD[1:]],
    "reserved byte": [MAGIC, b"\x84\xa1x\xc1" + GOOD[1:]],
    "claims 2^32 items": [MAGIC, b"\xdd\xff\xff\xff\xff"],
    "claims 2^32 keys": [MAGIC, b"\xdf\xff\xff\xff\xff"],
    "claims 4 GiB of bytes": [MAGIC, b"\x81\xa1a\xc6\xff\xff\xff\xff"],
    "claims 4 GiB of text": [MAGIC, b"\x81\xa1a\xdb\xff\xff\xff\xff"],
    "nested 33 times": [MAGIC, nested(33)],
    "nested 80000 times": [MAGIC, nested(80000)],
    "lists of lists": [MAGIC, b"\x91" * 200000],
}


class Raw:
    """A DEALER that sends what it likes."""

    def __init__(self, endpoint):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.connect(endpoint)

    def send(self, frames):
        if frames:
            self.socket.send_multipart(frames)

    def answers(self):
        """Everything that was answered so far: a ping through the worker ends it."""
        last = secrets.token_hex(16)
        self.send([MAGIC, msgpack.packb({"id": last, "type": "ping", "worker": WORKER})])
        replies = []
        while True:
            assert self.socket.poll(60000), f"no answer to a ping after {replies}"
            reply = Client.unpack([frame for frame in self.socket.recv_multipart() if frame])
            if reply.get("re") == last:
                assert reply["status"] == 200
                return replies
            replies.append(reply)

    def close(self):
        self.socket.close(linger=10000)


@pytest.fixture
def raw(shared_ems):
    client = Raw(shared_ems.endpoint("clients"))
    yield client
    client.close()
    undisturbed(shared_ems)


def undisturbed(ems):
    """Both daemons are the ones that were started, and answer."""
    assert ems.client.ask("ping").status == 200
    assert ems.client.ask("ping", worker=WORKER).status == 200
    assert [part.poll() for part in ems.parts.values()] == [None, None]


@pytest.mark.parametrize("case", OVER_LIMITS)
def test_a_message_beyond_a_limit_is_answered(raw, case):
    more, status = OVER_LIMITS[case]
    raw.send([MAGIC, msgpack.packb(request(**more))])
    [reply] = raw.answers()
    assert (reply["re"], reply["status"]) == (ID, status) and reply["error"]


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_message_is_answered_400_or_dropped(raw, case):
    raw.send(MALFORMED[case])
    assert [reply["status"] for reply in raw.answers() if reply["status"] != 400] == []


def random_messages(seed):
    """Two hundred messages of every kind of nonsense."""
    chance = random.Random(seed)
    hello = {"type": "hello", "name": "x", "profiles": ["a"], "state": "idle"}
    heads = [GOOD, msgpack.packb(hello), msgpack.packb({"type": "reply", "ref": 1}),
             msgpack.packb({"type": "state"})]

    def mutated():
        data = bytearray(chance.choice(heads))
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)

    def noise():
        return chance.randbytes(chance.choice([0, 1, 4, 33, 1000, 70000]))
    for _ in range(200):
        yield chance.choice([
            lambda: [noise() for _ in range(chance.randint(1, 12))],
            lambda: [MAGIC, noise()],
            lambda: [MAGIC, mutated()],
            lambda: [MAGIC, mutated(), mutated()],
            lambda: [MAGIC, mutated(), noise(), noise()],
        ])()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("port", ["clients", "workers"])
def test_random_messages_disturb_nobody(shared_ems, port, seed):
    peer = Raw(shared_ems.endpoint(port))
    for message in random_messages(seed):
        peer.send(message)
    if port == "clients":
        peer.answers()
    peer.close()
    undisturbed(shared_ems)
    assert shared_ems.client.ask("list").body == {"jobs": []}


def test_malformed_messages_at_the_workers_port_disturb_nobody(shared_ems):
    peer = Raw(shared_ems.endpoint("workers"))
    heads = [{"type": "hello"}, {"type": "hello", "name": 5}, {"type": "hello", "name": "../x"},
             {"type": "hello", "name": "x" * 65, "profiles": [], "state": "idle"},
             {"type": "hello", "name": "x", "profiles": 5, "state": "idle"},
             {"type": "hello", "name": "x", "profiles": [5], "state": "idle"},
             {"type": "hello", "name": "x", "profiles": [], "state": "tired"},
             {"type": "reply"}, {"type": "reply", "ref": -1}, {"type": "reply", "ref": 2**62},
             {"type": "reply", "ref": "1"}, {"type": "state"}, {"type": "bye"}, {"type": "welcome"},
             {"type": "request", "ref": 1, "user": "root"}, {"type": "nosuch"}, {"type": 5}, {}]
    for frames in MALFORMED.values():
        peer.send(frames)
    for head in heads:
        peer.send([MAGIC, msgpack.packb(head)])
        peer.send([MAGIC, msgpack.packb(head), GOOD])
        peer.send([MAGIC, msgpack.packb(head), msgpack.packb({"re": ID, "status": 200})])
    peer.close()
    undisturbed(shared_ems)
    assert [worker["name"] for worker in shared_ems.client.do("workers")["workers"]] == [WORKER]


def hello_of(name):
    return {"type": "hello", "name": name, "profiles": ["say"], "state": "idle", "job_id": None,
            "queued": 0, "version": "0"}


def test_a_worker_with_a_name_that_is_taken_is_refused(shared_ems):
    peer = Raw(shared_ems.endpoint("workers"))
    peer.send([MAGIC, msgpack.packb(hello_of(WORKER))])
    assert peer.socket.poll(30000)
    head = msgpack.unpackb(peer.socket.recv_multipart()[1])
    assert head["type"] == "refused" and WORKER in head["error"]
    peer.close()
    undisturbed(shared_ems)


def test_a_worker_that_answers_nonsense_does_not_hang_the_others(ems):
    peer = Raw(ems.endpoint("workers"))
    peer.send([MAGIC, msgpack.packb(hello_of("rogue"))])
    eventually(lambda: "rogue" in [worker["name"] for worker in ems.client.do("workers")["workers"]])
    asking = Raw(ems.endpoint("clients"))
    for number, kind in enumerate(("list", "results", "profiles", "status")):
        wish = {"id": f"{number:032x}", "type": kind, "body": {"job_id": "ab"},
                "not_after_ms": int(time.time() * 1000) + 5000}
        asking.send([MAGIC, msgpack.packb(wish)])
    answered = set()
    while len(answered) < 4:
        if peer.socket.poll(10):
            head = msgpack.unpackb(peer.socket.recv_multipart()[1])
            if head["type"] == "request":
                reply = {"type": "reply", "ref": head["ref"]}
                peer.send([MAGIC, msgpack.packb(reply), b"\xc1junk"])
        if asking.socket.poll(10):
            answered.add(Client.unpack(asking.socket.recv_multipart()).get("re"))
        assert [part.poll() for part in ems.parts.values()] == [None, None]
    peer.send([MAGIC, msgpack.packb({"type": "bye"})])
    eventually(lambda: {"rogue": "offline"}.items() <= {
        worker["name"]: worker["state"] for worker in ems.client.do("workers")["workers"]}.items())
    for raw_socket in (peer, asking):
        raw_socket.close()
    assert ems.finished("say")["status"] == "completed"


@pytest.mark.parametrize("port", ["clients", "workers"])
def test_a_frame_beyond_the_limit_harms_only_the_connection_it_came_on(shared_ems, port):
    for size in (1310721, 20000000):
        peer = Raw(shared_ems.endpoint(port))
        peer.send([MAGIC, b"x" * size])
        undisturbed(shared_ems)
        peer.socket.close(linger=0)


@pytest.mark.parametrize("port", ["clients", "workers", "publish", "events"])
def test_peers_that_do_not_speak_zeromq_disturb_nobody(shared_ems, port):
    chance = random.Random(port)
    silent = []
    for number in range(60):
        peer = sockets.socket(sockets.AF_UNIX)
        peer.connect(shared_ems.endpoint(port).removeprefix("ipc://"))
        try:
            peer.sendall(chance.randbytes(chance.choice([1, 10, 64, 5000])))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may hang up at once
        silent.append(peer)
        if number % 2:
            peer.close()
    undisturbed(shared_ems)
    for peer in silent:
        peer.close()


def test_false_events_and_subscriptions_do_not_crash_a_client_that_follows(ems):
    job = ems.run("steps")
    tool = ems.spawn(BIN / "ems", "logs", "-f", job["job_id"])
    chance = random.Random(1)
    liar = zmq.Context.instance().socket(zmq.PUB)
    liar.connect(ems.endpoint("publish"))
    listener = zmq.Context.instance().socket(zmq.XSUB)
    listener.connect(ems.endpoint("events"))
    for _ in range(100):
        listener.send(chance.randbytes(chance.choice([0, 1, 5, 500])))
    events = [[chance.randbytes(30)], [b"\xc1", b"x"], [b"\x80", b"x"], [b"\x81" * 50000, b""],
              [msgpack.packb({"offset": -5, "line": "x"}), b"lie\n"],
              [msgpack.packb({"offset": 2**62, "job_id": 5}), b"lie\n"],
              [msgpack.packb({"worker": WORKER, "seq": 1, "job": 5})],
              [msgpack.packb({"worker": WORKER, "seq": 1, "job": {"status": "completed"}})]]
    for step in range(1, 6):
        for kind in ("log", "status", "worker", "sync"):
            for event in events:
                liar.send_multipart([f"{kind}/{job['job_id']}/".encode(), *event])
        (ems.work / f"step.{step}").touch()
        ems.wait_log(job["job_id"], b"step %d\n" % step)
    ems.finish(job["job_id"])
    output, said = tool.communicate(timeout=60)
    assert tool.returncode == 0, said
    assert output == ems.log(job["job_id"])
    liar.close(linger=0)
    listener.close(linger=0)


@pytest.mark.parametrize("text, naming", [
    ("worker\n    nosuch = 5\n", ("2", "nosuch")),
    ("profiles\n    p\n        arguments\n", ("command",)),
    ("profiles\n    p\n        command = \"relative/path\"\n", ("3", "command")),
    ("profiles\n    p\n        command = \"/bin/true\"\n        grace_ms = \"soon\"\n",
     ("4", "grace_ms")),
    ("profiles\n    p\n        command = \"/bin/true\"\n        parameters\n            n\n"
     "                type = \"float\"\n", ("6", "type")),
    ("profiles\n    p\n        command = \"/bin/true\"\n        arguments\n"
     "            argument = \"{nosuch}\"\n", ("5", "nosuch")),
], ids=["unknown key", "no command", "relative command", "wrong number", "unknown type",
        "unknown place"])
def test_a_wrong_configuration_is_refused_at_start_with_its_line_and_key(tmp_path, text, naming):
    config = tmp_path / "wrong.zpl"
    config.write_text(text)
    started = subprocess.run([BIN / "ems-worker", "--state", tmp_path / "s", "--config", config],
                             capture_output=True, text=True, timeout=60, check=False)
    assert started.returncode != 0
    for name in ("wrong.zpl", *naming):
        assert name in started.stderr, started.stderr
