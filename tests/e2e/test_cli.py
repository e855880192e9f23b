# SPDX-License-Identifier: MPL-2.0
"""The client tool in pipes: what it prints, what it exits with, and what it does when things go wrong.

The first part talks to a broker that misbehaves on order (fake_ems.py), the second to the real one.
"""
import errno
import json
import os
import select
import signal
import socket
import subprocess

import pytest

from fake_ems import FakeEms, record
from procs import eventually
from system import BIN, System

EMS = str(BIN / "ems")
JOB = "abc123def456"


@pytest.fixture
def fake():
    with FakeEms() as fake:
        yield fake


def environment(fake, **more):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("EMS_")}
    return kept | {"EMS_STATE": str(fake.state), "HOME": str(fake.base)} | more


def ems(fake, *arguments, **more):
    """Run the tool to its end; a CompletedProcess with bytes."""
    return subprocess.run([EMS, *arguments], env=environment(fake, **more), capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)


def start(fake, *arguments, **more):
    return subprocess.Popen([EMS, *arguments], env=environment(fake), stdin=subprocess.DEVNULL,
                            **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more))


def asked(fake, kind):
    """The bodies of the requests of that type."""
    return [body for what, body in fake.requests if what == kind]


def wait_read(pipe, text):
    """Read a pipe up to and with this text."""
    data = b""
    while not data.endswith(text):
        piece = os.read(pipe.fileno(), 1)
        assert piece, f"ended with {data[-200:]}"
        data += piece
    return data


def wait_live(fake, job=JOB):
    """Until the tool's subscriptions are in force and its catching up is done."""
    eventually(lambda: "sync" in [kind for kind, _ in fake.requests])
    eventually(lambda: len(asked(fake, "status")) >= 2 and asked(fake, "logs"))
    return job


# Nobody there


def test_without_a_broker_every_command_says_so(fake):
    fake.down()
    commands = [["ps"], ["ping"], ["run", "lab"], ["run", "-d", "lab"], ["attach"], ["wait"], ["logs"],
                ["show"], ["cancel", JOB], ["workers"], ["profiles"], ["results"]]
    for command, tool in [(command, start(fake, *command)) for command in commands]:
        output, said = tool.communicate(timeout=10)
        assert tool.returncode == 69, command
        assert str(fake.state).encode() in said and b"ems up" in said
        assert output == b""


def test_who_hangs_up_over_ipc_may_be_a_way_to_a_broker_that_does_not_run(fake, tmp_path):
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        door.listen()
        tool = start(fake, "-e", f"ipc://{tmp_path}/door", "ps")
        while tool.poll() is None:
            if select.select([door], [], [], 0.1)[0]:
                door.accept()[0].close()
    _, said = tool.communicate()
    assert tool.returncode == 69 and b"nobody answers" in said, said


def test_a_tcp_endpoint_is_refused_with_a_sentence(fake):
    result = ems(fake, "-e", "tcp://localhost:5570", "ps")
    assert result.returncode == 64 and b"ems keygen" in result.stderr


def test_a_worker_that_never_comes_is_69(fake):
    fake.refuse["list"] = [(503, "no worker is there", None)] * 1000
    result = ems(fake, "ps")
    assert result.returncode == 69 and b"no worker" in result.stderr


def test_a_worker_that_comes_late_is_waited_for_with_the_same_request(fake):
    fake.refuse["results"] = [(503, "no worker is there", None)] * 3
    result = ems(fake, "results")
    assert result.returncode == 0
    assert len(fake.ids) == 4 and len(set(fake.ids)) == 1


def test_that_a_worker_is_away_is_said_once(fake):
    fake.begin()
    sentence = "the worker bench-2 is away just now"
    for kind in ("run", "status", "rerun"):
        fake.refuse[kind] = [(503, sentence, None)] * 1000
    fake.do_workers = lambda _id, _body: (200, None, {"workers": [{"name": "bench-2", "state": "offline"}]})
    commands = [["run", "--worker", "bench-2", "lab"], ["cancel", JOB], ["show", JOB], ["rerun", JOB]]
    for command, tool in [(command, start(fake, "--json", *command)) for command in commands]:
        output, said = tool.communicate(timeout=60)
        assert tool.returncode == 69 and said.count(sentence.encode()) == 1, (command, said)
        assert json.loads(output)["error"] == sentence


