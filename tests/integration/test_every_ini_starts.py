"""Every pgbouncer.ini with which PgBouncer starts is one with which pgweir starts.

PgBouncer is asked for each of the files here; what pgweir cannot do is told at the start.
"""

import os
import subprocess

import psycopg
import pytest

from support import pgbouncer
from support.commands import psql
from support.console import Console
from support.fixtures import require_binary
from support.pgweir import BINARY
from support.timing import eventually, scaled

_DATABASES = "[databases]\napp = host=127.0.0.1 port=5432\n"


def _ini(more="", databases=_DATABASES, auth="auth_type = any"):
    return (f"{databases}[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {{port}}\n"
            f"unix_socket_dir = {{folder}}\nadmin_users = operator\n{auth}\n{more}\n")


def _entry(pairs):
    return _ini(databases=f"[databases]\napp = {pairs}\n")


_FILES = {
    "no databases": _ini(databases="[databases]\n"),
    "no section of databases": _ini(databases=""),
    "no main section": _DATABASES,
    "nowhere to listen": _DATABASES + "[pgbouncer]\nunix_socket_dir =\n",
    "a folder from here": _ini("unix_socket_dir = ."),
    "an address twice": _ini("listen_addr = 127.0.0.1,127.0.0.1"),
    "a minimum above the size": _ini("min_pool_size = 50\ndefault_pool_size = 3"),
    "no clients": _ini("max_client_conn = 0"),
    "fewer than no clients": _ini("max_client_conn = -1"),
    "too many clients": _ini("max_client_conn = 2000000"),
    "too many servers": _ini("default_pool_size = 500000"),
    "a short period": _ini("stats_period = 0"),
    "a long period": _ini("stats_period = 1000000"),
    "a timeout below 0": _ini("query_timeout = -1"),
    "a missing auth_file": _ini("auth_file = /none", auth="auth_type = md5"),
    "no auth_file": _ini(auth="auth_type = md5"),
    "a broken auth_file": _ini("auth_file = {folder}/broken.txt", auth="auth_type = md5"),
    "no hba file": _ini(auth="auth_type = hba"),
    "a missing hba file": _ini("auth_hba_file = /none", auth="auth_type = hba"),
    "certificates without TLS": _ini(auth="auth_type = cert"),
    "before any section": "x = 1\n" + _ini(),
    "blanks between pairs": _entry("  host = 127.0.0.1   port = 5432  "),
    "quotes": _entry("host='127.0.0.1' password='a b''c' port='5432'"),
    "no blank behind a quote": _entry("host='127.0.0.1'port=5432"),
    "an empty value in quotes": _entry("host=127.0.0.1 password=''"),
    "a value that is the next pair": _entry("host=127.0.0.1 password= port=5432"),
    "an empty entry": _entry(""),
    "an open quote": _entry("host='127.0.0.1"),
    "double quotes": _entry('host="127.0.0.1"'),
    "a tab between pairs": _entry("host=127.0.0.1\tport=5432"),
    "a name in capitals": _entry("HOST=127.0.0.1"),
    "a size below 0": _entry("host=127.0.0.1 pool_size=-5"),
    "a database pgweir": _ini(databases="[databases]\npgweir = host=127.0.0.1\n"),
    "a database pgbouncer": _ini(databases="[databases]\npgbouncer = host=127.0.0.1\n"),
    "a section in blanks": _ini().replace("[pgbouncer]", "[ pgbouncer ]"),
    "a comment behind a section": _ini().replace("[pgbouncer]", "[pgbouncer] ; main"),
    "a comment behind a number": _ini("max_client_conn = 10 ; ten"),
    "an unknown section": _ini("[other]\nx = 1"),
    "a setting in capitals": _ini("POOL_MODE = session"),
    "a value in quotes": _ini("pool_mode = 'session'"),
    "no number": _ini("max_client_conn ="),
    "a number with a sign": _ini("max_client_conn = +10"),
    "no equals sign": _ini("pool_mode session"),
    "blanks around": _ini("   pool_mode   =session   "),
    "lines of Windows": _ini("pool_mode = session").replace("\n", "\r\n"),
    "a user without settings": _ini("[users]\nbob ="),
}


