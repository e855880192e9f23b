# SPDX-License-Identifier: MPL-2.0
"""libems, installed: what it shows, who can compile its header, and its examples against a real system."""
import re
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from examples import EXAMPLES, ended, lines_until
from installed import Installed, cached, do
from procs import eventually
from system import ROOT, WORKER

PROGRAMS = {"ems", "ems-broker", "ems-worker", "ems-shim", "ems-notify", "lab-orchestrator"}


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="ems-library-") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def installed():
    with tempfile.TemporaryDirectory(prefix="ems-installed-") as path:
        yield Installed(path)


@pytest.fixture(scope="module")
def submit(installed):
    return installed.compile(EXAMPLES / "submit.c", "-std=gnu17")


@pytest.fixture(scope="module")
def monitor(installed):
    return installed.compile(EXAMPLES / "monitor.c", "-std=gnu17")


def declared():
    """The functions of ems.h."""
    text = re.sub(r"/\*.*?\*/|^#.*?$", "", (ROOT / "client" / "ems.h").read_text(), flags=re.S | re.M)
    names = re.findall(r"\b(ems_\w+) \(", text)
    assert len(names) == len(set(names)) > 40
    return set(names)


def start(ems, installed, program, *arguments):
    ems.environment |= installed.environment()
    return ems.spawn(program, *arguments)


def run(ems, installed, program, *arguments):
    """To its end: (exit code, stdout, stderr)."""
    return ended(start(ems, installed, program, *arguments))


def test_it_shows_what_the_header_declares_and_nothing_else(installed):
    assert installed.symbols() == declared()


def test_its_names_have_a_version_and_the_library_has_one(installed):
    shown = do("readelf", "-dVW", installed.lib / "libems.so")
    assert "Library soname: [libems.so.0]" in shown and re.search(r"Name: EMS_0\b", shown)
    assert (installed.lib / "libems.so").resolve().name == f"libems.so.{cached('CMAKE_PROJECT_VERSION')}"
    # The programs' own parts stay where they are.
    assert not re.search(r"smartcols|ncurses|curl", shown)


def test_everything_is_installed_and_nothing_needs_the_build(installed):
    assert {path.name for path in (installed.prefix / "bin").iterdir()} >= PROGRAMS
    for program in PROGRAMS:
        assert "RUNPATH" not in do("readelf", "-d", installed.prefix / "bin" / program)
    version = do(installed.prefix / "bin" / "ems", "version")
    assert cached("CMAKE_PROJECT_VERSION") in version
    papers = {path.name for path in (installed.prefix / "share" / "doc" / "ems").rglob("*")}
    assert papers >= {"PROTOCOL.md", "ems.zpl", "LICENSE"} | {path.name for path in EXAMPLES.iterdir()
                                                              if path.suffix in (".c", ".py", ".js")}
    assert not papers & {"node_modules", "__pycache__"}


def test_pkg_config_says_where_it_is_also_after_a_move(folder):
    installed = Installed(folder / "root")
    installed.move(folder / "elsewhere")
    assert installed.pkg_config("--modversion") == [cached("CMAKE_PROJECT_VERSION")]
    program = installed.compile(EXAMPLES / "submit.c")
    assert "elsewhere" in do("ldd", program, **installed.environment())


@pytest.mark.parametrize("standard", ["c99", "c17", "c++11", "c++20"])
def test_the_header_is_plain_c_and_cpp(installed, folder, standard):
    cpp = standard.startswith("c++")
    compiler = next(filter(shutil.which, ("g++", "clang++"))) if cpp else cached("CMAKE_C_COMPILER")
    source, made = folder / ("user.cpp" if cpp else "user.c"), folder / "user.o"
    source.write_text("#include <ems.h>\nconst char *version (void);\n"
                      "const char *version (void) { return ems_version (); }\n")
    do(compiler, f"-std={standard}", "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-c", source, "-o", made,
       *installed.pkg_config("--cflags"))
    assert re.search(r" U ems_version$", do("nm", made), re.M)  # by its plain name, not one of C++


