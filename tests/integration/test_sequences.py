"""currval() and lastval() in a later transaction, as DBD::Pg's last_insert_id and PDO's lastInsertId
read them: the client keeps the server that knows the value, and not for longer than others can bear."""

import time

import pytest

from support import wire
from support.peer import Peer, ServerError
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


@pytest.fixture(name="two_servers")
def _two_servers(cluster, pgweir):
    cluster.admin("drop table if exists plain; create table plain (x text);"
                  " grant all on plain to public", dbname="app")
    return pgweir({"workers": 1, "pool": {"default_pool_size": 1}})


@pytest.mark.parametrize("begins", [
    "create temp table own (x int)",  # keeps its server for that
    "insert into plain values ('of nobody')",  # may get a value, and gets none
    "begin; insert into plain values ('of nobody')",
])
def test_nobody_reads_what_another_got(weir, two_servers, begins):
    del weir  # it has made the table with the sequence
    with Peer.login(two_servers) as owner, Peer.login(two_servers) as other:
        insert(owner)
        other.query(begins)
        for read in ("select lastval()", "select currval('orders_id_seq')"):
            other.query("savepoint s" if begins.startswith("begin") else "select 1")
            with pytest.raises(ServerError) as error:
                other.value(read)
            assert error.value.sqlstate == "55000"
            if begins.startswith("begin"):
                other.query("rollback to s")


def test_nobody_reads_a_strangers_value_behind_a_rollback_in_the_same_write(weir):
    with Peer.login(weir) as owner, Peer.login(weir) as other:
        insert(owner)
        other.query("begin")
        with pytest.raises(ServerError):
            other.value("select 1/0")
        other.send(wire.query("rollback"), wire.query("select lastval()"))
        other.until("Z")
        error = next(message for message in other.until("Z") if message.type == "E")
        assert error.sqlstate == "55000"


def test_a_client_that_has_discarded_its_values_finds_none_on_any_server(weir, pgweir):
    del weir  # it has made the table with the sequence
    pool_of_two = pgweir({"workers": 1, "pool": {"default_pool_size": 2}})
    with Peer.login(pool_of_two) as client, Peer.login(pool_of_two) as other:
        insert(client)
        eventually(lambda: pinned(pool_of_two) == 0)
        other.query("begin")  # on the server that has the value
        client.query("discard all")  # on another one
        other.query("commit")
        with pytest.raises(ServerError) as error:
            client.value("select lastval()")
        assert error.value.sqlstate == "55000"


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
