# SPDX-License-Identifier: MPL-2.0
"""README.md as it stands: whatever it shows is typed, from an empty home folder, and answers as it shows.

A block ```console is typed, line by line, in one shell from the first to the last; what it shows below a command is
what the command has to say: ids, times and long numbers may differ, `…` stands for anything, on a line of its own for
any lines. A command ends with 0, or with what `# exit N` behind it says. A block ```zpl FILE, ```python FILE is
written to that file. A block ```sh is typed by another test, which is named here; ```text is a picture."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import procs
from system import BIN, ROOT, SANITIZER_WORDS

DOCUMENT = ROOT / "README.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
TYPED_ELSEWHERE = {"deploy/quickstart.sh": "test_quickstart.py",
                   "tests/run.sh": "what runs this test",
                   "cmake --preset release": "test_quickstart.py",
                   "cc client/examples/submit.c": "test_library.py",
                   "./submit lab": "test_library.py"}
COMMAND_S = 120
INSIDE = """
mount --bind "$BIN" "$BASE/bin" # which may be below /root
mount --bind "$BASE/root" /root
mount --bind "$BASE/srv" /srv
hostname bench-1
cd
exec bash --noprofile --norc "$1"
"""
# What differs from run to run, and what may stand in its place; the first that fits counts.
VARIES = [(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(?:-\d{6})?", None),            # a run
          (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d{3})?)?Z?", None),  # a moment
          (r"\b[0-9a-f]{12}\b", None),                                      # a job
          (r"\b\d\d:\d\d(?::\d\d(?:\.\d+)?)?\b", None),
          (r"\bnow\b|\b\d+[smhd] ago\b", None),
          (r"\b\d+(?:\.\d+)?(?: ?ms|s|m\d\ds|m|h\d\dm)\b", None),
          (r"[+-]?\b\d+\.\d+(?:e[+-]?\d+)?\b", r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?"),
          (r"\b\d{3,}\b", r"\d+"),
          (r"…", ".*?")]
VARIES = [(pattern, instead or f"(?:{pattern})") for pattern, instead in VARIES]
ANY_OF = re.compile("|".join(f"({pattern})" for pattern, _ in VARIES))


def blocks(text):
    """[(kind, file or '', text, line)]"""
    return [(found[1], found[2] or "", found[3], text.count("\n", 0, found.start()) + 1)
            for found in BLOCK.finditer(text)]


def commands(block):
    """[(command, what it shows)]"""
    out = []
    for line in block.splitlines():
        if line.startswith("$ "):
            out.append([line[2:], []])
        elif out and (out[-1][0].endswith("\\") and not out[-1][1]):
            out[-1][0] += "\n" + line.removeprefix("> ")
        else:
            out[-1][1].append(line)
    return out


def literal(text):
    return re.escape(text).replace(r"\ ", r"[ \t]+")


def line_pattern(line):
    """A regular expression for the lines that may stand where the document has this one."""
    line, out, at = " ".join(line.split()), "", 0
    for found in ANY_OF.finditer(line):
        out += literal(line[at:found.start()]) + VARIES[found.lastindex - 1][1]
        at = found.end()
    return rf"[ \t]*{out}{literal(line[at:])}[ \t]*\n"


def shown_pattern(lines):
    return re.compile("".join(r"(?:.*\n)*?" if line.strip() == "…" else line_pattern(line)
                              for line in lines) + r"\n*")


def test_the_pattern_of_what_is_shown_takes_what_varies_and_nothing_else():
    pattern = shown_pattern(["job 9803a6ffc0b8 completed, 2/2 experiments, took 0.1s", "…", "end"])
    assert pattern.fullmatch("job 0123456789ab completed, 2/2 experiments, took 1m05s\nx\ny\nend\n")
    assert pattern.fullmatch("job 0123456789ab completed, 2/2 experiments, took 0.1s\nend\n")
    assert not pattern.fullmatch("job 0123456789ab completed, 1/2 experiments, took 0.1s\nend\n")
    assert not pattern.fullmatch("job 0123456789ab failed, 2/2 experiments, took 0.1s\nend\n")


class Shell:
    """A home of nobody, on a host of its own name; /srv is empty, too."""

    def __init__(self):
        self.base = Path(tempfile.mkdtemp(prefix="ems-readme-", dir="/tmp"))
        for name in ("bin", "root", "srv", "out"):
            (self.base / name).mkdir()
        kept = {key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}
        self.environment = kept | {
            "HOME": "/root", "USER": "root", "BASE": str(self.base), "TERM": "dumb",
            "LANG": "C.UTF-8", "BIN": str(BIN), "PATH": f"{self.base}/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

    def write(self, name, text):
        path = Path(name)
        folder = self.base / "srv" if path.is_relative_to("/srv") else self.base / "root"
        (folder / path.name).write_text(text)

    def type(self, typed):
        """All commands in one shell; [(exit code, output)]."""
        script = self.base / "typed.sh"
        script.write_text("".join(
            f"exec >{self.base}/out/{number} 2>&1 </dev/null\n{command}\n"
            f"echo $? >{self.base}/out/{number}.code\n" for number, command in enumerate(typed)))
        done = subprocess.run(
            ["unshare", "--mount", "--uts", "sh", "-euc", INSIDE, "sh", script],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=COMMAND_S * len(typed), check=False)
        codes = [self.base / "out" / f"{number}.code" for number in range(len(typed))]
        ran = [path for path in codes if path.exists()]
        assert len(ran) == len(typed), f"ended at `{typed[len(ran)]}`: {done.stdout}"
        return [(int(path.read_text()), path.with_suffix("").read_text(errors="replace"))
                for path in codes]

    def close(self):
        left = procs.mentioning(str(self.base))
        for who in left:
            procs.kill(who)
        shutil.rmtree(self.base)
        assert not left, f"the README leaves running: {left}"


@pytest.fixture
def shell():
    shell = Shell()
    yield shell
    shell.close()


def test_the_readme_shows_what_is_so(shell):
    typed = []
    for kind, name, text, line in blocks(DOCUMENT.read_text()):
        if name:
            shell.write(name, text)
        elif kind == "console":
            typed += [(command, shown, line) for command, shown in commands(text)]
        elif kind == "sh":
            for command in text.splitlines():
                assert any(command.startswith(known) for known in TYPED_ELSEWHERE), command
        else:
            assert kind in ("text", "c"), f"line {line}: nobody types a block of {kind}"
    assert len(typed) > 20
    answers = shell.type([command for command, _, _ in typed])
    wrong = []
    for (command, shown, line), (code, said) in zip(typed, answers):
        assert not any(word in said for word in SANITIZER_WORDS), said
        expected = re.search(r"# exit (\d+)$", command)
        if code != int(expected[1] if expected else 0):
            wrong.append(f"{command} (block of line {line}) ended with {code}:\n{said}")
        elif not shown_pattern(shown).fullmatch(said):
            shows = "\n".join(shown)
            wrong.append(f"{command} (block of line {line}) says:\n{said}\nbut is shown as:\n{shows}")
    assert not wrong, "\n\n".join(wrong)
