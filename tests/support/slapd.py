"""A private directory: OpenLDAP's slapd on the loopback, in a folder of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile

from . import process
from .timing import eventually

SUFFIX = "dc=example,dc=net"
ADMIN, ADMIN_PASSWORD = f"cn=admin,{SUFFIX}", "admin's secret"

_MODULES = "/usr/lib/ldap"
_SCHEMAS = "/etc/ldap/schema"


def program():
    """The path of slapd, or None."""
    return shutil.which("slapd", path=os.environ.get("PATH", "") + ":/usr/sbin")


def _ldif(people):
    lines = [f"dn: {SUFFIX}", "objectClass: dcObject", "objectClass: organization", "o: example",
             "dc: example", "", f"dn: ou=people,{SUFFIX}", "objectClass: organizationalUnit",
             "ou: people", ""]
    for number, (uid, password, mail) in enumerate(people):
        lines += [f"dn: cn=person {number},ou=people,{SUFFIX}", "objectClass: inetOrgPerson",
                  f"cn: person {number}", f"uid: {uid}", f"sn: {uid}", f"mail: {mail}",
                  f"userPassword: {password}", "",
                  f"dn: uid={uid},{SUFFIX}", "objectClass: inetOrgPerson", f"uid: {uid}",
                  f"cn: {uid}", f"sn: {uid}", f"userPassword: {password}", ""]
    return "\n".join(lines)


class Slapd(contextlib.AbstractContextManager):
    """Serves `people`, each a (uid, password, mail), at `127.0.0.1:port`.

    Each stands there twice: as `uid=<uid>,SUFFIX` for a simple bind, and under `ou=people`, by a DN
    that only a search finds. `tls`: (key, certificate).
    """

    host = "127.0.0.1"

    def __init__(self, people, tls=None):
        self.port = process.free_port()
        self.folder = tempfile.mkdtemp(prefix="pgweir-slapd-", dir="/tmp")
        self.process = None
        try:
            self._create(people, tls)
            self.start()
        except BaseException:
            self.remove()
            raise

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _create(self, people, tls):
        os.mkdir(self._path("data"))
        lines = [f"include {_SCHEMAS}/{name}.schema" for name in ("core", "cosine", "inetorgperson")]
        lines += [f"modulepath {_MODULES}", "moduleload back_mdb",
                  f"pidfile {self._path('pid')}", f"argsfile {self._path('args')}"]
        if tls:
            lines += [f"TLSCertificateKeyFile {tls[0]}", f"TLSCertificateFile {tls[1]}"]
        lines += ["database mdb", f'suffix "{SUFFIX}"', f"directory {self._path('data')}",
                  f'rootdn "{ADMIN}"', f'rootpw "{ADMIN_PASSWORD}"', "dbnosync",
                  "access to attrs=userPassword by anonymous auth by * none",
                  "access to * by anonymous auth by * none"]
        with open(self._path("slapd.conf"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        with open(self._path("ldif"), "w", encoding="utf-8") as file:
            file.write(_ldif(people))
        added = subprocess.run(["slapadd", "-q", "-f", self._path("slapd.conf"), "-l",
                                self._path("ldif")], executable=program(), capture_output=True,
                               text=True, check=False)
        assert added.returncode == 0, added.stderr

    def start(self):
        """A second start serves the same people again."""
        with open(self._path("log"), "ab") as log:
            self.process = process.start(
                [program(), "-d", "0", "-f", self._path("slapd.conf"), "-h",
                 f"ldap://{self.host}:{self.port}"], stdout=log, stderr=log)
        eventually(self._accepts, 20, lambda: f"slapd did not start:\n{self.log()}")

    def _accepts(self):
        assert self.process.poll() is None, self.log()
        try:
            with socket.create_connection((self.host, self.port), 1):
                return True
        except OSError:
            return False

    def log(self):
        with open(self._path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        if self.process is not None:
            process.end(self.process)
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __exit__(self, *_):
        self.remove()
