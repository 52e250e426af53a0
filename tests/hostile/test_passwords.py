"""Guessing passwords: what a guess costs, and who is shut out for it."""

import base64
import concurrent.futures
import hashlib
import hmac
import os
import subprocess
import sys
import time

import psycopg
import pytest

from support.timing import SANITIZED, scaled

PASSWORD = "right"


def _verifier(iterations):
    salt = b"0123456789abcdef"
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    parts = (base64.b64encode(part).decode()
             for part in (salt, stored, hmac.digest(salted, b"Server Key", "sha256")))
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *parts)


def _connect(daemon, user="app", password=PASSWORD, host=None):
    return psycopg.connect(host=host or daemon.host, port=daemon.port, user=user, dbname="app",
                           password=password, connect_timeout=20)


def _fails(daemon, **who):
    with pytest.raises(psycopg.OperationalError):
        _connect(daemon, **who)


_GUESSES = """
import os, sys, psycopg
os.setgid(int(sys.argv[3])); os.setuid(int(sys.argv[3]))
for _ in range(int(sys.argv[4])):
    try:
        psycopg.connect(host=sys.argv[1], port=sys.argv[2], user="app", dbname="app", password="wrong")
    except psycopg.OperationalError as error:
        print(str(error).splitlines()[0])
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be two users")
def test_guesses_of_another_account_on_the_unix_socket_shut_nobody_else_out(pgweir):
    daemon = pgweir({"auth": {"type": "scram-sha-256", "auth_failure_limit": 3,
                              "auth_failure_delay": "1ms", "auth_failure_block": "60s"},
                     "users": {"app": {"password": PASSWORD}}})
    os.chmod(daemon.folder, 0o755)
    nobody = 65534
    said = subprocess.run([sys.executable, "-c", _GUESSES, daemon.folder, str(daemon.port),
                           str(nobody), "5"], capture_output=True, text=True, check=True)
    assert said.stdout.count("too many failed logins") == 2, said.stdout + said.stderr
    _connect(daemon, host=daemon.folder).close()  # by the same socket, as root
    _connect(daemon).close()                      # by TCP


def test_guesses_from_another_address_shut_nobody_out(pgweir):
    daemon = pgweir({"auth": {"type": "scram-sha-256", "auth_failure_limit": 3,
                              "auth_failure_delay": "1ms", "auth_failure_block": "60s"},
                     "users": {"app": {"password": PASSWORD}}})
    for _ in range(4):
        _fails(daemon, password="wrong")
    _connect(daemon, host=daemon.folder).close()


def _cpu_seconds(daemon):
    with open(f"/proc/{daemon.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture(name="slow")
def fixture_slow(pgweir):
    """Verifiers that take tens of milliseconds to compare a password with."""
    users = {"app": {"password": _verifier(100_000)}, "other": {"password": _verifier(100_000)}}
    return pgweir({"workers": 1, "users": users,
                   "auth": {"type": "password", "auth_failure_delay": "0",
                            "auth_failure_limit": 0}})


def test_a_wrong_password_is_compared_off_the_workers(slow):
    with _connect(slow) as client:
        client.autocommit = True
        with concurrent.futures.ThreadPoolExecutor(16) as guessers:
            guesses = [guessers.submit(_fails, slow, user="other", password=f"wrong {number}")
                       for number in range(16)]
            slowest = 0
            while not all(guess.done() for guess in guesses):
                begun = time.monotonic()
                assert client.execute("select 1").fetchone()[0] == 1
                slowest = max(slowest, time.monotonic() - begun)
            for guess in guesses:
                guess.result()
    assert slowest < scaled(0.5), f"a query took {slowest:.2f} s beside the guesses"


@pytest.mark.skipif(SANITIZED, reason="a sanitizer takes processor time of its own")
def test_the_work_of_wrong_passwords_is_bounded(slow):
    before, begun = _cpu_seconds(slow), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(16) as guessers:
        for guess in [guessers.submit(_fails, slow, user="other", password=f"wrong {number}")
                      for number in range(16)]:
            guess.result()
    share = (_cpu_seconds(slow) - before) / (time.monotonic() - begun)
    assert share < 0.6, f"guesses take {share:.0%} of a core"


def test_a_password_that_was_right_is_not_computed_again(slow):
    _connect(slow).close()
    before = _cpu_seconds(slow)
    for _ in range(20):
        _connect(slow).close()
    assert _cpu_seconds(slow) - before < scaled(1)
    _fails(slow, password=PASSWORD + "x")
    _fails(slow, password="")


@pytest.mark.parametrize("user", ["app", "nobody_at_all"])
def test_a_wrong_password_is_refused_with_postgresqls_words(slow, user):
    with pytest.raises(psycopg.OperationalError) as problem:
        _connect(slow, user=user, password="wrong")
    assert f'password authentication failed for user "{user}"' in str(problem.value)
