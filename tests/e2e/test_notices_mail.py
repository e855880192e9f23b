# SPDX-License-Identifier: MPL-2.0
"""Notices by mail and by command."""
import email
import email.policy
import json
import os

import pytest

import procs
from office import OVER, notice_id, opened, until_got
from procs import eventually
from receivers import certificate, free_port

HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "EMS-Notice-Id", "Auto-Submitted",
           "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}


@pytest.fixture
def office(request):
    with opened(request.node) as it:
        yield it


def target(server, **settings):
    return {"mail": f"smtp://127.0.0.1:{server.port}", "from": "ems@bench.example.org",
            "to": "ops@example.org, boss@example.org"} | settings


def parsed(got):
    return email.message_from_bytes(got["data"], policy=email.policy.default)


def test_a_mail_says_what_happened_in_words(office):
    server = office.mail()
    office.start(ops=target(server, states="failed,queue_empty"))
    job = office.run("exits", params={"n": 3}, notes="after the new BIOS")
    over, empty = until_got(server, 2)
    assert (over["from"], over["to"]) == ("ems@bench.example.org",
                                          ["ops@example.org", "boss@example.org"])
    mail = parsed(over)
    assert mail["Subject"] == f"EMS: failed: exits {job['job_id']} on {job['worker']}"
    assert set(mail.keys()) == HEADERS and mail["EMS-Notice-Id"] == notice_id(job)
    text = mail.get_content()
    for said in (f"Job {job['job_id']} (exits) on {job['worker']}: failed.", "code 3",
                 "after the new BIOS", job["finished_at"], f"ems logs {job['job_id']}"):
        assert said in text
    assert parsed(empty)["Subject"] == f"EMS: queue empty on {job['worker']}"
    office.settle()


def test_nothing_that_comes_from_outside_makes_a_header_or_ends_the_mail(office):
    server = office.mail()
    office.start(ops=target(server))
    notes = "x\r\nBcc: all@example.org\r\n.\r\nQUIT\r\n\x1b[31mred =41 grün " + "long " * 500
    office.run(notes=notes)
    got, = until_got(server, 1)
    office.settle()
    mail = parsed(got)
    assert set(mail.keys()) == HEADERS and len(got["to"]) == 2
    assert all(len(line) <= 78 for line in got["data"].split(b"\r\n"))
    text = mail.get_content()
    assert "\x1b" not in text and "=41 grün long long" in text
    assert "\nBcc" not in text and "\n.\n" not in text


@pytest.mark.parametrize("trouble", ["421 MAIL", "451 MAIL", "452 DATA", "530 MAIL", "drop", "hang"])
def test_what_a_server_does_not_take_now_is_offered_again(office, trouble):
    server = office.mail(trouble, "ok")
    office.start(ops=target(server, timeout_ms=1000))
    job = office.run()
    got, = until_got(server, 1)
    office.settle()
    assert parsed(got)["EMS-Notice-Id"] == notice_id(job) and not office.failed()


@pytest.mark.parametrize("trouble", ["550 MAIL", "554 DATA", "550 RCPT"])
def test_what_a_server_refuses_for_good_is_given_up(office, trouble):
    server = office.mail(trouble, "ok")
    office.start(ops=target(server))
    first, second = office.run(), office.run()
    got, = until_got(server, 1)
    office.settle()
    assert parsed(got)["EMS-Notice-Id"] == notice_id(second)
    failed, = office.failed()
    assert failed["notice"]["notice"] == notice_id(first) and trouble[:3] in failed["reason"]


def test_one_address_that_is_refused_does_not_keep_it_from_the_others(office):
    server = office.mail("550 ops@example.org", "ok")
    office.start(ops=target(server))
    office.run()
    got, = until_got(server, 1)
    office.settle()
    assert got["to"] == ["boss@example.org"] and not office.failed()


