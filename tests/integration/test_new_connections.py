"""What a new connection to PostgreSQL is made with: connect_query, and one of several hosts."""

import collections

import psycopg
import pytest

from support.peer import Peer
from support.timing import eventually


def _app(cluster, **more):
    return {"databases": {"app": {"host": cluster.host, "port": cluster.port, "dbname": "app", **more}}}


def test_settings_of_a_connect_query_are_what_reset_goes_back_to(pgweir, cluster):
    weir = pgweir(_app(cluster, connect_query="set enable_seqscan=off; set work_mem to '7MB'"))
    with Peer.login(weir) as peer:
        assert peer.value("show enable_seqscan") == "off"
        peer.query("set work_mem = '9MB'")
        assert peer.value("show work_mem") == "9MB"
        peer.query("reset all")
        assert peer.value("show work_mem") == "7MB" and peer.value("show enable_seqscan") == "off"
        peer.query("discard all")
        assert peer.value("show work_mem") == "7MB"


@pytest.mark.parametrize("interval", ["5s", 0])
def test_any_other_connect_query_runs_once_on_each_connection(pgweir, cluster, interval):
    with cluster.connect() as direct:
        direct.execute("create table if not exists connected (pid int)")
        direct.execute("truncate connected")
    weir = pgweir({**_app(cluster, connect_query="select 1; insert into connected values "
                                                 "(pg_backend_pid())"),
                   "pool": {"default_pool_size": 2, "login_defaults_interval": interval}})
    with Peer.login(weir) as one, Peer.login(weir) as two:
        one.query("begin")
        two.query("begin")
        pids = {one.value("select pg_backend_pid()"), two.value("select pg_backend_pid()")}
        one.query("commit")
        two.query("commit")
        for _ in range(3):
            one.value("select 1")
        counted = collections.Counter(row[0] for row in two.rows("select pid from connected"))
    assert set(counted) == {int(pid) for pid in pids} or set(counted) == pids
    assert set(counted.values()) == {1}


def test_a_connect_query_that_fails_keeps_clients_out_and_says_why(pgweir, cluster):
    weir = pgweir({**_app(cluster, connect_query="select 1/0"),
                   "timeouts": {"server_login_retry": "200ms"}})
    with pytest.raises(psycopg.OperationalError, match="division by zero"):
        weir.connect()


def test_connections_go_round_the_hosts_of_a_list(pgweir, cluster):
    hosts = f"{cluster.host},localhost"
    weir = pgweir({"databases": {"app": {"host": hosts, "port": cluster.port, "dbname": "app",
                                         "load_balance_hosts": "round-robin"},
                                 "first": {"host": f"127.0.0.1,{cluster.host}", "dbname": "app",
                                           "port": f"1,{cluster.port}"}},
                   "pool": {"default_pool_size": 4}})
    peers = [Peer.login(weir) for _ in range(4)]
    for peer in peers:
        peer.query("begin")
    assert len(weir.servers()) == 4
    for peer in peers:
        peer.close()
    with Peer.login(weir, dbname="first") as peer:
        assert peer.value("select 1") == "1", "a host that is not there is passed over"


def test_round_robin_uses_all_idle_servers_alike(pgweir):
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 3, "min_pool_size": 3,
                                          "server_round_robin": True}})
    with Peer.login(weir) as peer:
        eventually(lambda: weir.metrics().sum("pgweir_servers", state="idle") == 3, 20, weir.log)
        pids = [peer.value("select pg_backend_pid()") for _ in range(6)]
    assert len(set(pids)) == 3 and pids[:3] == pids[3:]


def test_fast_close_cuts_off_who_keeps_a_server_outside_of_a_transaction(pgweir):
    weir = pgweir({"pool": {"mode": "session", "server_fast_close": True},
                   "console": {"admin_users": "app"}})
    idle, busy = Peer.login(weir), Peer.login(weir)
    idle.query("select 1")
    busy.query("begin")
    with weir.connect("pgbouncer") as console:
        console.execute("RECONNECT")
    idle.until_closed()
    assert busy.value("select 7") == "7", "its transaction goes on"
    busy.query("commit")
    busy.until_closed()


def test_suspend_holds_up_what_is_new_and_not_what_is_under_way(pgweir):
    weir = pgweir({"console": {"admin_users": "app"}})
    working, waiting = Peer.login(weir), Peer.login(weir)
    working.query("begin")
    with weir.connect("pgbouncer") as console:
        console.execute("SUSPEND")
        assert console.execute("SHOW STATE").fetchall() == [
            ("active", "no"), ("paused", "no"), ("suspended", "yes")]
        assert working.value("select 7") == "7"
        waiting.send(b"Q\0\0\0\rselect 8\0")
        eventually(lambda: console.execute("SHOW POOLS").fetchall()[0][3] == 1, 20, weir.log)
        with pytest.raises(psycopg.Error, match="paused already"):
            console.execute("SUSPEND")
        console.execute("RESUME")
        assert console.execute("SHOW STATE").fetchall()[0] == ("active", "yes")
    assert waiting.until("Z")[-1].type == "Z"
    working.close()
    waiting.close()


def _asked(cluster, since):
    return cluster.log()[since:].count("statement: SELECT 'still there'")


def test_a_server_that_was_idle_is_asked_before_it_is_lent(cluster, pgweir):
    weir = pgweir({"workers": 2, "pool": {"default_pool_size": 1, "server_check_delay": 0,
                                          "server_check_query": "SELECT 'still there'"}})
    cluster.admin("alter role app set log_statement = 'all'")
    try:
        since = len(cluster.log())
        pids = set()
        for _ in range(4):
            with Peer.login(weir) as peer:
                pids.add(peer.value("select pg_backend_pid()"))
        assert len(pids) == 1 and _asked(cluster, since) >= 3
    finally:
        cluster.admin("alter role app reset log_statement")


def test_one_that_does_not_answer_is_replaced_and_nobody_notices(cluster, pgweir):
    weir = pgweir({"workers": 2, "pool": {"default_pool_size": 2, "server_check_delay": 0,
                                          "server_check_query": "<empty>"}})
    for _ in range(5):
        with Peer.login(weir) as peer:
            before = peer.value("select pg_backend_pid()")
        # It ends a moment later, and may be lent before that is seen.
        cluster.admin("select pg_terminate_backend(%s)", [int(before)])
        with Peer.login(weir) as peer:
            assert peer.value("select pg_backend_pid()") != before
