"""PostgreSQL is the oracle: each conversation gets the same replies with pgweir between."""

import difflib
import functools
import glob
import os
import threading

import pytest

from support.conversation import load
from support.fixtures import require_binary
from support.pgweir import Pgweir
from support.player import play, play_prepared

FOLDER = os.path.dirname(os.path.abspath(__file__))
FILES = {os.path.basename(path).removesuffix(".pgs"): path
         for path in sorted(glob.glob(f"{FOLDER}/**/*.pgs", recursive=True))}
ALL = {name: load(path) for name, path in FILES.items()}
MODES = [(name, mode) for name, each in ALL.items() for mode in each.modes]
INTERLEAVED = [name for name, each in ALL.items()
               if "transaction" in each.modes and each.runs_concurrently]

_direct = {}


def _oracle(name, cluster, tag="A"):
    """The trace of PostgreSQL itself; each conversation must be complete with it."""
    if ALL[name].since > _version(cluster):
        pytest.skip(f"PostgreSQL answers so from {ALL[name].since} on")
    if (name, tag) not in _direct:
        trace = play_prepared(load(FILES[name], tag), cluster, cluster)
        assert not _broken(trace), "PostgreSQL itself does not play along:\n" + "\n".join(trace)
        _direct[name, tag] = trace
    return _direct[name, tag]


@functools.cache
def _version(cluster):
    return cluster.version


def _broken(trace):
    return trace[-1].startswith(("CLOSED", "TIMED OUT", "BROKEN"))


def _difference(wanted, got, about):
    lines = difflib.unified_diff(wanted, got, "PostgreSQL", "through pgweir", lineterm="", n=4)
    return f"{about}\n" + "\n".join(lines)


def _daemon(cluster, mode, size, workers):
    require_binary()
    return Pgweir(cluster, {"workers": workers,
                            "pool": {"mode": mode, "default_pool_size": size}})


@pytest.fixture(scope="module", name="daemons")
def fixture_daemons(cluster):
    """One daemon for each mode, for the whole module: a later conversation meets servers that
    earlier ones used."""
    started = {}

    def get(mode, size=4, workers=2):
        key = (mode, size)
        if key in started and started[key].process.poll() is not None:
            started.pop(key).remove()  # the test that met its end has failed already
        if key not in started:
            started[key] = _daemon(cluster, mode, size, workers)
        return started[key]
    yield get
    failures = []
    for daemon in started.values():
        try:
            daemon.finish()
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n".join(failures)


def _check_alive(daemon):
    code = daemon.process.poll()
    assert code is None, f"pgweir ended with {code}:\n{daemon.log()[-6000:]}"


@pytest.mark.parametrize("name", ALL)
def test_postgresql_plays_the_conversation(cluster, name):
    trace = _oracle(name, cluster)
    again = play_prepared(load(FILES[name]), cluster, cluster)
    assert trace == again, _difference(trace, again, "not the same twice, so no oracle")


@pytest.mark.parametrize("name, mode", MODES, ids=lambda value: value)
def test_replies_are_those_of_postgresql(cluster, daemons, name, mode):
    wanted = _oracle(name, cluster)
    daemon = daemons(mode)
    got = play_prepared(ALL[name], daemon, cluster)
    _check_alive(daemon)
    assert wanted == got, _difference(wanted, got, ALL[name].about)


@pytest.mark.parametrize("name", INTERLEAVED)
def test_two_clients_on_one_server_each_get_their_own_replies(cluster, daemons, name):
    rounds = 3
    daemon = daemons("transaction", size=1, workers=1)
    wanted = {tag: _oracle(name, cluster, tag) for tag in ("left", "right")}
    traces = {tag: [] for tag in wanted}

    def client(tag):
        conversation = load(FILES[name], tag)
        for _ in range(rounds):
            traces[tag].append(play(conversation, daemon, cluster))
    threads = [threading.Thread(target=client, args=(tag,)) for tag in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _check_alive(daemon)
    for tag, found in traces.items():
        assert len(found) == rounds, "the player itself failed"
        for trace in found:
            assert wanted[tag] == trace, _difference(wanted[tag], trace, ALL[name].about)
