"""What a client is told in a transaction that has failed, of statements that its server has not met."""

import pytest
from support import wire
from support.peer import Peer

PREPARED = {
    "pair": ("select $1::int + $2::int", []),
    "typed": ("insert into place_taken values ($1)", [23]),
    "untyped": ("insert into place_taken values ($1)", []),
    "rowless": ("set work_mem = '5MB'", []),
    "end": ("rollback", []),
}
BIND_OF = {
    "too few values": ("pair", ["1"]),
    "too many values": ("pair", ["1", "2", "3"]),
    "as many values as it has": ("pair", ["1", "2"]),
    "none where there are none": ("rowless", []),
    "one where there are none": ("rowless", ["1"]),
    "the end": ("end", []),
}


def prepare(peer):
    for name, (sql, types) in PREPARED.items():
        peer.send(wire.parse(name, sql, types))
    peer.send(wire.sync())
    assert [m.type for m in peer.until("Z")] == ["1"] * len(PREPARED) + ["Z"]


def fail(peer):
    peer.query("begin")
    peer.send(wire.query("select 1/0"))
    assert peer.until("Z")[-1].body == b"E"


def told(peer, *messages):
    """What is answered, without the place in PostgreSQL's source where an error is made."""
    peer.send(*messages, wire.sync())
    return [(m.type, m.body.split(b"\x00F")[0]) for m in peer.until("Z")]


@pytest.fixture
def elsewhere(cluster, pgweir):
    """A client of PostgreSQL's, and one of pgweir's that comes to another server than it prepared at."""
    with cluster.connect() as app:
        app.execute("create table if not exists place_taken (a int)")
    weir = pgweir({"pool": {"default_pool_size": 2}, "workers": 1})
    with Peer.login(cluster) as direct, Peer.login(weir) as peer, Peer.login(weir) as other:
        prepare(direct)
        prepare(peer)
        other.query("begin")  # at the server that was used last
        yield direct, peer


@pytest.fixture
def both(elsewhere):
    """The same, each in a transaction that has failed."""
    for peer in elsewhere:
        fail(peer)
    return elsewhere


@pytest.mark.parametrize("what", BIND_OF)
def test_a_bind_is_refused_for_the_same_reason(both, what):
    name, values = BIND_OF[what]
    wanted, got = (told(peer, wire.bind("", name, values), wire.execute()) for peer in both)
    assert got == wanted
    wanted, got = (told(peer, wire.bind("", "end"), wire.execute()) for peer in both)
    assert got == wanted


# The client does not wait to hear that it has failed.
@pytest.mark.parametrize("what", BIND_OF)
def test_a_bind_is_refused_for_the_same_reason_in_one_write_with_the_failure(elsewhere, what):
    name, values = BIND_OF[what]
    stories = []
    for peer in elsewhere:
        peer.query("begin")
        peer.send(wire.query("select 1/0"), wire.bind("", name, values), wire.execute(), wire.sync())
        stories.append([(m.type, m.body.split(b"\x00F")[0])
                        for _ in range(2) for m in peer.until("Z")])
    assert stories[1] == stories[0]


@pytest.mark.parametrize("name", ["pair", "typed", "rowless", "end"])
def test_a_statement_is_described_as_far_as_it_can_be(both, name):
    wanted, got = (told(peer, wire.describe("S", name)) for peer in both)
    assert got == wanted


def test_a_statement_is_itself_again_after_the_transaction(both):
    for peer in both:
        told(peer, wire.bind("", "pair", ["1"]))
        told(peer, wire.describe("S", "typed"))
        peer.query("rollback")
    for name, values in (("pair", ["1", "2"]), ("typed", ["3"])):
        wanted, got = (told(peer, wire.bind("", name, values), wire.describe("P", ""),
                            wire.execute()) for peer in both)
        assert got == wanted


def test_the_end_of_the_transaction_comes_before_what_stands_behind_it(both):
    wanted, got = (told(peer, wire.bind("", "end"), wire.execute(), wire.bind("", "pair", ["1", "2"]),
                        wire.execute()) for peer in both)
    assert got == wanted
