"""currval() and lastval() in a later transaction, as DBD::Pg's last_insert_id and PDO's lastInsertId
read them: the client keeps the server that knows the value, and not for longer than others can bear."""

import time

import pytest

from support import wire
from support.peer import Peer
from support.timing import eventually, scaled

VALUES_TO_LEARN = 100


@pytest.fixture(name="weir")
def _weir(cluster, pgweir):
    cluster.admin("drop table if exists orders; create table orders (id serial, x text);"
                  " grant all on orders, orders_id_seq to public", dbname="app")
    return pgweir({"pool": {"default_pool_size": 1}})


def insert(peer):
    return peer.value("insert into orders (x) values ('of ' || pg_backend_pid()) returning id")


def pinned(weir):
    return weir.metrics().sum("pgweir_clients_pinned", reason="sequence")


def test_the_first_value_that_anybody_reads_is_the_readers(weir):
    with Peer.login(weir) as reader, Peer.login(weir) as other:
        got = insert(reader)
        other.send(wire.query("insert into orders (x) values ('of another')"))  # it waits
        assert reader.value("select lastval()") == got
        other.until("Z")


def test_a_reader_that_rests_lets_others_pass_after_a_while(weir):
    with Peer.login(weir) as reader, Peer.login(weir) as other:
        got = insert(reader)
        assert reader.value("select currval('orders_id_seq')") == got
        insert(reader)
        began = time.monotonic()
        assert other.value("select 1") == "1"
        assert time.monotonic() - began < scaled(5)


def test_a_reader_that_never_rests_lets_others_pass_as_well(weir):
    with Peer.login(weir) as reader, Peer.login(weir) as other:
        insert(reader)
        reader.value("select lastval()")
        other.send(wire.query("select 'passed'"))
        deadline = time.monotonic() + scaled(10)
        while not other.has_input():
            insert(reader)
            assert time.monotonic() < deadline, "it waits for as long as the reader inserts"
        other.until("Z")


def test_who_inserts_and_never_reads_keeps_nothing(weir):
    with Peer.login(weir) as writer:
        for _ in range(VALUES_TO_LEARN + 1):
            insert(writer)
        eventually(lambda: pinned(weir) == 0)
        insert(writer)
        assert pinned(weir) == 0


def test_a_reading_program_makes_no_other_keep_servers(weir):
    with Peer.login(weir, application_name="writer") as writer, \
            Peer.login(weir, application_name="reader") as reader:
        for _ in range(VALUES_TO_LEARN):
            insert(writer)
        insert(reader)
        reader.value("select lastval()")
        assert pinned(weir) == 1
        insert(writer)  # has waited until the reader let it pass
        assert pinned(weir) == 0


def test_what_is_kept_for_nobody_is_given_back(weir):
    with Peer.login(weir) as writer:
        insert(writer)
        eventually(lambda: pinned(weir) == 0)
