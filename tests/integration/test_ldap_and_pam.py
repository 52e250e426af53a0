"""Who may come in is asked outside: of a directory (LDAP) and of PAM."""

import glob
import os
import socket
import subprocess

import psycopg
import pytest

from support import slapd, wire
from support.cluster import Cluster
from support.pam import PamService
from support.peer import Peer
from support.pgweir import BINARY
from support.timing import eventually

RIGHT, WRONG = "right password", "wrong password"
CLEARTEXT, LET_IN = ("R", b"\0\0\0\3"), ("R", b"\0\0\0\0")
USERS = ["simple", "searched", "filtered"]
INJECTION = "*)(uid=*"
OPTIONS_OF = {
    "simple": f'ldapprefix="uid=" ldapsuffix=",{slapd.SUFFIX}"',
    "searched": f'ldapbasedn="ou=people,{slapd.SUFFIX}" ldapbinddn="{slapd.ADMIN}" '
                f'ldapbindpasswd="{slapd.ADMIN_PASSWORD}"',
    "filtered": f'ldapbasedn="ou=people,{slapd.SUFFIX}" ldapbinddn="{slapd.ADMIN}" '
                f'ldapbindpasswd="{slapd.ADMIN_PASSWORD}" '
                'ldapsearchfilter="(|(mail=$username)(uid=$username))"',
}


def _knows(method):
    """Whether the daemon was built with the method's library."""
    listed = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=False).stdout
    return {"ldap": "libldap", "pam": "libpam."}[method] in listed


needs_ldap = pytest.mark.skipif(slapd.program() is None or not _knows("ldap"),
                                reason="slapd is not installed, or pgweir is built without libldap")
needs_pam = pytest.mark.skipif(
    not glob.glob("/lib/*/security/pam_exec.so") or not _knows("pam"),
    reason="pam_exec.so is not installed, or pgweir is built without libpam")


@pytest.fixture(name="directory", scope="module")
def _directory(ca):
    people = [(user, RIGHT, f"{user}@example.net") for user in [*USERS, "twin", "outsider"]]
    # One mail address of two.
    people += [("other", RIGHT, "twin@example.net")]
    with slapd.Slapd(people, ca.issue("slapd", "localhost")) as found:
        yield found


def _ldap_rules(directory):
    server = f"ldapserver={directory.host} ldapport={directory.port}"
    lines = []
    for user, options in OPTIONS_OF.items():
        lines.append(f'host all {user},{user}_unknown 127.0.0.1/32 ldap {server} {options}')
    lines.append(f'host all "{INJECTION}","twin@example.net" 127.0.0.1/32 ldap {server} '
                 f'{OPTIONS_OF["filtered"]}')
    url = f"ldap://{directory.host}:{directory.port}/{slapd.SUFFIX}?uid?sub"
    lines.append(f'host all by_url 127.0.0.1/32 ldap ldapurl="{url}"')
    return lines


def _hba(*lines):
    return "\n".join(["local all all trust", "host all postgres,app 127.0.0.1/32 trust",
                      *lines]) + "\n"


@pytest.fixture(name="oracle", scope="module")
def _oracle(directory):
    """A PostgreSQL that asks the same directory."""
    cluster = Cluster(hba=_hba(*_ldap_rules(directory)))
    try:
        for user in [*USERS, "outsider"]:
            cluster.admin(f"create role {user} login")
        yield cluster
    finally:
        cluster.remove()


def _start(pgweir, cluster, auth, tmp_path, rules=None, **keywords):
    """pgweir, which itself comes to the cluster by the Unix socket, where it is trusted."""
    auth = {"auth_failure_delay": "0ms", "auth_failure_limit": 0, **auth}
    if rules is not None:
        (tmp_path / "hba").write_text(_hba(*rules))
        auth.update({"type": "hba", "auth_hba_file": str(tmp_path / "hba")})
    here = {"host": cluster.folder, "port": cluster.port}
    return pgweir({"auth": auth, "databases": {"app": here, "*": here}}, on=cluster, **keywords)


def _shown(message):
    """An error but for its place in PostgreSQL's source; anything else as it is."""
    if message.type != "E":
        return message.type, bytes(message.body)
    return message.type, {field: message.fields.get(field) for field in "SVCMDH"}


def _said(target, user, password):
    """What a client is told up to the outcome of its login."""
    with Peer((target.host, target.port), 20) as peer:
        peer.send(wire.startup({"user": user, "database": "app"}))
        told = [_shown(peer.until("R", "E")[-1])]
        if told == [CLEARTEXT]:
            peer.send(wire.password(password))
            told.append(_shown(peer.until("R", "E")[-1]))
            if told[-1] == LET_IN:
                peer.until("Z", "E")
        return told


