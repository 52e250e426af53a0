"""A message is the same wherever the network has cut it."""

import time

import pytest

from support import wire
from support.peer import Peer

LONG = "z" * 20_000


def one_server(pgweir):
    return pgweir({"workers": 1, "pool": {"default_pool_size": 1}})


def send_cut(peer, data, at):
    """The first bytes reach the other side by themselves: it has the time of several reads."""
    peer.send(data[:at])
    time.sleep(0.03)
    peer.send(data[at:])


def rows(peer):
    messages = peer.until("Z")
    return [m.sqlstate for m in messages if m.type == "E"] or \
        [m.values for m in messages if m.type == "D"]


# A Bind of more than a buffer was passed on unread where its first piece ended within its names.
CUTS = [1, 4, 5, 6, 7, 8, 9, 12, 100]


@pytest.mark.parametrize("at", CUTS)
def test_a_long_bind_runs_its_own_clients_statement(pgweir, at):
    weir = one_server(pgweir)
    with Peer.login(weir) as peer, Peer.login(weir) as other:
        for name in ("", "s"):
            peer.send(wire.parse(name, "select length($1)"), wire.sync())
            peer.until("Z")
            other.send(wire.parse(name, "select 'of the other', length($1)"), wire.sync())
            other.until("Z")
            send_cut(peer, wire.bind("", name, [LONG]) + wire.execute() + wire.sync(), at)
            assert rows(peer) == [[b"20000"]]


@pytest.mark.parametrize("at", CUTS)
def test_what_a_long_bind_sets_reaches_no_other_client(pgweir, at):
    weir = one_server(pgweir)
    with Peer.login(weir) as peer, Peer.login(weir) as other:
        before = other.rows("show search_path")
        peer.send(wire.parse("", "select set_config('app.t', $1, false) is null,"
                                 " set_config('search_path', 'pg_catalog', false)"), wire.sync())
        peer.until("Z")
        send_cut(peer, wire.bind("", "", [LONG]) + wire.execute() + wire.sync(), at)
        assert rows(peer) == [[b"f", b"pg_catalog"]]
        assert other.rows("show search_path") == before
        assert other.value("select coalesce(current_setting('app.t', true), '')") == ""


@pytest.mark.parametrize("at", CUTS)
def test_a_long_bind_finds_no_statement_of_anothers(pgweir, at):
    weir = one_server(pgweir)
    with Peer.login(weir) as peer, Peer.login(weir) as other:
        other.send(wire.parse("mine", "select 'of the other', length($1)"), wire.sync())
        other.until("Z")
        names = [name for (name,) in peer.rows("select name from pg_prepared_statements")]
        assert names
        for name in names:
            send_cut(peer, wire.bind("", name, [LONG]) + wire.execute() + wire.sync(), at)
            assert rows(peer) == ["26000"]


def test_names_that_no_buffer_holds_are_refused(pgweir):
    weir = one_server(pgweir)
    with Peer.login(weir) as peer, Peer.login(weir) as other:
        peer.send(wire.bind("", "n" * 40_000, ["1"]), wire.execute(), wire.sync())
        assert [m.sqlstate for m in peer.until_closed() if m.type == "E"] == ["08006"]
        assert other.value("select 1") == "1"
