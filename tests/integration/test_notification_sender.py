"""Whose process id a notification carries, and which one a client takes for its own."""

import pytest

from support import wire
from support.listening import handed_over
from support.peer import Peer, cancel
from support.timing import eventually


def notifications(messages):
    return [tuple(part.decode() for part in m.body[4:].split(b"\0")[:2])
            for m in messages if m.type == "A"]


def senders(messages):
    return [int.from_bytes(m.body[:4], "big") for m in messages if m.type == "A"]


# psycopg, asyncpg and others leave out what they have sent themselves. They know it by the process
# id that BackendKeyData gave them; the server's own stood there.
@pytest.mark.parametrize("statement", ["notify news, '%s'", "select pg_notify('news', '%s')",
                                       "do $$begin perform pg_notify('news', '%s'); end$$"])
def test_a_client_knows_its_own_notifications(cluster, pgweir, statement):
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer, Peer.login(weir) as other:
        peer.query("listen news")
        handed_over(weir, 1)
        other.query(statement % "theirs")
        message = peer.receive()
        assert senders([message]) != [peer.pid]
        for i in range(3):
            found = peer.query(statement % f"mine{i}")
            if not senders(found):
                found = [peer.receive()]
            assert senders(found) == [peer.pid]
            assert notifications(found) == [("news", f"mine{i}")]
            other.query(statement % f"theirs{i}")
            message = peer.receive()
            assert senders([message])[0] not in (peer.pid, other.pid)


def test_a_client_knows_its_own_notifications_in_a_transaction_and_at_once(cluster, pgweir):
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer:
        found = peer.query("listen news; notify news, 'at once'")
        assert senders(found) == [peer.pid]
        handed_over(weir, 1)
        peer.query("begin")
        peer.query("notify news, 'one'")
        peer.query("select pg_notify('news', 'two')")
        found = peer.query("commit")
        while len(senders(found)) < 2:
            found.append(peer.receive())
        assert senders(found) == [peer.pid] * 2


# More than one write takes (NotificationOutbox::most_at_once).
def test_a_client_knows_its_own_notifications_however_many_there_are(cluster, pgweir):
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer:
        peer.query("listen news")
        handed_over(weir, 1)
        many = 300
        found = peer.query(f"select pg_notify('news', i::text) from generate_series(1, {many}) i")
        while len(senders(found)) < many:
            found.append(peer.receive())
        assert senders(found) == [peer.pid] * many
        assert notifications(found) == [("news", str(i)) for i in range(1, many + 1)]


# A client that keeps its server may compare its own process id with what the server says.
def test_in_session_pooling_a_client_is_told_its_servers_process_id(cluster, pgweir):
    weir = pgweir({"workers": 2, "pool": {"mode": "session"}})
    with Peer.login(weir) as peer, Peer.login(weir) as other:
        for one in (peer, other):
            assert one.value("select pg_backend_pid()") == str(one.pid)
        found = peer.query("listen news; notify news, 'mine'")
        assert senders(found) == [peer.pid]
        # Whichever worker has it, it is found by its key.
        for one in (peer, other):
            one.send(wire.query("select pg_sleep(60)"))
            eventually(lambda one=one: cluster.backends(
                f"pid = {one.pid} and state = 'active' and query like '%pg_sleep%'"), 10)
            cancel(weir, one.pid, one.key)
            assert [m.fields["C"] for m in one.until("Z") if m.type == "E"] == ["57014"]
