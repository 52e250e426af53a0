"""Who is let in without a secret, and which limit keeps one out: as strict as PgBouncer is."""

import pathlib
import subprocess
import tempfile

import psycopg
import pytest

from support.console import ADMIN, USERS, Console
from support.pgbouncer import PROGRAM, PgBouncer, version
from support.pgweir import BINARY
from support.timing import eventually

_INI = """[databases]
app = host={host} port={server_port} dbname=app
forced = host={host} port={server_port} dbname=app user=app
[users]
listed = max_user_connections=2
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {{port}}
unix_socket_dir =
admin_users = operator, pgbouncer
auth_file = {folder}/userlist.txt
auth_hba_file = {folder}/hba.conf
{method}
"""
_METHODS = {
    "trust": "auth_type = trust",
    "a rule with trust": "auth_type = hba",
    "auth_query": "auth_type = trust\nauth_user = postgres",
}
# Who comes, for which database.
_LOGINS = [("app", "app"), ("stranger", "app"), ("nobody", "app"), ("listed", "app"),
           ("stranger", "forced"), ("app", "forced"), ("operator", "pgbouncer"),
           ("pgbouncer", "pgbouncer"), ("stranger", "pgbouncer")]


def _logins(bouncer):
    outcomes = {}
    for user, dbname in _LOGINS:
        try:
            # PgBouncer 1.18 never answers who must be looked up for its console.
            bouncer.connect(dbname, user, host="127.0.0.1", connect_timeout=3).close()
            outcomes[user, dbname] = "let in"
        except psycopg.OperationalError:
            outcomes[user, dbname] = "refused"
    return outcomes


def _text(cluster, folder, method):
    (folder / "userlist.txt").write_text('"app" "x"\n"postgres" "x"\n"operator" ""\n')
    (folder / "hba.conf").write_text("host all all 127.0.0.1/32 trust\n")
    folder.chmod(0o755)
    return _INI.format(host=cluster.host, server_port=cluster.port, folder=folder, method=method)


def _from_ini(pgweir, text):
    weir = pgweir(start=False)
    weir.config_path = f"{weir.folder}/pgbouncer.ini"
    weir.write_config(text.format(port=weir.port, folder=weir.folder))
    return weir.start([BINARY, weir.config_path], False)


@pytest.fixture(name="folder")
def fixture_folder():
    """A folder that PgBouncer, which is another user, can read."""
    with tempfile.TemporaryDirectory(prefix="pgweir-strict-", dir="/tmp") as name:
        yield pathlib.Path(name)


# pgweir let in whoever reached it.
@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
@pytest.mark.parametrize("method", _METHODS)
def test_trust_lets_in_whom_pgbouncer_lets_in(cluster, pgweir, folder, method):
    cluster.admin("drop role if exists stranger; create role stranger login;"
                  " drop role if exists listed; create role listed login")
    text = _text(cluster, folder, _METHODS[method])
    bouncer = PgBouncer(cluster, text)
    try:
        wanted = _logins(bouncer)
    finally:
        bouncer.remove()
    assert wanted["nobody", "app"] == "refused" and wanted["app", "app"] == "let in"
    weir = _from_ini(pgweir, text)
    found = _logins(weir)
    # What [users] holds are limits; before PgBouncer 1.24 it made a user known.
    if version() < (1, 24) and method != "auth_query":
        wanted["listed", "app"] = "refused"
    assert found == wanted
    with pytest.raises(psycopg.OperationalError, match='"trust" authentication failed for user'):
        weir.connect("app", "nobody")


def test_set_of_the_method_is_as_strict(cluster, pgweir, folder):
    text = _text(cluster, folder, "auth_type = any")
    weir = _from_ini(pgweir, text.replace("unix_socket_dir =", "unix_socket_dir = {folder}"))
    weir.connect("forced", "nobody").close()
    with Console(weir, host=weir.folder) as console:
        console.say("SET auth_type = 'trust'")
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            weir.connect("forced", "nobody")
        console.say("SET auth_type = 'any'")
        weir.connect("forced", "nobody").close()


def test_yaml_can_be_as_strict(pgweir):
    weir = pgweir({"auth": {"type": "trust", "known_users_only": True},
                   "users": {"app": {"password": "x"}, "listed": {"pool_size": 2}}})
    weir.connect().close()
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        weir.connect(user="listed")
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        weir.connect(user="postgres")


