"""pgbouncer.ini: run from it, turn it into YAML, reload it; PgBouncer itself takes the same files.

The files are tests/conf-corpus/pgbouncer, each with what pgweir says about it beside it. Ports,
hosts and folders are put in by `_placed`.
"""

import glob
import os
import re
import shutil
import subprocess
import tempfile

import pytest

from support import pgbouncer, process
from support.commands import psql
from support.fixtures import require_binary
from support.peer import Peer
from support.pgweir import BINARY
from support.timing import eventually, scaled

_CORPUS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                       "conf-corpus/pgbouncer")
_PASSWORD = "a secret of app"


def _names():
    return sorted(os.path.basename(path)[:-4] for path in glob.glob(_CORPUS + "/*.ini"))


def _placed(text, cluster, port, folder):
    """The text of a file of the corpus for this machine: lines stay where they are."""
    for pattern, replacement in [
            (r"\blisten_port\s*=\s*6432", f"listen_port = {port}"),
            (r"\bport\s*=\s*5432", f"port={cluster.port}"),
            (r"(?m)^(\s*unix_socket_dir\s*=\s*)/\S+", rf"\g<1>{folder}"),
            (r"host=/var/run/postgresql", f"host={cluster.folder}"),
            (r"listen_addr = 0\.0\.0\.0", "listen_addr = 127.0.0.1")]:
        text = re.sub(pattern, replacement, text)
    return text


def _place_corpus(cluster, port, folder):
    for folder_path, _, files in os.walk(_CORPUS):
        into = os.path.join(folder, os.path.relpath(folder_path, _CORPUS))
        os.makedirs(into, exist_ok=True)
        for name in files:
            with open(os.path.join(folder_path, name), encoding="utf-8", newline="") as file:
                text = file.read()
            with open(os.path.join(into, name), "w", encoding="utf-8", newline="") as file:
                file.write(_placed(text, cluster, port, folder))


def _start(cluster, pgweir, name, arguments=("--pgbouncer-ini",)):
    """A daemon that runs from a file of the corpus, in a folder that holds all of them."""
    weir = pgweir(start=False)
    _place_corpus(cluster, weir.port, weir.folder)
    weir.config_path = os.path.join(weir.folder, name + ".ini")
    local = "\nlisten_addr" not in _read(weir.config_path).replace("\r", "")
    if local:
        weir.host = weir.folder
    weir.start([BINARY, *arguments, name + ".ini"], local, cwd=weir.folder)
    return weir


def _read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def _run(*arguments, cwd=None):
    require_binary()
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, cwd=cwd,
                          timeout=scaled(60), check=False)


def _asked(weir, dbname):
    answer = psql(weir, "-At", dbname=f"dbname={dbname} password='{_PASSWORD}'",
                  script="select current_user || '@' || current_database()")
    return answer.stdout.strip() or answer.stderr


def _losses(name):
    """(file:line, setting) of each line of the expected report that is not simply taken over."""
    found = []
    for line in _read(f"{_CORPUS}/{name}.report").splitlines():
        match = re.match(r"(\S+:\d+): (.*?): (differs|not supported): ", line)
        if match:
            found.append(match.groups()[:2])
    return found


def _wait_for_line(weir, place, setting):
    quoted = f'"{setting}"' if " " in setting else setting
    line = f"at={place} setting={quoted}"
    eventually(lambda: weir.log_lines(line), 10, lambda: f"not told: {line}\n{weir.log()}")


@pytest.mark.parametrize("name, dbname", [
    ("documented-databases", "renamed"), ("every-setting", "app"), ("auth-file", "app"),
    ("auth-query", "app"), ("hba", "app"), ("star", "app"), ("several-hosts", "app"),
    ("users", "app"), ("include", "more"), ("unix-only", "other"), ("quoted", "app"),
    ("section-twice", "app"), ("windows", "app"), ("numbers", "app")])
def test_it_runs_from_the_file_and_the_log_tells_all_that_differs(cluster, pgweir, name, dbname):
    weir = _start(cluster, pgweir, name)
    if name != "numbers":  # which lets nobody in: it names no secrets
        assert _asked(weir, dbname) == "app@app"
    for place, setting in _losses(name):
        _wait_for_line(weir, place, setting)


