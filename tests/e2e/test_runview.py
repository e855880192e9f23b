# SPDX-License-Identifier: MPL-2.0
"""`ems run --dry-run`, the end of a run as one sees it, and `ems results` show, diff and open."""
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from client_tool import EMS, ems as tool, environment, on_terminal
from conftest import running
from fake_ems import FakeEms
from procs import eventually
from profiles import JOBS, job
from system import WORKER, System
from terminal import CTRL_C, Terminal

REAL = Path(__file__).resolve().parent.parent / "fixtures" / "results"
WORDS = {"words": {"type": "string", "pattern": ".*"}}
LAB = ("lab", "--experiments", "gmst_era,kepler_solver", "--n", "10", "--no-perf")


@pytest.fixture(scope="module")
def ems(request):
    """A system with the runs of the fixtures: an older one and a newer one."""
    profiles = {"speaks": job("say.sh", "{words}", parameters=WORDS)}
    for system in running(request.node, System(profiles=profiles)):
        system.before, system.after = (system.finished("say") for _ in range(2))
        for run, name in ((system.before, "before"), (system.after, "after")):
            shutil.copytree(REAL / name, folder(run), dirs_exist_ok=True)
        yield system


def folder(run):
    return Path(run["results_dir"])


@pytest.fixture
def change(ems):
    """Change the newer run for one test: its gmst_era/libnova.json, read and written."""
    path = folder(ems.after) / "gmst_era" / "libnova.json"
    text = path.read_text()

    def change(action):
        document = json.loads(path.read_text())
        action(document)
        path.write_text(json.dumps(document))
    yield change
    path.write_text(text)


def diff(ems, *more):
    return ems.ems("results", "diff", ems.before["run_id"], ems.after["run_id"], *more)


# What a run would be


def test_a_dry_run_prints_a_command_that_a_shell_reads_back(ems):
    words = "it's $HOME; \"two\"  words\t\u202e\x1b[2J *"
    done = ems.ems("run", "speaks", "--dry-run", "--words", words)
    assert done.returncode == 0 and done.stdout.count("\n") == 1
    assert all(" " <= character for character in done.stdout[:-1]) and "\u202e" not in done.stdout
    read = subprocess.run(["bash", "-c", f"printf '%s\\0' {done.stdout.strip()}"], check=True,
                          capture_output=True).stdout.decode().split("\0")
    assert read == [str(JOBS / "say.sh"), words, ""]
    assert WORKER in done.stderr and str(ems.work) in done.stderr


def test_a_dry_run_runs_nothing_and_says_all_as_json(ems):
    before = ems.jobs()
    done = ems.ems("run", "typed", "--must", "it", "--dry-run", "--json", "--detach")
    told = json.loads(done.stdout)
    assert told["command"][-1] == "--must=it" and told["params"]["count"] == 10
    assert ems.jobs() == before


@pytest.mark.parametrize("arguments, word", [
    (["typed"], "must"), (["typed", "--must", "it", "--count", "0"], "count"),
    (["typed", "--must", "it", "--count", "help"], "--count"),
    (["typed", "--must", "it", "--contu", "5"], "--count"), (["tipped"], "tipped")], ids=str)
def test_a_dry_run_refuses_what_a_run_would(ems, arguments, word):
    done = ems.ems("run", "--dry-run", *arguments)
    assert (done.returncode, done.stdout) == (65, "") and word in done.stderr


# What is in a run


def test_show_tells_what_is_in_a_run(ems):
    done = ems.ems("results", "show", ems.before["run_id"])
    assert done.returncode == 0, done.stderr
    for text in (f"Run          {ems.before['run_id']}\n", ems.before["job_id"], "Files        3, ",
                 f"Path         {ems.before['results_dir']}\n", "4.0 KiB  gmst_era/libnova.json\n",
                 "gast_error_arcsec max  1.7506      70 %  ok     libnova 27.4 ns, erfa 185.4 ns\n",
                 "GMST / ERA (Time Scales)\n\nAccuracy", "  Metric                             p50",
                 "  libnova    27.4   26.9        1.0"):
        assert text in done.stdout, text
    assert "Models" not in done.stdout and "|" not in done.stdout


def test_show_of_an_experiment_is_its_whole_summary(ems):
    done = ems.ems("results", "show", ems.after["run_id"], "gmst_era")
    assert done.stdout.startswith("GMST / ERA (Time Scales)\n\nRun ")
    assert "\nModels\n" in done.stdout and "gmst_era/summary.md\n" in done.stdout
    assert "say/summary.md" not in done.stdout


