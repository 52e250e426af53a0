"""The log as a file, in PgBouncer's words: log.logfile, log.format, pidfile."""

import os
import re
import signal
import subprocess

import psycopg
import pytest

from support import pgbouncer
from support.fixtures import require_binary
from support.pgweir import BINARY
from support.timing import eventually

_INI = ("[databases]\napp = host={host} port={port_there} dbname=app user=app\n"
        "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {{port}}\nunix_socket_dir =\n"
        "auth_type = any\nlogfile = {{folder}}/log.txt\npidfile = {{folder}}/pid\n")


def _lines(weir):
    with open(f"{weir.folder}/log.txt", encoding="utf-8") as file:
        return file.read()


def _from_ini(weir, cluster):
    """Starts it from a pgbouncer.ini in the place of its own file."""
    ini = _INI.format(host=cluster.host, port_there=cluster.port)
    path = f"{weir.folder}/pgbouncer.ini"
    with open(path, "w", encoding="utf-8") as file:
        file.write(ini.format(port=weir.port, folder=weir.folder))
    return weir.start([BINARY, "-q", path], local=False)


def _what_a_client_leaves(bouncer, lines):
    """The lines of one client that comes, does something, and goes, without what differs each time."""
    with bouncer.connect() as connection:
        connection.execute("select 1")
    eventually(lambda: "close request" in lines(), 10, lines)
    found = re.findall(r"(LOG|WARNING) ([CS])-0x[0-9a-f]+: (\S+?/\S+?)@\S+ "
                       r"(login attempt|closing because: [a-z ]+|new connection to server)", lines())
    return {line[1:] for line in found if line[2] == "app/app"}


def test_who_reads_pgbouncers_log_can_read_pgweirs(cluster, pgweir):
    require_binary()
    if pgbouncer.PROGRAM is None:
        pytest.skip("PgBouncer is not installed")
    weir = _from_ini(pgweir(start=False), cluster)
    theirs = pgbouncer.PgBouncer(cluster, _INI.format(host=cluster.host, port_there=cluster.port))
    try:
        ours = _what_a_client_leaves(weir, lambda: _lines(weir))
        assert len(ours) == 3 and _what_a_client_leaves(theirs, theirs.log) == ours
    finally:
        theirs.remove()
    with pytest.raises(psycopg.OperationalError, match="no such database: nosuch"):
        weir.connect("nosuch")
    assert "closing because: no such database: nosuch (age=0s)" in _lines(weir)
    form = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \S+ \[\d+\] (LOG|WARNING) .+")
    assert all(form.fullmatch(line) for line in _lines(weir).splitlines())
    assert weir.log() == "", "-q: nothing goes to standard error"


def test_a_reload_opens_the_file_anew(pgweir):
    weir = pgweir(start=False)
    weir.config["log"]["logfile"] = f"{weir.folder}/log.txt"
    weir.write_config(weir.config)
    weir.start()
    os.rename(f"{weir.folder}/log.txt", f"{weir.folder}/log.1")
    weir.signal(signal.SIGHUP)
    eventually(lambda: os.path.exists(f"{weir.folder}/log.txt") and "reloaded" in _lines(weir), 10,
               weir.log)
    assert " info reloaded " in weir.log(), "standard error has the same lines"
    weir.config["log"]["logfile"] = "/nonexistent/log.txt"
    weir.write_config(weir.config)
    weir.signal(signal.SIGHUP)
    eventually(lambda: "log_file_failed" in _lines(weir), 10, weir.log)


def test_a_file_tells_the_process_that_runs(pgweir):
    weir = pgweir(start=False)
    weir.config["pidfile"] = f"{weir.folder}/pid"
    weir.write_config(weir.config)
    weir.start()
    with open(f"{weir.folder}/pid", encoding="utf-8") as file:
        assert int(file.read()) == weir.process.pid
    second = subprocess.run([BINARY, weir.config_path], capture_output=True, text=True, timeout=20,
                            check=False)
    assert second.returncode == 1 and f"process {weir.process.pid}" in second.stderr
    weir.stop()
    assert not os.path.exists(f"{weir.folder}/pid")


def test_what_cannot_be_opened_at_the_start_is_told(pgweir):
    weir = pgweir(start=False)
    weir.config["log"]["logfile"] = "/nonexistent/log.txt"
    weir.write_config(weir.config)
    done = subprocess.run([BINARY, weir.config_path], capture_output=True, text=True, timeout=20,
                          check=False)
    assert done.returncode == 1 and "cannot open" in done.stderr
