"""Fetches PgBouncer's source package from Debian, and makes of it what its tests need."""

import glob
import os
import subprocess

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRROR = "http://deb.debian.org/debian"


class SuiteError(Exception):
    """The suite cannot be run; the text says why."""


def prepare_source(folder, release, build):
    """The folder of the unpacked sources. With `build` PgBouncer itself is built there."""
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    parent = os.path.join(folder, release)
    if not glob.glob(f"{parent}/*.orig.tar.*"):
        _fetch(parent, release)
    source = f"{parent}/source"
    if not os.path.isdir(source):
        os.makedirs(f"{source}.part", exist_ok=True)
        (archive,) = glob.glob(f"{parent}/*.orig.tar.*")
        _run(["tar", "xf", archive, "-C", f"{source}.part", "--strip-components=1"])
        os.rename(f"{source}.part", source)
    if build and not os.path.exists(f"{source}/pgbouncer-oracle"):
        _build(source)
    return source


def _fetch(parent, release):
    """By apt, in folders of its own: its signatures are checked, the system's lists are left alone."""
    for name in ("lists/partial", "cache/archives/partial"):
        os.makedirs(f"{parent}/apt/{name}", exist_ok=True)
    with open(f"{parent}/apt/sources.list", "w", encoding="utf-8") as file:
        file.write(f"deb-src [signed-by={KEYRING}] {MIRROR} {release} main\n")
    options = ["-o", f"Dir::Etc::sourcelist={parent}/apt/sources.list", "-o", "Dir::Etc::sourceparts=/dev/null",
               "-o", f"Dir::State::lists={parent}/apt/lists", "-o", f"Dir::Cache={parent}/apt/cache",
               "-o", "APT::Sandbox::User=", "-qq"]
    _run(["apt-get", *options, "update"])
    _run(["apt-get", *options, "--download-only", "source", "pgbouncer"], cwd=parent)


def _build(source):
    """PgBouncer by its own configure; its manual pages need pandoc, and are left out."""
    _run(["./configure", "--with-pam", "--with-cares"], cwd=source)
    _run(["make", "-j2", "pgbouncer"], cwd=source)
    os.rename(f"{source}/pgbouncer", f"{source}/pgbouncer-oracle")


def _run(command, cwd=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SuiteError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")
