# SPDX-License-Identifier: MPL-2.0
"""Lists as people ask for them: columns, --since, --status, --filter, JSON; on terminals and in pipes.

The first part talks to a broker that says what the test wants (fake_ems.py), the second to the real one.
"""
import json
import unicodedata
from datetime import datetime, timedelta, timezone

import pytest

from client_tool import asked, ems, on_terminal
from fake_ems import FakeEms, record
from system import System

NOW = datetime.now(timezone.utc)


@pytest.fixture
def fake():
    with FakeEms() as fake:
        yield fake


def at(minutes_ago):
    moment = NOW - timedelta(minutes=minutes_ago)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + "000Z"


def over(number, minutes_ago=0, **changes):
    return record(f"{number:012x}", **({"status": "completed", "queued_at": at(minutes_ago)} | changes))


def ids(result):
    assert result.returncode == 0, result.stderr
    return [row.split()[0] for row in result.stdout.splitlines()[1:]]


def width(text):
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


# Columns


def test_the_columns_that_were_asked_for_are_shown(fake):
    fake.list = [over(1, user="ada", labels={"site": "paris"})]
    assert ems(fake, "ps", "-o", "user,id").stdout == "USER  JOB ID\nada   000000000001\n"
    rows = ems(fake, "ps", "-o", "+user", "-o", "labels").stdout.splitlines()
    assert rows[0].split()[-3:] == ["NOTES", "USER", "LABELS"] and rows[1].endswith("ada   site=paris")


def test_json_has_only_the_fields_that_were_asked_for(fake):
    fake.list = [over(1), over(2)]
    assert json.loads(ems(fake, "--json", "ps", "-o", "id,status").stdout) == [
        {"job_id": "000000000001", "status": "completed"}, {"job_id": "000000000002", "status": "completed"}]
    assert json.loads(ems(fake, "--json", "ps").stdout) == fake.list


def test_help_lists_the_columns_without_asking_anybody(fake):
    fake.down()
    for command in ("ps", "results", "workers", "profiles"):
        result = ems(fake, command, "-o", "help")
        assert result.returncode == 0 and "worker " in result.stdout
        for row in result.stdout.splitlines():
            assert len(row.split(None, 1)) == 2
        assert "--columns COLUMNS" in ems(fake, "help", command).stdout


@pytest.mark.parametrize("arguments,said", [
    (["ps", "-o", "usr"], "`ps` has no column `usr`; did you mean `user`?"),
    (["results", "-o", "x,run"], "`ems results -o help` lists what there is"),
    (["ps", "--status", "complete"], "did you mean `completed`?"),
    (["workers", "--status", "busi"], "did you mean `busy`?"),
    (["ps", "--filter", "lable.x=1"], "did you mean `labels`?"),
    (["ps", "--filter", "user"], "--filter takes NAME=VALUE"),
    (["ps", "--since", "yesterday"], "--since takes"),
    (["results", "--status", "idle"], "`results` has no option --status")])
def test_what_cannot_be_shown_is_a_usage_error(fake, arguments, said):
    result = ems(fake, *arguments)
    assert result.returncode == 64 and said in result.stderr and result.stdout == ""
    assert not fake.requests


def test_a_record_that_makes_no_sense_is_an_error(fake):
    fake.list = [over(1), over(2) | {"job_id": 5}]
    for command in (["ps"], ["ps", "--json", "-o", "id"]):
        result = ems(fake, *command)
        assert result.returncode == 70 and "makes no sense" in result.stderr and result.stdout == ""


# What is left out


def test_a_list_since_then_is_whole_and_stops_at_what_is_older(fake):
    fake.list = [over(number, minutes_ago=number) for number in range(3000)]
    assert len(ids(ems(fake, "ps", "--since", "90m"))) in (89, 90, 91)
    assert len(asked(fake, "list")) == 3  # what is not over; and a page more than what counts
    assert len(ids(ems(fake, "ps", "--since", "90m", "-n", "5"))) == 5
    assert ids(ems(fake, "ps", "--since", "2999-01-01")) == []


def test_a_filter_counts_before_the_number(fake):
    fake.list = [over(number, user="ada" if number % 100 == 0 else "bob") for number in range(2000)]
    result = ids(ems(fake, "ps", "--filter", "user=ada", "-n", "3"))
    assert result == [f"{number:012x}" for number in (0, 100, 200)]
    assert len(ids(ems(fake, "ps", "--filter", "user=ada"))) == 20
    assert len(ids(ems(fake, "ps", "-a", "--filter", "user=ada", "--filter", "id=0*190"))) == 1


def test_a_status_is_asked_for_on_the_wire(fake):
    fake.list = [record("a" * 12), over(1), over(2, status="failed", reason="lost"),
                 over(3, status="cancelled")]
    assert ids(ems(fake, "ps", "--status", "failed,cancelled")) == [f"{2:012x}", f"{3:012x}"]
    assert [sorted(body["status"]) for body in asked(fake, "list")] == [["cancelled", "failed"]]
    fake.requests.clear()
    assert ids(ems(fake, "ps", "--status", "running")) == ["a" * 12]
    assert [body["status"] for body in asked(fake, "list")] == [["running"]]
    fake.requests.clear()
    assert ids(ems(fake, "ps", "--status", "running", "--status", "completed")) == ["a" * 12, f"{1:012x}"]
    assert [body["status"] for body in asked(fake, "list")] == [["running"], ["completed"]]


