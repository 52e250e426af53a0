"""node's pg: its logins, over TLS and not, and its ways of speaking the protocol."""

import json
import os
import subprocess

import pytest

from support.certificates import Authority
from support.node import modules
from support.timing import eventually, scaled

SCRIPT = os.path.join(os.path.dirname(__file__), "clients", "node_pg.js")


@pytest.fixture(name="node", scope="module")
def _node():
    """`node(scenario, weir, user=…, …)`: the exit code and what node_pg.js printed."""
    if modules() is None:
        pytest.skip("neither Debian's node-pg nor npm is there")

    def run(scenario, weir, **given):
        given = {"host": weir.host, "port": weir.port, "user": "app", "database": "app", **given}
        done = subprocess.run(["node", SCRIPT, scenario, json.dumps(given)], capture_output=True,
                              text=True, timeout=scaled(60), check=False,
                              env={**os.environ, "NODE_PATH": modules()})
        assert not done.stderr, done.stderr
        return done.returncode, done.stdout.strip()
    return run


# In transaction mode statements get no name: they would be another server's (issue 4).
@pytest.mark.parametrize("mode,scenario", [("session", "work-with-names"), ("transaction", "work")])
def test_node_does_its_work(cluster, pgweir, node, mode, scenario):
    assert node(scenario, cluster) == (0, "ok")
    weir = pgweir({"pool": {"mode": mode, "default_pool_size": 2 if mode == "transaction" else 12}})
    assert node(scenario, weir) == (0, "ok")


@pytest.mark.parametrize("method", ["password", "md5", "scram-sha-256"])
def test_node_logs_in_by_every_method(pgweir, node, method):
    weir = pgweir({"auth": {"type": method, "auth_failure_delay": "0ms"},
                   "users": {"app": {"password": "secret"}}})
    assert node("login", weir, password="secret") == (0, "app")
    assert node("login", weir, password="guess") == (
        1, '28P01 password authentication failed for user "app"')


@pytest.mark.parametrize("binding", [False, True])
def test_node_verifies_the_certificate_and_logs_in_with_scram(pgweir, node, tls, ca, tmp_path,
                                                              binding):
    """With channel binding where the driver has it (from 8.14 on; it takes it where it is offered)."""
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": "require"},
                   "auth": {"type": "scram-sha-256"},
                   "users": {"app": {"password": "secret"}}})
    trust = {"host": "localhost", "password": "secret", "enableChannelBinding": binding}
    assert node("login", weir, ssl={"ca": ca.certificate}, **trust) == (0, "app")
    eventually(lambda: weir.log_lines("tls=TLSv1.3"), 5, "the login was not over TLS")
    stranger = Authority(tmp_path, "stranger")
    code, problem = node("login", weir, ssl={"ca": stranger.certificate}, **trust)
    assert code == 1 and "certificate" in problem, problem
    assert node("login", weir, ssl=False, password="secret") == (1, "28000 connection requires TLS")


def test_node_proves_who_it_is_with_a_certificate(pgweir, node, tls, ca):
    weir = pgweir({"tls": {**tls, "client_tls_sslmode": "verify-full",
                           "client_tls_ca_file": ca.certificate}, "auth": {"type": "cert"}})
    keys = {name: ca.issue(name, name) for name in ("app", "somebody")}

    def login(name):
        key, certificate = keys[name]
        return node("login", weir, host="localhost",
                    ssl={"ca": ca.certificate, "key": key, "cert": certificate})
    assert login("app") == (0, "app")
    assert login("somebody") == (1, '28000 certificate authentication failed for user "app"')
