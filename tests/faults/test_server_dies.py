"""A server goes away: its client gets a proper error, nobody else notices, all heals by itself."""

import threading

import pytest

from support import sqlstates, wire
from support.peer import Closed, Peer, ServerError
from support.timing import eventually, scaled


def _last_error(peer):
    """The error a client is told when its server is lost, whether or not it is closed then."""
    try:
        while True:
            message = peer.receive()
            if message.type == "E":
                return message
    except Closed as closed:
        raise AssertionError("closed without a word") from closed


def test_a_terminated_backend_costs_its_own_client_one_error(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 3}})
    with Peer.login(weir) as hit, Peer.login(weir) as in_transaction, Peer.login(weir) as idle:
        idle.value("select 1")
        in_transaction.query("begin; create temp table mine (a int) on commit drop")
        hit.send(wire.query("select pg_sleep(60) /* hit */"))
        found = eventually(lambda: weir.servers("state = 'active' and query like '%/* hit */%'"))
        cluster.admin("select pg_terminate_backend(%s)", (found[0]["pid"],))
        error = _last_error(hit)
        assert error.sqlstate == "57P01" and "terminating connection" in error.fields["M"]
        assert in_transaction.value("select count(*) from mine") == "0"
        assert in_transaction.query("commit")[-1].status == "I"
        assert idle.value("select 'unaware'") == "unaware"
        with Peer.login(weir) as new:
            assert new.value("select 'served'") == "served"


def test_a_backend_that_dies_while_idle_is_noticed_by_nobody(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 2}})
    with Peer.login(weir) as peer:
        for _ in range(3):
            pid = peer.value("select pg_backend_pid()")
            for each in weir.servers():
                cluster.admin("select pg_terminate_backend(%s)", (each["pid"],))
            eventually(lambda p=pid: not weir.servers(f"pid = {p}"))
            eventually(lambda: weir.metrics().sum("servers", state="idle") == 0, 10,
                       "the dead server is still counted as idle")
            assert peer.value("select 'unaware'") == "unaware"


def test_a_killed_backend_crashes_postgresql_and_all_is_well_after(own_cluster, pgweir):
    """kill -9 makes PostgreSQL restart all its backends: errors are allowed until it is back."""
    weir = pgweir({"pool": {"default_pool_size": 3}, "timeouts": {"server_login_retry": "200ms"}})
    with Peer.login(weir) as hit, Peer.login(weir) as other:
        other.value("select 1")
        eventually(lambda: weir.metrics().sum("servers", state="active") == 0)
        hit.send(wire.query("select pg_sleep(60) /* hit */"))
        found = eventually(lambda: weir.servers("state = 'active' and query like '%/* hit */%'"))
        doomed = {str(server["pid"]) for server in weir.servers()}
        own_cluster.kill_backend(found[0]["pid"])
        assert _last_error(hit).sqlstate in sqlstates.SERVER_LOST

        def served():
            try:
                with Peer.login(weir) as peer:
                    return peer.value("select pg_backend_pid()") not in doomed
            except (ServerError, Closed):
                return False
        eventually(served, 20, "it does not recover")
        # A client without a server at that moment kept its connection.
        assert other.value("select 'still here'") == "still here"