def test_a_program_of_every_function_of_a_job_works(ems, installed):
    program = installed.compile(ROOT / "tests" / "e2e" / "library_user.c", "-std=c99")
    code, out, said = run(ems, installed, program)
    assert (code, said) == (0, ""), out
    assert out.splitlines() == [cached("CMAKE_PROJECT_VERSION").encode(), b"first ready", b"then over", b"listed 2",
                                b"whole log", b"cancelled 130", b"busy 409", b"unknown 404", b"nothing taken",
                                b"answered 900"]


def test_submit_runs_a_job_and_ends_as_it_ended(ems, installed, submit):
    code, out, said = run(ems, installed, submit, "say")
    [job] = ems.jobs()
    assert (code, job["status"]) == (0, "completed")
    assert out == ems.log(job["job_id"])
    assert said.splitlines()[0] == f"submit: job {job['job_id']} on {WORKER}"
    assert said.splitlines()[-1] == "submit: completed"
    assert run(ems, installed, submit, "exits", "n=7")[0] == 7


def test_submit_takes_parameters_of_every_type_and_says_what_is_wrong_with_them(ems, installed, submit):
    code, out, said = run(ems, installed, submit, "typed", "count=3", "fast=true", "name=abc", "items=alpha,gamma", "must=x")
    assert code == 0, said
    config = ems.jobs()[0]["config"]
    assert (config["count"], config["fast"], config["items"]) == (3, True, ["alpha", "gamma"])
    code, out, said = run(ems, installed, submit, "typed", "count=many", "must=x")
    assert code == 65 and "count" in said and out == b""
    assert run(ems, installed, submit)[0] == 64


def test_submit_cancels_on_a_signal_and_at_once_on_the_second(ems, installed, submit):
    process = start(ems, installed, submit, "patient")
    [job] = eventually(ems.jobs)
    ems.wait_log(job["job_id"], b"ready")
    process.send_signal(signal.SIGINT)
    ems.wait_log(job["job_id"], b"got SIGTERM")
    process.send_signal(signal.SIGINT)
    code, out, said = ended(process)
    assert code == 130 and said.count("asking to cancel") == 2
    assert ems.status(job["job_id"])["cancel"]["forced"]
    assert out == ems.log(job["job_id"])


def test_submit_loses_nothing_when_the_broker_is_killed(ems, installed, submit):
    process = start(ems, installed, submit, "steps")
    [job] = eventually(ems.jobs)
    (ems.work / "step.1").touch()
    ems.wait_log(job["job_id"], b"step 1\n")
    ems.kill9("broker")
    for step in range(2, 6):
        (ems.work / f"step.{step}").touch()
    eventually(lambda: b"step 5\n" in ems.log(job["job_id"]))
    ems.start_part("broker")
    code, out, said = ended(process)
    assert code == 0 and out == ems.log(job["job_id"])


def test_submit_says_who_does_not_answer(ems, installed, submit):
    ems.environment["EMS_ENDPOINT"] = "ipc:///nonexistent/clients"
    code, out, said = run(ems, installed, submit, "say")
    assert code == 69 and "/nonexistent/clients" in said


def test_monitor_sees_what_happens_and_that_the_broker_was_away(ems, installed, monitor):
    process = start(ems, installed, monitor)
    lines_until(process.stderr, f"^worker {WORKER} idle -")
    job = ems.run("waits")
    lines_until(process.stderr, f"^job {job['job_id']} running waits", f"^worker {WORKER} busy {job['job_id']}")
    ems.kill9("broker")
    lines_until(process.stderr, "connection is lost")
    ems.start_part("broker")
    lines_until(process.stderr, "connected again")
    lines_until(process.stderr, f"^job {job['job_id']} running waits")  # it looked how things stand
    (ems.work / "go").touch()
    lines_until(process.stderr, f"^job {job['job_id']} completed waits")
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 0


def test_monitor_shows_the_log_of_a_job_to_its_end(ems, installed, monitor):
    job = ems.run("waits")
    process = start(ems, installed, monitor, job["job_id"][:6])
    lines_until(process.stderr, f"^job {job['job_id']} running waits")
    (ems.work / "go").touch()
    code, out, _ = ended(process)
    assert code == 0 and out == ems.log(job["job_id"])
    code, out, said = run(ems, installed, monitor, "fedcba987654")
    assert code == 1 and "fedcba987654" in said
