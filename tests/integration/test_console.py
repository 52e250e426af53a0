"""The console: who may come in, what each SHOW shows, and that its numbers are right."""

import psycopg
import pytest

from support import wire
from support.commands import psql
from support.console import ADMIN, COLUMNS, STATS, USERS, Console
from support.peer import Peer, ServerError
from support.timing import eventually


@pytest.fixture(name="weir")
def _weir(pgweir):
    return pgweir(USERS)


# --- who ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dbname", ["pgweir", "pgbouncer"])
def test_it_has_both_names(weir, dbname):
    with Console(weir, dbname=dbname) as console:
        assert console.rows("SHOW VERSION")[0]["version"].startswith("pgweir ")
        assert console.connection.execute("select current_database()").fetchone() == (dbname,)


def test_who_is_neither_admin_nor_watcher_is_not_let_in(weir):
    with pytest.raises(psycopg.OperationalError, match="may not use the console"):
        Console(weir, user="app")


def test_it_asks_for_the_password_that_any_database_asks_for(pgweir):
    weir = pgweir({**USERS, "auth": {"type": "scram-sha-256", "auth_failure_delay": "0ms"},
                   "users": {ADMIN: {"password": "secret"}}})
    with Console(weir, password="secret") as console:
        assert console.rows("SHOW STATE")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        Console(weir, password="guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        Console(weir, user="unknown", password="secret")


@pytest.mark.parametrize("user", ["pgweir", "pgbouncer"])
def test_who_runs_it_comes_in_by_the_socket_without_a_password(pgweir, user):
    weir = pgweir({**USERS, "auth": {"type": "scram-sha-256", "auth_failure_delay": "0ms"}})
    with psycopg.connect(host=weir.folder, port=weir.port, dbname="pgbouncer", user=user,
                         autocommit=True) as connection:
        assert connection.execute("RELOAD").statusmessage == "RELOAD"
    with pytest.raises(psycopg.OperationalError, match="password"):
        Console(weir, user=user, password="guess")


def test_auth_query_finds_who_comes_for_the_console_if_it_is_said_where_to_ask(cluster, pgweir):
    cluster.admin(f"drop role if exists {ADMIN}")
    cluster.admin("set password_encryption = 'scram-sha-256'")
    cluster.admin(f"create role {ADMIN} login password 'secret'")
    asks = {"type": "scram-sha-256", "auth_user": "postgres", "auth_failure_delay": "0ms"}
    with Console(pgweir({**USERS, "auth": {**asks, "auth_dbname": "app"}}),
                 password="secret") as console:
        assert console.rows("SHOW STATE")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        Console(pgweir({**USERS, "auth": asks}), password="secret")
    cluster.admin(f"drop role {ADMIN}")


def test_a_full_pgweir_still_has_room_for_the_operator(pgweir):
    weir = pgweir({**USERS, "limits": {"max_client_conn": 1}})
    with Peer.login(weir), Console(weir) as console:
        assert console.lists()["used_clients"] == 2


@pytest.mark.parametrize("name", ["pgweir", "pgbouncer"])
def test_its_name_cannot_be_that_of_a_database(cluster, pgweir, name):
    weir = pgweir()
    weir.reload({**weir.config, "databases": {name: cluster.conninfo()}})
    eventually(lambda: weir.log_lines("is the name of the console"))


# --- columns --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_every_show_has_the_columns_of_pgbouncer_in_order_and_type(weir, name):
    with Peer.login(weir) as client, Console(weir, user=STATS) as console:
        client.query("select 1")
        for binary in (False, True):
            cursor = console.connection.cursor(binary=binary)
            cursor.execute(f"SHOW {name}")
            described = [(column.name, column.type_code) for column in cursor.description]
            assert described == COLUMNS[name]
            assert cursor.statusmessage == "SHOW"
            cursor.fetchall()


def test_what_help_names_is_what_there_is(weir):
    details = []
    with Console(weir) as console:
        console.connection.add_notice_handler(lambda notice: details.append(notice.message_detail))
        assert console.say("SHOW HELP") == "SHOW"
        shows = details[0].split("SHOW ")[1].split("\n")[0].split(" | ")
        assert set(shows) == {*COLUMNS, "HELP", "FDS"}
        for name in shows:
            assert console.refusal(f"show {name.lower()};") == ("0A000" if name == "FDS" else None)


# --- numbers --------------------------------------------------------------------------------------


def test_a_load_with_known_counts_is_counted_so_everywhere(pgweir):
    weir = pgweir({**USERS, "pool": {"default_pool_size": 2}})
    with Peer.login(weir) as first, Peer.login(weir) as second, Console(weir) as console:
        for _ in range(5):
            first.query("select 1")
        second.query("begin")
        second.query("select 2")
        second.query("commit")
        for _ in range(3):
            second.send(wire.parse("", "select 3"), wire.bind("", ""), wire.execute(""),
                        wire.sync())
            second.until("Z")

        # What ended last is counted when its answer has gone, which the client may have by then.
        eventually(lambda: console.row("SHOW STATS", database="app")["total_query_count"] == 11)
        stats = console.row("SHOW STATS", database="app")
        assert stats["total_xact_count"] == 9
        assert stats["total_client_parse_count"] == 3
        assert stats["total_server_parse_count"] == 3
        assert stats["total_bind_count"] == 3
        assert stats["total_client_login_count"] == 2
        assert stats["total_requests"] == 11
        metrics = weir.metrics()
        assert stats["total_server_assignment_count"] == metrics.sum("leases", database="app")
        assert stats["total_query_count"] == metrics.sum("queries", database="app")
        assert stats["total_received"] == metrics.sum(
            "client_received_bytes", database="app")
        assert stats["total_sent"] == metrics.sum("client_sent_bytes", database="app")
        totals = console.row("SHOW STATS_TOTALS", database="app")
        assert totals["query_count"] == 11 and totals["bytes_sent"] == stats["total_sent"]
        summed = {row["name"]: row["value"] for row in console.rows("SHOW TOTALS")}
        # The console counts as a database, each of its clients as one query.
        assert summed["total_query_count"] == 12 and summed["total_ps_bind_count"] == 3
        assert summed["total_client_bytes"] == stats["total_received"]


def test_averages_are_those_of_the_last_period(pgweir):
    weir = pgweir({"console": {**USERS["console"], "stats_period": "1s"}})
    with Peer.login(weir) as client, Console(weir) as console:
        def busy():
            for _ in range(20):
                client.query("select pg_sleep(0.001)")
            row = console.row("SHOW STATS", database="app")
            return row if row["avg_query_count"] > 0 else None
        row = eventually(busy, 10)
        assert row["avg_query_time"] >= 1000 and row["avg_xact_time"] >= 1000
        assert row["avg_query_count"] <= row["total_query_count"]
        averages = console.row("SHOW STATS_AVERAGES", database="app")
        assert averages["query_count"] > 0


def test_clients_are_shown_as_they_are(pgweir):
    weir = pgweir({**USERS, "pool": {"default_pool_size": 1}})
    with Peer.login(weir, application_name="idler") as idler, Peer.login(weir) as holder, \
            Peer.login(weir) as waiter, Console(weir) as console:
        idler.query("select 1")
        holder.query("begin")
        waiter.send(wire.query("select 1"))
        eventually(lambda: console.row("SHOW POOLS", database="app")["cl_waiting"] == 1)
        rows = {(row["state"], row["link"] != ""): row for row in console.rows("SHOW CLIENTS")
                if row["database"] == "app"}
        assert set(rows) == {("idle", False), ("active", True), ("waiting", False)}
        idle, waiting = rows["idle", False], rows["waiting", False]
        assert idle["application_name"] == "idler"
        assert idle["port"] == idler.socket.getsockname()[1]
        assert (idle["addr"], idle["local_port"]) == ("127.0.0.1", weir.port)
        assert waiting["waits_for"] == "one of the pool's 1 servers"
        assert waiting["wait"] + waiting["wait_us"] > 0
        server = console.row("SHOW SERVERS", database="app")
        active = rows["active", True]
        assert (server["ptr"], server["link"]) == (active["link"], active["ptr"])
        assert server["state"] == "active"
        assert str(server["remote_pid"]) == holder.value("select pg_backend_pid()")
        pool = console.row("SHOW POOLS", database="app")
        assert (pool["cl_active"], pool["cl_idle"], pool["sv_active"], pool["sv_idle"]) == (
            2, 1, 1, 0)
        assert pool["maxwait"] + pool["maxwait_us"] > 0 and pool["pool_mode"] == "transaction"
        metrics = weir.metrics()
        for state, count in (("idle", 1), ("waiting", 1), ("active", 1)):
            assert metrics.sum("clients", state=state, database="app") == count
        lists = console.lists()
        assert (lists["used_clients"], lists["used_servers"], lists["pools"]) == (4, 1, 2)
        own = console.row("SHOW CLIENTS", database="pgbouncer")
        assert (own["user"], own["state"]) == (ADMIN, "active")
        holder.query("commit")
        waiter.until("Z")


def test_a_pin_is_shown_with_its_reason_and_its_statement(weir):
    with Peer.login(weir) as client, Console(weir) as console:
        client.query("create temporary table mine (secret text default 'x')")
        row = eventually(lambda: next(iter(
            row for row in console.rows("SHOW CLIENTS") if row["pinned_by"]), None))
        assert row["pinned_by"] == "temporary_object" and row["pinned_seconds"] >= 0
        assert "create temporary table mine" in row["pinning_statement"]
        assert "'x'" not in row["pinning_statement"]
        assert console.row("SHOW POOLS", database="app")["cl_pinned"] == 1


def test_databases_are_shown_with_what_governs_them(cluster, pgweir):
    weir = pgweir({**USERS, "databases": {
        "app": {"host": cluster.host, "port": cluster.port, "pool_size": 7, "user": "app"},
        "*": {"host": cluster.host, "port": cluster.port}}})
    with Peer.login(weir) as one, Peer.login(weir, dbname="postgres") as two, \
            Console(weir) as console:
        one.query("select 1")
        two.query("select 1")
        app = console.row("SHOW DATABASES", name="app")
        assert (app["host"], app["port"]) == (cluster.host, int(cluster.port))
        assert (app["database"], app["force_user"], app["pool_size"]) == ("app", "app", 7)
        assert (app["current_connections"], app["current_client_connections"]) == (1, 1)
        found = console.row("SHOW DATABASES", name="postgres")
        assert found["force_user"] is None and found["current_connections"] == 1
        assert console.row("SHOW DATABASES", name="*")["current_connections"] == 0
        assert console.row("SHOW USERS", name="app")["current_client_connections"] == 2
        assert console.lists()["databases"] == 4


def test_config_has_pgbouncers_names(weir):
    with Console(weir) as console:
        config = {row["key"]: row for row in console.rows("SHOW CONFIG")}
        assert config["max_client_conn"]["value"] == "1000"
        assert config["pool_mode"]["option"] == "pool.mode"
        assert config["workers"]["changeable"] == "no"
        assert config["query_wait_timeout"]["default"] == "120"
        assert not any("secret" in (row["value"] or "") for row in config.values())


# --- what is no command ---------------------------------------------------------------------------


@pytest.mark.parametrize("statement, sqlstate", [
    ("SHOW CLEINTS", "42704"), ("SHOW", "42601"), ("SHOW POOLS POOLS", "42601"),
    ("NONSENSE", "42601"), ("INSERT INTO x VALUES (1)", "42601"), ("SELECT * FROM t", "42P01"),
    ("KILL_CLIENT", "42601"), ("KILL_CLIENT seven", "08P01"), ("SHUTDOWN LATER", "42601"),
    ("DISABLE", "42601"), ("RELOAD now", "42601"), ("SET x", "42601")])
def test_what_is_no_command_is_a_clean_error(weir, statement, sqlstate):
    with Console(weir) as console:
        assert console.refusal(statement) == sqlstate
        assert console.rows("SHOW VERSION")


def test_several_statements_in_one_query_are_answered_up_to_an_error(weir):
    with Peer.login(weir, dbname="pgweir", user=ADMIN) as peer:
        messages = peer.query("show version; -- one\n;; select 'a;b'; nonsense; show version")
        assert "".join(m.type for m in messages) == "TDCTDCEZ"
        assert [m.type for m in peer.query(" ; ")] == ["I", "Z"]


def test_a_long_message_is_refused_and_the_session_goes_on(weir):
    with Peer.login(weir, dbname="pgweir", user=ADMIN) as peer:
        messages = peer.query("select '" + "x" * 100_000 + "'")
        assert [m.type for m in messages] == ["E", "Z"]
        assert messages[0].fields["C"] == "54000"
        assert peer.value("select 1") == "1"


def test_psql_lists_and_describes_without_an_error(weir):
    for arguments in (["-c", "\\d"], ["-l"], ["-c", "\\d nothing"], ["-c", "\\dt *.*"],
                      ["-c", "\\l"], ["-c", "show pools"], ["-c", "\\du"], ["-c", "\\conninfo"]):
        done = psql(weir, *arguments, dbname="pgweir", user=ADMIN)
        assert done.returncode in (0, 1) and "ERROR" not in done.stderr, (arguments, done)
    assert "app" in psql(weir, "-l", dbname="pgweir", user=ADMIN).stdout


def test_a_replication_client_is_told_that_there_is_nothing_to_replicate(weir):
    with pytest.raises(ServerError) as refused:
        Peer.login(weir, dbname="pgweir", user=ADMIN, replication="database")
    assert refused.value.sqlstate == "0A000"
