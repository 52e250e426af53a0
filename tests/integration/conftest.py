"""Finds tests/support and takes its fixtures."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.fixtures import *  # noqa: E402,F401,F403

# What is known not to be as it should yet: the rest of a test's name, and why. A line goes with its
# cause (CHANGELOG.md, "Not yet").
_OPEN = {
    "test_pg_receivewal_writes_the_wal_that_the_server_has": "a busy machine switches segments twice",
}


def pytest_collection_modifyitems(items):
    """Tests that are open count neither as passed nor as failed."""
    for item in items:
        if item.name in _OPEN:
            item.add_marker(pytest.mark.xfail(reason=_OPEN[item.name], strict=False))
