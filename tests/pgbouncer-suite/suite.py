"""Runs PgBouncer's tests in a folder of its own, with a script in the place of PgBouncer."""

import glob
import os
import shutil
import subprocess
import tempfile

from source import SuiteError

MODULES = ("pytest", "pytest_asyncio", "pytest_timeout", "xdist", "filelock", "psycopg")
# Stands where the tests call sudo. They have the rights that they need already.
SUDO = """#!/bin/sh
# A kernel without traffic shaping cannot delay packets; only the tests of delays notice.
case "$1" in tc) "$@" 2>/dev/null || true ;; *) exec "$@" ;; esac
"""


class Suite:
    """PgBouncer's tests, for one program: pgweir at `binary`, or PgBouncer itself (None)."""

    def __init__(self, source, folder, binary):
        self._folder = folder
        self._with_network = os.geteuid() == 0
        self._programs = self._find_postgresql()
        self._place = f"{folder}/{'pgweir' if binary else 'pgbouncer'}"
        self._check_modules()
        self._lay_out(source, binary)

    def run(self, name, arguments, workers):
        """Runs the tests that are named by `arguments`; the path of their results in JUnit's form."""
        results, log = f"{self._place}/{name}.xml", f"{self._folder}/{name}.log"
        temporary = tempfile.mkdtemp(prefix="pgbs-", dir="/tmp")
        self._give_away(temporary, self._place)
        command = [*self._prefix(), "/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                   "-o", "addopts=--import-mode=prepend", "--tb=native", "-n", str(workers), "--dist", "load", f"--basetemp={temporary}/t", f"--junitxml={results}",
                   *self._located(arguments)]
        environment = {**os.environ, "TMPDIR": temporary, "PYTHONDONTWRITEBYTECODE": "1",
                       "PATH": f"{self._place}/bin:{self._programs}:{os.environ['PATH']}", "HOME": temporary}
        if self._with_network:
            environment["USE_SUDO"] = "1"
        if _has_ipv6():
            environment["HAVE_IPV6_LOCALHOST"] = "1"
        try:
            with open(log, "w", encoding="utf-8") as file:
                subprocess.run(command, cwd=self._place, env=environment, stdout=file, stderr=file, check=False)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        if not os.path.exists(results):
            raise SuiteError(f"the tests did not run: {log}")
        print(f"pgbouncer-suite: the log is {log}")
        return results

    def _located(self, arguments):
        """With whole paths: the tests change the directory while they are collected."""
        located = [f"{self._place}/{text}" if text.startswith("test") else text for text in arguments]
        return located if located != arguments else [*arguments, f"{self._place}/test"]

    def _prefix(self):
        """As root: a network of its own, in which user postgres may do what an administrator may."""
        if not self._with_network:
            return []
        rights = "+net_admin,+net_raw"
        lower = (f"ip link set lo up && exec setpriv --reuid postgres --regid postgres --init-groups"
                 f" --inh-caps {rights} --ambient-caps {rights} \"$@\"")
        return ["unshare", "--net", "sh", "-c", lower, "sh"]

    def _lay_out(self, source, binary):
        """The part of the source tree that the tests read, and a `pgbouncer` that starts the program."""
        shutil.rmtree(self._place, ignore_errors=True)
        os.makedirs(f"{self._place}/bin")
        for name in ("test", "include"):
            shutil.copytree(f"{source}/{name}", f"{self._place}/{name}")
        shutil.copy(f"{source}/pyproject.toml", self._place)
        for name in ("src", "doc", "etc"):
            if os.path.isdir(f"{source}/{name}"):
                shutil.copytree(f"{source}/{name}", f"{self._place}/{name}")
        # What the tests read of the result of ./configure.
        _write(f"{self._place}/config.mak", "tls_support = yes\nldap_support = no\n", 0o644)
        program = os.path.abspath(binary) if binary else f"{source}/pgbouncer-oracle"
        if not os.access(program, os.X_OK):
            raise SuiteError(f"{program} is not there")
        shutil.copy(program, f"{self._place}/bin/program")
        _write(f"{self._place}/pgbouncer", f'#!/bin/sh\nexec {self._place}/bin/program "$@"\n', 0o755)
        _write(f"{self._place}/bin/sudo", SUDO, 0o755)

    def _give_away(self, *folders):
        if self._with_network:
            for folder in folders:
                subprocess.run(["chown", "-R", "postgres:postgres", folder], check=True)

    @staticmethod
    def _find_postgresql():
        folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
        if not folders:
            raise SuiteError("PostgreSQL is not installed: tools/install-packages run")
        return folders[-1]

    @staticmethod
    def _check_modules():
        for name in MODULES:
            if subprocess.run(["/usr/bin/python3", "-c", f"import {name}"], capture_output=True,
                              check=False).returncode != 0:
                raise SuiteError(f"python has no {name}: tools/install-packages pgbouncer-suite")


def _write(path, text, mode):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def _has_ipv6():
    try:
        with open("/proc/net/if_inet6", encoding="utf-8") as file:
            return " lo\n" in file.read()
    except OSError:
        return False
