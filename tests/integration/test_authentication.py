"""Who may come in: every method with every kind of secret, compared with PostgreSQL itself."""

import asyncio
import functools
import itertools
import os
import re
import ssl
import subprocess
import threading

import asyncpg
import psycopg
import pytest

from support import wire
from support.cluster import Cluster
from support.peer import Peer
from support.pgweir import Pgweir
from support.timing import eventually, sized

METHODS = ["trust", "reject", "password", "md5", "scram-sha-256"]
FORMS = ["md5", "scram", "expired", "forever", "null", "nobody"]
EXPIRY = {"expired": "valid until '2001-01-01'", "forever": "valid until 'infinity'"}
RIGHT, WRONG = "right password", "wrong password"


def _role(method, form):
    return f"{method.replace('-', '_')}_{form}"


ROLES = [_role(method, form) for method in METHODS for form in FORMS]


def _hba():
    lines = ["local all all trust", "host all postgres,app,asker 127.0.0.1/32 trust"]
    for method in METHODS:
        users = ",".join(_role(method, form) for form in FORMS)
        lines.append(f"host all {users} 127.0.0.1/32 {method}")
    return "\n".join(lines) + "\n"


def _create_roles(cluster):
    for method in METHODS:
        for form in FORMS:
            if form == "nobody":
                continue
            encryption = "md5" if form == "md5" else "scram-sha-256"
            password = "null" if form == "null" else f"'{RIGHT}'"
            cluster.admin(f"set password_encryption = '{encryption}';"
                          f"create role {_role(method, form)} login password {password} {EXPIRY.get(form, '')}")


@pytest.fixture(name="guarded", scope="module")
def _guarded():
    """A cluster whose own pg_hba.conf asks each role by its method, over TCP only."""
    cluster = Cluster(hba=_hba(), tls=True)
    try:
        _create_roles(cluster)
        yield cluster
    finally:
        cluster.remove()


def _databases(cluster):
    """pgweir itself comes in through the Unix socket, where the cluster trusts."""
    return {"app": {"host": cluster.folder, "port": cluster.port},
            "*": {"host": cluster.folder, "port": cluster.port}}


def _userlist(cluster, path, plain=False):
    """The secrets as the cluster has them, or the passwords themselves."""
    rows = cluster.admin("select rolname, rolpassword from pg_authid where rolpassword is not null"
                         " and (rolvaliduntil is null or rolvaliduntil > now())")
    with open(path, "w", encoding="utf-8") as file:
        for name, secret in rows:
            file.write(f'"{name}" "{RIGHT if plain else secret}"\n')
    return str(path)


@pytest.fixture(name="gateways", scope="module")
def _gateways(guarded, tls, tmp_path_factory):
    """By where secrets come from: pgweir with the cluster's own rules."""
    folder = tmp_path_factory.mktemp("auth")
    hba = folder / "pg_hba.conf"
    hba.write_text(_hba())
    base = {"type": "hba", "auth_hba_file": str(hba), "auth_failure_delay": "0ms",
            "auth_failure_limit": 0}
    sources = {"auth_query": {"auth_user": "postgres", "auth_dbname": "app"},
               "auth_file": {"auth_file": _userlist(guarded, folder / "users")},
               "plain": {"auth_file": _userlist(guarded, folder / "plain", plain=True)}}
    started = {}
    try:
        for name, source in sources.items():
            started[name] = Pgweir(guarded, {"auth": {**base, **source}, "tls": tls,
                                             "databases": _databases(guarded)})
        yield started
    finally:
        for weir in started.values():
            weir.finish()


def _unverified():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _attempt(target, user, password, database, encrypted=False):
    """'in', or the severity, SQLSTATE, message, detail and hint with which the client was sent away."""
    async def run():
        try:
            connection = await asyncpg.connect(
                host="127.0.0.1", port=target.port, user=user, password=password,
                database=database, timeout=20, ssl=_unverified() if encrypted else False)
        except asyncpg.PostgresError as error:
            return error.severity, error.sqlstate, str(error), error.detail, error.hint
        try:
            assert await connection.fetchval("select current_user") == user
        finally:
            await connection.close()
        return "in"

    return asyncio.run(run())


