# SPDX-License-Identifier: MPL-2.0
"""Completion, typed into real shells on terminals: TAB asks the program, and the program the server.

What a shell makes of a line shows when it is executed: `ems` is then a script that writes down its
arguments, and the real program for everything that completion asks it.
"""
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from client_tool import environment
from fake_ems import WORKER, FakeEms, record
from system import BIN, ROOT
from terminal import Terminal

EMS = str(BIN / "ems")
SHELLS = ("bash", "zsh", "fish")
TAB, ENTER = b"\t", b"\r"
RUNNING, WAITING, OVER = "a1b2c3d4e5f6", "aa11223344ff", "0f0e0d0c0b0a"
RUN = "2026-02-13_14-30-45"
PROMPT = "READY>"
SCRIPTS = ROOT / "client" / "completions"

RC = {
    "bash": "PS1='READY>'\neval \"$(ems completion bash)\"\n",
    "zsh": "PS1='READY>'\nautoload -Uz compinit && compinit -D -u\n"
           "eval \"$(ems completion zsh)\"\n",
    "fish": "function fish_prompt; echo -n 'READY>'; end\nset -g fish_greeting\n"
            "ems completion fish | source\n",
}
# The same from a file, each as its shell finds those that packages bring.
INSTALLED = {
    "bash": "PS1='READY>'\nsource {base}/ems.bash\n",
    "zsh": "PS1='READY>'\nfpath=({base} $fpath)\nautoload -Uz compinit && compinit -D -u\n",
    "fish": "function fish_prompt; echo -n 'READY>'; end\nset -g fish_greeting\n"
            "set -g fish_complete_path {base} $fish_complete_path\n",
}
TRIES = 20  # on a busy machine half a second may be over before there was an answer


class Typist:
    """A shell on a terminal, in a folder with some files, whose `ems` notes what it is called with."""

    def __init__(self, shell, fake, start=None):
        self.base = Path(tempfile.mkdtemp(prefix="ems-typed-", dir="/tmp"))
        (self.base / "bin").mkdir()
        (self.base / "work" / "folder").mkdir(parents=True)
        (self.base / "work" / "site.zpl").touch()
        # Without it fish begins to read all manual pages of the machine, and goes on without us.
        (self.base / "data" / "fish" / "generated_completions").mkdir(parents=True)
        self.said = self.base / "said"
        script = self.base / "bin" / "ems"
        script.write_text(f"""#!/bin/sh
case $1 in complete | completion) exec {shlex.quote(EMS)} "$@" ;; esac
printf '%s\\0' "$@" > {self.base}/said.new && mv {self.base}/said.new {self.said}
""")
        script.chmod(0o755)
        rc = self.base / (".zshrc" if shell == "zsh" else "rc")
        rc.write_text((start or RC)[shell].format(base=self.base))
        for name in ("ems.bash", "ems.fish", "_ems"):
            shutil.copy(SCRIPTS / ("ems.zsh" if name == "_ems" else name), self.base / name)
        commands = {"bash": ["bash", "--noprofile", "--rcfile", rc, "-i"], "zsh": ["zsh", "-i"],
                    "fish": ["fish", "-i", "-C", f"source {rc}"]}
        variables = environment(fake.state, HOME=str(self.base), ZDOTDIR=str(self.base),
                                XDG_CONFIG_HOME=str(self.base / ".config"),
                                XDG_DATA_HOME=str(self.base / "data"), HISTFILE="/dev/null",
                                PATH=f"{self.base}/bin:{os.environ['PATH']}")
        self.terminal = Terminal(commands[shell], variables, 40, 120, cwd=self.base / "work")
        self.terminal.screen.feed = lambda _text: None  # shells move about on it as they like

    def __enter__(self):
        try:
            self.prompt()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.terminal.__exit__()
        shutil.rmtree(self.base)

    def shown(self):
        """All that was written, without colours and motions."""
        text = re.sub(r"\x1b(\[[0-9;?>=]*[A-Za-z]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])", "",
                      self.terminal.text())
        return text

    def prompt(self):
        before = getattr(self, "prompts", 0)
        self.terminal.until(lambda: self.shown().count(PROMPT) > before)
        self.prompts = self.shown().count(PROMPT)

    def typed(self, text):
        """Type it with its TABs and ENTER; the arguments that `ems` then got."""
        self.said.unlink(missing_ok=True)
        self.terminal.type(text.encode())
        self.terminal.type(ENTER)
        self.terminal.until(self.said.exists)
        said = self.said.read_bytes().decode().split("\0")[:-1]
        self.prompts = self.shown().count(PROMPT)
        return said

    def becomes(self, text, *wanted):
        """Type it; these are the arguments that `ems` gets."""
        for _ in range(TRIES):
            said = [word.rstrip("/") for word in self.typed(text)]  # zsh takes it away again
            if said == list(wanted):
                return
        raise AssertionError(f"{said}, not {wanted}")

    def looked(self, text, *wanted):
        """Type it, and TAB until these words stand on the screen; then throw the line away."""
        start = len(self.shown())
        self.terminal.type(text.encode())
        self.terminal.type(TAB)
        end = time.monotonic() + 20
        while not all(word in self.shown()[start:] for word in wanted):
            assert time.monotonic() < end, self.shown()[start:]
            if not self.terminal.read(0.5):
                self.terminal.type(TAB)
        self.terminal.type(b"\x15")
        return self.shown()[start:]


