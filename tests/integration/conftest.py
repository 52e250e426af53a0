"""Finds tests/support and takes its fixtures."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.fixtures import *  # noqa: E402,F401,F403

# What is known not to be as it should yet: the rest of a test's name, and why. A line goes with its
# cause (CHANGELOG.md, "Not yet").
_OPEN = {
    "test_no_other_client_finds_it[currval]": "the first use of currval in a pool",
    "test_a_client_can_end_it[currval]": "the first use of currval in a pool",
    "test_a_client_can_end_it[a reported setting]": "to be looked into",
    "test_a_client_finds_what_it_left[LISTEN in a function]": "LISTEN hidden in a function",
    "test_a_client_can_end_it[LISTEN in a function]": "LISTEN hidden in a function",
    "test_a_client_keeps_its_server_for_as_long_as_it_exists[LISTEN]": "LISTEN follows by now",
    "test_a_client_keeps_its_server_for_as_long_as_it_exists[LISTEN in a function]":
        "LISTEN follows by now",
    "test_a_client_keeps_no_server_for_what_follows_it[SET in a trigger]": "to be looked into",
    "test_pg_receivewal_writes_the_wal_that_the_server_has": "a busy machine switches segments twice",
    "test_it_runs_from_the_file_and_the_log_tells_all_that_differs[star-app]":
        "not repeatable on a busy machine",
    "test_a_result_that_changed_its_type_is_prepared_again": "without Describe it is reported",
}
_OPEN_IN_STRICT_MODE = ("a temporary table of a function", "an advisory lock of a function", "currval",
                        "a setting that only a superuser can set", "PREPARE in a transaction",
                        "LISTEN", "LISTEN in a function")
_OPEN.update({f"test_strict_mode_answers_with_an_error_in_place_of_a_pin[{name}]":
              "what a function hides ends the session; LISTEN follows" for name in _OPEN_IN_STRICT_MODE})


def pytest_collection_modifyitems(items):
    """Tests that are open count neither as passed nor as failed."""
    for item in items:
        if item.name in _OPEN:
            item.add_marker(pytest.mark.xfail(reason=_OPEN[item.name], strict=False))