def _comes_in(target, user, password=RIGHT):
    return _said(target, user, password) == [CLEARTEXT, LET_IN]


@needs_ldap
@pytest.mark.parametrize("user", [*USERS, *(f"{user}_unknown" for user in USERS), "by_url",
                                  INJECTION, "twin@example.net"])
def test_an_ldap_client_is_told_what_postgresql_tells_it(pgweir, oracle, directory, user, tmp_path):
    weir = _start(pgweir, oracle, {}, tmp_path, _ldap_rules(directory))
    for password in (RIGHT, WRONG, "", "*"):
        assert _said(weir, user, password) == _said(oracle, user, password), (user, password)
    assert _comes_in(weir, user) == (user in USERS)
    log = weir.log()
    for secret in (RIGHT, WRONG, slapd.ADMIN_PASSWORD):
        assert secret not in log


@needs_ldap
def test_auth_type_ldap_asks_what_the_options_say_and_a_reload_changes_them(
        pgweir, oracle, directory, tmp_path):
    server = f"ldapserver={directory.host} ldapport={directory.port} "
    auth = {"type": "ldap", "auth_ldap_options": server + OPTIONS_OF["simple"]}
    weir = _start(pgweir, oracle, {**auth, "auth_failure_limit": 0}, tmp_path)
    assert _comes_in(weir, "outsider") and not _comes_in(weir, "outsider", WRONG)
    config = dict(weir.config)
    config["auth"] = {**config["auth"], "auth_ldap_options":
                      server + 'ldapprefix="uid=" ldapsuffix=",dc=elsewhere"'}
    weir.reload(config)
    eventually(lambda: not _comes_in(weir, "outsider"), 20)
    with psycopg.connect(host=weir.folder, port=weir.port, dbname="pgbouncer", user="pgbouncer",
                         autocommit=True) as console:
        shown = {row[0]: row[1] for row in console.execute("show config").fetchall()}
        assert shown["auth_ldap_options"] == "(secret)"
        assert shown["auth_type"] == "ldap"
        console.execute("set auth_ldap_options = '" + server + OPTIONS_OF["searched"].replace("'", "''") + "'")
    assert _comes_in(weir, "searched")
    # Wrong options are refused, and the former stay.
    weir.reload({**config, "auth": {**config["auth"], "auth_ldap_options": "ldapserver=x"}})
    eventually(lambda: "ldap needs ldapbasedn" in weir.log(), 20)
    assert _comes_in(weir, "searched")
    assert slapd.ADMIN_PASSWORD not in weir.log()


@needs_ldap
def test_a_directory_is_spoken_to_by_tls_and_must_prove_itself(pgweir, oracle, directory, ca,
                                                               tmp_path):
    options = (f"ldapserver=127.0.0.1 ldapport={directory.port} ldaptls=1 " + OPTIONS_OF["simple"])
    auth = {"type": "ldap", "auth_ldap_options": options}
    weir = _start(pgweir, oracle, auth, tmp_path, environment={"LDAPTLS_CACERT": ca.certificate})
    assert _comes_in(weir, "simple") and not _comes_in(weir, "simple", WRONG)
    doubtful = _start(pgweir, oracle, auth, tmp_path)
    assert not _comes_in(doubtful, "simple")
    eventually(lambda: doubtful.log_lines("TLS on"), 20)


@needs_ldap
def test_a_directory_that_hangs_keeps_nobody_from_anything_else(pgweir, oracle, directory,
                                                                tmp_path):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as hung:
        rules = [f"host all outsider 127.0.0.1/32 ldap ldapserver=127.0.0.1 "
                 f"ldapport={hung.getsockname()[1]} ldapprefix=x", *_ldap_rules(directory)]
        weir = _start(pgweir, oracle, {"auth_check_timeout": "2s", "auth_failure_limit": 1},
                      tmp_path, rules)
        with Peer.login(weir, user="app") as working:
            waiting = [Peer((weir.host, weir.port)) for _ in range(20)]
            for peer in waiting:
                peer.send(wire.startup({"user": "outsider", "database": "app"}))
                peer.until("R")
                peer.send(wire.password(RIGHT))
            assert _comes_in(weir, "simple")
            working.send(wire.query("select 1"))
            working.until("Z")
            for peer in waiting[:10]:  # they go away meanwhile
                peer.abort()
            for peer in waiting[10:]:
                fields = peer.until("E")[-1].fields
                assert fields["C"] == "28000"
                assert fields["M"] == 'LDAP authentication failed for user "outsider"'
                peer.abort()
        # Nobody has judged, so that nothing is counted against the user.
        assert weir.log_lines("no answer within auth_check_timeout")
        assert _said(weir, "outsider", RIGHT)[-1][1]["M"].startswith("LDAP authentication failed")


