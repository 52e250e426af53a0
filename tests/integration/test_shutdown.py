"""SIGINT lets work end, SIGTERM waits for clients to leave; a second one or SIGQUIT ends at once.

As PgBouncer 1.25: SIGINT is its SHUTDOWN WAIT_FOR_SERVERS, SIGTERM its SHUTDOWN WAIT_FOR_CLIENTS.
"""

import signal

import psycopg
import pytest

from support import sqlstates, wire
from support.console import USERS, Console
from support.peer import Closed, Peer
from support.pgbouncer import PROGRAM, PgBouncer
from support.pgweir import BINARY
from support.timing import eventually

_INI = """[databases]
app = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
admin_users = operator
"""


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
def test_running_work_ends_before_the_daemon_does(pgweir, workers):
    weir = pgweir({"workers": workers})
    with Peer.login(weir) as in_query, Peer.login(weir) as in_transaction, Peer.login(weir) as idle:
        in_query.send(wire.query("select pg_sleep(1), 'to the end' /* drain */"))
        in_transaction.query("begin")
        eventually(lambda: weir.servers("query like '%/* drain */%' and state = 'active'"))
        weir.signal(signal.SIGINT)
        eventually(lambda: _refused(weir) or weir.log_lines("drain"), 10, "it does not drain")
        row = next(m for m in in_query.until("Z") if m.type == "D")
        assert row.values[1] == b"to the end"
        assert in_transaction.value("select 'goes on'") == "goes on"
        assert weir.process.poll() is None
        in_transaction.query("commit")
        assert weir.wait() == 0
        assert _last_word(idle) == sqlstates.SHUTTING_DOWN
    weir.stop()


