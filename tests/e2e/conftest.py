# SPDX-License-Identifier: MPL-2.0
"""Fixtures of the end-to-end tests. A test that fails shows what its daemons said."""
import pytest

from shimjob import disk_job, job, open_folder, plain_shim, small_disk, use_cgroup
from system import System

# Fixtures of others.
__all__ = ["disk_job", "job", "open_folder", "plain_shim", "small_disk", "use_cgroup"]


@pytest.fixture
def cgroup():
    """How the worker confines jobs; a test may parametrize it: "auto" or "none"."""
    return "auto"


@pytest.fixture
def ems(request, cgroup):
    """A running system of the test's own."""
    yield from running(request.node, System(cgroup=cgroup))


@pytest.fixture(scope="module")
def shared_ems(request):
    """A running system for all tests of a file that change nothing in it."""
    yield from running(request.node, System())


def running(node, system):
    node.ems_system = system
    try:
        system.start()
        yield system
    finally:
        node.ems_said = system.said()
        system.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Add what the daemons said to the report of a failed test."""
    report = (yield).get_result()
    if not report.failed:
        return
    for node in (item, item.parent if "shared_ems" in item.fixturenames else None):
        system = getattr(node, "ems_system", None)
        if system:
            said = system.said() or getattr(node, "ems_said", {})
            report.sections += [(name, text) for name, text in said.items()]


def pytest_configure(config):
    config.addinivalue_line("markers", "serial: needs the machine for itself (CTest runs it alone)")
    config.addinivalue_line("markers", "unsanitized: measures what a sanitizer takes some of")
