"""Certificates for tests, made by the openssl command."""

import os
import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """A certificate authority of its own in `folder`."""

    def __init__(self, folder, name="pgweir test authority"):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.key, self.certificate = self.path("ca.key"), self.path("ca.crt")
        # Without keyUsage Python from 3.13 on accepts nothing that it has signed (RFC 5280, 4.2.1.3).
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                 "-keyout", self.key, "-out", self.certificate)

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, common_name, days=2, key="rsa:2048"):
        """The paths of a new key and certificate for a host, or for a user."""
        key_file, request = self.path(f"{name}.key"), self.path(f"{name}.csr")
        certificate, extensions = self.path(f"{name}.crt"), self.path(f"{name}.ext")
        _openssl("req", "-new", "-newkey", *([key] if key.startswith("rsa") else
                                              ["ec", "-pkeyopt", f"ec_paramgen_curve:{key}"]),
                 "-nodes", "-subj", f"/O=pgweir/CN={common_name}", "-keyout", key_file,
                 "-out", request)
        with open(extensions, "w", encoding="utf-8") as file:
            file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                 "-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", certificate)
        os.chmod(key_file, 0o600)
        return key_file, certificate

    def revoke(self, certificate):
        """The path of a list that revokes this certificate."""
        index, config = self.path("index.txt"), self.path("ca.conf")
        crl = self.path("revoked.crl")
        with open(index, "a", encoding="utf-8"):
            pass
        with open(config, "w", encoding="utf-8") as file:
            file.write("[ca]\ndefault_ca=x\n[x]\n"
                       f"database={index}\ndefault_md=sha256\ndefault_crl_days=2\n")
        common = ["ca", "-config", config, "-cert", self.certificate, "-keyfile", self.key]
        _openssl(*common, "-revoke", certificate)
        _openssl(*common, "-gencrl", "-out", crl)
        return crl