@functools.lru_cache(maxsize=None)
def _direct(cluster, *case):
    """PostgreSQL's answer, which is the same wherever pgweir has its secrets from."""
    return _attempt(cluster, *case)


def _is_the_exception(source, user, password):
    """A plain password serves every method; PostgreSQL, which has the MD5 hash only, not SCRAM."""
    return source == "plain" and user == "scram_sha_256_md5" and password == RIGHT


@pytest.mark.parametrize("source", ["auth_query", "auth_file", "plain"])
@pytest.mark.parametrize("user", ROLES)
@pytest.mark.parametrize("encrypted", [False, True], ids=["in clear", "over TLS"])
def test_a_client_hears_what_postgresql_would_say(guarded, gateways, source, user, encrypted):
    cases = [*itertools.product((RIGHT, WRONG), ("app", "nowhere")), ("", "app")]
    for password, database in cases:
        if _is_the_exception(source, user, password):
            continue
        direct = _direct(guarded, user, password, database, encrypted)
        through = _attempt(gateways[source], user, password, database, encrypted)
        assert through == direct, (password, database)


def test_an_unknown_user_hears_what_a_wrong_password_hears(gateways):
    for method in ("password", "md5", "scram-sha-256"):
        known = _attempt(gateways["auth_query"], _role(method, "scram"), WRONG, "app")
        unknown = _attempt(gateways["auth_query"], _role(method, "nobody"), WRONG, "app")
        assert known[1] == unknown[1] == "28P01"
        assert known[2].replace("scram\"", "nobody\"") == unknown[2] and known[3:] == unknown[3:]


def test_the_log_names_the_rule_and_never_a_secret(gateways):
    weir = gateways["auth_query"]
    _attempt(weir, _role("reject", "scram"), RIGHT, "app")
    line = eventually(lambda: weir.log_lines("pg_hba.conf rejects") or
                      weir.log_lines("reject_nobody"), 5, "no line")
    assert line
    failed = weir.log_lines("authentication_failed")
    assert any(re.search(r"pg_hba\.conf:4: host all reject_", text) for text in failed), failed
    assert RIGHT not in weir.log() and "SCRAM-SHA-256$" not in weir.log()


def _start(pgweir, cluster, auth, **changes):
    return pgweir({"auth": auth, "databases": _databases(cluster), **changes})


def _psycopg(weir, user, password, database="app"):
    return psycopg.connect(host=weir.host, port=weir.port, user=user, password=password,
                           dbname=database, autocommit=True, connect_timeout=20)


