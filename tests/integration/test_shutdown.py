"""SIGTERM and SIGINT end politely, a second one or SIGQUIT at once."""

import signal

import pytest

from support import sqlstates, wire
from support.peer import Closed, Peer
from support.timing import eventually


def _refused(weir):
    try:
        Peer((weir.host, weir.port), timeout=3).close()
        return False
    except ConnectionError:
        return True


def _last_word(peer):
    errors = [m for m in peer.until_closed() if m.type == "E"]
    assert errors, "closed without a word"
    return errors[-1].sqlstate


@pytest.mark.parametrize("workers", [1, 2], ids="{}-workers".format)  # a single one accepts itself
@pytest.mark.parametrize("polite", [signal.SIGTERM, signal.SIGINT])
def test_running_work_ends_before_the_daemon_does(pgweir, polite, workers):
    weir = pgweir({"workers": workers})
    with Peer.login(weir) as in_query, Peer.login(weir) as in_transaction, Peer.login(weir) as idle:
        in_query.send(wire.query("select pg_sleep(1), 'to the end' /* drain */"))
        in_transaction.query("begin")
        eventually(lambda: weir.servers("query like '%/* drain */%' and state = 'active'"))
        weir.signal(polite)
        eventually(lambda: _refused(weir) or weir.log_lines("drain"), 10, "it does not drain")
        row = next(m for m in in_query.until("Z") if m.type == "D")
        assert row.values[1] == b"to the end"
        assert in_transaction.value("select 'goes on'") == "goes on"
        assert weir.process.poll() is None
        in_transaction.query("commit")
        assert weir.wait() == 0
        assert _last_word(idle) == sqlstates.SHUTTING_DOWN
    weir.stop()


def test_a_waiting_client_is_still_served(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as holder, Peer.login(weir) as waiter:
        holder.query("begin")
        waiter.send(wire.query("select 'served'"))
        eventually(lambda: weir.metrics().sum("clients", state="waiting") == 1)
        weir.signal(signal.SIGTERM)
        eventually(lambda: weir.log_lines("drain") or _refused(weir))
        holder.query("commit")
        assert next(m for m in waiter.until("Z") if m.type == "D").values == [b"served"]
        assert weir.wait() == 0
    weir.stop()


def test_readyz_says_no_while_draining(pgweir):
    weir = pgweir()
    with Peer.login(weir) as peer:
        peer.query("begin")
        assert weir.http("/readyz")[0] == 200 and weir.http("/healthz")[0] == 200
        weir.signal(signal.SIGTERM)
        eventually(lambda: weir.http("/readyz")[0] == 503, 10, "still ready")
        assert weir.http("/healthz")[0] == 200
        peer.query("commit")
        assert weir.wait() == 0
    weir.stop()


def test_a_drain_ends_at_its_deadline(pgweir):
    weir = pgweir({"timeouts": {"shutdown_timeout": "700ms"}})
    with Peer.login(weir) as peer:
        peer.query("begin")
        weir.signal(signal.SIGTERM)
        assert _last_word(peer) == sqlstates.SHUTTING_DOWN
        weir.wait(15)
    weir.stop()


@pytest.mark.concurrent
@pytest.mark.parametrize("signals", [
    (signal.SIGQUIT,), (signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT)],
    ids=["SIGQUIT", "SIGTERM twice", "SIGINT twice"])
def test_at_once_means_at_once(pgweir, signals):
    weir = pgweir()
    with Peer.login(weir) as busy, Peer.login(weir) as in_transaction, Peer.login(weir) as idle:
        in_transaction.query("begin")
        busy.send(wire.query("select pg_sleep(60) /* at once */"))
        eventually(lambda: weir.servers("query like '%/* at once */%' and state = 'active'"))
        weir.signal(signals[0])
        if len(signals) > 1:
            eventually(lambda: weir.log_lines("drain") or _refused(weir))
            weir.signal(signals[1])
        for peer in (busy, in_transaction, idle):
            assert _last_word(peer) == sqlstates.SHUTTING_DOWN
        weir.wait(10)
    weir.stop()
    eventually(lambda: not weir.servers("query like '%/* at once */%' and state = 'active'"),
               10, "its query runs on")


def test_its_unix_socket_is_gone_afterwards(pgweir):
    import os

    weir = pgweir()
    path = f"{weir.folder}/.s.PGSQL.{weir.port}"
    with Peer(path) as peer:
        peer.startup({"user": "app", "database": "app"})
        assert peer.value("select 1") == "1"
    assert weir.stop() == 0
    assert not os.path.exists(path)


def test_it_starts_again_over_the_socket_of_a_killed_one(pgweir):
    weir = pgweir()
    weir.process.kill()
    weir.process.wait()
    weir.start()
    with Peer(f"{weir.folder}/.s.PGSQL.{weir.port}") as peer:
        peer.startup({"user": "app", "database": "app"})
        assert peer.value("select 1") == "1"


def test_a_new_client_during_the_drain_is_turned_away(pgweir):
    weir = pgweir()
    with Peer.login(weir) as peer:
        peer.query("begin")
        weir.signal(signal.SIGTERM)
        eventually(lambda: _turned_away(weir), 10, "a new client is let in")
        peer.query("commit")
        assert weir.wait() == 0
    weir.stop()


def _turned_away(weir):
    from support.peer import ServerError

    try:
        Peer.login(weir, timeout=3).close()
        return False
    except (ConnectionError, Closed):
        return True
    except ServerError as error:
        assert error.sqlstate in (sqlstates.SHUTTING_DOWN, sqlstates.CANNOT_CONNECT_NOW)
        return True
