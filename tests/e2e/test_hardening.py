# SPDX-License-Identifier: MPL-2.0
"""The second lines of defence: what holds when something else has failed already."""
import errno
import subprocess

import pytest

from system import BIN, HERE

OPENAT2 = 437  # on every machine


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
@pytest.mark.parametrize("daemon", ["ems-broker", "ems-worker", "ems-notify"])
def test_without_openat2_no_daemon_starts(tmp_path, daemon, number):
    state = tmp_path / "s"
    done = subprocess.run(["/usr/bin/python3", HERE / "without_call.py", str(OPENAT2), str(number),
                           BIN / daemon, "--state", state], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 71, done
    assert "openat2" in done.stderr and "Linux 5.6" in done.stderr
    assert not (state / "logs").exists()