@pytest.mark.parametrize("name", _names())
def test_the_imported_yaml_means_the_same(cluster, tmp_path, name):
    _place_corpus(cluster, 6432, str(tmp_path))
    imported = _run("--import", f"{name}.ini", cwd=tmp_path)
    assert imported.returncode == 0, imported
    (tmp_path / "imported").write_text(imported.stdout)
    difference = _run("--format", "yaml", "--diff", "imported", "imported", cwd=tmp_path)
    assert (difference.returncode, difference.stdout) == (0, ""), difference
    os.rename(tmp_path / "imported", tmp_path / "imported.yaml")
    difference = _run("--diff", f"{name}.ini", "imported.yaml", cwd=tmp_path)
    assert (difference.returncode, difference.stdout) == (0, ""), difference
    lines = imported.stderr.splitlines()
    for place, setting in _losses(name):
        assert any(line.startswith(f"{place}: {setting}: ") for line in lines), (place, setting)


def test_the_imported_yaml_runs(cluster, pgweir):
    weir = pgweir(start=False)
    _place_corpus(cluster, weir.port, weir.folder)
    imported = _run("--import", "auth-file.ini", cwd=weir.folder)
    weir.write_config(imported.stdout)
    weir.start([BINARY, weir.config_path], cwd=weir.folder)
    assert _asked(weir, "app") == "app@app"
    assert not weir.log_lines("pgbouncer_setting")


def test_an_ini_that_is_wrong_is_not_imported_checked_or_run(tmp_path):
    (tmp_path / "a.ini").write_text(
        "[databases]\napp = host=x hots=y\n[pgbouncer]\nauth_type = gss\nmax_client_con = 7\n")
    for command in (["--import", "a.ini"], ["--check", "a.ini"], ["a.ini"],
                    ["--pgbouncer-ini", "a.ini"], ["--diff", "a.ini", "a.ini"]):
        answer = _run(*command, cwd=tmp_path)
        assert answer.returncode == 2, answer
        assert answer.stdout == ""
        for said in ('a.ini:2:14: unknown setting "hots"', 'a.ini:4:13: auth_type: "gss" is not',
                     'did you mean "max_client_conn"?'):
            assert said in answer.stderr, answer


def test_an_import_whose_files_are_elsewhere_gives_yaml_and_tells_so(tmp_path):
    (tmp_path / "a.ini").write_text(
        "[databases]\napp = host=x\n[pgbouncer]\nauth_file = /none/userlist.txt\n")
    answer = _run("--import", "a.ini", cwd=tmp_path)
    assert answer.returncode == 2
    assert "auth_file: /none/userlist.txt" in answer.stdout
    assert 'a.ini:4:13: auth_file: cannot read "/none/userlist.txt"' in answer.stderr


def test_a_difference_tells_what_a_reload_does_and_what_needs_a_restart(tmp_path):
    old = "[databases]\napp = host=x\n[pgbouncer]\nlisten_port = 7001\nunix_socket_dir = /tmp\n"
    (tmp_path / "old.ini").write_text(old)
    (tmp_path / "new").write_text(old.replace("7001", "7002").replace(
        "host=x", "host=y pool_size=3") + "pool_mode = statement\n")
    answer = _run("--format", "pgbouncer", "--diff", "old.ini", "new", cwd=tmp_path)
    assert answer.returncode == 1
    assert answer.stdout.splitlines() == [
        "restart listen: /tmp:7001 -> /tmp:7002",
        "reload  pool.mode: session -> statement",
        "reload  databases.app.host: x -> y",
        "reload  databases.app.pool_size: 20 -> 3"]


@pytest.mark.parametrize("command", [
    ["--import", "a.ini", "b.yaml"], ["--check", "--import", "a.ini"], ["--diff", "a.ini"],
    ["--pgbouncer-ini", "a.ini", "b.yaml"], ["--format", "toml", "a.ini"], ["--check"], []])
def test_a_command_line_that_is_unclear_is_refused(command):
    answer = _run(*command)
    assert answer.returncode == 64, answer
    assert answer.stdout == "" and answer.stderr


