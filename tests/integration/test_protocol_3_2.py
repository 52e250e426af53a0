"""Protocol 3.2, which has cancel keys of up to 256 bytes, on each side of pgweir by itself."""

import signal
import subprocess

import psycopg
import pytest

from support import wire
from support.cluster import Cluster
from support.commands import environment
from support.peer import Closed, Peer, ServerError, cancel
from support.scripted_peer import ScriptedServer
from support.timing import eventually

PROTOCOL_3_1, PROTOCOL_3_9 = 0x00030001, 0x00030009
MODES = pytest.mark.parametrize("mode", ["session", "transaction"])

needs_libpq_18 = pytest.mark.skipif(psycopg.pq.version() < 180000,
                                    reason="libpq speaks protocol 3.2 from 18 on")


def _login(target, version, **parameters):
    peer = Peer((target.host, target.port))
    messages = peer.startup({"user": "app", "database": "app", **parameters}, version)
    return peer, [message for message in messages if message.type == "v"]


def _cancels(cluster, target, peer, marker, key=None):
    """A cancel with this key, or the peer's own, ends what the peer has asked."""
    peer.send(wire.query(f"select pg_sleep(60) /* {marker} */"))
    eventually(lambda: cluster.backends(f"state = 'active' and query like '%/* {marker} */%'"))
    cancel(target, peer.pid, peer.key if key is None else key)
    assert next(m for m in peer.until("Z") if m.type == "E").sqlstate == "57014"


@pytest.mark.parametrize("version, size", [(wire.PROTOCOL_3_0, 4), (PROTOCOL_3_1, 4),
                                           (wire.PROTOCOL_3_2, 32), (PROTOCOL_3_9, 32)])
@MODES
def test_a_client_has_a_key_as_long_as_postgresqls_and_cancels_with_it(
        cluster, pgweir, mode, version, size):
    weir = pgweir({"pool": {"mode": mode}})
    peer, _ = _login(weir, version)
    with peer:
        assert len(peer.key) == size
        _cancels(cluster, weir, peer, "a key of any length")
        assert peer.value("select 'well again'") == "well again"


# psql 18 with min_protocol_version=3.2 was refused: every client was told that 3.0 is spoken.
def test_only_a_client_that_asks_for_more_is_told_what_is_spoken(pgweir):
    weir = pgweir()
    for version, option, told in [
            (wire.PROTOCOL_3_0, {}, None), (PROTOCOL_3_1, {}, None), (wire.PROTOCOL_3_2, {}, None),
            (PROTOCOL_3_9, {}, wire.PROTOCOL_3_2),
            (wire.PROTOCOL_3_0, {"_pq_.x": "1"}, wire.PROTOCOL_3_0),
            (wire.PROTOCOL_3_2, {"_pq_.x": "1"}, wire.PROTOCOL_3_2)]:
        peer, negotiations = _login(weir, version, **option)
        with peer:
            assert peer.value("select 1") == "1"
        names = b"".join(wire.text(name) for name in option)
        expected = [] if told is None else [
            told.to_bytes(4, "big") + len(option).to_bytes(4, "big") + names]
        assert [message.body for message in negotiations] == expected


def test_the_console_speaks_it_as_well(pgweir):
    weir = pgweir({"console": {"admin_users": "app"}})
    peer = Peer((weir.host, weir.port))
    with peer:
        peer.startup({"user": "app", "database": "pgweir"}, wire.PROTOCOL_3_2)
        assert len(peer.key) == 32


@MODES
def test_every_byte_of_a_long_key_counts(cluster, pgweir, mode):
    weir = pgweir({"pool": {"mode": mode}})
    peer, _ = _login(weir, wire.PROTOCOL_3_2)
    with peer:
        peer.send(wire.query("select pg_sleep(60) /* every byte */"))
        eventually(lambda: cluster.backends("state = 'active' and query like '%/* every byte */%'"))
        for wrong in (peer.key[:4], peer.key[:31], peer.key[:31] + bytes([peer.key[31] ^ 1]),
                      peer.key + b"\0", peer.key[:3], b"x", b"x" * 256):
            cancel(weir, peer.pid, wrong)
        assert not peer.has_input()
        cancel(weir, peer.pid, peer.key)
        assert next(m for m in peer.until("Z") if m.type == "E").sqlstate == "57014"


