"""Fixtures of all suites: each conftest.py says `from support.fixtures import *`."""

import os
import signal

import pytest

from . import process
from .certificates import Authority
from .cluster import Cluster
from .gate import Gate
from .pgweir import BINARY, Pgweir, is_built

_shared = {}


def _shared_cluster():
    if "cluster" not in _shared:
        _shared["cluster"] = Cluster()
    return _shared["cluster"]


def pytest_configure(config):
    # A killed run cleans up as one that is interrupted does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line(
        "markers", "concurrent: also run with ThreadSanitizer, with several workers")


def pytest_sessionfinish():
    found = _shared.pop("cluster", None)
    if found is not None:
        found.remove()


@pytest.fixture(scope="session", name="cluster")
def fixture_cluster():
    """The PostgreSQL of the whole run. A test that restarts or kills it takes `own_cluster`."""
    process.raise_descriptor_limit()
    return _shared_cluster()


@pytest.fixture(name="own_cluster")
def fixture_own_cluster():
    """A PostgreSQL of this test alone."""
    process.raise_descriptor_limit()
    private = Cluster(max_connections=50)
    yield private
    private.remove()


@pytest.fixture(name="guarded", scope="module")
def fixture_guarded():
    """A PostgreSQL that asks for SCRAM over TCP, and trusts its administrator."""
    private = Cluster(hba="local all all trust\nhost all postgres 127.0.0.1/32 trust\n"
                          "host all all 127.0.0.1/32 scram-sha-256\n")
    yield private
    private.remove()


def require_binary():
    """The suites fail without a daemon when one was named, and are skipped when none was built."""
    if is_built():
        return
    if "PGWEIR_BINARY" in os.environ:
        pytest.fail(f"PGWEIR_BINARY={BINARY} is no program", pytrace=False)
    pytest.skip(f"{BINARY} is not built")


def _start_on(cluster, started):
    def start(changes=None, on=None, **keywords):
        require_binary()
        daemon = Pgweir(on or cluster, changes, **keywords)
        started.append(daemon)
        return daemon
    return start


@pytest.fixture(name="pgweir")
def fixture_pgweir(request):
    """A factory: `pgweir({...})` starts a daemon before the test's cluster.

    The cluster is `own_cluster` where the test asks for that, else the shared one. After the test
    every daemon must still be alive, stop with 0 and have no sanitizer report.
    """
    require_binary()
    own = "own_cluster" in request.fixturenames
    cluster = request.getfixturevalue("own_cluster" if own else "cluster")
    started = []
    yield _start_on(cluster, started)
    failures = []
    for daemon in reversed(started):
        if getattr(getattr(request.node, "result_call", None), "failed", False):
            print(f"--- log of pgweir {daemon.port} ---\n{daemon.log()[-8000:]}")
        try:
            daemon.finish()
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n".join(failures)


@pytest.fixture(name="gate")
def fixture_gate(request):
    """A fault gate before the test's PostgreSQL; give `gate.port` to pgweir."""
    own = "own_cluster" in request.fixturenames
    cluster = request.getfixturevalue("own_cluster" if own else "cluster")
    with Gate((cluster.host, cluster.port)) as found:
        yield found


@pytest.fixture(scope="session", name="ca")
def fixture_ca(tmp_path_factory):
    """A certificate authority that the tests of a run share; a stranger's is the test's own."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session", name="tls")
def fixture_tls(ca):
    """The section `tls` of a daemon that serves as `localhost` and leaves TLS to the client."""
    key, certificate = ca.issue("server", "localhost")
    return {"client_tls_sslmode": "prefer", "client_tls_key_file": key,
            "client_tls_cert_file": certificate}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Let fixtures know how the test ended, so that they show the daemon's log on failure."""
    outcome = yield
    setattr(item, f"result_{call.when}", outcome.get_result())


__all__ = ["fixture_ca", "fixture_cluster", "fixture_gate", "fixture_guarded", "fixture_own_cluster",
           "fixture_pgweir", "fixture_tls", "pytest_configure", "pytest_runtest_makereport", "pytest_sessionfinish"]
