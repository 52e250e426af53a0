"""PgBouncer itself, beside pgweir: both run from the same pgbouncer.ini."""

import os
import re
import shutil
import subprocess
import tempfile

import psycopg
from psycopg.rows import dict_row

from . import process
from .timing import eventually

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")


def version():
    """(major, minor) of the installed PgBouncer."""
    answer = subprocess.run([PROGRAM, "-V"], capture_output=True, text=True, check=True)
    return tuple(int(part) for part in re.search(r"PgBouncer (\d+)\.(\d+)", answer.stdout).groups())


class PgBouncer:
    """One running PgBouncer. `ini` may hold `{port}` and `{folder}`.

    It has what the tests use of Pgweir: host, port, folder, connect, signal, log, wait.
    """

    host = "127.0.0.1"

    def __init__(self, cluster, ini, *arguments):
        self.port = process.free_port()
        self.folder = tempfile.mkdtemp(prefix="pgweir-pgbouncer-", dir="/tmp")
        os.chmod(self.folder, 0o777)  # another user runs it
        self.config_path = f"{self.folder}/pgbouncer.ini"
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.write(ini.format(port=self.port, folder=self.folder))
        command = [PROGRAM, *arguments, self.config_path]
        if cluster.user is not None:  # PgBouncer refuses to be root
            command = ["setpriv", f"--reuid={cluster.user.pw_uid}",
                       f"--regid={cluster.user.pw_gid}", "--clear-groups", *command]
        with open(f"{self.folder}/log", "wb") as log:
            self.process = process.start(command, stdout=log, stderr=log, cwd=self.folder)
        try:
            eventually(lambda: "process up" in self.log() or self.process.poll() is not None,
                       20, self.log)
            assert self.process.poll() is None, self.log()
        except BaseException:
            self.remove()
            raise

    def log(self):
        with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def connect(self, dbname="app", user="app", autocommit=True, **keywords):
        keywords.setdefault("host", self.host)
        return psycopg.connect(port=self.port, dbname=dbname, user=user, autocommit=autocommit,
                               prepare_threshold=None, **keywords)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=30):
        return self.process.wait(timeout)

    def remove(self):
        process.end(self.process, 5)
        shutil.rmtree(self.folder, ignore_errors=True)


class AdminConsole:
    """The console of either program, by the simple protocol alone, which PgBouncer's speaks."""

    def __init__(self, bouncer, user="operator", **keywords):
        self.connection = bouncer.connect("pgbouncer", user, **keywords)

    def _execute(self, command):
        cursor = psycopg.ClientCursor(self.connection, row_factory=dict_row)
        return cursor.execute(command)

    def takes(self, command):
        """Whether the command succeeds."""
        try:
            self._execute(command)
            return True
        except psycopg.Error:
            return False

    def rows(self, command):
        return self._execute(command).fetchall()

    def settings(self):
        """SHOW CONFIG as a dict of values by key."""
        return {row["key"]: row["value"] for row in self.rows("SHOW CONFIG")}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
