"""What the console shows beyond PgBouncer: statements, pins, hosts, memory, errors."""

import pytest

from support import process, wire
from support.console import USERS, Console
from support.peer import Peer, ServerError
from support.timing import SANITIZED, eventually


@pytest.fixture(name="weir")
def _weir(pgweir):
    return pgweir({**USERS, "pool": {"default_pool_size": 1}})


def _client(console, **wanted):
    return console.row("SHOW CLIENTS", database="app", **wanted)


def test_clients_are_shown_with_their_statement_without_its_constants(weir):
    with Peer.login(weir) as holder, Peer.login(weir) as waiter, Console(weir) as console:
        holder.query("begin")
        holder.query("select 'secret',   17 /* now */")
        waiter.send(wire.query("select 'hidden', 2"))
        eventually(lambda: console.row("SHOW POOLS", database="app")["cl_waiting"] == 1)
        assert _client(console, state="active")["statement"] == "select ?, ?"
        assert _client(console, state="waiting")["statement"] == "select ?, ?"
        holder.send(wire.parse("named", "select $1::int + 1"), wire.sync())
        holder.until("Z")
        holder.query("select 'simple'")
        holder.send(wire.bind("", "named", ["5"]), wire.execute(""), wire.sync())
        holder.until("Z")
        assert _client(console, state="active")["statement"] == "select $1::int + ?"
        holder.query("commit")
        waiter.until("Z")
        eventually(lambda: all(row["statement"] == "" for row in console.rows("SHOW CLIENTS")))


def test_in_session_pooling_no_statement_is_shown_as_another(pgweir):
    weir = pgweir({**USERS, "pool": {"mode": "session"}})
    with Peer.login(weir) as client, Console(weir) as console:
        def runs(name):
            client.send(wire.bind("", name, []), wire.execute(""), wire.sync())
            client.until("Z")
            return _client(console, state="active")["statement"]

        client.send(wire.parse("one", "select 'one'"), wire.parse("two", "select 2, 'two'"),
                    wire.sync())
        client.until("Z")
        assert runs("two") == "select ?, ?"
        assert runs("one") == ""
        client.query("select 'a', 'b', 'c'")
        assert _client(console, state="active")["statement"] == "select ?, ?, ?"
        assert runs("two") == ""


def test_a_client_of_an_unreachable_server_is_shown_why_it_waits(cluster, pgweir):
    port = process.free_port()
    weir = pgweir({**USERS, "databases": {
        "app": cluster.conninfo(), "down": {"host": "127.0.0.1", "port": port}}})
    with Peer((weir.host, weir.port)) as client, Console(weir) as console:
        client.send(wire.startup({"user": "app", "database": "down"}))
        row = eventually(lambda: next(iter(
            row for row in console.rows("SHOW CLIENTS") if row["database"] == "down"), None))
        eventually(lambda: "Connection refused" in console.row(
            "SHOW CLIENTS", id=row["id"])["waits_for"], 4)
        host = console.row("SHOW HOSTS", port=port)
        assert (host["host"], host["servers"], host["databases"]) == ("127.0.0.1", 0, "down")
        assert host["failures"] > 0 and host["retry_ms"] >= 0
        assert "Connection refused" in host["problem"]
        assert "Connection refused" in console.row("SHOW POOLS", database="down")["outage"]


def test_hosts_are_shown_with_their_servers(cluster, weir):
    with Peer.login(weir) as client, Peer.login(weir, dbname="postgres") as other, \
            Console(weir) as console:
        client.query("begin")
        other.query("select 1")
        eventually(lambda: console.row("SHOW POOLS", database="postgres")["sv_idle"] == 1)
        host = console.row("SHOW HOSTS", port=int(cluster.port))
        assert (host["servers"], host["active"], host["idle"]) == (2, 1, 1)
        assert host["databases"] == "app, postgres" and host["problem"] is None
        console.say("RECONNECT app")
        eventually(lambda: console.row("SHOW HOSTS", port=int(cluster.port))["close_needed"] == 1)


def test_pins_are_counted_by_reason(weir):
    with Peer.login(weir) as client, Console(weir) as console:
        assert console.rows("SHOW PINS") == []
        client.query("create temporary table mine (n int)")
        eventually(lambda: console.rows("SHOW PINS") == [
            {"database": "app", "user": "app", "reason": "temporary_object", "clients": 1,
             "times": 1}])
        client.query("drop table mine")
        eventually(lambda: console.row("SHOW PINS", reason="temporary_object")["clients"] == 0)
        assert console.row("SHOW PINS", reason="temporary_object")["times"] == 1


def test_prepared_statements_are_shown_with_who_has_them(weir):
    with Peer.login(weir) as first, Peer.login(weir) as second, Console(weir) as console:
        for peer, name in ((first, "a"), (second, "b")):
            peer.send(wire.parse(name, "select 'x' || $1::text"), wire.sync())
            peer.until("Z")
        row = console.row("SHOW STATEMENTS", database="app")
        assert (row["clients"], row["servers"]) == (2, 1)
        assert row["statement"] == "select ? || $1::text" and row["name"].startswith("pgweir_")
        first.send(wire.close("S", "a"), wire.sync())
        first.until("Z")
        assert console.row("SHOW STATEMENTS", database="app")["clients"] == 1


def test_errors_are_counted_by_kind_and_reason(weir):
    with Console(weir) as console:
        with Peer.login(weir) as client:
            client.query("select 1/0")
            client.query("select 1")
        peer = Peer.login(weir)
        peer.vanish()
        with pytest.raises(ServerError):
            Peer.login(weir, dbname="app", user="app", statement_timeout="nonsense")
        eventually(lambda: console.row("SHOW ERRORS", kind="client_closed", reason="lost",
                                       database="app")["count"] == 1)
        assert console.row("SHOW ERRORS", kind="statement")["count"] >= 1
        assert not [row for row in console.rows("SHOW ERRORS") if row["reason"] == "terminate"]
        eventually(lambda: console.row("SHOW ERRORS", kind="client_closed",
                                       reason="refused")["count"] == 1)


def test_memory_is_that_of_the_process(weir):
    def rows_of(console):
        return {row["name"]: row for row in console.rows("SHOW MEMORY")}

    with Console(weir) as console:
        # Those who looked whether the daemon is up may not have left yet.
        eventually(lambda: rows_of(console)["clients"]["count"] == 1)
        rows = rows_of(console)
        with open(f"/proc/{weir.pid}/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
        assert rows["resident"]["bytes"] == pytest.approx(pages * 4096, rel=0.2)
        if not SANITIZED:  # whose allocator does not tell
            assert 0 < rows["heap_in_use"]["bytes"] < rows["virtual"]["bytes"]
        assert rows["clients"]["count"] == 1 and rows["clients"]["bytes"] > 0