def test_a_cancel_request_without_a_key_or_with_too_long_a_one_is_closed_unanswered(pgweir):
    weir = pgweir()
    for key in (b"", b"k" * 257, b"k" * 9000):
        peer = Peer((weir.host, weir.port))
        peer.send(wire.cancel(1, key))
        assert peer.until_closed() == []
        peer.vanish()
    eventually(lambda: "invalid length of cancel key in cancel request packet" in weir.log())


@needs_libpq_18
@pytest.mark.parametrize("client", [wire.PROTOCOL_3_0, wire.PROTOCOL_3_2])
@pytest.mark.parametrize("server", ["3.0", "3.2", "latest"])
@MODES
def test_each_side_speaks_its_own_version(cluster, pgweir, mode, client, server):
    weir = pgweir({"pool": {"mode": mode}, "databases": {
        "app": cluster.conninfo() + f" max_protocol_version={server}"}})
    peer, _ = _login(weir, client)
    with peer:
        for _ in range(3):
            _cancels(cluster, weir, peer, "across versions")


# pgweir itself logs in then, without libpq, and its own cancels need the key as well.
@needs_libpq_18
@pytest.mark.parametrize("server", ["3.0", "3.2"])
def test_a_login_with_a_clients_keys_speaks_what_the_entry_says(pgweir, server):
    guarded = Cluster(hba="local all all trust\nhost all postgres 127.0.0.1/32 trust\n"
                          "host all all 127.0.0.1/32 scram-sha-256\n")
    try:
        guarded.admin("alter role app password 'secret'")
        verifier = guarded.admin("select rolpassword from pg_authid where rolname = 'app'")[0][0]
        weir = pgweir({
            "auth": {"type": "scram-sha-256"}, "users": {"app": {"password": verifier}},
            "timeouts": {"query_timeout": "300ms"},
            "databases": {"app": {"host": guarded.host, "port": guarded.port,
                                  "max_protocol_version": server}}}, on=guarded)
        with psycopg.connect(weir.conninfo(password="secret"), autocommit=True) as client:
            for _ in range(3):
                with pytest.raises(psycopg.errors.QueryCanceled):
                    client.execute("select pg_sleep(60)")
                assert client.execute("select 1").fetchone() == (1,)
    finally:
        guarded.remove()


# Built with libpq 18 pgweir went on without a key, and cancels were lost in silence. These five bytes
# are written by libpq 18 as five others would be as well, so that they cannot be read.
@needs_libpq_18
def test_a_key_that_is_not_understood_fails_the_login_and_says_so(pgweir):
    def script(session):
        if session.startup() is None:
            raise Closed("a cancel request")
        greeting = session.greeting().replace(wire.backend_key_data(4000 + session.index, 77), b"")
        session.send(greeting, wire.backend_key_data(4711, b"\\xc0\xc0"), wire.ready_for_query())
        session.answer_queries()

    with ScriptedServer(script) as server:
        weir = pgweir({"databases": {"app": server.conninfo(
            sslmode="disable", max_protocol_version="3.2")}}, on=server)
        with pytest.raises(ServerError) as refused:
            Peer.login(weir, timeout=20)
        assert "cancel key was not understood" in refused.value.fields["D"]
        assert "cancel key was not understood in the protocol trace of libpq 18" in weir.log()


@needs_libpq_18
@pytest.mark.parametrize("version", ["3.0", "3.2"])
def test_ctrl_c_in_psql_cancels_under_either_version(cluster, pgweir, version):
    weir = pgweir()
    asked = subprocess.Popen(
        [f"{cluster.bin}/psql", "-X", "-d",
         weir.conninfo(min_protocol_version=version, max_protocol_version=version),
         "-c", "select pg_sleep(60) /* Ctrl-C */"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment())
    try:
        eventually(lambda: cluster.backends("state = 'active' and query like '%/* Ctrl-C */%'"))
        asked.send_signal(signal.SIGINT)
        _, said = asked.communicate(timeout=30)
    finally:
        asked.kill()
        asked.wait()
    assert "canceling statement due to user request" in said
