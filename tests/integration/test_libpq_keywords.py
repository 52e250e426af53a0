"""`--check` knows which keywords the libpq has that pgweir runs with, so that clients get in."""

import re
import subprocess

import psycopg
import pytest

from support.fixtures import require_binary
from support.pgweir import BINARY

# A keyword of a newer libpq, a good value, the version that brought it.
NEWER = [("require_auth", "scram-sha-256", 16), ("sslcertmode", "allow", 16),
         ("load_balance_hosts", "random", 16), ("gssdelegation", "0", 17),
         ("sslnegotiation", "postgres", 17), ("min_protocol_version", "3.0", 18),
         ("max_protocol_version", "3.2", 18), ("scram_client_key", "AAAA", 18),
         ("scram_server_key", "AAAA", 18), ("sslkeylogfile", "/tmp/keys", 18)]


def _check(folder, text):
    require_binary()
    path = folder / "pgweir.yaml"
    path.write_text(text)
    answer = subprocess.run([BINARY, "--check", str(path)], capture_output=True, text=True,
                            timeout=30, check=False)
    return answer.returncode, (answer.stdout + answer.stderr).replace(str(path), "FILE")


def _knows(name):
    """Whether the libpq that is installed has this keyword, by itself."""
    return name.encode() in {each.keyword for each in psycopg.pq.Conninfo.get_defaults()}


# `--check` took what this libpq does not have, and no client got in.
@pytest.mark.parametrize("name, value, since", NEWER)
@pytest.mark.parametrize("form", ["map", "string"])
def test_a_keyword_is_accepted_where_the_installed_libpq_has_it(tmp_path, name, value, since, form):
    entry = f"    {name}: '{value}'" if form == "map" else f"    '{name}={value}'"
    code, said = _check(tmp_path, f"databases:\n  app:\n{entry}\n")
    is_option = form == "map" and name == "load_balance_hosts"  # where it is pgweir's own
    if _knows(name) or is_option:
        assert code == 0, said
        return
    assert code != 0
    column = len(f"    {name}: ") + 1 if form == "map" else 5
    assert re.search(rf'FILE:3:{column}: .*"{name}" needs libpq {since}; libpq \d+\.\d+, which runs'
                     " here, does not have it", said), said


def test_oauth_is_refused_with_the_reason(tmp_path):
    code, said = _check(tmp_path, "databases:\n  app: {oauth_issuer: 'https://login.example'}\n")
    assert code != 0
    assert 'FILE:2:9: ' in said
    assert '"oauth_issuer" is not possible: OAuth has a person log in with a browser' in said