def test_a_password_goes_to_a_server_that_proves_who_it_is_and_to_no_other(office):
    pair = certificate(office.ems.base)
    plain, safe = office.mail("login"), office.mail("login", tls=pair)
    login = {"user": "ems", "password_file": office.secret("password", "sesame")}
    office.start(
        plain=target(plain, give_up_ms=1000, **login),
        safe=target(safe, mail=f"smtps://localhost:{safe.port}", ca_file=pair[0], **login),
        unknown=target(safe, mail=f"smtps://localhost:{safe.port}", give_up_ms=1000, **login))
    office.run()
    office.settle()
    got, = safe.got
    assert got["login"] == ["ems", "sesame"] and (plain.logins, safe.logins) == (0, 1)
    assert sorted(failed["target"] for failed in office.failed()) == ["plain", "unknown"]


# Commands


def test_a_command_gets_the_record_and_nothing_else(office):
    office.start(ops=office.told() | {"states": OVER + ",queue_empty"})
    job = office.run("exits", params={"n": 3})
    eventually(lambda: len(office.notes()) == 2)
    over, empty = office.notes()
    assert json.loads(over["stdin"]) == json.loads(empty["stdin"]) == office.ems.record(
        job["job_id"])
    assert over["argv"][1:] == ["two words", "$HOME"] and over["cwd"] == "/"
    own = {"EMS_EVENT": "failed", "EMS_JOB_ID": job["job_id"], "EMS_NOTICE_ID": notice_id(job),
           "EMS_OUTBOX": str(office.ems.state)}
    ours = {name for name in ("PATH", "HOME", "LANG") if name in office.ems.environment}
    assert own.items() <= over["env"].items()
    assert set(over["env"]) - {"LC_CTYPE"} == set(own) | ours  # Python sets that one itself
    assert empty["env"]["EMS_EVENT"] == "queue_empty"
    assert over["sid"] == over["pid"] and over["nice"] == 19
    assert not [file for file in over["fds"] if f"{office.ems.state}/" in file or "socket" in file]
    office.settle()


def test_a_command_can_ask_for_another_time_or_refuse(office):
    office.start(ops=office.told("exit 75", "exit 0", "exit 1", "exit 0"))
    first = office.run()
    eventually(lambda: len(office.notes()) == 2)
    second, third = office.run(), office.run()
    office.settle()
    assert [note["env"]["EMS_NOTICE_ID"] for note in office.notes()] == [
        notice_id(job) for job in (first, first, second, third)]
    failed, = office.failed()
    assert failed["notice"]["notice"] == notice_id(second) and "exit code 1" in failed["reason"]


def test_a_command_that_hangs_is_ended_with_all_that_it_started_and_tried_again(office):
    office.start(ops=office.told("hang", "exit 0") | {"timeout_ms": 300})
    job = office.run()
    eventually(lambda: len(office.notes()) == 2)
    office.settle()
    hanging, again = office.notes()
    assert again["env"]["EMS_NOTICE_ID"] == notice_id(job)
    for pid in (hanging["pid"], hanging["child"]):
        assert not os.path.exists(f"/proc/{pid}") or procs.identity(pid) is None


def test_a_program_that_is_not_there_now_is_called_when_it_is(office):
    settings = office.told()
    program = office.ems.base / "program"
    program.symlink_to(settings["command"])
    office.start(ops=settings | {"command": program})
    program.unlink()
    office.run()
    eventually(lambda: "cannot start" in office.ems.said()["worker.stderr"])
    program.symlink_to(settings["command"])
    eventually(lambda: len(office.notes()) == 1)
    office.settle()


def test_a_mail_server_that_is_not_there_keeps_the_notice_until_it_is(office):
    port = free_port()
    office.start(ops={"mail": f"smtp://127.0.0.1:{port}", "from": "a@example.org",
                      "to": "b@example.org"})
    job = office.run()
    server = office.mail(port=port)
    office.settle()
    assert [parsed(got)["EMS-Notice-Id"] for got in server.got] == [notice_id(job)]
