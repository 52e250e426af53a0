"""PostgreSQL's JDBC driver: its logins, over TLS and not, and its ways of speaking the protocol."""

import os
import shutil
import subprocess

import pytest

from support.certificates import Authority
from support.console import ADMIN, USERS
from support.peer import Peer
from support.timing import eventually, scaled

SOURCE = os.path.join(os.path.dirname(__file__), "clients", "Jdbc.java")
DRIVER = "/usr/share/java/postgresql.jar"

pytestmark = pytest.mark.skipif(
    shutil.which("javac") is None or not os.path.exists(DRIVER),
    reason="Debian's openjdk-17-jdk-headless and libpostgresql-jdbc-java are missing")


@pytest.fixture(name="jdbc", scope="module")
def _jdbc(tmp_path_factory):
    """`jdbc(scenario, weir, user=…, …)`: the exit code and what Jdbc.java printed."""
    classes = str(tmp_path_factory.mktemp("jdbc"))
    subprocess.run(["javac", "-cp", DRIVER, "-d", classes, SOURCE], check=True)

    def run(scenario, weir, **parameters):
        parameters = {"user": "app", "connectTimeout": 20, **parameters}
        words = "&".join(f"{name}={value}" for name, value in parameters.items())
        host = parameters.pop("host", weir.host)
        database = parameters.pop("database", "app")
        done = subprocess.run(
            ["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
             "-cp", f"{DRIVER}:{classes}", "Jdbc", scenario,
             f"jdbc:postgresql://{host}:{weir.port}/{database}?{words}"],
            capture_output=True, text=True, timeout=scaled(60), check=False)
        assert done.returncode != 2 and not done.stderr, done.stderr
        return done.returncode, done.stdout.strip()
    return run


# In transaction mode statements get no name: they would be another server's (issue 4).
@pytest.mark.parametrize("mode,parameters", [
    ("session", {}), ("session", {"preferQueryMode": "extendedForPrepared"}),
    ("transaction", {"prepareThreshold": 0})])
def test_jdbc_does_its_work(cluster, pgweir, jdbc, mode, parameters):
    assert jdbc("work", cluster, **parameters) == (0, "ok")
    weir = pgweir({"pool": {"mode": mode, "default_pool_size": 1}})
    assert jdbc("work", weir, **parameters) == (0, "ok")


@pytest.mark.parametrize("prepare_threshold", [0, 1, 5])
def test_jdbc_uses_the_console(pgweir, jdbc, prepare_threshold):
    weir = pgweir(USERS)
    with Peer.login(weir) as client:
        client.query("select 1")
        assert jdbc("console", weir, database="pgbouncer", user=ADMIN,
                    prepareThreshold=prepare_threshold) == (0, "ok")


@pytest.mark.parametrize("method", ["password", "md5", "scram-sha-256"])
def test_jdbc_logs_in_by_every_method(pgweir, jdbc, method):
    weir = pgweir({"auth": {"type": method, "auth_failure_delay": "0ms"},
                   "users": {"app": {"password": "secret"}}})
    assert jdbc("login", weir, password="secret") == (0, "app")
    assert jdbc("login", weir, password="guess") == (
        1, '28P01 FATAL: password authentication failed for user "app"')


def test_jdbc_verifies_the_certificate_and_logs_in_with_scram(pgweir, jdbc, tls, ca, tmp_path):
    """The driver has no channel binding: it must be able to choose the mechanism without."""
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": "require"},
                   "auth": {"type": "scram-sha-256"},
                   "users": {"app": {"password": "secret"}}})
    verify = {"host": "localhost", "sslmode": "verify-full", "password": "secret"}
    assert jdbc("login", weir, sslrootcert=ca.certificate, **verify) == (0, "app")
    eventually(lambda: weir.log_lines("tls=TLSv1.3"), 5, "the login was not over TLS")
    stranger = Authority(tmp_path, "stranger")
    code, problem = jdbc("login", weir, sslrootcert=stranger.certificate, **verify)
    assert code == 1 and problem.startswith("08006 SSL error"), problem
    code, problem = jdbc("login", weir, sslmode="disable", password="secret")
    assert code == 1 and problem.startswith("28000 FATAL: connection requires TLS"), problem


def test_jdbc_proves_who_it_is_with_a_certificate(pgweir, jdbc, tls, ca):
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": "verify-full",
                           "client_tls_ca_file": ca.certificate}, "auth": {"type": "cert"}})
    keys = {}
    for name in ("app", "somebody"):
        key, certificate = ca.issue(name, name)
        subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", key, "-outform", "DER",
                        "-out", f"{key}.der"], check=True)
        keys[name] = {"sslkey": f"{key}.der", "sslcert": certificate}
    trust = {"sslmode": "verify-ca", "sslrootcert": ca.certificate}
    assert jdbc("login", weir, **trust, **keys["app"]) == (0, "app")
    assert jdbc("login", weir, **trust, **keys["somebody"]) == (
        1, '28000 FATAL: certificate authentication failed for user "app"')