def test_a_status_that_the_other_side_did_not_heed_is_left_out_here(fake):
    fake.refuse["list"] = [(200, None, {"jobs": [over(1), over(2, status="failed", reason="lost")]})]
    assert ids(ems(fake, "ps", "--status", "failed")) == [f"{2:012x}"]


def test_an_empty_page_is_not_the_end(fake):
    fake.refuse["list"] = [(200, None, {"jobs": []}), (200, None, {"jobs": [], "next": "1"}),
                           (200, None, {"jobs": [], "next": "2"}), (200, None, {"jobs": [over(1)]})]
    assert ids(ems(fake, "ps")) == [f"{1:012x}"]
    fake.refuse["list"] = [(200, None, {"jobs": []})] + [(200, None, {"jobs": [], "next": "1"})] * 9
    assert ids(ems(fake, "ps")) == []  # that leads to itself for ever
    assert len(fake.refuse["list"]) == 7


# Terminals and pipes


NOTES = "漢字 und grüne Äpfel " * 9


@pytest.mark.parametrize("columns", [20, 80, 200])
def test_wide_characters_fit_the_terminal(fake, columns):
    fake.list = [over(number, notes=NOTES[number:]) for number in range(3)]
    with on_terminal(fake, "ps", columns=columns) as terminal:
        assert terminal.finish() == 0
        lines = [line for line in terminal.screen.lines if line]
        assert len(lines) == 4 and all(width(line) <= columns for line in lines)
        assert columns == 20 or all(line.endswith("…") for line in lines[1:])
        assert "\x1b[32mcompl" in terminal.text() and "\x1b[1mJOB ID" in terminal.text()


def test_columns_stand_in_line_behind_wide_characters(fake):
    fake.list = [over(1, notes="漢字"), over(2, notes="plain"), over(3, notes="e\u0301")]
    rows = ems(fake, "ps", "-o", "notes,id").stdout.splitlines()
    assert rows == ["NOTES  JOB ID", "漢字   000000000001", "plain  000000000002", "e\u0301      000000000003"]


def test_nothing_is_cut_or_coloured_in_a_pipe(fake):
    fake.list = [over(1, notes=NOTES.strip())]
    for more in ({}, {"COLUMNS": "20"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX", "LANG": "C"}):
        output = ems(fake, "ps", **more).stdout
        assert NOTES.strip() in output and "\x1b" not in output


def test_without_colour_a_terminal_gets_none(fake):
    fake.list = [over(1)]
    with on_terminal(fake, "--color", "never", "ps") as terminal:
        assert terminal.finish() == 0
        assert "completed" in terminal.text() and "\x1b" not in terminal.text()


# The real one


@pytest.fixture(scope="module")
def lived():
    """A system in which some jobs were run; tests of it change nothing."""
    system = System()
    try:
        system.start()
        system.finished("say", notes="first", labels={"site": "paris"})
        system.finished("exits", params={"n": 3})
        yield system
    finally:
        system.close()


def table(result):
    assert result.returncode == 0, result.stderr
    return [row.split() for row in result.stdout.splitlines()]


def test_jobs_are_found_by_what_they_are(lived):
    for option in (["--filter", "label.site=p*"], ["--status", "completed"], ["--filter", "profile=say"],
                   ["--filter", "notes=first", "--since", "1h"]):
        rows = table(lived.ems("ps", "-o", "profile,labels", *option))
        assert rows[1:] == [["say", "site=paris"]]
    rows = table(lived.ems("ps", "-o", "exit,params", "--filter", "param.n=3", "--filter", "exit.code=3"))
    assert rows[1][:2] == ["3", "n=3"]
    assert len(table(lived.ems("ps", "--since", "1h"))) == 3
    assert len(table(lived.ems("ps", "--since", "0s"))) == 1


def test_every_column_of_every_list_can_be_shown(lived):
    for command in ("ps", "results", "workers", "profiles"):
        names = [row[0] for row in table(lived.ems(command, "-o", "help"))]
        assert len(table(lived.ems(command, "-o", ",".join(names)))) >= 2
        fields = json.loads(lived.ems("--json", command, "-o", ",".join(names)).stdout)
        whole = json.loads(lived.ems("--json", command).stdout)
        for some, all_ in zip(fields, whole):
            assert all(all_[key] == some[key] for key in some if key in all_)


def test_runs_workers_and_profiles_are_chosen_by_what_they_are(lived):
    run = table(lived.ems("results", "-o", "run,job,count", "--since", "1h"))
    assert len(run) == 2 and run[1][0] in lived.entries("results")
    assert len(table(lived.ems("results", "--filter", f"job={run[1][1]}"))) == 2
    assert len(table(lived.ems("results", "--filter", "job=x"))) == 1
    assert table(lived.ems("workers", "-o", "worker,state", "--status", "idle"))[1:] == [["bench-1", "idle"]]
    assert len(table(lived.ems("workers", "--status", "offline"))) == 1
    assert table(lived.ems("profiles", "-o", "profile,worker", "--filter", "name=say"))[1:] == [["say", "bench-1"]]