def test_show_of_a_file_is_its_bytes(ems):
    data = bytes(range(256)) * 8192
    (folder(ems.after) / "raw").write_bytes(data)
    done = subprocess.run([EMS, "results", "show", ems.after["run_id"], "raw"], env=ems.environment, timeout=60,
                          capture_output=True, check=True)
    assert done.stdout == data
    (folder(ems.after) / "raw").unlink()


def test_show_gives_everything_as_json(ems):
    told = json.loads(ems.ems("--json", "results", "show", ems.before["job_id"]).stdout)
    assert told["run"]["run_id"] == ems.before["run_id"] == told["job"]["run_id"]
    real = json.loads((REAL / "before" / "gmst_era" / "libnova.json").read_text())
    assert told["results"] == {"gmst_era/libnova.json": real}


def test_a_run_is_named_as_one_likes(ems):
    for run in (ems.before, ems.after):
        job_id = run["job_id"]
        unique = next(job_id[:length] for length in range(4, 13)
                      if not any(other["job_id"].startswith(job_id[:length])
                                 for other in ems.jobs() if other != run and
                                 other["job_id"] != job_id))
        for name in (run["run_id"], job_id, unique):
            assert ems.ems("results", "open", name).stdout == f"{run['results_dir']}\n", name
    year = ems.ems("results", "open", ems.before["run_id"][:5])
    assert year.returncode == 75 and ems.before["run_id"] in year.stderr
    assert ems.after["run_id"] in year.stderr and "type more of it" in year.stderr


def test_without_a_name_the_newest_runs_are_meant(ems):
    one, other = (ems.finished("say") for _ in range(2))
    for arguments in ([], ["last"]):
        assert ems.ems("results", "open", *arguments).stdout == f"{other['results_dir']}\n"
    done = ems.ems("results", "diff")
    assert f"before  {one['run_id']}  " in done.stdout
    assert f"after   {other['run_id']}  " in done.stdout
    assert done.returncode == 66 and "no JSON file in common" in done.stderr


@pytest.mark.parametrize("arguments, code, text", [
    (["show", "2001-01"], 66, "no complete run and no job begins with `2001-01`"),
    (["show", "2001-01-01_00-00-00"], 66, "there are no results of a run 2001-01-01_00-00-00"),
    (["show", "2001-01-01_00-00-00"], 66, "`ems results --partial` what runs left that did not complete"),
    (["show", "--partial"], 64, "`ems results show` is for complete runs and does not take --partial"),
    (["diff", "--partial"], 64, "`ems results diff` is for complete runs and does not take --partial"),
    (["show", "gmst"], 66, "no complete run and no job begins with `gmst`"),
    (["show", "last", "sya"], 66, "did you mean `say`?"),
    (["show", "last", "../../logs"], 66, "no experiment and no file `../../logs`"),
    (["diff", "last", "zz"], 66, "begins with `zz`"),
    (["shwo"], 64, "did you mean `show`?"),
    (["last"], 64, "did you mean `ems results show last`?"),
    (["2001-01-01_00-00-00"], 64, "did you mean `ems results show 2001-01-01_00-00-00`?"),
    (["open", "last", "more"], 64, "does not take `more`; usage: ems results open [RUN]"),
    (["diff", "--tolerance", "-5"], 64, "--tolerance takes a number from 0 to 1000")], ids=str)
def test_what_does_not_exist_is_told_with_what_does(ems, arguments, code, text):
    ems.finished("say")
    done = ems.ems("results", *arguments)
    assert (done.returncode, done.stdout) == (code, "") and text in done.stderr, done


def test_a_job_without_results_says_why(ems):
    failed = ems.finished("exits", params={"n": 3})
    done = ems.ems("results", "show", failed["job_id"])
    assert done.returncode == 75 and "failed" in done.stderr


# What became worse


def test_runs_that_are_the_same_have_no_regression(ems):
    done = ems.ems("results", "diff", *2 * [ems.after["run_id"]])
    assert done.returncode == 0 and "no regression" in done.stdout and "✗" not in done.stdout


def test_two_real_runs_of_one_program_have_no_regression(ems):
    done = diff(ems)
    assert done.returncode == 0, done.stdout
    assert "libnova time" in done.stdout and "figures are the same" in done.stdout


