"""A client that mutilates its part of the authentication hears what PostgreSQL tells it."""

import base64
import contextlib
import hashlib
import hmac
import itertools
import socket
import ssl
import struct
import time

import pytest

from support import wire
from support.cluster import Cluster
from support.peer import Closed, Peer
from support.pgweir import Pgweir
from support.timing import eventually, scaled

METHODS = ["password", "md5", "scram-sha-256"]
PASSWORD = b"secret"
TYPES = [chr(code) for code in range(256) if chr(code) != "p"]


def _role(method):
    return method.replace("-", "_")


@pytest.fixture(name="oracle", scope="module")
def _oracle():
    hba = "local all all trust\nhost all postgres,app 127.0.0.1/32 trust\n" + "".join(
        f"host all {_role(method)} 127.0.0.1/32 {method}\n" for method in METHODS)
    found = Cluster(hba=hba)
    try:
        for method in METHODS:
            form = "md5" if method == "md5" else "scram-sha-256"
            found.admin(f"set password_encryption = '{form}';"
                        f"create role {_role(method)} login password 'secret'")
        yield found
    finally:
        found.remove()


@pytest.fixture(name="weirs", scope="module")
def _weirs(oracle):
    """By method: pgweir with the secrets that the oracle has."""
    started = {}
    try:
        for method in METHODS:
            started[method] = Pgweir(oracle, {
                "auth": {"type": method, "auth_user": "postgres", "auth_dbname": "app",
                         "auth_failure_delay": "0ms", "auth_failure_limit": 0},
                "databases": {"app": {"host": oracle.folder, "port": oracle.port}}})
        yield started
    finally:
        for weir in started.values():
            weir.finish()


def _end(peer):
    """What is told until the connection ends, or until the client is in; [] for silence."""
    told = []
    try:
        while not told or told[-1][0] != "Z":
            message = peer.receive(3)
            told.append((message.type, *(message.fields.get(key) for key in "SVCMDH"))
                        if message.type == "E" else (message.type,))
    except (Closed, ConnectionError):
        pass
    # What the server says of itself after a login is not of interest here.
    return [entry for entry in told if entry[0] not in "SKN"]


def _opened(target, user):
    peer = Peer((target.host, target.port), timeout=scaled(10))
    peer.send(wire.startup({"user": user, "database": "app"}))
    return peer, peer.receive()


def _sasl_initial(mechanism, data, length=None):
    length = len(data) if length is None else length
    return wire.frame("p", mechanism + b"\0" + struct.pack("!I", length & 0xFFFFFFFF) + data)


def _plays(target, user, first=None, last=None, initial=None):
    """SCRAM by hand; `first` and `last` change the messages of the client."""
    peer, _ = _opened(target, user)
    with peer:
        header, bare = b"n,,", b"n=,r=rOprNGfwEbeRWgbNEkqO"
        opening = header + bare if first is None else first(header, bare)
        peer.send(initial if initial is not None else _sasl_initial(b"SCRAM-SHA-256", opening))
        try:
            answer = peer.receive(3)
        except (Closed, ConnectionError):
            return ["closed"]
        if answer.type == "E":
            return [(answer.type, *(answer.fields.get(key) for key in "SVCMDH"))]
        challenge = answer.body[4:]
        words = dict(word.split(b"=", 1) for word in challenge.split(b","))
        parts = [b"c=" + base64.b64encode(header), b"r=" + words[b"r"]]
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD, base64.b64decode(words[b"s"]),
                                     int(words[b"i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        signed = b",".join([bare, challenge, *parts])
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature))
        parts.append(b"p=" + base64.b64encode(proof))
        peer.send(wire.frame("p", b",".join(parts if last is None else last(parts))))
        return _end(peer)


