"""With which secret pgweir logs in to a server, where several are known or none is plain."""

import contextlib
import textwrap

import psycopg
import pytest

from support.pgweir import Pgweir
from support.timing import eventually

SECRET_METHODS = ["scram-sha-256", "password", "md5"]


def _login(weir, user, password, dbname="app"):
    return psycopg.connect(host=weir.host, port=weir.port, user=user, password=password,
                           dbname=dbname, autocommit=True, connect_timeout=20)


def _outcome(weir, user, password, dbname="app"):
    try:
        with _login(weir, user, password, dbname) as session:
            return session.execute("select session_user::text").fetchone()[0]
    except psycopg.OperationalError as error:
        return str(error).split("FATAL:")[-1].strip()


def _recycle(cluster, user="app"):
    """Ends all of its servers, those too whose login was still under way, until none is left."""
    eventually(lambda: not cluster.admin(
        f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{user}'"))


def _weir(pgweir, cluster, method, **changes):
    return pgweir({"auth": {"type": method, "auth_failure_delay": "0ms", "auth_failure_limit": 0},
                   "pool": {"default_pool_size": 2},
                   "timeouts": {"server_login_retry": "100ms"},
                   "databases": {"app": {"host": cluster.host, "port": cluster.port}}, **changes},
                  on=cluster)


# Who logged in with the old password broke the pool for all.
@pytest.mark.parametrize("method", SECRET_METHODS)
@pytest.mark.parametrize("order", [["new", "old"], ["old", "new"]], ids=" ".join)
def test_each_of_several_passwords_lets_in_whichever_the_server_has(guarded, pgweir, order, method):
    guarded.admin("alter role app password 'new'")
    weir = _weir(pgweir, guarded, method, users={"app": {"password": order}})
    assert _outcome(weir, "app", "old") == "app"
    assert _outcome(weir, "app", "new") == "app"
    with _login(weir, "app", "new") as held:
        for server_has in ("new", "old", "new"):
            guarded.admin(f"alter role app password '{server_has}'")
            assert _outcome(weir, "app", "old") == "app"
            assert _outcome(weir, "app", "new") == "app"
            _recycle(guarded)
            for _ in range(3):
                assert held.execute("select 'served'").fetchone() == ("served",)
            _recycle(guarded)
            assert _outcome(weir, "app", "old") == "app"
            assert _outcome(weir, "app", "new") == "app"
    assert "password authentication failed" in _outcome(weir, "app", "neither")


def test_where_no_password_is_right_the_servers_own_refusal_is_told(guarded, pgweir):
    guarded.admin("alter role app password 'another'")
    weir = _weir(pgweir, guarded, "scram-sha-256", users={"app": {"password": ["new", "old"]}})
    for password in ("new", "old"):
        assert _outcome(weir, "app", password) == 'password authentication failed for user "app"'
    guarded.admin("alter role app password 'old'")
    eventually(lambda: _outcome(weir, "app", "new") == "app", 10)


def _verifier(cluster, role):
    return cluster.admin(f"select rolpassword from pg_authid where rolname = '{role}'")[0][0]


def _role(cluster, name, password):
    cluster.admin(f"drop role if exists {name}")
    cluster.admin(f"create role {name} login password '{password}'")
    return _verifier(cluster, name)


# As PgBouncer, which logs in with the keys that the client's SCRAM exchange has shown.
@pytest.mark.parametrize("form", ["ini", "yaml"])
@pytest.mark.parametrize("method", ["scram-sha-256", "plain"])
def test_a_verifier_as_an_entrys_password_logs_in_with_the_clients_keys(guarded, pgweir, tmp_path,
                                                                       form, method):
    verifier = _role(guarded, "backend_user", "secret123")
    stranger = _role(guarded, "client_user", "clientpw")
    users = {"backend_user": verifier, "client_user": stranger}
    if form == "ini":
        weir = _of_ini(guarded, tmp_path, method, users, verifier)
    else:
        weir = _weir(pgweir, guarded, "password" if method == "plain" else method,
                     users={name: {"password": secret} for name, secret in users.items()},
                     databases={"app": {"host": guarded.host, "port": guarded.port,
                                        "dbname": "app", "user": "backend_user",
                                        "password": verifier}})
    try:
        # Whose keys do not fit harms nobody.
        assert "backend_user" != _outcome(weir, "client_user", "clientpw")
        assert eventually(lambda: _outcome(weir, "backend_user", "secret123") == "backend_user")
        assert _outcome(weir, "client_user", "clientpw") == "backend_user"
        assert "password authentication failed" in _outcome(weir, "backend_user", "wrong")
        _recycle(guarded, "backend_user")
        assert _outcome(weir, "client_user", "clientpw") == "backend_user"
    finally:
        if form == "ini":
            weir.finish()


class _IniWeir(Pgweir):
    """One that reads PgBouncer's configuration."""

    def __init__(self, cluster, text):
        super().__init__(cluster, start=False)
        self.write_config(text.format(port=self.port, folder=self.folder))
        from support.pgweir import BINARY
        self.config = {"listen": []}
        self.start(command=[BINARY, "--pgbouncer-ini", self.config_path], local=False)


def _of_ini(cluster, folder, method, users, verifier):
    userlist = folder / "userlist.txt"
    userlist.write_text("".join(f'"{name}" "{secret}"\n' for name, secret in users.items()))
    return _IniWeir(cluster, textwrap.dedent(f"""\
        [databases]
        app = host={cluster.host} port={cluster.port} dbname=app user=backend_user password='{verifier}'
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {{port}}
        unix_socket_dir =
        auth_type = {method}
        auth_file = {userlist}
        pool_mode = transaction
        server_login_retry = 1
        """))


def test_an_md5_hash_as_an_entrys_password_logs_in(guarded, pgweir):
    guarded.admin("drop role if exists hashed")
    guarded.admin("set password_encryption = md5; create role hashed login password 'secret'")
    with open(f"{guarded.data}/pg_hba.conf", encoding="utf-8") as file:
        hba = file.read()
    with open(f"{guarded.data}/pg_hba.conf", "w", encoding="utf-8") as file:
        file.write("host all hashed 127.0.0.1/32 md5\n" + hba)
    guarded.admin("select pg_reload_conf()")
    weir = _weir(pgweir, guarded, "trust",
                 databases={"app": {"host": guarded.host, "port": guarded.port, "dbname": "app",
                                    "user": "hashed", "password": _verifier(guarded, "hashed")}})
    eventually(lambda: _outcome(weir, "anybody", "") == "hashed", 10)


# The old password worked for ten seconds more, and the new one was refused the first time.
@pytest.mark.parametrize("method", SECRET_METHODS)
@pytest.mark.parametrize("through", [True, False], ids=["through pgweir", "past pgweir"])
def test_a_changed_password_counts_at_once(guarded, pgweir, method, through):
    encryption = "md5" if method == "md5" else "scram-sha-256"
    weir = pgweir({"auth": {"type": method, "auth_user": "postgres", "auth_failure_limit": 0,
                            "auth_failure_delay": "0ms"},
                   "databases": {"app": {"host": guarded.host, "port": guarded.port,
                                         "dbname": "app", "user": "postgres"}}}, on=guarded)

    def change(password):
        statements = (f"set password_encryption = '{encryption}'",
                      f"alter role changing password '{password}'")
        if through:
            with contextlib.closing(_login(weir, "asker", "asker")) as session:
                for statement in statements:
                    session.execute(statement)
        else:
            guarded.admin("; ".join(statements))
    guarded.admin(f"set password_encryption = '{encryption}'; drop role if exists changing, asker;"
                  " create role changing login password 'one';"
                  " create role asker superuser login password 'asker'")
    assert _outcome(weir, "changing", "one") == "postgres"
    for old, new in (("one", "two"), ("two", "one"), ("one", "three")):
        change(new)
        assert "password authentication failed" in _outcome(weir, "changing", old)
        assert _outcome(weir, "changing", new) == "postgres"
        change(old)
        assert _outcome(weir, "changing", old) == "postgres"
        change(new)
        assert _outcome(weir, "changing", new) == "postgres"


@pytest.mark.parametrize("method", ["password", "md5"])
def test_a_remembered_answer_is_asked_anew_before_a_password_is_refused(guarded, pgweir, method):
    encryption = "md5" if method == "md5" else "scram-sha-256"
    guarded.admin(f"set password_encryption = '{encryption}'; drop role if exists changing;"
                  " create role changing login password 'one'")
    weir = pgweir({"auth": {"type": method, "auth_user": "postgres", "auth_failure_limit": 0,
                            "auth_query_cache_time": "1h", "auth_failure_delay": "0ms"},
                   "databases": {"app": {"host": guarded.host, "port": guarded.port,
                                         "dbname": "app", "user": "postgres"}}}, on=guarded)
    assert _outcome(weir, "changing", "one") == "postgres"
    guarded.admin(f"set password_encryption = '{encryption}'; alter role changing password 'two'")
    assert _outcome(weir, "changing", "two") == "postgres"
    assert "password authentication failed" in _outcome(weir, "changing", "one")
