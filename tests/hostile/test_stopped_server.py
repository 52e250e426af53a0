"""A server process that is stopped: it answers nothing, not even a cancel, and closes nothing."""

import contextlib
import os
import signal
import time

import psycopg
import pytest

from support.timing import scaled


@contextlib.contextmanager
def _stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_query_timeout_does_not_wait_for_a_cancel_that_is_not_heeded(pgweir):
    daemon = pgweir({"timeouts": {"query_timeout": "1s", "cancel_wait_timeout": "30s"}})
    client = psycopg.connect(host=daemon.host, port=daemon.port, user="app", dbname="app",
                             autocommit=True)
    pid = client.execute("select pg_backend_pid()").fetchone()[0]
    with _stopped(pid):
        begun = time.monotonic()
        with pytest.raises(psycopg.OperationalError, match="due to query timeout"):
            client.execute("select 1")
        assert time.monotonic() - begun < scaled(4)
    client.close()


def test_query_timeout_still_cancels_what_can_be_cancelled(pgweir):
    daemon = pgweir({"timeouts": {"query_timeout": "1s"}})
    with psycopg.connect(host=daemon.host, port=daemon.port, user="app", dbname="app",
                         autocommit=True) as client:
        with pytest.raises(psycopg.errors.QueryCanceled):
            client.execute("select pg_sleep(20)")
        assert client.execute("select 1").fetchone()[0] == 1