@pytest.fixture(scope="module")
def fake():
    with FakeEms() as fake:
        fake.list = [record(WAITING, status="queued", position=1, run_id=None, started_at=None),
                     record(RUNNING, notes="first light"),
                     record(OVER, status="completed", finished_at="2026-02-13T14:30:50.000Z",
                            exit={"code": 0, "signal": None})]
        fake.do_results = lambda _id, _body: (200, None, {"runs": [
            {"run_id": RUN, "job_id": OVER, "worker": WORKER, "path": "/x", "experiments": ["a"]}]})
        yield fake


@pytest.fixture(params=SHELLS)
def shell(request, fake):
    with Typist(request.param, fake) as typist:
        typist.name = request.param
        yield typist


def complete(fake, *words, answers=True, **more):
    """What the helper answers: how the word is completed, what of it is settled, {word: what it is}."""
    for _ in range(TRIES if answers else 1):
        begun = time.monotonic()
        done = subprocess.run([EMS, "complete", *words], env=environment(fake.state, **more),
                              capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=60,
                              check=False)
        if time.monotonic() - begun < 0.5:
            break
    assert done.returncode == 0 and done.stderr == ""
    head, *lines = done.stdout.splitlines()
    how, settled = head.split("\t")
    return how, settled, dict((line.split("\t") + [None])[:2] for line in lines)


def words(fake, *typed, **more):
    return list(complete(fake, *typed, **more)[2])


# In the shells

def test_a_line_is_completed_from_the_command_to_the_last_value(shell):
    shell.becomes("ems canc\ta1\t", "cancel", RUNNING)
    # Where a comma may follow fish puts neither that nor a blank.
    shell.becomes("ems run l\t--exp\tgm\t --n 5", "run", "lab", "--experiments", "gmst_era", "--n", "5")
    shell.becomes("ems run lab --experiments=gmst_era,eq\t", "run", "lab", "--experiments=gmst_era,equ_ecl")
    shell.becomes("ems --color=al\tworkers", "--color=always", "workers")
    shell.becomes("ems keep 20\t", "keep", RUN)
    shell.becomes("ems run lab -p no\ttr\t", "run", "lab", "-p", "no_perf=true")
    shell.becomes("ems ping -w be\t", "ping", "-w", WORKER)


def test_files_and_folders_are_those_that_are_here(shell):
    shell.becomes("ems up --config si\t", "up", "--config", "site.zpl")
    shell.becomes("ems up --config=si\t", "up", "--config=site.zpl")
    shell.becomes("ems keygen x --directory fo\t", "keygen", "x", "--directory", "folder")
    shell.becomes("ems keygen x --directory=fo\t", "keygen", "x", "--directory=folder")


@pytest.mark.parametrize("name", SHELLS)
def test_an_installed_script_does_the_same(name, fake):
    with Typist(name, fake, INSTALLED) as typist:
        typist.becomes("ems canc\ta1\t", "cancel", RUNNING)
        typist.becomes("ems keep 20\t", "keep", RUN)


def test_a_choice_is_listed_with_what_the_things_are(shell):
    text = shell.looked("ems cancel ", RUNNING, WAITING, "first light", "queued, 1st")
    assert text.index(RUNNING) < text.index(WAITING) and OVER not in text
    shell.looked("ems run lab --", "--no-perf", "a switch", "--detach")


def test_a_server_that_does_not_answer_costs_half_a_second_and_says_nothing(shell, fake):
    fake.silent = {"list"}
    try:
        begun = time.monotonic()
        shell.becomes("ems cancel \tx", "cancel", "x")
        assert time.monotonic() - begun < 5
        assert "nobody" not in shell.shown()
    finally:
        fake.silent = set()


# The helper that they ask

