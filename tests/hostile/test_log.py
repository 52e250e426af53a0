"""A log that nobody reads: it holds up neither the work nor the end."""

import os
import signal
import socket
import subprocess

import psycopg
import pytest

from support.pgweir import BINARY
from support.timing import eventually, scaled


class _Unread:
    """A daemon whose stderr is a pipe, a socket or a terminal, full to the brim, that nobody reads."""

    def __init__(self, daemon, kind):
        self.daemon = daemon
        if kind == "pipe":
            self.ours, theirs = os.pipe()
        elif kind == "terminal":
            self.ours, theirs = os.openpty()
        else:
            ours, other = socket.socketpair()
            self.ours, theirs = ours.detach(), other.detach()
        environment = dict(os.environ)
        environment.pop("NOTIFY_SOCKET", None)
        self.process = subprocess.Popen([BINARY, daemon.config_path], stdout=theirs, stderr=theirs,
                                        env=environment)
        self.theirs = theirs
        eventually(self._accepts, 20, "pgweir did not accept")

    def _accepts(self):
        with socket.create_connection((self.daemon.host, self.daemon.port), 1):
            return True

    def fill(self):
        """Fills what is between: by a second description of the same, so that its flags stay."""
        flood = 200  # each client is a line or two of the log
        for number in range(flood):
            self.connect(application_name=f"{number} {'x' * 50}").close()
        os.set_blocking(self.theirs, True)

    def connect(self, **keywords):
        return psycopg.connect(host=self.daemon.host, port=self.daemon.port, user="app",
                               dbname="app", connect_timeout=10, **keywords)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture(name="unread", params=["pipe", "socket", "terminal"])
def fixture_unread(pgweir, request):
    daemon = pgweir({"log": {"level": "debug"}}, start=False)
    found = _Unread(daemon, request.param)
    yield found
    found.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_the_end_does_not_wait_for_who_reads_the_log(unread, number):
    unread.fill()
    for _ in range(300):
        unread.connect().close()
    with unread.connect() as client:
        assert client.execute("select 1").fetchone()[0] == 1
    unread.process.send_signal(number)
    assert unread.process.wait(scaled(10)) == 0


def test_what_is_read_late_is_whole(pgweir):
    daemon = pgweir(start=False)
    unread = _Unread(daemon, "pipe")
    try:
        for _ in range(100):
            unread.connect().close()
        unread.process.send_signal(signal.SIGTERM)
        os.close(unread.theirs)
        with os.fdopen(os.dup(unread.ours), "rb") as reader:
            lines = reader.read().decode().splitlines()
        assert unread.process.wait(scaled(10)) == 0
        assert " stopped exit_code=0" in lines[-1]
        assert sum(" client_login " in line for line in lines) == 100
    finally:
        unread.theirs = os.open(os.devnull, os.O_RDONLY)
        unread.end()