def _place(folder, name, port=16432):
    with open(f"{folder}/broken.txt", "w", encoding="utf-8") as file:
        file.write('"app" "word"\nnonsense\n"open\n"late" "word"\n')
    path = f"{folder}/pgbouncer.ini"
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(_FILES[name].format(port=port, folder=folder))
    return path


def _pgbouncer_starts(cluster, name):
    try:
        started = pgbouncer.PgBouncer(cluster, _FILES[name])
    except AssertionError:
        return False
    started.remove()
    return True


@pytest.mark.skipif(pgbouncer.PROGRAM is None, reason="PgBouncer is not installed")
@pytest.mark.parametrize("name", _FILES)
def test_pgweir_starts_where_pgbouncer_does(cluster, tmp_path, name):
    require_binary()
    answer = subprocess.run([BINARY, "--check", _place(tmp_path, name)], capture_output=True,
                            text=True, timeout=scaled(60), check=False)
    assert answer.returncode == (0 if _pgbouncer_starts(cluster, name) else 2), answer


def _start(pgweir, text, **placed):
    weir = pgweir(start=False)
    weir.config_path = f"{weir.folder}/pgbouncer.ini"
    weir.write_config(text.format(port=weir.port, folder=weir.folder, **placed))
    return weir


def _run(weir):
    return weir.start([BINARY, weir.config_path], True)


def _expect_warning(weir, setting):
    told = f"setting={setting} verdict=differs"
    eventually(lambda: any(" WARNING " in line for line in weir.log_lines(told)), 10, weir.log)


@pytest.mark.parametrize("file, auth", [
    ("auth_file = /none", "auth_type = md5"), ("auth_hba_file = /none", "auth_type = hba"),
    ("", "auth_type = hba")])
def test_a_missing_file_is_told_at_the_start_and_lets_nobody_in(pgweir, file, auth):
    weir = _run(_start(pgweir, _ini(file, auth=auth)))
    setting = "auth_file" if "md5" in auth else "auth_hba_file"
    _expect_warning(weir, setting)
    with pytest.raises(psycopg.OperationalError):
        weir.connect(password="word")


def test_an_auth_file_that_vanishes_is_as_it_was_at_a_reload(cluster, pgweir):
    text = _ini("auth_file = {folder}/users.txt", auth="auth_type = md5",
                databases=f"[databases]\napp = {cluster.conninfo()}\n")
    weir = _start(pgweir, text)
    with open(f"{weir.folder}/users.txt", "w", encoding="utf-8") as file:
        file.write('"app" "word"\n')
    _run(weir)
    weir.connect(password="word").close()
    os.remove(f"{weir.folder}/users.txt")
    weir.reload()
    _expect_warning(weir, "auth_file")
    eventually(lambda: weir.log_lines(" reloaded "), 10, weir.log)
    weir.connect(password="word").close()
    with pytest.raises(psycopg.OperationalError):
        weir.connect(password="other")


def test_a_minimum_above_a_users_pool_size_is_capped_with_a_warning(cluster, pgweir):
    text = _ini("min_pool_size = 5\n[users]\napp = pool_size=2",
                databases=f"[databases]\napp = {cluster.conninfo()}\n")
    weir = _run(_start(pgweir, text))
    _expect_warning(weir, "users.app.pool_size")
    weir.connect().close()
    with Console(weir, host=weir.folder) as console:
        eventually(lambda: console.row("SHOW POOLS", database="app")["sv_idle"] == 2, 10)


def test_without_databases_the_console_is_reached(pgweir):
    weir = _run(_start(pgweir, _FILES["no databases"]))
    _expect_warning(weir, "databases")
    answer = psql(weir, "-At", dbname="dbname=pgbouncer user=operator", script="show version")
    assert answer.stdout.startswith("pgweir"), answer
