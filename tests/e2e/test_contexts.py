# SPDX-License-Identifier: MPL-2.0
"""Contexts of the client: what may stand in them, where their events are, and what is said when one is wrong."""
import errno
import json
import os
import socket
import subprocess

import pytest

import curve_net
from curve_net import PATIENCE_S
from procs import eventually
from system import BIN

NOBODY = 65534


@pytest.fixture
def net():
    with curve_net.opened() as net:
        yield net


def client_file(net):
    return net.base / ".config" / "ems" / "client.zpl"


def free_ports():
    """One for clients, and three ports on one for events."""
    for first in range(20000, 30000, 7):
        try:
            with socket.create_server(("127.0.0.1", first)), socket.create_server(("127.0.0.1", first + 3)):
                return first, first + 3
        except OSError as error:
            assert error.errno == errno.EADDRINUSE
    raise AssertionError("no port is free")


def add(net, name, *arguments, user="olga", at=None):
    return net.ems("context", "add", name, "-e", at or net.at["clients"], "--server", "server.public",
                   "--certificate", f"{user}.secret", *arguments)


def serve_with_a_worker(net):
    net.start()
    net.launch("ems-worker", "--state", net.base / "w", "--config", net.worker_config())


def test_without_events_they_are_at_the_port_that_the_manual_says(net):
    clients, events = free_ports()
    net.write_config(at={"clients": f"tcp://127.0.0.1:{clients}", "events": f"tcp://127.0.0.1:{events}"})
    serve_with_a_worker(net)
    assert add(net, "far").returncode == 0
    eventually(lambda: "idle" in net.ems("workers").stdout, PATIENCE_S)
    ran = net.ems("run", "say")
    assert ran.returncode == 0 and ran.stdout, ran.stderr
    assert "no events" not in ran.stderr


def test_nothing_is_run_that_could_not_be_watched(net):
    serve_with_a_worker(net)
    (net.base / "here").symlink_to(net.state / "sock" / "clients")
    at = f"ipc://{net.base}/here"
    eventually(lambda: "idle" in net.ems("-e", at, "workers").stdout, PATIENCE_S)
    for command in (["run", "say"], ["attach"], ["wait"], ["logs", "-f"]):
        done = net.ems("-e", at, *command)
        assert done.returncode == 64 and "--events" in done.stderr, (command, done)
    assert json.loads(net.ems("-e", at, "--json", "ps").stdout) == []
    # What is not watched needs no events.
    assert net.ems("-e", at, "run", "-d", "say").returncode == 0


def test_what_would_break_the_file_is_refused_and_the_file_stays(net):
    net.start()
    assert add(net, "lab").returncode == 0
    before = client_file(net).read_text()
    (net.base / 'o"lga.secret').write_text((net.base / "olga.secret").read_text())
    (net.base / "ol\nga.secret").write_text((net.base / "olga.secret").read_text())
    deep = net.base / ("d" * 200) / ("e" * 200) / ("f" * 200) / ("g" * 200) / ("h" * 200)
    deep.mkdir(parents=True)
    for path in ('o"lga.secret', "ol\nga.secret"):
        (net.base / path).chmod(0o600)
    (deep / "olga.secret").write_text((net.base / "olga.secret").read_text())
    (deep / "olga.secret").chmod(0o600)
    injected = 'tcp://x"\n        events = "tcp://evil:5573'
    for name, wrong in (("x", {"user": 'o"lga'}), ("x", {"user": "ol\nga"}), ("x", {"at": f"{injected}:5570"}),
                        ("x", {"user": f"{deep}/olga"}), ('x"', {}), ("x\ny", {})):
        done = add(net, name, **wrong)
        assert done.returncode == 64 and done.stderr, (name, wrong, done)
        assert client_file(net).read_text() == before
    done = add(net, "x", "--events", 'tcp://a"b:1')
    assert done.returncode == 64 and "quote" in done.stderr
    assert client_file(net).read_text() == before
    assert net.ems("ping").returncode == 0


