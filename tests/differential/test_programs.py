"""An application cannot tell: what its session sees of itself is the same with pgweir between."""

import pytest
from support.fixtures import require_binary
from support.peer import Peer
from support.timing import eventually, sized

from . import comparing, crowding
from .generator import generate
from .minimising import minimise

SEEDS = range(1, 1 + sized(300, 100))
LEAK_SEEDS = range(10_001, 10_001 + sized(60, 20))
SESSION_SEEDS = range(20_001, 20_001 + sized(60, 20))
_MINIMISED = 3  # failures that are made smaller, which takes its time


@pytest.fixture(scope="module", name="world")
def fixture_world(cluster):
    world = comparing.World(cluster)
    yield world
    world.close()


class Daemons:
    """One daemon carries program after program: each meets the servers that others used. After a
    difference, which may have left anything behind, the next one gets a new daemon."""

    def __init__(self, cluster, changes=None):
        self.cluster, self.changes, self.running = cluster, changes, None
        self.minimised = 0

    def get(self):
        if self.running is not None and self.running.process.poll() is not None:
            self.drop()  # the test that met its end has failed already
        if self.running is None:
            self.running = comparing.start(self.cluster, self.changes)
        return self.running

    def drop(self):
        self.running.remove()
        self.running = None

    def finish(self):
        if self.running is not None:
            self.running.finish()


@pytest.fixture(scope="module", name="daemons")
def fixture_daemons(cluster):
    require_binary()
    daemons = Daemons(cluster)
    yield daemons
    daemons.finish()


@pytest.fixture(scope="module", name="session_daemons")
def fixture_session_daemons(cluster):
    require_binary()
    daemons = Daemons(cluster, {"mode": "session"})
    yield daemons
    daemons.finish()


def _check(program, world, daemons):
    """Fails where a client was told something else. False where the program cannot be played."""
    try:
        difference = world.difference(program, daemons.get())
    except comparing.Unplayable:
        return False
    if difference is None:
        return True
    log = daemons.get().log()[-2000:]
    daemons.drop()
    daemons.minimised += 1
    if daemons.minimised <= _MINIMISED:
        program, difference = minimise(program, difference, world, daemons.changes, seconds=20)
    pytest.fail(f"{difference}\n\nthe program:\n{program}\n\nthe log of pgweir:\n{log}",
                pytrace=False)


def _also_concurrent(seed):
    return pytest.param(seed, marks=pytest.mark.concurrent) if seed % 10 == 1 else seed


@pytest.mark.parametrize("seed", map(_also_concurrent, SEEDS))
def test_clients_see_what_they_see_on_a_connection_of_their_own(world, daemons, seed):
    if not _check(generate(seed), world, daemons):
        pytest.skip("its clients wait for one another")


@pytest.mark.parametrize("seed", SESSION_SEEDS)
def test_clients_in_session_mode_do_so_as_well(world, session_daemons, seed):
    if not _check(generate(seed), world, session_daemons):
        pytest.skip("its clients wait for one another")


@pytest.mark.concurrent
@pytest.mark.parametrize("first", range(30_001, 30_001 + 6 * sized(8, 3), 6))
def test_a_crowd_of_clients_at_once_is_content_with_two_servers(world, daemons, first):
    found = crowding.differences(range(first, first + 6), world, daemons.get())
    if found:
        daemons.drop()
        pytest.fail(f"{len(found)} clients; the first one:\n{found[0]}\n{found[0].program}",
                    pytrace=False)


def test_no_server_goes_back_with_anything_that_pgweir_does_not_know_of(cluster, world):
    """At each release the server's own catalogue is asked: verify_session_state."""
    require_binary()
    daemons = Daemons(cluster, {"verify_session_state": True})
    for seed in LEAK_SEEDS:
        _check(generate(seed), world, daemons)
        weir = daemons.get()
        assert weir.metrics().sum("session_state_leaks") == 0, \
            f"seed {seed}: {weir.log_lines('session_state_leak')}"
    assert daemons.get().metrics().has("session_state_leaks")
    daemons.finish()


def test_a_leak_is_found_where_session_state_is_not_tracked(cluster, world):
    """The check itself can fail: it knows nothing of tracking."""
    require_binary()
    weir = comparing.start(cluster, {"session_state": "off", "verify_session_state": True})
    with Peer.login(weir, comparing.entry(1)) as peer:
        peer.query("set work_mem = '3MB'")
        eventually(lambda: weir.metrics().sum("session_state_leaks") > 0, 10, "nothing was found")
    assert weir.log_lines("session_state_leak")
    weir.finish()
    assert world


@pytest.mark.parametrize("seed", range(1, 11))
def test_postgresql_plays_a_program_the_same_way_twice(world, seed):
    program = generate(seed)
    first, second = world.play_directly(program), world.play_directly(program)
    assert not first.is_broken
    assert first.answers == second.answers
    assert first.notifications == second.notifications


def test_a_seed_always_makes_the_same_program():
    assert generate(4711) == generate(4711)
    assert len({str(generate(seed)) for seed in range(50)}) == 50