FIRST = {
    "as it is": lambda header, bare: header + bare,
    "empty": lambda header, bare: b"",
    "without a header": lambda header, bare: bare,
    "half a header": lambda header, bare: b"n,",
    "only a header": lambda header, bare: header,
    "an unknown flag": lambda header, bare: b"x,," + bare,
    "y": lambda header, bare: b"y,," + bare,
    "channel binding without TLS": lambda header, bare: b"p=tls-server-end-point,," + bare,
    "an unknown channel": lambda header, bare: b"p=tls-unique,," + bare,
    "an empty channel": lambda header, bare: b"p=,," + bare,
    "another identity": lambda header, bare: b"n,a=postgres," + bare,
    "a mandatory extension": lambda header, bare: header + b"m=x," + bare,
    "no name": lambda header, bare: header + b"r=abc",
    "a long name": lambda header, bare: header + b"n=" + b"x" * 900 + b",r=abc",
    "no nonce": lambda header, bare: header + b"n=",
    "an empty nonce": lambda header, bare: header + b"n=,r=",
    "a nonce that cannot be printed": lambda header, bare: header + b"n=,r=a\x01b",
    "a nonce of 900 bytes": lambda header, bare: header + b"n=,r=" + b"x" * 900,
    "an extension": lambda header, bare: header + bare + b",e=x",
    "a broken extension": lambda header, bare: header + bare + b",e",
    "a zero byte": lambda header, bare: header + bare + b"\0",
    "a zero byte within": lambda header, bare: header + b"n=\0,r=abc",
    "commas": lambda header, bare: b"," * 100,
    "more than PostgreSQL reads": lambda header, bare: header + b"n=,r=" + b"x" * 2_000,
}
LAST = {
    "as it is": lambda parts: parts,
    "empty": lambda parts: [],
    "no channel": lambda parts: parts[1:],
    "an empty channel": lambda parts: [b"c=", *parts[1:]],
    "another channel": lambda parts: [b"c=eSws", *parts[1:]],
    "a channel that is not base64": lambda parts: [b"c=!!", *parts[1:]],
    "no nonce": lambda parts: [parts[0], parts[2]],
    "an empty nonce": lambda parts: [parts[0], b"r=", parts[2]],
    "another nonce": lambda parts: [parts[0], parts[1] + b"x", parts[2]],
    "half a nonce": lambda parts: [parts[0], parts[1][:-3], parts[2]],
    "no proof": lambda parts: parts[:2],
    "an empty proof": lambda parts: [*parts[:2], b"p="],
    "a short proof": lambda parts: [*parts[:2], b"p=c2FsdA=="],
    "a proof that is not base64": lambda parts: [*parts[:2], b"p=!!!!"],
    "another proof": lambda parts: [*parts[:2], b"p=" + base64.b64encode(b"x" * 32)],
    "a long proof": lambda parts: [*parts[:2], b"p=" + b"eHh4" * 200],
    "a proof and more": lambda parts: [*parts, b"x=y"],
    "an extension": lambda parts: [*parts[:2], b"x=y", parts[2]],
    "the proof first": lambda parts: [parts[2], *parts[:2]],
    "a zero byte": lambda parts: [*parts[:2], parts[2] + b"\0"],
    "only commas": lambda parts: [b""] * 50,
    "more than PostgreSQL reads": lambda parts: [parts[0], b"r=" + b"x" * 2_000],
}
GOOD = b"n,,n=,r=abc"
INITIAL = {
    "nothing": wire.frame("p"),
    "no mechanism": _sasl_initial(b"", GOOD),
    "an unknown mechanism": _sasl_initial(b"PLAIN", GOOD),
    "channel binding that was not offered": _sasl_initial(b"SCRAM-SHA-256-PLUS", GOOD),
    "a mechanism of 9000 bytes": _sasl_initial(b"x" * 9000, GOOD),
    "no terminator": wire.frame("p", b"SCRAM-SHA-256"),
    "no length": wire.frame("p", b"SCRAM-SHA-256\0"),
    "half a length": wire.frame("p", b"SCRAM-SHA-256\0\0\0"),
    "a length too great": _sasl_initial(b"SCRAM-SHA-256", GOOD, len(GOOD) + 1),
    "a length too small": _sasl_initial(b"SCRAM-SHA-256", GOOD, len(GOOD) - 1),
    "a length of 2^31-1": _sasl_initial(b"SCRAM-SHA-256", GOOD, 0x7FFFFFFF),
    "a negative length": _sasl_initial(b"SCRAM-SHA-256", GOOD, -2),
}


@pytest.mark.parametrize("how", FIRST)
def test_a_mutilated_client_first_message_hears_what_postgresql_says(oracle, weirs, how):
    expected = _plays(oracle, "scram_sha_256", first=FIRST[how])
    assert _plays(weirs["scram-sha-256"], "scram_sha_256", first=FIRST[how]) == expected