@pytest.mark.parametrize("option", ["--after", "--after-any"])
def test_a_forerunner_that_is_none_is_named_by_its_option(fake, option):
    fake.refuse["status"] = [(404, "there is no job ffff", None)]
    result = ems(fake, "run", "-d", option, "ffff", "lab")
    assert result.returncode == 66 and f"{option}: ".encode() in result.stderr and b"ffff" in result.stderr
    result = ems(fake, "run", "-d", option, "nosuch", "lab")
    assert result.returncode == 64 and f"{option}: ".encode() in result.stderr and b"nosuch" in result.stderr
    assert not asked(fake, "run")


# Requests that are repeated


def test_a_run_whose_answer_was_lost_with_the_broker_is_asked_again_with_the_same_id(fake):
    fake.silent = {"run"}
    tool = start(fake, "run", "-d", "lab")
    eventually(lambda: asked(fake, "run"))
    fake.down()
    fake.silent = set()
    fake.up()
    output, said = tool.communicate(timeout=30)
    assert tool.returncode == 0, said
    assert output == JOB.encode() + b"\n"
    assert len(set(fake.ids)) == 1 and len(fake.ids) >= 2
    assert [map.get("again", False) for map in fake.maps] == [False] + [True] * (len(fake.ids) - 1)


def test_a_run_that_gets_504_goes_on_asking_with_the_same_id(fake):
    fake.refuse["run"] = [(504, "too late", None)] * 2
    result = ems(fake, "run", "-d", "lab")
    assert result.returncode == 0
    assert len(fake.ids) == 3 and len(set(fake.ids)) == 1


def test_a_long_wait_is_explained_with_what_the_other_side_says(fake):
    fake.refuse["run"] = [(504, "the worker is at lunch", None)] * 6
    result = ems(fake, "run", "-d", "lab")
    assert result.returncode == 0
    assert b"the worker is at lunch" in result.stderr and b"no worker" not in result.stderr


@pytest.mark.parametrize("command", [["attach"], ["logs", "-f"], ["cancel", "last"],
                                     ["wait"], ["run", "lab"]])
def test_as_soon_as_the_worker_of_a_job_is_known_requests_about_it_name_it(fake, command):
    if command[0] != "run":
        fake.begin()
    tool = start(fake, *command)
    if command[0] != "cancel":
        eventually(lambda: len(asked(fake, "status")) >= 2)
        fake.do(fake.finish)
    tool.communicate(timeout=30)
    first, *rest = [map for map in fake.maps if map["type"] not in ("profiles", "ping", "workers")]
    assert "worker" not in first and first["type"] in ("status", "run")
    assert rest and {map.get("worker") for map in rest} == {fake.job["worker"]}
    assert {map["body"]["job_id"] for map in rest} == {JOB}


# Exit codes and messages


@pytest.mark.parametrize("status,body,code", [
    (400, None, 65), (400, {"parameter": "n"}, 65), (403, None, 77), (404, None, 65),
    (409, None, 75), (413, None, 65), (429, None, 75), (500, None, 70)])
def test_a_refused_run_has_its_exit_code(fake, status, body, code):
    fake.on_run = lambda _id, _body: (status, "no, because of \x1b[31mreasons", body)
    result = ems(fake, "run", "lab")
    assert result.returncode == code
    assert b"no, because of" in result.stderr and b"\x1b" not in result.stderr


