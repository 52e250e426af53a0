"""Every limit of time: what the client is told, what the server is left with, what is counted."""

import contextlib

import psycopg
import pytest

from support import sqlstates, wire
from support.peer import Peer, ServerError
from support.timing import eventually, scaled


def _counted(weir, option):
    eventually(lambda: weir.metrics().timeout(option) >= 1, 10, f"{option} was not counted")
    eventually(lambda: weir.log_lines(option), 10, f"{option} was not logged")


def _fatal(peer, timeout=20):
    """The last words of a connection that pgweir ends."""
    errors = [m for m in peer.until_closed(timeout) if m.type == "E"]
    assert errors, "closed without a word"
    assert errors[-1].fields["S"] == "FATAL"
    return errors[-1].sqlstate


# As PgBouncer's. It held for the query alone.
def test_query_timeout_bounds_the_wait_for_a_server(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}, "timeouts": {"query_timeout": "700ms"}})
    with Peer.login(weir) as holder, Peer.login(weir) as waiter:
        holder.query("begin")
        waiter.send(wire.query("select 1"))
        error = waiter.until("E")[-1]
        assert error.fields["C"] == sqlstates.QUERY_CANCELED and "query_timeout" in error.fields["M"]
        assert holder.value("select 7") == "7"


def test_a_client_waits_no_longer_for_a_server_than_query_wait_timeout(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}, "timeouts": {"query_wait_timeout": "1s"}})
    with Peer.login(weir) as holder, Peer.login(weir) as waiter:
        holder.query("begin")
        waiter.send(wire.query("select 1"))
        error = next(m for m in waiter.until("E"))
        assert error.sqlstate in sqlstates.QUERY_WAIT_TIMEOUT
        holder.query("commit")
        assert holder.value("select 2") == "2"
    _counted(weir, "query_wait_timeout")


def test_a_client_that_says_nothing_before_its_login_is_closed(pgweir):
    weir = pgweir({"timeouts": {"client_login_timeout": "300ms"}})
    peers = [Peer((weir.host, weir.port)) for _ in range(4)]
    peers[1].send(b"\0\0")
    peers[2].send(wire.request(wire.SSL_REQUEST))
    assert peers[2].receive_raw(1) == b"N"
    peers[3].send(wire.startup({"user": "app", "database": "app"})[:20])
    for peer in peers:
        with contextlib.closing(peer):
            peer.until_closed()
    assert weir.metrics().sum("pgweir_login_timeouts_total") >= 4


def test_an_idle_client_is_closed_after_client_idle_timeout(pgweir):
    weir = pgweir({"timeouts": {"client_idle_timeout": "500ms"}})
    with Peer.login(weir) as peer:
        assert peer.value("select pg_sleep(1)") == ""  # work is not idleness
        assert _fatal(peer) == sqlstates.IDLE_SESSION
    _counted(weir, "client_idle_timeout")


def test_a_query_is_cancelled_after_query_timeout_and_the_session_goes_on(pgweir):
    weir = pgweir({"timeouts": {"query_timeout": "500ms"}})
    with Peer.login(weir) as peer:
        with pytest.raises(ServerError) as cancelled:
            peer.rows("select pg_sleep(60) /* query_timeout */")
        assert cancelled.value.sqlstate == sqlstates.QUERY_CANCELED
        assert cancelled.value.fields["M"] == "canceling statement due to query timeout"
        assert peer.value("select 'well again'") == "well again"
    assert not weir.servers("state = 'active' and query like '%/* query_timeout */%'")
    _counted(weir, "query_timeout")


# The client left before the Sync behind which the server was anybody's.
def test_the_next_clients_cancel_is_no_timeout(pgweir):
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1},
                   "timeouts": {"query_timeout": "400ms"}})
    with Peer.login(weir) as peer:
        peer.send(wire.parse("", "select pg_sleep(60)"), wire.bind("", ""), wire.execute(""),
                  wire.flush())
        assert peer.until("E")[-1].fields["M"] == "canceling statement due to query timeout"
    with Peer.login(weir) as peer:
        message = peer.query("set statement_timeout = '50ms'; select pg_sleep(60)")[-2]
        assert message.fields["M"] == "canceling statement due to statement timeout"


def test_a_query_that_cannot_be_cancelled_ends_with_its_connection(cluster, pgweir):
    weir = pgweir({"timeouts": {"query_timeout": "400ms", "cancel_wait_timeout": "1s"}})
    stubborn = ("do $$ begin loop begin perform pg_sleep(60); exception when query_canceled then "
                "null; end; end loop; end $$")
    with Peer.login(weir) as peer:
        peer.send(wire.query(stubborn))
        messages = peer.until_closed(timeout=30)
        assert any(m.type == "E" for m in messages)
    for backend in weir.servers("state = 'active' and query like 'do %loop%'"):
        cluster.admin("select pg_terminate_backend(%s)", (backend["pid"],))
    with Peer.login(weir) as peer:
        assert peer.value("select 1") == "1"


def test_a_client_idle_in_a_transaction_is_closed(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1},
                   "timeouts": {"idle_transaction_timeout": "400ms"}})
    with Peer.login(weir) as peer:
        assert peer.value("select pg_sleep(0.8)") == ""
        peer.query("begin; select pg_sleep(0.8)")
        assert _fatal(peer) == sqlstates.IDLE_IN_TRANSACTION
    with Peer.login(weir) as peer:
        assert peer.value("select 'free again'") == "free again"
    assert not weir.servers("state like 'idle in transaction%'")
    _counted(weir, "idle_transaction_timeout")


