"""TLS between clients and pgweir."""

import os
import socket
import ssl
import subprocess
import threading

import psycopg
import pytest

from support import wire
from support.certificates import Authority
from support.peer import Peer
from support.timing import eventually, sized


SSL_REQUEST = wire.request(1234 << 16 | 5679)


def _connect(weir, **keywords):
    keywords = {"host": weir.host, "sslmode": "require", "dbname": "app", "user": "app",
                "connect_timeout": 20, "autocommit": True, **keywords}
    return psycopg.connect(port=weir.port, **keywords)


def _refused(weir, match, **keywords):
    with pytest.raises(psycopg.OperationalError, match=match):
        _connect(weir, **keywords)


def _uses_tls(connection):
    return connection.pgconn.ssl_in_use


@pytest.mark.parametrize("ours", ["disable", "allow", "prefer", "require"])
@pytest.mark.parametrize("theirs", ["disable", "allow", "prefer", "require", "verify-ca",
                                    "verify-full"])
def test_each_sslmode_of_a_client_meets_each_of_ours(pgweir, tls, ca, ours, theirs):
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": ours}})
    keywords = {"sslmode": theirs, "sslrootcert": ca.certificate, "host": "localhost",
                "hostaddr": "127.0.0.1"}
    if theirs == "disable" and ours == "require":
        _refused(weir, "connection requires TLS", **keywords)
    elif ours == "disable" and theirs not in ("disable", "allow", "prefer"):
        _refused(weir, "does not support SSL", **keywords)
    else:
        with _connect(weir, **keywords) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
            expected = ours != "disable" and theirs not in ("disable", "allow")
            assert _uses_tls(connection) == (expected or (ours, theirs) == ("require", "allow"))


def test_a_wrong_authority_or_host_is_noticed_by_the_client(pgweir, tls, ca, tmp_path):
    weir = pgweir({"tls": tls})
    other = Authority(tmp_path, "another")
    _refused(weir, "certificate verify failed", sslmode="verify-ca",
             sslrootcert=other.certificate)
    _refused(weir, "does not match host name", sslmode="verify-full", host="pgweir.example",
             hostaddr="127.0.0.1", sslrootcert=ca.certificate)


def test_scram_binds_the_channel(pgweir, tls, ca):
    for key in ("rsa:2048", "P-256"):
        key_file, certificate = ca.issue(f"bound-{key[:3]}", "localhost", key=key)
        weir = pgweir({"tls": {**tls, "client_tls_key_file": key_file,
                               "client_tls_cert_file": certificate},
                       "auth": {"type": "scram-sha-256", "auth_failure_delay": "0ms"},
                       "users": {"app": {"password": "secret"}}})
        with _connect(weir, password="secret", channel_binding="require") as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        _refused(weir, "password authentication failed", password="wrong",
                 channel_binding="require")
        _connect(weir, password="secret", channel_binding="disable").close()


def test_a_client_certificate_proves_who_a_client_is(pgweir, tls, ca, tmp_path):
    key, certificate = ca.issue("user-app", "app")
    other_key, other = ca.issue("user-other", "somebody")
    hba = tmp_path / "pg_hba.conf"
    hba.write_text("hostssl app app all cert\nhostssl all all all cert map=names clientname=DN\n")
    ident = tmp_path / "pg_ident.conf"
    ident.write_text('names "CN=somebody,O=pgweir" postgres\n')
    weir = pgweir({"tls": {**tls, "client_tls_ca_file": ca.certificate},
                   "auth": {"type": "hba", "auth_hba_file": str(hba),
                            "auth_ident_file": str(ident)}})
    with _connect(weir, sslcert=certificate, sslkey=key) as connection:
        assert connection.execute("select current_user").fetchone() == ("app",)
    _refused(weir, 'certificate authentication failed for user "app"', sslcert=other,
             sslkey=other_key)
    _refused(weir, "connection requires a valid client certificate")
    with _connect(weir, sslcert=other, sslkey=other_key, user="postgres",
                  dbname="postgres") as connection:
        assert connection.execute("select current_user").fetchone() == ("postgres",)
    _refused(weir, "no encryption", sslmode="disable")


