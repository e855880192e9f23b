# SPDX-License-Identifier: MPL-2.0
"""A system with targets of notices, the receivers among them, and the facts about what waits."""
import hashlib
import hmac
import json
from contextlib import contextmanager

import procs
from procs import eventually
from profiles import JOBS, zpl
from receivers import Hook, Mail, Server
from system import System

OVER = "completed,failed,cancelled"
SECRET = "a key of ours"


@contextmanager
def opened(node):
    """An Office; it is closed at the end, and what its daemons said is in the report of a failed test."""
    office = Office()
    node.ems_system = office.ems
    try:
        yield office
    finally:
        node.ems_said = office.ems.said()
        office.close()


class Office:
    def __init__(self):
        self.ems = System()
        self.ems.environment["no_proxy"] = "*"  # our receivers are on loopback
        self.servers = []
        self.plain = self.ems.config.read_text()

    def close(self):
        for server in self.servers:
            server.close()
        self.ems.close()

    # Receivers

    def hook(self, *script, **options):
        return self.serve(Hook, *script, **options)

    def mail(self, *script, **options):
        return self.serve(Mail, *script, **options)

    def serve(self, handler, *script, **options):
        server = Server(handler, *script, **options)
        self.servers.append(server)
        return server

    def secret(self, name="hook.key", text=SECRET, mode=0o600):
        path = self.ems.base / name
        path.write_text(text + "\n")
        path.chmod(mode)
        return path

    def told(self, *acts):
        """A command's settings, and the file of its notes; `acts`: what it does, one after the other."""
        notes = self.ems.work / "told"
        notes.with_suffix(".act").write_text("\n".join(acts or ["exit 0"]) + "\n")
        return {"command": JOBS / "told.py", "arguments": {"argument": [notes, "two words", "$HOME"]}}

    def notes(self):
        path = self.ems.work / "told"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    # Running

    def configure(self, targets):
        self.ems.config.write_text(self.plain + "\n".join(zpl({"notices": targets})) + "\n")

    def start(self, **targets):
        self.configure(targets)
        self.ems.start()

    def run(self, profile="say", **body):
        """A job that is over; its record."""
        return self.ems.finished(profile, **body)

    # Facts

    def waiting(self):
        """{target: names of the notices that wait for it}"""
        return {place.name: sorted(path.name for path in place.glob("[0-9]*.json"))
                for place in (self.ems.state / "outbox" / "to").glob("*")}

    def failed(self):
        return [json.loads(path.read_text())
                for path in sorted((self.ems.state / "outbox" / "failed").glob("[0-9]*.json"))]

    def couriers(self):
        """Live processes of ems-notify."""
        return [who for who, arguments in procs.mentioning(str(self.ems.state)).items()
                if arguments.split()[0].endswith("ems-notify")]

    def courier(self):
        return eventually(self.couriers)[0]

    def settle(self):
        """Until nothing waits."""
        eventually(lambda: not any(self.waiting().values()))


def notice_id(job, event=None):
    return f"{job['job_id']}-{job['attempt']}-{event or job['status']}"


def ids(server):
    """Of what an HTTP server got, in order."""
    return [got["headers"]["EMS-Notice-Id"] for got in server.got]


def until_got(server, count):
    """The first `count` things that it received."""
    eventually(lambda: len(server.got) >= count, why=f"{count} notices at the receiver")
    return server.got[:count]


def signature(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
