"""How many servers and clients there are: never more than the limits, never fewer than asked."""

import contextlib

import pytest

from support import sqlstates, wire
from support.peer import Peer, ServerError
from support.timing import eventually


@contextlib.contextmanager
def _logged_in(weir, count, **keywords):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Peer.login(weir, timeout=30, **keywords))
               for _ in range(count)]


@pytest.mark.concurrent
@pytest.mark.parametrize("workers", [1, 4])
def test_there_are_never_more_servers_than_the_pool_size(pgweir, workers):
    weir = pgweir({"workers": workers, "pool": {"default_pool_size": 3}})
    most = 0
    with _logged_in(weir, 20) as peers:
        for _ in range(3):
            for number, peer in enumerate(peers):
                peer.send(wire.query(f"select pg_sleep(0.02), {number}"))
            most = max(most, len(weir.servers()))
            for number, peer in enumerate(peers):
                rows = [m for m in peer.until("Z") if m.type == "D"]
                assert rows[0].values[1] == str(number).encode()
        most = max(most, len(weir.servers()))
    assert 1 <= most <= 3
    assert weir.metrics().sum("servers") <= 3


def test_one_client_after_the_other_needs_one_server(pgweir):
    weir = pgweir()
    pids = set()
    for _ in range(20):
        with Peer.login(weir) as peer:
            pids.add(peer.value("select pg_backend_pid()"))
    # A worker may still be asking a server something when the next client comes.
    assert len(weir.servers()) <= 3 and len(pids) <= 3


def test_a_client_that_does_nothing_holds_no_server_in_transaction_mode(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with _logged_in(weir, 10) as peers:
        for peer in peers:
            assert peer.value("select 1") == "1"
        assert len(weir.servers()) == 1


def test_a_session_client_holds_its_server_until_it_leaves(pgweir):
    weir = pgweir({"pool": {"mode": "session", "default_pool_size": 1}})
    first = Peer.login(weir)
    pid = first.value("select pg_backend_pid()")
    assert first.value("select pg_backend_pid()") == pid
    second = Peer((weir.host, weir.port))
    second.send(wire.startup({"user": "app", "database": "app"}), wire.query("select 'mine'"))
    eventually(lambda: weir.metrics().sum("clients", state="waiting") == 1, 10,
               "the second client does not wait")
    first.close()
    second.until("Z")
    assert any(m.type == "D" and m.values == [b"mine"] for m in second.until("Z"))
    second.close()
    assert len(weir.servers()) == 1


def test_the_minimum_of_servers_is_kept_open(pgweir):
    weir = pgweir({"pool": {"min_pool_size": 3, "default_pool_size": 5}})
    with Peer.login(weir) as peer:
        peer.value("select 1")
        eventually(lambda: len(weir.servers()) == 3, 15, "not three servers")


def test_more_clients_than_allowed_are_told_so(pgweir):
    weir = pgweir({"limits": {"max_client_conn": 5}})
    with _logged_in(weir, 5):
        with pytest.raises(ServerError) as refused:
            Peer.login(weir).close()
        assert refused.value.sqlstate == sqlstates.TOO_MANY_CONNECTIONS
        assert refused.value.fields["S"] == "FATAL"
        assert weir.metrics().sum("pgweir_logins_refused_total") >= 1
    # Room again once they have left.
    eventually(lambda: _can_login(weir), 10, "no room after they left")


def _can_login(weir):
    try:
        with Peer.login(weir) as peer:
            return peer.value("select 1") == "1"
    except ServerError:
        return False


def test_a_database_has_no_more_servers_than_max_db_connections(cluster, pgweir):
    cluster.admin("drop role if exists other; create role other login")
    weir = pgweir({"pool": {"default_pool_size": 4}, "databases": {
        "app": {"host": cluster.host, "port": cluster.port, "max_db_connections": 3}}})

    def at_most_three():
        # PostgreSQL shows a server that makes room for another one until its process has ended.
        eventually(lambda: len(weir.servers()) <= 3, 2)

    with _logged_in(weir, 6) as first, _logged_in(weir, 6, user="other") as second:
        for _ in range(3):
            for peer in first + second:
                peer.send(wire.query("select pg_sleep(0.02), current_user"))
            at_most_three()
            for user, peers in (("app", first), ("other", second)):
                for peer in peers:
                    rows = [m for m in peer.until("Z") if m.type == "D"]
                    assert rows[0].values[1] == user.encode()
        at_most_three()


def test_a_database_may_have_its_own_size_and_mode(cluster, pgweir):
    weir = pgweir({"databases": {
        "small": {**cluster.keywords(), "pool_size": 1},
        "whole": {**cluster.keywords(), "pool_mode": "session", "pool_size": 2},
    }})
    with _logged_in(weir, 3, dbname="small") as small:
        for peer in small:
            peer.send(wire.query("select pg_backend_pid()"))
        pids = {next(m for m in peer.until("Z") if m.type == "D").values[0] for peer in small}
        assert len(pids) == 1
    with _logged_in(weir, 2, dbname="whole") as whole:
        whole[0].query("set work_mem = '3MB'")
        assert whole[0].value("show work_mem") == "3MB"
        assert whole[1].value("show work_mem") == "4MB"


def test_waiting_clients_are_served_in_order(pgweir):
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1}})
    order = []
    with _logged_in(weir, 1) as (holder,), _logged_in(weir, 6) as waiting:
        holder.query("begin")
        for number, peer in enumerate(waiting):
            peer.send(wire.query("select clock_timestamp()::text"))
            eventually(lambda n=number: weir.metrics().sum("clients", state="waiting") == n + 1, 10,
                       "not waiting")
        holder.query("commit")
        for peer in waiting:
            order.append(next(m for m in peer.until("Z") if m.type == "D").values[0])
    assert order == sorted(order)


def test_who_changes_its_session_again_and_again_does_not_keep_the_server_from_others(pgweir):
    """After each of its transactions pgweir asks what it has left; it asked on meanwhile."""
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1}})
    with _logged_in(weir, 2) as (busy, waiter):
        busy.query("set app.seen = ''")
        waiter.send(wire.query("select clock_timestamp()"))
        served_first = 0
        while not waiter.has_input():
            busy.query(f"set app.seen = '{served_first}'")
            served_first += 1
            assert served_first < 100
        assert waiter.until("Z")[-1].status == "I"


def test_statement_mode_refuses_a_transaction_block(pgweir):
    weir = pgweir({"pool": {"mode": "statement", "default_pool_size": 1}})
    with Peer.login(weir) as peer:
        assert peer.value("select 1") == "1"
        peer.send(wire.query("begin"))
        refusal = next(m for m in _until_over(peer) if m.type == "E")
        assert refusal.sqlstate and "statement" in refusal.fields["M"].lower()
    with Peer.login(weir) as peer:
        assert peer.value("select 2") == "2"
    assert not weir.servers("state like 'idle in transaction%'")


def _until_over(peer):
    from support.peer import Closed

    messages = []
    with contextlib.suppress(Closed):
        while not messages or messages[-1].type != "Z":
            messages.append(peer.receive())
    return messages
