"""What is compared: PostgreSQL directly, PgBouncer and pgweir, each before the same cluster.

A kind of contender is there once (`name`, `version`, what it can do); `start` makes one that runs,
in a process of its own, as the Setup of a workload says.
"""

import dataclasses
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import typing

from support import process
from support.pgweir import Pgweir
from support.timing import eventually
from workloads.base import Setup

HOST = "127.0.0.1"
MOST_CLIENTS = 15_000


class Unusable(Exception):
    """A contender cannot take part; the message says what to do."""


@dataclasses.dataclass
class Running:
    """Where clients of a workload connect to, and as whom. `pid` is the pooler's, if there is one.

    `moves` counts the server connections that one worker took from another, since the start.
    """

    name: str
    setup: Setup
    port: int
    user: str
    password: str
    pid: typing.Optional[int] = None
    close: typing.Callable = lambda: None
    host: str = HOST
    moves: typing.Callable = lambda: 0

    def client_environment(self):
        """What libpq's clients must know."""
        return {"PGSSLMODE": "require" if self.setup.tls else "disable",
                "PGGSSENCMODE": "disable", "PGPASSWORD": self.password}


def _output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def version_number(text):
    """The first thing in a text that looks like a version."""
    found = re.search(r"\d+(\.\d+)+", text)
    return found[0] if found else text


class Kind:
    """One of those that are compared."""

    name = ""
    pools = True      # a pooler, whose process costs something
    prepares = True   # its clients may use prepared statements
    threads = False   # can have several worker threads

    def __init__(self, options):
        self.options = options
        self.version = self._find()

    def _find(self):
        """Look for the program; returns its version."""
        raise NotImplementedError

    def start(self, place, setup, under=()):
        """A Running one before the cluster of `place`, as it is or `under` a tool's command."""
        raise NotImplementedError


class Direct(Kind):
    """No pooler: what the machine and PostgreSQL can do by themselves."""

    name, pools = "direct", False

    def _find(self):
        return ""  # the cluster's

    def start(self, place, setup, under=()):
        return Running(self.name, setup, place.cluster.port, *place.login(setup))


class PgBouncer(Kind):
    """PgBouncer in transaction mode, as lean as its settings make it."""

    name = "PgBouncer"

    def _find(self):
        self.binary = shutil.which(self.options.pgbouncer)
        if self.binary is None:
            raise Unusable(f"{self.options.pgbouncer} is not installed: tools/install-packages bench,"
                           " or name a build of it with --pgbouncer PATH")
        version = version_number(_output(self.binary, "--version"))
        self.prepares = [int(part) for part in version.split(".")[:2]] >= [1, 21]
        return version

    def start(self, place, setup, under=()):
        folder = tempfile.mkdtemp(prefix="pgweir-bouncer-", dir="/tmp")
        os.chmod(folder, 0o755)
        running = Running(self.name, setup, process.free_port(), *place.login(setup))
        child = None

        def close():
            if child is not None:
                process.end(child)
            shutil.rmtree(folder, ignore_errors=True)

        running.close = close
        try:
            ini = self._configure(folder, place, running)
            # It writes to a file of ours, opened before it becomes another user.
            with open(f"{folder}/log", "wb") as log:
                child = process.start(
                    [*self._unprivileged(), *under, self.binary, "-q", ini],
                    stdout=log, stderr=log, cwd="/")
            running.pid = child.pid
            eventually(lambda: _accepts(running.port, child, f"{folder}/log"), 20,
                       "PgBouncer did not start")
        except BaseException:
            close()
            raise
        return running

    def _configure(self, folder, place, running):
        with open(f"{folder}/users", "w", encoding="utf-8") as file:
            file.write(place.user_list(running.setup))
        ini = f"{folder}/pgbouncer.ini"
        with open(ini, "w", encoding="utf-8") as file:
            file.write(self._settings(folder, place, running) + self._tls(folder, place, running))
        return ini

    def _settings(self, folder, place, running):
        prepared = "max_prepared_statements = 200\n" if self.prepares else ""
        return (f"[databases]\napp = host={HOST} port={place.cluster.port} dbname=app\n"
                f"[pgbouncer]\nlisten_addr = {HOST}\nlisten_port = {running.port}\n"
                f"unix_socket_dir =\nserver_tls_sslmode = disable\n"
                f"auth_type = {running.setup.auth}\nauth_file = {folder}/users\n"
                f"pool_mode = transaction\ndefault_pool_size = {self.options.servers}\n"
                f"max_client_conn = {MOST_CLIENTS}\n{prepared}"
                "ignore_startup_parameters = extra_float_digits\n"
                "log_connections = 0\nlog_disconnections = 0\nlog_stats = 0\n")

    @staticmethod
    def _tls(folder, place, running):
        """pgweir's section `tls` in PgBouncer's words, which are the same."""
        lines = ""
        for name, value in place.tls(running.setup).items():
            if name.endswith("_file"):  # in a folder that its user can read
                value = shutil.copy(value, folder)
                os.chmod(value, 0o644)
            lines += f"{name} = {value}\n"
        return lines

    @staticmethod
    def _unprivileged():
        """PgBouncer refuses to run as root."""
        if os.getuid() != 0:
            return []
        user = pwd.getpwnam("nobody")
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
                "--pdeathsig=KILL"]