def test_a_client_certificate_must_be_of_our_authority_and_not_revoked(pgweir, tls, ca, tmp_path):
    key, certificate = ca.issue("good", "app")
    revoked_key, revoked = ca.issue("revoked", "app")
    stranger = Authority(tmp_path, "stranger").issue("user", "app")
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": "verify-full",
                           "client_tls_ca_file": ca.certificate,
                           "client_tls_crl_file": ca.revoke(revoked)}})
    _connect(weir, sslcert=certificate, sslkey=key).close()
    _refused(weir, "(?i)ssl|closed", sslcert=revoked, sslkey=revoked_key)
    _refused(weir, "(?i)ssl|closed", sslcert=stranger[1], sslkey=stranger[0])
    _refused(weir, "(?i)ssl|closed")
    eventually(lambda: weir.metrics().sum("pgweir_tls_handshakes_failed_total") >= 3, 5,
               "not counted")
    for reason in ("certificate revoked", "unable to get local issuer certificate",
                   "peer did not return a certificate"):
        assert any(reason in line for line in weir.log_lines("tls_handshake_failed")), reason


def _context(version=None, alpn=None):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version:
        context.minimum_version = context.maximum_version = version
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def _ask_for_tls(weir):
    raw = socket.create_connection((weir.host, weir.port), 10)
    raw.sendall(SSL_REQUEST)
    assert raw.recv(1) == b"S"
    return raw


def _select_one(stream):
    stream.sendall(wire.startup({"user": "app", "database": "app"}))
    _read_until_ready(stream)
    stream.sendall(wire.query("select 'in'"))
    return b"in" in _read_until_ready(stream)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls_work(pgweir, tls, version):
    weir = pgweir({"tls": tls})
    with _context(version).wrap_socket(_ask_for_tls(weir)) as stream:
        assert _select_one(stream)


def test_a_version_that_is_not_listed_is_refused(pgweir, tls):
    weir = pgweir({"tls": {**tls, "client_tls_protocols": "tlsv1.3"}})
    with pytest.raises((ssl.SSLError, ConnectionError)):
        _context(ssl.TLSVersion.TLSv1_2).wrap_socket(_ask_for_tls(weir))


def test_a_client_may_begin_with_tls_if_it_names_the_protocol(pgweir, tls):
    weir = pgweir({"tls": tls})
    raw = socket.create_connection((weir.host, weir.port), 10)
    with _context(alpn=["postgresql"]).wrap_socket(raw, server_hostname="db.example") as stream:
        assert stream.selected_alpn_protocol() == "postgresql"
        assert _select_one(stream)
    eventually(lambda: weir.log_lines("sni=db.example"), 5, "the log does not name the host")
    raw = socket.create_connection((weir.host, weir.port), 10)
    with _context().wrap_socket(raw) as stream:
        assert b"without ALPN" in stream.recv(1000)
    raw = socket.create_connection((weir.host, weir.port), 10)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        _context(alpn=["http/1.1"]).wrap_socket(raw)


def test_bytes_before_the_handshake_are_refused(pgweir, tls):
    weir = pgweir({"tls": tls})
    with socket.create_connection((weir.host, weir.port), 10) as raw:
        raw.sendall(SSL_REQUEST + wire.query("select 1"))
        answer = b""
        while chunk := raw.recv(1000):
            answer += chunk
    assert b"received unencrypted data after SSL request" in answer and not answer.startswith(b"S")


def test_garbage_in_place_of_a_handshake_ends_the_connection(pgweir, tls):
    weir = pgweir({"tls": tls})
    with _ask_for_tls(weir) as raw:
        raw.sendall(b"\x16\x03\x01\xff\xff" + b"x" * 1000)
        raw.sendall(b"y" * 70000)
        try:
            while raw.recv(1000):
                pass
        except ConnectionError:
            pass
    _connect(weir).close()


def test_a_handshake_that_stalls_is_ended_by_the_login_timeout(pgweir, tls):
    weir = pgweir({"tls": tls, "timeouts": {"client_login_timeout": "300ms"}})
    with _ask_for_tls(weir) as raw:
        raw.settimeout(10)
        raw.sendall(b"\x16\x03\x01")
        try:
            while raw.recv(1000):
                pass
        except ConnectionError:
            pass


def _read_until_ready(stream):
    received = b""
    while not received.endswith(b"Z\0\0\0\5I"):
        chunk = stream.recv(65536)
        assert chunk, received
        received += chunk
    return received


def test_a_query_is_cancelled_from_inside_of_tls(cluster, pgweir, tls):
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": "require"}})
    with _context().wrap_socket(_ask_for_tls(weir)) as stream:
        stream.sendall(wire.startup({"user": "app", "database": "app"}))
        greeting = _read_until_ready(stream)
        at = greeting.rindex(b"K\0\0\0\x0c") + 5
        pid, key = int.from_bytes(greeting[at:at + 4], "big"), greeting[at + 4:at + 8]
        stream.sendall(wire.query("select pg_sleep(60)"))
        eventually(lambda: cluster.backends("query like '%pg_sleep(60)%' and state = 'active'"),
                   10, "not running")
        with _context().wrap_socket(_ask_for_tls(weir)) as canceller:
            canceller.sendall(wire.cancel(pid, key))
        assert b"57014" in _read_until_ready(stream)


