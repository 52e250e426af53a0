"""Nonsense from servers: the client gets an error or its due, the daemon lives, bounded."""

import struct
import threading

import pytest

from support import process, wire
from support.peer import Closed, Peer, ServerError
from support.scripted_peer import ScriptedServer, one_row
from support.timing import eventually, sized


def _before(pgweir, server, **changes):
    return pgweir({"databases": {"app": server.conninfo(connect_timeout=5)},
                   "pool": {"default_pool_size": 1, "session_state": "off",
                            "login_defaults_interval": 0},
                   "timeouts": {"server_login_retry": "100ms", "query_wait_timeout": "3s",
                                "server_connect_timeout": "2s"}, **changes})


def _outcome(weir, sql="select 1"):
    """What a client gets: a value, an SQLSTATE, or `closed`."""
    try:
        with Peer.login(weir, timeout=15) as peer:
            return peer.value(sql)
    except ServerError as error:
        return error.sqlstate
    except (Closed, IndexError, ValueError):
        return "closed"


def _honest(session):
    session.login()
    session.answer_queries("honest")


def _check_recovery(weir, server):
    server.script = _honest
    eventually(lambda: _outcome(weir) == "honest", 15, "it does not recover")


# Who waited for such a server had it logged in again and again, without a rest.
def test_a_server_that_closes_behind_its_login_is_as_good_as_unreachable(pgweir):
    with ScriptedServer(lambda session: session.login()) as server:
        weir = _before(pgweir, server, pool={"default_pool_size": 1, "session_state": "off",
                                             "login_defaults_interval": "5s"})
        assert _outcome(weir) in ("57P03", "08006", "53300")
        assert server.count < 60
        _check_recovery(weir, server)


GARBAGE_AT_LOGIN = {
    "nothing": b"",
    "http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "zeros": b"\0" * 100,
    "ones": b"\xff" * 100,
    "half an Authentication": wire.authentication_ok()[:5],
    "a huge Authentication": b"R" + struct.pack("!II", 0x7FFFFFFF, 0),
    "a negative length": b"R" + struct.pack("!II", 0xFFFFFFFF, 0),
    "an unknown method": wire.frame("R", struct.pack("!I", 99)),
    "SASL of unknown kind": wire.frame("R", struct.pack("!I", 10) + b"NONSENSE\0\0"),
    "an error without fields": wire.frame("E", b"\0"),
    "an error without SQLSTATE": wire.frame("E", b"SFATAL\0Mno\0\0"),
    "an error without message": wire.frame("E", b"SFATAL\0C28000\0\0"),
    "an error without terminator": wire.frame("E", b"SFATAL\0C28000\0Mno"),
    "a huge error": wire.error_response("28000", "x" * 300_000, "FATAL"),
    "ReadyForQuery first": wire.ready_for_query(),
    "an old server": b"EFATAL: no\n\0",
}


@pytest.mark.parametrize("garbage", GARBAGE_AT_LOGIN.values(), ids=GARBAGE_AT_LOGIN)
def test_garbage_instead_of_a_login_is_an_error_for_the_client(pgweir, garbage):
    def script(session):
        session.startup()
        session.send(garbage)
    with ScriptedServer(script) as server:
        weir = _before(pgweir, server)
        outcome = _outcome(weir)
        assert len(outcome) == 5 and outcome != "1", outcome
        _check_recovery(weir, server)


GARBAGE_AFTER_LOGIN = {
    "unknown type": wire.frame("y", b"?"),
    "length zero": b"T\0\0\0\0",
    "length three": b"D\0\0\0\3",
    "a second ReadyForQuery": wire.ready_for_query(),
    "rows for nobody": one_row("stray"),
    "an Authentication": wire.authentication_ok(),
    "CopyBothResponse": wire.frame("W", b"\0\0\0"),
    "a DataRow": wire.data_row("stray"),
    "an idle error": wire.error_response("57P01", "bye", "FATAL"),
}


@pytest.mark.parametrize("garbage", GARBAGE_AFTER_LOGIN.values(), ids=GARBAGE_AFTER_LOGIN)
def test_garbage_from_an_idle_server_reaches_no_client(pgweir, garbage):
    speak, closed = threading.Event(), threading.Event()

    def script(session):
        session.login()
        session.receive_until("Q")
        session.send(one_row("first"))
        speak.wait(10)
        session.send(garbage)
        session.wait_closed()
        closed.set()
    with ScriptedServer(script) as server:
        weir = _before(pgweir, server)
        with Peer.login(weir) as peer:
            assert peer.value("select 1") == "first"
            eventually(lambda: weir.metrics().sum("servers", state="idle") == 1)
            server.script = _honest
            speak.set()
            eventually(closed.is_set, 10, "a server that talks nonsense is kept")
            assert peer.value("select 2") == "honest", "the stray bytes reached a client"


