"""Protocol 3.2, which has cancel keys of up to 256 bytes, on each side of pgweir by itself."""

import psycopg
import pytest

from support import wire
from support.peer import Peer, cancel
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
