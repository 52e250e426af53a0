"""The console is a database of its own in what it shows, as PgBouncer's is."""

import psycopg
import pytest

from support.console import USERS, Console
from support.pgbouncer import PROGRAM, AdminConsole, PgBouncer
from support.pgweir import BINARY

_INI = """[databases]
app = host={host} port={server_port} dbname=app user=app
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {{port}}
unix_socket_dir = {{folder}}
auth_type = any
admin_users = operator
"""
# What is asked while two clients of the console are there, and what names the console's row.
_SHOWS = {"DATABASES": "name", "POOLS": "database", "STATS": "database",
          "STATS_TOTALS": "database"}


def _own_rows(bouncer, folder):
    """The console's row of each SHOW, with two of its clients there."""
    rows = {}
    with AdminConsole(bouncer, "operator", host=folder) as console, \
            AdminConsole(bouncer, "operator", host=folder) as other:
        other.rows("SHOW VERSION")
        for show, key in _SHOWS.items():
            found = [row for row in console.rows(f"SHOW {show}") if row[key] == "pgbouncer"]
            assert len(found) == 1, (show, found)
            # Averages are those of a period, which either program begins when it likes.
            rows[show] = {name: value for name, value in found[0].items()
                          if name != "port" and not name.startswith("avg_")}
        rows["counts"] = {row["list"]: row["items"] for row in console.rows("SHOW LISTS")
                          if row["list"] in ("databases", "pools")}
    return rows


def _from_ini(cluster, pgweir):
    weir = pgweir(start=False)
    weir.config_path = f"{weir.folder}/pgbouncer.ini"
    ini = _INI.format(host=cluster.host, server_port=cluster.port)
    weir.write_config(ini.format(port=weir.port, folder=weir.folder))
    return weir.start([BINARY, weir.config_path], True)


@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
def test_its_rows_are_those_of_pgbouncer(cluster, pgweir):
    bouncer = PgBouncer(cluster, _INI.format(host=cluster.host, server_port=cluster.port))
    try:
        wanted = _own_rows(bouncer, bouncer.folder)
    finally:
        bouncer.remove()
    weir = _from_ini(cluster, pgweir)
    found = _own_rows(weir, weir.folder)
    assert found["counts"] == wanted["counts"]
    for show in _SHOWS:
        assert {name: found[show][name] for name in wanted[show]} == wanted[show]


def test_its_clients_are_counted_for_it_and_for_their_user(pgweir):
    weir = pgweir(USERS)
    with Console(weir) as console, Console(weir, dbname="pgweir"), Console(weir, user="watcher"):
        database = console.row("SHOW DATABASES", name="pgbouncer")
        assert (database["port"], database["pool_mode"]) == (weir.port, "statement")
        assert (database["current_client_connections"], database["max_client_connections"]) == (
            3, 0)
        assert console.row("SHOW POOLS", database="pgbouncer")["cl_active"] == 3
        users = {row["name"]: row["current_client_connections"]
                 for row in console.rows("SHOW USERS")}
        assert users == {"pgbouncer": 0, "operator": 2, "watcher": 1}
        clients = [row["user"] for row in console.rows("SHOW CLIENTS")]
        assert sorted(clients) == ["operator", "operator", "watcher"]
        stats = console.row("SHOW STATS", database="pgbouncer")
        assert stats["total_client_login_count"] == 3
        totals = {row["name"]: row["value"] for row in console.rows("SHOW TOTALS")}
        assert totals["total_client_login_count"] == 3
    with Console(weir) as console:
        assert console.row("SHOW DATABASES", name="pgbouncer")["current_client_connections"] == 1


def test_no_limit_of_clients_keeps_the_operator_out(pgweir):
    weir = pgweir({**USERS, "users": {"operator": {"max_user_client_connections": 1}},
                   "limits": {"max_db_client_connections": 1}})
    with Console(weir) as console, Console(weir):
        assert console.row("SHOW USERS", name="operator")["current_client_connections"] == 2
        with pytest.raises(psycopg.OperationalError, match="too many|no more connections"):
            weir.connect(user="operator")
