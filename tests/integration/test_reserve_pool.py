"""reserve_pool_size and reserve_pool_timeout: more servers for who has waited long."""

import time

import pytest

from support import sqlstates, wire
from support.peer import Peer
from support.timing import eventually


def _busy(weir, count):
    peers = [Peer.login(weir, timeout=30) for _ in range(count)]
    for peer in peers:
        assert peer.value("select 1") == "1"
        peer.send(wire.query("begin; select pg_sleep(0)"))
        peer.until("Z")
    return peers


@pytest.mark.concurrent
@pytest.mark.parametrize("workers", [1, 3])
def test_who_has_waited_long_enough_gets_a_server_of_the_reserve_and_nobody_else(pgweir, workers):
    weir = pgweir({"workers": workers, "pool": {"default_pool_size": 2, "reserve_pool_size": 2,
                                                "reserve_pool_timeout": "400ms"}})
    busy = _busy(weir, 2)
    waiting = [Peer.login(weir, timeout=30) for _ in range(3)]
    since = time.monotonic()
    for peer in waiting:
        peer.send(wire.query("begin; select pg_sleep(0)"))
    eventually(lambda: len(weir.servers()) == 4, 20, weir.log)
    assert time.monotonic() - since >= 0.35
    eventually(lambda: sum(peer.has_input() for peer in waiting) == 2, 20, weir.log)
    served = [peer for peer in waiting if peer.has_input()]
    assert len(weir.servers()) == 4, "the reserve is not exceeded"
    assert weir.metrics().sum("pgweir_reserve_connections_total") == 2
    for peer in served:
        peer.until("Z")
    for peer in busy + served:
        peer.send(wire.query("commit"))
        peer.until("Z")
    (last,) = [peer for peer in waiting if peer not in served]
    last.until("Z")
    for peer in busy + waiting:
        peer.close()


def test_without_a_timeout_there_is_no_reserve(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1, "reserve_pool_size": 5,
                            "reserve_pool_timeout": 0},
                   "timeouts": {"query_wait_timeout": "700ms"}})
    (busy,) = _busy(weir, 1)
    with Peer.login(weir, timeout=30) as peer:
        peer.send(wire.query("select 1"))
        assert peer.until("E")[-1].fields["C"] in sqlstates.QUERY_WAIT_TIMEOUT
    assert len(weir.servers()) == 1
    busy.close()