GARBAGE_IN_REPLY = {
    "unknown type": wire.frame("y", b"?") + one_row(),
    "length three": b"T\0\0\0\3",
    "a huge length": b"D" + struct.pack("!I", 0x7FFFFFFF) + b"x" * 1000,
    "a negative length": b"D" + struct.pack("!I", 0xFFFFFFFF) + b"x" * 1000,
    "a broken ReadyForQuery": wire.command_complete("SELECT 1") + wire.frame("Z", b""),
    "an unknown status": wire.command_complete("SELECT 1") + wire.ready_for_query("?"),
    "ReadyForQuery only": wire.ready_for_query(),
    "two ReadyForQuery": one_row("x") + wire.ready_for_query(),
    "ParameterStatus without end": wire.frame("S", b"name") + one_row("x"),
    "CommandComplete without end": wire.frame("C", b"SELECT") + wire.ready_for_query(),
    "an error without fields": wire.frame("E", b"\0") + wire.ready_for_query(),
    "a notification cut short": wire.frame("A", b"\0") + one_row("x"),
    "ParseComplete unasked": wire.frame("1") + one_row("x"),
    "CopyInResponse unasked": wire.frame("G", b"\0\0\0"),
}


@pytest.mark.parametrize("garbage", GARBAGE_IN_REPLY.values(), ids=GARBAGE_IN_REPLY)
def test_garbage_in_a_reply_hurts_at_most_its_own_client(pgweir, garbage):
    def script(session):
        session.login()
        session.receive_until("Q")
        session.send(garbage)
        # What may pass for a reply may keep its server, which is honest from now on.
        session.answer_queries("honest")
    with ScriptedServer(script) as server:
        weir = _before(pgweir, server)
        with Peer.login(weir, timeout=2) as peer:
            peer.send(wire.query("select 1"))
            try:
                peer.until("Z")
            except (Closed, TimeoutError, ValueError):
                pass
        _check_recovery(weir, server)


def test_a_login_with_ten_thousand_settings_is_bounded(pgweir):
    def script(session):
        session.startup()
        session.send(session.greeting())
        for i in range(20_000):
            session.send(wire.parameter_status(f"setting{i}", "x" * 1000))
        session.send(wire.ready_for_query())
        session.receive_until("Q")
        session.send(one_row("enough"))
    with ScriptedServer(script) as server:
        weir = _before(pgweir, server)
        before = process.resident_bytes(weir.pid)
        _outcome(weir)
        # 20 MB of them, which libpq keeps and traces, are not all there is in memory at the time.
        assert process.resident_bytes(weir.pid) - before < sized(200, 400) * 1_000_000
        _check_recovery(weir, server)


def test_a_scram_server_with_endless_iterations_does_not_stop_the_daemon(pgweir, cluster):
    def script(session):
        session.startup()
        session.send(wire.frame("R", struct.pack("!I", 10) + b"SCRAM-SHA-256\0\0"))
        first = session.receive()
        nonce = first.body.split(b"r=")[-1]
        session.send(wire.frame("R", struct.pack("!I", 11) + b"r=" + nonce
                                + b"more,s=c2FsdA==,i=2000000000"))
        session.wait_closed()
    with ScriptedServer(script) as server:
        weir = pgweir({"workers": 2, "databases": {
            "bad": server.conninfo(password="x"), "app": cluster.conninfo()}})
        with Peer((weir.host, weir.port)) as victim:
            victim.send(wire.startup({"user": "app", "database": "bad"}))
            eventually(lambda: server.count >= 1)
            for _ in range(4):
                with Peer.login(weir, timeout=10) as peer:
                    assert peer.value("select 'served'") == "served"
            assert b"SCRAM iterations" in victim.until_closed(timeout=20)[-1].body


def test_a_reply_in_single_bytes_arrives_whole(pgweir):
    def script(session):
        session.login()
        while session.receive().type == "Q":
            for byte in one_row("byte by byte"):
                session.send(bytes([byte]))
    with ScriptedServer(script) as server:
        weir = _before(pgweir, server)
        assert _outcome(weir) == "byte by byte"


def test_the_reply_to_one_client_never_reaches_another(pgweir):
    """The server answers late and after its client has gone: the answer is nobody's."""
    release = threading.Event()

    def script(session):
        session.login()
        session.receive_until("Q")
        release.wait(10)
        session.send(one_row("late, for the first"))
        session.answer_queries("for the second")
    with ScriptedServer(script) as server:
        weir = _before(pgweir, server)
        first = Peer.login(weir)
        first.send(wire.query("select 'first'"))
        eventually(lambda: weir.metrics().sum("clients", state="active") == 1)
        first.vanish()
        with Peer.login(weir, timeout=20) as second:
            second.send(wire.query("select 'second'"))
            release.set()
            server.script = lambda session: (session.login(),
                                             session.answer_queries("for the second"))
            row = next(m for m in second.until("Z") if m.type == "D")
            assert row.values == [b"for the second"]
