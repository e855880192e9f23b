# SPDX-License-Identifier: MPL-2.0
"""Through the socket in the file system everybody is its owner, who may do everything; and what was changed is in
the audit log."""
import os
import pwd
import re
import secrets

import pytest

from conftest import running
from procs import eventually
from profiles import job
from system import WORKER, System

ME = pwd.getpwuid(os.getuid()).pw_name
LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) user=(\S+) key=(\S+) verb=(\S+) worker=(\S+) "
                  r"job=(\S+) request=(\S+) status=(\d+)")
LOST = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z lost=(\d+)")
MINE, NOBODYS = job("say.sh", users=ME), job("say.sh", users="nobody-else")


@pytest.fixture
def ems(request):
    yield from running(request.node, System(profiles={"mine": MINE, "nobodys": NOBODYS}))


def audit(ems):
    """The lines but for their times: [(user, key, verb, worker, job, request, status)]."""
    text = (ems.state / "broker" / "audit.log").read_text()
    lines = [LINE.fullmatch(line) for line in text.splitlines()]
    assert all(lines) and text.endswith("\n")
    return [line.groups()[1:] for line in lines]


def test_the_owner_of_the_socket_may_do_everything_under_its_own_name(ems):
    held = ems.client.do("run", profile="waits")["job"]
    assert held["user"] == ME
    job_id = held["job_id"]
    preempting = ems.client.do("run", profile="first", preempt=True, priority=20)["job"]["job_id"]
    for change in ("pause", "resume", "keep", "unkeep"):
        eventually(lambda: ems.client.ask(change, job_id=preempting).status == 200)
    assert ems.client.do("priority", job_id=job_id, priority=3)["job"]["priority"] == 3
    for id in (job_id, preempting):
        assert ems.client.do("cancel", job_id=id)["job"]["cancel"]["by"] == ME
    assert ems.client.do("rerun", job_id=job_id)["job"]["user"] == ME
    assert ems.client.ask("prune", worker=WORKER).status == 200
    (ems.work / "go").touch()


def test_it_is_not_limited(ems):
    for _ in range(400):
        assert ems.client.ask("ping").status == 200


def test_a_profile_that_names_others_is_for_them_alone(ems):
    assert ems.client.ask("run", profile="mine").status == 200
    reply = ems.client.ask("run", profile="nobodys")
    assert reply.status == 403 and f'user "{ME}"' in reply.error and "nobodys" in reply.error


def test_a_broker_without_a_table_of_users_has_none_to_reload(ems):
    reply = ems.client.ask("reload")
    assert reply.status == 500 and "no table of users" in reply.error


def test_every_change_is_a_line_of_the_audit_log_and_looking_is_not(ems):
    id = secrets.token_hex(16)
    job_id = ems.client.ask("run", id=id, profile="waits").body["job"]["job_id"]
    for look in ("status", "list", "logs", "profiles", "workers", "ping", "results"):
        ems.client.ask(look, job_id=job_id)
    ems.client.ask("run", profile="nobodys")
    ems.client.ask("cancel", job_id="last")
    ems.client.ask("cancel", job_id="abcdef012345")
    ems.client.ask("cancel", job_id="x\nuser=root verb=run")
    lines = audit(ems)
    assert lines[0] == (ME, "-", "hello", WORKER, "-", "-", "200")
    assert lines[1] == (ME, "-", "run", WORKER, job_id, id, "200")
    assert [(line[2], line[4], line[6]) for line in lines[2:]] == [
        ("run", "-", "403"), ("cancel", job_id, "200"), ("cancel", "abcdef012345", "404"),
        ("cancel", "-", "400")]
    assert (ems.state / "broker" / "audit.log").stat().st_mode & 0o777 == 0o600


def test_the_audit_log_goes_on_after_the_broker_was_killed(ems):
    ems.client.do("run", profile="say")
    before = audit(ems)
    ems.kill9("broker")
    ems.start_part("broker")
    ems.wait_ready()
    ems.client.ask("cancel", job_id="last")
    after = audit(ems)
    assert after[:len(before)] == before and after[-1][2] == "cancel"


def test_a_broker_that_cannot_write_it_works_on_and_says_so(ems):
    ems.stop_part("broker")
    log = ems.state / "broker" / "audit.log"
    log.unlink()
    log.mkdir()
    ems.start_part("broker")
    ems.wait_ready()
    assert ems.client.do("run", profile="say")["job"]["user"] == ME
    eventually(lambda: "audit log are lost" in ems.said()["broker.stderr"])
    log.rmdir()
    ems.client.ask("cancel", job_id="last")
    lost, cancel = log.read_text().splitlines()
    assert int(LOST.fullmatch(lost)[1]) >= 1 and LINE.fullmatch(cancel)[4] == "cancel"