def test_a_reload_reads_the_ini_again(cluster, pgweir):
    weir = _start(cluster, pgweir, "include")
    good = _read(weir.config_path)
    with Peer.login(weir) as peer:
        peer.query("begin")
        weir.reload(good + "max_client_conn = 1\nscram_iterations = 5000\n")
        eventually(lambda: weir.log_lines("limits.max_client_conn: 100 -> 1"), 15, weir.log)
        eventually(lambda: weir.log_lines("LOG reloaded "), 15, weir.log)
        assert weir.log_lines("at=include.ini:9 setting=scram_iterations")
        assert len(weir.log_lines("setting=pool_mode")) == 1, "what is no news is not told again"
        assert "too many" in _asked(weir, "app")
        weir.reload(good + "max_client_conn = 50\npool_mod = session\n")
        eventually(lambda: weir.log_lines("include.ini:9:1: unknown setting"), 15, weir.log)
        eventually(lambda: weir.log_lines("nothing was changed"), 15, weir.log)
        assert "too many" in _asked(weir, "app")
        assert peer.query("commit")[-1].status == "I"


def test_a_reload_tells_until_the_restart_what_needs_one(cluster, pgweir):
    weir = _start(cluster, pgweir, "windows")
    good = _read(weir.config_path)
    other = process.free_port()
    weir.reload(good + f"listen_port = {other}\r\n")
    eventually(lambda: len(weir.log_lines("reload_needs_restart")) == 1, 15, weir.log)
    weir.reload(good + f"listen_port = {other}\r\nmax_client_conn = 7\r\n")
    eventually(lambda: weir.log_lines("limits.max_client_conn: 100 -> 7"), 15, weir.log)
    eventually(lambda: len(weir.log_lines("reload_needs_restart")) == 2, 15, weir.log)
    assert not any("listen:" in line for line in weir.log_lines("reload_change"))
    weir.reload(good)
    eventually(lambda: weir.log_lines("limits.max_client_conn: 7 -> 100"), 15, weir.log)
    eventually(lambda: len(weir.log_lines("need_restart=0")) == 1, 15, weir.log)
    assert len(weir.log_lines("reload_needs_restart")) == 2
    assert _asked(weir, "app") == "app@app"


def _since(name):
    """The PgBouncer that a file of the corpus needs."""
    found = re.search(r"^;+ since (\d+)(?:\.(\d+))?$", _read(f"{_CORPUS}/{name}.ini"), re.MULTILINE)
    return (int(found[1]), int(found[2] or 0)) if found else (1, 0)


@pytest.fixture(name="open_folder")
def fixture_open_folder():
    """A folder that another user may write to."""
    folder = tempfile.mkdtemp(prefix="pgweir-pgbouncer-", dir="/tmp")
    os.chmod(folder, 0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(pgbouncer.PROGRAM is None, reason="PgBouncer is not installed")
@pytest.mark.parametrize("name", [name for name in _names() if name != "tls"])
def test_pgbouncer_takes_the_file_too(cluster, open_folder, name):
    if _since(name) > pgbouncer.version():
        pytest.skip(f"needs PgBouncer {_since(name)}")
    folder = open_folder
    _place_corpus(cluster, process.free_port(), folder)
    path = f"{folder}/{name}.ini"
    text = re.sub(r"(?m)^(user|logfile|unix_socket_group) =.*$", "", _read(path))
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    command = [pgbouncer.PROGRAM, path]
    if cluster.user is not None:  # PgBouncer refuses to be root
        command = ["setpriv", f"--reuid={cluster.user.pw_uid}", f"--regid={cluster.user.pw_gid}",
                   "--clear-groups", *command]
    with open(f"{folder}/log", "wb") as log:
        started = process.start(command, stdout=log, stderr=log, cwd=folder)
    try:
        eventually(lambda: "process up" in _read(f"{folder}/log") or started.poll() is not None,
                   20, lambda: _read(f"{folder}/log"))
        assert started.poll() is None, _read(f"{folder}/log")
    finally:
        process.end(started, 5)