# --- where auth_query is asked --------------------------------------------------------------------


def _asking(cluster, auth_dbname, **changes):
    return {**USERS, "auth": {"type": "scram-sha-256", "auth_user": "postgres",
                              "auth_dbname": auth_dbname, "auth_failure_delay": "0ms"},
            "databases": {"app": cluster.conninfo(), "asked": cluster.conninfo(user="postgres")},
            "users": {ADMIN: {"password": "secret"}}, **changes}


def test_disable_of_the_database_to_ask_in_stops_it(cluster, pgweir):
    cluster.admin("drop role if exists looked_up;"
                  " create role looked_up login password 'secret'")
    weir = pgweir(_asking(cluster, "asked"))
    weir.connect(user="looked_up", password="secret").close()
    with Console(weir, password="secret") as console:
        console.say("DISABLE asked")
        with pytest.raises(psycopg.OperationalError,
                           match='authentication database "asked" is disabled'):
            weir.connect(user="looked_up", password="secret")
        console.say("ENABLE asked")
        weir.connect(user="looked_up", password="secret").close()


@pytest.mark.parametrize("name, problem", [
    ("nowhere", 'there is no database "nowhere" to ask in'),
    ("pgbouncer", 'cannot use the reserved "pgbouncer" database as an auth_dbname'),
])
@pytest.mark.parametrize("place", ["global", "database"])
def test_a_database_to_ask_in_that_cannot_be_is_refused_by_reload(cluster, pgweir, name, problem,
                                                                   place):
    weir = pgweir(_asking(cluster, "asked"))
    changed = _asking(cluster, name if place == "global" else "asked")
    if place == "database":
        changed["databases"]["app"] = {"host": cluster.host, "port": cluster.port,
                                       "auth_dbname": name}
    with Console(weir, password="secret") as console:
        weir.write_config({**weir.config, **changed})
        assert console.refusal("RELOAD") is not None
        eventually(lambda: weir.log_lines("auth_dbname"), 10, weir.log)
        with pytest.raises(psycopg.Error, match="auth_dbname"):
            console.say("RELOAD")
    eventually(lambda: any(problem.replace('"', '\\"') in line or problem in line
                           for line in weir.log().splitlines()), 10, weir.log)


def test_the_name_of_a_missing_database_to_ask_in_is_told_to_nobody(cluster, pgweir):
    config = _asking(cluster, "asked")
    config["databases"]["asked"] = {"host": cluster.host, "port": cluster.port,
                                    "dbname": "not_there"}
    weir = pgweir(config)
    with pytest.raises(psycopg.OperationalError) as refused:
        weir.connect("app", "stranger")
    assert "cannot be checked just now" in str(refused.value)
    assert "not_there" not in str(refused.value)


def test_from_an_ini_it_is_told_at_the_login(cluster, pgweir, folder):
    weir = _from_ini(pgweir, _text(cluster, folder, "auth_type = trust\nauth_user = app\n"
                                                    "auth_dbname = nowhere"))
    with pytest.raises(psycopg.OperationalError,
                       match='authentication database "nowhere" is not configured'):
        weir.connect("app", "stranger")


def test_the_console_is_no_database_to_ask_in(cluster, folder):
    text = _text(cluster, folder, "auth_type = trust\nauth_user = app\nauth_dbname = pgbouncer")
    ini = folder / "pgbouncer.ini"
    ini.write_text(text.format(port=6432, folder=folder))
    answer = subprocess.run([BINARY, "--check", str(ini)], capture_output=True, text=True,
                            check=False)
    assert answer.returncode != 0 and "cannot use the reserved" in answer.stderr


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits, detail", [
    ({"max_client_conn": 1}, r"no more connections allowed \(max_client_conn\)"),
    ({"max_db_client_connections": 1}, r"\(max_db_client_connections\)"),
    ({"max_user_client_connections": 1}, r"\(max_user_client_connections\)"),
])
def test_who_is_one_too_many_is_told_of_which_limit(pgweir, limits, detail):
    weir = pgweir({"limits": limits})
    with weir.connect():
        with pytest.raises(psycopg.OperationalError, match=detail):
            weir.connect()
