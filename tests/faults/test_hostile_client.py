"""Nonsense from clients: closed with an error, in bounded memory, and nobody else notices."""

import contextlib
import random
import socket
import struct

import pytest

from support import process, wire
from support.peer import Closed, Peer
from support.timing import eventually, scaled, sized

LENGTHS = [0, 1, 3, 4, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
TYPES = "QPBDECSHFdcfXpzA\0\xff"


@pytest.fixture(name="weir", scope="module")
def fixture_weir(cluster):
    """One daemon for all of this: what one hostile client breaks, the next test sees."""
    from support.fixtures import require_binary
    from support.pgweir import Pgweir

    require_binary()
    process.raise_descriptor_limit()
    found = Pgweir(cluster, {"limits": {"max_client_conn": 3000},
                             "timeouts": {"client_login_timeout": f"{scaled(2)}s"}, "log": {"level": "info"}})
    yield found
    found.finish()


@pytest.fixture(name="well", autouse=True)
def fixture_well(weir):
    """After each test the daemon is alive, serves, and has not grown without bound."""
    before = process.resident_bytes(weir.pid)
    yield
    assert weir.process.poll() is None, weir.log()[-6000:]
    with Peer.login(weir, timeout=20) as peer:
        assert peer.value("select 'well'") == "well"
    grown = process.resident_bytes(weir.pid) - before
    assert grown < sized(60, 400) * 1_000_000, f"it grew by {grown} bytes"


def _closed(peer, timeout=10):
    """The errors told until the connection is ended (RST counts as an end)."""
    with contextlib.suppress(ConnectionError):
        return [m.sqlstate for m in peer.until_closed(timeout) if m.type == "E"]
    return []


def _send(peer, data):
    with contextlib.suppress(ConnectionError):
        peer.send(data)


@pytest.mark.parametrize("length", LENGTHS, ids=hex)
def test_a_startup_packet_of_impossible_length_is_refused(weir, length):
    with Peer((weir.host, weir.port)) as peer:
        _send(peer, struct.pack("!I", length) + b"\0\3\0\0user\0app\0\0")
        _closed(peer)


@pytest.mark.parametrize("length", LENGTHS, ids=hex)
@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: hex(ord(kind)))
def test_a_message_of_impossible_length_ends_only_its_own_session(weir, kind, length):
    with Peer.login(weir) as peer:
        _send(peer, kind.encode("latin1") + struct.pack("!I", length) + b"some bytes\0\0\0")
        peer.timeout = 0.05
        with contextlib.suppress(TimeoutError, ValueError):
            errors = _closed(peer, 0.05)
            assert all(code and len(code) == 5 for code in errors)
            return
        # Still open: it waits for the rest of a long message. Vanish.
        peer.vanish()


def test_random_bytes_before_the_login(weir):
    chance = random.Random(1)
    for size in (1, 4, 8, 9, 100, 5000, 200_000):
        for _ in range(sized(10, 4)):
            peer = Peer((weir.host, weir.port))
            _send(peer, chance.randbytes(size))
            peer.abort()
    peers = [Peer((weir.host, weir.port)) for _ in range(20)]
    for peer in peers:
        _send(peer, chance.randbytes(64))
    for peer in peers:
        with contextlib.closing(peer), contextlib.suppress(ValueError):
            _closed(peer)


def test_random_bytes_after_the_login(weir):
    chance = random.Random(2)
    for number in range(sized(60, 20)):
        peer = Peer.login(weir)
        _send(peer, chance.randbytes(chance.choice([1, 5, 30, 1000, 70_000])))
        if number % 2:
            _send(peer, b"\xff" * 5)
        peer.abort()


def test_random_messages_with_good_frames(weir):
    """Well-framed nonsense reaches every parser behind the scanner."""
    chance = random.Random(3)
    for _ in range(sized(60, 20)):
        peer = Peer.login(weir)
        for _ in range(20):
            kind = chance.choice("QPBDECSHFdcf")
            _send(peer, wire.frame(kind, chance.randbytes(chance.randrange(40))))
        _send(peer, wire.sync() + wire.terminate())
        # PostgreSQL ends each of these sessions at once: Terminate is heard in any state.
        _closed(peer)
        peer.close()


def test_random_startup_parameters(weir):
    chance = random.Random(4)
    for _ in range(sized(40, 15)):
        body = struct.pack("!I", chance.choice([0x30000, 0x30002, 0x30000, 0x20000, 0, 80877103]))
        for _ in range(chance.randrange(20)):
            body += chance.choice([b"user\0app\0", b"database\0app\0", b"options\0-c \\ --=\0",
                                   b"options\0-c =\0", b"_pq_.\0x\0", b"\0", b"replication\0x\0",
                                   chance.randbytes(8) + b"\0", b"client_encoding\0X\0"])
        peer = Peer((weir.host, weir.port))
        _send(peer, struct.pack("!I", len(body) + 5) + body + b"\0")
        with contextlib.suppress(TimeoutError, ValueError, Closed):
            peer.until("Z", "E", timeout=3)
        peer.abort()


