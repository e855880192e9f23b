# SPDX-License-Identifier: MPL-2.0
"""A profile with `user`: its jobs run as somebody else, and all else is as with any job."""
import grp
import json
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess

import pytest

import procs
from conftest import running
from procs import alive, eventually
from profiles import JOBS, PROFILES, configuration
from shimjob import cannot
from system import BIN, System, WORKER

USER = "nobody"
CLOSED = ("", "logs", "logs/jobs", "run", "results", "results/.staging", "results/.partial", "sock")


class Office(System):
    """Another user can get to the jobs' programs and to their working folder; and his profiles are here."""

    def __init__(self, cgroup="auto", user=USER):
        super().__init__(cgroup=cgroup)
        self.base.chmod(0o711)
        shutil.copytree(JOBS, self.base / "jobs")
        self.work.chmod(0o777)
        self.cgroup = cgroup
        self.configure(user)

    def configure(self, user, **changes):
        mine = {}
        for name, profile in (PROFILES | {"whoami": self.whoami()}).items():
            if profile["command"].parent == JOBS:
                profile = profile | {"command": self.base / "jobs" / profile["command"].name}
            mine[name] = profile | {"user": user} | changes.get(name.replace("-", "_"), {})
        self.config.write_text(configuration({"name": WORKER, "cgroup": self.cgroup}, self.work, BIN, mine))

    def whoami(self):
        return {"command": JOBS / "whoami.py", "arguments": [str(self.state / name) for name in CLOSED],
                "parameters": {}, "environment": "PATH,HOME,USER,LOGNAME"}


@pytest.fixture
def ems(request, cgroup):
    if os.getuid() != 0:
        cannot("only root can start jobs as somebody else")
    yield from running(request.node, Office(cgroup=cgroup))


def started(ems, profile, **body):
    return ems.wait_log(ems.run(profile, **body)["job_id"], b"ready\n")


def said_of_itself(ems, job):
    return json.loads(re.search(rb"^me (.*)$", ems.log(job["job_id"]), re.M)[1])


def owner(path):
    found = os.lstat(path)
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def as_user(name, *command):
    """What a command says when that user runs it."""
    return subprocess.run(list(map(str, command)), user=name, group=pwd.getpwnam(name).pw_gid, extra_groups=[],
                          cwd="/", capture_output=True, text=True, check=False, timeout=60)


def users_of(pids):
    return {os.stat(f"/proc/{who[0]}").st_uid for who in pids}


def test_a_job_is_that_user_in_every_respect_and_nothing_more(ems):
    job = started(ems, "whoami")
    me, entry = said_of_itself(ems, job), pwd.getpwnam(USER)
    assert me["uids"] == [entry.pw_uid] * 3 and me["gids"] == [entry.pw_gid] * 3
    assert me["groups"] == sorted({entry.pw_gid} | {group.gr_gid for group in grp.getgrall()
                                                    if USER in group.gr_mem})
    assert me["capabilities"] == ""
    environment = me["environment"]
    assert (environment["HOME"], environment["USER"], environment["LOGNAME"]) == (entry.pw_dir, USER, USER)
    assert environment["PATH"] == ems.environment["PATH"]
    assert me["stdout"] == "open"
    (ems.work / "go").touch()
    assert ems.finish(job["job_id"])["status"] == "completed"


def test_of_the_state_folder_it_sees_and_changes_nothing(ems):
    job = started(ems, "whoami")
    me = said_of_itself(ems, job)
    assert set(me["read"].values()) == {"Permission denied"} == set(me["make"].values())
    assert len(me["read"]) == len(CLOSED)
    assert me["slot"] == os.O_RDONLY
    for name in ("slot.lock", "worker.lock", f"logs/{job['job_id']}.log", f"run/{job['job_id']}/spec.json"):
        assert as_user(USER, "cat", ems.state / name).returncode != 0
    (ems.work / "go").touch()
    ems.finish(job["job_id"])


