"""What a replication connection is to the pool, and how it ends."""

import signal

import pytest

from support import process, sqlstates, wire
from support.commands import start
from support.gate import Gate
from support.peer import Peer, ServerError
from support.replication import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from support.timing import eventually

# --- the pool ------------------------------------------------------------------------------------

def test_a_replication_connection_is_never_lent_on_and_is_seen(source, pgweir):
    weir = pgweir(on=source)
    with Peer.login(weir, replication="database") as peer:
        walsender = peer.value("select pg_backend_pid()")
        for _ in range(5):
            with Peer.login(weir) as ordinary:
                assert ordinary.value("select pg_backend_pid()") != walsender
        assert weir.metrics().sum("pgweir_servers_dedicated", database="app") == 1
        eventually(lambda: weir.metrics().sum("servers", state="active", database="app") == 1)
        assert weir.log_lines(" server_connected ")[0].count("replication=logical") == 1
        assert weir.log_lines(" client_login ")[0].count("replication=logical") == 1
    eventually(lambda: weir.metrics().sum("pgweir_servers_dedicated") == 0)
    assert weir.metrics().sum("pgweir_server_closes_total", reason="client_left") == 1
    assert not source.admin("select 1 from pg_stat_activity where pid = %s", [int(walsender)])


# It was beside the pool's size, and failed where PostgreSQL had no WAL sender left.
def test_a_replication_client_waits_for_a_place_in_its_pool(source, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}}, on=source)
    with Peer.login(weir) as holder:
        holder.query("begin")
        with Peer((weir.host, weir.port)) as peer:
            peer.send(wire.startup({"user": "app", "database": "app", "replication": "database"}))
            eventually(lambda: weir.metrics().sum("clients", state="waiting") == 1)
            assert holder.value("select 2") == "2"
            holder.query("commit")
            peer.until("Z")
            assert peer.value("select 1") == "1"


def test_an_idle_server_makes_room_under_the_databases_limit(source, pgweir):
    weir = pgweir({"pool": {"max_db_connections": 1}}, on=source)
    with Peer.login(weir) as ordinary:
        ordinary.query("select 1")
        with Peer.login(weir, replication="database") as peer:
            assert peer.value("select 1") == "1"
            assert weir.metrics().sum("pgweir_server_closes_total", reason="evicted") == 1
            ordinary.send(wire.query("select 'served'"))
            eventually(lambda: weir.metrics().sum("clients", state="waiting") == 1)
        assert any(m.type == "D" and m.values == [b"served"] for m in ordinary.until("Z"))


def test_busy_clients_do_not_starve_a_replication_client(source, pgweir):
    weir = pgweir({"pool": {"max_db_connections": 1}}, on=source)
    with Peer.login(weir) as holder, Peer.login(weir) as rival:
        holder.query("begin")
        rival.send(wire.query("select 'served in the end'"))
        peer = Peer((weir.host, weir.port))
        with peer:
            peer.send(wire.startup({"user": "app", "database": "app", "replication": "database"}))
            eventually(lambda: weir.metrics().sum("clients", state="waiting") == 2)
            holder.query("commit")
            peer.until("Z")
            assert peer.value("select 1") == "1"
        assert any(m.type == "D" for m in rival.until("Z"))


def test_a_replication_client_that_gets_no_place_is_told(source, pgweir):
    weir = pgweir({"pool": {"max_db_connections": 1}, "timeouts": {"query_wait_timeout": "300ms"}},
                  on=source)
    with Peer.login(weir) as holder:
        holder.query("begin")
        with pytest.raises(ServerError) as refusal:
            Peer.login(weir, replication="database")
        assert refusal.value.sqlstate == sqlstates.TOO_MANY_CONNECTIONS
        assert holder.value("select 1") == "1"
        holder.query("commit")
    with Peer.login(weir, replication="database") as peer:
        assert peer.value("select 1") == "1"


