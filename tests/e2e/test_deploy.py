# SPDX-License-Identifier: MPL-2.0
"""deploy/README.md as it stands: every command on its host. Hosts are network namespaces, each with a home folder, a
name and a list of the other hosts of its own; scp, which would need a login, is a copy between the home folders."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import procs
from procs import eventually
from system import BIN, ROOT, SANITIZER_WORDS

sys.path.insert(0, str(ROOT / "tests" / "net"))

from hosts import Hosts  # noqa: E402

DOCUMENT = ROOT / "deploy" / "README.md"
HOSTS = ("broker", "bench-1", "bench-2", "vera", "olga", "anna")
BLOCK = re.compile(r"^\*\*On ([^*\n]+)\*\*\n\n```sh\n(.*?)^```$", re.M | re.S)
REFUSED = re.compile(r"^(\S.*?) +# (\d+):.*$", re.M)  # what ends with that exit code
BLOCK_S = 120
INSIDE = """
mount --bind "$BASE/hosts" /etc/hosts
hostname "$HOST"
cd "$HOME"
exec sh -eu "$1"
"""
SCP = """#!/bin/sh
# scp FILE HOST:[NAME]
set -eu
place=${2#*:}
cp "$1" "$BASE/${2%%:*}/${place:-${1##*/}}"
"""


def blocks(text):
    """[(hosts, script)]"""
    return [(re.findall("`(.*?)`", hosts), script) for hosts, script in BLOCK.findall(text)]


class Lab:
    """The hosts and their home folders."""

    def __init__(self):
        self.base = Path(tempfile.mkdtemp(prefix="ems-deploy-", dir="/tmp"))
        self.hosts = None
        try:
            for host in HOSTS:
                (self.base / host).mkdir()
            (self.base / "bin").mkdir()
            scp = self.base / "bin" / "scp"
            scp.write_text(SCP)
            scp.chmod(0o755)
            self.hosts = Hosts(HOSTS, 1)
            lines = [f"{self.hosts.address(host)} {host}" for host in HOSTS]
            (self.base / "hosts").write_text("\n".join(["127.0.0.1 localhost", *lines]) + "\n")
        except BaseException:
            self.close()
            raise
        self.count = 0

    def environment(self, host):
        kept = {key: value for key, value in os.environ.items()
                if key in ("LANG", "LC_ALL") or key.endswith("SAN_OPTIONS")}
        return kept | {"HOME": str(self.base / host), "USER": host, "HOST": host,
                       "BASE": str(self.base), "TERM": "dumb",
                       "PATH": f"{self.base}/bin:{BIN}:/usr/sbin:/usr/bin:/sbin:/bin"}

    def type(self, host, script):
        """What a block prints; it must go well."""
        self.count += 1
        path, said = (self.base / f"{self.count}-{host}.{kind}" for kind in ("sh", "out"))
        path.write_text(REFUSED.sub(r"code=0; \1 || code=$?; test $code = \2", script))
        with open(said, "wb") as out:
            done = subprocess.run(
                [*self.hosts.inside(host), "unshare", "--mount", "--uts", "sh", "-euc", INSIDE,
                 "sh", path], env=self.environment(host), stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, timeout=BLOCK_S, check=False)
        text = said.read_text(errors="replace")
        assert done.returncode == 0, f"on {host}:\n{path.read_text()}\n{text}\n{self.logs()}"
        return text

    def logs(self):
        return "\n".join(f"{path}:\n{path.read_text(errors='replace')[-4000:]}"
                         for path in self.base.glob("*/*.log"))

    def log(self, host, name):
        return (self.base / host / name).read_text()

    def stop(self):
        """The daemons, which must end cleanly."""
        for path in sorted(self.base.glob("*/*.pid")):
            os.kill(int(path.read_text()), signal.SIGTERM)
        eventually(lambda: not procs.mentioning(str(self.base)), 60)
        for path in (*self.base.glob("*/*.log"), *self.base.glob("*.out")):
            said = path.read_text(errors="replace")
            assert not any(word in said for word in SANITIZER_WORDS), said

    def close(self):
        for who in procs.mentioning(str(self.base)):
            procs.kill(who)
        if self.hosts:
            self.hosts.close()
        shutil.rmtree(self.base)


@pytest.fixture
def lab():
    lab = Lab()
    try:
        yield lab
    finally:
        lab.close()


def test_the_document_is_right_as_it_stands(lab):
    text = DOCUMENT.read_text()
    said = {}
    for hosts, script in blocks(text):
        assert set(hosts) <= set(HOSTS), hosts
        for host in hosts:
            said[host] = said.get(host, "") + lab.type(host, script)
    # All of it was typed: no block was overlooked, no host left out.
    assert sum(len(script) for _, script in blocks(text)) == sum(
        len(script) for script in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S))
    assert set(said) == set(HOSTS)
    # And what it promises came true.
    assert "\n1\n2\n3\n" in said["olga"] and "completed" in said["olga"]
    assert "cancelled" in said["anna"] and "signature" in said["anna"]
    assert 'user "vera" (viewer) is not permitted to run' in said["vera"]
    assert "does not let our key in" in said["vera"] and "does not let our key in" in said["olga"]
    audit = lab.log("broker", "ems/broker/audit.log")
    for line in ("user=olga .* verb=run worker=bench-1 .* status=200",
                 "user=vera .* verb=run .* status=403", "user=vera .* verb=cancel .* status=403",
                 "user=anna .* verb=run .* status=403", "user=anna .* verb=cancel .* status=200",
                 "user=olga .* verb=cancel .* status=403", "user=olga .* verb=prune .* status=403",
                 "user=anna .* verb=reload .* status=200", "user=bench-2 .* verb=hello"):
        assert re.search(line, audit), (line, audit)
    lab.stop()


def test_every_test_that_the_threat_model_names_is_there():
    text = (ROOT / "deploy" / "SECURITY.md").read_text()
    python = re.findall(r"`(test_\w+\.py)::(\w+)`", text)
    c = re.findall(r"`(test_\w+\.c): (\w+)`", text)
    assert len(python) > 20 and len(c) > 5
    for file, name in python:
        assert f"def {name}(" in (ROOT / "tests" / "e2e" / file).read_text(), (file, name)
    for file, name in c:
        assert re.search(rf"TEST \({name}\)|cmocka_unit_test\w* \(\s*{name}[,)]",
                         (ROOT / "tests" / "unit" / file).read_text()), (file, name)
    # Each row has one.
    for row in re.findall(r"^\| (?!it wants|---).*\|$", text, re.M):
        assert "`test_" in row.split("|")[3], row


def test_every_sentence_in_its_table_is_one_that_is_said():
    table = DOCUMENT.read_text().split("## When it does not work")[1]
    sources = " ".join(path.read_text() for folder in ("broker", "client", "worker", "proto")
                       for path in (ROOT / folder).rglob("*.c"))
    sources = re.sub(r'"\s*\n\s*"', "", sources)
    for sentence in re.findall(r"^\| `(.*?)`", table, re.M):
        for part in sentence.split("…"):
            assert part.strip() in sources, sentence