def test_its_results_are_its_own_until_they_are_published_and_then_ours(ems):
    job = started(ems, "whoami")
    entry = pwd.getpwnam(USER)
    staging = ems.state / "results" / ".staging" / job["run_id"]
    assert owner(staging) == (entry.pw_uid, os.getegid(), 0o750)
    (ems.work / "go").touch()
    done = ems.finish(job["job_id"])
    assert done["status"] == "completed"
    published = ems.state / "results" / job["run_id"]
    assert owner(published) == (os.geteuid(), os.getegid(), 0o750)
    assert (published / "mine").read_text() == "result\n"
    [run] = ems.client.do("results")["runs"]
    assert run["run_id"] == job["run_id"]
    for command in (("cat", published / "mine"), ("ls", published), ("touch", published / "other"),
                    ("sh", "-c", f"echo x >> {published}/mine")):
        assert "Permission denied" in as_user(USER, *command).stderr
    assert os.stat(published / "mine").st_uid == entry.pw_uid


def test_the_profile_says_so(ems):
    told = {profile["name"]: profile["user"] for profile in ems.client.do("profiles")["profiles"]}
    assert told["waits"] == USER and told["lab"] is None


@pytest.mark.parametrize("cgroup", ["auto", "none"])
def test_it_is_paused_and_resumed(ems):
    job = ems.wait_log(ems.run("ticks")["job_id"], b"tick 3\n")
    assert ems.client.ask("pause", job_id=job["job_id"]).status == 200
    size = len(ems.log(job["job_id"]))
    assert ems.client.ask("resume", job_id=job["job_id"]).status == 200
    eventually(lambda: len(ems.log(job["job_id"])) > size)
    (ems.work / "enough").touch()
    assert ems.finish(job["job_id"])["status"] == "completed"


@pytest.mark.parametrize("cgroup", ["auto", "none"])
def test_it_is_cancelled_with_all_that_it_started(ems):
    job = ems.run("family", params={"n": 5})
    family = eventually(lambda: (ems.work / "pids").exists() and len(ems.pids()) == 5 and ems.pids())
    assert users_of(family) == {pwd.getpwnam(USER).pw_uid}
    assert ems.cancel(job["job_id"]).body["job"]["status"] == "cancelled"
    assert not any(map(alive, family))


@pytest.mark.parametrize("cgroup", ["auto", "none"])
def test_what_it_leaves_behind_is_killed(ems):
    done = ems.finished("grandchild")
    assert done["status"] == "completed" and done["leftovers_killed"] >= 1
    assert ems.pids() == []


@pytest.mark.parametrize("cgroup", ["auto", "none"])
def test_without_its_shim_the_worker_kills_it(ems):
    job = started(ems, "ignores")
    left = ems.pids()
    shim = ems.run_file(job["job_id"], "shim.json")["shim"]["pid"]
    os.kill(shim, signal.SIGKILL)
    done = ems.finish(job["job_id"])
    assert (done["status"], done["reason"]) == ("failed", "lost")
    assert left and not any(map(alive, left))


def test_it_outlives_the_worker(ems):
    job = started(ems, "waits")
    ems.kill9("worker")
    ems.start_part("worker")
    ems.wait_ready()
    (ems.work / "go").touch()
    assert ems.finish(job["job_id"])["status"] == "completed"
    published = ems.state / "results" / job["run_id"]
    assert owner(published) == (os.geteuid(), os.getegid(), 0o750)


def test_a_run_goes_on_from_what_it_had_done(ems):
    job = ems.run("checkpoint")
    (ems.work / "go.1").touch()
    ems.wait_log(job["job_id"], b"did 1\n")
    assert ems.cancel(job["job_id"]).body["job"]["partial"]
    again = ems.client.do("rerun", job_id=job["job_id"], resume=True)["job"]
    (ems.work / "go").touch()
    assert ems.finish(again["job_id"])["status"] == "completed"
    assert b"kept 1\n" in ems.log(again["job_id"])
    published = ems.state / "results" / again["run_id"]
    assert sorted(os.listdir(published)) == ["1", "2", "3"]
    assert owner(published)[:2] == (os.geteuid(), os.getegid())


def test_a_job_that_was_stopped_for_another_goes_on_as_the_same_user(ems):
    job = ems.run("checkpoint", priority=1)
    (ems.work / "go.1").touch()
    ems.wait_log(job["job_id"], b"did 1\n")
    other = ems.client.do("run", profile="first", priority=20, preempt=True)["job"]
    eventually(lambda: ems.status(other["job_id"])["status"] == "running")
    (ems.work / "go").touch()
    assert ems.finish(job["job_id"])["status"] == "completed"
    assert ems.status(job["job_id"])["attempt"] == 2
    assert b"kept 1\n" in ems.log(job["job_id"])


