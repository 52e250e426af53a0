"""ignore_startup_parameters: neither applied nor checked."""

import pytest

from support.peer import Peer, ServerError


@pytest.fixture(name="weir")
def _weir(pgweir):
    return pgweir({"pool": {"ignore_startup_parameters":
                            "work_mem, no_such_thing,extra_float_digits, client_encoding"}})


# They were applied, and what PostgreSQL does not know refused the client.
def test_what_is_ignored_is_neither_applied_nor_checked(weir, cluster):
    with Peer.login(cluster) as direct:
        default = direct.value("show work_mem")
    with Peer.login(weir, work_mem="77MB", no_such_thing="1", extra_float_digits="nonsense",
                    statement_timeout="7s") as client:
        assert client.value("show work_mem") == default
        assert client.value("show statement_timeout") == "7s"
        client.query("set work_mem = '5MB'")
        client.query("reset work_mem")
        assert client.value("show work_mem") == default
    with Peer.login(weir, options="-c work_mem=77MB -c no_such_thing=1 -c lock_timeout=3s") as client:
        assert client.value("show work_mem") == default
        assert client.value("show lock_timeout") == "3s"


# PgBouncer 1.24.1 does the same.
def test_names_are_compared_as_they_are_written(weir):
    with Peer.login(weir, WORK_MEM="77MB") as client:
        assert client.value("show work_mem") == "77MB"


def test_what_every_client_has_is_applied_all_the_same(weir):
    with Peer.login(weir, client_encoding="LATIN1") as client:
        assert client.value("show client_encoding") == "LATIN1"


def test_other_unknown_parameters_are_refused_as_by_postgresql(weir):
    with pytest.raises(ServerError, match="unrecognized configuration parameter"):
        Peer.login(weir, another_thing="1").close()


def test_options_can_be_ignored_as_a_whole(pgweir):
    weir = pgweir({"pool": {"ignore_startup_parameters": "options"}})
    with Peer.login(weir, options="-Z nonsense -c no_such_thing=1") as client:
        assert client.value("select 1") == "1"