def test_a_waiting_client_is_dismissed(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as holder, Peer.login(weir) as waiter:
        holder.query("begin")
        waiter.send(wire.query("select 'never served'"))
        eventually(lambda: weir.metrics().sum("clients", state="waiting") == 1)
        weir.signal(signal.SIGINT)
        assert _last_word(waiter) == sqlstates.SHUTTING_DOWN
        assert holder.value("select 'goes on'") == "goes on"
        holder.query("commit")
        assert weir.wait() == 0
    weir.stop()


def test_a_client_in_session_mode_keeps_its_server_until_it_leaves(pgweir):
    weir = pgweir({"pool": {"mode": "session"}})
    with Peer.login(weir) as peer:
        peer.query("select 1")
        weir.signal(signal.SIGINT)
        eventually(lambda: _refused(weir), 10, "it still accepts by TCP")
        assert peer.value("select 'goes on'") == "goes on"
        assert weir.process.poll() is None
        peer.close()
        assert weir.wait() == 0
    weir.stop()


@pytest.mark.parametrize("workers", [1, 2], ids="{}-workers".format)
def test_sigterm_waits_for_clients_to_leave(pgweir, workers):
    weir = pgweir({"workers": workers, "pool": {"default_pool_size": 1}})
    with Peer.login(weir) as holder, Peer.login(weir) as waiter:
        holder.query("begin")
        waiter.send(wire.query("select 'served'"))
        eventually(lambda: weir.metrics().sum("clients", state="waiting") == 1)
        weir.signal(signal.SIGTERM)
        eventually(lambda: _refused(weir), 10, "it still accepts by TCP")
        holder.query("commit")
        assert next(m for m in waiter.until("Z") if m.type == "D").values == [b"served"]
        assert holder.value("select 'again'") == "again"
        holder.close()
        assert waiter.value("select 'again'") == "again"
        assert weir.process.poll() is None
        waiter.close()
        assert weir.wait(5) == 0
    weir.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_console_stays_reachable_by_the_unix_socket(pgweir, number):
    weir = pgweir(USERS)
    with Peer.login(weir) as peer, Console(weir, host=weir.folder) as there:
        peer.query("begin")
        weir.signal(number)
        eventually(lambda: _refused(weir), 10, "it still accepts by TCP")
        assert there.row("SHOW LISTS", list="used_clients")["items"] == 2
        with Console(weir, host=weir.folder) as console:
            assert console.refusal("SHUTDOWN WAIT_FOR_SERVERS") == "55000"
            with pytest.raises(psycopg.OperationalError, match="shutting down"):
                weir.connect(host=weir.folder)
            assert peer.value("select 'goes on'") == "goes on"
            peer.query("commit")
            peer.close()
            assert weir.wait(5) == 0
    weir.stop()


def test_shutdown_on_the_console_ends_a_shutdown_that_waits(pgweir):
    weir = pgweir(USERS)
    with Peer.login(weir) as peer:
        weir.signal(signal.SIGTERM)
        eventually(lambda: _refused(weir), 10, "it still accepts by TCP")
        with Console(weir, host=weir.folder) as console:
            console.say("SHUTDOWN")
        assert _last_word(peer) == sqlstates.SHUTTING_DOWN
        assert weir.wait(5) == 0
    weir.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_readyz_says_no_while_it_shuts_down(pgweir, number):
    weir = pgweir()
    with Peer.login(weir) as peer:
        peer.query("begin")
        assert weir.http("/readyz")[0] == 200 and weir.http("/healthz")[0] == 200
        weir.signal(number)
        eventually(lambda: weir.http("/readyz")[0] == 503, 10, "still ready")
        assert weir.http("/healthz")[0] == 200
        peer.query("commit")
        peer.close()
        assert weir.wait() == 0
    weir.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_shutdown_ends_at_its_limit(pgweir, number):
    weir = pgweir({"timeouts": {"shutdown_timeout": "700ms"}})
    with Peer.login(weir) as peer:
        peer.query("begin")
        weir.signal(number)
        assert _last_word(peer) == sqlstates.SHUTTING_DOWN
        assert weir.wait(15) == 3
    weir.process = None


@pytest.mark.parametrize("own, limit", [("", "0"), ("shutdown_timeout = 2.5", "2.5")])
def test_run_from_an_ini_there_is_no_limit_unless_it_sets_one(cluster, pgweir, own, limit):
    weir = pgweir(start=False)
    weir.config_path = f"{weir.folder}/pgbouncer.ini"
    weir.write_config(_INI.format(server=cluster.conninfo(user="app"), port=weir.port,
                                  folder=weir.folder) + own + "\n")
    weir.start([BINARY, weir.config_path], True)
    with Console(weir, host=weir.folder) as console:
        assert console.row("SHOW CONFIG", key="shutdown_timeout")["value"] == limit
    assert not weir.log_lines("shutdown_timeout") or own


@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
def test_sigint_is_what_it_is_to_pgbouncer(cluster, pgweir):
    weir = pgweir()
    ini = _INI.replace("{server}", cluster.conninfo(user="app")) + "pool_mode = transaction\n"
    bouncer = PgBouncer(cluster, ini)
    try:
        for each in (weir, bouncer):
            with each.connect(autocommit=False) as client:
                client.execute("select 1")
                each.signal(signal.SIGINT)
                taken = "got SIGINT" if each is bouncer else "draining"
                eventually(lambda: taken in each.log(), 10, each.log)  # pylint: disable=W0640
                assert client.execute("select 'goes on'").fetchone() == ("goes on",)
                assert each.process.poll() is None
                client.commit()
                assert each.wait(15) == 0
    finally:
        bouncer.remove()
    weir.stop()


@pytest.mark.concurrent
@pytest.mark.parametrize("signals", [
    (signal.SIGQUIT,), (signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT),
    (signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)],
    ids=lambda signals: "-".join(each.name for each in signals))
def test_at_once_means_at_once(pgweir, signals):
    weir = pgweir()
    with Peer.login(weir) as busy, Peer.login(weir) as in_transaction, Peer.login(weir) as idle:
        in_transaction.query("begin")
        busy.send(wire.query("select pg_sleep(60) /* at once */"))
        eventually(lambda: weir.servers("query like '%/* at once */%' and state = 'active'"))
        weir.signal(signals[0])
        if len(signals) > 1:
            eventually(lambda: _refused(weir))
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_new_client_during_a_shutdown_is_turned_away(pgweir, number):
    weir = pgweir()
    with Peer.login(weir) as peer:
        peer.query("begin")
        weir.signal(number)
        eventually(lambda: _turned_away(weir), 10, "a new client is let in")
        peer.query("commit")
        peer.close()
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


def test_during_a_shutdown_nothing_is_paused_or_resumed(pgweir):
    weir = pgweir(USERS)
    with Peer.login(weir) as there, Console(weir, host=weir.folder) as console:
        console.say("SHUTDOWN WAIT_FOR_CLIENTS")
        eventually(lambda: weir.log_lines(" leaving "), 10, weir.log)
        assert console.refusal("RESUME") == sqlstates.PROTOCOL_VIOLATION
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            weir.signal(number)
            eventually(lambda: weir.log_lines(f"signal={signal.Signals(number).name}"), 10, weir.log)
        assert there.value("select 'goes on'") == "goes on"
    assert weir.wait() == 0
    weir.stop()