def failed_to_start(ems, profile):
    done = ems.finished(profile)
    assert (done["status"], done["reason"]) == ("failed", "spawn"), done
    assert not ems.entries("results/.staging")
    return done["detail"]


def test_what_that_user_cannot_run_or_enter_is_said(ems):
    (ems.base / "jobs" / "say.sh").chmod(0o700)
    assert failed_to_start(ems, "say").endswith("say.sh: Permission denied")
    ems.work.chmod(0o700)
    assert failed_to_start(ems, "waits") == f"cannot enter working folder {ems.work}: Permission denied"
    ems.base.chmod(0o700)
    detail = failed_to_start(ems, "waits")
    assert "cannot use the results folder" in detail and "Permission denied" in detail


def test_limits_that_only_root_may_raise_hold_for_it(ems):
    ems.configure(USER, limited={"nice": -5, "rlimits": {"nofile": 4097, "core": "unlimited"}})
    ems.restart("worker")
    done = ems.finished("limited")
    assert done["status"] == "completed", done
    assert b"nice -5 cpus [0] nofile 4097 core -1" in ems.log(done["job_id"])


def test_a_queued_job_whose_user_is_gone_fails_with_a_sentence(ems):
    held = started(ems, "waits")
    waits = ems.client.do("run", profile="say", if_busy="queue")["job"]
    order = ems.state / "run" / waits["job_id"] / "order.json"
    order.write_text(order.read_text().replace(f'"{USER}"', '"no-such-user"'))
    (ems.work / "go").touch()
    ems.finish(held["job_id"])
    done = ems.finish(waits["job_id"])
    assert (done["status"], done["reason"]) == ("failed", "spawn")
    assert 'there is no user "no-such-user"' in done["detail"]


# Refused at the start

def refused(state, config, user=None):
    command = (BIN / "ems-worker", "--state", state, "--config", config)
    done = (as_user(user, *command) if user else
            subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=60))
    assert done.returncode == 78, done
    return done.stderr


@pytest.fixture
def config(tmp_path):
    def write(user):
        path = tmp_path / "ems.zpl"
        path.write_text('worker\n    name = "w"\nprofiles\n    say\n        command = "/bin/true"\n'
                        f'        user = "{user}"\n')
        return path
    return write


def test_a_user_that_is_not_there_or_no_name_is_refused_at_the_start(tmp_path, config):
    if os.getuid() != 0:
        cannot("only root can start jobs as somebody else")
    said = refused(tmp_path / "s", config("no-such-user"))
    assert 'ems.zpl:6: profiles/say/user: there is no user "no-such-user"' in said and "make it" in said
    assert "ems.zpl:6: profiles/say/user:" in refused(tmp_path / "s", config("-x"))
    assert "ems.zpl:6: profiles/say/user:" in refused(tmp_path / "s", config(""))


def test_a_worker_that_is_not_root_refuses_it_at_the_start(config):
    if os.getuid() != 0:
        cannot("only root can play another user")
    with_access = System()
    try:
        with_access.base.chmod(0o777)
        path = with_access.base / "own.zpl"
        path.write_text(config(USER).read_text())
        for name in ("ems-worker", "ems-shim", "ems-notify"):
            shutil.copy(BIN / name, with_access.base / name)
        done = as_user(USER, with_access.base / "ems-worker", "--state", with_access.state, "--config", path)
        assert done.returncode == 78, done
        assert "own.zpl:6: profiles/say/user: only root can start jobs as the user" in done.stderr
        assert "leave the key out" in done.stderr
    finally:
        with_access.close()


@pytest.mark.parametrize("change", [lambda path: os.chown(path, pwd.getpwnam(USER).pw_uid, -1),
                                    lambda path: os.chmod(path, 0o777)])
def test_a_state_folder_that_he_may_write_to_is_refused_at_the_start(tmp_path, config, change):
    if os.getuid() != 0:
        cannot("only root can start jobs as somebody else")
    state = tmp_path / "s"
    state.mkdir(0o700)
    change(state)
    said = refused(state, config(USER))
    assert "ems.zpl:6: profiles/say/user:" in said and "may write to the state folder" in said
    assert procs.mentioning(str(state)) == {}