@needs_ldap
def test_the_brake_counts_what_a_directory_calls_wrong(pgweir, oracle, directory, tmp_path):
    weir = _start(pgweir, oracle, {"auth_failure_limit": 2, "auth_failure_block": "30s"}, tmp_path,
                  _ldap_rules(directory))
    for _ in range(2):
        assert not _comes_in(weir, "simple", WRONG)
    with Peer((weir.host, weir.port)) as peer:
        peer.send(wire.startup({"user": "simple", "database": "app"}))
        assert "too many failed logins" in peer.until("R", "E")[-1].fields["M"]


@needs_ldap
def test_the_servers_login_has_the_password_that_the_directory_has_judged(pgweir, guarded, directory):
    guarded.admin(f"create role simple login password '{RIGHT}'")
    options = f"ldapserver={directory.host} ldapport={directory.port} {OPTIONS_OF['simple']}"
    weir = pgweir({"auth": {"type": "ldap", "auth_ldap_options": options},
                   "databases": {"app": {"host": "127.0.0.1", "port": guarded.port}}}, on=guarded)
    with psycopg.connect(host=weir.host, port=weir.port, dbname="app", user="simple",
                         password=RIGHT) as client:
        assert client.execute("select current_user").fetchone() == ("simple",)


@needs_pam
@pytest.mark.skipif(os.getuid() != 0, reason="only root can give PostgreSQL a service of PAM")
@pytest.mark.parametrize("user", ["pam_user", "pam_unknown"])
def test_a_pam_client_is_told_what_postgresql_tells_it(pgweir, user, tmp_path):
    with PamService(f"pgweir-test-{os.getpid()}", "/etc/pam.d") as service:
        rules = [f"host all pam_user,pam_unknown 127.0.0.1/32 pam pamservice={service.name}"]
        oracle = Cluster(hba=_hba(*rules))
        try:
            oracle.admin("create role pam_user login")
            weir = _start(pgweir, oracle, {}, tmp_path, rules)
            for password in (RIGHT, WRONG, ""):
                assert _said(weir, user, password) == _said(oracle, user, password), password
            assert _comes_in(weir, user) == (user == "pam_user")
            assert service.asked()[-1] == f"{user} from 127.0.0.1"
            weir.finish()
        finally:
            oracle.remove()


@needs_pam
def test_auth_type_pam_asks_a_service_and_one_that_hangs_stalls_nobody(pgweir, cluster, tmp_path):
    with PamService("pgbouncer") as service, PamService("quick", service.folder) as quick:
        cluster.admin("create role pam_user login; create role pam_slow login")
        weir = _start(pgweir, cluster, {"type": "pam", "auth_pam_confdir": service.folder,
                                        "auth_failure_limit": 1}, tmp_path)
        try:
            slow = Peer((weir.host, weir.port))
            slow.send(wire.startup({"user": "pam_slow", "database": "app"}))
            slow.until("R")
            slow.send(wire.password(RIGHT))
            eventually(lambda: "pam_slow from 127.0.0.1" in service.asked(), 20)
            assert _comes_in(weir, "pam_user")
            gone = Peer((weir.host, weir.port))
            gone.send(wire.startup({"user": "pam_slow", "database": "app"}))
            gone.until("R")
            gone.send(wire.password(RIGHT))
            eventually(lambda: len(service.asked()) == 3, 20)
            gone.abort()
            eventually(lambda: weir.log_lines('user="pam_slow"') or
                       weir.log_lines("client_closed"), 20)
            service.let_go()
            slow.until("Z")
            slow.abort()
            assert not _comes_in(weir, "pam_user", WRONG)
            assert weir.log_lines("pam_authenticate of the PAM service")
            assert RIGHT not in weir.log() and WRONG not in weir.log()
            with Peer((weir.host, weir.port)) as peer:
                peer.send(wire.startup({"user": "pam_user", "database": "app"}))
                assert "too many failed logins" in peer.until("R", "E")[-1].fields["M"]
            config = dict(weir.config)
            config["auth"] = {**config["auth"], "auth_pam_service": "quick",
                              "auth_failure_limit": 0}
            weir.reload(config)
            quick.let_go()
            eventually(lambda: _comes_in(weir, "pam_slow") and quick.asked(), 20)
        finally:
            service.let_go()
            quick.let_go()
            weir.finish()
            cluster.admin("drop role pam_user; drop role pam_slow")