def test_large_results_and_copy_pass_through_tls_unchanged(pgweir, tls):
    weir = pgweir({"tls": tls})
    rows = sized(200_000, 20_000)
    with _connect(weir) as connection:
        expected = sum(len(str(i)) for i in range(1, rows + 1))
        got = connection.execute(f"select i::text from generate_series(1, {rows}) i").fetchall()
        assert sum(len(text) for (text,) in got) == expected
        connection.autocommit = False
        connection.execute("create temp table t (a int, b text) on commit drop")
        with connection.cursor() as cursor, cursor.copy("copy t from stdin") as copy:
            for i in range(rows):
                copy.write_row((i, "x" * (i % 100)))
        with connection.cursor() as cursor, cursor.copy("copy t to stdout") as copy:
            assert sum(1 for _ in copy.rows()) == rows
        big = "y" * 5_000_000
        assert connection.execute("select %s::text", (big,)).fetchone() == (big,)


def test_many_tls_clients_at_once(pgweir, tls):
    weir = pgweir({"tls": tls})
    count, done = sized(100, 20), []

    def client():
        with _connect(weir) as connection:
            done.append(connection.execute("select 1").fetchone())

    threads = [threading.Thread(target=client) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [(1,)] * count


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed_by_its_ticket_unless_tickets_are_off(pgweir, tls, version):
    for tickets in (True, False):
        weir = pgweir({"tls": {**tls, "client_tls_session_tickets": tickets}})
        context = _context(version)
        with context.wrap_socket(_ask_for_tls(weir)) as stream:
            assert _select_one(stream)
            session = stream.session
        with context.wrap_socket(_ask_for_tls(weir), session=session) as stream:
            assert stream.session_reused is tickets
            assert _select_one(stream)


def _subject_served(weir):
    with _context().wrap_socket(_ask_for_tls(weir)) as stream:
        text = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-subject"],
                              input=stream.getpeercert(True), capture_output=True, check=True)
        return text.stdout.decode()


def test_new_files_are_noticed_and_bad_ones_leave_the_former_in_use(pgweir, tls, ca, tmp_path):
    key, certificate = tmp_path / "key", tmp_path / "crt"

    def install(name, key_text=None):
        new_key, new_certificate = ca.issue(name, name)
        for source, target in ((new_key, key), (new_certificate, certificate)):
            with open(source, "rb") as file:
                content = file.read()
            if target == key and key_text is not None:
                content = key_text
            target.with_suffix(".new").write_bytes(content)
            target.with_suffix(".new").chmod(0o600)
            os.replace(target.with_suffix(".new"), target)

    install("first")
    weir = pgweir({"tls": {**tls, "client_tls_key_file": str(key),
                           "client_tls_cert_file": str(certificate)}})
    assert "first" in _subject_served(weir)
    expiry = weir.metrics().sum("pgweir_client_tls_certificate_expiry_timestamp_seconds")
    assert expiry > 1.7e9
    with _connect(weir) as connection:
        install("second")
        eventually(lambda: "second" in _subject_served(weir), 10, "not noticed")
        assert connection.execute("select 1").fetchone() == (1,)
    install("third", b"no key")
    eventually(lambda: weir.log_lines("tls_files_bad"), 10, "the log does not tell")
    assert "second" in _subject_served(weir)
    weir.reload(weir.config)
    eventually(lambda: weir.log_lines("reload_failed"), 10, "the reload did not fail")
    assert str(key) in weir.log() and "second" in _subject_served(weir)


def test_a_bad_key_is_told_before_anything_starts(pgweir, tls, tmp_path):
    from support.pgweir import BINARY

    weir = pgweir({"tls": tls})
    key = tmp_path / "open.key"
    with open(tls["client_tls_key_file"], "rb") as file:
        key.write_bytes(file.read())
    key.chmod(0o644)
    config = tmp_path / "pgweir.yaml"
    with open(weir.config_path, encoding="utf-8") as file:
        config.write_text(file.read().replace(tls["client_tls_key_file"], str(key)))
    for command in ([BINARY, "--check", str(config)], [BINARY, str(config)]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 2 and str(key) in done.stderr and "chmod 0600" in done.stderr


def test_a_unix_socket_stays_as_it_is(pgweir, tls):
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": "require"}})
    with _connect(weir, host=weir.folder, sslmode="prefer") as connection:
        assert not _uses_tls(connection)
    with Peer((weir.host, weir.port)) as peer:
        peer.send(wire.startup({"user": "app", "database": "app"}))
        assert b"connection requires TLS" in peer.until_closed()[-1].body
