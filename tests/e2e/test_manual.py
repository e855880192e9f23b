# SPDX-License-Identifier: MPL-2.0
"""The manual pages say what the programs do: what there is in the code is in its page, and the other way round.

In a page, a line that begins in bold, with what it takes, defines: *-q*, *--queue*; *days* = _N_. Commands are headings of
the second level. What the code has is asked of the programs where they tell it (help), else read in it.
"""
import re
import subprocess

import pytest

from client_tool import EMS
from system import BIN, ROOT

PAGES = {path.name.removesuffix(".scd"): path
         for part in ("client", "broker", "worker", "proto")
         for path in sorted((ROOT / part / "man").glob("*.scd"))}
WANTED = {"ems.1", "ems-broker.8", "ems-worker.8", "ems-shim.8", "ems-notify.8", "ems.zpl.5",
          "ems-protocol.7"}
DAEMONS = {"ems-broker": "broker/io/broker_settings.c", "ems-worker": "worker/main.c",
           "ems-notify": "worker/notify/main.c"}
BOLD = r"\*((?:[^*\\]|\\.)+)\*"
# Tests pretend another boot of the machine with it; nobody else should.
FOR_TESTS = {"EMS_TEST_BOOT_ID"}


def sections(page, level="#"):
    """{heading: text below it}, subsections included; of level ## those below any heading."""
    text = re.sub(r"^```\n.*?^```\n", "", PAGES[page].read_text(), flags=re.M | re.S)
    parts = re.split(rf"^{level} (.*)\n", text, flags=re.M)[1:]
    found = dict(zip(parts[::2], parts[1::2]))
    return {heading: re.split(r"^# ", below, flags=re.M)[0] for heading, below in found.items()}


def defined(text):
    """The lines that define: each as the list of its bold words."""
    lines = re.findall(r"^(?=\*)(.*)\n\t", text, re.M)
    return [re.findall(BOLD, re.sub(r"= \*.*", "", line)) for line in lines]


def names(text):
    return {name for line in defined(text) for name in line}


def source(path):
    return (ROOT / path).read_text()


