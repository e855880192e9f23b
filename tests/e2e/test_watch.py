# SPDX-License-Identifier: MPL-2.0
"""`ems watch`: the full screen, with the real daemons, in a real terminal."""
import re

import pytest

from fullscreen import go, queue, select, state, watch
from procs import eventually
from system import WORKER

SIZES = [(24, 80), (40, 120), (16, 60)]


@pytest.mark.parametrize("rows, columns", SIZES)
def test_every_size_shows_what_runs_the_line_the_history_the_workers_and_a_live_log(ems, rows, columns):
    over, failed = ems.finished("once"), ems.finished("exits", params={"n": 3})
    runs = ems.run("progress")
    waits = queue(ems, "waits")
    with watch(ems, rows, columns) as screen:
        screen.see("1 running, 1 in line, 2 over", WORKER, "1/3", "second", "connected")
        state(screen, over, "completed")
        state(screen, failed, "failed: exit code 3")
        state(screen, runs, "running")
        state(screen, waits, "queued, 1st")
        screen.see(f"Log of {runs['job_id']}", "step=experiment_start current=2", "? Keys", "q Quit")
        for new_rows, new_columns in SIZES:
            screen.resize(new_rows, new_columns)
            screen.until(lambda lines, want=new_rows: len(lines) == want and "q Quit" in lines[-1]
                         and "1/3" in "\n".join(lines) and lines[0].startswith(" EMS"))
        screen.resize(5, 20)
        screen.see("too small")
        screen.resize(rows, columns)
        go(ems)
        state(screen, runs, "completed")
        screen.see("0 running, 0 in line, 4 over", "idle")
        screen.keys("q")
        assert screen.ended() == 0


def test_the_log_is_live_stays_where_one_reads_and_is_searched(ems):
    job = ems.run("ticks")
    with watch(ems) as screen:
        screen.see("tick 300")
        screen.keys("Enter")
        screen.see(": following")
        screen.keys("PageUp")
        screen.until(lambda lines: re.search(r": \d+ %", lines[1]))
        place = screen.lines()[2:20]
        count = len(ems.log(job["job_id"]))
        eventually(lambda: len(ems.log(job["job_id"])) > count + 1000)
        assert screen.lines()[2:20] == place
        screen.type("/tick 17")
        screen.keys("Enter")
        screen.until(lambda lines: any(line.startswith("tick 17") for line in lines))
        screen.type("/nothing like that")
        screen.keys("Enter")
        screen.see("no `nothing like that` in this log")
        screen.keys("End")
        screen.see(": following")
        (ems.work / "enough").touch()
        screen.see("completed: the end")
        last = ems.log(job["job_id"]).splitlines()[-1].decode()
        screen.see(last)


def whole_page(lines, last):
    """The numbers of a page that was drawn to its end, and has some beyond `last`; else nothing."""
    numbers = [int(line) for line in lines if line.isdigit()]
    whole = len(numbers) > 900 and numbers == list(range(numbers[0], numbers[-1] + 1))
    return numbers if whole and numbers[-1] > last else None


def test_reading_a_log_from_end_to_end_shows_every_line(ems):
    go(ems)
    job = ems.finished("lines", params={"n": 60000})
    with watch(ems, 1000, 60) as screen:
        state(screen, job, "completed")
        screen.keys("l")
        screen.until(lambda lines: "59999" in lines)
        screen.keys("Home")
        screen.until(lambda lines: lines[2].startswith("Starting benchmark"))
        seen = []
        while not seen or seen[-1] < 59999:
            last = seen[-1] if seen else -1
            page = screen.until(lambda lines: whole_page(lines[2:998], last), "no further page")
            seen += [number for number in page if number > last]
            screen.keys("PageDown")
        assert seen == list(range(60000))


def test_a_broker_that_was_killed_and_comes_back_costs_no_line(ems):
    job = ems.run("ticks")
    with watch(ems) as screen:
        screen.see("tick 50")
        ems.kill9("broker")
        screen.see("CONNECTION LOST, reconnecting")
        state(screen, job, "running")
        other = None
        ems.start_part("broker")
        ems.wait_ready()
        screen.see_not("CONNECTION LOST")
        screen.see("connected")
        other = queue(ems, "waits")
        state(screen, other, "queued")
        (ems.work / "enough").touch()
        state(screen, job, "completed")
        state(screen, other, "running")
        lines = ems.log(job["job_id"]).decode().splitlines()
        select(screen, job)
        screen.keys("l")
        screen.see("completed: the end", lines[-1])
        shown = [line for line in screen.lines() if line.startswith("tick ")]
        assert shown == lines[-len(shown):]


def test_a_worker_that_goes_away_is_shown_so(ems):
    with watch(ems) as screen:
        screen.see(f"{WORKER}", "idle")
        ems.stop_part("worker")
        screen.see("offline")
        screen.see_not(" in line  ")
        ems.start_part("worker")
        ems.wait_ready()
        screen.see("idle")
        screen.see_not("no worker is connected")