def test_commands_are_offered_and_the_helper_itself_is_not(fake):
    how, _, found = complete(fake, "")
    assert how == "words" and "complete" not in found
    assert {"run", "ps", "cancel", "completion"} <= set(found)
    assert found["cancel"] == "stop a job and wait until it is dead"
    assert words(fake, "help", "canc") == ["cancel"]
    assert words(fake, "--json", "canc") == ["cancel"]


def test_options_are_those_of_the_command_and_said_ones_are_gone(fake):
    assert words(fake, "cancel", "--g") == ["--grace"]
    assert words(fake, "cancel", "--grace", "2s", "--g") == []
    assert words(fake, "run", "lab", "--lab") == ["--label"]
    assert words(fake, "run", "lab", "--label", "a=b", "--lab") == ["--label"]
    assert words(fake, "logs", "--", "--f") == []


def test_jobs_are_those_that_the_command_can_be_about(fake):
    assert words(fake, "cancel", "") == [RUNNING, WAITING]
    assert words(fake, "pause", "") == [RUNNING]
    assert words(fake, "resume", "") == []
    assert words(fake, "priority", "") == [WAITING]
    assert words(fake, "logs", "") == [WAITING, RUNNING, OVER]
    assert words(fake, "logs", "l") == ["last"]
    assert words(fake, "run", "lab", "--after", "") == [RUNNING, WAITING]
    assert words(fake, "keep", "") == [WAITING, RUNNING, OVER, RUN]
    assert words(fake, "unkeep", "") == [RUN]
    assert complete(fake, "pause", "")[2][RUNNING].endswith(": first light")


def test_parameters_are_the_profiles_and_their_values_what_it_allows(fake):
    assert words(fake, "run", "") == ["lab"]
    assert words(fake, "run", "lab", "--")[:3] == ["--experiments", "--n", "--no-perf"]
    assert words(fake, "run", "lab", "")[:3] == ["--experiments", "--n", "--no-perf"]
    assert words(fake, "run", "lab", "--n", "5", "--")[:2] == ["--experiments", "--no-perf"]
    assert complete(fake, "run", "lab", "--experiments", "") == (
        "items", "", {"gmst_era": None, "equ_ecl": None, "all": "each of them"})
    assert complete(fake, "run", "lab", "--experiments=equ_ecl,") == (
        "items", "--experiments=equ_ecl,", {"--experiments=equ_ecl,gmst_era": None})
    assert words(fake, "run", "lab", "--no-perf=") == ["--no-perf=true", "--no-perf=false"]
    assert words(fake, "run", "lab", "--no-perf", "")[0] == "--experiments"
    assert words(fake, "run", "lab", "--n", "") == []
    assert words(fake, "run", "lab", "-p", "no") == ["no_perf="]
    assert words(fake, "run", "nosuch", "--note") == ["--notes"]


def test_values_of_options_and_words_of_commands(fake):
    assert words(fake, "--color", "") == ["auto", "always", "never"]
    assert words(fake, "ping", "--worker=") == ["--worker=bench-1"]
    assert words(fake, "keygen", "x", "--role", "viewer,") == ["viewer,operator", "viewer,admin",
                                                               "viewer,worker"]
    assert words(fake, "completion", "") == list(SHELLS)
    assert words(fake, "context", "") == ["list", "use", "add", "remove"]
    assert complete(fake, "up", "--config=/et")[:2] == ("files", "--config=")
    assert complete(fake, "keygen", "x", "--directory", "")[0] == "folders"
    assert complete(fake, "wait", "-t", "") == ("words", "", {})


def test_what_is_in_a_run_is_asked_of_its_worker(fake):
    with FakeEms() as other:
        asked = []
        other.do_results = fake.do_results
        other.do_files = lambda _id, body: (asked.append(body), (200, None, {
            "run_id": RUN, "job_id": OVER, "worker": WORKER, "path": "/x", "files": [
                {"path": "gmst_era/result.json", "size": 1}, {"path": "gmst_era/summary.md", "size": 1},
                {"path": "report.md", "size": 1}, {"path": "$(id)/x", "size": 1}]}))[1]
        assert words(other, "results", "") == ["show", "diff", "open"]
        assert words(other, "results", "show", "") == words(other, "results", "diff", "") == [RUN]
        assert words(other, "results", "diff", RUN, "") == [RUN]
        assert words(other, "results", "show", "l") == ["last"]
        assert words(other, "results", "show", RUN, "") == [
            "gmst_era", "gmst_era/result.json", "gmst_era/summary.md", "report.md"]
        assert asked[-1] == {"run_id": RUN}
        assert words(other, "results", "show", OVER, "rep") == ["report.md"]
        assert asked[-1] == {"job_id": OVER}