def output(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout


# ems(1)

def help_options(text):
    """{(letter or "", name, what it takes or "")} of the lines of a help text."""
    return {(letter or "", name, takes or "") for letter, name, takes in re.findall(
        r"^  (?:-(\w), |    )--([\w-]+)(?: (\S+))? ", text, re.M)}


def page_options(text):
    """The same of a page: its definitions, and what is said of another command's options."""
    lines = re.findall(r"^(\*-.*)\n\t", text, re.M)
    other = re.search(r"^Of \*[a-z]+\* it also takes: ((?:.+\n)+)", text, re.M)
    whole = ", ".join(lines + ([other[1].replace("\n", " ")] if other else []))
    return {(letter or "", name, takes or "") for letter, name, takes in re.findall(
        r"(?:\*-(\w)\*, )?\*--([\w-]+)\*(?: _([^_ ]+)_)?", whole)}


def commands():
    return re.findall(r"^  ([a-z]\w*) ", output(EMS, "help").partition("\nOptions")[0], re.M)


def headings():
    """{command: (its heading, the text below)}"""
    return {heading.split()[0]: (heading, text) for heading, text in sections("ems.1", "##").items()}


def test_every_command_has_its_section_and_every_section_its_command():
    assert set(headings()) == set(commands())


@pytest.mark.parametrize("command", commands())
def test_a_command_takes_what_its_section_says(command):
    heading, text = headings().get(command, ("", ""))
    told = output(EMS, "help", command)
    usage = re.match(r"usage: ems (.*?) \[OPTION\]…\n", told)[1]
    assert heading == usage.replace("…", "...")
    assert page_options(text) == help_options(told.partition("Options of every command:")[0])


def test_options_of_every_command_are_those_of_the_page():
    told = output(EMS, "help").partition("Options of every command:")[2]
    assert page_options(sections("ems.1")["OPTIONS OF EVERY COMMAND"]) == help_options(told)


def test_exit_codes_are_those_of_the_page():
    codes = set(re.findall(r"^\s+EXITS_\w+ = (\d+),", source("client/core/exits.h"), re.M))
    # A failed program's own code, and 1 of what judges: they have no name.
    assert names(sections("ems.1")["EXIT STATUS"]) - {"1", "255"} == codes
    told = output(EMS, "help").partition("Exit codes: ")[2]
    assert set(re.findall(r"\b(\d\d)\b", told)) <= codes


def test_keys_of_the_full_screen_are_those_of_the_page():
    code = dict((help_text, keys) for keys, ascii_keys, help_text in re.findall(
        r'"([^"]+)",\s+(NULL|"[^"]+"),\s+(?:NULL|"[^"]+"),\s+"([^"]+)" \}', source(
            "client/core/watchkeys.c")))
    assert len(code) > 20
    table = re.findall(r"^[\[|][\[ ] +((?:\*[^*]+\*(?:, )?)+)\n:[\[ ] (.*)$",
                       headings()["watch"][1], re.M)
    told = {text: re.findall(BOLD, keys) for keys, text in table}
    arrows = str.maketrans({"↑": "Up", "↓": "Down", "←": "Left", "→": "Right"})
    assert told == {text.removesuffix(" (Ctrl-C anywhere)"): keys.translate(arrows).split()
                    for text, keys in code.items()}


def test_other_names_of_commands_are_those_of_the_page():
    table = re.search(r"\bsame\[\] = \{(.*?)\n\};", source("client/core/cmdguess.c"), re.S)[1]
    code = {word: meant for word, meant in re.findall(r'\{ "(\w+)", "(\w+)" \}', table)}
    said = re.search(r"^Some commands have.*?:(.*?)\.$", PAGES["ems.1"].read_text(), re.M | re.S)[1]
    told = {}
    for part in said.split(";"):
        *words, meant = re.findall(BOLD, part)
        told |= {word: meant for word in words}
    assert told == code


def variables(*folders):
    text = "".join(path.read_text() for folder in folders
                   for path in sorted((ROOT / folder).rglob("*.[ch]")))
    asked = re.findall(r'(?:getenv|is_set) \("(\w+)"\)', text)
    listed = re.findall(r'^\s+const char \*names\[\] = \{ ("LC_.*) \};$', text, re.M)
    return set(asked) | {name for line in listed for name in re.findall(r'"(\w+)"', line)}


def test_variables_that_the_client_reads_are_those_of_the_page():
    assert names(sections("ems.1")["ENVIRONMENT"]) == variables("client", "proto") - FOR_TESTS


# The daemons

@pytest.mark.parametrize("daemon", DAEMONS)
def test_options_and_exit_codes_of_a_daemon_are_those_of_its_page(daemon):
    page = sections(f"{daemon}.8")
    options = {f"--{name}": wants == "required" for name, wants in re.findall(
        r'\{ "([\w-]+)", (required|no)_argument', source(DAEMONS[daemon]))}
    told = {f"--{name}": takes.isupper() and bool(takes) for name, takes in
            re.findall(r"\*--([\w-]+)\*(?: _(\w+)_)?\n\t", page["OPTIONS"])}
    assert told == options
    help_text = output(BIN / daemon, "--help")
    assert set(re.findall(r"--[\w-]+", help_text)) == set(options)
    codes = re.search(r"Exit codes: (.*)\Z", help_text, re.S)[1]
    assert names(page["EXIT STATUS"]) == set(re.findall(r"\b\d+\b", codes))


def test_the_shim_ends_as_its_page_says():
    main = source("worker/shim/main.c").partition("int main")[2]
    assert names(sections("ems-shim.8")["EXIT STATUS"]) == set(re.findall(r"return (\d+);", main))


def test_what_a_job_finds_in_its_environment_is_in_the_page():
    code = source("worker/io/shimstart.c")
    told = names(sections("ems-worker.8")["WHAT A JOB SEES"])
    assert told == set(re.findall(r'"(EMS_\w+|PYTHONUNBUFFERED)"', code))


def test_what_a_command_of_a_notice_finds_is_in_the_page():
    code = source("worker/notify/io/command.c") + source("worker/notify/io/strays.h")
    assert names(sections("ems-notify.8")["COMMANDS"]) == set(re.findall(r'"(EMS_\w+)["=]', code))


def test_files_of_the_shim_are_those_of_the_page():
    code = set(re.findall(r'^#define JOBDIR_\w+ +"([\w.]+)"', source("worker/shim/jobdir.h"), re.M))
    told = set(re.findall(r"^_(\w+\.\w+)_$", sections("ems-shim.8")["FILES"], re.M))
    assert told == code - {"tail.json"}  # the worker's own


# ems.zpl(5)

def listed(path, array):
    """The strings of an array in a source file."""
    found = re.search(rf"\b{array}(?:\[\w*\])+ = \{{(.*?)\}};", source(path), re.S)
    assert found, f"{path} has no list {array} any more: look where its keys are now"
    return set(re.findall(r'"([\w.-]+)"', found[1]))


# Section of the page -> where the code lists the keys that it takes: (file, array).
KEYS = {
    "SECTIONS": [("worker/core/settings.c", "sections"), ("broker/io/broker_settings.c", "sections")],
    "BROKER": [("broker/io/broker_settings.c", "names")],
    "WORKER": [("worker/core/settings.c", "keys")],
    "PROFILES": [("worker/core/profile.c", "own"), ("worker/core/terms.c", "terms_keys")],
    "Arguments": [("worker/core/profile.c", "known")],
    "Parameters": [("worker/core/parameter.c", "known")],
    "Rlimits": [("worker/core/terms.c", "terms_rlimit_names")],
    "RETENTION": [("worker/core/retention.c", "keys")],
    "NOTICES": [("worker/notify/core/target_config.c", "webhook_keys"),
                ("worker/notify/core/target_config.c", "mail_keys"),
                ("worker/notify/core/target_config.c", "command_keys")],
    "USERS.ZPL": [("proto/core/users.c", "names")],
    "CLIENT.ZPL": [("client/io/contexts.c", "names")],
}
# How often each file holds keys against a list: one more has to be looked at here.
CHECKS = {"worker/core/settings.c": 2, "broker/io/broker_settings.c": 2, "worker/core/profile.c": 2,
          "worker/core/parameter.c": 1, "worker/core/terms.c": 1, "worker/core/retention.c": 1,
          "worker/notify/core/target_config.c": 2, "proto/core/users.c": 2, "client/io/contexts.c": 2}


def zpl_sections():
    top = sections("ems.zpl.5")
    below = {heading: text for text in top.values()
             for heading, text in zip(*[iter(re.split(r"^## (.*)\n", text, flags=re.M)[1:])] * 2)}
    return {heading: re.split(r"^## ", text, flags=re.M)[0] for heading, text in top.items()} | below


@pytest.mark.parametrize("heading", KEYS)
def test_keys_of_the_configuration_are_those_of_the_page(heading):
    keys = set().union(*(listed(*where) for where in KEYS[heading]))
    if heading == "CLIENT.ZPL":  # two lists of one name
        keys |= {"current", "contexts", "clients", "events", "server_key", "certificate"}
    told = names(zpl_sections()[heading])
    assert told == keys


def test_every_list_of_keys_in_the_code_was_looked_at():
    found = {}
    for folder in ("proto", "broker", "worker", "client"):
        for path in sorted((ROOT / folder).rglob("*.c")):
            count = len(re.findall(r"\bconfig_only \(", path.read_text()))
            if count and path.name != "config.c":
                found[str(path.relative_to(ROOT))] = count
    assert found == CHECKS


def test_every_key_of_a_certificate_is_named():
    code = source("proto/net/cert.c")
    text = sections("ems.zpl.5")["CERTIFICATES"]
    for key in set(re.findall(r'"((?:public|secret)-key)"', code)):
        assert f"curve/{key}" in text and f"sign/{key}" in text


def test_defaults_and_bounds_that_the_page_names_are_those_of_the_code():
    limits = dict(re.findall(r"^#define (\w+) +(\d+)\b", source("proto/core/limits.h"), re.M))
    limits |= dict(re.findall(r"^#define (\w+) +(\d+)\b", source("worker/core/terms.h"), re.M))
    limits |= dict(re.findall(r"^#define (\w+) +(\d+)\b", source("worker/notify/core/target.h"), re.M))
    text = PAGES["ems.zpl.5"].read_text()
    for words, limit in {"may stand up to {} times": "LIMIT_ENDPOINTS",
                         "for each profile, up to {}": "LIMIT_PROFILES",
                         "{} if not said, at most": "DEFAULT_GRACE_MS",
                         "at most {}. Requests": "LIMIT_GRACE_MS",
                         "no more often than that; {} if": "DEFAULT_MAX_PREEMPTIONS",
                         "One argument, up to {} times": "LIMIT_ARGUMENTS",
                         "for each target, up to {}": "LIMIT_TARGETS",
                         "For one try; {} if": "DEFAULT_TIMEOUT_MS",
                         "up to {} receivers": "LIMIT_RECIPIENTS",
                         "for each user, up to {}": "LIMIT_USERS",
                         "Jobs of this user in the line of one worker; {} if": "DEFAULT_QUEUED",
                         "_N_\n\t{} if not said.\n\n*max_queued*": "DEFAULT_REQUESTS_PER_S",
                         "_N_\n\t{} if not said.\n\n# CLIENT": "DEFAULT_REQUEST_BYTES"}.items():
        assert words.format(limits[limit]) in text, limit


# ems-protocol(7)

def test_the_overview_of_the_protocol_names_what_the_protocol_has():
    protocol = source("proto/PROTOCOL.md")
    page = sections("ems-protocol.7")
    types = re.search(r"^## 5\. .*?(?=^## 6)", protocol, re.M | re.S)[0]
    requests = {name for line in re.findall(r"^### (.*)$", types, re.M) for name in line.split(", ")}
    assert names(page["REQUESTS"]) == requests | {"reload"}  # of section 11
    codes = re.search(r"^## 4\. .*?(?=^## 5)", protocol, re.M | re.S)[0]
    assert names(page["STATUS"]) == set(re.findall(r"^\| (\d+) \|", codes, re.M))
    records = re.search(r"^## 6\. .*?(?=^## 7)", protocol, re.M | re.S)[0]
    for key in ("status", "reason"):
        row = re.search(rf"^\| `{key}` \|(.*)\|$", records, re.M)[1]
        assert set(re.findall(r"`(\w+)`", row)) <= set(re.findall(BOLD, page["RECORDS"]))
    events = re.search(r"^## 8\. .*?(?=^## 9)", protocol, re.M | re.S)[0]
    topics = set(re.findall(r"^\| `(\w+)/", events, re.M))
    assert {name.strip("/") for name in names(page["EVENTS"])} - {""} == topics


# The pages

def test_all_pages_are_there():
    assert set(PAGES) == WANTED


@pytest.mark.parametrize("page", sorted(WANTED))
def test_a_page_is_well_formed(page):
    path = BIN.parent / "man" / page
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True,
                          text=True, check=False)
    # scdoc begins a paragraph where none is needed.
    wrong = [line for line in lint.stdout.splitlines() if "skipping paragraph macro" not in line]
    assert not wrong
    shown = subprocess.run(["mandoc", "-T", "utf8", path], capture_output=True, check=True)
    text = re.sub(r".\x08", "", shown.stdout.decode())
    name, section = page.rsplit(".", 1)
    assert text.splitlines()[0].split()[0] == f"{name}({section})"
    # Marks of the source that were not understood.
    assert not re.search(r"(?<![\w*/])\*\w|\w\*(?![\w*:])|@\w+@", text)


@pytest.mark.parametrize("page", sorted(WANTED))
def test_pages_that_are_named_exist(page):
    named = re.findall(r"\*([\w.-]+)\*\((\d)\)", PAGES[page].read_text())
    assert {f"{name}.{section}" for name, section in named} - {"setrlimit.2"} <= WANTED