def test_a_broken_file_is_in_the_way_of_nothing_that_does_not_need_it(net):
    net.start()
    client_file(net).parent.mkdir(parents=True)
    client_file(net).write_text('contexts\n      lab = "\n')
    client_file(net).chmod(0o600)
    assert net.ems("--state", str(net.state), "ping").returncode == 0
    assert net.ems("-e", f"ipc://{net.state}/sock/clients", "ping").returncode == 0
    for name, value in (("EMS_STATE", net.state), ("EMS_ENDPOINT", f"ipc://{net.state}/sock/clients")):
        net.environment[name] = str(value)
        assert net.ems("ping").returncode == 0
        done = net.ems("-c", "lab", "ping")
        assert done.returncode == 78 and "line 2" in done.stderr
        del net.environment[name]
    for command in (["ping"], ["context"], ["context", "use", "lab"], ["--json", "run", "say"]):
        done = net.ems(*command)
        assert done.returncode == 78 and "client.zpl" in done.stderr, (command, done)


def test_a_file_that_others_can_write_is_not_believed(net):
    net.start()
    assert add(net, "lab").returncode == 0
    for mode in (0o620, 0o602):
        client_file(net).chmod(mode)
        for command in (["ping"], ["context"], ["context", "use", "lab"], ["-c", "lab", "run", "say"]):
            done = net.ems(*command)
            assert done.returncode == 77 and "chmod go-w" in done.stderr, (command, done)
    client_file(net).chmod(0o600)
    assert os.geteuid() == 0, "this test gives a file away, which takes root"
    os.chown(client_file(net), NOBODY, NOBODY)
    done = net.ems("ping")
    assert done.returncode == 77 and f"user {NOBODY}" in done.stderr
    assert net.ems("--state", str(net.state), "ping").returncode == 0
    os.chown(client_file(net), 0, 0)
    assert net.ems("ping").returncode == 0


def spoil(net, kind):
    """olga.secret as it should not be; the exit code that follows."""
    path = net.base / "olga.secret"
    text = path.read_text()
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path, 0o600)
    elif kind != "missing":
        path.write_text({"cut": text[:text.index("secret-key") - 20], "broken": text.replace("curve", "curv e"),
                         "public": (net.base / "olga.public").read_text()}.get(kind, text))
        path.chmod(0o644 if kind in ("open", "public") else 0o600)
    return 77 if kind == "open" else 78


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "cut", "broken", "public", "open"])
def test_a_certificate_that_is_none_has_one_code_everywhere(net, kind):
    net.start()
    assert add(net, "lab", "--events", net.at["events"]).returncode == 0
    config = net.worker_config("olga")
    before = client_file(net).read_text()
    code = spoil(net, kind)
    for command in (["ping"], ["-c", "lab", "ps"], ["run", "say"], ["logs", "-f"], ["--json", "show"]):
        done = net.ems(*command)
        assert done.returncode == code and "olga.secret" in done.stderr, (command, done)
        assert ("chmod 600" in done.stderr) == (kind == "open")
    assert json.loads(net.ems("--json", "show").stdout)["exit"] == code
    done = add(net, "x", "--events", net.at["events"])
    assert done.returncode == code and "olga.secret" in done.stderr
    assert client_file(net).read_text() == before
    # A daemon takes it for a wrong configuration.
    worker = net.launch("ems-worker", "--state", net.base / "w", "--config", config)
    net.processes.remove(worker)
    assert worker.wait(PATIENCE_S) == 78
    done = net.ems("grant", "olga.secret", "--role", "viewer")
    assert done.returncode == (0 if kind == "public" else 78), done


def test_add_says_what_it_did_and_what_comes_next(net):
    net.start()
    empty = net.ems("context")
    assert empty.returncode == 0 and not empty.stdout and "ems context add" in empty.stderr
    assert json.loads(net.ems("--json", "context", "list").stdout) == []
    first = add(net, "lab", user="stranger")
    assert first.returncode == 0 and "added" in first.stderr and "in use" in first.stderr
    # First contact: this file to the broker's admin.
    assert f"{net.base}/stranger.public" in first.stderr and "ems grant" in first.stderr
    again = add(net, "lab")
    assert again.returncode == 0 and "replaced" in again.stderr and "added" not in again.stderr
    (net.base / "olga.public").unlink()
    other = add(net, "other")
    assert net.keys["olga"][0].decode() in other.stderr and "ems context use" in other.stderr
    shown = json.loads(net.ems("--json", "context").stdout)
    assert [(item["name"], item["current"], item["clients"]) for item in shown] == [
        ("lab", True, net.at["clients"]), ("other", False, net.at["clients"])]
    assert net.ems("ping").returncode == 0


