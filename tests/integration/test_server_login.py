"""Logging in to the server: its own errors reach the client, and every libpq way works."""

import pytest

from support import sqlstates
from support.cluster import Cluster
from support.peer import Peer, ServerError
from support.timing import eventually


def _error(target, **keywords):
    with pytest.raises(ServerError) as refused:
        Peer.login(target, **keywords).close()
    return refused.value.fields


def test_an_unknown_role_is_refused_in_the_words_of_the_server(cluster, pgweir):
    weir = pgweir()
    direct = _error(cluster, dbname="postgres", user="nobody here")
    through = _error(weir, dbname="postgres", user="nobody here")
    assert through["C"] == direct["C"] == sqlstates.NO_SUCH_ROLE
    assert {key: through[key] for key in "SVCM"} == {key: direct[key] for key in "SVCM"}


def test_an_unknown_database_behind_the_fallback_is_refused_by_the_server(cluster, pgweir):
    weir = pgweir()
    direct, through = (_error(target, dbname="nowhere") for target in (cluster, weir))
    assert through["C"] == sqlstates.NO_SUCH_DATABASE
    assert through["M"] == direct["M"] and through["S"] == "FATAL"


def test_an_unknown_database_without_a_fallback_is_refused_by_pgweir(cluster, pgweir):
    weir = pgweir({"databases": {"app": cluster.conninfo()}})
    fields = _error(weir, dbname="nowhere")
    assert fields["C"] == sqlstates.NO_SUCH_DATABASE and fields["S"] == "FATAL"
    assert "nowhere" in fields["M"]
    with Peer.login(weir) as peer:
        assert peer.value("select 1") == "1"


def test_a_role_that_may_not_log_in_hears_why(cluster, pgweir):
    cluster.admin("drop role if exists locked_out; create role locked_out nologin")
    weir = pgweir({"databases": {"app": {"host": cluster.host, "port": cluster.port}}})
    direct, through = (_error(target, user="locked_out") for target in (cluster, weir))
    assert {key: through[key] for key in "SVCM"} == {key: direct[key] for key in "SVCM"}


def test_a_new_role_can_log_in_soon_after_it_was_refused(cluster, pgweir):
    cluster.admin("drop role if exists late")
    weir = pgweir({"databases": {"app": {"host": cluster.host, "port": cluster.port}},
                   "timeouts": {"server_login_retry": "200ms"}})
    assert _error(weir, user="late")["C"] == sqlstates.NO_SUCH_ROLE
    cluster.admin("create role late login")

    def logged_in():
        try:
            with Peer.login(weir, user="late") as peer:
                return peer.value("select current_user") == "late"
        except ServerError:
            return False
    eventually(logged_in, 15, "refused for ever")
    weir.stop_at_once()
    cluster.admin("drop role late")
    weir.start()


def test_a_failure_of_one_database_leaves_the_others_alone(cluster, pgweir):
    weir = pgweir({"databases": {
        "app": cluster.conninfo(), "dead": "host=127.0.0.1 port=1 dbname=app user=app"}})
    with Peer.login(weir) as peer:
        assert _error(weir, dbname="dead")["C"] in sqlstates.NO_SERVER
        assert peer.value("select 1") == "1"


@pytest.fixture(name="tls_cluster", scope="module")
def fixture_tls_cluster():
    found = Cluster(max_connections=30, tls=True, hba=(
        "local all all trust\nhost all postgres 127.0.0.1/32 trust\n"
        "hostssl all app 127.0.0.1/32 trust\nhostssl all scram 127.0.0.1/32 scram-sha-256\n"))
    found.admin("set password_encryption = 'scram-sha-256';"
                "create role scram login password 'geheim'", dbname="postgres")
    yield found
    found.remove()


def _tls_in_use(peer):
    return peer.value("select ssl from pg_stat_ssl where pid = pg_backend_pid()")


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_the_way_to_the_server_may_be_encrypted(tls_cluster, pgweir, mode):
    weir = pgweir({"databases": {"app": tls_cluster.keywords(
        sslmode=mode, sslrootcert=tls_cluster.certificate)}}, on=tls_cluster)
    with Peer.login(weir, timeout=30) as peer:
        assert _tls_in_use(peer) == "t"
        text = peer.value("select repeat('0123456789', 300000)")
        assert text == "0123456789" * 300000
        assert len(peer.rows(f"select length('{text}') from generate_series(1, 3)")) == 3


def test_a_certificate_that_does_not_fit_ends_in_an_error(tls_cluster, pgweir, tmp_path):
    weir = pgweir({"databases": {"app": tls_cluster.keywords(
        sslmode="verify-full", sslrootcert=str(tmp_path / "none"))}}, on=tls_cluster)
    assert _error(weir)["S"] == "FATAL"


def test_a_server_that_wants_a_password_by_scram_gets_it(tls_cluster, pgweir):
    weir = pgweir({"databases": {"app": tls_cluster.keywords(
        user="scram", password="${PGWEIR_TEST_SECRET}", sslmode="require",
        channel_binding="require")}}, on=tls_cluster,
        environment={"PGWEIR_TEST_SECRET": "geheim"})
    with Peer.login(weir, user="anyone") as peer:
        assert peer.value("select current_user") == "scram"
    assert "geheim" not in weir.log()


def test_a_cancel_reaches_a_server_behind_tls(tls_cluster, pgweir):
    from support import wire
    from support.peer import cancel

    weir = pgweir({"databases": {"app": tls_cluster.keywords(sslmode="require")}}, on=tls_cluster)
    with Peer.login(weir) as peer:
        peer.send(wire.query("select pg_sleep(60)"))
        eventually(lambda: tls_cluster.backends("state = 'active' and query like '%pg_sleep%'"))
        cancel(weir, peer.pid, peer.key)
        assert next(m for m in peer.until("Z") if m.type == "E").sqlstate == "57014"


def test_a_server_may_be_reached_by_its_unix_socket(cluster, pgweir):
    weir = pgweir({"databases": {"app": {
        "host": cluster.folder, "port": cluster.port, "dbname": "app", "user": "app"}}})
    with Peer.login(weir) as peer:
        assert peer.value("select inet_client_addr()") is None


def test_the_second_of_two_hosts_is_taken_when_the_first_is_down(cluster, pgweir):
    weir = pgweir({"databases": {
        "app": f"host=127.0.0.1,localhost port=1,{cluster.port} dbname=app user=app"}})
    with Peer.login(weir, timeout=30) as peer:
        assert peer.value("select 'second'") == "second"