@pytest.mark.parametrize("name", ["user", "database", "options", "application_name", "x" * 100])
@pytest.mark.parametrize("size", [63, 64, 9000, 100_000])
def test_long_startup_values_are_refused_or_taken(weir, name, size):
    parameters = {"user": "app", "database": "app"}
    parameters[name] = "-c " + "x" * size if name == "options" else "x" * size
    with Peer((weir.host, weir.port)) as peer:
        _send(peer, wire.startup(parameters))
        try:
            last = peer.until("Z", "E")[-1]
            assert last.type == "Z" or len(last.sqlstate) == 5
        except Closed:
            assert size >= 9000, "closed without a word"


def test_a_thousand_parameters_are_refused_or_taken(weir):
    parameters = {"user": "app", "database": "app"}
    parameters.update({f"my.p{i}": "v" for i in range(1000)})
    with Peer((weir.host, weir.port)) as peer:
        _send(peer, wire.startup(parameters))
        with contextlib.suppress(Closed):
            peer.until("Z", "E")


def test_options_of_nothing_but_oddities_cost_no_time(weir):
    for options in ("=", "-c", "-c =", "--", "--=", "-c a", "\\", "-c \\", " " * 5000, "-c =x " * 500,
                    "-x", "-c work_mem", "--=1 --=2"):
        before = process.cpu_seconds(weir.pid)
        with Peer((weir.host, weir.port)) as peer:
            _send(peer, wire.startup({"user": "app", "database": "app", "options": options}))
            peer.until("Z", "E")
        assert process.cpu_seconds(weir.pid) - before < sized(0.5, 2)


def test_ssl_and_gss_requests_without_end(weir):
    with Peer((weir.host, weir.port)) as peer:
        with contextlib.suppress(Closed, ConnectionError, TimeoutError):
            for _ in range(50):
                peer.send(wire.request(wire.SSL_REQUEST))
                answer = peer.receive_raw(1)
                assert answer in (b"N", b"E")
                if answer == b"E":  # as PostgreSQL does: a version it does not know
                    break
    with Peer((weir.host, weir.port)) as peer:
        # Bytes after SSLRequest in the same segment must never be taken for what was encrypted
        # (CVE-2021-3935 of another pooler). Answered N they are a login in clear text, or refused.
        _send(peer, wire.request(wire.SSL_REQUEST)
              + wire.startup({"user": "app", "database": "app"}))
        with contextlib.suppress(Closed):
            assert peer.receive_raw(1) in b"NE"


def test_a_thousand_silent_connections_are_closed_after_the_login_timeout(weir):
    peers = []
    for number in range(1000):
        connection = socket.create_connection((weir.host, weir.port), 10)
        if number % 3 == 1:
            connection.sendall(b"\0\0\0")
        elif number % 3 == 2:
            connection.sendall(wire.startup({"user": "app", "database": "app"})[:-1])
        peers.append(connection)
    try:
        with Peer.login(weir) as peer:
            assert peer.value("select 'not in the way'") == "not in the way"
        eventually(lambda: weir.metrics().sum("pgweir_client_connections") == 0, 15,
                   "they are kept for ever")
        for connection in peers[:50]:
            connection.settimeout(5)
            with contextlib.suppress(ConnectionError):
                while connection.recv(1000):
                    pass
    finally:
        for connection in peers:
            connection.close()


def test_every_message_type_before_the_login_is_refused(weir):
    for kind in TYPES:
        with Peer((weir.host, weir.port)) as peer:
            _send(peer, wire.frame(kind.encode("latin1"), b"x" * 20))
            with contextlib.suppress(ValueError):
                _closed(peer)


@pytest.mark.parametrize("nonsense", [
    wire.frame("d", b"x" * 100_000) * 50, wire.copy_done() * 1000, wire.flush() * 5000,
    wire.copy_fail("x") * 1000, wire.close("S", "x") * 2000 + wire.sync(),
    wire.parse("", "selec") * 500 + wire.sync(), wire.bind("", "x") * 500 + wire.sync()],
    ids=["CopyData", "CopyDone", "Flush", "CopyFail", "Close", "Parse", "Bind"])
def test_floods_of_useless_messages_are_survived(weir, nonsense):
    with Peer.login(weir, timeout=30) as peer:
        import threading

        sender = threading.Thread(target=_send, args=(peer, nonsense + wire.query("select 7")))
        sender.start()
        while not any(m.type == "D" and m.values == [b"7"] for m in peer.until("Z")):
            pass
        sender.join()


def test_a_packet_that_comes_byte_by_byte_is_understood(weir):
    with Peer((weir.host, weir.port)) as peer:
        for byte in wire.startup({"user": "app", "database": "app"}):
            peer.send(bytes([byte]))
        peer.until("Z")
        for byte in wire.query("select 'slowly'"):
            peer.send(bytes([byte]))
        assert any(m.type == "D" and m.values == [b"slowly"] for m in peer.until("Z"))
