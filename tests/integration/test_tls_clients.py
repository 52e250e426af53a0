"""Programs that speak TLS to pgweir, each as its users start it."""

import asyncio
import os
import ssl
import subprocess

import asyncpg
import psycopg2
import pytest

from support import wire
from support.certificates import Authority
from support.recorder import Recorder
from support.timing import eventually, scaled

USERS = {"auth": {"type": "scram-sha-256", "auth_failure_delay": "0ms"},
         "users": {"app": {"password": "secret"}}}


def _psql(weir, sql="select 'in'", host="localhost", **environment):
    names = {"PGHOST": host, "PGHOSTADDR": "127.0.0.1", "PGPORT": str(weir.port), "PGUSER": "app",
             "PGDATABASE": "app", "PGPASSWORD": "secret", "PGCONNECT_TIMEOUT": "20"}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    done = subprocess.run(["psql", "-XAtqw", "-c", sql], env={**clean, **names, **environment},
                          capture_output=True, text=True, timeout=scaled(60), check=False)
    return done.stdout.strip() or done.stderr.strip()


@pytest.mark.parametrize("sslmode", ["disable", "allow", "prefer", "require", "verify-ca",
                                     "verify-full"])
def test_psql_comes_in_with_each_sslmode(pgweir, tls, ca, sslmode):
    weir = pgweir({"tls": tls, **USERS})
    assert _psql(weir, PGSSLMODE=sslmode, PGSSLROOTCERT=ca.certificate) == "in"
    protocol = '""' if sslmode in ("disable", "allow") else "TLSv1.3"
    eventually(lambda: weir.log_lines(f"tls={protocol}"), 5, lambda: weir.log())


def test_psql_verifies_whom_it_speaks_to(pgweir, tls, ca, tmp_path):
    weir = pgweir({"tls": tls, **USERS})
    other = Authority(tmp_path, "another").certificate
    for sslmode in ("verify-ca", "verify-full"):
        assert "certificate verify failed" in _psql(weir, PGSSLMODE=sslmode, PGSSLROOTCERT=other)
    assert "does not match host name" in _psql(weir, host="pgweir.example", PGSSLMODE="verify-full",
                                               PGSSLROOTCERT=ca.certificate)


def test_psql_binds_the_channel_where_it_must(pgweir, tls):
    weir = pgweir({"tls": tls, **USERS})
    assert _psql(weir, PGSSLMODE="require", PGCHANNELBINDING="require") == "in"
    assert "authentication failed" in _psql(weir, PGSSLMODE="require", PGCHANNELBINDING="require",
                                            PGPASSWORD="guess")
    assert "channel binding" in _psql(weir, PGSSLMODE="disable", PGCHANNELBINDING="require")
    # Nothing but SCRAM can bind: a server that asks for less is refused by the client.
    weak = pgweir({"tls": tls, **USERS, "auth": {"type": "password"}})
    assert "channel binding" in _psql(weak, PGSSLMODE="require", PGCHANNELBINDING="require")


def test_psql_shows_its_certificate(pgweir, tls, ca):
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": "verify-full",
                           "client_tls_ca_file": ca.certificate}, "auth": {"type": "cert"}})
    for name, outcome in (("app", "in"), ("somebody", 'certificate authentication failed for user "app"')):
        key, certificate = ca.issue(f"psql-{name}", name)
        assert outcome in _psql(weir, PGSSLMODE="verify-full", PGSSLROOTCERT=ca.certificate,
                                PGSSLCERT=certificate, PGSSLKEY=key)


def test_asyncpg_and_psycopg2_verify_and_come_in(pgweir, tls, ca):
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": "require"}, **USERS})
    context = ssl.create_default_context(cafile=ca.certificate)

    async def fetch():
        connection = await asyncpg.connect(
            host="localhost", port=weir.port, user="app", password="secret", database="app",
            ssl=context, timeout=scaled(20), statement_cache_size=0)
        try:
            return await connection.fetchval("select repeat('x', 1000000)")
        finally:
            await connection.close()
    assert asyncio.run(fetch()) == "x" * 1_000_000
    connection = psycopg2.connect(host="localhost", port=weir.port, user="app", password="secret",
                                  dbname="app", sslmode="verify-full", sslrootcert=ca.certificate)
    with connection, connection.cursor() as cursor:
        cursor.execute("select repeat('x', 1000000)")
        assert cursor.fetchone() == ("x" * 1_000_000,)
    connection.close()


def test_openssl_begins_with_tls_at_once(pgweir, tls, ca):
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": "require"}})
    spoken = wire.startup({"user": "app", "database": "app"}) + wire.query("select 'in'") \
        + wire.terminate()

    def connect(*options):
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"{weir.host}:{weir.port}", "-quiet",
             "-CAfile", ca.certificate, "-verify_return_error", "-servername", "localhost", *options],
            input=spoken, capture_output=True, timeout=scaled(30), check=False).stdout
    assert wire.data_row("in") in connect("-alpn", "postgresql")
    assert b"08P01" in connect() and wire.data_row("in") not in connect()
    assert wire.data_row("in") not in connect("-alpn", "h2")


@pytest.mark.parametrize("method", ["password", "md5", "scram-sha-256"])
def test_no_secret_of_a_client_crosses_in_clear(pgweir, tls, method):
    """The password, what is sent in its place, the queries, and the key to cancel them."""
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": "require"}, "auth": {"type": method},
                   "users": {"app": {"password": "only-hers"}}})
    recorder = Recorder((weir.host, weir.port))
    try:
        connection = psycopg2.connect(host="127.0.0.1", port=recorder.port, user="app",
                                      password="only-hers", dbname="app", sslmode="require")
        key = connection.info.backend_pid.to_bytes(4, "big", signed=True)
        with connection, connection.cursor() as cursor:
            cursor.execute("select 'only-his'")
            assert cursor.fetchone() == ("only-his",)
        connection.close()
    finally:
        recorder.close()
    seen = bytes(recorder.recorded)
    assert len(seen) > 500
    for secret in (b"only-hers", b"only-his", b"SCRAM-SHA-256", b"n=,r=", b"user\0", key):
        assert secret not in seen, secret