@pytest.mark.parametrize("how", LAST)
def test_a_mutilated_client_final_message_hears_what_postgresql_says(oracle, weirs, how):
    expected = _plays(oracle, "scram_sha_256", last=LAST[how])
    assert _plays(weirs["scram-sha-256"], "scram_sha_256", last=LAST[how]) == expected


@pytest.mark.parametrize("how", INITIAL)
def test_a_mutilated_sasl_initial_response_hears_what_postgresql_says(oracle, weirs, how):
    expected = _plays(oracle, "scram_sha_256", initial=INITIAL[how])
    assert _plays(weirs["scram-sha-256"], "scram_sha_256", initial=INITIAL[how]) == expected


def _answers(target, user, message):
    peer, _ = _opened(target, user)
    with peer:
        peer.send(message)
        return _end(peer)


@pytest.mark.parametrize("method", METHODS[:2])
@pytest.mark.parametrize("body", [b"", b"\0", b"secret", b"secret\0x", b"secret\0\0", b"\0secret\0",
                                  b"x" * 900 + b"\0", b"md5\0", b"\xff\xfe\0"],
                         ids=lambda body: repr(body[:12]) + str(len(body)))
def test_a_mutilated_password_hears_what_postgresql_says(oracle, weirs, method, body):
    message = wire.frame("p", body)
    expected = _answers(oracle, _role(method), message)
    assert _answers(weirs[method], _role(method), message) == expected


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("length", [0, 3, 65_540, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF], ids=hex)
def test_an_answer_of_impossible_length_is_refused_at_once(oracle, weirs, method, length):
    """PostgreSQL closes in silence, or takes it for a wrong password."""
    message = b"p" + struct.pack("!I", length)
    told = _answers(oracle, _role(method), message)
    assert not told or told[0][3] == "28P01"
    assert _answers(weirs[method], _role(method), message) == told


@pytest.mark.parametrize("method", METHODS)
def test_every_other_message_instead_of_a_password_is_refused(oracle, weirs, method):
    for kind in TYPES:
        message = wire.frame(kind.encode("latin1"), b"secret\0")
        told = _answers(weirs[method], _role(method), message)
        assert [entry[3] for entry in told] == ["08P01"], (kind, told)
        assert told == _answers(oracle, _role(method), message), kind


def _drip(connection, data):
    """A byte now and then, until the other side has had enough; how long that took."""
    begun = time.monotonic()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        connection.settimeout(0.05)
        for byte in itertools.cycle(data):
            connection.sendall(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1000):
                    break
            assert time.monotonic() - begun < scaled(15), "it waits for ever"
    return time.monotonic() - begun


@pytest.mark.parametrize("stage", ["start-up", "handshake", "handshake at once", "start-up in TLS",
                                   "password"])
def test_the_login_deadline_is_not_moved_by_bytes_that_drip(cluster, tls, pgweir, stage):
    """One deadline spans TLS, start-up and authentication: nobody renews it by going on slowly."""
    weir = pgweir({"auth": {"type": "scram-sha-256"}, "users": {"app": {"password": "secret"}},
                   "tls": tls, "timeouts": {"client_login_timeout": "1s"}})
    startup = wire.startup({"user": "app", "database": "app", "application_name": "x" * 5000})
    with socket.create_connection((weir.host, weir.port), 10) as raw:
        if stage in ("handshake", "start-up in TLS"):
            raw.sendall(wire.request(wire.SSL_REQUEST))
            assert raw.recv(1) == b"S"
        if stage == "start-up in TLS":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(raw) as stream:
                took = _drip(stream, startup)
        elif stage.startswith("handshake"):
            took = _drip(raw, b"\x16\x03\x01\x20\x00\x01\x00\x1f\xfc\x03\x03" + b"x" * 8000)
        elif stage == "start-up":
            took = _drip(raw, startup)
        else:
            raw.sendall(wire.startup({"user": "app", "database": "app"}))
            assert raw.recv(100)[:1] == b"R"
            took = _drip(raw, b"p\0\0\x20\0" + b"x" * 8000)
    assert 0.5 < took < scaled(5)
    eventually(lambda: weir.metrics().sum("pgweir_login_timeouts_total") == 1, 5)
