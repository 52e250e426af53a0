"""The daemon under test: its configuration file, its process, its log, its metrics."""

import copy
import datetime
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

import psycopg

from . import process
from .metrics import Metrics
from .timing import SANITIZED, eventually, scaled

try:
    import yaml
except ImportError:  # JSON is YAML
    yaml = None

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(
    os.environ.get("PGWEIR_BINARY", os.path.join(_ROOT, "build/daemon/pgweir")))

_SANITIZER_REPORT = re.compile(
    r"(ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:"
    r"|SUMMARY: \w+Sanitizer)")


def merged(base, changes):
    """`base` with `changes` laid over it, section by section; None removes a key."""
    result = copy.deepcopy(base)
    for key, value in (changes or {}).items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict) and key != "databases":
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def base_config(cluster, port, http_port, folder):
    """The least a test needs; tests lay their own sections over it."""
    return {
        "listen": [f"127.0.0.1:{port}", folder],
        "workers": 2,
        "auth": {"type": "trust"},
        "pool": {"mode": "transaction", "default_pool_size": 4},
        "limits": {"max_client_conn": 1000},
        "http": f"127.0.0.1:{http_port}",
        "log": {"level": "debug"},
        "databases": {
            "app": cluster.conninfo(),
            "*": {"host": cluster.host, "port": cluster.port},
        },
    }


class Pgweir:
    """One running daemon. `changes` is laid over `base_config` (see `merged`)."""

    host = "127.0.0.1"

    def __init__(self, cluster, changes=None, start=True, environment=None):
        self.port = process.free_port()
        self.http_port = process.free_port()
        self.folder = tempfile.mkdtemp(prefix="pgweir-test-", dir="/tmp")
        self.config_path = os.path.join(self.folder, "pgweir.yaml")
        self.log_path = os.path.join(self.folder, "log")
        self.environment = environment or {}
        self.cluster = cluster
        self.started_at = None
        self.config = merged(base_config(cluster, self.port, self.http_port, self.folder), changes)
        self.process = None
        self.exit_code = None
        self.write_config(self.config)
        if start:
            try:
                self.start()
            except BaseException:
                self.remove()
                raise

    def write_config(self, config):
        """Write a dict as the configuration file, or a str as it is (for broken files)."""
        if not isinstance(config, str):
            self.config = config
            config = yaml.safe_dump(config) if yaml else json.dumps(config, indent=1)
        with open(self.config_path + ".new", "w", encoding="utf-8") as file:
            file.write(config)
        os.replace(self.config_path + ".new", self.config_path)

    def _environment(self):
        environment = dict(os.environ)
        for name in list(environment):
            if name.startswith("PG") or name in ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID"):
                del environment[name]
        environment.setdefault("ASAN_OPTIONS", "detect_leaks=1:exitcode=99")
        environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
        environment.setdefault("TSAN_OPTIONS", "exitcode=66:second_deadlock_stack=1")
        environment.update(self.environment)
        return environment

    def start(self, command=None, local=None, **keywords):
        """Start the daemon (or a wrapper `command` that becomes it) and wait until it accepts.

        `local`: whether it has a Unix socket in its folder; where None is given, its configuration
        tells.
        """
        log = open(self.log_path, "ab")  # pylint: disable=consider-using-with
        try:
            self.process = process.start(command or [BINARY, self.config_path], stdout=log,
                                         stderr=log, env=self._environment(), **keywords)
        finally:
            log.close()
        self.exit_code = None
        self.started_at = datetime.datetime.now(datetime.timezone.utc)
        if local is None:
            local = self.folder in self.config["listen"]
        eventually(lambda: self._accepts(local), 20,
                   lambda: f"pgweir did not accept:\n{self.log()}")
        return self

    def _accepts(self, local):
        if self.process.poll() is not None:
            raise RuntimeError(f"pgweir ended with {self.process.returncode}:\n{self.log()}")
        if self.host != self.folder:
            with socket.create_connection((self.host, self.port), 1):
                pass
        # The last of them; its file is there before it listens.
        if local:
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(f"{self.folder}/.s.PGSQL.{self.port}")
        return True

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def log_lines(self, containing=""):
        return [line for line in self.log().splitlines() if containing in line]

    def reload(self, config=None):
        """SIGHUP, after writing `config` if given. The caller watches for the effect."""
        if config is not None:
            self.write_config(config)
        self.process.send_signal(signal.SIGHUP)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=30):
        """Wait for the daemon to end by itself; its exit code."""
        self.exit_code = self.process.wait(scaled(timeout))
        return self.exit_code

    def stop(self, timeout=40):
        """SIGINT, wait, and check that nothing was wrong inside. Returns the exit code."""
        if self.process is None:
            return self.exit_code
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.exit_code = self.process.wait(scaled(timeout))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"pgweir did not stop within {timeout} s:\n{self._tail()}") from None
        finally:
            self.process = None
        self.check_sanitizers()
        return self.exit_code

    def check_sanitizers(self):
        report = _SANITIZER_REPORT.search(self.log())
        assert report is None, f"a sanitizer reports:\n{self.log()[max(0, report.start() - 300):]}"

    def _tail(self, size=6000):
        return self.log()[-size:]

    def remove(self):
        """End it, whatever state it is in, and delete its folder."""
        if self.process is not None:
            process.end(self.process, 5, signal.SIGQUIT)
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def finish(self):
        """How every test's daemon ends: alive until now, and stops without a sanitizer report."""
        try:
            if self.process is not None:
                crashed = self.process.poll()
                self.check_sanitizers()
                assert crashed is None, f"pgweir ended by itself with {crashed}:\n{self._tail()}"
                code = self.stop_at_once()
                assert code == 0, f"exit code {code}:\n{self._tail(1500)}"
        finally:
            self.remove()

    def stop_at_once(self):
        """SIGQUIT: open clients are told 57P01. Used by fixtures, whose clients may still be there."""
        self.process.send_signal(signal.SIGQUIT)
        return self.stop()

    def connect(self, dbname="app", user="app", autocommit=True, **keywords):
        """A psycopg 3 connection through pgweir."""
        keywords.setdefault("connect_timeout", int(scaled(20)))
        keywords.setdefault("host", self.host)
        prepare = keywords.pop("prepare_threshold", None)
        return psycopg.connect(port=self.port, dbname=dbname, user=user,
                               autocommit=autocommit, prepare_threshold=prepare, **keywords)

    def conninfo(self, dbname="app", user="app", **keywords):
        parts = {"host": self.host, "port": self.port, "dbname": dbname, "user": user, **keywords}
        return " ".join(f"{key}={value}" for key, value in parts.items())

    def servers(self, where="true", dbname="app", on=None):
        """The backends that serve this daemon, as PostgreSQL sees them (see Cluster.backends)."""
        return self.cluster.backends(
            f"backend_start >= '{self.started_at.isoformat()}' AND application_name <> 'direct'"
            f" AND ({where})", dbname, on)

    def http(self, path):
        """(status, body) of a GET."""
        url = f"http://127.0.0.1:{self.http_port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=scaled(10)) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self):
        status, body = self.http("/metrics")
        assert status == 200, f"/metrics answered {status}"
        return Metrics(body)


def is_built():
    return os.access(BINARY, os.X_OK)


def run_once(*arguments):
    """Run the program with arguments with which it ends by itself; a CompletedProcess."""
    return subprocess.run([BINARY, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=scaled(20), check=False)


__all__ = ["BINARY", "SANITIZED", "Pgweir", "base_config", "is_built", "merged", "run_once"]
