"""TLS between pgweir and the server, and what crosses the wire there."""

import os
import threading

import psycopg
import pytest

from support.cluster import Cluster
from support.recorder import Recorder
from support.timing import eventually


HBA = ("local all all trust\nhost all postgres,app 127.0.0.1/32 trust\n"
       "hostssl all scram_user,cert_user 127.0.0.1/32 scram-sha-256\n"
       "hostssl all md5_user 127.0.0.1/32 md5\nhost all all 127.0.0.1/32 reject\n")


@pytest.fixture(name="encrypted", scope="module")
def _encrypted():
    cluster = Cluster(tls=True, hba=HBA)
    try:
        cluster.admin("set password_encryption = 'scram-sha-256';"
                      "create role scram_user login password 'only-hers';"
                      "set password_encryption = 'md5';"
                      "create role md5_user login password 'only-his'")
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture(name="recorder")
def _recorder(encrypted):
    recorder = Recorder((encrypted.host, encrypted.port))
    yield recorder
    recorder.close()


def _connect(weir, user, password):
    return psycopg.connect(host=weir.host, port=weir.port, user=user, password=password,
                           dbname="app", autocommit=True, connect_timeout=20)


def _start(pgweir, cluster, port, method, **keywords):
    """`app` goes over TLS through the recorder; auth_query goes by the Unix socket."""
    return pgweir({
        "auth": {"type": method, "auth_user": "postgres", "auth_dbname": "ask",
                 "auth_failure_delay": "0ms"},
        "databases": {
            "ask": {"host": cluster.folder, "port": cluster.port, "dbname": "app"},
            "app": {"host": "127.0.0.1", "port": port, "sslmode": "verify-full",
                    "sslrootcert": cluster.certificate, **keywords}}}, on=cluster)


@pytest.mark.parametrize("user,password,method", [
    ("scram_user", "only-hers", "scram-sha-256"), ("md5_user", "only-his", "md5"),
    ("scram_user", "only-hers", "password")])
def test_a_client_logs_its_server_in_over_tls_and_no_secret_crosses_in_clear(
        encrypted, pgweir, recorder, user, password, method):
    weir = _start(pgweir, encrypted, recorder.port, method)
    with _connect(weir, user, password) as connection:
        assert connection.execute("select current_user, ssl from pg_stat_ssl"
                                  " where pid = pg_backend_pid()").fetchone() == (user, True)
        canceller = threading.Timer(0, _cancel_when_running, (encrypted, connection))
        canceller.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("select pg_sleep(60)")
        canceller.join()
        assert connection.execute("select 'still here'").fetchone() == ("still here",)
    assert recorder.connections >= 2, "the cancel went another way"
    seen = bytes(recorder.recorded)
    for secret in (password, "SCRAM-SHA-256", "pg_sleep", user, "md5"):
        assert secret.encode() not in seen, secret
    # A CancelRequest in clear begins so.
    assert (1234 << 16 | 5678).to_bytes(4, "big") not in seen


def _cancel_when_running(cluster, connection):
    eventually(lambda: cluster.backends("query like '%pg_sleep(60)%' and state = 'active'"), 10,
               "the query does not run")
    connection.cancel()


def test_channel_binding_can_be_required_of_the_server(encrypted, pgweir):
    weir = _start(pgweir, encrypted, encrypted.port, "scram-sha-256", channel_binding="require")
    _connect(weir, "scram_user", "only-hers").close()
    weir = _start(pgweir, encrypted, encrypted.port, "md5", channel_binding="require")
    with pytest.raises(psycopg.OperationalError, match="cannot be reached|MD5"):
        _connect(weir, "md5_user", "only-his")


@pytest.mark.parametrize("keywords,why", [
    ({"host": "localhost.invalid", "hostaddr": "127.0.0.1"}, "mismatch"),
    ({"sslrootcert": "/etc/hostname"}, "sslrootcert|cannot use"),
    ({"sslrootcert": "/nowhere/root.crt"}, "sslrootcert|cannot use"),
    ({"sslmode": "disable"}, "no encryption|rejects"),
])
def test_a_server_that_is_not_the_right_one_is_refused(encrypted, pgweir, keywords, why):
    weir = _start(pgweir, encrypted, encrypted.port, "scram-sha-256", **keywords)
    with pytest.raises(psycopg.OperationalError, match=why):
        _connect(weir, "scram_user", "only-hers")


@pytest.mark.parametrize("sslmode", ["allow", "prefer", "require", "verify-ca", "verify-full"])
@pytest.mark.parametrize("stored", [True, False])
def test_every_sslmode_reaches_a_server_that_wants_tls(encrypted, pgweir, sslmode, stored):
    """By libpq with a stored password, by the client's keys without."""
    more = {"password": "only-hers"} if stored else {}
    weir = _start(pgweir, encrypted, encrypted.port, "scram-sha-256", sslmode=sslmode, **more)
    with _connect(weir, "scram_user", "only-hers") as connection:
        assert connection.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()"
                                  ).fetchone() == (True,)


def test_a_password_may_be_in_a_passfile_or_the_environment(encrypted, pgweir, tmp_path):
    passfile = tmp_path / "pgpass"
    passfile.write_text("*:*:*:scram_user:only-hers\n")
    os.chmod(passfile, 0o600)
    secret = tmp_path / "secret"
    secret.write_text("only-hers\n")
    for keywords in ({"passfile": str(passfile)}, {"password": f"file:{secret}"},
                     {"password": "${PGWEIR_TEST_SECRET}"}):
        weir = pgweir({"databases": {"app": {
            "host": "127.0.0.1", "port": encrypted.port, "user": "scram_user",
            "sslmode": "require", **keywords}}}, on=encrypted,
            environment={"PGWEIR_TEST_SECRET": "only-hers"})
        with psycopg.connect(host=weir.host, port=weir.port, user="app", dbname="app",
                             sslmode="disable") as connection:
            assert connection.execute("select current_user").fetchone() == ("scram_user",)
