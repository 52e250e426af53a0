"""Where it takes place: a server, its users, and the contenders that run before it."""

import os
import subprocess
import tempfile

from support.certificates import Authority
from support.cluster import Cluster

SCRAM_USER, PASSWORD = "guarded", "correct horse battery staple"
HBA = f"""\
local all all trust
host all {SCRAM_USER} 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""


class Place:
    """A server, and the contenders before it, which start when first asked for.

    `cluster` is a Cluster, or what can stand for one. Clients come in clear and are trusted.
    """

    def __init__(self, options, cluster):
        self.options, self.cluster = options, cluster
        self._running = {}

    def login(self, setup):
        """User and password of the clients."""
        assert setup.auth == "trust"
        return "app", ""

    def tls(self, setup):
        """The options of a pooler's clients."""
        assert not setup.tls
        return {}

    def contender(self, workload, row):
        """The one that serves this row of the workload in all rounds, or a new one for each."""
        key = (workload.name, row.label)
        if workload.fresh:
            self._close(key)
        if key not in self._running:
            self._running[key] = row.kind.start(self, row.setup)
        return self._running[key]

    def _close(self, key):
        if key in self._running:
            self._running.pop(key).close()

    def close(self):
        for key in list(self._running):
            self._close(key)
        self.cluster.remove()


class PostgresPlace(Place):
    """A throw-away PostgreSQL with pgbench's tables, to which all kinds of clients may come."""

    def __init__(self, options):
        self._folder = tempfile.TemporaryDirectory(prefix="pgweir-bench-")
        self._key, self._certificate = Authority(self._folder.name).issue("server", "localhost")
        try:
            super().__init__(options, Cluster(
                max_connections=600, settings={"shared_buffers": "256MB"}, tls=True, hba=HBA))
        except BaseException:
            self._folder.cleanup()
            raise
        try:
            options.pgbench = os.path.join(self.cluster.bin, "pgbench")
            self._fill()
        except BaseException:
            self.close()
            raise

    def _fill(self):
        self.cluster.admin(f"create role {SCRAM_USER} login password '{PASSWORD}'")
        self._verifier = self.cluster.admin(
            f"select rolpassword from pg_authid where rolname = '{SCRAM_USER}'")[0][0]
        with self.cluster.connect() as app:
            app.execute("create table uploads (line text)")
        subprocess.run(
            [self.options.pgbench, "-i", "-q", "-s", str(self.options.scale), "-h",
             self.cluster.host, "-p", str(self.cluster.port), "-U", "app", "app"],
            check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    @property
    def version(self):
        """PostgreSQL's."""
        return self.cluster.admin("show server_version")[0][0].split()[0]

    def login(self, setup):
        return ("app", "") if setup.auth == "trust" else (SCRAM_USER, PASSWORD)

    def user_list(self, setup):
        """The users in the format of userlist.txt. A secret is kept as PostgreSQL keeps it: with
        the password itself a pooler would have to derive the keys at each login."""
        secret = "" if setup.auth == "trust" else self._verifier
        return f'"{self.login(setup)[0]}" "{secret}"\n'

    def tls(self, setup):
        if not setup.tls:
            return {}
        return {"client_tls_sslmode": "require", "client_tls_key_file": self._key,
                "client_tls_cert_file": self._certificate}

    def close(self):
        super().close()
        self._folder.cleanup()