def test_several_passwords_of_a_user_work_at_once_so_that_they_can_be_changed(cluster, pgweir):
    for method in ("scram-sha-256", "md5", "password"):
        weir = pgweir({"auth": {"type": method, "auth_failure_delay": "0ms"},
                       "users": {"app": {"password": ["old one", "new one"]}}})
        for password in ("old one", "new one"):
            with _psycopg(weir, "app", password) as connection:
                assert connection.execute("select 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            _psycopg(weir, "app", "neither")


def test_a_changed_password_is_noticed_at_the_first_failure(guarded, pgweir):
    weir = _start(pgweir, guarded, {"type": "scram-sha-256", "auth_user": "postgres",
                                    "auth_query_cache_time": "1h", "auth_failure_delay": "0ms"})
    guarded.admin("drop role if exists changing; create role changing login password 'one'")
    _psycopg(weir, "changing", "one").close()
    guarded.admin("alter role changing password 'two'")
    _psycopg(weir, "changing", "one").close()  # remembered
    with pytest.raises(psycopg.OperationalError):
        _psycopg(weir, "changing", "two")
    _psycopg(weir, "changing", "two").close()
    with pytest.raises(psycopg.OperationalError):
        _psycopg(weir, "changing", "one")


def test_many_clients_at_once_cost_one_auth_query(guarded, pgweir):
    guarded.admin("drop role if exists crowd; create role crowd login password 'secret';"
                  "create table if not exists asked (at timestamptz default clock_timestamp());"
                  "create or replace function ask(name text) returns table (n name, p text)"
                  " language plpgsql as $$ begin insert into asked default values;"
                  " perform pg_sleep(0.5); return query select rolname, rolpassword from pg_authid"
                  " where rolname = name; end $$; truncate asked")
    weir = _start(pgweir, guarded, {"type": "scram-sha-256", "auth_user": "postgres",
                                    "auth_dbname": "app", "auth_query_cache_time": "10s",
                                    "auth_query": "select * from public.ask($1)"})
    answers = []

    def client():
        with _psycopg(weir, "crowd", "secret") as connection:
            answers.append(connection.execute("select 1").fetchone())

    threads = [threading.Thread(target=client) for _ in range(sized(20, 8))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(threads)
    assert guarded.admin("select count(*) from asked") == [(1,)]


def test_values_of_a_clients_startup_packet_do_not_reach_the_connection_that_asks(guarded, pgweir):
    guarded.admin("create schema if not exists evil;"
                  "create or replace view evil.pg_authid as select 'asked'::name as rolname,"
                  " true as rolcanlogin, null::timestamptz as rolvaliduntil,"
                  " 'md5' || md5('guess' || 'scram_sha_256_scram') as rolpassword")
    weir = _start(pgweir, guarded, {"type": "scram-sha-256", "auth_user": "postgres",
                                    "auth_query_cache_time": "0s", "auth_failure_delay": "0ms"})
    hostile = {"options": "-c search_path=evil,pg_catalog -c session_replication_role=replica",
               "application_name": "hostile"}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=weir.host, port=weir.port, user="scram_sha_256_scram",
                        password="guess", dbname="app", **hostile)
    asking = guarded.admin(
        "select application_name from pg_stat_activity where query like '%pg_authid%'"
        " and pid <> pg_backend_pid()")
    assert asking and all(name != "hostile" for (name,) in asking)


def test_an_auth_query_that_fails_is_told_to_the_operator_and_not_to_the_client(guarded, pgweir):
    weir = _start(pgweir, guarded, {"type": "scram-sha-256", "auth_user": "postgres",
                                    "auth_query": "select nonsense($1)"})
    with pytest.raises(psycopg.OperationalError, match="cannot be checked just now") as refused:
        _psycopg(weir, "app", "x")
    assert "nonsense" not in str(refused.value)
    eventually(lambda: weir.log_lines("nonsense"), 5, "the log does not say why")


def test_a_brake_delays_and_then_blocks_guessing(cluster, pgweir):
    weir = pgweir({"auth": {"type": "scram-sha-256", "auth_failure_limit": 3,
                            "auth_failure_delay": "1ms", "auth_failure_block": "2s"},
                   "users": {"app": {"password": "secret"}, "other": {"password": "secret"}}})
    for _ in range(3):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            _psycopg(weir, "app", "guess")
    with pytest.raises(psycopg.OperationalError, match="too many failed logins"):
        _psycopg(weir, "app", "secret")
    assert weir.metrics().sum("pgweir_authentications_blocked_total") == 1
    assert weir.metrics().sum("pgweir_authentications_failed_total") >= 4

    def let_in():
        try:
            _psycopg(weir, "app", "secret").close()
            return True
        except psycopg.OperationalError:
            return False

    eventually(let_in, 10, "still blocked")


def test_peer_lets_in_the_account_of_that_name_and_nobody_else(cluster, pgweir, tmp_path):
    ident = tmp_path / "pg_ident.conf"
    ident.write_text('admins root app\nadmins /^(post)gres$ \\1\n')
    hba = tmp_path / "pg_hba.conf"
    hba.write_text("local all all peer map=admins\n")
    weir = pgweir({"auth": {"type": "hba", "auth_hba_file": str(hba),
                            "auth_ident_file": str(ident)}})
    with psycopg.connect(host=weir.folder, port=weir.port, user="app", dbname="app") as connection:
        assert connection.execute("select current_user").fetchone() == ("app",)
    with pytest.raises(psycopg.OperationalError, match='Peer authentication failed for user "post'):
        psycopg.connect(host=weir.folder, port=weir.port, user="postgres", dbname="app")


@pytest.mark.parametrize("secret", ["plain", "scram", "md5"])
def test_pgweir_logs_in_to_the_server_as_the_client(secret, pgweir):
    """Nobody but the client knows the password; the server asks for it on every connection."""
    cluster = Cluster(hba="local all all trust\nhost all postgres,app 127.0.0.1/32 trust\n"
                          "host all all 127.0.0.1/32 md5\n")
    try:
        encryption = "md5" if secret == "md5" else "scram-sha-256"
        cluster.admin(f"set password_encryption='{encryption}'; create role carol login"
                      " password 'her own'")
        auth = {"type": "password" if secret == "plain" else "md5" if secret == "md5" else
                "scram-sha-256", "auth_user": "postgres"}
        weir = pgweir({"auth": auth, "databases": {
            "app": {"host": "127.0.0.1", "port": cluster.port}}}, on=cluster)
        for _ in range(3):
            with _psycopg(weir, "carol", "her own") as connection:
                assert connection.execute("select current_user").fetchone() == ("carol",)
    finally:
        weir.finish()
        cluster.remove()


def test_a_second_startup_message_during_authentication_is_refused(cluster, pgweir):
    weir = pgweir({"auth": {"type": "scram-sha-256"}, "users": {"app": {"password": "secret"}}})
    with Peer((weir.host, weir.port)) as peer:
        peer.send(wire.startup({"user": "nobody", "database": "nowhere"}))
        assert peer.receive().type == "R"
        peer.send(wire.startup({"user": "app", "database": "app"}))
        refused = peer.receive()
        assert refused.type == "E" and b"expected SASL response" in refused.body
        assert peer.until_closed() == []


def test_a_silent_client_is_sent_away_by_the_login_timeout(cluster, pgweir):
    weir = pgweir({"auth": {"type": "scram-sha-256"}, "users": {"app": {"password": "secret"}},
                   "timeouts": {"client_login_timeout": "300ms"}})
    with Peer((weir.host, weir.port)) as peer:
        peer.send(wire.startup({"user": "app", "database": "app"}))
        assert peer.receive().type == "R"
        last = peer.until_closed(timeout=10)
        assert b"canceling authentication due to timeout" in last[-1].body


def test_an_unknown_database_is_named_where_nothing_else_can_be_asked(guarded, pgweir):
    weir = _start(pgweir, guarded, {"type": "scram-sha-256", "auth_user": "postgres"})
    with pytest.raises(psycopg.OperationalError, match='database "nowhere" does not exist'):
        _psycopg(weir, "scram_sha_256_scram", RIGHT, "nowhere")


def test_a_password_is_prepared_as_rfc_4013_says(pgweir, cluster):
    weir = pgweir({"auth": {"type": "scram-sha-256", "auth_failure_delay": "0ms"},
                   "users": {"app": {"password": "I\u00adX \u00aa"}}})
    for password in ("IX a", "I\u00adX \u00aa"):
        _psycopg(weir, "app", password).close()
    with pytest.raises(psycopg.OperationalError):
        _psycopg(weir, "app", "ix a")


def test_psql_logs_in_with_scram(cluster, pgweir):
    weir = pgweir({"auth": {"type": "scram-sha-256"}, "users": {"app": {"password": "secret"}}})
    done = subprocess.run(
        [f"{cluster.bin}/psql", "-h", weir.host, "-p", str(weir.port), "-U", "app", "-XAtc",
         "select 'in'", "app"], env={**os.environ, "PGPASSWORD": "secret"},
        capture_output=True, text=True, check=False)
    assert done.stdout == "in\n", done.stderr
