"""A server that mutilates one message of the login: a clear error, in bounded time and memory.

Each field of each message is left out, empty, long, and beyond all measure, for libpq, which logs in
with a stored password, and for pgweir's own connector, which does with what the client has shown.
"""

import asyncio
import base64
import hashlib
import hmac
import struct
import time

import asyncpg
import pytest

from support import process, wire
from support.peer import Closed
from support.pgweir import Pgweir
from support.scripted_peer import ScriptedServer
from support.timing import eventually, scaled, sized

SALT, ITERATIONS, PASSWORD = b"0123456789abcdef", 4096, "secret"


def _keys():
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT, ITERATIONS)
    return (hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest(),
            hmac.digest(salted, b"Server Key", "sha256"))


def _verifier():
    salt, stored, server = (base64.b64encode(part).decode() for part in (SALT, *_keys()))
    return f"SCRAM-SHA-256${ITERATIONS}:{salt}${stored}:{server}"


def _signature(first, challenge, last):
    """The server's, over what was said (RFC 5802)."""
    said = b",".join([first.split(b"n,,")[-1], challenge, last[:last.rindex(b",p=")]])
    return base64.b64encode(hmac.digest(_keys()[1], said, "sha256"))


def _number(value):
    return struct.pack("!I", value)


# The messages of a login: the type, and the fields. `{nonce}` stands for the client's nonce,
# `{signature}` for what the server is to prove.
SASL = ("R", _number(10), b"SCRAM-SHA-256\0", b"\0")
CONTINUE = ("R", _number(11), b"r={nonce}server", b",s=" + base64.b64encode(SALT), b",i=4096")
FINAL = ("R", _number(12), b"v={signature}")
MD5 = ("R", _number(5), b"salt")
CLEARTEXT = ("R", _number(3))
OK = ("R", _number(0))
VERSION = ("S", b"server_version\0", b"15.0\0")  # which clients insist on
PARAMETER = ("S", b"some.setting\0", b"value\0")
KEY = ("K", _number(4711), _number(77))
READY = ("Z", b"I")
NOTICE = ("N", b"SNOTICE\0", b"VNOTICE\0", b"C00000\0", b"Mhello\0", b"\0")
ERROR = ("E", b"SFATAL\0", b"VFATAL\0", b"C28000\0", b"Mno\0", b"\0")
NEGOTIATE = ("v", _number(0), _number(1), b"_pq_.x\0")
GREETING = [OK, VERSION, PARAMETER, KEY, READY]
# The server waits for an answer to these.
ASKING = (SASL, CONTINUE, MD5, CLEARTEXT)
COURSES = {
    "scram": [SASL, CONTINUE, FINAL, *GREETING],
    "md5": [MD5, *GREETING],
    "password": [CLEARTEXT, *GREETING],
    "refused": [ERROR],
    "noticed": [OK, NOTICE, *GREETING[1:]],
    "negotiated": [NEGOTIATE, *GREETING],
}


def _changed(field):
    """What may come instead of a field, by what was done to it."""
    yield "missing", b""
    end = b"\0" if field.endswith(b"\0") else b""
    # The letter that says which field it is, `M` of an error or `,i=` of SCRAM, stays.
    name = field[:field.find(b"=") + 1] or (field[:1] if end and field[:1].isupper() else b"")
    if name != field:
        yield "empty", name + end
    if len(field) == 4 and not name:
        for value in (0, 0x7FFFFFFF, 0xFFFFFFFF):
            yield hex(value), _number(value)
    for size in (1_500, 25_000, 400_000):
        yield f"of {size} bytes", name + b"x" * size + end
    if field.startswith(b",i="):
        for text in ("0", "-1", "1", "2147483647", "2147483648", "18446744073709551616", "4096x"):
            yield text, b",i=" + text.encode()


def _cases():
    for course, messages in COURSES.items():
        for position, (kind, *fields) in enumerate(messages):
            if messages[position] is VERSION or (course != "scram" and messages[position] in GREETING):
                continue  # the course `scram` has them
            for number, field in enumerate(fields):
                for how, value in _changed(field):
                    body = b"".join([*fields[:number], value, *fields[number + 1:]])
                    yield pytest.param(course, position, body,
                                       id=f"{course}-{kind}{position}-field {number} {how}")


def _play(course, position=None, body=None):
    """The script of a server that takes this course, with another body for one of the messages."""
    def script(session):
        if session.startup() is None:
            raise Closed("a cancel request")
        said = []  # of the SCRAM exchange
        for number, message in enumerate(COURSES[course]):
            kind, *fields = message
            content = body if number == position else b"".join(fields)
            if message is CONTINUE:
                content = content.replace(b"{nonce}", said[0].split(b"r=")[-1])
                said.append(content[4:])
            if b"{signature}" in content:
                content = content.replace(b"{signature}", _signature(*said))
            session.send(wire.frame(kind, content))
            if message in ASKING:
                said.append(session.receive().body)
        session.answer_queries("in")
    return script


