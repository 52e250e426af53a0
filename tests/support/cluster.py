"""A private, throw-away PostgreSQL cluster: the oracle and the server behind pgweir."""

import contextlib
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

import psycopg

from . import process
from .timing import eventually

SUPERUSER = "postgres"


def _version_of(folder):
    digits = folder.split("/")[-2]
    return float(digits) if digits.replace(".", "").isdigit() else 0.0


def binary_folder():
    """Where initdb and postgres are: the newest server installed, else pg_config's folder."""
    folders = [f for f in glob.glob("/usr/lib/postgresql/*/bin") if os.path.exists(f + "/initdb")]
    if folders:
        return max(folders, key=_version_of)
    answer = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def _unprivileged_user():
    """initdb refuses root; then run it as one of these."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("neither user postgres nor nobody exists to run PostgreSQL as")


class Cluster:
    """Trust authentication, no fsync, Unix socket in `folder`, TCP on `127.0.0.1:port`.

    Holds role `app` (no superuser) that owns database `app`.
    """

    host = "127.0.0.1"

    def __init__(self, max_connections=300, tls=False, settings=None, hba=None):
        self.user = _unprivileged_user()
        self.bin = binary_folder()
        self.folder = tempfile.mkdtemp(prefix="pgweir-pg-", dir="/tmp")
        self.data = os.path.join(self.folder, "data")
        self.log_path = os.path.join(self.folder, "log")
        self.port = process.free_port()
        self.tls = tls
        self.process = None
        self.settings = {"max_connections": max_connections, **(settings or {})}
        self.hba = hba
        try:
            self._create()
            self.start()
            self._create_app()
        except BaseException:
            self.remove()
            raise

    def standby(self):
        """A hot standby that follows this cluster until it is promoted. The caller removes it."""
        return _Standby(self)

    def _as_user(self, command):
        if self.user is None:
            return command
        return ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}",
                "--clear-groups", "--pdeathsig=QUIT", *command]

    def _own(self, path):
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _create(self):
        os.chmod(self.folder, 0o755)
        self._own(self.folder)
        subprocess.run(
            self._as_user([f"{self.bin}/initdb", "-D", self.data, "-U", SUPERUSER, "-A", "trust",
                           "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]),
            check=True, capture_output=True, text=True, cwd="/")
        if self.tls:
            self._make_certificate()
        with open(f"{self.data}/postgresql.conf", "a", encoding="utf-8") as conf:
            for name, value in self._all_settings().items():
                conf.write(f"{name} = '{value}'\n")
        if self.hba is not None:
            with open(f"{self.data}/pg_hba.conf", "w", encoding="utf-8") as file:
                file.write(self.hba)

    def _all_settings(self):
        own = {
            "listen_addresses": self.host, "port": self.port,
            "unix_socket_directories": self.folder, "fsync": "off",
            "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB",
            "autovacuum": "off", "log_line_prefix": "%m [%p] %a ", "log_statement": "none",
            "timezone": "UTC", "ssl": "on" if self.tls else "off",
        }
        own.update(self.settings)
        return own

    def _make_certificate(self):
        key, certificate = f"{self.data}/server.key", f"{self.data}/server.crt"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-addext", "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign",
             "-keyout", key, "-out", certificate], check=True, capture_output=True)
        os.chmod(key, 0o600)
        self._own(key)
        self._own(certificate)

    @property
    def version(self):
        """The major version of this PostgreSQL."""
        answer = subprocess.run([f"{self.bin}/postgres", "--version"], capture_output=True,
                                text=True, check=True)
        return int(re.search(r"(\d+)", answer.stdout)[1])

    @property
    def certificate(self):
        return f"{self.data}/server.crt"

    def start(self):
        with open(self.log_path, "ab") as log:
            self._own(self.log_path)
            self.process = process.start(
                self._as_user([f"{self.bin}/postgres", "-D", self.data]),
                stdout=log, stderr=log, cwd="/")
        eventually(self._accepts, 30, lambda: f"PostgreSQL did not start:\n{self.log()}")

    def _accepts(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended with {self.process.returncode}:\n{self.log()}")
        try:
            with self.connect(dbname="postgres", user=SUPERUSER):
                return True
        except psycopg.OperationalError:
            return False

    def _create_app(self):
        with self.connect(dbname="postgres", user=SUPERUSER) as admin:
            admin.execute("CREATE ROLE app LOGIN")
            admin.execute("CREATE DATABASE app OWNER app")

    def stop(self, how=signal.SIGINT):
        """Fast shutdown by default; SIGQUIT is a crash with recovery at the next start."""
        if self.process is not None:
            process.end(self.process, 30, how)
            self.process = None

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()

    def remove(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def connect(self, dbname="app", user="app", autocommit=True, **keywords):
        """A direct connection (psycopg 3) that bypasses pgweir."""
        keywords.setdefault("application_name", "direct")
        return psycopg.connect(host=self.host, port=self.port, dbname=dbname, user=user,
                               autocommit=autocommit, connect_timeout=20, **keywords)

    def admin(self, sql, parameters=None, dbname="app"):
        """Run one statement as superuser and return its rows (or None)."""
        with self.connect(dbname=dbname, user=SUPERUSER, application_name="admin") as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else None

    def administrator(self):
        """A superuser's connection that `backends` may use again and again."""
        from psycopg.rows import dict_row

        return self.connect(dbname="postgres", user=SUPERUSER, application_name="admin",
                            row_factory=dict_row)

    def backends(self, where="true", dbname="app", on=None):
        """Client backends of a database as dicts, without our own administration.

        Asked through the connection `on` (see `administrator`), else through one of its own.
        """
        with contextlib.nullcontext(on) if on else self.administrator() as connection:
            return connection.execute(
                "SELECT pid, state, query, application_name, wait_event, backend_start, usename"
                " FROM pg_stat_activity WHERE backend_type = 'client backend'"
                f" AND application_name <> 'admin' AND datname = '{dbname}' AND ({where})"
            ).fetchall()

    def kill_backend(self, pid, how=signal.SIGKILL):
        """Signal one backend. SIGKILL makes PostgreSQL restart all of its backends."""
        os.kill(pid, how)

    def conninfo(self, dbname="app", user="app", **keywords):
        """A libpq connection string to this cluster, as for pgweir's `databases`."""
        return " ".join(f"{k}={v}" for k, v in self.keywords(dbname, user, **keywords).items())

    def keywords(self, dbname="app", user="app", **keywords):
        return {"host": self.host, "port": self.port, "dbname": dbname, "user": user, **keywords}


class _Standby(Cluster):
    """A copy of another cluster, in recovery."""

    def __init__(self, primary):
        self._primary = primary
        super().__init__(max_connections=primary.settings["max_connections"])

    def _create(self):
        os.chmod(self.folder, 0o755)
        self._own(self.folder)
        subprocess.run(
            self._as_user([f"{self.bin}/pg_basebackup", "-D", self.data, "-h", self.host,
                           "-p", str(self._primary.port), "-U", SUPERUSER, "-R", "-c", "fast",
                           "--no-sync"]),
            check=True, capture_output=True, text=True, cwd="/")
        with open(f"{self.data}/postgresql.conf", "a", encoding="utf-8") as conf:
            for name, value in self._all_settings().items():
                conf.write(f"{name} = '{value}'\n")

    def _create_app(self):
        """It came with the copy."""
