"""PostgreSQL's own programs, pointed at PostgreSQL directly or at pgweir."""

import os
import subprocess

from . import process
from .cluster import binary_folder
from .timing import scaled


def environment():
    """No PG* variables, no personal files, messages in English."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    own.update(LC_ALL="C.UTF-8", HOME="/nonexistent", PSQL_HISTORY="/dev/null", PAGER="cat")
    return own


def program(name):
    return os.path.join(binary_folder(), name)


def psql_command(target, *arguments, dbname="app", user="app"):
    return [program("psql"), "-X", "-h", target.host, "-p", str(target.port), "-U", user,
            "-d", dbname, *arguments]


def psql(target, *arguments, script=None, timeout=60, **keywords):
    """Run psql to its end; a CompletedProcess with text output."""
    command = psql_command(target, *arguments, **keywords)
    return subprocess.run(command, input=script if script is not None else "", text=True,
                          capture_output=True, timeout=scaled(timeout), env=environment(),
                          check=False)


def pgbench(target, *arguments, dbname="app", user="app", timeout=120):
    command = [program("pgbench"), "-h", target.host, "-p", str(target.port), "-U", user,
               *arguments, dbname]
    return subprocess.run(command, stdin=subprocess.DEVNULL, text=True, capture_output=True,
                          timeout=scaled(timeout), env=environment(), check=False)


def start(command, **keywords):
    """A program that the test ends itself (`process.end`)."""
    return process.start(command, env=environment(), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, **keywords)