def test_a_deviation_that_grew_is_a_regression(ems, change):
    def worse(document):
        document["accuracy"]["gmst_error_arcsec"]["p99"] *= 1.5
    change(worse)
    done = diff(ems)
    assert done.returncode == 1 and "1 regression" in done.stdout
    assert "gmst_error_arcsec p99   0.27378   0.41067  +50.0 %  ✗ worse" in done.stdout
    assert diff(ems, "--tolerance", "60").returncode == 0
    told = json.loads(diff(ems, "--json").stdout)
    assert told["worse"] == 1 and told["before"]["run_id"] == ems.before["run_id"]
    rows = told["files"][0]["figures"]
    assert [row["figure"] for row in rows if row["verdict"] == "worse"] == ["gmst_error_arcsec p99"]
    back = ems.ems("results", "diff", ems.after["run_id"], ems.before["run_id"])
    assert back.returncode == 0 and "✓ better" in back.stdout


def test_a_time_counts_beyond_the_noise_and_the_machine(ems, change):
    real = json.loads((REAL / "before" / "gmst_era" / "libnova.json").read_text())

    def times(factor, reference):
        def action(document):
            for name, by in (("libnova", factor), ("erfa", reference)):
                for key in ("median_ns", "interval95_ns"):
                    value = real["performance"][name][key]
                    document["performance"][name][key] = (
                        [by * item for item in value] if isinstance(value, list) else by * value)
        change(action)
        return diff(ems)
    assert times(1.03, 1).returncode == 0
    slower = times(1.4, 1)
    assert slower.returncode == 1 and "✗ slower" in slower.stdout and "+40.0 %" in slower.stdout
    machine = times(1.4, 1.3)
    assert machine.returncode == 0 and "within the drift" in machine.stdout
    assert "differs by up to 30 %" in machine.stdout
    assert "✓ faster" in times(0.5, 1).stdout


def test_a_broken_bound_counts_whatever_the_inputs_were(ems, change):
    def other(document):
        document["inputs"]["fingerprint"] = "fnv1a64:0"
        document["accuracy"]["gmst_error_arcsec"]["p50"] *= 3
    change(other)
    done = diff(ems)
    assert done.returncode == 0 and "other inputs, so deviations and times are not judged" in done.stdout
    change(lambda document: document["accuracy"]["gmst_error_arcsec"]["bound"].update(exceeded=True))
    done = diff(ems)
    assert done.returncode == 1 and "gmst_error_arcsec over its bound" in done.stdout


def test_any_json_is_compared_by_its_numbers(ems):
    for run, value in ((ems.before, 4), (ems.after, 9)):
        (folder(run) / "own.json").write_text(json.dumps({"rate": {"ops": [1, value]}, "name": "x"}))
        (folder(run) / "broken.json").write_text("{")
    (folder(ems.after) / "new.json").write_text("{}")
    done = diff(ems)
    assert done.returncode == 0 and "own.json\n" in done.stdout
    assert "rate.ops[1]       4      9  +125.0 %  changed" in done.stdout
    assert "new.json: only after" in done.stdout
    assert done.stderr.count("broken.json of run") == 2
    for run in (ems.before, ems.after):
        for name in ("own.json", "broken.json", "new.json"):
            (folder(run) / name).unlink(missing_ok=True)


# On a terminal


def test_what_others_wrote_cannot_touch_the_terminal(ems):
    evil = "\x1b[2J\x1b]0;x\x07\u202e\r"
    run = ems.after["run_id"]
    names = folder(ems.after) / f"evil{evil}"
    names.mkdir()
    (names / "summary.md").write_text(f"# t{evil}\n\n|a{evil}|b|\n|-|-|\n|{evil}|\x00|\n")
    (names / "x.json").write_text(json.dumps({"accuracy": {evil: {"p50": 1, "max": 2}}}))
    for arguments in (["show", run], ["show", run, names.name], ["diff", ems.before["run_id"], run],
                      ["show", run, f"{names.name}/x.json"], ["show", run, "evil"]):
        with Terminal([EMS, "--color=never", "results", *arguments], environment(ems.state)) as terminal:
            terminal.finish()  # its screen knows no control characters
            assert terminal.text().strip()
    shutil.rmtree(names)


def test_a_run_ends_with_the_tables_of_its_summaries_on_a_terminal(ems):
    with Terminal([EMS, "run", *LAB], environment(ems.state), columns=80) as terminal:
        assert terminal.finish(60) == 0
        lines = terminal.screen.lines
    begin = next(at for at, line in enumerate(lines) if line == "GMST / ERA (Time Scales)")
    shown = "\n".join(lines[begin:])
    assert "Kepler Solver" in shown and "E error (rad)" in shown
    assert "completed, 2/2 experiments" in lines[-3] and lines[-2].startswith("results: /")
    assert shown.count("Metric") == 4  # at 80 columns each table goes on below
    assert max(map(len, lines[begin:-2])) <= 80
    with Terminal([EMS, "run", "--no-summary", *LAB], environment(ems.state)) as terminal:
        assert terminal.finish(60) == 0
        assert terminal.screen.lines[-2].startswith("results: ")