def test_columns_and_fields_are_those_of_the_list(fake):
    assert {"id", "user", "labels"} <= set(words(fake, "ps", "-o", ""))
    assert complete(fake, "ps", "-o", "user,sta")[0] == "items"
    assert words(fake, "ps", "-o", "user,use") == []
    assert words(fake, "ps", "-o", "+use") == ["+user"]
    assert words(fake, "workers", "--columns=st") == ["--columns=state"]
    assert words(fake, "ps", "--status", "running,q") == ["running,queued"]
    assert words(fake, "workers", "--status", "") == ["idle", "busy", "offline"]
    assert words(fake, "ps", "--filter", "use") == ["user="]
    assert words(fake, "ps", "--filter", "labe") == ["labels."]
    assert words(fake, "ps", "--filter", "status=can") == ["status=cancelling", "status=cancelled"]
    assert words(fake, "ps", "--filter", "profile=") == ["profile=lab"]
    assert words(fake, "ps", "--filter=worker=b") == ["--filter=worker=bench-1"]
    assert words(fake, "workers", "--filter", "state=i") == ["state=idle"]


def test_contexts_are_those_of_the_users_file(fake, tmp_path):
    (tmp_path / "ems").mkdir()
    (tmp_path / "ems" / "client.zpl").write_text(
        'contexts\n    lab\n        clients = "ipc:///x/clients"\n    far\n        clients = '
        '"ipc:///y/clients"\n')
    config = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert complete(fake, "context", "use", "", **config)[2] == {"lab": "ipc:///x/clients",
                                                                 "far": "ipc:///y/clients"}
    assert complete(fake, "-c", "l", **config)[2] == {"lab": "ipc:///x/clients"}
    assert not {"lab", "far"} & set(complete(fake, "context", "add", "", **config)[2])


def test_the_broker_is_where_the_line_says(fake):
    with FakeEms() as other:
        other.list = [record("bbbbbbbbbbbb")]
        assert words(fake, "-e", other.endpoint("clients"), "pause", "") == ["bbbbbbbbbbbb"]
        assert words(fake, "--state", str(other.state), "pause", "") == ["bbbbbbbbbbbb"]


def test_without_a_server_there_is_less_and_nothing_is_said(fake, tmp_path):
    alone = ("--state", str(tmp_path))
    begun = time.monotonic()
    assert words(fake, *alone, "cancel", "", answers=False) == []
    assert time.monotonic() - begun < 5
    assert "--detach" in words(fake, *alone, "run", "--", answers=False)
    assert words(fake, "-c", "nosuch", "cancel", "", answers=False) == []
    assert words(fake, "-e", "nonsense", "cancel", "", answers=False) == []
    assert words(fake, "-e", "tcp://nosuch.invalid:5570", "cancel", "", answers=False) == []


def test_words_of_the_other_side_cannot_become_more_than_words(fake):
    with FakeEms() as other:
        evil = record(RUNNING, notes="\x1b[31m$(touch /tmp/x)\n`id`\tx")
        other.do_list = lambda _id, _body: (200, None, {"jobs": [
            evil, record("$(id)"), {"job_id": "zz"}, 7]})
        other.do_profiles = lambda _id, _body: (200, None, {"profiles": [
            {"name": "$(id)", "parameters": []}, {"name": "a b", "parameters": []}, {"name": 7}, 9,
            {"name": "good", "command": "x\ty", "parameters": [{"name": "n;id", "type": "int"}, 3]}]})
        how, _, found = complete(other, "pause", "")
        assert list(found) == [RUNNING]
        assert not re.search(r"[\x00-\x1f]", found[RUNNING])
        assert complete(other, "run", "")[2] == {"good": "x y"}
        assert words(other, "run", "good", "--n")[0] == "--notes"


def test_a_profile_of_two_workers_is_offered_once(fake):
    with FakeEms() as other:
        lab = {"name": "lab", "worker": "a", "command": "/x", "parameters": []}
        other.do_profiles = lambda _id, _body: (200, None, {"profiles": [lab, lab | {"worker": "b"}]})
        assert words(other, "run", "") == ["lab"]


def test_the_scripts_that_are_installed_are_those_that_are_printed(fake):
    for shell in SHELLS:
        printed = subprocess.run([EMS, "completion", shell], capture_output=True, check=True)
        assert printed.stdout == (SCRIPTS / f"ems.{shell}").read_bytes()
        assert subprocess.run([shell, "-n", SCRIPTS / f"ems.{shell}"], check=False).returncode == 0
    wrong = subprocess.run([EMS, "completion", "bsh"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 64
    assert wrong.stderr == ("ems: there is no completion for `bsh`; did you mean `ems completion "
                            "bash`?\n")