@pytest.mark.parametrize("end,code", [
    ({"status": "completed", "exit": {"code": 0, "signal": None}}, 0),
    ({"status": "failed", "reason": "exit", "exit": {"code": 7, "signal": None}}, 7),
    ({"status": "failed", "reason": "signal", "exit": {"code": None, "signal": 11}}, 139),
    ({"status": "failed", "reason": "time_limit", "exit": {"code": None, "signal": 15}}, 124),
    ({"status": "failed", "reason": "silent", "exit": {"code": None, "signal": 15}}, 124),
    ({"status": "failed", "reason": "log_limit", "exit": {"code": None, "signal": 9}}, 124),
    ({"status": "failed", "reason": "dependency", "after": {"job_id": "1a2b3c4d5e6f", "any": False}},
     125),
    ({"status": "failed", "reason": "lost"}, 125),
    ({"status": "failed", "reason": "spawn", "detail": "cannot execute"}, 125),
    ({"status": "cancelled", "exit": {"code": None, "signal": 15}}, 130)])
@pytest.mark.parametrize("command", ["attach", "wait"])
def test_the_end_of_a_job_is_the_exit_code(fake, command, end, code):
    fake.begin()
    tool = start(fake, command)
    eventually(lambda: "sync" in [kind for kind, _ in fake.requests])
    fake.do(fake.finish, **end)
    output, said = tool.communicate(timeout=30)
    assert tool.returncode == code
    assert end["status"].encode() in output + said
    # And the same for one that is over already.
    assert ems(fake, command).returncode == code


def test_busy_names_the_job_and_what_to_type(fake):
    busy = record(experiments={"done": 3, "total": 7}, user="someone")
    fake.on_run = lambda _id, _body: (409, "busy", {"job": busy})
    result = ems(fake, "run", "lab")
    assert result.returncode == 75
    for text in (JOB, "3/7", "someone", "--queue", f"ems attach {JOB}", f"ems cancel {JOB}"):
        assert text.encode() in result.stderr
    result = ems(fake, "run", "--json", "lab")
    assert json.loads(result.stdout)["body"]["job_id"] == JOB


@pytest.mark.parametrize("command,code", [
    (["show", "fff"], 66), (["logs", "fff"], 66), (["attach", "fff"], 66), (["cancel", "fff"], 66),
    (["wait", "fff"], 66), (["frobnicate"], 64), (["ps", "--frobnicate"], 64), ([], 64),
    (["cancel"], 64), (["wait", "-t", "0"], 75)])
def test_other_failures_have_their_exit_codes(fake, command, code):
    fake.begin()
    assert ems(fake, *command).returncode == code


def test_what_is_misspelt_is_suggested(fake):
    assert b"did you mean `attach`" in ems(fake, "atach").stderr
    result = ems(fake, "run", "--seeed", "5")
    assert result.returncode == 65 and b"seeed" in result.stderr
    result = ems(fake, "run", "--no-pref")
    assert result.returncode == 65 and b"no_perf" in result.stderr


# Parameters


def test_parameters_are_sent_with_their_types(fake):
    result = ems(fake, "run", "-d", "--experiments=gmst_era,equ_ecl", "--n", "5", "--no-perf",
                 "--notes", "first light", "-l", "a=b", "--priority", "3", "--time-limit", "2m",
                 "--grace", "500ms")
    assert result.returncode == 0
    assert asked(fake, "run") == [{
        "profile": "lab", "params": {"experiments": ["gmst_era", "equ_ecl"], "n": 5,
                                     "no_perf": True},
        "notes": "first light", "labels": {"a": "b"}, "priority": 3, "time_limit_ms": 120000,
        "grace_ms": 500}]


def test_help_of_run_lists_the_parameters_of_the_server(fake):
    result = ems(fake, "run", "--help")
    assert result.returncode == 0
    assert b"--no-perf" in result.stdout and b"1 to 1000000 (default 1000)" in result.stdout
    fake.down()
    result = ems(fake, "run", "--help")
    assert result.returncode == 0 and b"usage: ems run" in result.stdout


# Following


def test_events_that_were_dropped_are_fetched(fake):
    fake.begin()
    fake.say(b"1\n")
    tool = start(fake, "attach")
    wait_live(fake)
    for number in range(2, 200):
        fake.do(fake.say, b"%d\n" % number, publish=number % 3 == 0)
    fake.do(fake.finish)
    output, said = tool.communicate(timeout=30)
    assert tool.returncode == 0, said
    assert output == fake.log


