# SPDX-License-Identifier: MPL-2.0
"""Steering jobs by `ems watch`, with the real daemons, in a real terminal."""
import re

from fullscreen import go, queue, select, state, watch
from procs import eventually


def test_a_job_is_run_by_the_form_which_checks_what_is_typed(ems):
    with watch(ems, 30, 100) as screen:
        screen.see("no job yet")
        screen.keys("r")
        screen.see("profile         < lab >", "[x] all", "n               1000")
        screen.keys("Up", "Up")  # over the end of the form, to its button, and to the notes
        screen.keys("Home", "Tab")
        screen.until(lambda lines: any(line.startswith(">") and "[ Run ]" in line for line in lines))
        screen.keys("Tab", "t")
        screen.until(lambda lines: any("< t" in line for line in lines))
        for _ in range(8):
            if any("< typed >" in line for line in screen.lines()):
                break
            before = screen.text()
            screen.keys("t")
            screen.until(lambda lines, was=before: screen.text() != was)
        screen.see("< typed >", "count           10", "must")
        screen.keys("F5")
        screen.until(lambda lines: any(line.startswith(">!must") for line in lines))
        screen.see("must: it must be given: text like [A-Za-z0-9]")
        screen.type("it")
        screen.keys("BTab", "Space")  # the last item of the list: gamma
        screen.see("[x] gamma", "[ ] all")
        screen.keys("F5")
        screen.see("JOB ")
        job = eventually(lambda: next(iter(ems.jobs()), None))
        assert ems.finish(job["job_id"])["config"] == {
            "count": 10, "fast": False, "items": ["gamma"], "must": "it"}
        state(screen, job, "completed")


def test_cancel_asks_once_and_shows_the_end_in_its_colour(ems):
    job = ems.run("waits")
    with watch(ems) as screen:
        state(screen, job, "running")
        screen.keys("c")
        screen.see(f"Cancel job {job['job_id']} (waits, running)? y/n")
        screen.keys("n")
        screen.see_not("y/n")
        assert ems.status(job["job_id"])["status"] == "running"
        screen.keys("c", "y")
        state(screen, job, "cancelled")
        screen.see("0 running")
        assert ems.status(job["job_id"])["cancel"]["by"]
        screen.keys("Down")
        screen.until(lambda lines: "\x1b[38;5;208m" in screen.text("-e"))


def test_jobs_are_paused_moved_and_run_once_more(ems):
    runs = ems.run("waits")
    first, second = queue(ems, "waits"), queue(ems, "waits", notes="the second")
    with watch(ems) as screen:
        state(screen, second, "queued, 2nd")
        screen.keys("p")
        state(screen, runs, "paused")
        screen.keys("p")
        state(screen, runs, "running")
        select(screen, second)
        screen.keys("+")
        state(screen, second, "queued, 1st")
        state(screen, first, "queued, 2nd")
        screen.keys("P")
        screen.type("2")
        screen.keys("Enter")
        state(screen, first, "queued, 1st")
        assert ems.status(second["job_id"])["priority"] == 2
        screen.keys("d")
        screen.see("the second")
        screen.keys("Escape")
        go(ems)
        state(screen, second, "completed")
        screen.keys("R")
        screen.see(f"Run job {second['job_id']} once more?")
        screen.keys("y")
        screen.see("4 over")
        assert [job["notes"] for job in ems.jobs()].count("the second") == 2


def test_what_a_job_writes_cannot_drive_the_terminal(ems):
    job = ems.finished("raw", params={"n": 64})
    with watch(ems) as screen:
        state(screen, job, "completed")
        screen.keys("l", "Home")
        screen.see("\\x00", "Starting benchmark")
        for _ in range(5):
            screen.keys("PageDown")
        screen.until(lambda lines: lines[0].startswith(" EMS") and "Keys" in lines[-1])
        screen.keys("q", "q")
        assert screen.ended() == 0


def test_without_utf8_and_without_colours_it_works_as_well(ems):
    job = ems.run("progress")
    with watch(ems, LANG="C", NO_COLOR="1") as screen:
        state(screen, job, "running")
        screen.see("1/3", "#", "--")
        assert screen.text().isascii()
        assert not re.search(r"\x1b\[(3[0-8]|9\d)", screen.text("-e"))
    go(ems)


def test_keys_are_heard_under_a_flood(ems):
    job = ems.run("floods")
    with watch(ems) as screen:
        screen.see("a flood")
        screen.keys("Enter", "PageUp")
        screen.until(lambda lines: re.search(r": \d+ %", lines[1]))
        screen.keys("Home")
        screen.see("Starting benchmark")
        screen.keys("q", "c", "y")
        state(screen, job, "cancelled")


def current(screen):
    """The line of the list that is shown in reverse; "" if there is none."""
    rows = screen.text("-e").splitlines()[2:-1]
    return next((re.sub(r"\x1b\[[0-9;]*m", "", row).rstrip() for row in rows if "\x1b[7m" in row
                 or "\x1b[0;7m" in row), "")


def test_the_results_of_a_job_are_opened_and_read(ems):
    job = ems.finished("lab", params={"experiments": ["gmst_era"], "n": 100})
    with watch(ems) as screen:
        state(screen, job, "completed")
        screen.keys("o")
        screen.see(f"Results {job['run_id']}", "gmst_era/summary.md", "manifest.json")
        while not (here := current(screen)).endswith("gmst_era/summary.md"):
            screen.keys("Down")
            screen.until(lambda _, was=here: current(screen) != was)
        screen.keys("Enter")
        screen.see("gmst_era/summary.md: ", "# GMST / ERA", "| GMST error (arcsec) |")
        screen.keys("q", "q")
        state(screen, job, "completed")
