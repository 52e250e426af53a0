"""PgBouncer's command line: scripts that start it start pgweir."""

import contextlib
import os
import signal
import socket
import struct
import subprocess

import pytest

from support import pgbouncer
from support.console import USERS, Console
from support.fixtures import require_binary
from support.pgweir import BINARY
from support.timing import eventually, scaled


def _run(program, *arguments):
    require_binary()
    return subprocess.run([program, *arguments], capture_output=True, text=True,
                          timeout=scaled(20), check=False)


def _start(weir, *arguments):
    return weir.start([BINARY, *arguments, weir.config_path])


@pytest.mark.skipif(pgbouncer.PROGRAM is None, reason="PgBouncer is not installed")
@pytest.mark.parametrize("arguments", [
    ["-V"], ["--version"], ["-h"], ["--help"], ["-q"], ["-v"], [], ["-x"]], ids=" ".join)
def test_without_a_file_it_ends_as_pgbouncer_does(arguments):
    own, other = _run(BINARY, *arguments), _run(pgbouncer.PROGRAM, *arguments)
    assert (own.returncode == 0) == (other.returncode == 0)
    assert bool(own.stdout) == bool(other.stdout)
    assert bool(own.stderr) == bool(other.stderr)


def test_quiet_logs_nothing(pgweir):
    weir = _start(pgweir(start=False), "-q")
    weir.connect().close()
    assert weir.log() == ""


@pytest.mark.parametrize("arguments, level", [
    ([], None), (["-v"], "debug"), (["--verbose"], "debug"), (["-v", "-v"], "trace")])
def test_verbose_logs_more_also_after_a_reload(pgweir, arguments, level):
    weir = pgweir({"log": {"level": "info"}}, start=False)
    _start(weir, *arguments)
    weir.reload()
    eventually(lambda: weir.log_lines(" reloaded "), 10, weir.log)
    with weir.connect() as client:
        client.execute("select 1")
    eventually(lambda: weir.log_lines("client_closed client=") and weir.log_lines("client_login"))
    assert bool(weir.log_lines(" debug ")) == (level is not None)


def test_reboot_is_refused_with_what_to_do(pgweir):
    weir = pgweir(start=False)
    for word in ("-R", "--reboot"):
        answer = _run(BINARY, word, weir.config_path)
        assert answer.returncode == 64
        assert "-R is not supported" in answer.stderr and "SIGINT" in answer.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_user_is_who_it_runs_as(cluster, pgweir):
    weir = pgweir(start=False)
    os.chmod(weir.folder, 0o777)
    _start(weir, "-u", cluster.user.pw_name)
    with open(f"/proc/{weir.pid}/status", encoding="ascii") as file:
        status = dict(line.split(":\t", 1) for line in file)
    assert status["Uid"].split() == [str(cluster.user.pw_uid)] * 4
    assert status["Gid"].split() == [str(cluster.user.pw_gid)] * 4
    answer = _run(BINARY, "-u", "no such user", weir.config_path)
    assert answer.returncode == 1 and 'no user "no such user"' in answer.stderr


def _pid_behind(path):
    """Who listens at a Unix socket."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(path)
        credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return struct.unpack("3i", credentials)[0]


def test_daemon_goes_on_in_the_background(pgweir):
    weir = pgweir(USERS, start=False)
    path = f"{weir.folder}/.s.PGSQL.{weir.port}"
    with open(weir.log_path, "wb") as log:
        answer = subprocess.run([BINARY, "-d", weir.config_path], stdout=log, stderr=log,
                                timeout=scaled(20), check=False)
    assert answer.returncode == 0
    eventually(lambda: os.path.exists(path), 10, weir.log)
    pid = eventually(lambda: _pid_behind(path), 10, weir.log)
    try:
        assert os.getsid(pid) == pid
        assert os.readlink(f"/proc/{pid}/fd/1") == "/dev/null"
        with Console(weir, host=weir.folder) as console:
            console.say("SHUTDOWN")
        eventually(lambda: not os.path.exists(f"/proc/{pid}"), 10, weir.log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert weir.log_lines("stopped exit_code=0"), "the log goes where standard error was"


def test_a_file_that_is_wrong_is_told_in_the_foreground(pgweir):
    weir = pgweir(start=False)
    weir.write_config("nonsense: 1\n")
    answer = _run(BINARY, "-d", "-q", weir.config_path)
    assert answer.returncode == 2 and "nonsense" in answer.stderr