def test_a_dropped_end_is_found_by_asking(fake):
    fake.begin()
    tool = start(fake, "attach")
    wait_live(fake)
    fake.do(fake.say, b"a\n")
    fake.mute = {"status"}
    fake.do(fake.finish)
    output, said = tool.communicate(timeout=30)
    assert tool.returncode == 0, said
    assert output == b"a\n"


def test_without_any_events_the_log_comes_all_the_same(fake):
    fake.begin()
    fake.mute = {"log", "status", "sync"}
    tool = start(fake, "attach")
    fake.do(fake.say, b"a\n")
    assert wait_read(tool.stdout, b"a\n") == b"a\n"
    fake.do(fake.say, b"b\n")
    assert wait_read(tool.stdout, b"b\n") == b"b\n"
    fake.do(fake.finish)
    assert tool.wait(30) == 0
    tool.communicate()


def test_a_lost_connection_is_told_and_loses_nothing(fake):
    fake.begin()
    tool = start(fake, "attach")
    wait_live(fake)
    fake.do(fake.say, b"before\n")
    wait_read(tool.stdout, b"before\n")
    fake.down()
    wait_read(tool.stderr, b"connection lost, reconnecting\n")
    fake.say(b"meanwhile\n", publish=False)
    fake.up()
    assert wait_read(tool.stdout, b"meanwhile\n") == b"meanwhile\n"
    wait_read(tool.stderr, b"connected again\n")
    fake.do(fake.say, b"after\n")
    fake.do(fake.finish)
    output, _ = tool.communicate(timeout=30)
    assert tool.returncode == 0
    assert output == b"after\n"


def test_a_run_whose_connection_is_lost_right_after_the_answer_goes_on(fake):
    fake.silent = {"status", "sync"}
    tool = start(fake, "run", "lab")
    eventually(lambda: asked(fake, "sync"))
    fake.down()
    wait_read(tool.stderr, b"connection lost, reconnecting\n")
    fake.silent = set()
    fake.up()
    fake.do(fake.say, b"after\n")
    fake.do(fake.finish)
    output, said = tool.communicate(timeout=30)
    assert tool.returncode == 0, said
    assert output == b"after\n"


def test_a_job_that_ended_while_the_connection_was_lost_is_told(fake):
    fake.begin()
    tool = start(fake, "wait")
    eventually(lambda: "sync" in [kind for kind, _ in fake.requests])
    fake.down()
    fake.job["status"], fake.job["reason"] = "failed", "exit"
    fake.job["exit"] = {"code": 5, "signal": None}
    fake.up()
    output, said = tool.communicate(timeout=30)
    assert tool.returncode == 5, said
    assert b"exit code 5" in output


def test_only_the_last_lines(fake):
    fake.begin()
    for number in range(100):
        fake.say(b"%d\n" % number)
    fake.finish()
    assert ems(fake, "logs", "-n", "3").stdout == b"97\n98\n99\n"
    assert ems(fake, "attach", "-n", "2").stdout == b"98\n99\n"
    assert ems(fake, "logs", "-n", "0").stdout == b""


def test_in_a_pipe_the_bytes_of_the_log_are_unchanged(fake):
    fake.begin()
    fake.say(bytes(range(256)) * 10000 + b"\xff no newline")
    fake.finish()
    for command in (["logs"], ["logs", "-f"], ["attach"]):
        assert ems(fake, *command).stdout == fake.log


