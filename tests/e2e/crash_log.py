# SPDX-License-Identifier: MPL-2.0
"""What must be in the log of a crash_job."""
import hashlib

from jobs.crash_job import output
from profiles import JOBS

ARGUMENTS = ("seed", "lines", "pause_ms", "children", "term", "end")
CANCELLED_LINE = b"Benchmark execution cancelled by user.\n"


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def whole_log(config):
    """Of a job that came to its end."""
    arguments = " ".join(f"--{name}={config[name]}" for name in ARGUMENTS)
    return (f"Starting benchmark: {JOBS / 'crash_job.py'} {arguments}\n".encode()
            + output(config["seed"], config["lines"]))


def expected_log(record, log):
    """What a log of as many bytes must be: all of the output, or as much as a job that did not
    come to its end wrote."""
    whole = whole_log(record["config"])
    if record["status"] == "completed":
        return whole
    # A shim that is killed after the last line, before it noted the outcome, leaves that line.
    stopped = record["reason"] == "lost" and record["cancel"] and log.endswith(CANCELLED_LINE)
    if record["status"] != "cancelled" and not stopped:
        return whole[:len(log)]
    size = max(len(log) - len(CANCELLED_LINE), 0)
    body = whole[:size]
    if not body.endswith(b"\n"):
        body = whole[:max(size - 1, 0)] + b"\n"  # an unfinished line is ended first
    return body + CANCELLED_LINE


def expected_prefix(config, data):
    """What the first bytes of a log must be when somebody has got these of it."""
    if CANCELLED_LINE[:10] in data[-len(CANCELLED_LINE):]:
        data = data[:data.rindex(CANCELLED_LINE[:10])].rstrip(b"\n")
    return whole_log(config)[:len(data)]