@pytest.mark.parametrize("ends_work", ["query_timeout", "transaction_timeout"])
def test_no_timeout_cuts_a_stream(source, pgweir, slot, ends_work):
    weir = pgweir({"timeouts": {name: "300ms" for name in (
        ends_work, "idle_transaction_timeout", "client_idle_timeout", "server_lifetime",
        "server_idle_timeout")}}, on=source)
    source.admin("create table if not exists seen (n int)")
    with streaming(weir, slot) as peer:
        with Peer.login(weir) as ordinary:  # it begins after the stream and has to end
            ordinary.send(wire.query("select pg_sleep(60)"))
            assert ordinary.until("E")[-1].sqlstate in (sqlstates.QUERY_CANCELED,
                                                        sqlstates.TRANSACTION_TIMEOUT)
        source.admin("insert into seen values (42)")
        while "integer]:42" not in next_change(peer):
            pass


# --- ends ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("leave", ["abort", "vanish", "close"])
def test_the_slot_is_free_as_soon_as_its_client_is_gone(source, pgweir, slot, leave):
    weir = pgweir(on=source)
    peer = streaming(weir, slot)
    getattr(peer, leave)()
    eventually(lambda: not is_active(source, slot), 5, "the slot stays in use")
    eventually(lambda: weir.metrics().sum("pgweir_clients") == 0)
    streaming(weir, slot).close()


def test_a_client_killed_during_a_base_backup_leaves_no_walsender(source, pgweir, folder):
    weir = pgweir(on=source)
    backup = start(replication_program(weir, "pg_basebackup", "-D", folder + "/copy", "-c", "fast",
                            "-X", "none", "--max-rate", "100k"))
    try:
        eventually(lambda: source.admin("select 1 from pg_stat_progress_basebackup"
                                        " where backup_streamed > 0"), 20)
        backup.kill()
        eventually(lambda: not source.admin("select 1 from pg_stat_replication"), 10,
                   "a WAL sender stays")
    finally:
        process.end(backup)


def test_a_walsender_that_is_terminated_says_so_to_its_client(source, pgweir, slot):
    weir = pgweir(on=source)
    with streaming(weir, slot) as peer:
        source.admin("select pg_terminate_backend(active_pid) from pg_replication_slots"
                     " where slot_name = %s", [slot])
        errors = [m for m in peer.until_closed() if m.type == "E"]
        assert [error.sqlstate for error in errors] == [sqlstates.SHUTTING_DOWN]
    with Peer.login(weir, replication="database") as again:
        assert again.value("select 1") == "1"


def test_a_server_that_is_cut_off_is_told_to_its_client(source, pgweir, slot):
    with Gate((source.host, source.port)) as gate:
        weir = pgweir({"databases": {"app": {"host": gate.host, "port": gate.port}}}, on=source)
        with streaming(weir, slot) as peer:
            gate.cut_all()
            errors = [m for m in peer.until_closed() if m.type == "E"]
            assert [error.sqlstate for error in errors] == ["08006"]


def test_a_shutdown_ends_streams_and_waits_for_work(source, pgweir, slot):
    weir = pgweir(on=source)
    with streaming(weir, slot) as stream, Peer.login(weir, replication="database") as working, \
            Peer.login(weir, replication="true") as idle:
        working.send(wire.query("select pg_sleep(1), 'to the end'"))
        eventually(lambda: source.admin("select 1 from pg_stat_activity where wait_event = 'PgSleep'"))
        weir.signal(signal.SIGINT)
        for ended in (stream, idle):
            errors = [m for m in ended.until_closed() if m.type == "E"]
            assert [error.sqlstate for error in errors] == [sqlstates.SHUTTING_DOWN]
        assert any(m.type == "D" and m.values[1] == b"to the end" for m in working.until("Z"))
        assert weir.wait() == 0
    weir.stop()


def test_an_unreachable_server_is_told_at_once(source, pgweir):
    port = process.free_port()
    weir = pgweir({"databases": {"app": {"host": source.host, "port": port}}}, on=source)
    with pytest.raises(ServerError) as refusal:
        Peer.login(weir, replication="database")
    assert refusal.value.sqlstate == sqlstates.CANNOT_CONNECT_NOW
    assert str(port) in refusal.value.fields["D"]