def test_events_as_json_lines(fake):
    fake.begin()
    fake.say(b"text\n\xff")
    fake.finish()
    result = ems(fake, "attach", "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["type"] for line in lines] == ["status", "log", "end"]
    assert lines[-1]["exit"] == 0 and lines[-1]["job"]["job_id"] == JOB
    fake.log = b"text\n"
    lines = [json.loads(line) for line in ems(fake, "attach", "--json").stdout.splitlines()]
    assert lines[1] == {"type": "log", "offset": 0, "text": "text\n"}


# Signals and output


def test_ctrl_c_cancels_and_the_exit_code_says_so(fake):
    fake.begin()
    tool = start(fake, "attach")
    wait_live(fake)
    tool.send_signal(signal.SIGINT)
    _, said = tool.communicate(timeout=30)
    assert tool.returncode == 130
    assert "Cancelling…" in said.decode()
    assert asked(fake, "cancel") == [{"job_id": JOB}]


def test_a_second_ctrl_c_forces(fake):
    fake.begin()
    fake.silent = {"cancel"}
    tool = start(fake, "attach")
    wait_live(fake)
    tool.send_signal(signal.SIGINT)
    eventually(lambda: len(asked(fake, "cancel")) == 1)
    tool.send_signal(signal.SIGINT)
    eventually(lambda: len(asked(fake, "cancel")) == 2)
    assert asked(fake, "cancel")[1] == {"job_id": JOB, "grace_ms": 0}
    fake.do(fake.finish, "cancelled")
    tool.communicate(timeout=30)
    assert tool.returncode == 130


def test_ctrl_backslash_detaches_and_says_how_to_come_back(fake):
    fake.begin()
    tool = start(fake, "attach")
    wait_live(fake)
    tool.send_signal(signal.SIGQUIT)
    _, said = tool.communicate(timeout=30)
    assert tool.returncode == 0
    assert f"ems attach {JOB}".encode() in said
    assert not asked(fake, "cancel")


def test_ctrl_c_works_while_the_reader_of_the_output_stands_still(fake):
    fake.begin()
    fake.say(b"x" * 999 + b"\n")
    fake.log *= 3000
    fake.job["log"]["bytes"] = len(fake.log)
    tool = start(fake, "attach")
    eventually(lambda: len(asked(fake, "logs")) > 0)
    wait_read(tool.stdout, b"\n")
    tool.send_signal(signal.SIGINT)
    eventually(lambda: asked(fake, "cancel"))
    output, _ = tool.communicate(timeout=30)
    assert tool.returncode == 130
    assert len(output) == len(fake.log) - 1000


def test_ctrl_c_before_the_job_is_there_cancels_it_when_it_is(fake):
    fake.silent = {"run"}
    tool = start(fake, "run", "lab")
    eventually(lambda: asked(fake, "run"))
    tool.send_signal(signal.SIGINT)
    wait_read(tool.stderr, b"in order to cancel it")
    fake.silent = set()
    tool.communicate(timeout=30)
    assert tool.returncode == 130
    assert len(set(i for i, (kind, _) in zip(fake.ids, fake.requests) if kind == "run")) == 1
    assert fake.job["status"] == "cancelled"


def test_a_reader_that_goes_away_ends_the_tool_quietly(fake):
    fake.begin()
    fake.say(b"line\n" * 1000000)
    fake.finish()
    for command in (["logs"], ["logs", "-f"], ["attach"]):
        tool = start(fake, *command)
        wait_read(tool.stdout, b"line\n")
        tool.stdout.close()
        assert tool.wait(30) == -signal.SIGPIPE
        assert tool.stderr.read() == b""
        tool.stderr.close()


def test_output_that_cannot_be_written_is_an_error(fake):
    fake.begin()
    fake.say(b"line\n")
    fake.finish()
    for command in (["ps"], ["logs"], ["attach"], ["show"], ["help"], ["version"], ["ping"]):
        with open("/dev/full", "wb") as full:
            tool = start(fake, *command, stdout=full)
        _, said = tool.communicate(timeout=30)
        assert tool.returncode == 74, command
        assert os.strerror(errno.ENOSPC).encode() in said


# Lists


def test_ps_fetches_page_by_page(fake):
    fake.list = [record(f"{number:012x}") for number in range(1200)]
    assert len(ems(fake, "ps").stdout.splitlines()) == 21
    assert len(ems(fake, "ps", "-n", "3").stdout.splitlines()) == 4
    assert len(ems(fake, "ps", "-a").stdout.splitlines()) == 1201
    assert len(json.loads(ems(fake, "ps", "-a", "--json").stdout)) == 1200


def test_states_are_coloured_only_where_wanted(fake):
    fake.list = [record("0" * 12, status="cancelled")]
    assert b"\x1b" not in ems(fake, "ps").stdout
    assert b"\x1b[38;5;208mcancelled" in ems(fake, "--color", "always", "ps").stdout
    assert b"\x1b" not in ems(fake, "--color", "never", "ps").stdout


def test_notes_cannot_drive_the_terminal(fake):
    fake.list = [record("0" * 12, status="completed", notes="\x1b]0;x\x07\u202e\nmore")]
    output = ems(fake, "ps").stdout.decode()
    assert "\x1b" not in output and "\u202e" not in output and len(output.splitlines()) == 2


# The real one


@pytest.fixture(scope="module")
def lived():
    """A system in which some jobs were run; tests of it change nothing."""
    system = System()
    try:
        system.start()
        system.finished("say", notes="first")
        system.finished("exits", params={"n": 3})
        yield system
    finally:
        system.close()


@pytest.mark.parametrize("command", [
    ["ps"], ["ps", "-a"], ["show"], ["results"], ["workers"], ["profiles"], ["ping"], ["version"],
    ["logs"]])
def test_each_command_answers_and_its_json_parses(lived, command):
    result = lived.ems(*command)
    assert result.returncode == 0, result.stderr
    assert result.stdout
    json.loads(lived.ems("--json", *command).stdout)


def test_ps_show_and_logs_say_what_happened(lived):
    output = lived.ems("ps").stdout
    assert "failed: exit code 3" in output and "completed" in output and "first" in output
    job_id = output.splitlines()[1].split()[0]
    assert "Exit code    3" in lived.ems("show", job_id).stdout
    assert "Exit code    3" in lived.ems("show", job_id[:6]).stdout
    log = lived.ems("logs", job_id).stdout
    assert log.startswith("Starting benchmark: ") and log.endswith("exiting with 3\n")
    assert lived.ems("logs", "-n", "1", job_id).stdout == "exiting with 3\n"
    assert lived.ems("wait", job_id).returncode == 3
    assert lived.ems("cancel", job_id).returncode == 75
    assert lived.ems("show", "ffffffffffff").returncode == 66


def test_run_prints_the_log_and_ends_as_the_job_does(ems):
    result = ems.ems("run", "say")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Starting benchmark: ")
    assert result.stdout.encode() == ems.log(ems.jobs()[0]["job_id"])
    assert "results: " in result.stderr
    assert ems.ems("run", "exits", "--n", "3").returncode == 3
    assert ems.ems("run", "crashes").returncode == 128 + signal.SIGSEGV
    assert ems.ems("run", "obeys", "--time-limit", "200ms").returncode == 124
    assert ems.ems("run", "missing").returncode == 125


def test_a_second_run_is_refused_and_cancel_ends_the_first(ems):
    job_id = ems.ems("run", "-d", "obeys").stdout.strip()
    ems.wait_log(job_id, b"ready")
    result = ems.ems("run", "say")
    assert result.returncode == 75 and job_id in result.stderr
    attached = ems.spawn(EMS, "attach")
    result = ems.ems("cancel", job_id)
    assert result.returncode == 0 and "cancelled" in result.stdout
    attached.communicate(timeout=30)
    assert attached.returncode == 130
    assert ems.ems("run", "say").returncode == 0


def test_ctrl_c_cancels_a_real_job(ems):
    tool = ems.spawn(EMS, "run", "ignores")
    wait_read(tool.stdout, b"ready\n")
    tool.send_signal(signal.SIGINT)
    wait_read(tool.stdout, b"got SIGTERM\n")
    tool.send_signal(signal.SIGINT)
    output, _ = tool.communicate(timeout=30)
    assert tool.returncode == 130
    assert output == b"Benchmark execution cancelled by user.\n"
    assert ems.jobs()[0]["cancel"]["forced"]


def test_a_broker_that_is_killed_costs_no_line(ems):
    tool = ems.spawn(EMS, "run", "steps")
    (ems.work / "step.1").touch()
    wait_read(tool.stdout, b"step 1\n")
    ems.kill9("broker")
    (ems.work / "step.2").touch()
    wait_read(tool.stderr, b"reconnecting\n")
    ems.start_part("broker")
    wait_read(tool.stdout, b"step 2\n")
    for step in (3, 4, 5):
        (ems.work / f"step.{step}").touch()
    output, said = tool.communicate(timeout=60)
    assert tool.returncode == 0, said
    assert output == b"step 3\nstep 4\nstep 5\n"


def test_up_and_down_are_idempotent_and_a_job_goes_on(tmp_path):
    system = System()
    arguments = ["--config", system.config]
    try:
        for word in ("started", "runs already"):
            result = system.ems("up", *arguments)
            assert result.returncode == 0, result.stderr
            assert f"broker {word}" in result.stderr and f"worker {word}" in result.stderr
            assert "bench-1" in result.stdout
        job_id = system.ems("run", "-d", "obeys").stdout.strip()
        system.wait_log(job_id, b"ready")
        result = system.ems("down")
        assert result.returncode == 0 and "goes on" in result.stderr
        assert system.ems("ps").returncode == 69
        result = system.ems("down")
        assert result.returncode == 0 and "does not run" in result.stderr
        assert system.ems("up", *arguments).returncode == 0
        assert system.status(job_id)["status"] == "running"
        result = system.ems("down", "--cancel")
        assert result.returncode == 0, result.stderr
        assert f"job {job_id} cancelled" in result.stderr and "goes on" not in result.stderr
        assert system.record(job_id)["status"] == "cancelled"
    finally:
        system.ems("down", "--cancel")
        system.close()


def test_up_shows_what_is_wrong_with_the_configuration(tmp_path):
    system = System()
    try:
        system.config.write_text(system.config.read_text() + "nonsense\n    key = 1\n")
        result = system.ems("up", "--config", system.config)
        assert result.returncode == 78
        assert "nonsense" in result.stderr
        assert system.ems("ping").returncode == 69
        assert system.ems("up", "--config", "/nonexistent").returncode == 64
    finally:
        system.ems("down")
        system.close()


def test_up_in_a_pipe_does_not_keep_it_open():
    """`$(ems up)` returns: the daemons have let go of the caller's pipes."""
    system = System()
    try:
        assert system.ems("up", "--config", system.config, timeout_s=60).returncode == 0
    finally:
        assert system.ems("down").returncode == 0
        system.close()


def test_two_ups_at_once_start_one_of_each():
    system = System()
    try:
        both = [system.spawn(EMS, "up", "--config", system.config) for _ in range(2)]
        for tool in both:
            _, said = tool.communicate(timeout=60)
            assert tool.returncode == 0, said
        assert len(system.client.do("workers")["workers"]) == 1
    finally:
        assert system.ems("down").returncode == 0
        system.close()


@pytest.mark.parametrize("killed", [["worker"], ["broker"], ["broker", "worker"]])
def test_up_brings_back_what_was_killed(ems, killed):
    job_id = ems.ems("run", "-d", "obeys").stdout.strip()
    ems.wait_log(job_id, b"ready")
    for name in killed:
        ems.kill9(name)
    try:
        result = ems.ems("up", "--config", ems.config)
        assert result.returncode == 0, result.stderr
        for name in ("broker", "worker"):
            word = "started" if name in killed else "runs already"
            assert f"{name} {word}" in result.stderr
        result = ems.ems("cancel", job_id)
        assert result.returncode == 0, result.stderr
    finally:
        ems.ems("down")
        for part in ems.parts.values():
            part.wait(30)
        ems.parts.clear()


def test_arguments_that_are_not_utf8_are_a_usage_error(fake):
    for command in ([b"show", b"\xff"], [b"\xff"], [b"run", b"\xff"], [b"run", b"lab", b"--n=\xff"],
                    [b"run", b"--notes", b"\xff"]):
        result = subprocess.run([EMS, *command], env=environment(fake), capture_output=True,
                                stdin=subprocess.DEVNULL, timeout=60, check=False)
        assert result.returncode in (64, 65), command
        assert b"UTF-8" in result.stderr