def test_in_a_pipe_stdout_is_the_log_and_summaries_come_when_asked_for(ems):
    plain = ems.ems("run", *LAB)
    asked = ems.ems("run", "--summary", *LAB)
    for done in (plain, asked):
        job_id = done.stderr.split("job ")[1].split()[0]
        assert done.returncode == 0 and done.stdout.encode() == ems.log(job_id)
    assert "E error (rad)" not in plain.stderr and "E error (rad)" in asked.stderr
    waited = ems.ems("wait", "last", "--summary")
    assert "completed" in waited.stdout and "E error (rad)" in waited.stderr


def test_a_failure_shows_the_end_of_the_log_where_it_was_not_seen(ems):
    with open(ems.base / "out", "wb") as out:
        apart = subprocess.run([EMS, "run", "exits", "--n", "3"], env=ems.environment, stdout=out,
                               stderr=subprocess.PIPE, timeout=60, check=False, text=True)
    seen = ems.ems("run", "exits", "--n", "3")
    waited = ems.ems("wait")
    last = ems.log("".join(ems.jobs()[0]["job_id"])).decode().splitlines()[-1]
    for done in (apart, seen, waited):
        assert done.returncode == 3
    for said in (apart.stderr, waited.stderr):
        assert "the end of the log of job " in said and f"{last}\n" in said
    assert "the end of the log" not in seen.stderr
    for said in (apart.stderr, seen.stderr, waited.stdout):
        assert "failed: exit code 3" in said and "more: ems logs " in said


@pytest.fixture
def fake():
    with FakeEms() as fake:
        fake.begin()
        yield fake


def over(fake):
    eventually(lambda: any(kind == "sync" for kind, _ in fake.requests))
    fake.do(fake.say, b"a line\n")
    fake.do(fake.finish, results_dir="/r/2026-02-13_14-30-45")


NAMES = {"run_id": "2026-02-13_14-30-45", "worker": WORKER, "path": "/r", "job_id": None}
ODD_FILES = [{}, {"run_id": 5}, NAMES, NAMES | {"files": 7}, NAMES | {"files": {"path": "a.json"}},
             NAMES | {"files": [5, None, {"path": 5}, {"path": "a.json", "size": "x"},
                                {"path": "b.json", "size": -1}, {"path": "", "size": 2**62},
                                {"path": "summary.md", "size": 3}], "more": "yes"}]
ODD_PIECES = [{}, {"data": "text", "eof": True}, {"data": b"{}", "eof": "no"}, {"data": b"", "eof": False},
              {"data": b"x" * 300000, "eof": False}]


@pytest.mark.parametrize("piece", ODD_PIECES, ids=lambda piece: str(piece)[:40])
def test_answers_that_make_no_sense_are_survived(fake, piece):
    for files in ODD_FILES:
        fake.do_files = lambda _id, _body, files=files: (200, None, files)
        fake.do_file = lambda _id, _body: (200, None, piece)
        fake.do_results = lambda _id, _body: (200, None, {"runs": [4, {"run_id": 1}, NAMES], "next": 3})
        for arguments in (["show", "abc123def456"], ["show", "last"], ["diff", "2026", "2026-02-13_14-30-45"],
                          ["open", "abc"]):
            done = tool(fake, "results", *arguments)
            assert done.returncode in (0, 66, 70), (files, arguments, done)


def test_a_summary_that_cannot_be_had_changes_nothing(fake):
    fake.refuse["files"] = [(404, "there are no results of that run", None)]
    with on_terminal(fake, "attach") as terminal:
        over(fake)
        assert terminal.finish() == 0
        assert "results: /r/2026" in terminal.text()
        assert "the summary cannot be shown: there are no results" in terminal.text()


def test_ctrl_c_ends_the_wait_for_a_summary(fake):
    fake.silent = {"files"}
    with on_terminal(fake, "attach") as terminal:
        over(fake)
        terminal.until(lambda: any(kind == "files" for kind, _ in fake.requests))
        terminal.type(CTRL_C)
        assert terminal.finish(8) == 0
        assert "cannot be shown" not in terminal.text() and terminal.is_restored()