def test_a_transaction_lasts_no_longer_than_transaction_timeout(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}, "timeouts": {"transaction_timeout": "600ms"}})
    with Peer.login(weir) as peer:
        peer.query("begin")
        peer.send(wire.query("select pg_sleep(60) /* transaction_timeout */"))
        errors = [m for m in peer.until_closed() if m.type == "E"]
        assert errors[-1].sqlstate == sqlstates.TRANSACTION_TIMEOUT
    with Peer.login(weir) as peer:
        assert peer.value("select 'free again'") == "free again"
    eventually(lambda: not weir.servers(
        "state = 'active' and query like '%/* transaction_timeout */%'"), 10, "it still runs")
    _counted(weir, "transaction_timeout")


def test_an_idle_server_is_closed_after_server_idle_timeout(pgweir):
    weir = pgweir({"timeouts": {"server_idle_timeout": "500ms"}})
    with Peer.login(weir, application_name="idler") as peer:
        pid = int(peer.value("select pg_backend_pid()"))
        eventually(lambda: pid not in [b["pid"] for b in weir.servers()], 15,
                   "the idle server stays")
        assert peer.value("select 'a new one'") == "a new one"
    _counted(weir, "server_idle_timeout")


def test_a_server_is_replaced_after_server_lifetime(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}, "timeouts": {"server_lifetime": "500ms"}})
    with Peer.login(weir) as peer:
        first = peer.value("select pg_backend_pid()")
        peer.query("begin; select pg_sleep(1)")
        assert peer.value("select pg_backend_pid()") == first, "taken away while in use"
        peer.query("commit")
        eventually(lambda: peer.value("select pg_backend_pid()") != first, 15, "never replaced")
    _counted(weir, "server_lifetime")


def test_the_minimum_of_servers_outlives_server_idle_timeout(pgweir):
    weir = pgweir({"pool": {"min_pool_size": 2, "default_pool_size": 4},
                   "timeouts": {"server_idle_timeout": "300ms"}})
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(Peer.login(weir)) for _ in range(4)]
        for peer in peers:
            peer.send(wire.query("select pg_sleep(0.3)"))
        for peer in peers:
            peer.until("Z")
        eventually(lambda: len(weir.servers()) == 2, 15,
                   "not down to two servers")


def test_a_user_may_have_limits_of_its_own(cluster, pgweir):
    cluster.admin("drop role if exists hasty; create role hasty login")
    weir = pgweir({"databases": {"app": {"host": cluster.host, "port": cluster.port}},
                   "users": {"hasty": {"query_timeout": "300ms"}}})
    with Peer.login(weir, user="hasty") as peer, pytest.raises(ServerError) as cancelled:
        peer.rows("select pg_sleep(30)")
    assert cancelled.value.sqlstate == sqlstates.QUERY_CANCELED
    with Peer.login(weir, timeout=scaled(10)) as peer:
        assert peer.value("select pg_sleep(0.6)") == ""


def test_a_query_that_runs_is_no_idleness_while_pgweir_asks_for_itself(pgweir):
    """The first client of a pool asks right behind pgweir's own question about the database's
    functions; its query was then taken for none, and client_idle_timeout ended it."""
    weir = pgweir({"timeouts": {"client_idle_timeout": "300ms"}})
    with Peer.login(weir) as peer:
        assert peer.value("select 1 from pg_sleep(1)") == "1"


# Two of them were InternalError, as PostgreSQL's own are: programs that try again did not.
@pytest.mark.parametrize("limit, detail, act", [
    ("query_timeout", "query timeout", lambda client, _: client.execute("select pg_sleep(30)")),
    ("idle_transaction_timeout", "idle transaction timeout",
     lambda client, weir: (client.execute("begin"), _asked_too_late(client, weir))),
    ("transaction_timeout", "transaction timeout",
     lambda client, _: (client.execute("begin"), client.execute("select pg_sleep(30)"))),
    ("client_idle_timeout", "client_idle_timeout", lambda client, weir: _asked_too_late(client, weir)),
])
def test_psycopg_calls_each_an_operational_error(pgweir, limit, detail, act):
    weir = pgweir({"timeouts": {limit: "400ms"}})
    with contextlib.closing(weir.connect()) as client:
        with pytest.raises(psycopg.OperationalError, match=detail):
            act(client, weir)


def _asked_too_late(client, weir):
    eventually(lambda: weir.log_lines("reason=timeout"))
    client.execute("select 1")


def test_a_client_that_waits_is_told_so_after_query_wait_notify(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1},
                   "timeouts": {"query_wait_notify": "200ms", "query_wait_timeout": "1s"}})
    with Peer.login(weir) as holder, Peer.login(weir) as waiter:
        holder.query("begin")
        waiter.send(wire.query("select 1"))
        notice = waiter.receive()
        assert (notice.type, notice.fields["S"]) == ("N", "NOTICE")
        assert notice.fields["M"] == (
            "No server connection available in postgres backend, client being queued")
        assert [m.type for m in waiter.until("E")] == ["E"]  # told once, and query_wait_timeout holds
        with Peer.login(weir) as another:
            another.send(wire.query("select 1"))
            assert another.receive().type == "N"
            holder.query("commit")
            assert [m.type for m in another.until("Z")] == ["T", "D", "C", "Z"]
