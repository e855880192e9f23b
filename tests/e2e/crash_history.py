# SPDX-License-Identifier: MPL-2.0
"""Writing down what happens in a world of crashes, for tests/judge/judge.py."""
import json
import sys
import threading
import time

from system import ROOT

sys.path.insert(0, str(ROOT / "tests" / "judge"))

import judge  # noqa: E402


def now_ms():
    return round(time.monotonic() * 1000, 3)


class History:
    """One file for all that the harness sees; the jobs write another one (`jobs`) themselves."""

    def __init__(self, folder):
        self.path, self.jobs = folder / "history.jsonl", folder / "jobs.jsonl"
        self.jobs.touch()
        self.file = open(self.path, "w", encoding="utf-8")
        self.lock = threading.Lock()

    def note(self, who, what, at=None, **fields):
        line = json.dumps({"at": now_ms() if at is None else at, "who": who, "what": what} | fields)
        with self.lock:
            self.file.write(line + "\n")
            self.file.flush()

    def record(self, who, job, source, at=None):
        """A record that somebody saw."""
        self.note(who, "record", at, job=job["job_id"], status=job["status"], reason=job["reason"],
                  attempt=job["attempt"], request=job["request_id"], run_id=job["run_id"],
                  source=source)

    def close(self):
        self.file.close()

    def judged(self):
        """The verdict; nothing may be written any more."""
        return judge.judge_files([self.path, self.jobs])