def test_the_server_ends_in_the_middle_of_a_result(pgweir, gate):
    weir = pgweir({"databases": {"app": f"host=127.0.0.1 port={gate.port} dbname=app user=app"},
                   "pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer:
        peer.value("select 1")
        gate.to_client.cut_after_bytes(200_000)
        peer.send(wire.query("select repeat('x', 1000000)"))
        try:
            error = _last_error(peer)
            assert error.sqlstate in sqlstates.SERVER_LOST
        except AssertionError:
            # Half a DataRow was on its way already: no message could follow it.
            pass
    gate.heal()
    with Peer.login(weir) as peer:
        assert peer.value("select 'well again'") == "well again"


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("kind", list("TDCZ"))
def test_the_way_is_cut_before_each_message_of_a_reply(pgweir, gate, kind, reset):
    # One server: the cut must not hit the login of another that is just being connected.
    weir = pgweir({"databases": {"app": f"host=127.0.0.1 port={gate.port} dbname=app user=app"},
                   "pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer, Peer.login(weir) as other:
        other.value("select 1")
        peer.value("select 1")
        gate.to_client.cut_before_message(kind, reset=reset)
        peer.send(wire.query("select 1"))
        assert _last_error(peer).sqlstate in sqlstates.SERVER_LOST
        gate.heal()
        assert other.value("select 'unaware'") == "unaware"
    with Peer.login(weir) as peer:
        assert peer.value("select 'well again'") == "well again"


@pytest.mark.parametrize("kind", list("PBDES"))
def test_the_way_is_cut_before_each_message_of_a_request(pgweir, gate, kind):
    weir = pgweir({"databases": {"app": f"host=127.0.0.1 port={gate.port} dbname=app user=app"}})
    with Peer.login(weir) as peer:
        peer.value("select 1")
        gate.to_server.cut_before_message(kind)
        peer.send(wire.parse("", "select 1"), wire.bind("", ""), wire.describe("P", ""),
                  wire.execute(), wire.sync())
        assert _last_error(peer).sqlstate in sqlstates.SERVER_LOST
    gate.heal()
    with Peer.login(weir) as peer:
        assert peer.value("select 'well again'") == "well again"


def test_a_slow_way_to_the_server_changes_nothing_but_time(pgweir, gate):
    weir = pgweir({"databases": {"app": f"host=127.0.0.1 port={gate.port} dbname=app user=app"}})
    gate.to_server.delay = gate.to_client.delay = 0.02
    with Peer.login(weir, timeout=30) as peer:
        for i in range(5):
            assert peer.value(f"select {i}") == str(i)
        assert len(peer.value("select repeat('x', 300000)")) == 300_000


def test_a_stalled_server_stalls_only_its_own_client(pgweir, gate, cluster):
    weir = pgweir({"databases": {
        "stalled": f"host=127.0.0.1 port={gate.port} dbname=app user=app",
        "app": cluster.conninfo()}, "workers": 1, "timeouts": {"server_connect_timeout": "1s"}})
    with Peer.login(weir, dbname="stalled") as stuck, Peer.login(weir) as other:
        stuck.value("select 1")
        gate.to_client.stall()
        stuck.send(wire.query("select 'late'"))
        for i in range(20):
            assert other.value(f"select {i}") == str(i)
        gate.to_client.flow()
        row = next(m for m in stuck.until("Z") if m.type == "D")
        assert row.values == [b"late"]


def test_a_server_that_never_answers_a_login_is_given_up(pgweir, gate):
    gate.to_client.stall()
    weir = pgweir({"databases": {"app": f"host=127.0.0.1 port={gate.port} dbname=app user=app"},
                   "timeouts": {"server_connect_timeout": "400ms", "query_wait_timeout": "3s",
                                "server_login_retry": "200ms"}})
    with pytest.raises(ServerError) as refused:
        Peer.login(weir, timeout=20).value("select 1")
    assert refused.value.sqlstate in sqlstates.NO_SERVER | sqlstates.QUERY_WAIT_TIMEOUT
    assert weir.metrics().timeout("server_connect_timeout") >= 1
    gate.to_client.flow()

    def served():
        try:
            with Peer.login(weir) as peer:
                return peer.value("select 1") == "1"
        except (ServerError, Closed):
            return False
    eventually(served, 15, "it does not recover")


def _serve(weir):
    try:
        with Peer.login(weir, timeout=20) as peer:
            return peer.value("select 1") == "1"
    except (ServerError, Closed):
        return False


def test_postgresql_is_down_at_the_start_and_comes_later(own_cluster, pgweir):
    own_cluster.stop()
    weir = pgweir({"timeouts": {"server_login_retry": "200ms", "query_wait_timeout": "30s"}})
    assert weir.http("/healthz")[0] == 200
    eventually(lambda: weir.http("/readyz")[0] == 503, 10, "ready although nobody was reached")
    with pytest.raises(ServerError) as refused:
        Peer.login(weir, timeout=10).value("select 1")
    assert refused.value.sqlstate in sqlstates.NO_SERVER
    assert refused.value.fields["S"] == "FATAL" and refused.value.fields["M"]
    assert weir.http("/readyz")[0] == 503
    own_cluster.start()
    eventually(lambda: _serve(weir), 15, "it does not recover")
    eventually(lambda: weir.http("/readyz")[0] == 200, 10, "never ready")


def test_postgresql_restarts_under_way(own_cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 3}, "timeouts": {"server_login_retry": "200ms"}})
    with Peer.login(weir) as idle, Peer.login(weir) as in_transaction:
        assert idle.value("select 1") == "1"
        in_transaction.query("begin")
        own_cluster.restart()
        eventually(lambda: _serve(weir), 20, "it does not recover")
        assert idle.value("select 'kept my connection'") == "kept my connection"
        with pytest.raises((ServerError, Closed)):
            in_transaction.value("select 1")
    assert _serve(weir)


@pytest.mark.concurrent
def test_postgresql_restarts_under_load(own_cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 4}, "timeouts": {"server_login_retry": "100ms"}})
    stop = threading.Event()
    done, wrong = [0] * 10, []

    def client(number):
        while not stop.is_set():
            try:
                with Peer.login(weir, timeout=20) as peer:
                    while not stop.is_set():
                        if peer.value(f"select '{number}'") != str(number):
                            wrong.append(number)
                        done[number] += 1
            except ServerError as error:
                if error.sqlstate not in sqlstates.NO_SERVER | sqlstates.SERVER_LOST:
                    wrong.append(str(error))
                stop.wait(0.05)
            except (Closed, ConnectionError):
                stop.wait(0.05)
    threads = [threading.Thread(target=client, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            before = list(done)
            eventually(lambda b=before: all(n > m + 5 for n, m in zip(done, b)), 20)
            own_cluster.restart()
        before = list(done)
        eventually(lambda: all(n > m + 5 for n, m in zip(done, before)), 20,
                   "not everyone works again")
    finally:
        stop.set()
        for thread in threads:
            thread.join(scaled(30))
    assert not wrong, wrong[:5]


def test_clients_that_wait_get_a_clear_error_once_the_server_is_known_to_be_down(
        own_cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1},
                   "timeouts": {"server_login_retry": "30s", "query_wait_timeout": "120s"}})
    with Peer.login(weir) as holder, Peer.login(weir, timeout=20) as waiter:
        holder.query("begin")
        waiter.send(wire.query("select 1"))
        eventually(lambda: weir.metrics().sum("clients", state="waiting") == 1)
        own_cluster.stop()
        error = _last_error(waiter)
        assert error.sqlstate in sqlstates.NO_SERVER | sqlstates.SERVER_LOST
