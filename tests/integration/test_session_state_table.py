"""What a session holds, one line a feature: whether it follows its client or keeps its server.

PostgreSQL is the oracle: the question is put to a direct connection that did the same.
"""

import dataclasses

import pytest

from support import session_features, wire
from support.session_features import (ALL, FOLLOWS, LEAVES_NOTHING, LOCKS, PINS,
                                      SEEN_ONLY_AFTERWARDS, answer, daemon, login, run, wanted)
from support.timing import eventually

named = pytest.mark.parametrize("feature", ALL, ids=lambda feature: feature.name)


def pinned(weir, reason=None):
    """How many clients keep their server now, of all or for one reason."""
    labels = {"reason": reason} if reason else {}
    return weir.metrics().sum("clients_pinned", **labels)


@pytest.fixture(scope="module", name="world")
def fixture_world(cluster):
    return session_features.create_world(cluster)


@pytest.fixture(scope="module", name="weir")
def fixture_weir(world):
    yield from daemon(world, 2)


@pytest.fixture(scope="module", name="strict_weir")
def fixture_strict_weir(world):
    yield from daemon(world, 2, session_state="strict")


def on_each_server(weir, feature, ask):
    """The answers to `ask()` while another client keeps the one server busy, then the other."""
    found = []
    with login(weir, feature) as first, login(weir, feature) as second:
        one = begin(first)
        found.append(ask())
        other = begin(second)
        assert one != other
        first.query("commit")
        found.append(ask())
        second.query("commit")
    return found


def begin(peer):
    """Begin a transaction; the process id of the server that carries it."""
    peer.query("begin")
    return peer.value("select pg_backend_pid()")


@named
def test_a_client_finds_what_it_left(world, weir, feature):
    # Before the client holds what another would have to wait for.
    expected = wanted(world, feature, feature.does)
    with login(weir, feature, feature.login) as client:
        run(client, feature.does)
        if feature.reason:
            assert [answer(client, feature.asks) for _ in range(3)] == [expected] * 3
        else:
            found = on_each_server(weir, feature, lambda: answer(client, feature.asks))
            assert found == [expected] * 2


@named
def test_no_other_client_finds_it(world, weir, feature):
    expected = wanted(world, dataclasses.replace(feature, login=()))
    with login(weir, feature, feature.login) as client:
        run(client, feature.does)
        with login(weir, feature) as stranger:
            assert [answer(stranger, feature.asks) for _ in range(5)] == [expected] * 5
    with login(weir, feature) as stranger:
        assert on_each_server(weir, feature, lambda: answer(stranger, feature.asks)) \
            == [expected] * 2


@pytest.mark.parametrize("feature", [f for f in ALL if f.ends], ids=lambda feature: feature.name)
def test_a_client_can_end_it(world, weir, feature):
    expected = wanted(world, feature, feature.does, feature.ends)
    with login(weir, feature, feature.login) as client:
        run(client, feature.does)
        run(client, feature.ends)
        assert on_each_server(weir, feature, lambda: answer(client, feature.asks)) \
            == [expected] * 2


@pytest.mark.parametrize("feature", PINS, ids=lambda feature: feature.name)
def test_a_client_keeps_its_server_for_as_long_as_it_exists(weir, feature):
    with login(weir, feature) as client:
        run(client, feature.does)
        pid = client.value("select pg_backend_pid()")
        eventually(lambda: pinned(weir, feature.reason) == 1, 10,
                   lambda: f"no pin because of {feature.reason}:\n{weir.log()[-2000:]}")
        eventually(lambda: pinned(weir) == 1, 10, "another pin")
        with login(weir, feature) as other, login(weir, feature) as third:
            # The one server that is left serves all others.
            assert {begin(other), client.value("select pg_backend_pid()")} > {pid}
            other.query("commit")
            assert begin(third) != pid
            third.query("commit")
        if feature.ends:
            run(client, feature.ends)
        else:
            client.close()
        eventually(lambda: pinned(weir) == 0, 10, "the pin stays")
        with login(weir, feature) as other, login(weir, feature) as third:
            assert begin(other) != begin(third)


@pytest.mark.parametrize("feature", FOLLOWS + LEAVES_NOTHING, ids=lambda feature: feature.name)
def test_a_client_keeps_no_server_for_what_follows_it(weir, feature):
    with login(weir, feature, feature.login) as client:
        run(client, feature.does)
        client.value("select 1")
        with login(weir, feature) as other, login(weir, feature) as third:
            assert begin(other) != begin(third)
            eventually(lambda: pinned(weir) == 0, 10, "a pin")


@pytest.mark.parametrize("feature", PINS, ids=lambda feature: feature.name)
def test_a_pin_ends_with_its_client(weir, feature):
    client = login(weir, feature)
    run(client, feature.does)
    client.vanish()
    eventually(lambda: pinned(weir) == 0, 10, "the pin stays")
    expected = "[['0']]" if feature.asks == LOCKS else None
    with login(weir, feature) as other, login(weir, feature) as third:
        assert begin(other) != begin(third)
        if expected:
            assert str(answer(other, feature.asks)) == expected


def test_advisory_locks_are_counted_as_postgresql_counts_them(weir):
    locks = next(feature for feature in PINS if feature.reason == "advisory_lock")
    with login(weir, locks) as client:
        run(client, "select pg_advisory_lock(7); select pg_advisory_lock(7)")
        run(client, "select pg_advisory_unlock(7)")
        assert answer(client, LOCKS) == [["1"]]
        eventually(lambda: pinned(weir, "advisory_lock") == 1, 10, "no pin")
        run(client, "select pg_advisory_unlock(7)")
        eventually(lambda: pinned(weir) == 0, 10, "the pin stays")


@pytest.mark.parametrize("feature", [f for f in PINS if f.user != "postgres"],
                         ids=lambda feature: feature.name)
def test_strict_mode_answers_with_an_error_in_place_of_a_pin(strict_weir, feature):
    weir = strict_weir
    with login(weir, feature) as client:
        if feature.name in SEEN_ONLY_AFTERWARDS:
            client.send(wire.query(feature.does))
            errors = [m for m in client.until_closed() if m.type == "E"]
            assert errors[0].fields["S"] == "FATAL"
        else:
            errors = [m for part in (feature.does, feature.asks) for m in client.query(part)
                      if m.type == "E"]
            assert errors[0].fields["S"] == "ERROR"
        assert errors[0].sqlstate == "0A000", errors
        assert errors[0].fields.get("H"), "no hint"
    with login(weir, feature) as other, login(weir, feature) as third:
        assert begin(other) != begin(third)
        assert pinned(weir) == 0