def test_a_context_that_is_not_there_has_one_code_everywhere(net):
    net.start()
    assert add(net, "lab").returncode == 0
    for command in (["-c", "nosuch", "ps"], ["context", "use", "nosuch"], ["context", "remove", "nosuch"],
                    ["-c", "nosuch", "run", "say"]):
        done = net.ems(*command)
        assert done.returncode == 78 and "nosuch" in done.stderr, (command, done)
    net.environment["EMS_CONTEXT"] = "nosuch"
    assert net.ems("ps").returncode == 78
    assert net.ems("-c", "lab", "--state", str(net.state), "ps").returncode == 64
    assert net.ems("-c", "lab", "-e", net.at["clients"], "ps").returncode == 64
    # What is about this machine; and should it start something, that ends.
    done = [net.ems(command, "-c", "lab") for command in ("up", "down")]
    net.ems("down")
    assert all(one.returncode == 64 and "--state" in one.stderr for one in done), done


def test_nobody_at_the_far_end_is_no_reason_to_start_a_broker_here(net):
    net.start()
    assert add(net, "lab", at="tcp://127.0.0.1:1").returncode == 0
    done = net.ems("ping")
    assert done.returncode == 69 and "nobody answers" in done.stderr and "ems up" not in done.stderr


def test_the_key_of_a_broker_is_granted_nothing(net):
    made = net.ems("keygen", "house", "--role", "broker")
    assert made.returncode == 0, made.stderr
    assert "roles" not in made.stdout and "users file" not in made.stdout
    section = made.stdout.split("\n\n")[-1]
    assert section.startswith("broker\n") and f'certificate = "{net.base}/house.secret"' in section
    # It is a configuration as it stands, but for the ports, which may be taken.
    for port in range(5570, 5574):
        section = section.replace(f"tcp://*:{port}", "tcp://127.0.0.1:*")
    net.config.write_text(section)
    net.start()
    assert net.ems("keygen", "both", "--role", "broker", "--role", "admin").returncode == 64
    two = net.ems("keygen", "two", "--role", "viewer", "--role", "operator")
    assert 'roles = "viewer,operator"' in two.stdout


def test_a_worker_says_once_that_the_broker_is_another_or_not_there(net):
    net.start()
    config = net.worker_config(server_key=net.keys["stranger"][0].decode())
    net.launch("ems-worker", "--state", net.base / "w", "--config", config)
    eventually(lambda: "is not the broker whose public key was given" in net.said(), PATIENCE_S)
    config = net.worker_config("bench-1", workers="tcp://127.0.0.1:1")
    net.launch("ems-worker", "--state", net.base / "v", "--config", config)
    eventually(lambda: "nobody answers at tcp://127.0.0.1:1" in net.said(), PATIENCE_S)
    # The first one, having tried on meanwhile, has said no more.
    assert net.said().count("is not the broker whose public key was given") == 1


def test_another_user_of_the_machine_is_told_why_ipc_is_not_for_him(net):
    net.start()
    assert os.geteuid() == 0, "this test has to become somebody else, which takes root"
    net.base.chmod(0o755)
    net.state.chmod(0o755)
    (net.state / "sock").chmod(0o755)
    (net.state / "sock" / "clients").chmod(0o777)
    done = subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", BIN / "ems",
                           "-e", f"ipc://{net.state}/sock/clients", "ping"], capture_output=True, text=True,
                          env={"HOME": "/nonexistent"}, timeout=PATIENCE_S, check=False)
    assert done.returncode == 77 and "its own user and root" in done.stderr, done
