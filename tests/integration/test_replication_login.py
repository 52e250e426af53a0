"""Who may replicate, and with which proof: pgweir's rules, secrets and TLS."""

import pytest

from support.certificates import Authority
from support.cluster import Cluster
from support.commands import program
from support.peer import Peer, ServerError
from support.replication import run
from support.timing import eventually

HBA = ("local all all trust\nlocal replication all trust\n"
       "host all postgres,app 127.0.0.1/32 trust\n"
       "hostssl all,replication scram_user 127.0.0.1/32 scram-sha-256\n"
       "hostssl all,replication md5_user 127.0.0.1/32 md5\nhost all all 127.0.0.1/32 reject\n")


@pytest.fixture(name="guarded", scope="module")
def _guarded():
    """A PostgreSQL that takes replication over TLS with a password only."""
    cluster = Cluster(tls=True, hba=HBA, settings={"wal_level": "logical"})
    try:
        cluster.admin("set password_encryption = 'scram-sha-256';"
                      "create role scram_user login replication password 'only-hers';"
                      "set password_encryption = 'md5';"
                      "create role md5_user login replication password 'only-his'")
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture(name="tls", scope="module")
def _tls(tmp_path_factory):
    key, certificate = Authority(tmp_path_factory.mktemp("ca")).issue("server", "localhost")
    return {"client_tls_sslmode": "require", "client_tls_key_file": key,
            "client_tls_cert_file": certificate}


def _entries(cluster):
    server = {"host": "127.0.0.1", "port": cluster.port, "sslmode": "verify-full",
              "sslrootcert": cluster.certificate}
    return {"app": server, "replication": server,
            "ask": {"host": cluster.folder, "port": cluster.port, "dbname": "app"}}


def _identify(weir, user, password, replication):
    dbname = "app" if replication == "database" else "replication"
    return run([program("psql"), "-XAt", f"host={weir.host} port={weir.port} user={user}"
                f" dbname={dbname} replication={replication} sslmode=require", "-c",
                "IDENTIFY_SYSTEM"], PGPASSWORD=password)


@pytest.mark.parametrize("replication", ["database", "true"])
@pytest.mark.parametrize("user,password,method", [
    ("scram_user", "only-hers", "scram-sha-256"), ("scram_user", "only-hers", "password"),
    ("md5_user", "only-his", "md5")])
def test_the_clients_own_proof_opens_the_server_over_tls_on_both_sides(
        guarded, pgweir, tls, user, password, method, replication):
    weir = pgweir({"auth": {"type": method, "auth_user": "postgres", "auth_dbname": "ask",
                            "auth_failure_delay": "0ms"},
                   "tls": tls, "databases": _entries(guarded)}, on=guarded)
    done = _identify(weir, user, password, replication)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("|app" if replication == "database" else "|")
    wrong = _identify(weir, user, "wrong", replication)
    assert "password authentication failed" in wrong.stderr


def test_auth_query_for_physical_replication_is_asked_in_a_database_that_is_there(guarded, pgweir):
    weir = pgweir({"auth": {"type": "scram-sha-256", "auth_user": "postgres"},
                   "databases": {"*": {"host": "127.0.0.1", "port": guarded.port}}}, on=guarded)
    done = run([program("psql"), "-XAt", f"host={weir.host} port={weir.port} user=scram_user"
                " dbname=replication replication=true", "-c", "IDENTIFY_SYSTEM"],
               PGPASSWORD="only-hers")
    assert done.returncode == 0, done.stderr


def test_a_backup_goes_through_with_scram_and_tls(guarded, pgweir, tls, tmp_path):
    weir = pgweir({"auth": {"type": "scram-sha-256", "auth_user": "postgres",
                            "auth_dbname": "ask"},
                   "tls": tls, "databases": _entries(guarded)}, on=guarded)
    done = run([program("pg_basebackup"), "-h", weir.host, "-p", str(weir.port), "-U",
                "scram_user", "-D", str(tmp_path / "copy"), "-X", "stream", "-c", "fast"],
               PGPASSWORD="only-hers", PGSSLMODE="require")
    assert done.returncode == 0, done.stderr
    verified = run([program("pg_verifybackup"), str(tmp_path / "copy")])
    assert verified.returncode == 0, verified.stderr


RULES = {
    "host all all all trust\n": {"none", "database"},
    "host replication all all trust\n": {"true"},
    "host app all all trust\n": {"none", "database"},
    "host \"replication\" all all trust\n": set(),
    "host all all all trust\nhost replication all all trust\n": {"none", "database", "true"},
    "host replication all all reject\nhost all all all trust\n": {"none", "database"},
}


def _refusal(target, replication):
    """What a login leads to: nothing, or the fields of the refusal."""
    parameters = {} if replication == "none" else {"replication": replication}
    try:
        Peer.login(target, **parameters).close()
        return None
    except ServerError as error:
        return {key: error.fields.get(key) for key in "SVCM"}


def _reload(cluster):
    """Has PostgreSQL read its files anew, and waits until it has."""
    def loaded():
        return cluster.admin("select pg_conf_load_time()", dbname="postgres")[0][0]
    before = loaded()
    cluster.admin("select pg_reload_conf()", dbname="postgres")
    eventually(lambda: loaded() > before, 10, "PostgreSQL did not reload")


def test_rules_fit_replication_as_those_of_postgresql_do(pgweir, tmp_path):
    cluster = Cluster(settings={"wal_level": "replica"})
    try:
        cluster.admin("alter role app replication")
        for rules, let_in in RULES.items():
            own = tmp_path / "pg_hba.conf"
            own.write_text(rules)
            weir = pgweir({"auth": {"type": "hba", "auth_hba_file": str(own)},
                           "databases": {"app": {"host": cluster.folder, "port": cluster.port,
                                                 "user": "app"}}}, on=cluster)
            with open(f"{cluster.data}/pg_hba.conf", "w", encoding="utf-8") as file:
                file.write("local all all trust\nlocal replication all trust\n"
                           "host postgres,app postgres all trust\n" + rules)
            _reload(cluster)
            for replication in ("none", "database", "true"):
                ours = _refusal(weir, replication)
                assert (ours is None) == (replication in let_in), (rules, replication, ours)
                assert ours == _refusal(cluster, replication), (rules, replication)
            weir.finish()
    finally:
        cluster.remove()
