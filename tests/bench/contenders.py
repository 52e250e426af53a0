"""What is compared: PostgreSQL directly, PgBouncer and pgweir, each before the same cluster.

A contender has `name`, `host`, `port`, `pid` (None where there is no pooler to account for),
`prepares` (clients may use prepared statements), `version` and `close()`.
"""

import json
import os
import pwd
import re
import shutil
import subprocess
import tempfile

from support import process
from support.pgweir import Pgweir
from support.timing import eventually


class Unusable(Exception):
    """A contender cannot take part; the message says what to do."""


def _output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


class Direct:
    """No pooler: what the machine and PostgreSQL can do by themselves."""

    name, pid, prepares = "direct", None, True

    def __init__(self, cluster, _options):
        self.host, self.port = cluster.host, cluster.port
        self.version = _output(f"{cluster.bin}/postgres", "--version").strip()

    def close(self):
        pass


class PgBouncer:
    """PgBouncer in transaction mode, as lean as its settings make it."""

    name, host = "PgBouncer", "127.0.0.1"

    def __init__(self, cluster, options):
        self.binary = shutil.which(options.pgbouncer)
        if self.binary is None:
            raise Unusable(f"{options.pgbouncer} is not installed: tools/install-packages test,"
                           " or name a build of it with --pgbouncer PATH")
        self.version = _output(self.binary, "--version").splitlines()[0]
        # Since 1.21, and then only with max_prepared_statements.
        self.prepares = False
        self.port = process.free_port()
        self.folder = tempfile.mkdtemp(prefix="pgweir-bouncer-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self._write("users", '"app" ""\n')
        ini = self._write("pgbouncer.ini", self._settings(cluster, options))
        # It writes to a file of ours, opened before it becomes another user.
        with open(f"{self.folder}/log", "wb") as log:
            self.process = process.start(
                [*self._unprivileged(), self.binary, "-q", ini], stdout=log, stderr=log, cwd="/")
        self.pid = self.process.pid
        try:
            eventually(self._accepts, 10, "PgBouncer did not start")
        except BaseException:
            self.close()
            raise

    def _settings(self, cluster, options):
        return (f"[databases]\napp = {cluster.conninfo()}\n[pgbouncer]\n"
                f"listen_addr = {self.host}\nlisten_port = {self.port}\nunix_socket_dir =\n"
                f"auth_type = trust\nauth_file = {self.folder}/users\n"
                f"pool_mode = transaction\ndefault_pool_size = {options.servers}\n"
                "max_client_conn = 10000\nignore_startup_parameters = extra_float_digits\n"
                "log_connections = 0\nlog_disconnections = 0\nlog_stats = 0\n"
                + self._tls_settings(options))

    def _tls_settings(self, options):
        """pgweir's section `tls` in PgBouncer's words, which are the same."""
        lines = ""
        for name, value in (options.tls or {}).items():
            if name.endswith("_file"):  # in a folder that its user can read
                value = shutil.copy(value, self.folder)
                os.chmod(value, 0o644)
            lines += f"{name} = {value}\n"
        return lines

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    @staticmethod
    def _unprivileged():
        """PgBouncer refuses to run as root."""
        if os.getuid() != 0:
            return []
        user = pwd.getpwnam("nobody")
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
                "--pdeathsig=KILL"]

    def _accepts(self):
        import socket

        if self.process.poll() is not None:
            with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as log:
                raise Unusable(f"PgBouncer ended with {self.process.returncode}:\n{log.read()}")
        with socket.create_connection((self.host, self.port), 1):
            return True

    def close(self):
        process.end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


class PgweirContender:
    """pgweir with the same pool, as its release build."""

    name, host, prepares, session_state = "pgweir", "127.0.0.1", True, "track"

    def __init__(self, cluster, options):
        binary = os.path.abspath(options.pgweir)
        if not os.access(binary, os.X_OK):
            raise Unusable(f"{binary} is not there: ./run --check builds it, or name another with"
                           " --pgweir PATH")
        if not options.any_build:
            self._refuse_slow_build(binary)
        self.version = _output(binary, "--version").strip()
        self.daemon = Pgweir(cluster, {
            "workers": options.workers,
            "pool": {"mode": "transaction", "default_pool_size": options.servers,
                     "session_state": self.session_state},
            "limits": {"max_client_conn": 10000},
            "log": {"level": "warning"},
            "tls": options.tls or {},
        }, start=False)
        try:
            self.daemon.start([binary, self.daemon.config_path])
        except BaseException:
            self.daemon.remove()
            raise
        self.port, self.pid = self.daemon.port, self.daemon.pid

    @staticmethod
    def _refuse_slow_build(binary):
        """Where meson's notes lie beside the binary, they must say that it is a release."""
        notes = os.path.join(os.path.dirname(binary), "..", "meson-info/intro-buildoptions.json")
        if not os.path.exists(notes):
            return
        with open(notes, encoding="utf-8") as file:
            build = {option["name"]: option["value"] for option in json.load(file)}
        if build["buildtype"] != "release" or build["b_sanitize"] != "none":
            raise Unusable(f"{binary} is no release build (buildtype {build['buildtype']}, sanitizer"
                           f" {build['b_sanitize']}): ./run --check makes one; --any-build measures"
                           " it all the same")

    def close(self):
        self.daemon.remove()


class Untracked(PgweirContender):
    """pgweir that does not look what a session has: what the looking costs is the difference."""

    name, session_state = "untracked", "off"


CONTENDERS = {"direct": Direct, "pgbouncer": PgBouncer, "pgweir": PgweirContender,
              "untracked": Untracked}
DEFAULT = ("direct", "pgbouncer", "pgweir")


def version_number(text):
    """The first thing in a text that looks like a version."""
    found = re.search(r"\d+(\.\d+)+", text)
    return found[0] if found else text