def _honest(session):
    session.login()
    session.answer_queries("honest")


@pytest.fixture(name="server", scope="module")
def _server():
    with ScriptedServer(_honest) as found:
        yield found


@pytest.fixture(name="weir", scope="module", params=["stored password", "shown secret"])
def _weir(request, cluster, server):
    """Any name is a database here, so that each test has a pool that nobody has used yet."""
    from support.fixtures import require_binary

    require_binary()
    stored = {"password": PASSWORD} if request.param == "stored password" else {}
    found = Pgweir(cluster, {
        "auth": {"type": "md5", "auth_failure_limit": 0},
        "users": {"app": {"password": _verifier()},
                  "hashed": {"password": "md5" + hashlib.md5(b"secrethashed").hexdigest()}},
        # Logins of this mode are not greeted from memory.
        "pool": {"mode": "session", "default_pool_size": 1, "server_reset_query": "",
                 "login_defaults_interval": 0},
        "timeouts": {"server_login_retry": "20ms", "query_wait_timeout": "3s",
                     "server_connect_timeout": "1s"},
        "databases": {"*": {"host": server.host, "port": server.port, "sslmode": "disable",
                            **stored}}})
    yield found
    found.finish()


def _outcome(weir, database, user):
    """What the client gets: the answer to a query, or an SQLSTATE."""
    async def run():
        try:
            connection = await asyncpg.connect(
                host=weir.host, port=weir.port, user=user, password=PASSWORD, database=database,
                ssl=False, timeout=scaled(20), statement_cache_size=0)
        except asyncpg.PostgresError as error:
            assert error.severity == "FATAL" and len(error.sqlstate) == 5 and str(error)
            return error.sqlstate
        connection.terminate()
        return "in"
    return asyncio.run(run())


@pytest.mark.parametrize("course,position,body", _cases())
def test_a_mutilated_login_is_an_error_in_bounded_time_and_memory(weir, server, course, position,
                                                                  body):
    user, database = "hashed" if course == "md5" else "app", f"pool{server.count}"
    before, used, begun = (process.resident_bytes(weir.pid), process.cpu_seconds(weir.pid),
                           time.monotonic())
    server.script, count = _play(course, position, body), server.count
    outcome = _outcome(weir, database, user)
    assert server.count > count, "nobody asked the server"
    assert outcome == "in" or len(outcome) == 5
    assert time.monotonic() - begun < scaled(10)
    assert process.cpu_seconds(weir.pid) - used < sized(1, 8)
    assert process.resident_bytes(weir.pid) - before < sized(50, 400) * 1_000_000
    server.script = _honest
    eventually(lambda: _outcome(weir, database, user) == "in", 15, "it does not recover")


@pytest.mark.parametrize("course,user,outcome", [
    ("scram", "app", "in"), ("md5", "hashed", "in"), ("noticed", "app", "in"),
    ("refused", "app", "28000"), ("negotiated", "app", "57P03")])
def test_the_same_logins_unmutilated_are_as_they_should_be(weir, server, course, user, outcome):
    database = f"pool{server.count}"
    server.script = _play(course)
    assert _outcome(weir, database, user) == outcome


BEFORE_TLS = {
    "a whole login": b"S" + b"".join(wire.frame(kind, b"".join(fields)) for kind, *fields in GREETING),
    "one byte": b"SR",
    "an error": wire.error_response("28000", "no", "FATAL"),
    "nonsense": b"X",
    "no handshake": b"S",
}


@pytest.mark.parametrize("answer", BEFORE_TLS.values(), ids=BEFORE_TLS)
@pytest.mark.parametrize("stored", [True, False], ids=["stored password", "shown secret"])
def test_what_a_server_says_in_clear_is_not_taken_for_what_it_says_in_tls(cluster, pgweir, answer,
                                                                          stored):
    """CVE-2021-43767 of another pooler. Nothing is said to such a server either."""
    heard = []

    def script(session):
        if session.receive_request() == wire.SSL_REQUEST:
            session.send(answer)
            heard.append(session.receive_rest())
    with ScriptedServer(script) as server:
        weir = pgweir({
            "auth": {"type": "scram-sha-256"}, "users": {"app": {"password": _verifier()}},
            "timeouts": {"server_login_retry": "20ms", "query_wait_timeout": "3s",
                         "server_connect_timeout": "1s"},
            "databases": {"app": server.conninfo(sslmode="require",
                                                 **({"password": PASSWORD} if stored else {}))}})
        assert _outcome(weir, "app", "app") in ("57P03", "53300")
        eventually(lambda: heard, 10, "nobody asked for TLS")
    # At most a ClientHello and an alert, which are no messages of PostgreSQL.
    assert all(not said or said[:2] == b"\x16\x03" for said in heard), heard
