"""node and its driver `pg`: Debian's, or where node is not Debian's the one that npm brings."""

import functools
import os
import shutil
import subprocess

VERSION = "8.16.3"


@functools.lru_cache(maxsize=None)
def modules():
    """For NODE_PATH: a folder that npm has filled (once), "" for Debian's; None without either."""
    if shutil.which("node") is None:
        return None
    for folder in ("", "/usr/share/nodejs"):
        if subprocess.run(["node", "-e", "require('pg')"], cwd="/", capture_output=True,
                          env={**os.environ, "NODE_PATH": folder}, check=False).returncode == 0:
            return folder
    if shutil.which("npm") is None:
        return None
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.path.join(cache, f"pgweir-node-pg-{VERSION}")
    if not os.path.exists(os.path.join(folder, "node_modules", "pg", "package.json")):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder,
                        f"pg@{VERSION}"], check=True, capture_output=True, timeout=300, cwd=folder)
    return os.path.join(folder, "node_modules")