def _accepts(port, child, log_path):
    if child.poll() is not None:
        with open(log_path, encoding="utf-8", errors="replace") as log:
            raise Unusable(f"PgBouncer ended with {child.returncode}:\n{log.read()}")
    with socket.create_connection((HOST, port), 1):
        return True


class Relay(Kind):
    """What passing bytes takes by itself: one client to one server connection, nothing is looked at."""

    name, threads = "relay", True

    def _find(self):
        self.binary = os.path.abspath(self.options.relay)
        if not os.access(self.binary, os.X_OK):
            raise Unusable(f"{self.binary} is not there: tests/bench/README.md, \"pgweir alone\", says"
                           " how to build it, or name another with --relay PATH")
        return ""

    def start(self, place, setup, under=()):
        port = process.free_port()
        child = process.start([
            *under, self.binary, "--threads", str(setup.workers or self.options.workers), str(port),
            str(place.cluster.port)])

        def accepts():
            if child.poll() is not None:
                raise Unusable(f"{self.binary} ended with {child.returncode}")
            with socket.create_connection((HOST, port), 1):
                return True

        try:
            eventually(accepts, 20, "the relay did not start")
        except BaseException:
            process.end(child)
            raise
        return Running(self.name, setup, port, *place.login(setup), child.pid,
                       lambda: process.end(child))


class PgweirKind(Kind):
    """pgweir with the same pool, as its release build."""

    name, threads, session_state = "pgweir", True, "track"

    def _find(self):
        self.binary = os.path.abspath(self.options.pgweir)
        if not os.access(self.binary, os.X_OK):
            raise Unusable(f"{self.binary} is not there: ./run --check builds it, or name another"
                           " with --pgweir PATH")
        if not self.options.any_build:
            self._refuse_slow_build()
        return version_number(_output(self.binary, "--version"))

    def start(self, place, setup, under=()):
        daemon = Pgweir(place.cluster, {
            "workers": setup.workers or self.options.workers,
            "auth": {"type": setup.auth},
            "pool": {"mode": "transaction", "default_pool_size": self.options.servers,
                     "session_state": self.session_state},
            "limits": {"max_client_conn": MOST_CLIENTS},
            "log": {"level": "warning"},
            "tls": place.tls(setup),
            "databases": {"app": {"host": HOST, "port": place.cluster.port, "dbname": "app",
                                  "sslmode": "disable"}},
        }, start=False)
        try:
            self._write_users(daemon, place, setup)
            daemon.start([*under, self.binary, daemon.config_path])
        except BaseException:
            daemon.remove()
            raise
        return Running(self.name, setup, daemon.port, *place.login(setup), daemon.pid,
                       daemon.remove, moves=lambda: daemon.metrics().sum("steals"))

    @staticmethod
    def _write_users(daemon, place, setup):
        if setup.auth == "trust":
            return
        path = os.path.join(daemon.folder, "users")
        with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(place.user_list(setup))
        config = dict(daemon.config)
        config["auth"] = {**config["auth"], "auth_file": path}
        daemon.write_config(config)

    def _refuse_slow_build(self):
        """Where meson's notes lie beside the binary, they must say that it is a release."""
        notes = os.path.join(os.path.dirname(self.binary), "../meson-info/intro-buildoptions.json")
        if not os.path.exists(notes):
            return
        with open(notes, encoding="utf-8") as file:
            build = {option["name"]: option["value"] for option in json.load(file)}
        if build["buildtype"] != "release" or build["b_sanitize"] != "none":
            raise Unusable(f"{self.binary} is no release build (buildtype {build['buildtype']},"
                           f" sanitizer {build['b_sanitize']}): ./run --check makes one; --any-build"
                           " measures it all the same")


class Untracked(PgweirKind):
    """pgweir that does not look what a session has: what the looking costs is the difference."""

    name, session_state = "untracked", "off"


KINDS = {"direct": Direct, "pgbouncer": PgBouncer, "pgweir": PgweirKind, "untracked": Untracked,
         "relay": Relay}
DEFAULT = ("direct", "pgbouncer", "pgweir")
